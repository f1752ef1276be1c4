package options

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/userconfig"
)

func loginFile(t *testing.T) (home, path string) {
	t.Helper()
	home = t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".palette"), 0o700); err != nil {
		t.Fatal(err)
	}
	return home, filepath.Join(home, ".palette", "palette.yaml")
}

func testInvocation(dir string, environ ...string) *invocation.Invocation {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	return &invocation.Invocation{IOStreams: streams, Dir: dir, Environ: environ, Now: time.Now}
}

// The name of a project means something at one host alone. One that stands beside a
// host counts there; at another, nothing is guessed: neither that project nor the tenant.
func TestProjectCountsAtItsHost(t *testing.T) {
	const a, b = "a.example.com", "b.example.com"
	for name, c := range map[string]struct {
		palette         Palette
		environ         []string
		config          userconfig.Palette
		login           paletteLogin
		host, project   string
		refused, noting string
	}{
		"the login says both":               {login: paletteLogin{host: a, project: "dev"}, host: a, project: "dev"},
		"its host, written otherwise":       {environ: []string{"SPECTROCLOUD_HOST=HTTPS://A.example.com:443/"}, login: paletteLogin{host: a, project: "dev"}, host: "HTTPS://A.example.com:443/", project: "dev"},
		"a login elsewhere":                 {environ: []string{"SPECTROCLOUD_HOST=" + b}, login: paletteLogin{host: a, project: "dev"}, refused: `the project "dev" of the Palette CLI's login is one of a.example.com, and the host is b.example.com (of SPECTROCLOUD_HOST)`},
		"a login elsewhere, for a flag":     {palette: Palette{Host: b}, login: paletteLogin{host: a, project: "dev"}, refused: "(of --palette-host)"},
		"a login elsewhere, for the config": {config: userconfig.Palette{Host: b}, login: paletteLogin{host: a, project: "dev"}, refused: "(of your configuration)"},
		"a login elsewhere, without one":    {palette: Palette{Host: b}, login: paletteLogin{host: a}, host: b},
		"another port":                      {palette: Palette{Host: a + ":8443"}, login: paletteLogin{host: a, project: "dev"}, refused: "and the host is a.example.com:8443"},
		"a flag for the project":            {palette: Palette{Host: b, Project: "prod"}, login: paletteLogin{host: a, project: "dev"}, host: b, project: "prod"},
		"a variable for it":                 {palette: Palette{Host: b}, environ: []string{"SPECTROCLOUD_PROJECT=prod"}, login: paletteLogin{host: a, project: "dev"}, host: b, project: "prod"},
		"the tenant":                        {palette: Palette{Host: b, Tenant: true}, login: paletteLogin{host: a, project: "dev"}, host: b},
		"the config says both":              {config: userconfig.Palette{Host: a, Project: "dev"}, login: paletteLogin{host: b, project: "other"}, host: a, project: "dev"},
		"the config, and another host":      {environ: []string{"SPECTROCLOUD_HOST=" + b}, config: userconfig.Palette{Host: a, Project: "dev"}, refused: `the project "dev" of your configuration is one of a.example.com`},
		"a project of the config alone":     {config: userconfig.Palette{Project: "dev"}, host: "api.spectrocloud.com", project: "dev"},
		"beside a host elsewhere":           {environ: []string{"SPECTROCLOUD_HOST=" + b}, config: userconfig.Palette{Project: "dev"}, host: b, project: "dev", noting: `the project "dev" is of your configuration, and the host b.example.com of SPECTROCLOUD_HOST`},
		"beside the login's host":           {config: userconfig.Palette{Project: "dev"}, login: paletteLogin{host: a, project: "x"}, host: a, project: "dev", noting: "the host a.example.com of the Palette CLI's login"},
		"a login of a host that is none":    {palette: Palette{Host: b}, login: paletteLogin{host: "https://user:s3cret@a.example.com", project: "dev"}, refused: "is one of another Palette"},
		"a host that is none":               {environ: []string{"SPECTROCLOUD_HOST=" + a + "/console"}, login: paletteLogin{host: a, project: "dev"}, refused: "more than a host's name"},
		"a login's host that is none":       {login: paletteLogin{host: "https://user:s3cret@a.example.com", project: "dev"}, refused: "the Palette host has credentials in it"},
	} {
		t.Run(name, func(t *testing.T) {
			place := c.palette.place(testInvocation(t.TempDir(), c.environ...), c.config, c.login)
			scope, err := place.scopes.of("p", spec.Target{})
			if c.refused != "" {
				if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v, want %s", err, c.refused)
				}
				return
			}
			if err != nil || place.host.value != c.host || scope.Project() != c.project {
				t.Errorf("got %s, %s, %v", place.host.value, scope, err)
			}
			if c.noting == "" && place.scopes.note != "" || !strings.Contains(place.scopes.note, c.noting) {
				t.Errorf("got note %q", place.scopes.note)
			}
			for _, own := range []spec.Target{{Project: "own"}, {Scope: spec.ScopeTenant}} {
				if scope, err := place.scopes.of("p", own); err != nil || scope.Project() != own.Project {
					t.Errorf("a target that says it itself: got %v, %v", scope, err)
				}
			}
		})
	}
}

