package azureapi

import (
	"encoding/json"
	"testing"
)

// What is left of an answer can be read, and has no date that cannot be.
func FuzzOddDates(f *testing.F) {
	for _, seed := range []string{
		`{"name":"1.0.0","properties":{"publishingProfile":{"publishedDate":"2026-13-01","endOfLifeDate":null}}}`,
		`{"value":[{"systemData":{"createdAt":""}},{"tags":{"createdAt":"soon"}}]}`, `{"startTime":5,"endTime":"2026-01-02T03:04:05Z"`, `{"startTime":"`, `"publishedDate"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		readable, odd := withoutOddDates(body)
		if (readable == nil) != (odd == nil) {
			t.Fatalf("%q: %q, %q", body, readable, odd)
		}
		if readable == nil {
			return
		}
		if !json.Valid(readable) {
			t.Fatalf("%q became %q", body, readable)
		}
		if again, odd := withoutOddDates(readable); odd != nil {
			t.Fatalf("%q: a second time %q is %q, without %q", body, readable, again, odd)
		}
	})
}
