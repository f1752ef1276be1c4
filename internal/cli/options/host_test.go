package options

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
)

// TestNothingIsConfiguredByTheWorkingDirectory: without an absolute home there is
// no configuration file, and none below the working directory stands in for it.
func TestNothingIsConfiguredByTheWorkingDirectory(t *testing.T) {
	clone := t.TempDir()
	t.Chdir(clone)
	for _, dir := range []string{"byoos", ".config/byoos", ".palette"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const evil = "apiVersion: byoos.dev/v1alpha1\nkind: Config\npluginDirs: [/evil]\npalette: {host: evil.example}\n"
	for _, file := range []string{"byoos/config.yaml", ".config/byoos/config.yaml", ".palette/palette.yaml"} {
		if err := os.WriteFile(filepath.FromSlash(file), []byte(evil), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, environ := range map[string][]string{
		"unset":    nil,
		"empty":    {"HOME="},
		"relative": {"HOME=.", "XDG_CONFIG_HOME=.", "XDG_DATA_HOME=.", "XDG_CACHE_HOME=."},
	} {
		t.Run(name, func(t *testing.T) {
			streams, _, _, _ := genericiooptions.NewTestIOStreams()
			inv := &invocation.Invocation{IOStreams: streams, Dir: clone, Environ: environ, Now: time.Now}
			config, err := LoadUserConfig(inv)
			if err != nil || len(config.PluginDirs) > 0 || config.Palette.Host != "" {
				t.Errorf("got %+v, %v", config, err)
			}
			if data, cache := DataDir(inv), CacheDir(inv); data != "" || cache != "" {
				t.Errorf("data directory %q, cache directory %q", data, cache)
			}
			if login := cliLogin(inv); login.found {
				t.Errorf("the Palette CLI's login was read: %+v", login)
			}
		})
	}
}