// What a refused key is told with names no project that is not used.
func TestOriginOfATenantNamesNoProject(t *testing.T) {
	p := Palette{Host: "a.example.com", Tenant: true}
	place := p.place(testInvocation(t.TempDir(), "SPECTROCLOUD_PROJECT=dev"), userconfig.Palette{}, paletteLogin{})
	if text := place.origin("stdin"); text != "the host a.example.com is of --palette-host, the key of stdin" {
		t.Errorf("got %q", text)
	}
	if scope, err := place.scopes.of("p", spec.Target{}); err != nil || scope.Kind() != "tenant" {
		t.Errorf("got %v, %v", scope, err)
	}
}

// What stands in the login's place and is none ends the run and never holds it up.
func TestLoginThatIsNoFile(t *testing.T) {
	const good = "paletteConfig: {projectName: dev, mgmt: {endpoint: a.example.com}}\n"
	for name, put := range map[string]func(path string) error{
		"a directory":   func(path string) error { return os.Mkdir(path, 0o700) },
		"a device":      func(path string) error { return os.Symlink("/dev/zero", path) },
		"no end":        func(path string) error { return os.WriteFile(path, []byte(good+strings.Repeat("# x\n", 1<<20)), 0o600) },
		"tabs":          func(path string) error { return os.WriteFile(path, []byte("paletteConfig:\n\tmgmt: {}\n"), 0o600) },
		"two documents": func(path string) error { return os.WriteFile(path, []byte(good+"---\n"+good), 0o600) },
		"two, one broken": func(path string) error {
			return os.WriteFile(path, []byte(good+"---\na: [\n"), 0o600)
		},
		"a link to nothing": func(path string) error { return os.Symlink("nothing", path) },
	} {
		t.Run(name, func(t *testing.T) {
			home, path := loginFile(t)
			if err := put(path); err != nil {
				t.Skip(err)
			}
			if login := cliLogin(testInvocation(home, "HOME="+home)); failure.Code(login.err) != failure.ExitUsage || login.host != "" {
				t.Errorf("got %+v", login)
			}
		})
	}
	for name, content := range map[string]string{"as it is": good, "a byte order mark": "\ufeff" + good, "an end of the document": "---\n" + good + "...\n"} {
		home, path := loginFile(t)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if login := cliLogin(testInvocation(home, "HOME="+home)); login.err != nil || login.host != "a.example.com" || login.project != "dev" {
			t.Errorf("%s: got %+v", name, login)
		}
	}
	for _, environ := range [][]string{nil, {"HOME="}, {"HOME=relative"}, {"HOME=/nowhere"}} {
		if login := cliLogin(testInvocation(t.TempDir(), environ...)); login.found || login.err != nil {
			t.Errorf("%q: got %+v", environ, login)
		}
	}
}

// Files for the key and the certificates may be pipes, and what has no end is not read
// to it.
func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"/dev/null", "/dev/zero", dir, filepath.Join(dir, "missing")} {
		if _, err := os.Stat("/dev/zero"); err != nil {
			t.Skip("no devices")
		}
		p := Palette{KeyFile: path, CAFile: path}
		if _, _, err := p.secret(testInvocation(dir), false); failure.Code(err) != failure.ExitUsage {
			t.Errorf("a key of %s: got %v", path, err)
		}
		if _, err := p.authorities(testInvocation(dir), userconfig.Palette{}); failure.Code(err) != failure.ExitUsage {
			t.Errorf("certificates of %s: got %v", path, err)
		}
	}
}

// A scope that every target says itself makes the flag a mistake, which is told.
func TestScopeFlagWithoutEffect(t *testing.T) {
	for name, c := range map[string]struct {
		palette Palette
		targets []spec.Target
		want    string
	}{
		"a project":         {Palette{Project: "dev"}, []spec.Target{{Project: "a"}, {Scope: spec.ScopeTenant}}, "note: --project has no effect"},
		"the tenant":        {Palette{Tenant: true}, []spec.Target{{Project: "a"}}, "note: --tenant has no effect"},
		"one takes it":      {Palette{Project: "dev"}, []spec.Target{{Project: "a"}, {}}, ""},
		"a project's":       {Palette{Project: "dev"}, []spec.Target{{Scope: spec.ScopeProject}}, ""},
		"none is given":     {Palette{}, []spec.Target{{Project: "a"}}, ""},
		"only in variables": {Palette{}, []spec.Target{{Project: "a"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			place := c.palette.place(testInvocation(t.TempDir(), "SPECTROCLOUD_PROJECT=x"), userconfig.Palette{}, paletteLogin{})
			notes := strings.Join(place.scopes.notes(c.targets), "\n")
			if c.want == "" && notes != "" || !strings.Contains("note: "+notes, c.want) {
				t.Errorf("got %q", notes)
			}
		})
	}
}
