package wholefile_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// put writes a file of a test, with the folders above it.
func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func link(t *testing.T, with func(target, path string) error, target, path string) {
	t.Helper()
	if err := with(target, path); err != nil {
		t.Skip("no links here:", err)
	}
}

// guarded is what is there when a file is to be written.
type guarded struct {
	there  func(t *testing.T, dir, target string)
	target string
	want   string
	why    string
}

const forced, never = "with --force only", "never"

// What is there decides whether an output may take its place.
func TestGuard(t *testing.T) {
	earlier := string(wholefile.Marked("a.yaml", []byte("pack: 1\n")))
	for name, test := range map[string]guarded{
		"nothing":           {},
		"an earlier output": {there: func(t *testing.T, _, target string) { put(t, target, earlier) }},
		"an earlier output that Git gave carriage returns": {there: func(t *testing.T, _, target string) {
			put(t, target, strings.ReplaceAll(earlier, "\n", "\r\n"))
		}},
		"a file of the user": {
			there: func(t *testing.T, _, target string) { put(t, target, "mine: 1\n") },
			want:  forced, why: "is not marked as an output",
		},
		"an output that the user changed": {
			there: func(t *testing.T, _, target string) { put(t, target, earlier+"# kept\n") },
			want:  forced, why: "was changed since it was written",
		},
		"an output that the user cut": {
			there: func(t *testing.T, _, target string) { put(t, target, strings.TrimSuffix(earlier, "\n")) },
			want:  forced, why: "was changed since it was written",
		},
		"a link to a file": {
			there: func(t *testing.T, dir, target string) {
				put(t, filepath.Join(dir, "other"), earlier)
				link(t, os.Symlink, "other", target)
			},
			want: forced, why: "is a symbolic link",
		},
		"a link to nothing": {
			there: func(t *testing.T, _, target string) { link(t, os.Symlink, "nothing", target) },
			want:  forced, why: "is a symbolic link",
		},
		"a folder": {
			there: func(t *testing.T, _, target string) { put(t, filepath.Join(target, "x"), "") },
			want:  never, why: "is no regular file",
		},
	} {
		t.Run(name, test.check)
	}
}

func TestGuardOfInputsAndNames(t *testing.T) {
	for name, test := range map[string]guarded{
		"the spec": {target: "byoos.yaml", want: never, why: "is what the command works from"},
		"the spec, by a symbolic link": {
			there: func(t *testing.T, _, target string) { link(t, os.Symlink, "byoos.yaml", target) },
			want:  never, why: "is what the command works from",
		},
		"the spec, by a hard link": {
			there: func(t *testing.T, dir, target string) { link(t, os.Link, filepath.Join(dir, "byoos.yaml"), target) },
			want:  never, why: "is what the command works from",
		},
		"a name that is too long":                {target: strings.Repeat("n", 251) + ".yaml", want: never, why: "a name that a file cannot have"},
		"a name that is as long as names may be": {target: strings.Repeat("n", 250) + ".yaml"},
	} {
		t.Run(name, test.check)
	}
}

func (test guarded) check(t *testing.T) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "byoos.yaml")
	put(t, spec, "kind: ImageSet\n")
	target := filepath.Join(dir, "a.yaml")
	if test.target != "" {
		target = filepath.Join(dir, test.target)
	}
	if test.there != nil {
		test.there(t, dir, target)
	}
	first := wholefile.File{Path: filepath.Join(dir, "0.yaml"), Name: "0.yaml", Data: []byte("x")}
	file := wholefile.File{Path: target, Name: "NAME", Data: wholefile.Marked(target, []byte("pack: 2\n"))}
	guard := wholefile.Guard{Inputs: []string{spec, filepath.Join(dir, "byoos.lock")}}
	_, err := guard.Write(t.Context(), first, file)
	if test.want != "" {
		if failure.Code(err) != failure.ExitUsage || !strings.HasPrefix(err.Error(), "NAME ") || !strings.Contains(err.Error(), test.why) {
			t.Errorf("got %v, want %q", err, test.why)
		}
		if _, err := os.Lstat(first.Path); err == nil {
			t.Error("a file was written before all were checked")
		}
		guard.Force = true
		_, err = guard.Write(t.Context(), first, file)
	}
	if (err == nil) != (test.want != never) {
		t.Errorf("got %v; want it %s", err, test.want)
	}
	if err == nil && content(t, target) != string(file.Data) {
		t.Errorf("got %q", content(t, target))
	}
	if got := content(t, spec); got != "kind: ImageSet\n" {
		t.Errorf("the spec is now %q", got)
	}
}

func TestGuardTellsAllThatItRefuses(t *testing.T) {
	dir := t.TempDir()
	var files []wholefile.File
	for _, name := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		files = append(files, wholefile.File{Path: filepath.Join(dir, name), Name: name})
	}
	put(t, files[0].Path, "mine")
	put(t, files[2].Path, "mine")
	err := wholefile.Guard{}.Check(files...)
	const why = " exists, and is not marked as an output of kubectl byoos"
	want := &failure.Error{
		Code: failure.ExitUsage, Summary: "2 of 3 files may not be written, and none is",
		Details: []string{"a.yaml" + why, "c.yaml" + why},
		Next:    "move them away or write elsewhere, or replace them with --force",
	}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
}

