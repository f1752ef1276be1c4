package wholefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
)

// File is a file that a command writes.
type File struct {
	// Path is where it is, Name what messages call it.
	Path, Name string
	// Data is what it gets.
	Data []byte
	// Read is what the file held when the command read it. It is set for a file
	// that the user named to be changed, and nil for all others.
	Read []byte
}

// Guard writes the files of one command. A file that is there is replaced when it
// is an earlier output and nobody changed it since, when the user named it to be
// changed, or with Force; a file that the command works from never is. All files
// are checked before the first is written.
type Guard struct {
	// Inputs are the paths of the files that the command works from.
	Inputs []string
	// Force is the user's word that what is there may be replaced.
	Force bool
}

// maxName is how long a name is allowed to be, in bytes, by the file systems of
// Linux and macOS and, in characters, of Windows.
const maxName = 255

// Check tells whether all files may be written: a *failure.Error with ExitUsage
// that names those that may not, else an error of the file system.
func (g Guard) Check(files ...File) error {
	if err := apart(files); err != nil {
		return err
	}
	var refused []string
	forcible := true
	for _, file := range files {
		why, force, err := g.refusal(file)
		if err != nil {
			return fmt.Errorf("cannot look at %s: %w", file.Name, cause(err))
		}
		if why != "" {
			refused = append(refused, file.Name+" "+why)
			forcible = forcible && force
		}
	}
	if len(refused) == 0 {
		return nil
	}
	next := "write elsewhere"
	if forcible {
		next = "move it away or write elsewhere, or replace it with --force"
	}
	if len(refused) == 1 {
		return failure.Usage(next, "%s", refused[0])
	}
	return &failure.Error{
		Code: failure.ExitUsage, Summary: fmt.Sprintf("%d of %d files may not be written, and none is", len(refused), len(files)),
		Details: refused, Next: strings.ReplaceAll(next, " it", " them"),
	}
}

// apart refuses outputs whose names are one where case does not count, on every
// system: else the same spec would lose a file on another.
func apart(files []File) error {
	names := map[string]File{}
	for _, file := range files {
		if file.Read != nil {
			continue
		}
		key := strings.ToLower(filepath.Clean(file.Path))
		if other, twice := names[key]; twice {
			return failure.Usage("rename one of them", "%s and %s are one file where upper and lower case are the same", other.Name, file.Name)
		}
		names[key] = file
	}
	return nil
}

// refusal says why a file may not be written, and whether Force would change it;
// why is empty when it may.
func (g Guard) refusal(file File) (why string, forcible bool, err error) {
	base := filepath.Base(file.Path)
	if len(base) > maxName || !filepath.IsLocal(base) {
		return fmt.Sprintf("has a name that a file cannot have (at most %d bytes)", maxName), false, nil
	}
	for _, input := range g.Inputs {
		if Same(input, file.Path) {
			return "is what the command works from", false, nil
		}
	}
	info, err := os.Lstat(file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, err
	case file.Read != nil:
		why, err := changed(file)
		return why, false, err
	case info.Mode().Type()&^fs.ModeSymlink != 0:
		return "exists, and is no regular file", false, nil
	case g.Force:
		return "", false, nil
	case info.Mode().Type() != 0:
		return "exists, and is a symbolic link", true, nil
	}
	data, err := os.ReadFile(file.Path)
	if err != nil {
		return "", false, err
	}
	switch marked, unchanged := mark(data); {
	case !marked:
		return "exists, and is not marked as an output of kubectl byoos", true, nil
	case !unchanged:
		return "was changed since it was written", true, nil
	}
	return "", false, nil
}

// changed says why a file that the user named is not replaced: it is another than
// the one that was read.
func changed(file File) (string, error) {
	info, err := os.Stat(file.Path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // a pipe, which does not say twice what it said
		return "is no regular file", nil
	}
	data, err := os.ReadFile(file.Path)
	if err == nil && !bytes.Equal(data, file.Read) {
		return "was changed meanwhile", nil
	}
	return "", err
}

// Same tells whether two paths lead to one file that is there: also through
// symbolic and hard links, and names that the file system takes for one.
func Same(a, b string) bool {
	infoA, err := os.Stat(a)
	if err != nil {
		return false
	}
	infoB, err := os.Stat(b)
	return err == nil && os.SameFile(infoA, infoB)
}

// Write checks all files, and then writes those whose content changes: each whole
// or not at all, the first one when all of them are on the disk. It returns the
// names of those written, also beside an error. After ctx has ended nothing is
// written.
func (g Guard) Write(ctx context.Context, files ...File) (written []string, err error) {
	if err := g.Check(files...); err != nil {
		return nil, err
	}
	w := writer{stages: map[string]*stage{}}
	defer w.close()
	for _, file := range files {
		if err := w.prepare(file); err != nil {
			return nil, fmt.Errorf("cannot write %s: %w", file.Name, err)
		}
	}
	if ctx.Err() != nil {
		return nil, interrupt.Error(ctx)
	}
	for _, p := range w.parts {
		if err := p.commit(); err != nil {
			return written, fmt.Errorf("cannot write %s: %w", p.name, cause(err))
		}
		written = append(written, p.name)
	}
	return written, nil
}

// writer holds the files of a Write until the last one is on the disk.
type writer struct {
	stages map[string]*stage
	parts  []part
}

type part struct {
	name   string
	commit func() error
}

func (w *writer) prepare(file File) error {
	path := file.Path
	if target, err := filepath.EvalSymlinks(path); err == nil && file.Read != nil {
		// The user named it to be changed: a symbolic link stays.
		path = target
	}
	if old, err := regular(path); err == nil && bytes.Equal(old, file.Data) {
		return nil
	}
	s, err := w.stage(filepath.Dir(path))
	if err != nil {
		return explain(path, err)
	}
	commit, err := s.add(path, file.Data, 0o644)
	if err != nil {
		return explain(path, err)
	}
	w.parts = append(w.parts, part{file.Name, commit})
	return nil
}

// regular reads a file that is neither a link nor a pipe.
func regular(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fs.ErrInvalid)
	}
	return os.ReadFile(path)
}

func (w *writer) stage(dir string) (*stage, error) {
	if w.stages[dir] == nil {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // outputs are not secret
			return nil, err
		}
		s, err := newStage(dir)
		if err != nil {
			return nil, err
		}
		w.stages[dir] = s
	}
	return w.stages[dir], nil
}

func (w *writer) close() {
	for _, s := range w.stages {
		s.close()
	}
}
