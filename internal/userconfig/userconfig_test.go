package userconfig_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

func TestParse(t *testing.T) {
	got, err := userconfig.Parse("config.yaml", []byte(`
apiVersion: byoos.dev/v1alpha1
kind: Config
pluginDirs: [/opt/byoos]
plugins:
  azure:
    cloud: AzureGovernment
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &userconfig.Config{
		APIVersion: userconfig.APIVersion, Kind: userconfig.Kind,
		PluginDirs: []string{"/opt/byoos"},
		Plugins:    map[string]map[string]any{"azure": {"cloud": "AzureGovernment"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseTellsWhatIsWrong(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown key": {"apiVersion: byoos.dev/v1alpha1\nkind: Config\npluginDir: [/x]\n", "config.yaml:3:1"},
		"wrong type":  {"apiVersion: byoos.dev/v1alpha1\nkind: Config\npluginDirs: /x\n", "config.yaml:3:13"},
		"not yaml":    {"apiVersion: [\n", "config.yaml:"},
		"plugins of the working directory": {
			"apiVersion: byoos.dev/v1alpha1\nkind: Config\npluginDirs: [/opt/byoos, plugins]\n",
			`pluginDirs[1]: "plugins" is not an absolute path`,
		},
		"an empty folder name": {
			"apiVersion: byoos.dev/v1alpha1\nkind: Config\npluginDirs: ['']\n", "pluginDirs[0]",
		},
		"certificates of the working directory": {
			"apiVersion: byoos.dev/v1alpha1\nkind: Config\npalette: {caFile: ca.pem}\n",
			`palette.caFile: "ca.pem" is not an absolute path`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := userconfig.Parse("config.yaml", []byte(test.text))
			var f *failure.Error
			if !errors.As(err, &f) || f.Code != failure.ExitUsage {
				t.Fatalf("got %v, want a usage error", err)
			}
			if details := strings.Join(f.Details, "\n"); !strings.Contains(details, test.want) {
				t.Errorf("details %q lack %q", details, test.want)
			}
		})
	}
}

func TestLoadWithoutFile(t *testing.T) {
	got, err := userconfig.Load(filepath.Join(t.TempDir(), "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&userconfig.Config{}, got); diff != "" {
		t.Error(diff)
	}
}
