//go:build unix

package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// TestOnlyRegularFilesAreOpened has what would hold up or never end a reader,
// wherever a file of a plugin is looked for.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir, data, cache := pluginDir(t, "good"), t.TempDir(), t.TempDir()
	user := filepath.Join(data, "byoos", "plugins")
	for _, d := range []string{user, filepath.Join(cache, "byoos")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	addStub(t, user, "no-receipt")
	pipe := filepath.Join(dir, "byoos-source-pipe")
	for _, path := range []string{
		pipe, filepath.Join(user, "byoos-source-no-receipt.receipt.yaml"), filepath.Join(cache, "byoos", cacheFile),
	} {
		if err := syscall.Mkfifo(path, 0o700); err != nil {
			t.Skip("no pipes here:", err)
		}
	}
	for typ, target := range map[string]string{"linked-pipe": pipe, "endless": "/dev/zero", "terminal": "/dev/tty"} {
		if err := os.Symlink(target, filepath.Join(dir, "byoos-source-"+typ)); err != nil {
			t.Fatal(err)
		}
	}
	// A folder beside the program that is none.
	bin := t.TempDir()
	writeTestFile(t, filepath.Join(bin, "kubectl-byoos"), "", 0o755)
	if err := syscall.Mkfifo(filepath.Join(bin, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{dir}, DataDir: data, CacheDir: cache, ExecutablePath: filepath.Join(bin, "kubectl-byoos")})
	plugins, err := h.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range plugins {
		got[p.Type] = "ready"
		if p.Broken != nil {
			_, got[p.Type], _ = strings.Cut(p.Broken.Error(), ") ")
		}
	}
	const irregular = "is not a regular file"
	want := map[string]string{
		"good": "ready", "pipe": irregular, "linked-pipe": irregular, "endless": irregular, "terminal": irregular,
		"no-receipt": "is not trusted: its receipt cannot be read: it is not a regular file",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := h.Install(context.Background(), pipe); err == nil || !strings.Contains(err.Error(), "it is not a regular file") {
		t.Errorf("install of a pipe: %v", err)
	}
}

// TestLargeFileEndsWithItsContext has a file that takes hours to read.
func TestLargeFileEndsWithItsContext(t *testing.T) {
	dir := pluginDir(t)
	path := filepath.Join(dir, "byoos-source-large")
	writeTestFile(t, path, "", 0o644)
	if err := os.Truncate(path, 1<<42); err != nil {
		t.Skip("no sparse files here:", err)
	}
	data := t.TempDir()
	h := newHost(t, Options{PluginDirs: []string{dir}, DataDir: data})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.List(ctx); failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
	if _, err := h.Install(ctx, path); failure.Code(err) != failure.ExitInterrupted || len(listing(filepath.Join(data, "byoos", "plugins"))) > 0 {
		t.Errorf("got %v", err)
	}
}

func TestBundledPluginThatIsHiddenIsTold(t *testing.T) {
	first, bin := pluginDir(t, "a", "c"), pluginDir(t)
	second := pluginDir(t, "a")
	for _, typ := range []string{"a", "b", "d"} {
		addStub(t, bin, typ)
	}
	// The bundled file itself hides nothing.
	if err := os.Symlink(filepath.Join(bin, "byoos-source-b"), filepath.Join(first, "byoos-source-b")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(bin, "plugins"), 0o755); err != nil {
		t.Fatal(err)
	}
	addStub(t, filepath.Join(bin, "plugins"), "a")
	writeTestFile(t, filepath.Join(bin, "kubectl-byoos"), "", 0o755)
	var told []string
	h := newHost(t, Options{
		PluginDirs: []string{first, second}, ExecutablePath: filepath.Join(bin, "kubectl-byoos"),
		Note: func(text string) { told = append(told, strings.NewReplacer(first, "FIRST", bin, "BIN").Replace(text)) },
	})
	for _, typ := range []string{"a", "a", "b", "c", "d"} {
		if r := one(context.Background(), h, typ, nil); r.Err != nil {
			t.Error(r.Err)
		}
	}
	const hidden = "plugin a is FIRST/byoos-source-a (named by --plugin-dir), not the one that comes with kubectl-byoos, BIN/"
	want := []string{hidden + "plugins/byoos-source-a", hidden + "byoos-source-a"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

// TestLinkedPlugin has the entry of an installed plugin replaced by a link, as an
// author does who tries a build.
func TestLinkedPlugin(t *testing.T) {
	data, mine := t.TempDir(), pluginDir(t, "stub")
	file := filepath.Join(mine, "byoos-source-stub")
	h := newHost(t, Options{DataDir: data})
	installed, err := h.Install(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(installed.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, installed.Path); err != nil {
		t.Fatal(err)
	}
	if r := one(context.Background(), h, "stub", nil); r.Err != nil {
		t.Errorf("a link to the file of the receipt: %v", r.Err)
	}
	if err := h.Remove(context.Background(), "stub"); err != nil {
		t.Error(err)
	}
	// Found by another way as well, the entry is still the one to be removed.
	if err := os.Symlink(file, installed.Path); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h = newHost(t, Options{PluginDirs: []string{mine}, DataDir: data})
	if err := h.Remove(context.Background(), "stub"); err != nil {
		t.Error(err)
	}
	if got := listing(h.userDir()); len(got) > 0 {
		t.Errorf("files left: %v", got)
	}
	if got := listing(mine); !slices.Equal(got, []string{"byoos-source-stub"}) {
		t.Errorf("the author's files: %v", got)
	}
}

// TestTwoLinksToOneFile: a file is of one type.
func TestTwoLinksToOneFile(t *testing.T) {
	dir := pluginDir(t, "stub")
	if err := os.Symlink("byoos-source-stub", filepath.Join(dir, "byoos-source-other")); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{dir}, CacheDir: t.TempDir()})
	for range 2 {
		if _, err := h.Find(context.Background(), "stub"); err != nil {
			t.Error(err)
		}
		if _, err := h.Find(context.Background(), "other"); err == nil || !strings.Contains(err.Error(), `it says that it is "stub"`) {
			t.Errorf("got %v", err)
		}
	}
}

// TestLinksOnTheWay: so does anyone who may put one where another link leads to, or
// on the way to the folder.
func TestLinksOnTheWay(t *testing.T) {
	dir, open := pluginDir(t), t.TempDir()
	for _, link := range [][2]string{
		{filepath.Join(open, "step"), filepath.Join(filepath.Dir(dir), "last")},
		{filepath.Join(filepath.Dir(dir), "last"), filepath.Dir(stubFile())},
		{filepath.Join(dir, "byoos-source-stub"), "../../" + filepath.Base(open) + "/step/byoos-source-stub"},
		{filepath.Join(open, "p"), dir},
	} {
		if err := os.Symlink(link[1], link[0]); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{dir, filepath.Join(open, "p")} {
		if err := os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
		h := newHost(t, Options{PluginDirs: []string{folder}})
		if _, err := h.Find(context.Background(), "stub"); err != nil {
			t.Errorf("%s: links of one's own: %v", folder, err)
		}
		if err := os.Chmod(open, 0o777); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), "other users may write to "+open) {
			t.Errorf("%s: got %v", folder, err)
		}
	}
}

// TestLinkOfAStranger: anyone who may put a link into a folder chooses what is run.
func TestLinkOfAStranger(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	dir := pluginDir(t)
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "byoos-source-stub")
	if err := os.Symlink(stubFile(), link); err != nil {
		t.Fatal(err)
	}
	h := newHost(t, Options{PluginDirs: []string{dir}})
	if _, err := h.Find(context.Background(), "stub"); err != nil {
		t.Errorf("a link of one's own: %v", err)
	}
	if err := os.Lchown(link, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), link+" belongs to another user") {
		t.Errorf("got %v", err)
	}
	if err := os.Lchown(link, 0, -1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Find(context.Background(), "stub"); err == nil || !strings.Contains(err.Error(), "other users may write to "+dir) {
		t.Errorf("got %v", err)
	}
}

// TestFoldersThatCannotBeRead uses a loop of links: root may read everything else.
func TestFoldersThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	good := pluginDir(t, "stub")
	h := newHost(t, Options{PluginDirs: []string{loop, good}})
	if _, err := h.Find(context.Background(), "stub"); failure.Code(err) != failure.ExitUsage || !strings.Contains(fmt.Sprint(err), loop+": ") {
		t.Errorf("got %v", err)
	}
	// What was installed is told as well, as another plugin may stand in for it.
	var told []string
	h = newHost(t, Options{PluginDirs: []string{good}, DataDir: loop, Note: func(text string) { told = append(told, text) }})
	for range 2 {
		if _, err := h.Find(context.Background(), "stub"); err != nil {
			t.Error(err)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "cannot read the plugins in "+loop) {
		t.Errorf("told %q", told)
	}
}

func TestEmptyFolderNames(t *testing.T) {
	t.Chdir(pluginDir(t, "stub"))
	for _, dir := range []string{"", " ", "\t"} {
		h := New(Options{PluginDirs: []string{dir}})
		defer h.Close()
		if _, err := h.Find(context.Background(), "stub"); failure.Code(err) != failure.ExitUsage {
			t.Errorf("%q: got %v", dir, err)
		}
	}
}
