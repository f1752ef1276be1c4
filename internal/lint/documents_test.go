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
	in := Input{Name: "values.yaml", Data: []byte(stream)}
	result := lintOnce(t, in)
	var places []string
	for _, f := range result.Findings {
		places = append(places, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Rule))
	}
	if diff := cmp.Diff([]string{"10:11 typographic-quote"}, places); diff != "" {
		t.Fatal(diff)
	}
	in.Data = result.Text
	if left := mustLint(t, in); len(left) > 0 {
		t.Errorf("left: %+v in\n%s", left, in.Data)
	}
}

func TestOneDocumentAfterASeparator(t *testing.T) {
	in := Input{Name: "values.yaml", Data: []byte("---\npack:\n  osImageOverride: ami-0f4804aff4cf9c5a2\n  osName: rhel\n  osVersion: \"8\"\n")}
	if findings := mustLint(t, in); len(findings) > 0 {
		t.Errorf("got %+v", findings)
	}
}
