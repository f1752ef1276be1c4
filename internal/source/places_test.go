package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

func TestOrderOfPlaces(t *testing.T) {
	first, second, data := pluginDir(t, "a"), pluginDir(t, "a", "b"), t.TempDir()
	// krew: a symlink in bin to the program in its store, plugins beside that.
	store, bin := filepath.Join(t.TempDir(), "store"), t.TempDir()
	for _, dir := range []string{store, filepath.Join(store, "plugins")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	addStub(t, filepath.Join(store, "plugins"), "b")
	addStub(t, filepath.Join(store, "plugins"), "c")
	addStub(t, store, "d")
	writeTestFile(t, filepath.Join(store, "kubectl-byoos"), "", 0o755)
	link := filepath.Join(bin, "kubectl-byoos")
	if err := os.Symlink(filepath.Join(store, "kubectl-byoos"), link); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{first, second}, DataDir: data, ExecutablePath: link})
	plugins, err := h.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range plugins {
		state := "ok"
		if p.Broken != nil {
			state = p.Broken.Error()
		} else if p.ShadowedBy != "" {
			state = "hidden by " + p.ShadowedBy
		}
		if !strings.HasPrefix(p.Digest, "sha256:") {
			t.Errorf("%s has no digest", p.Path)
		}
		line := fmt.Sprintf("%s %s %s %s", p.Type, p.Origin, p.Path, state)
		got = append(got, strings.NewReplacer(first, "FIRST", second, "SECOND", store, "STORE").Replace(line))
	}
	want := []string{
		"a flag FIRST/byoos-source-a ok",
		"a flag SECOND/byoos-source-a hidden by FIRST/byoos-source-a",
		"b flag SECOND/byoos-source-b ok",
		"b bundled STORE/plugins/byoos-source-b hidden by SECOND/byoos-source-b",
		"c bundled STORE/plugins/byoos-source-c ok",
		"d bundled STORE/byoos-source-d ok",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNotFound(t *testing.T) {
	dir := pluginDir(t, "packer", "aws")
	// Neither the working directory nor PATH counts.
	there := pluginDir(t, "pakcer")
	t.Chdir(there)
	t.Setenv("PATH", there)
	h := newHost(t, Options{PluginDirs: []string{dir}, DataDir: "/nowhere"})
	_, err := h.Find(context.Background(), "pakcer")
	golden(t, "not-found.txt", message(err, dir, "DIR"))
	_, err = h.Find(context.Background(), "vsphere")
	golden(t, "not-found-far.txt", message(err, dir, "DIR"))
}

// TestBundledPluginIsGone has a program that was moved without its plugins.
func TestBundledPluginIsGone(t *testing.T) {
	bin := t.TempDir()
	writeTestFile(t, filepath.Join(bin, "kubectl-byoos"), "", 0o755)
	h := newHost(t, Options{ExecutablePath: filepath.Join(bin, "kubectl-byoos")})
	_, err := h.Find(context.Background(), "oci")
	golden(t, "bundled-gone.txt", message(err, bin, "BIN"))
	_, err = h.Find(context.Background(), "pakcer")
	if err == nil || !strings.Contains(err.Error(), `did you mean "packer"?`) {
		t.Errorf("got %v", err)
	}
}

func TestPluginDirThatIsNone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "byoos-source-stub")
	writeTestFile(t, file, "", 0o755)
	for path, want := range map[string]string{
		filepath.Join(dir, "nope"): "no such directory", file: "not a directory", filepath.Join(file, "x"): "not a directory",
	} {
		h := newHost(t, Options{PluginDirs: []string{dir, path}})
		_, listed := h.List(context.Background())
		_, found := h.Find(context.Background(), "stub")
		for _, err := range []error{listed, found, one(context.Background(), h, "stub", nil).Err} {
			if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), path+": "+want) {
				t.Errorf("%s: got %v, want %s", path, err, want)
			}
		}
	}
	var told []string
	h := newHost(t, Options{
		DataDir: filepath.Join(dir, "nope"), ExecutablePath: filepath.Join(dir, "nope", "kubectl-byoos"), Note: func(text string) { told = append(told, text) },
	})
	if _, err := h.List(context.Background()); err != nil || len(told) > 0 {
		t.Errorf("directories that nobody named: %v, told %q", err, told)
	}
}

func TestTemporaryDirectoryThatIsNone(t *testing.T) {
	dir := pluginDir(t, "stub")
	h := newHost(t, Options{PluginDirs: []string{dir}})
	t.Setenv("TMPDIR", "/nowhere/none") // short, whatever the temporary directory is
	r := one(context.Background(), h, "stub", nil)
	golden(t, "no-tmpdir.txt", message(r.Err, dir, "DIR"))
}
