package yamledit

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// TestDocuments: where the documents of a stream are; | stands for an end.
func TestDocuments(t *testing.T) {
	for _, want := range [][]string{
		{}, {"a: 1"}, {"a: 1\n"}, {"a: 1\n", "---\nb: 1\n"}, {"# c\n--- # d\na: 1\n", "--- b\n"}, {"a\n...\n", "# c\n%YAML 1.1\n---\tb\n...\n"},
		{"\ufeffa: 1\r\n", "---\r\nb: 1\r\n"}, {"---x: 1\n...y: 2\n"}, {"a: 1\n", "---\tb\n"}, {"a: |\n  ---\n  ...\n"}, {"a: 1\n# e\n", "---\nb"}, {"%x\n---\n%y\n"}, {"a\u2028", "---\u2028b"},
		{"a: 1\n", "--- ~\n", "---\n# x\nc\n"},
	} {
		text := strings.Join(want, "")
		var got []string
		for _, at := range Documents([]byte(text)) {
			got = append(got, text[at.Start:at.End])
		}
		if diff := cmp.Diff(want, append([]string{}, got...)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for _, none := range []string{"", "---", "---\n# x\n---\n", "...\n...", "\ufeff# x\n", "%YAML 1.1\n"} {
		if all := Documents([]byte(none)); all != nil {
			t.Errorf("%q: %v", none, all)
		}
	}
	if diff := cmp.Diff([]Extent{{7, 16}}, Documents([]byte("---\n#\n\n---\nb: 1\n---\n"))); diff != "" {
		t.Error(diff)
	}
}

// TestDocumentsOfRandomStreams: the library reads from each document alone what it reads
// from the stream.
func TestDocumentsOfRandomStreams(t *testing.T) {
	lines := []string{"---\n", "--- # x\n", "--- b\n", "...\n", "# c\n", "...\n%YAML 1.1\n", "a: 1\n", "\n", " b\n", "- c\r\n", "--- |\n", " --- x\n"}
	random := rand.New(rand.NewPCG(2, 3))
	read := 0
	for range 5000 {
		var text string
		for range random.IntN(9) {
			text += lines[random.IntN(len(lines))]
		}
		want, problem := values([]byte(text))
		if problem != nil {
			continue
		}
		read++
		var got []any
		for _, at := range Documents([]byte(text)) {
			part, problem := values([]byte(text[at.Start:at.End]))
			if problem != nil {
				t.Fatalf("%q: %q: %v", text, text[at.Start:at.End], problem)
			}
			got = append(got, part...)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
	if read < 500 {
		t.Errorf("%d streams could be read", read)
	}
}

// values are those of a stream's documents, but for the empty ones.
func values(text []byte) (all []any, problem *yamldoc.Problem) {
	documents, problem := yamldoc.Parse(text)
	for _, document := range documents {
		if document.Content[0].ShortTag() == "!!null" {
			continue
		}
		var value any
		if err := (&yaml.Node{Kind: yaml.DocumentNode, Content: document.Content}).Decode(&value); err != nil {
			problem = &yamldoc.Problem{Message: err.Error()}
		}
		all = append(all, value)
	}
	return all, problem
}
