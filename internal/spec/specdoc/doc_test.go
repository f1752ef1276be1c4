package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The schema and the page in the repository are those of the types.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	t.Chdir("..")
	schema, err := reflectSchema(".")
	if err != nil {
		t.Fatal(err)
	}
	text, err := schemaText(schema)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"schema.json": text, "../../docs/spec.md": markdown(schema)} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: run go generate ./internal/spec\n%s", name, diff)
		}
	}
}

func TestEveryTypeIsOnThePage(t *testing.T) {
	t.Chdir("..")
	schema, err := reflectSchema(".")
	if err != nil {
		t.Fatal(err)
	}
	for name := range schema.Definitions {
		found := false
		for _, shown := range order() {
			found = found || shown == name
		}
		if !found {
			t.Errorf("type %s is not on the page", name)
		}
	}
	for _, name := range order() {
		if schema.Definitions[name] == nil {
			t.Fatalf("there is no type %s", name)
		}
		for pair := schema.Definitions[name].Properties.Oldest(); pair != nil; pair = pair.Next() {
			if pair.Value.Description == "" && pair.Value.Ref == "" {
				t.Errorf("%s.%s has no description", name, pair.Key)
			}
		}
	}
}
