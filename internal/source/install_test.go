package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

func TestTrust(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not access control there")
	}
	dir := pluginDir(t, "stub")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{dir}})
	if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), "other users may write to "+dir) {
		t.Errorf("a directory that all may write to is trusted: %v", err)
	}
	both := filepath.Join(dir, "byoos-source-both")
	writeTestFile(t, both, "#!/bin/sh\n", 0o775)
	_, err := h.Find(context.Background(), "both")
	golden(t, "both-writable.txt", message(err, dir, "DIR"))
	if err := os.Remove(both); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Find(context.Background(), "stub"); err != nil {
		t.Errorf("our own file in a sticky directory is not trusted: %v", err)
	}
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chown(filepath.Join(dir, "byoos-source-stub"), 65534, -1); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chown(filepath.Join(dir, "byoos-source-stub"), 0, -1) }()
	if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("the file of another user is trusted: %v", err)
	}
}

// installed returns a user's data directory with the stub installed.
func installed(t *testing.T) (data string, p *Plugin) {
	t.Helper()
	data = t.TempDir()
	h := newHost(t, Options{DataDir: data})
	p, err := h.Install(context.Background(), filepath.Join(pluginDir(t, "stub"), "byoos-source-stub"))
	if err != nil {
		t.Fatal(err)
	}
	return data, p
}

func TestInstall(t *testing.T) {
	data, p := installed(t)
	h := newHost(t, Options{DataDir: data})
	if p.Origin != OriginUser || p.Description.GetVersion() != "1.2.3" || p.Digest != digestText(context.Background(), stubFile()) {
		t.Errorf("%+v", p)
	}
	if got := listing(h.userDir()); !slices.Equal(got, []string{"byoos-source-stub", "byoos-source-stub.receipt.yaml"}) {
		t.Errorf("files %v", got)
	}
	if r := one(context.Background(), h, "stub", nil); r.Err != nil || len(r.Images) != 1 {
		t.Error(r.Err)
	}
	if _, err := h.Install(context.Background(), "/bin/sh"); failure.Code(err) != failure.ExitUsage {
		t.Error(err)
	}
}

// TestInstallRemovesWhatAKilledOneLeft, a day ago, and nothing else.
func TestInstallRemovesWhatAKilledOneLeft(t *testing.T) {
	data, now := t.TempDir(), time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
	h := newHost(t, Options{DataDir: data, Now: func() time.Time { return now }})
	old, dayOld := now.Add(-24*time.Hour-time.Second), now.Add(-24*time.Hour)
	for name, modified := range map[string]time.Time{".install-1": old, ".install-2": dayOld, "mine": old, ".install-file": old} {
		path := filepath.Join(h.userDir(), name)
		err := os.MkdirAll(path, 0o700)
		if strings.HasSuffix(name, "file") {
			err = errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600))
		}
		if err := errors.Join(err, os.Chtimes(path, modified, modified)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Install(t.Context(), addStub(t, pluginDir(t), "stub")); err != nil {
		t.Fatal(err)
	}
	if got := listing(h.userDir()); !slices.Equal(got, []string{".install-2", ".install-file", "byoos-source-stub", "byoos-source-stub.receipt.yaml", "mine"}) {
		t.Errorf("files %v", got)
	}
}

func TestInstalledFileThatChangedIsNotRun(t *testing.T) {
	data, p := installed(t)
	h := newHost(t, Options{DataDir: data})
	ran := filepath.Join(t.TempDir(), "ran")
	if err := os.Remove(p.Path); err != nil { // it may be running
		t.Fatal(err)
	}
	writeTestFile(t, p.Path, "#!/bin/sh\ntouch "+ran+"\n", 0o755)
	_, err := h.Find(context.Background(), "stub")
	golden(t, "changed.txt", message(err, data, "DATA"))
	if _, err := os.Stat(ran); err == nil {
		t.Error("it was run")
	}
}

