package userconfig_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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

// Anyone who may write the file chooses which plugins are executed.
func TestLoadOfAFileThatOthersMayWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access control lists are not read")
	}
	const text = "apiVersion: byoos.dev/v1alpha1\nkind: Config\n"
	for name, test := range map[string]struct {
		file, dir fs.FileMode
		link      bool
		want      string
	}{
		"only the user":            {0o600, 0o700, false, ""},
		"others may read":          {0o644, 0o755, false, ""},
		"a link":                   {0o644, 0o755, true, ""},
		"the group may write":      {0o664, 0o755, false, "chmod go-w FILE"},
		"others may write":         {0o646, 0o755, false, "chmod go-w FILE"},
		"the folder":               {0o600, 0o777, false, "chmod go-w DIR"},
		"both":                     {0o666, 0o777, false, "chmod go-w FILE DIR"},
		"what a link leads to":     {0o666, 0o755, true, "chmod go-w FILE"},
		"the folder of its target": {0o644, 0o777, true, "chmod go-w DIR"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "byoos")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "config.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for path, mode := range map[string]fs.FileMode{file: test.file, dir: test.dir} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			path := file
			if test.link {
				links := t.TempDir()
				if err := os.Chmod(links, 0o700); err != nil {
					t.Fatal(err)
				}
				path = filepath.Join(links, "config.yaml")
				if err := os.Symlink(file, path); err != nil {
					t.Fatal(err)
				}
			}
			_, err := userconfig.Load(path)
			var f *failure.Error
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v", err)
			case test.want != "":
				want := "run: " + strings.NewReplacer("FILE", file, "DIR", dir).Replace(test.want)
				if !errors.As(err, &f) || f.Code != failure.ExitUsage || f.Next != want {
					t.Errorf("got %+v, want %q", f, want)
				}
			}
		})
	}
}

// A pipe in its place would hold up every command.
func TestLoadOpensRegularFilesOnly(t *testing.T) {
	if _, err := userconfig.Load(t.TempDir()); failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v", err)
	}
}