func TestNamesThatDifferInCaseOnly(t *testing.T) {
	dir := t.TempDir()
	_, err := wholefile.Guard{Force: true}.Write(t.Context(),
		wholefile.File{Path: filepath.Join(dir, "East.yaml"), Name: "East.yaml"}, wholefile.File{Path: filepath.Join(dir, "east.yaml"), Name: "east.yaml"})
	if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), "East.yaml and east.yaml are one file") {
		t.Errorf("got %v", err)
	}
}

// Only what changes is written, and what was is told.
func TestWritten(t *testing.T) {
	dir := t.TempDir()
	at := func(name, data string) wholefile.File {
		path := filepath.Join(dir, "new", name)
		return wholefile.File{Path: path, Name: name, Data: wholefile.Marked(path, []byte(data))}
	}
	if written, err := (wholefile.Guard{}).Write(t.Context(), at("a.yaml", "1"), at("b.yaml", "1")); err != nil || len(written) != 2 {
		t.Fatal(written, err)
	}
	written, err := wholefile.Guard{}.Write(t.Context(), at("a.yaml", "1"), at("b.yaml", "2"))
	if diff := cmp.Diff([]string{"b.yaml"}, written); err != nil || diff != "" {
		t.Error(err, diff)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "new"))
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the files: %v, %v", entries, err)
	}
}

func TestNothingIsWrittenAfterASignal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	_, err := wholefile.Guard{}.Write(ctx, wholefile.File{Path: filepath.Join(dir, "a"), Name: "a", Data: []byte("x")})
	if failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("wrote %v", entries)
	}
}

// A file that the user named is replaced where it is, unless somebody else changed
// it since it was read.
func TestFileThatTheUserNamed(t *testing.T) {
	dir := t.TempDir()
	target, named := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	put(t, target, "old")
	link(t, os.Symlink, "target", named)
	file := wholefile.File{Path: named, Name: "link", Read: []byte("old"), Data: []byte("new")}
	if _, err := (wholefile.Guard{}).Write(t.Context(), file); err != nil || content(t, target) != "new" {
		t.Errorf("got %q, %v", content(t, target), err)
	}
	if info, err := os.Lstat(named); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", info.Mode(), err)
	}
	put(t, target, "somebody else's")
	if _, err := (wholefile.Guard{}).Write(t.Context(), file); failure.Code(err) != failure.ExitUsage || content(t, target) != "somebody else's" {
		t.Errorf("got %q, %v", content(t, target), err)
	}
	other := wholefile.File{Path: dir, Name: "dir", Read: []byte("old"), Data: []byte("new")}
	if _, err := (wholefile.Guard{}).Write(t.Context(), other); failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), "is no regular file") {
		t.Errorf("got %v of what is no file", err)
	}
	if err := (wholefile.Guard{Inputs: []string{target}}).Check(file); failure.Code(err) != failure.ExitUsage {
		t.Errorf("an input may be changed: %v", err)
	}
}

// What a killed run left is removed, and nothing else that looks like it.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, ".byoos-123.tmp", "0"), "half a fi")
	put(t, filepath.Join(dir, ".byoos-123.tmp", "turn"), "")
	put(t, filepath.Join(dir, ".byoos-456.tmp", "mine.txt"), "a user's")
	put(t, filepath.Join(dir, ".byoos-mine.tmp", "0"), "a user's")
	if err := wholefile.Write(filepath.Join(dir, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := filepath.Glob(filepath.Join(dir, ".byoos-*", "*"))
	want := []string{filepath.Join(dir, ".byoos-456.tmp", "mine.txt"), filepath.Join(dir, ".byoos-mine.tmp", "0")}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A lock of a turn that was removed is nobody's: another has one of the new file.
func TestTurnThatWasRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "turn")
	before, now := flock.New(path), flock.New(path)
	defer before.Close()
	defer now.Close()
	for _, turn := range []*flock.Flock{before, now} {
		if locked, err := turn.TryLock(); err != nil || !locked || !wholefile.OnDisk(turn) {
			t.Fatalf("got %v, %v", locked, err)
		}
		if turn == now {
			break
		}
		if err := os.Remove(path); err != nil {
			t.Skip("no open file can be removed here:", err)
		}
	}
	if wholefile.OnDisk(before) {
		t.Error("both are taken for the turn")
	}
}

// Programs that write into one folder do not take each other's files for left ones.
func TestWritersInOneFolder(t *testing.T) {
	dir := t.TempDir()
	failed := make(chan error)
	const writers, rounds = 8, 20
	for i := range writers {
		go func() {
			var err error
			path := filepath.Join(dir, string(rune('a'+i)))
			for n := 0; n < rounds && err == nil; n++ {
				err = wholefile.Write(path, []byte{byte(n)}, 0o600)
			}
			failed <- err
		}()
	}
	for range writers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != writers {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestMarked(t *testing.T) {
	for name, test := range map[string]struct{ data, first, rest string }{
		"a.yaml":        {"pack: 1\n", "# Written by", "pack: 1\n"},
		"byoos.tf":      {"locals {}\n", "# Written by", "locals {}\n"},
		"byoos.tf.json": {"{\n  \"locals\": {}\n}\n", "{\n  \"//\": \"Written by", "  \"locals\": {}\n}\n"},
	} {
		got := wholefile.Marked(name, []byte(test.data))
		if !bytes.HasPrefix(got, []byte(test.first)) || !bytes.HasSuffix(got, []byte("\n"+test.rest)) {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
