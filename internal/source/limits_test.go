//go:build unix

package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// TestTemporaryDirectories: a socket's path has little room, and stands between
// bars in the handshake.
func TestTemporaryDirectories(t *testing.T) {
	dir := pluginDir(t, "stub")
	for name, sub := range map[string]string{
		"long": strings.Repeat("long/", 30), "bar": "a|b", "newline": "a\nb", "not UTF-8": "a\xff", "space": "a b", "just fits": strings.Repeat("x", 51),
	} {
		t.Run(name, func(t *testing.T) {
			tmp := filepath.Join(shortTempDir(t), sub)
			if err := os.MkdirAll(tmp, 0o700); err != nil {
				t.Skip(err)
			}
			h := newHost(t, Options{PluginDirs: []string{dir}})
			t.Setenv("TMPDIR", tmp)
			if r := one(context.Background(), h, "stub", nil); r.Err != nil {
				t.Error(r.Err)
			}
		})
	}
}

// TestInstallIntoAFolderThatIsNotTrusted leaves what was there before.
func TestInstallIntoAFolderThatIsNotTrusted(t *testing.T) {
	data, elsewhere := t.TempDir(), pluginDir(t, "stub")
	h := newHost(t, Options{DataDir: data})
	if err := os.MkdirAll(h.userDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(h.userDir(), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := h.Install(context.Background(), filepath.Join(elsewhere, "byoos-source-stub"))
	if err == nil || !strings.Contains(message(err), "next: run: chmod go-w "+h.userDir()) {
		t.Errorf("got %s", message(err))
	}
	if got := listing(h.userDir()); len(got) > 0 {
		t.Errorf("files left: %v", got)
	}
}

// TestInstallTellsOfASchema that no source of the plugin could pass.
func TestInstallTellsOfASchema(t *testing.T) {
	for schema, want := range map[string]string{
		`{\"$ref\":\"https://example.com\"}`: "nothing is loaded from elsewhere", `{\"type\":\"text\"}`: "#/type", `true`: "", ``: "",
	} {
		dir := pluginDir(t)
		path, _ := describer(t, dir, "x", `printf '%s\n' '{"name":"x","version":"1","protocolVersions":[1],"configSchema":"`+schema+`"}'`+"\n")
		h := newHost(t, Options{DataDir: t.TempDir()})
		_, err := h.Install(context.Background(), path)
		if (err == nil) != (want == "") || want != "" && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

// TestReceiptOfAnOddVersion: whatever the plugin says, its receipt is read again.
func TestReceiptOfAnOddVersion(t *testing.T) {
	for _, version := range []string{
		`1.0\nkind: Other`, `- a`, `# x`, `'`, `\"`, `~`, `1e3`, `2026-01-01`, `{a`, `: `, `a: b`, `\u0000`, `\u0085x`, `\u2028`, `!!int 1`, ` lead`, `%x`, `@`, "`", `é`, `\t`, `a\r\nb`, `|`, `>`, `--- `, `\\x`,
	} {
		dir := pluginDir(t)
		path, _ := describer(t, dir, "x", `cat <<'END'
{"name":"x","version":"`+version+`","protocolVersions":[1]}
END
`)
		h := newHost(t, Options{DataDir: t.TempDir()})
		if _, err := h.Install(context.Background(), path); err != nil {
			t.Errorf("%q: %v", version, err)
		}
	}
	dir := pluginDir(t)
	path, _ := describer(t, dir, "x", `cat <<'END'
{"name":"x","version":"`+strings.Repeat("1", maxReceipt)+`","protocolVersions":[1]}
END
`)
	h := newHost(t, Options{DataDir: t.TempDir()})
	if _, err := h.Install(context.Background(), path); err == nil || len(listing(h.userDir())) > 0 {
		t.Errorf("%v, files %v", err, listing(h.userDir()))
	}
}

// TestInstallRemovesLeftovers of an install that was killed a while ago.
func TestInstallRemovesLeftovers(t *testing.T) {
	h := newHost(t, Options{DataDir: t.TempDir()})
	old, fresh := filepath.Join(h.userDir(), ".install-1"), filepath.Join(h.userDir(), ".install-2")
	for _, dir := range []string{old, fresh} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, filepath.Join(dir, "byoos-source-x"), "", 0o755)
	}
	before := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Install(context.Background(), filepath.Join(pluginDir(t, "stub"), "byoos-source-stub")); err != nil {
		t.Fatal(err)
	}
	if got := listing(h.userDir()); !slices.Equal(got, []string{".install-2", "byoos-source-stub", "byoos-source-stub.receipt.yaml"}) {
		t.Errorf("files %v", got)
	}
}

// TestTextThatIsNotUTF8 cannot be sent.
func TestTextThatIsNotUTF8(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	r := h.Discover(context.Background(), []Request{{Source: "s", Plugin: of(t, h, "stub"), BaseDir: "/specs\xff"}}, nil)[0]
	if failure.Code(r.Err) != failure.ExitUsage || !strings.Contains(fmt.Sprint(r.Err), `"/specs\xff"`) {
		t.Errorf("got %v", r.Err)
	}
}

// TestBatchThatIsTooLarge is told by the SDK; another plugin's is a row of
// TestStatusOfAPluginKeepsItsWords.
func TestBatchThatIsTooLarge(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	r := one(context.Background(), h, "stub", map[string]any{"mode": "batch"})
	if r.Err == nil || !strings.Contains(r.Err.Error(), "a message has room for 64") {
		t.Errorf("got %v", r.Err)
	}
}

// TestAnswerWithoutEnd: a plugin that reads the same page again and again does not
// fill the memory until its time is up, and what it sent is not lost.
func TestAnswerWithoutEnd(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	h.maxAnswer = 4 << 20
	for mode, most := range map[string]int{"endless images": 10_000, "endless large images": 10, "endless warnings": 20_000} {
		r := one(context.Background(), h, "stub", map[string]any{"mode": mode})
		if r.Err == nil || !strings.Contains(message(r.Err), "sent more than 4 MiB of images and messages, and no end") || failure.Code(r.Err) != failure.ExitSource {
			t.Errorf("%s: %s", mode, message(r.Err))
		}
		if got := len(r.Images) + len(r.Diagnostics); got == 0 || got > most {
			t.Errorf("%s: %d images and messages", mode, got)
		}
	}
}
