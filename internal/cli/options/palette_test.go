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
)

// A login that cannot be read, or that is not in the form that is known, would turn a
// project into the tenant, and one Palette into another; it is passed over only where
// nothing of it counts.
func TestLoginThatCannotBeRead(t *testing.T) {
	for _, content := range []string{"paletteConfig: [s3cret\n", "", "runLoc: /home/demo/.palette\ntoken: s3cret\n", "paletteConfig: {projectName: dev, mgmt: {apikey: s3cret}}\n"} {
		home := t.TempDir()
		if err := os.Mkdir(filepath.Join(home, ".palette"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".palette", "palette.yaml"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			palette Palette
			environ []string
			bad     bool
		}{
			"nothing else":   {Palette{}, nil, true},
			"a project":      {Palette{Project: "dev"}, nil, true},
			"a host":         {Palette{Host: "palette.example.com"}, nil, true},
			"both":           {Palette{Host: "palette.example.com", Project: "dev"}, nil, false},
			"the tenant":     {Palette{Host: "palette.example.com", Tenant: true}, nil, false},
			"in environment": {Palette{}, []string{"SPECTROCLOUD_HOST=palette.example.com", "SPECTROCLOUD_PROJECT=dev"}, false},
		} {
			t.Run(name+" beside "+content, func(t *testing.T) {
				streams, _, _, _ := genericiooptions.NewTestIOStreams()
				inv := &invocation.Invocation{IOStreams: streams, Dir: home, Environ: append([]string{"HOME=" + home}, c.environ...), Now: time.Now}
				c.palette.Timeout, c.palette.Parallel = time.Minute, 1
				access, err := c.palette.prepare(inv, false)
				if err == nil {
					_, err = access.place.scopes.of("p", spec.Target{})
				}
				if c.bad != (failure.Code(err) == failure.ExitUsage) || err != nil && strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %v", err)
				}
				c.palette.Host = ""
				scopes, err := c.palette.Scopes(inv)
				if err != nil {
					t.Fatal(err)
				}
				for _, own := range []spec.Target{{Project: "dev"}, {Scope: spec.ScopeTenant}} {
					if scope, err := scopes.of("p", own); err != nil || scope.Project() != own.Project {
						t.Errorf("a target that says it itself: got %v, %v", scope, err)
					}
				}
				if _, err = scopes.of("p", spec.Target{}); (c.palette.Project == "" && !c.palette.Tenant && c.environ == nil) != (failure.Code(err) == failure.ExitUsage) {
					t.Errorf("the scopes alone: got %v", err)
				}
			})
		}
	}
}

// When Palette refuses a key, it is told where that one is from.
func TestWhereAKeyIsFrom(t *testing.T) {
	streams, in, _, _ := genericiooptions.NewTestIOStreams()
	inv := &invocation.Invocation{IOStreams: streams, Dir: t.TempDir(), Environ: []string{"SPECTROCLOUD_APIKEY=of-environment"}, Now: time.Now}
	in.WriteString("of-stdin\n")
	if err := os.WriteFile(filepath.Join(inv.Dir, "key"), []byte("of-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"": "SPECTROCLOUD_APIKEY", "-": "stdin", "key": "the file of --palette-key-file"} {
		p := Palette{KeyFile: file}
		if _, from, err := p.secret(inv, false); err != nil || from != want {
			t.Errorf("%q: got %q, %v", file, from, err)
		}
	}
}

// `--palette-key-file "$KEY"` is an easy mistake, and a key is in no message.
func TestKeyInPlaceOfItsFile(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	inv := &invocation.Invocation{IOStreams: streams, Dir: t.TempDir(), Now: time.Now}
	for name, key := range map[string]string{"short": "c4n4ry", "too long for a name": strings.Repeat("c4n4ry", 100)} {
		p := Palette{KeyFile: key}
		_, _, err := p.secret(inv, false)
		if failure.Code(err) != failure.ExitUsage || strings.Contains(err.Error(), "c4n4ry") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
