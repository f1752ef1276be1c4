//go:build unix

package ownership

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// folder returns a directory of one's own that others may pass.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ownership") // others have to find it, as they may not in t.TempDir
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	chmod(t, dir, 0o755)
	return dir
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// written makes a file with a mode.
func written(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
	return path
}

func symlink(t *testing.T, target, path string) string {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func give(t *testing.T, path string, uid int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	if err := os.Lchown(path, uid, -1); err != nil {
		t.Fatal(err)
	}
}

// as runs a function as another user.
func as(t *testing.T, uid int, f func()) {
	t.Helper()
	if err := syscall.Seteuid(uid); err != nil {
		t.Skip("only root is another:", err)
	}
	defer func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// said is what Private says of a file, with the command that corrects it.
func said(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	err = Private(path, info)
	var e Error
	if errors.As(err, &e) {
		return strings.TrimSuffix(fmt.Sprintf("%v; %s", err, e.Next()), "; ")
	}
	return fmt.Sprint(err)
}

func TestModes(t *testing.T) {
	for _, tt := range []struct {
		file, dir os.FileMode
		want      string
	}{
		{0o755, 0o755, "<nil>"},
		{0o600, 0o700, "<nil>"},
		{0o644, 0o777 | os.ModeSticky, "<nil>"},
		{0o620, 0o755, "other users may write to FILE; run: chmod go-w FILE"},
		{0o602, 0o755, "other users may write to FILE; run: chmod go-w FILE"},
		{0o602 | os.ModeSticky, 0o755, "other users may write to FILE; run: chmod go-w FILE"},
		{0o602, 0o777 | os.ModeSticky, "other users may write to FILE; run: chmod go-w FILE"},
		{0o600, 0o775, "other users may write to DIR; run: chmod go-w DIR"},
		{0o666, 0o757, "other users may write to FILE and DIR; run: chmod go-w FILE DIR"},
	} {
		dir := folder(t)
		file := written(t, filepath.Join(dir, "file"), tt.file)
		chmod(t, dir, tt.dir)
		if got := strings.NewReplacer(file, "FILE", dir, "DIR").Replace(said(t, file)); got != tt.want {
			t.Errorf("%v in %v: got %s, want %s", tt.file, tt.dir, got, tt.want)
		}
	}
}

// TestOwners: what belongs to this user and to root is trusted. What belongs to another is
// told before what others may write to, which is not all of it then.
func TestOwners(t *testing.T) {
	const me, stranger = 65533, 65534
	for name, tt := range map[string]struct {
		file, dir int
		mode      os.FileMode
		want      string
	}{
		"mine":                        {me, me, 0o644, "<nil>"},
		"root's":                      {0, 0, 0o644, "<nil>"},
		"a stranger's file":           {stranger, me, 0o644, "FILE belongs to another user (uid 65534)"},
		"a stranger's folder":         {me, stranger, 0o644, "DIR belongs to another user (uid 65534)"},
		"both":                        {stranger, stranger, 0o644, "FILE belongs to another user (uid 65534)"},
		"open, in a stranger's":       {me, stranger, 0o666, "DIR belongs to another user (uid 65534)"},
		"a stranger's, to be open":    {stranger, me, 0o666, "other users may write to FILE; run: chmod go-w FILE"},
		"open, in one that is root's": {me, 0, 0o666, "other users may write to FILE; run: chmod go-w FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			file := written(t, filepath.Join(dir, "file"), tt.mode)
			give(t, file, tt.file)
			give(t, dir, tt.dir)
			var got string
			as(t, me, func() { got = said(t, file) })
			if got := strings.NewReplacer(file, "FILE", dir, "DIR").Replace(got); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestLinks: each on the way counts with the folder that it is in, wherever it leads.
func TestLinks(t *testing.T) {
	dir, way, far := folder(t), folder(t), folder(t)
	file := written(t, filepath.Join(far, "file"), 0o644)
	symlink(t, "../"+filepath.Base(far), filepath.Join(way, "step"))
	relative := symlink(t, "../"+filepath.Base(way)+"/step/file", filepath.Join(dir, "relative"))
	absolute := symlink(t, filepath.Join(way, "step", "file"), filepath.Join(dir, "absolute"))
	through := symlink(t, dir, filepath.Join(folder(t), "dir")) + "/../" + filepath.Base(dir) + "/relative"
	t.Chdir(dir)
	for _, path := range []string{file, relative, absolute, through, "relative", "./absolute"} {
		for _, open := range []string{"", far, way, dir} {
			want := "<nil>"
			if open != "" {
				chmod(t, open, 0o777)
				if open == far || path != file {
					want = "other users may write to " + open + "; run: chmod go-w " + open
				}
			}
			if got := said(t, path); got != want {
				t.Errorf("%s, %s open: got %s, want %s", path, open, got, want)
			}
			if open != "" {
				chmod(t, open, 0o755)
			}
		}
	}
	give(t, relative, 65534)
	if got, want := said(t, relative), relative+" belongs to another user (uid 65534)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestLoops: as many links are followed as the system follows, and nothing hangs.
func TestLoops(t *testing.T) {
	dir := folder(t)
	last := written(t, filepath.Join(dir, "file"), 0o644)
	for i := range 41 {
		info, err := os.Lstat(last)
		if err != nil {
			t.Fatal(err)
		}
		if err := Private(last, info); err != nil {
			t.Fatalf("%d links: %v", i, err)
		}
		last = symlink(t, filepath.Base(last), filepath.Join(dir, fmt.Sprint("link", i)))
	}
	info, err := os.Lstat(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		last: syscall.ELOOP, symlink(t, "loop", filepath.Join(dir, "loop")): syscall.ELOOP, filepath.Join(dir, "none"): fs.ErrNotExist,
		symlink(t, "nowhere", filepath.Join(dir, "lost")): fs.ErrNotExist, filepath.Join(dir, "file", "x"): syscall.ENOTDIR,
	} {
		if err := Private(path, info); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
	if err, want := Private(last, info), "stat "+last+": too many levels of symbolic links"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOpenRegular(t *testing.T) {
	dir := folder(t)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{dir: ErrIrregular, pipe: ErrIrregular, os.DevNull: ErrIrregular, filepath.Join(dir, "none"): fs.ErrNotExist} {
		if f, info, err := OpenRegular(path); !errors.Is(err, want) || f != nil || info != nil {
			t.Errorf("%s: got %v, %v, %v", path, f, info, err)
		}
	}
	path := written(t, filepath.Join(dir, "file"), 0o600)
	f, info, err := OpenRegular(symlink(t, path, filepath.Join(dir, "link")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if b, err := io.ReadAll(f); err != nil || string(b) != "text" || info.Size() != 4 {
		t.Errorf("read %q of %d, %v", b, info.Size(), err)
	}
	as(t, 65533, func() {
		if _, _, err := OpenRegular(path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v", err)
		}
	})
}
