package wholefile

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"

	"github.com/gofrs/flock"
)

// Files are made in a folder of the run, within the directory that they are for:
// a rename from there stays on one file system, and a name may be as long as
// names can be. Its turn is locked as long as the run lives, which tells a folder
// in use from what a run that was killed left.
const (
	stagePattern = ".byoos-*.tmp"
	turnName     = "turn"
)

var (
	stageName = regexp.MustCompile(`^\.byoos-\d+\.tmp$`)
	partName  = regexp.MustCompile(`^(?:\d+|` + turnName + `)$`)
)

// stage is the folder of a run in one directory.
type stage struct {
	dir  string
	turn *flock.Flock
	next int
}

// newStage makes the folder in dir, and removes those that killed runs left.
func newStage(dir string) (*stage, error) {
	sweep(dir)
	for {
		folder, err := os.MkdirTemp(dir, stagePattern)
		if err != nil {
			return nil, err
		}
		s := &stage{dir: folder, turn: flock.New(filepath.Join(folder, turnName))}
		locked, err := s.turn.TryLock()
		_, lost := os.Stat(s.turn.Path())
		_, taken := os.Stat(folder)
		switch {
		case taken != nil, err == nil && (!locked || !OnDisk(s.turn)):
			// Another run took the new folder for a left one.
			s.close()
		case lost != nil:
			s.close()
			return nil, err
		default:
			// Where files cannot be locked, nobody sweeps either.
			return s, nil
		}
	}
}

// sweep removes the folders of runs that are no more. What cannot be removed
// stays: it harms nobody.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !entry.IsDir() || !stageName.MatchString(entry.Name()) {
			continue
		}
		s := &stage{dir: filepath.Join(dir, entry.Name())}
		s.turn = flock.New(filepath.Join(s.dir, turnName))
		if info, err := os.Lstat(s.turn.Path()); err == nil && !info.Mode().IsRegular() {
			continue
		}
		if locked, err := s.turn.TryLock(); err == nil && locked && OnDisk(s.turn) {
			s.close()
		}
		_ = s.turn.Close()
	}
}

// OnDisk tells whether the file that is locked is the one on disk: a lock of one that
// was removed meanwhile guards nothing, and another may hold that of a new one.
func OnDisk(turn *flock.Flock) bool {
	held, _ := turn.Stat()
	there, _ := os.Stat(turn.Path())
	return os.SameFile(held, there) // never of none
}

// add writes data into the folder; commit puts it in place.
func (s *stage) add(path string, data []byte, perm os.FileMode) (commit func() error, err error) {
	part := filepath.Join(s.dir, strconv.Itoa(s.next))
	s.next++
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	var kept error
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		kept = file.Chmod(info.Mode().Perm())
	}
	_, err = file.Write(data)
	if err = errors.Join(kept, err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	return func() error { return os.Rename(part, path) }, nil
}

// close removes the folder and the parts that are still in it.
func (s *stage) close() {
	if runtime.GOOS == "windows" {
		// An open file cannot be removed there. Elsewhere it is removed while it is
		// locked, so that nobody takes a folder that goes.
		_ = s.turn.Close()
	}
	entries, _ := os.ReadDir(s.dir)
	for _, entry := range entries {
		if partName.MatchString(entry.Name()) {
			_ = os.Remove(filepath.Join(s.dir, entry.Name()))
		}
	}
	_ = os.Remove(s.dir)
	_ = s.turn.Close()
}
