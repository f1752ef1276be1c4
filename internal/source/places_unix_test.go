//go:build unix

package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// TestReceiptsThatAreNotBelieved: a file without its own is not run.
func TestReceiptsThatAreNotBelieved(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(path, text string) error
		want  string
	}{
		"as it was": {func(string, string) error { return nil }, ""},
		"none":      {func(path, _ string) error { return os.Remove(path) }, "is not trusted: it has no receipt"},
		"open":      {func(path, _ string) error { return os.Chmod(path, 0o666) }, "is not trusted: its receipt cannot be read: other users may write to RECEIPT"},
		"of another": {func(path, text string) error {
			return os.WriteFile(path, []byte(strings.Replace(text, "type: x", "type: y", 1)), 0o600)
		}, `is not trusted: its receipt is for the type "y"`},
		"just fits": {func(path, text string) error { return os.WriteFile(path, padded(text, maxReceipt), 0o600) }, ""},
		"too large": {func(path, text string) error { return os.WriteFile(path, padded(text, maxReceipt+1), 0o600) }, "is not trusted: its receipt cannot be read: RECEIPT is too large for a receipt"},
		"of a file": {func(path, text string) error {
			return os.WriteFile(path, []byte(strings.Replace(text, "sha256: ", "sha256: g", 1)), 0o600)
		}, "is not trusted: its receipt cannot be read: it has no SHA-256 digest"},
		"another api": {func(path, text string) error {
			return os.WriteFile(path, []byte(strings.Replace(text, "byoos.dev/", "other.dev/", 1)), 0o600)
		}, `is not trusted: its receipt cannot be read: it is "other.dev/v1alpha1" "PluginReceipt", not "byoos.dev/v1alpha1" "PluginReceipt"`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, Options{DataDir: t.TempDir()})
			path, calls := describer(t, pluginDir(t), "x", describes)
			p, err := h.Install(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			receipt := receiptPath(p.Path)
			text, err := os.ReadFile(receipt)
			if err == nil {
				err = tt.spoil(receipt, string(text))
			}
			if err != nil {
				t.Fatal(err)
			}
			before := calls()
			_, err = newHost(t, Options{DataDir: filepath.Dir(filepath.Dir(h.userDir()))}).Find(t.Context(), "x")
			if want := strings.ReplaceAll(tt.want, "RECEIPT", receipt); (want == "") != (err == nil) || want != "" && !strings.HasSuffix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
			if ran := calls() > before; ran != (tt.want == "") {
				t.Errorf("it was run: %t", ran)
			}
		})
	}
}

// padded makes a text in YAML as long as n bytes.
func padded(text string, n int) []byte {
	return []byte(text + "#" + strings.Repeat("x", n-len(text)-1))
}

// TestRemoveOfWhatWasNotInstalled names it, and leaves it.
func TestRemoveOfWhatWasNotInstalled(t *testing.T) {
	dir := pluginDir(t)
	path, _ := describer(t, dir, "x", describes)
	describer(t, dir, "y", describes)
	h := newHost(t, Options{PluginDirs: []string{dir}, DataDir: t.TempDir()})
	got := message(h.Remove(t.Context(), "x"), h.userDir(), "USER", dir, "DIR")
	want := `error: plugin "x" is not installed in USER
  DIR/byoos-source-x (flag) was not installed by ` + "`plugin install`; it stays\nnext: see what is installed with `kubectl byoos plugin list`\nexit code 1\n"
	if got != want {
		t.Errorf("got %s", got)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	h = newHost(t, Options{PluginDirs: []string{dir + "/none"}, DataDir: t.TempDir()})
	if err := h.Remove(t.Context(), "x"); failure.Code(err) != failure.ExitUsage {
		t.Errorf("got %v", err)
	}
}

// TestInstallNeedsAPlace.
func TestInstallNeedsAPlace(t *testing.T) {
	path, _ := describer(t, pluginDir(t), "x", describes)
	if _, err := newHost(t, Options{}).Install(t.Context(), path); failure.Code(err) != failure.ExitUsage || !strings.HasPrefix(err.Error(), "there is no data directory") {
		t.Errorf("got %v", err)
	}
	data := t.TempDir()
	h := newHost(t, Options{DataDir: data})
	for _, name := range []string{"byoos-source-x", "byoos-source-x.receipt.yaml"} { // a folder stands where it belongs
		if err := os.MkdirAll(filepath.Join(h.userDir(), name, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := h.Install(t.Context(), path)
		if failure.Code(err) != failure.ExitFailure || !strings.HasPrefix(err.Error(), "cannot install "+path+": cannot write to "+h.userDir()) {
			t.Errorf("%s: got %v", name, err)
		}
		if err := os.RemoveAll(filepath.Join(h.userDir(), name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatIsNoFile: a link that leads nowhere or around, and a home that is none.
func TestWhatIsNoFile(t *testing.T) {
	dir := pluginDir(t)
	for typ, target := range map[string]string{"lost": "nowhere", "loop": "byoos-source-loop", "bent": filepath.Join(os.DevNull, "x")} {
		if err := os.Symlink(target, filepath.Join(dir, "byoos-source-"+typ)); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	h := newHost(t, Options{PluginDirs: []string{dir}, DataDir: os.DevNull, Note: func(text string) { told = append(told, text) }})
	for typ, want := range map[string]string{
		"lost": "cannot be read: no such file or directory", "loop": "cannot be read: too many levels of symbolic links", "bent": "cannot be read: not a directory",
	} {
		if _, err := h.Find(t.Context(), typ); err == nil || err.Error() != fmt.Sprintf("plugin %s (%s) %s", typ, filepath.Join(dir, "byoos-source-"+typ), want) {
			t.Errorf("%s: got %v", typ, err)
		}
	}
	if len(told) > 0 {
		t.Errorf("told %q", told)
	}
}

// TestCacheForgetsWhatIsGone, and keeps the others.
func TestCacheForgetsWhatIsGone(t *testing.T) {
	dir, cacheDir := pluginDir(t), t.TempDir()
	first, _ := describer(t, dir, "x", describes)
	describer(t, dir, "y", strings.Replace(describes, `"x"`, `"y"`, 1))
	describer(t, dir, "z", strings.Replace(describes, `"x"`, `"z"`, 1))
	h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir})
	of(t, h, "x")
	of(t, h, "y")
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	of(t, newHost(t, Options{PluginDirs: []string{dir}, CacheDir: cacheDir}), "z")
	b, err := os.ReadFile(filepath.Join(cacheDir, "byoos", cacheFile))
	if err != nil || strings.Contains(string(b), "byoos-source-x") || !strings.Contains(string(b), "byoos-source-y") || !strings.Contains(string(b), "byoos-source-z") {
		t.Errorf("%v: %s", err, b)
	}
}
