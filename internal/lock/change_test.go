package lock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
)

func TestChangesAtOnceKeepAllEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
				return f.Put(entry(fmt.Sprintf("p%02d", i), "ami-1"))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	file, err := lock.Load(t.Context(), path, lock.FileName)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(file.Names()); got != 20 {
		t.Errorf("%d entries, want 20", got)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("left beside the lock: %v, %v", files, err)
	}
}

func TestChangeThatFailsKeepsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	text := written(t)
	writeFile(t, path, text)
	err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
		f.Remove("east")
		return errors.New("no")
	})
	if got := readFile(t, path); err == nil || got != text {
		t.Errorf("got %v, content changed: %v", err, got != text)
	}
}

// TestOthersChangesAreKept: what appears or changes beside us, by a program that
// takes no turns, is not replaced.
func TestOthersChangesAreKept(t *testing.T) {
	theirs := strings.Replace(written(t), "# Written", "# Theirs", 1)
	for name, before := range map[string]string{"appears": "", "changes": written(t)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lock.FileName)
			if before != "" {
				writeFile(t, path, before)
			}
			err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
				writeFile(t, path, theirs)
				return f.Put(entry("north", "ami-3"))
			})
			var f *failure.Error
			if !errors.As(err, &f) || err.Error() != "byoos.lock was changed meanwhile" || f.Next != "look at it, and run the command again" || readFile(t, path) != theirs {
				t.Errorf("got %v, and the lock is:\n%s", err, readFile(t, path))
			}
		})
	}
}

// TestWrite: one that is there is kept unless it is to be replaced, and what is no
// lock always.
func TestWrite(t *testing.T) {
	for name, test := range map[string]struct {
		before  string
		replace bool
		written bool
	}{
		"new":              {"", false, true},
		"exists":           {"kind: Lock\n", false, false},
		"replaced":         {"kind: Lock\npacks: []\n", true, true},
		"conflict":         {"<<<<<<< HEAD\nkind: Lock\n", true, true},
		"JSON":             {`{"kind":"Lock"}`, true, true},
		"blank":            {"\n", true, true},
		"spec":             {"kind: ImageSet\n", true, false},
		"values":           {"pack:\n  osName: rhel\n", true, false},
		"any file at all":  {"root:x:0:0", true, false},
		"spec with a word": {"kind: ImageSet\n# beside it lies a Lock\n", true, false},
		"a key before":     {`{"apiVersion": "x", 'kind': "Lock"}`, true, true},
		"another kind":     {"kind: Locker\n", true, false},
		"a kind within":    {"a: kind: Lock\n", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lock.FileName)
			if test.before != "" {
				writeFile(t, path, test.before)
			}
			err := lock.Write(t.Context(), path, lock.FileName, []lock.Entry{entry("east", "ami-1")}, test.replace)
			if (err == nil) != test.written {
				t.Fatalf("got %v", err)
			}
			if test.replace && !test.written && err.Error() != "byoos.lock is no lock, and is kept" {
				t.Errorf("got %v", err)
			}
			if !test.written && (readFile(t, path) != test.before || errors.Is(err, fs.ErrExist) == test.replace) {
				t.Errorf("got %v, and the file is now:\n%s", err, readFile(t, path))
			}
			if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
				t.Errorf("left beside the lock: %v, %v", files, err)
			}
		})
	}
}

