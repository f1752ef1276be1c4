package lint

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocuments: a stream of several packs, as render prints it, is linted
// document by document, with places and fixes in the whole text.
func TestDocuments(t *testing.T) {
	const stream = "# a\npack:\n  osImageOverride: \"ami-0f4804aff4cf9c5a2\"\n  osName: \"rhel\"\n  osVersion: \"8\"\n---\n" +
		"# b\npack:\n  osImageOverride: \"ami-0f4804aff4cf9c5a2\"\n  osName: ‘rhel’\n  osVersion: \"8\"\n"
	findings, err := Lint(Input{Name: "values.yaml", Data: []byte(stream)})
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, f := range findings {
		places = append(places, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Rule))
	}
	if diff := cmp.Diff([]string{"10:11 typographic-quote"}, places); diff != "" {
		t.Fatal(diff)
	}
	fixed, err := Fix([]byte(stream), findings)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := Lint(Input{Name: "values.yaml", Data: fixed}); err != nil || len(left) > 0 {
		t.Errorf("left: %+v, %v in\n%s", left, err, fixed)
	}
}

func TestOneDocumentAfterASeparator(t *testing.T) {
	findings, err := Lint(Input{Name: "values.yaml", Data: []byte("---\npack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n  osName: rhel\n  osVersion: \"8\"\n")})
	if err != nil || len(findings) > 0 {
		t.Errorf("got %+v, %v", findings, err)
	}
}
