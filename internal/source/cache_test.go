//go:build unix

package source

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// describer writes a script that counts how often it is asked what it is.
func describer(t *testing.T, dir, typ, body string) (path string, calls func() int) {
	t.Helper()
	counter := filepath.Join(t.TempDir(), "n")
	path = filepath.Join(dir, "byoos-source-"+typ)
	writeTestFile(t, path, "#!/bin/sh\necho x >> "+counter+"\n"+body, 0o755)
	return path, func() int {
		b, _ := os.ReadFile(counter)
		return len(b) / 2
	}
}

const describes = `echo '{"name":"x","version":"1.0.0","protocolVersions":[1],"fieldOfALaterProtocol":{"a":[1,2]}}'` + "\n"

// TestCacheOfAFileThatWasSetBack has an edit in place that keeps size and time.
func TestCacheOfAFileThatWasSetBack(t *testing.T) {
	dir, cacheDir := pluginDir(t), t.TempDir()
	path, calls := describer(t, dir, "x", describes)
	find := func() string {
		h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
		p, err := h.Find(context.Background(), "x")
		if err != nil {
			t.Fatal(err)
		}
		return p.Description.GetVersion()
	}
	find()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	setBack := func() bool {
		writeTestFile(t, path, strings.Replace(string(b), "1.0.0", "2.0.0", 1), 0o755)
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		now, err := os.Stat(path)
		return err == nil && changed(now) != changed(info)
	}
	eventually(t, "the clock of the file system goes on", setBack)
	if got := find(); got != "2.0.0" || calls() != 2 {
		t.Errorf("version %s after %d calls", got, calls())
	}
}

// TestPluginThatChangesInOneRun is described anew, with and without a cache.
func TestPluginThatChangesInOneRun(t *testing.T) {
	for _, cacheDir := range []string{"", t.TempDir()} {
		dir := pluginDir(t)
		path, _ := describer(t, dir, "x", describes)
		h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
		of(t, h, "x")
		writeTestFile(t, path, "#!/bin/sh\n"+strings.Replace(describes, "1.0.0", "2.0.0", 1), 0o755)
		if got := of(t, h, "x").Description.GetVersion(); got != "2.0.0" {
			t.Errorf("cache %q: got %s", cacheDir, got)
		}
	}
}

// TestCacheRepairsItsMode: what others may have written is not read, and written
// anew so that only the user may.
func TestCacheRepairsItsMode(t *testing.T) {
	dir, cacheDir := pluginDir(t), t.TempDir()
	_, calls := describer(t, dir, "x", describes)
	file := filepath.Join(cacheDir, "byoos", cacheFile)
	find := func(want int) {
		t.Helper()
		h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
		if _, err := h.Find(context.Background(), "x"); err != nil || calls() != want {
			t.Errorf("%v after %d calls, want %d", err, calls(), want)
		}
	}
	find(1)
	for i, spoil := range []func() error{
		func() error { return os.Chmod(file, 0o666) },
		func() error { return os.Chmod(filepath.Dir(file), 0o777) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		find(2 + i)
		find(2 + i)
	}
}

// TestCacheKeepsTheModeOfItsFolder, where only its owner may write.
func TestCacheKeepsTheModeOfItsFolder(t *testing.T) {
	dir, cacheDir := pluginDir(t), t.TempDir()
	describer(t, dir, "x", describes)
	folder := filepath.Join(cacheDir, "byoos")
	if err := errors.Join(os.Mkdir(folder, 0o755), os.Chmod(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir}).Find(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, it is %v", err, info.Mode())
	}
}

// TestCacheKeepsThePluginsOwnWords, for a program that knows more of them.
func TestCacheKeepsThePluginsOwnWords(t *testing.T) {
	dir, cacheDir := pluginDir(t), t.TempDir()
	path, _ := describer(t, dir, "x", describes)
	h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
	if _, err := h.Find(context.Background(), "x"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(cacheDir, "byoos", cacheFile))
	if err != nil {
		t.Fatal(err)
	}
	var entries map[string]cacheEntry
	if err := json.Unmarshal(b, &entries); err != nil {
		t.Fatal(err)
	}
	if got := string(entries[path].Description); !strings.Contains(got, `"fieldOfALaterProtocol":{"a":[1,2]}`) {
		t.Errorf("the cache has %s", got)
	}
}

// TestFailedDescriptionIsRemembered for all sources of a run, and for doctor,
// which lists first.
func TestFailedDescriptionIsRemembered(t *testing.T) {
	dir := pluginDir(t)
	_, calls := describer(t, dir, "x", "exit 7\n")
	h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: t.TempDir()})
	if plugins, err := h.List(context.Background()); err != nil || len(plugins) != 1 || plugins[0].Broken == nil {
		t.Fatal(plugins, err)
	}
	for range 2 {
		if _, err := h.Find(context.Background(), "x"); err == nil || !strings.Contains(err.Error(), "exit status 7") {
			t.Errorf("got %v", err)
		}
	}
	if calls() != 1 {
		t.Errorf("it was asked %d times", calls())
	}
}

// TestTimeoutBoundsDescribeAndStart: a source has no more time than the user gave.
func TestTimeoutBoundsDescribeAndStart(t *testing.T) {
	dir := pluginDir(t, "describe-hangs", "hang-start")
	for typ, want := range map[string]string{"describe-hangs": "did not describe itself within ", "hang-start": "did not start within "} {
		var err error
		withinLimits(func(limit time.Duration) bool {
			err = one(context.Background(), newHost(t, Options{PluginDirs: []string{dir}, CallTimeout: limit}), typ, nil).Err
			return err != nil && strings.Contains(err.Error(), want+limit.String())
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}
