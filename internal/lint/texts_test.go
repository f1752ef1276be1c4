package lint

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

var update = flag.Bool("update", false, "write what lint says of the texts in testdata/texts")

// TestTexts: testdata/texts has texts with all that lint says of them, and the lines that
// fixing changes. testdata/README.md says how they are written.
func TestTexts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "texts", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no texts", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var now []string
		for one := range strings.SplitSeq(strings.TrimRight(string(data), "\n"), "\n\n") {
			now = append(now, linted(t, one))
		}
		got := strings.Join(now, "\n")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(string(data), got); diff != "" {
			t.Errorf("%s: -want +got\n%s", file, diff)
		}
	}
}

// linted is a text of testdata/texts with what lint says of it now.
func linted(t *testing.T, one string) string {
	t.Helper()
	var out, text strings.Builder
	in := Input{}
	for i, line := range strings.Split(one, "\n") {
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case i == 0:
			options := strings.Fields(rest)
			in.Name = options[0]
			for _, option := range options[1:] {
				if slices.Contains(spec.PackNames(), option) {
					in.Pack = spec.PackKind(option)
				} else {
					in.Cloud = option
				}
			}
		case mark == "|", mark == "!":
			words, err := strconv.Unquote(`"` + strings.ReplaceAll(rest, `"`, `\"`) + `"`)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			text.WriteString(words + map[string]string{"|": "\n"}[mark])
		default:
			continue
		}
		out.WriteString(line + "\n")
	}
	in.Data = []byte(text.String())
	return out.String() + told(in)
}

// told is what lint says of a text, the lines that fixing makes others, and how many
// findings are fewer then.
func told(in Input) string {
	found, err := Lint(in)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var out strings.Builder
	for _, f := range found.Findings {
		fmt.Fprintf(&out, "%s: %s\n", show([]Finding{f})[0], f.Message)
	}
	fixed, err := Fix(in)
	if err != nil {
		return out.String() + "error: " + err.Error() + "\n"
	}
	before, after := bytes.Split(in.Data, []byte("\n")), bytes.Split(fixed.Text, []byte("\n"))
	for i, line := range after {
		if i >= len(before) || !bytes.Equal(line, before[i]) {
			quoted := strconv.Quote(string(line))
			shown := strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
			if words, ok := strings.CutSuffix(shown, " "); ok {
				shown = words + `\x20`
			}
			fmt.Fprintf(&out, "fixed %d: %s\n", i+1, shown)
		}
	}
	if fixed.Fixed != 0 {
		fmt.Fprintf(&out, "fewer: %d\n", fixed.Fixed)
	}
	return out.String()
}
