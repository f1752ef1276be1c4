package arm

import (
	"net/http"
	"strings"
	"testing"
)

// What cannot be read for another reason than its dates is no fault of the network, and is
// told by the place that it has in the answer.
func TestOddAnswer(t *testing.T) {
	type deep struct {
		Name       string
		Properties struct {
			HyperVGeneration string
			IsLatest         *bool
			Tags             map[string]string
			Regions          []*struct{ Progress *int }
		}
	}
	for body, want := range map[string]string{
		`{"value":[{"name":7}]}`: "value[].name is a JSON number, not a string",
		`{"nextLink":"","value":[null,{"name":"a"},{"NAME" : true}]}`:  "value[].NAME is a JSON bool, not a string",
		`{"value":[{"x":[{"a":[1,{}],"b":{}},[]],"name":[]}]}`:         "value[].name is a JSON array, not a string",
		`{"value":[{"properties":{"hyperVGeneration":{"a":1}}}]}`:      "value[].properties.hyperVGeneration is a JSON object, not a string",
		`{"value":[{"properties":{"isLatest":"true"}}]}`:               "value[].properties.isLatest is a JSON string, not true or false",
		`{"value":[{"properties":{"tags":{"a":"b","c.d":1}}}]}`:        "value[].properties.tags.c.d is a JSON number, not a string",
		`{"value":[{"properties":{"tags":[]}}]}`:                       "value[].properties.tags is a JSON array, not an object",
		`{"value":[{"properties":{"regions":[{},{"progress":1.5}]}}]}`: "value[].properties.regions[].progress is a JSON number 1.5, not a whole number",
		`{"value":[{"properties":{"regions":[7]}}]}`:                   "value[].properties.regions[] is a JSON number, not an object",
		`{"value":{"name":7}}`:                                         "value is a JSON object, not an array",
		`{"value":["é"]}`:                                              "value[] is a JSON string, not an object",
		`{"value":[{"name":"a"},]}`:                                    "invalid character",
	} {
		api := asking(t, func(r *http.Request) (*http.Response, error) { return answer(r, 200, nil, body), nil })
		err := List(t.Context(), api, things(), func(deep) error { return nil })
		d := Problem{Subject: "it", Err: err}.Diagnostic()
		if !strings.Contains(d.Summary, "not as Azure's are") || !strings.Contains(d.Detail, want) || !strings.Contains(d.NextStep, "a proxy in between") {
			t.Errorf("%s: got %s next: %s", body, d.Error(), d.NextStep)
		}
	}
}
