package legal_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

func ExampleVariations() {
	answer := `{"items":[{"id":"a","state":"Ready"},{"id":"b","tags":{"team":"x"}}]}`
	variations, err := legal.Variations(legal.Options{
		Required: func(path string) bool { return path == "items[].id" },
		Map:      func(path string) bool { return path == "items[].tags" },
		Enum:     func(path string) bool { return path == "items[].state" },
	}, []byte(answer))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, variation := range variations {
		varied, err := variation.Apply([]byte(answer))
		fmt.Println(variation.Name)
		fmt.Println(" ", string(varied), err)
	}
	// Output:
	// with an unknown field in every object
	//   {"items":[{"id":"a","state":"Ready","fieldOfALaterVersion":"1"},{"id":"b","tags":{"team":"x"},"fieldOfALaterVersion":"1"}],"fieldOfALaterVersion":"1"} <nil>
	// reversed items
	//   {"items":[{"id":"b","tags":{"team":"x"}},{"id":"a","state":"Ready"}]} <nil>
	// unknown value of items[].state
	//   {"items":[{"id":"a","state":"ValueOfALaterVersion"},{"id":"b","tags":{"team":"x"}}]} <nil>
	// without items
	//   {} <nil>
	// without items[].state
	//   {"items":[{"id":"a"},{"id":"b","tags":{"team":"x"}}]} <nil>
	// without items[].tags
	//   {"items":[{"id":"a","state":"Ready"},{"id":"b"}]} <nil>
	// without items[].tags.*
	//   {"items":[{"id":"a","state":"Ready"},{"id":"b","tags":{}}]} <nil>
}

func only(paths ...string) func(string) bool {
	return func(path string) bool { return slices.Contains(paths, path) }
}

func every(string) bool { return true }

