//go:build unix

package run

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestLeftovers has what may be in a temporary directory. What goes is the directory of a
// killed host: it has the mark, and nobody's lock, and but sockets in it.
func TestLeftovers(t *testing.T) {
	marked := os.ModeSticky | os.FileMode(0o700)
	tests := map[string]struct {
		name  string
		mode  os.FileMode
		with  []string // files and sockets in it
		left  []string
		owner int
	}{
		"a killed host's": {name: "plugin-dir1", mode: marked, with: []string{"plugin1.sock", "plugin2.sock"}},
		"empty":           {name: "plugin-dir1", mode: marked},
		"with a file":     {name: "plugin-dir1", mode: marked, with: []string{"plugin1", "plugin1.sock"}, left: []string{"plugin-dir1/plugin1"}},
		"another socket":  {name: "plugin-dir1", mode: marked, with: []string{"agent.sock"}, left: []string{"plugin-dir1/agent.sock"}},
		"another program": {name: "plugin-dir1", mode: 0o700, with: []string{"plugin1.sock"}, left: []string{"plugin-dir1/plugin1.sock"}},
		"open to others":  {name: "plugin-dir1", mode: marked | 0o055, with: []string{"plugin1.sock"}, left: []string{"plugin-dir1/plugin1.sock"}},
		"another name":    {name: "other-dir1", mode: marked, with: []string{"plugin1.sock"}, left: []string{"other-dir1/plugin1.sock"}},
		"another user's":  {name: "plugin-dir1", mode: marked, with: []string{"plugin1.sock"}, left: []string{"plugin-dir1/plugin1.sock"}, owner: 65534},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.owner != 0 && os.Geteuid() != 0 {
				t.Skip("only root gives files away")
			}
			tmp := socketTempDir(t)
			dir := filepath.Join(tmp, tt.name)
			fill(t, dir, tt.with...)
			if err := os.Chmod(dir, tt.mode); err != nil {
				t.Fatal(err)
			}
			if tt.owner != 0 {
				if err := os.Chown(dir, tt.owner, -1); err != nil {
					t.Fatal(err)
				}
			}
			removeLeftovers(tmp)
			got, _ := filepath.Glob(filepath.Join(tmp, "*", "*"))
			for i := range got {
				got[i], _ = filepath.Rel(tmp, got[i])
			}
			if !slices.Equal(got, tt.left) {
				t.Errorf("left %q, want %q", got, tt.left)
			}
			if _, err := os.Lstat(dir); (err == nil) != (tt.left != nil) {
				t.Errorf("the directory: %v", err)
			}
		})
	}
}

// TestWhatIsNoLeftover: the directory of a live host, one that a link leads to, and a file.
func TestWhatIsNoLeftover(t *testing.T) {
	tmp, elsewhere := socketTempDir(t), socketTempDir(t)
	live, linked := filepath.Join(tmp, "plugin-dir1"), filepath.Join(elsewhere, "dir")
	fill(t, live, "plugin1.sock")
	fill(t, linked, "plugin1.sock")
	claimed, err := claim(live)
	if err != nil {
		t.Fatal(err)
	}
	other, err := claim(linked)
	if err != nil {
		t.Fatal(err)
	}
	_ = other.Close()
	if err := os.Symlink(linked, filepath.Join(tmp, "plugin-dir2")); err != nil {
		t.Fatal(err)
	}
	fill(t, tmp, "plugin-dir3")
	removeLeftovers(tmp)
	for _, path := range []string{filepath.Join(live, "plugin1.sock"), filepath.Join(linked, "plugin1.sock"), filepath.Join(tmp, "plugin-dir2"), filepath.Join(tmp, "plugin-dir3")} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	_ = claimed.Close()
	removeLeftovers(tmp)
	if _, err := os.Lstat(live); err == nil {
		t.Error("when its host is gone, it is still there")
	}
	removeLeftovers(filepath.Join(tmp, "none"))
}

// socketTempDir leaves room for the path of a socket, which t.TempDir may not.
func socketTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "br")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// fill makes a directory with files, and dead sockets where a name ends with .sock.
func fill(t *testing.T, dir string, names ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if filepath.Ext(name) != ".sock" {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		_ = l.Close()
	}
}