// TestLinks: a lock that is a link is changed where it lies; a link to nothing is an
// error.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "shared", lock.FileName), filepath.Join(dir, lock.FileName)
	if err := os.Mkdir(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	entries := []lock.Entry{entry("east", "ami-1")}
	put := func(f *lock.File) error { return f.Put(entries[0]) }
	_, err := lock.Load(t.Context(), link, lock.FileName)
	for name, err := range map[string]error{
		"Load": err, "Change": lock.Change(t.Context(), link, lock.FileName, put),
		"Write": lock.Write(t.Context(), link, lock.FileName, entries, true), "CheckWrite": lock.CheckWrite(link, lock.FileName, true),
	} {
		if failure.Code(err) != failure.ExitUsage || !strings.HasPrefix(err.Error(), "byoos.lock is a link that leads nowhere: ") || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	writeFile(t, target, written(t))
	for name, change := range map[string]func() error{
		"Change": func() error { return lock.Change(t.Context(), link, lock.FileName, put) },
		"Write":  func() error { return lock.Write(t.Context(), link, lock.FileName, entries, true) },
	} {
		if err := change(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s: the link is replaced: %v", name, err)
		}
		if !strings.Contains(readFile(t, target), "id: ami-1\n") {
			t.Errorf("%s: the target is not changed", name)
		}
	}
}

// TestLineEndsStay: a lock that git checked out with CRLF keeps them.
func TestLineEndsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	windows := strings.ReplaceAll(written(t), "\n", "\r\n")
	writeFile(t, path, windows)
	change := func(id string) string {
		if err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error { return f.Put(entry("west", id)) }); err != nil {
			t.Fatal(err)
		}
		return readFile(t, path)
	}
	if got := change("ami-5"); strings.Count(got, "\n") != strings.Count(got, "\r\n") || !strings.Contains(got, "ami-5") {
		t.Errorf("line ends are mixed: %q", got)
	}
	if got := change("ami-0123456789abcdef2"); got != windows {
		t.Errorf("there and back is not the same:\n%s", cmp.Diff(windows, got))
	}
}

// TestNothingToDo: where no file can be made, a change that changes nothing is none.
func TestNothingToDo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, lock.FileName)
	text := written(t)
	writeFile(t, path, text)
	// A folder in place of the guard: no guard can be made, not even by root.
	if err := os.Mkdir(filepath.Join(dir, "."+lock.FileName+".guard"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := lock.Change(t.Context(), path, lock.FileName, func(*lock.File) error { return nil }); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	put := func(f *lock.File) error { return f.Put(entry("west", "ami-5")) }
	var f *failure.Error
	for name, err := range map[string]error{
		"Change":          lock.Change(t.Context(), path, lock.FileName, put),
		"one that failed": lock.Change(t.Context(), path, lock.FileName, func(*lock.File) error { return io.EOF }),
		"Write":           lock.Write(t.Context(), path, lock.FileName, nil, true),
	} {
		if !errors.As(err, &f) || f.Code != failure.ExitFailure || !strings.HasPrefix(err.Error(), "cannot change byoos.lock: no guard can be made beside it: ") ||
			!strings.HasPrefix(f.Next, "make the folder writable") || readFile(t, path) != text {
			t.Errorf("%s without a guard: %v", name, err)
		}
	}
}

// TestUnchangedIsNotWritten: a file that nothing was put into keeps its time and place.
func TestUnchangedIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	writeFile(t, path, written(t))
	before, _ := os.Stat(path)
	for range 2 {
		if err := lock.Change(t.Context(), path, lock.FileName, func(*lock.File) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("%v, %v", after, err)
		}
	}
	none := filepath.Join(filepath.Dir(path), "none.lock")
	if err := lock.Change(t.Context(), none, lock.FileName, func(*lock.File) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Load(t.Context(), none, lock.FileName); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestWhatCannotBeRead is told by each who reads it, and stays.
func TestWhatCannotBeRead(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "my.lock")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(folder), "file")
	writeFile(t, file, "<<<<<<< HEAD\n")
	nothing := func(*lock.File) error { return nil }
	bad := entry("east", "ami-1")
	bad.Image.Provider = ""
	late := entry("east", "ami-1")
	at := late.Image.CreatedAt.AddDate(9000, 0, 0)
	late.Image.CreatedAt = &at
	write := func(entries ...lock.Entry) error {
		return lock.Write(t.Context(), filepath.Join(filepath.Dir(folder), "new"), "my.lock", entries, true)
	}
	for _, tt := range []struct {
		got  error
		want string
	}{
		{lock.Change(t.Context(), folder, "my.lock", nothing), "cannot read my.lock: "},
		{lock.Peek(t.Context(), folder, "my.lock", nothing), "cannot read my.lock: "},
		{lock.Write(t.Context(), folder, "my.lock", nil, true), "my.lock is no lock, and is kept"},
		{lock.CheckWrite(filepath.Join(file, "x"), "my.lock", true), "cannot read my.lock: "},
		{lock.Change(t.Context(), file, "my.lock", nothing), "my.lock:1: a merge conflict"},
		{lock.Change(t.Context(), file+"2", "my.lock", func(f *lock.File) error { return f.Put(bad) }), "my.lock is not written: "},
		{write(bad), "my.lock is not written: "},
		{write(late), "cannot encode the lock entry of east: "},
	} {
		if tt.got == nil || !strings.HasPrefix(tt.got.Error(), tt.want) {
			t.Errorf("got %v, want %s", tt.got, tt.want)
		}
	}
}

