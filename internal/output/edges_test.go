package output_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

// all has a value of -o for each format.
func all(t *testing.T) []string {
	t.Helper()
	arguments := map[string]string{
		"go-template": "{{range .items}}{{.id}}{{end}}", "jsonpath": "{.items[*].id}", "jsonpath-as-json": "{.items[*].id}", "custom-columns": "ID:.id",
		"go-template-file": "{{range .items}}{{.id}}{{end}}", "jsonpath-file": ".items[*].id", "custom-columns-file": "ID\n.id",
	}
	var values []string
	for _, name := range output.Formats() {
		argument, has := arguments[name]
		if strings.HasSuffix(name, "-file") {
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, []byte(argument), 0o600); err != nil {
				t.Fatal(err)
			}
			argument = file
		}
		if has {
			name += "=" + argument
		}
		values = append(values, name)
	}
	return values
}

// A list of nothing is no failure, and no format invents an item.
func TestEmptyLists(t *testing.T) {
	wanted := map[string]string{
		"json": "{\n    \"kind\": \"ThingList\",\n    \"apiVersion\": \"byoos.dev/v1alpha1\",\n    \"items\": []\n}\n",
		"yaml": "apiVersion: byoos.dev/v1alpha1\nitems: []\nkind: ThingList\n", "jsonpath-as-json": "[]\n", "custom-columns": "ID\n", "custom-columns-file": "ID\n",
		"table": "ID\n", "wide": "ID    TAG\n",
	}
	list := output.List{Kind: "ThingList", Table: output.Table{Columns: things().Table.Columns}}
	for _, value := range all(t) {
		name, _, _ := strings.Cut(value, "=")
		printer, err := output.New(value, false)
		if err != nil {
			t.Fatal(err)
		}
		var out, errOut bytes.Buffer
		if err := printer.Print(list, &out, &errOut); err != nil || out.String() != wanted[name] || errOut.Len() > 0 {
			t.Errorf("-o %s: got %q, %q, %v, want %q", name, out.String(), errOut.String(), err, wanted[name])
		}
	}
}

func TestNoHeaders(t *testing.T) {
	for value, want := range map[string]string{
		"table": "a\nb\n", "wide": "a     <1>\nb     <none>\n", "name": "a\nb\n", "custom-columns=ID:.id": "a\nb\n", "jsonpath={.kind}": "ThingList",
	} {
		printer, err := output.New(value, true)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := printer.Print(things(), &out, io.Discard); err != nil || out.String() != want {
			t.Errorf("-o %s: got %q, %v, want %q", value, out.String(), err, want)
		}
	}
}

// A template that only the list shows to be wrong is wrong usage, and says which format.
func TestTemplatesThatDoNotFitTheList(t *testing.T) {
	for _, value := range []string{"go-template={{.items.nope.nope}}", "jsonpath={.items[9].id}", "custom-columns=ID:.id[1:x]"} {
		name, _, _ := strings.Cut(value, "=")
		printer, err := output.New(value, false)
		if err == nil {
			err = printer.Print(things(), io.Discard, io.Discard)
		}
		if failure.Code(err) != failure.ExitUsage || !strings.HasPrefix(err.Error(), "-o "+name+": ") {
			t.Errorf("-o %s: got %v", value, err)
		}
	}
}

// An output that is closed is no wrong usage, whatever the format.
func TestClosedOutput(t *testing.T) {
	for _, value := range all(t) {
		printer, err := output.New(value, false)
		if err != nil {
			t.Fatal(err)
		}
		err = printer.Print(things(), fullDisk{}, io.Discard)
		if failure.Code(err) != failure.ExitFailure || err == nil || err.Error() != "cannot write the output: no space left on device" {
			t.Errorf("-o %s: got %v", value, err)
		}
	}
}

// A list may have a format of its own, which others do not have.
func TestOwnFormat(t *testing.T) {
	printer, err := output.New("short", false, "short")
	if err != nil {
		t.Fatal(err)
	}
	list := things()
	list.Own = map[string]func(io.Writer) error{"short": func(out io.Writer) error { _, err := io.WriteString(out, "two things"); return err }}
	var out bytes.Buffer
	if err := printer.Print(list, &out, io.Discard); err != nil || out.String() != "two things" || printer.ForPeople() {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if _, err := output.New("short=1", false, "short"); failure.Code(err) != failure.ExitUsage {
		t.Errorf("got %v for an argument", err)
	}
	if slices.Contains(output.Formats(), "short") {
		t.Error("the others have it")
	}
}
