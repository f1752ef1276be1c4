//go:build unix

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTell(t *testing.T) {
	mutants := []mutant{
		{File: "a/b.go", Line: 1, Column: 2, Type: "T", Status: "LIVED", Text: "x == y"},
		{File: "a/b.go", Line: 3, Column: 2, Type: "T", Status: "NOT COVERED", Text: "x != z"},
	}
	for range 6 {
		mutants = append(mutants, mutant{File: "a/b.go", Status: "KILLED"}, mutant{File: "a/b.go", Type: "T", Status: "TIMED OUT", Text: "slow()"})
	}
	lives := map[string]bool{"a/b.go | T | x == y": true, "a/b.go | T | slow()": true}
	gone := map[string]bool{"a/b.go | T | x == y": true, "a/b.go | T | x < y": true, "other/b.go | T | x < y": true}
	for _, test := range []struct {
		name    string
		goal    int
		known   map[string]bool
		changed bool
		told    string // of each line the first words
		ok      bool
	}{
		{"as wanted", 90, lives, false, "", true},
		{"below the goal", 93, lives, false, "", false},
		{"without a reason", 90, nil, false, "a/b.go:1:2:", false},
		{"a reason too many", 90, gone, false, "no longer", false},
		{"changed lines", 99, lives, true, "a/b.go:3:2:", false},
		{"changed lines, all known", 99, map[string]bool{"a/b.go | T | x == y": true, "a/b.go | T | x != z": true}, true, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			c, ok := tell(&out, row{Folder: "a", Goal: test.goal}, mutants, test.known, test.changed)
			if c != (count{Killed: 12, Lived: 1, NotReached: 1}) || ok != test.ok {
				t.Errorf("got %+v, %v", c, ok)
			}
			first, rest, _ := strings.Cut(out.String(), "\n")
			if want := "a: 14 mutants, 92.3 % of those reached noticed, 92.8 % reached"; first != want {
				t.Errorf("got %q", first)
			}
			if rest = strings.TrimSpace(rest); !strings.HasPrefix(rest, test.told) || test.told == "" && rest != "" {
				t.Errorf("got %q", rest)
			}
		})
	}
}

func TestNoMutants(t *testing.T) {
	if c := (count{}); !c.reaches(100) {
		t.Error("nothing to notice, but not all was")
	}
}

func TestNarrowed(t *testing.T) {
	rows := []row{{Folder: "internal/pack", Goal: 95}, {Folder: "plugins/one", Goal: 90}}
	changed := []string{
		"internal/pack/a.go", "internal/pack/b.go", "internal/packs/a.go", "plugins/one/internal/x/x.go",
	}
	var got []string
	for _, r := range narrowed(rows, changed) {
		got = append(got, r.Folder)
	}
	if want := []string{"internal/pack", "plugins/one/internal/x"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestListOfEquivalent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "list")
	for text, want := range map[string]string{
		"# a word\n\na.go | T | x | y == 0 | zero is never there\n": "",
		"a.go | T | x\n":    ":1: FILE | TYPE | LINE | REASON is wanted",
		"\na.go | T | x | ": ":2: FILE | TYPE | LINE | REASON is wanted",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		known, err := readEquivalent(name)
		if want == "" && (err != nil || !known["a.go | T | x | y == 0"]) {
			t.Errorf("got %v, %v", known, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestPagesWithoutTable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "page")
	for _, text := range []string{"", begin + "\n", begin + "\n| a |\n| - |\n" + end, begin + "\n| a |\n| - |\n| a | b |\n" + end, begin + "\n| a |\n| - |\n| a | b | | | | | |\n" + end} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readPage(name); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
