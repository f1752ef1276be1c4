package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base [1]") // characters of patterns in a folder's name
	for _, name := range []string{
		"packer-manifest.json", "manifest.json", "other.json", "star*.json", "one/manifest.json", "out/a.json", "out/a/m.json", "out/b/m.json", "out/b/x.txt",
	} {
		put(t, filepath.Join(base, name), "{}")
	}
	if err := errors.Join(
		os.Mkdir(filepath.Join(base, "empty"), 0o755), os.Mkdir(filepath.Join(base, "out", "dir.json"), 0o755),
		os.Mkdir(filepath.Join(base, "loop"), 0o755), os.Symlink("manifest.json", filepath.Join(base, "loop", "manifest.json")),
	); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string][]string{
		"other.json":                             {"other.json"},
		filepath.Join(base, "out/../other.json"): {"other.json"},
		".":                                      {"packer-manifest.json", "manifest.json"},
		"one":                                    {"one/manifest.json"},
		"loop":                                   {"loop/manifest.json"},
		"star*.json":                             {"star*.json"},
		"o*.json":                                {"other.json"},
		"out/*.json":                             {"out/a.json"}, // and no directory
		"out/**/*.json":                          {"out/a.json", "out/a/m.json", "out/b/m.json"},
		"{out/b,out/a}/m.json":                   {"out/a/m.json", "out/b/m.json"},
		"out/../out/[b]/?.json":                  {"out/b/m.json"},
	} {
		got, err := Find(base, pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
		for i := range got {
			got[i] = strings.TrimPrefix(got[i], base+string(filepath.Separator))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", pattern, diff)
		}
	}
	absolute := filepath.Join(t.TempDir(), "?.json")
	put(t, strings.Replace(absolute, "?", "m", 1), "{}")
	if got, err := Find(base, absolute); err != nil || len(got) != 1 || got[0] != strings.Replace(absolute, "?", "m", 1) {
		t.Errorf("an absolute pattern: %v, %v", got, err)
	}
}

func TestNotFound(t *testing.T) {
	base := t.TempDir()
	put(t, filepath.Join(base, "m.json"), "{}")
	put(t, filepath.Join(base, "[m].json"), "{}")
	if err := os.Mkdir(filepath.Join(base, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 300)
	for pattern, want := range map[string]struct {
		is   error
		says string
	}{
		"none.json":  {fs.ErrNotExist, "no such file"},
		"none*.json": {ErrNone, "nothing matches the pattern"},
		"x/[":        {nil, `pattern "x/[": syntax error`},
		"empty":      {ErrEmptyDirectory, "no packer-manifest.json or manifest.json"},
		"m.json/x":   {nil, "not a directory"},
		"m.json/*":   {nil, "not a directory"},
		"[m].json/x": {ErrNone, "nothing matches the pattern (as a path: not a directory)"},
		long + "*":   {ErrNone, "nothing matches the pattern (as a path: file name too long)"},
		"none/**":    {ErrNone, "nothing matches"},
	} {
		got, err := Find(base, pattern)
		if got != nil || err == nil || !strings.Contains(err.Error(), want.says) || want.is != nil && !errors.Is(err, want.is) {
			t.Errorf("%s: got %v, %v", pattern, got, err)
		}
	}
}
