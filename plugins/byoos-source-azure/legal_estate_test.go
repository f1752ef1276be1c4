package main_test

import (
	"io"
	"net/http"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

func legalEstate(t *testing.T, bad bool) *fakeazure.Estate {
	t.Helper()
	text, err := os.ReadFile("testdata/legal/estate.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := fakeazure.ParseEstate(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bad {
		withoutBad(e)
	}
	// The rest of each model's fields, so that each is there to be left out.
	for _, v := range e.Galleries {
		for _, d := range v.Definitions {
			fill(d.Image)
			fill(d.Versions)
		}
	}
	for _, g := range e.CommunityGalleries {
		for _, d := range g.Definitions {
			fill(d.Image)
			fill(d.Versions)
		}
	}
	for _, g := range e.SharedGalleries {
		for _, d := range g.Definitions {
			fill(d.Image)
			fill(d.Versions)
		}
	}
	fill(e.Images)
	for _, template := range e.Templates {
		fill(template.Template)
		fill(template.Outputs)
		for _, o := range template.Outputs {
			o.Properties.ArtifactURI = nil // an output is one or the other
		}
	}
	return e
}

// withoutBad keeps the wanted images and the older ones.
func withoutBad(e *fakeazure.Estate) {
	e.Galleries = e.Galleries[:1]
	for i := range e.Galleries {
		e.Galleries[i].Definitions = e.Galleries[i].Definitions[:1]
		d := &e.Galleries[i].Definitions[0]
		d.Versions = d.Versions[:2]
	}
	for i := range e.CommunityGalleries {
		g := &e.CommunityGalleries[i]
		g.Definitions = g.Definitions[:1]
		g.Definitions[0].Versions = g.Definitions[0].Versions[:2]
	}
	for i := range e.SharedGalleries {
		g := &e.SharedGalleries[i]
		g.Definitions = g.Definitions[:1]
		g.Definitions[0].Versions = g.Definitions[0].Versions[:2]
	}
	e.Images = e.Images[:2]
}

// fill sets every field of a model that has no value. What lies deeper than any
// field that a source reads comes and goes with what holds it.
func fill(model any) { fillValue(reflect.ValueOf(model), 0) }

func fillValue(v reflect.Value, depth int) {
	const deepest = 9
	if depth > deepest {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			if !v.CanSet() {
				return
			}
			v.Set(reflect.New(v.Type().Elem()))
			if v.Elem().Type() == reflect.TypeFor[time.Time]() {
				v.Elem().Set(reflect.ValueOf(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)))
				return
			}
			if v.Elem().Kind() == reflect.String {
				v.Elem().SetString("x")
				return
			}
		}
		fillValue(v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fillValue(v.Field(i), depth+1)
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() && v.Type().Elem().Kind() == reflect.Pointer {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			fillValue(v.Index(i), depth+1)
		}
	case reflect.Map:
		if v.IsNil() && v.CanSet() && v.Type().Elem().Kind() == reflect.Pointer {
			value := reflect.New(v.Type().Elem()).Elem()
			fillValue(value, depth+1)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), value)
		}
	}
}

// answer asks the fake for one answer.
func answer(t *testing.T, w *world, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+path+"?api-version=1&%24expand=ReplicationStatus", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer fake-azure-token")
	resp, err := w.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", path, resp.Status, err, body)
	}
	return body
}