func TestVariations(t *testing.T) {
	const list = `{"l":[{"s":"Ab","n":1.50},{"s":"x","n":null}],"e":[[2],[]]}`
	for _, test := range []struct {
		name    string
		options legal.Options
		answer  string
		want    string
	}{
		{"lower case of l[].s", legal.Options{Loose: only("l[].s")}, list, `{"l":[{"s":"ab","n":1.50},{"s":"x","n":null}],"e":[[2],[]]}`},
		{"upper case of l[].s", legal.Options{Loose: only("l[].s"), FirstOnly: true}, list, `{"l":[{"s":"AB","n":1.50},{"s":"x","n":null}],"e":[[2],[]]}`},
		{"null l[].n", legal.Options{Null: true}, list, `{"l":[{"s":"Ab","n":null},{"s":"x","n":null}],"e":[[2],[]]}`},
		{"without l[].n", legal.Options{FirstOnly: true}, list, `{"l":[{"s":"Ab"},{"s":"x","n":null}],"e":[[2],[]]}`},
		{"reversed e", legal.Options{}, list, `{"l":[{"s":"Ab","n":1.50},{"s":"x","n":null}],"e":[[],[2]]}`},
		{
			"foreign element 1 last in l", legal.Options{Foreign: map[string][]string{"l": {`{"s":"<f>"}`}}}, list,
			`{"l":[{"s":"Ab","n":1.50},{"s":"x","n":null},{"s":"\u003cf\u003e"}],"e":[[2],[]]}`,
		},
		{
			"foreign element 1 first in l", legal.Options{Foreign: map[string][]string{"l": {`{"s":"f"}`}}}, list,
			`{"l":[{"s":"f"},{"s":"Ab","n":1.50},{"s":"x","n":null}],"e":[[2],[]]}`,
		},
		{
			"without set[].state", legal.Options{}, `<R xmlns="http://x/"><set><item><id>a&amp;b</id><state>ok</state></item></set></R>`,
			`<R xmlns="http://x/"><set><item><id>a&amp;b</id></item></set></R>`,
		},
		{
			"foreign element 1 first in set", legal.Options{Foreign: map[string][]string{"set": {`<item><id>f</id></item>`}}},
			`<?xml version="1.0"?><R><set><item><id>a</id></item></set></R>`,
			`<R><set><item><id>f</id></item><item><id>a</id></item></set></R>`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			variations, err := legal.Variations(test.options, []byte(test.answer))
			if err != nil {
				t.Fatal(err)
			}
			index := slices.IndexFunc(variations, func(v legal.Variation) bool { return v.Name == test.name })
			if index < 0 {
				t.Fatalf("not among %v", names(variations))
			}
			got, err := variations[index].Apply([]byte(test.answer))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func names(variations []legal.Variation) []string {
	var list []string
	for _, v := range variations {
		list = append(list, v.Name)
	}
	return list
}

// Places that any of the answers has are varied once, and no promise is broken.
func TestVariationsOfSeveralAnswers(t *testing.T) {
	variations, err := legal.Variations(legal.Options{Ordered: every, Enum: every, Required: only("a[].b")},
		[]byte(`{"a":[{"b":1},{"b":2}]}`), []byte(`{"a":[{"b":1,"c":"x"},{"c":"y"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"with an unknown field in every object", "unknown value of a[].c", "without a", "without a[].c"}
	if diff := cmp.Diff(want, names(variations)); diff != "" {
		t.Error(diff)
	}
}

func TestVariationsErrors(t *testing.T) {
	for answer, want := range map[string]string{
		`{"a":`:          "read JSON",
		`{"a":1} {}`:     "more than one value",
		`<a><b></a`:      "read XML",
		`{"items":null}`: `no answer has a list at "items"`,
	} {
		_, err := legal.Variations(legal.Options{Foreign: map[string][]string{"items": {"{}"}}}, []byte(answer))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", answer, err, want)
		}
	}
}

type state string

type model struct {
	ID      *string
	VMState state
	OSDisk  *disk
	Tags    map[string]*string
	Tagged  string `json:"other,omitempty"`
	Parent  *model
}

type disk struct{ Sizes []int }

func TestShapeOf(t *testing.T) {
	want := legal.Shape{
		"id": {}, "vmState": {Required: true, Enum: true}, "osDisk": {}, "osDisk.sizes": {}, "tags": {Map: true}, "tags.*": {},
		"other": {}, "parent": {},
	}
	if diff := cmp.Diff(want, legal.ShapeOf[*model](nil)); diff != "" {
		t.Error(diff)
	}
}

func TestSchemaShape(t *testing.T) {
	meta := openapi3.NewObjectSchema().WithProperty("uid", openapi3.NewStringSchema()).
		WithProperty("labels", openapi3.NewObjectSchema().WithAdditionalProperties(openapi3.NewStringSchema().WithEnum("a")))
	meta.Required = []string{"uid"}
	item := openapi3.NewAllOfSchema(openapi3.NewObjectSchema().WithProperty("metadata", meta))
	item.Properties = openapi3.Schemas{"child": openapi3.NewSchemaRef("", item)}
	shape := legal.SchemaShape(openapi3.NewObjectSchema().WithProperty("items", openapi3.NewArraySchema().WithItems(item)))
	want := legal.Shape{
		"items": {}, "items[].child": {}, "items[].metadata": {}, "items[].metadata.uid": {Required: true},
		"items[].metadata.labels": {Map: true}, "items[].metadata.labels.*": {Enum: true},
	}
	if diff := cmp.Diff(want, shape); diff != "" {
		t.Error(diff)
	}
	variations, err := legal.Variations(shape.Options(), []byte(`{"items":[{"metadata":{"uid":"u","labels":{"k":"a"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(names(variations), "without items[].metadata.uid") || !slices.Contains(names(variations), "without items[].metadata.labels.*") {
		t.Errorf("varies %v", names(variations))
	}
}

func TestVariedAnswers(t *testing.T) {
	fake := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) == "bad" {
			http.Error(w, "no JSON", http.StatusForbidden)
			return
		}
		w.Header().Set("X-Request", string(body))
		_, _ = io.WriteString(w, `{"a":"`+string(body)+`","b":1}`)
	})
	operation := func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		return string(body)
	}
	recorder := &legal.Recorder{Next: fake, Operation: operation}
	for _, body := range []string{"one", "two", "bad"} {
		post(t, recorder, body)
	}
	answers := recorder.Answers()
	if len(answers) != 2 || string(answers["one"][0]) != `{"a":"one","b":1}` {
		t.Fatalf("recorded %q", answers)
	}
	variations, err := legal.Variations(legal.Options{}, answers["one"]...)
	if err != nil {
		t.Fatal(err)
	}
	varied := &legal.Varied{
		Next: fake, Variation: variations[slices.Index(names(variations), "without b")],
		Match: func(r *http.Request) bool { return operation(r) != "two" },
	}
	if got := post(t, varied, "one"); got != "200 one "+`{"a":"one"}` {
		t.Error(got)
	}
	if got := post(t, varied, "two"); got != "200 two "+`{"a":"two","b":1}` {
		t.Error(got)
	}
	if got := post(t, varied, "bad"); got != "403  no JSON\n" {
		t.Errorf("%q", got)
	}
	if varied.Changed() != 1 {
		t.Errorf("%d answers were changed", varied.Changed())
	}
}

func post(t *testing.T, handler http.Handler, body string) string {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	response, err := http.Post(server.URL, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.ContentLength != int64(len(answer)) {
		t.Errorf("Content-Length is %d, not %d", response.ContentLength, len(answer))
	}
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("X-Request"), answer)
}