// TestInterruptedChange: what was changed when the command was interrupted is not written,
// and is nothing to look at.
func TestInterruptedChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	ctx, cancel := context.WithCancel(t.Context())
	put := func(f *lock.File) error { cancel(); return f.Put(entry("west", "ami-5")) }
	for range 2 {
		err := lock.Change(ctx, path, lock.FileName, put)
		var f *failure.Error
		if !errors.As(err, &f) || f.Code != failure.ExitInterrupted || f.Next != "" {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is there: %v", err)
		}
	}
}

// TestTurnsBehindLinks: who comes by a link waits for who changes the lock that it leads to.
func TestTurnsBehindLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "shared", lock.FileName), filepath.Join(dir, lock.FileName)
	if err := os.Mkdir(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, target, written(t))
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	err := lock.Change(t.Context(), target, lock.FileName, func(f *lock.File) error {
		done, cancel := context.WithCancel(t.Context())
		cancel()
		for name, err := range map[string]error{
			"Change": lock.Change(done, link, lock.FileName, func(f *lock.File) error { return f.Put(entry("west", "ami-2")) }),
			"Write":  lock.Write(done, link, lock.FileName, nil, true),
		} {
			if err == nil || err.Error() != "another process is changing byoos.lock: context canceled" {
				t.Errorf("%s: %v", name, err)
			}
		}
		return f.Put(entry("east", "ami-1"))
	})
	if err != nil || !strings.Contains(readFile(t, target), "id: ami-1\n") {
		t.Errorf("got %v, and the lock is:\n%s", err, readFile(t, target))
	}
}

func TestChangeWaitsNoLongerThanItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	err := lock.Change(t.Context(), path, lock.FileName, func(*lock.File) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return lock.Change(ctx, path, lock.FileName, func(*lock.File) error { return nil })
	})
	var f *failure.Error
	if !errors.As(err, &f) || f.Code != failure.ExitFailure || err.Error() != "another process is changing byoos.lock: context deadline exceeded" || f.Next == "" {
		t.Errorf("got %v", err)
	}
}

// TestLargeLock: a lock may be larger, and have more values, than what people write by
// hand; what aliases make of it may not.
func TestLargeLock(t *testing.T) {
	with := func(more string) error {
		_, err := lock.Parse(lock.FileName, []byte(strings.Replace(written(t), "complete:", more+"complete:", 1)))
		return err
	}
	if err := with("# " + strings.Repeat("x", 4<<20) + "\nlater: [" + strings.Repeat("0,", 100_000) + "0]\n"); err != nil {
		t.Error(err)
	}
	aliases := "later: &a [" + strings.Repeat("0,", 200) + "0]\nlatest: [" + strings.Repeat("*a,", 200) + "*a]\n"
	var f *failure.Error
	if err := with(aliases); !errors.As(err, &f) || !strings.Contains(f.Details[0], "counting what aliases stand for") {
		t.Errorf("of aliases: %v", err)
	}
}
