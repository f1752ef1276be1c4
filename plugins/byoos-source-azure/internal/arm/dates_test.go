package arm

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// dated is what is read of an answer with a date.
type dated struct {
	Name       string
	Tags       map[string]string
	Properties struct {
		ReplicaCount  int
		PublishedDate Date
	}
}

// A date that cannot be read costs itself, and is told; tags with a field's name are
// none.
func TestOddDates(t *testing.T) {
	const answered = `{"value":[{"name":"1.0.0","tags":{"createdAt":"a while ago","build":"7"},"properties":{"replicaCount":3,"publishedDate":DATE}},{"name":"1.0.1"}]}`
	day := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for date, want := range map[string]struct {
		at   time.Time
		told string
	}{
		`"2026-02-03T04:05:06Z"`:        {day, ""},
		`"2026-02-03T04:05:06"`:         {day, ""},
		`"2026-02-03 04:05:06Z"`:        {day, ""},
		`"2026-02-03T05:05:06.0+01:00"`: {day, ""},
		`"2026-01-01T00:00:00Z"`:        {at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		`null`:                          {},
		`""`:                            {told: `publishedDate of "1.0.0" is ""`},
		`"yesterday"`:                   {told: `publishedDate of "1.0.0" is "yesterday"`},
		`"2026-02-30T04:05:06Z"`:        {told: `is "2026-02-30T04:05:06Z"`},
		`"0001-01-01T00:00:00Z"`:        {},
		`"0001-01-01T00:00:00+05:00"`:   {told: `is "0001-01-01T00:00:00+05:00"`}, // year 0 in UTC
		`"0001-01-01T00:00:00-08:00"`:   {told: `is "0001-01-01T00:00:00-08:00"`},
		`"0001-01-02T00:00:00+05:00"`:   {at: time.Date(1, 1, 1, 19, 0, 0, 0, time.UTC)},
		`"9999-12-31T23:59:59-08:00"`:   {told: `is "9999-12-31T23:59:59-08:00"`},
		`"9999-12-31T23:59:59.9Z"`:      {at: time.Date(9999, 12, 31, 23, 59, 59, 9e8, time.UTC)},
		`"0000-12-31T23:59:59Z"`:        {told: `is "0000-12-31T23:59:59Z"`},
		`"a \" b"`:                      {told: `is "a \" b"`},
		`1770091506`:                    {told: `is 1770091506`},
		`{"a":[1]}`:                     {told: `is {"a":[1]}`},
	} {
		t.Run(date, func(t *testing.T) {
			var told []string
			api := asking(t, func(r *http.Request) (*http.Response, error) {
				return answer(r, 200, nil, strings.ReplaceAll(answered, "DATE", date)), nil
			})
			api.tell = func(s string) { told = append(told, s) }
			for range 2 { // what is told is told once
				var versions []dated
				err := List(t.Context(), api, things(), func(v dated) error {
					versions = append(versions, v)
					return nil
				})
				if err != nil || len(versions) != 2 {
					t.Fatalf("%v, %v", versions, err)
				}
				one := versions[0]
				if at := one.Properties.PublishedDate; !at.Equal(want.at) {
					t.Errorf("got %v", at)
				}
				if one.Tags["createdAt"] != "a while ago" || one.Tags["build"] != "7" || one.Properties.ReplicaCount != 3 {
					t.Errorf("got %+v", one)
				}
			}
			if want.told == "" && told != nil || want.told != "" && (len(told) != 1 || !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, want.told) })) {
				t.Errorf("told %q", told)
			}
		})
	}
}

// What an odd date is of has a name, or is in something that has one; who wants no word of it
// gets none.
func TestNameOfAnOddDate(t *testing.T) {
	type part struct {
		Name string
		At   Date
	}
	type whole struct {
		Name  string
		Parts []*part
	}
	var told []string
	api := asking(t, func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, nil, `{"name":"whole","parts":[null,{"name":"part","at":"soon"},{"at":"later"}]}`), nil
	})
	api.tell = func(s string) { told = append(told, s) }
	if got, err := Get[whole](t.Context(), api, things()); err != nil || len(got.Parts) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	if want := []string{`at of "part" is "soon"`, `at of "whole" is "later"`}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
	quiet := asking(t, func(r *http.Request) (*http.Response, error) {
		return answer(r, 200, nil, `{"name":"part","at":"soon"}`), nil
	})
	if got, err := Get[part](t.Context(), quiet, things()); err != nil || got.Name != "part" {
		t.Errorf("%+v, %v", got, err)
	}
}

// A date that cannot be read is as good as none.
func TestOrOfOddDates(t *testing.T) {
	var odd, good Date
	for text, date := range map[string]*Date{`"soon"`: &odd, `"2026-02-03T04:05:06Z"`: &good} {
		if err := json.Unmarshal([]byte(text), date); err != nil {
			t.Fatal(err)
		}
	}
	if got := odd.Or(good); got != good {
		t.Errorf("got %v", got)
	}
	if got := good.Or(odd); got != good {
		t.Errorf("got %v", got)
	}
}