// TestPluginThatIsReplacedMeanwhile, after it was looked up and before it starts.
func TestPluginThatIsReplacedMeanwhile(t *testing.T) {
	remove := func(t *testing.T, _ *Host, p *Plugin) {
		if err := os.Remove(p.Path); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(t *testing.T, h *Host, p *Plugin) {
		remove(t, h, p)
		writeTestFile(t, p.Path, "#!/bin/sh\nexec "+stubFile()+" \"$@\" # another\n", 0o755)
	}
	for name, tt := range map[string]struct {
		byFlag    bool
		meanwhile func(*testing.T, *Host, *Plugin)
	}{
		"removed-named":     {true, remove},
		"removed-installed": {false, remove},
		"changed":           {false, replace},
		"upgraded": {false, func(t *testing.T, h *Host, p *Plugin) {
			replace(t, h, p)
			receipt, err := os.ReadFile(receiptPath(p.Path))
			if err != nil {
				t.Fatal(err)
			}
			anew := strings.TrimPrefix(digestText(t.Context(), p.Path), "sha256:")
			writeTestFile(t, receiptPath(p.Path), strings.Replace(string(receipt), p.sum, anew, 1), 0o644)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			data, p := installed(t)
			h := newHost(t, Options{DataDir: data})
			if tt.byFlag {
				h = newHost(t, Options{PluginDirs: []string{filepath.Dir(p.Path)}})
			}
			p = of(t, h, "stub")
			tt.meanwhile(t, h, p)
			r := h.Discover(t.Context(), []Request{{Source: "a", Plugin: p, BaseDir: "/"}}, nil)[0]
			golden(t, name+".txt", message(r.Err, data, "DATA"))
		})
	}
}

func TestBrokenPluginDoesNotReplaceAGoodOne(t *testing.T) {
	data, _ := installed(t)
	bad := filepath.Join(pluginDir(t), "byoos-source-stub")
	writeTestFile(t, bad, "#!/bin/sh\necho no\n", 0o755)
	h := newHost(t, Options{DataDir: data})
	_, err := h.Install(context.Background(), bad)
	golden(t, "install-broken.txt", message(err, filepath.Dir(bad), "DIR"))
	if _, err := h.Find(context.Background(), "stub"); err != nil {
		t.Error(err)
	}
	if n := len(listing(h.userDir())); n != 2 {
		t.Errorf("files left: %v", listing(h.userDir()))
	}
}

func TestWithoutAReceiptNothingIsRun(t *testing.T) {
	data, _ := installed(t)
	h := newHost(t, Options{DataDir: data})
	addStub(t, h.userDir(), "wild")
	_, err := h.Find(context.Background(), "wild")
	golden(t, "no-receipt.txt", message(err, data, "DATA"))
	if err := h.Remove(context.Background(), "stub"); err != nil {
		t.Error(err)
	}
	if got := listing(h.userDir()); !slices.Equal(got, []string{"byoos-source-wild"}) {
		t.Errorf("files left: %v", got)
	}
	if err := h.Remove(context.Background(), "stub"); failure.Code(err) != failure.ExitFailure {
		t.Error(err)
	}
}

// TestInstallSaysWhichFile tells the file that is read from the place that is
// written.
func TestInstallSaysWhichFile(t *testing.T) {
	dir, elsewhere := t.TempDir(), pluginDir(t, "stub")
	file := filepath.Join(dir, "file")
	writeTestFile(t, file, "", 0o644)
	h := newHost(t, Options{DataDir: file})
	_, err := h.Install(context.Background(), filepath.Join(elsewhere, "byoos-source-stub"))
	golden(t, "install-no-place.txt", message(err, elsewhere, "DIR", dir, "DATA"))
	h = newHost(t, Options{DataDir: dir})
	_, err = h.Install(context.Background(), filepath.Join(elsewhere, "byoos-source-none"))
	golden(t, "install-no-file.txt", message(err, elsewhere, "DIR", dir, "DATA"))

	if runtime.GOOS != "linux" {
		return
	}
	// A file that opens and cannot be read.
	broken := filepath.Join(elsewhere, "byoos-source-broken")
	if err := os.Symlink("/proc/self/mem", broken); err != nil {
		t.Fatal(err)
	}
	_, err = h.Install(context.Background(), broken)
	if err == nil || !strings.HasPrefix(err.Error(), "cannot install "+broken+": input/output error") {
		t.Errorf("got %v", err)
	}
	if left := listing(h.userDir()); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte("apiVersion: byoos.dev/v1alpha1\nkind: PluginReceipt\ntype: x\nsha256: " + strings.Repeat("0", 64) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseReceipt(b); err == nil && !sha256Pattern.MatchString(r.SHA256) {
			t.Errorf("accepted %q", r.SHA256)
		}
	})
}
