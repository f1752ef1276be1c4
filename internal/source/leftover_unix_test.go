//go:build unix

package source

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestNextHostRemovesWhatAKilledOneLeft kills a host whose plugin is starting:
// nobody is left to remove its socket directory then.
func TestNextHostRemovesWhatAKilledOneLeft(t *testing.T) {
	if !hasDeathSignal {
		t.Skip("only Linux ends a child that does not watch its parent")
	}
	c := helperConfig{Type: "hang-start", Dir: pluginDir(t, "hang-start", "stub")}
	tmp := shortTempDir(t)
	killed := startHelper(t, c, tmp)
	if err := syscall.Kill(killed.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()
	eventually(t, "the plugin is gone", func() bool { return len(processes(c.Dir)) == 0 })
	left := listing(tmp)
	if len(left) != 1 {
		t.Fatalf("the killed host left %q, want one directory", left)
	}
	// A plugin that was killed too leaves its socket.
	deadSocket(t, filepath.Join(tmp, left[0]))

	h := New(Options{PluginDirs: []string{c.Dir}, StartTimeout: patience, DescribeTimeout: patience})
	defer h.Close()
	t.Setenv("TMPDIR", tmp)
	if r := one(context.Background(), h, "stub", nil); r.Err != nil {
		t.Fatal(r.Err)
	}
	if _, err := os.Stat(filepath.Join(tmp, left[0])); err == nil {
		t.Error("it is still there")
	}
}

func deadSocket(t *testing.T, dir string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(dir, "plugin1")})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
}

// TestLiveHostsAndOtherProgramsKeepTheirDirectories: other programs that use
// go-plugin name theirs the same.
func TestLiveHostsAndOtherProgramsKeepTheirDirectories(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	if r := one(context.Background(), h, "stub", nil); r.Err != nil {
		t.Fatal(r.Err)
	}
	tmp := os.TempDir()
	live := listing(tmp)
	if len(live) != 1 {
		t.Fatalf("%q, want the directory of the running plugin", live)
	}
	foreign := filepath.Join(tmp, "plugin-dir1")
	withFile, file := filepath.Join(tmp, "plugin-dir2"), filepath.Join(tmp, "plugin-dir3")
	for _, dir := range []string{foreign, withFile} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	deadSocket(t, foreign)
	if err := os.Chmod(withFile, os.ModeSticky|0o700); err != nil { // as one of a host has it
		t.Fatal(err)
	}
	writeTestFile(t, filepath.Join(withFile, "notes"), "mine", 0o600)
	writeTestFile(t, file, "mine", 0o600)

	another := New(Options{PluginDirs: []string{pluginDir(t, "stub")}, StartTimeout: patience, DescribeTimeout: patience})
	defer another.Close()
	if r := one(context.Background(), another, "stub", nil); r.Err != nil {
		t.Fatal(r.Err)
	}

	for _, path := range []string{
		filepath.Join(tmp, live[0]), filepath.Join(foreign, "plugin1"), filepath.Join(withFile, "notes"), file,
	} {
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	if r := one(context.Background(), h, "stub", nil); r.Err != nil {
		t.Error(r.Err)
	}
	for _, path := range []string{foreign, withFile, file} {
		_ = os.RemoveAll(path)
	}
}
