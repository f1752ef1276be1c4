package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
)

// loading is a file that Packer writes while it is read: reading is what it does during a
// read, pausing what it does in a pause.
type loading struct {
	text             string
	reading, pausing func(file string, times int)
	// want is the text that is read; else failed is a part of the error.
	want, failed  string
	reads, pauses int
}

// check waits for 300 ms at most. A text of "cut" is a manifest that is cut short, one of
// "broken" is none.
func (l loading) check(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.json")
	put(t, file, l.text)
	reads, pauses, told := 0, 0, 0
	var opened io.ReaderAt
	read := func(_ context.Context, r io.ReaderAt, size int64) (*manifest.Manifest, error) {
		reads++
		opened = r
		data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		if err != nil {
			return nil, err
		}
		if l.reading != nil {
			l.reading(file, reads)
		}
		switch string(data) {
		case "cut":
			return nil, &manifest.Error{Kind: manifest.Truncated, Message: "cut short"}
		case "broken":
			return nil, &manifest.Error{Kind: manifest.Syntax, Message: "no manifest"}
		}
		return &manifest.Manifest{LastRun: string(data)}, nil
	}
	sleep := func(_ context.Context, d time.Duration) error {
		pauses++
		if l.pausing != nil {
			l.pausing(file, pauses)
		}
		if d != 100*time.Millisecond || pauses == 9 {
			return errors.New("woken")
		}
		return nil
	}
	got, err := Loader{Wait: 300 * time.Millisecond, Sleep: sleep, Waiting: func() { told++ }}.Load(t.Context(), file, read)
	switch {
	case l.failed != "":
		if err == nil || got != nil || !strings.Contains(err.Error(), l.failed) {
			t.Errorf("got %v, %v, want %s", got, err, l.failed)
		}
	case err != nil || got.LastRun != l.want:
		t.Errorf("got %v, %v, want %s", got, err, l.want)
	}
	if reads != l.reads || pauses != l.pauses || told != pauses {
		t.Errorf("%d reads, %d pauses, of which %d were told; want %d and %d", reads, pauses, told, l.reads, l.pauses)
	}
	if opened != nil {
		if _, err := opened.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("the file is open: %v", err)
		}
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// once does something the first time only.
func once(do func(file string)) func(string, int) {
	return func(file string, times int) {
		if times == 1 {
			do(file)
		}
	}
}

func TestWhatPackerWrites(t *testing.T) {
	lock := func(file string) { put(t, file+".lock", "") }
	unlock := func(file string) { _ = os.Remove(file + ".lock") }
	becomes := func(text string) func(string) { return func(file string) { put(t, file, text) } }
	always := func(do func(string)) func(string, int) { return func(file string, _ int) { do(file) } }
	third := func(do func(string)) func(string, int) {
		return func(file string, times int) {
			if times == 3 {
				do(file)
			}
		}
	}
	// keeping does something to a file whose time stays.
	keeping := func(do func(string)) func(string) {
		return func(file string) {
			info, err := os.Stat(file)
			do(file)
			if err = errors.Join(err, os.Chtimes(file, info.ModTime(), info.ModTime())); err != nil {
				t.Error(err)
			}
		}
	}
	another := func(file string) {
		put(t, file+".new", "same")
		_ = os.Rename(file+".new", file)
	}
	touched := func(file string) { _ = os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)) }
	for name, tt := range map[string]loading{
		"is whole":                         {text: "whole", want: "whole", reads: 1},
		"is none":                          {text: "broken", failed: "no manifest", reads: 1},
		"stays cut short":                  {text: "cut", failed: "cut short", reads: 1, pauses: 3},
		"grows":                            {text: "cut", pausing: third(becomes("whole")), want: "whole", reads: 2, pauses: 3},
		"is locked while it is read":       {text: "old", reading: once(lock), pausing: once(func(file string) { unlock(file); put(t, file, "new") }), want: "new", reads: 2, pauses: 1},
		"is locked for long":               {text: "old", reading: once(lock), failed: "lock file", reads: 1, pauses: 3},
		"is locked, and was broken":        {text: "broken", reading: once(lock), pausing: third(func(file string) { unlock(file); put(t, file, "new") }), want: "new", reads: 2, pauses: 3},
		"changes while it is read":         {text: "old", reading: once(becomes("newer")), want: "newer", reads: 2, pauses: 1},
		"changes, and was broken":          {text: "broken", reading: once(becomes("whole")), want: "whole", reads: 2, pauses: 1},
		"changes always":                   {text: "old", reading: always(func(file string) { touched(file); lengthen(t, file) }), failed: "changed while", reads: 4, pauses: 3},
		"is longer, of one time":           {text: "old", reading: once(keeping(becomes("newer"))), want: "newer", reads: 2, pauses: 1},
		"is another one, of size and time": {text: "same", reading: once(keeping(another)), want: "same", reads: 2, pauses: 1},
		"is of another time":               {text: "same", reading: once(touched), want: "same", reads: 2, pauses: 1},
		"goes while it is read":            {text: "old", reading: once(func(file string) { _ = os.Remove(file) }), failed: "no such file", reads: 1, pauses: 1},
	} {
		t.Run(name, tt.check)
	}
}

func lengthen(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	put(t, file, string(data)+"x")
}

// TestNoFile: what is not there, or is no file, is not waited for.
func TestNoFile(t *testing.T) {
	none := func(context.Context, io.ReaderAt, int64) (*manifest.Manifest, error) {
		t.Error("it was read")
		return nil, nil
	}
	dir := t.TempDir()
	loader := Loader{Wait: time.Second}
	if _, err := loader.Load(t.Context(), filepath.Join(dir, "m.json"), none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := loader.Load(t.Context(), dir, none); err == nil || err.Error() != "it is not a regular file" {
		t.Errorf("got %v", err)
	}
}

// TestLocked: the lock counts before the file is there, and the wait for it may end.
func TestLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.json")
	put(t, file+".lock", "")
	none := func(context.Context, io.ReaderAt, int64) (*manifest.Manifest, error) {
		t.Error("it was read")
		return nil, nil
	}
	if _, err := (Loader{}).Load(t.Context(), file, none); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
	loader := Loader{Wait: time.Hour, Waiting: func() {}, Sleep: func(context.Context, time.Duration) error { return context.Canceled }}
	if m, err := loader.Load(t.Context(), file, none); m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", m, err)
	}
}

// TestOnlyInOneState: who reads a file twice sees it in one state, or is told.
func TestOnlyInOneState(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.json")
	reads := 0
	read := func(context.Context, io.ReaderAt, int64) (*manifest.Manifest, error) {
		reads++
		return &manifest.Manifest{}, nil
	}
	put(t, file, "{}")
	var state State
	if _, err := (Loader{State: &state}).Load(t.Context(), file, read); err != nil {
		t.Fatal(err)
	}
	again := Loader{Only: state}
	if _, err := again.Load(t.Context(), file, read); err != nil || reads != 2 {
		t.Fatalf("%d reads, %v", reads, err)
	}
	put(t, file, "{ }")
	if _, err := again.Load(t.Context(), file, read); !errors.Is(err, ErrChanged) || reads != 2 {
		t.Errorf("%d reads, %v", reads, err)
	}
	put(t, file, "{}")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Load(t.Context(), file, read); !errors.Is(err, ErrChanged) {
		t.Errorf("of a file that is gone: %v", err)
	}
}
