package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

type item struct {
	ID   string            `json:"id"`
	Tags map[string]string `json:"tags,omitempty"`
}

func things() output.List {
	return output.List{
		Kind:  "ThingList",
		Items: []any{item{"a", map[string]string{"x": "<1>"}}, item{ID: "b"}},
		Names: []string{"a", "b"},
		Table: output.Table{
			Columns: []output.Column{{Name: "ID"}, {Name: "TAG", Wide: true}},
			Rows:    [][]string{{"a", "<1>"}, {"b", ""}},
			Empty:   "no things found",
		},
	}
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{
		"":                          "ID\na\nb\n",
		"table":                     "ID\na\nb\n",
		"wide":                      "ID    TAG\na     <1>\nb     <none>\n",
		"name":                      "a\nb\n",
		"jsonpath={.items[*].id}":   "a b",
		"jsonpath={.items[0].nope}": "",
		"go-template={{range .items}}{{.id}}{{end}}": "ab",
		"custom-columns=ID:.id,TAG:tags.x":           "ID    TAG\na     <1>\nb     <none>\n",
		"yaml":                                       "apiVersion: byoos.dev/v1alpha1\nitems:\n- id: a\n  tags:\n    x: <1>\n- id: b\nkind: ThingList\n",
	} {
		t.Run(format, func(t *testing.T) {
			printer, err := output.New(format, false)
			if err != nil {
				t.Fatal(err)
			}
			var out, errOut bytes.Buffer
			if err := printer.Print(things(), &out, &errOut); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Error(diff)
			}
			if errOut.Len() > 0 {
				t.Errorf("said %q", errOut.String())
			}
		})
	}
}

// TestCustomColumnsFile has kubectl's form: names in one line, paths in the next.
func TestCustomColumnsFile(t *testing.T) {
	for text, want := range map[string]string{
		"ID TAG\n.id tags.x\n":               "ID    TAG\na     <1>\nb     <none>\n",
		"ID\tTAG\r\n{.id}   .tags.x\r\nmore": "ID    TAG\na     <1>\nb     <none>\n",
		"ID:.id":                             "error: -o custom-columns-file: the file needs two lines: names of columns, and below each its path (.id), with spaces between them",
		"":                                   "error: -o custom-columns-file: the file needs two lines: names of columns, and below each its path (.id), with spaces between them",
		"ID TAG\n.id":                        "error: -o custom-columns-file: the first line of the file has 2 names, and the second 1 paths",
		"ID:.id,T:.x\n\n":                    "error: -o custom-columns-file: the first line of the file has 1 names, and the second 0 paths",
		"ID\n{.id":                           "error: -o custom-columns-file: column ID: unclosed action",
	} {
		file := filepath.Join(t.TempDir(), "columns")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var got string
		printer, err := output.New("custom-columns-file="+file, false)
		if err != nil {
			got = "error: " + err.Error()
		} else {
			var out bytes.Buffer
			if err := printer.Print(things(), &out, &out); err != nil {
				t.Fatal(err)
			}
			got = out.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestJSONOfNothingIsAnEmptyList(t *testing.T) {
	printer, err := output.New("json", false)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printer.Print(output.List{Kind: "ThingList"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"apiVersion": "byoos.dev/v1alpha1", "kind": "ThingList", "items": []any{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyTableTalksOnStderr(t *testing.T) {
	printer, err := output.New("", false)
	if err != nil {
		t.Fatal(err)
	}
	list := things()
	list.Table.Rows = nil
	var out, errOut bytes.Buffer
	if err := printer.Print(list, &out, &errOut); err != nil || out.Len() > 0 || errOut.String() != "no things found\n" {
		t.Errorf("got %v, %q, %q", err, out.String(), errOut.String())
	}
}

func TestWrongFormats(t *testing.T) {
	for _, format := range []string{"jsn", "json=x", "jsonpath", "jsonpath={", "go-template={{", "custom-columns=ID", "custom-columns-file=/nope"} {
		if _, err := output.New(format, false); failure.Code(err) != failure.ExitUsage {
			t.Errorf("-o %s: got %v, want a usage error", format, err)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFailedWriteIsNoUsageError(t *testing.T) {
	printer, err := output.New("json", false)
	if err != nil {
		t.Fatal(err)
	}
	err = printer.Print(things(), fullDisk{}, fullDisk{})
	if failure.Code(err) != failure.ExitFailure || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
}

func TestATableCellCannotSteerTheTerminal(t *testing.T) {
	p, err := output.New("table", true)
	if err != nil {
		t.Fatal(err)
	}
	list := things()
	list.Table.Rows = [][]string{{"a\x1b[2J\nforged row", ""}}
	var out bytes.Buffer
	if err := p.Print(list, &out, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "a\ufffd[2J forged row\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
