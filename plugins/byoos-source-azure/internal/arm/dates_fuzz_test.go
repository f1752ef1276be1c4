package arm

import (
	"encoding/json"
	"testing"
)

// Any JSON is a date, or none: what has it is read.
func FuzzOddDates(f *testing.F) {
	for _, seed := range []string{
		`"2026-13-01"`, `null`, `""`, `5`, `"2026-01-02T03:04:05Z"`, `{"a":[1]}`, `"2026-01-02 03:04:05.7+01:00"`, `"t"`,
		`"0001-01-01T00:00:00+05:00"`, `"9999-12-31T23:59:59-08:00"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var date Date
		switch err := json.Unmarshal(text, &date); {
		case (err == nil) != json.Valid(text):
			t.Fatalf("%q: %v", text, err)
		case err == nil && date.odd != "" && !date.IsZero():
			t.Fatalf("%q is %v, and odd", text, date)
		case date.Year() < 1 || date.Year() > 9999:
			t.Fatalf("%q is %v, which no host takes", text, date)
		}
	})
}
