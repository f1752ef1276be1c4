package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// texts are the problems that were found.
func (c *checker) texts() (all []string) {
	for _, problem := range c.problems {
		all = append(all, problem.Error())
	}
	return all
}

// TestProblemsOfImages has each rule alone, and an image that keeps all.
func TestProblemsOfImages(t *testing.T) {
	good := image.Image{ID: "a", Provider: "aws", State: image.Available, KubernetesVersion: "1.30.1", Architecture: "amd64"}
	for want, change := range map[string]func(*image.Image){
		"":                                        func(*image.Image) {},
		"it is unusable, but no reason is given":  func(i *image.Image) { i.State, i.Provider = image.Unusable, "" },
		"it has no state":                         func(i *image.Image) { i.State = image.StateUnset },
		`provider "AWS" is not in lower case`:     func(i *image.Image) { i.Provider = "AWS" },
		`provider "" is not in lower case`:        func(i *image.Image) { i.Provider = "" },
		`Kubernetes version "v1" has a leading v`: func(i *image.Image) { i.KubernetesVersion = "v1" },
		`architecture "x86_64"; spell it as Go does: amd64, arm64`:  func(i *image.Image) { i.Architecture = "x86_64" },
		`architecture "aarch64"; spell it as Go does: amd64, arm64`: func(i *image.Image) { i.Architecture = "aarch64" },
		`architecture "x64"; spell it as Go does: amd64, arm64`:     func(i *image.Image) { i.Architecture = "x64" },
		"\x00 a volume is unusable, which needs nothing else":       func(i *image.Image) { i.State, i.StateReason, i.Provider = image.Unusable, "a volume", "" },
	} {
		c, one := &checker{}, good
		change(&one)
		c.image("case", one)
		var wanted []string
		if want != "" && want[0] != 0 {
			wanted = []string{`case: image "a": ` + want}
		}
		if diff := cmp.Diff(wanted, c.texts()); diff != "" {
			t.Errorf("%q: %s", want, diff)
		}
	}
}

// TestSchemas that a plugin may describe, and configurations by them.
func TestSchemas(t *testing.T) {
	const closed = `{"type":"object","additionalProperties":false,"properties":{"a":{"type":"integer"}}}`
	for schema, want := range map[string]string{
		closed: "", "{": "describe: the schema of the configuration is not JSON: ", `{"type":"none"}`: "describe: schema: ",
		"{}": "describe: the schema takes unknown keys; set additionalProperties to false", `{"$ref":"https://example.com/x"}`: "describe: schema: ",
	} {
		c := &checker{}
		c.compileSchema(schema)
		if got := strings.Join(c.texts(), "|"); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %s", schema, got)
		}
	}
	c := &checker{}
	if err := c.validate(map[string]any{"a": "text"}); err != nil {
		t.Errorf("without a schema: %v", err)
	}
	c.compileSchema(closed)
	for _, tt := range []struct {
		config map[string]any
		ok     bool
	}{{nil, true}, {map[string]any{}, true}, {map[string]any{"a": 1}, true}, {map[string]any{"a": "text"}, false}, {map[string]any{"b": 1}, false}, {map[string]any{"a": func() {}}, false}} {
		if err := c.validate(tt.config); (err == nil) != tt.ok {
			t.Errorf("%v: %v", tt.config, err)
		}
	}
}

// TestSurroundings of cases that one process can answer.
func TestSurroundings(t *testing.T) {
	a := Case{Env: []string{"A=1"}, UserSettings: map[string]any{"b": 2}}
	env, settings := a, a
	env.Env, settings.UserSettings = nil, nil
	for name, tt := range map[string]struct {
		other Case
		want  bool
	}{"itself": {a, true}, "another environment": {env, false}, "other settings": {settings, false}} {
		if got := sameSurroundings(a, tt.other); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if dir := (&checker{}).request(Case{BaseDir: "x"}).BaseDir; !filepath.IsAbs(dir) || filepath.Base(dir) != "x" {
		t.Errorf("base directory %q", dir)
	}
	if got := explain(errors.New("plain")); got != "plain" {
		t.Errorf("%q", got)
	}
	if got := explain(&failure.Error{Summary: "a", Details: []string{"b", "c"}}); got != "a\n\tb\n\tc" {
		t.Errorf("%q", got)
	}
	if !isError(source.Diagnostic{Severity: source.SeverityError}) || isError(source.Diagnostic{Severity: source.SeverityWarning}) {
		t.Error("a warning is an error")
	}
}

// TestProblemsOfPrograms has scripts that are described well but for one thing, and which
// do not serve.
func TestProblemsOfPrograms(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the plugins are shell scripts")
	}
	const describe, byHand = `"name":"x","version":"1.0.0","protocolVersions":[1],"summary":"For tests."`, "echo started by hand >&2; exit 1"
	for name, tt := range map[string]struct {
		file, describe, byHand string
		want                   []string // of the description and the start by hand
	}{
		"good":       {"byoos-source-x", describe, byHand, nil},
		"no summary": {"byoos-source-x", `"name":"x","version":"1.0.0","protocolVersions":[1]`, byHand, []string{"describe: there is no summary for `plugin list`"}},
		"version":    {"byoos-source-x", strings.Replace(describe, "1.0.0", "1.0", 1), byHand, []string{`describe: version "1.0" is not semver without a leading v`}},
		"variables": {"byoos-source-x", describe + `,"environment":["A_1*","_a","A-B"],"secretEnvironment":["1A"]`, byHand,
			[]string{`describe: "A-B" is no name of an environment variable`, `describe: "1A" is no name of an environment variable`}},
		"providers":         {"byoos-source-x", describe + `,"providers":["aws","my.cloud-2","Aws"]`, byHand, []string{`describe: provider "Aws" is not in lower case`}},
		"silent":            {"byoos-source-x", describe, "exit 1", []string{"started by hand, it must say on stderr what it is, and end with an exit status that is not 0"}},
		"content":           {"byoos-source-x", describe, "echo started by hand >&2; exit 0", []string{"started by hand, it must say on stderr what it is, and end with an exit status that is not 0"}},
		"prints":            {"byoos-source-x", describe, "echo x; " + byHand, []string{`started by hand, it prints on stdout: "x\n"`}},
		"leaves its socket": {"byoos-source-x", describe, `[ -n "$BYOOS_PLUGIN" -a -z "$PLUGIN_CLIENT_CERT" ] && : > "$PLUGIN_UNIX_SOCKET_DIR/s"; ` + byHand, []string{"after its parent was killed it left its socket s"}},
		"short handshake":   {"byoos-source-x", describe, `[ -n "$BYOOS_PLUGIN" ] && exec echo "1|1|unix|/x|grpc"; ` + byHand, nil},
		"another name":      {"byoos-x", describe, byHand, []string{"byoos-x: name the file byoos-source-<type>, the type in lower case"}},
		"no such thing":     {"", "", "", []string{"stat FILE: no such file or directory"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tt.file)
			if tt.file == "" {
				file += "none"
			} else {
				text := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = describe ] && exec echo '{%s,\"configSchema\":\"{\\\\\"additionalProperties\\\\\":false}\"}'\n%s\n", tt.describe, tt.byHand)
				text = strings.ReplaceAll(text, `\\"`, `\"`)
				if err := os.WriteFile(file, []byte(strings.Replace(text, "exec echo", "exec printf '%s\\n'", 1)), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, problem := range Check(t.Context(), file) {
				got = append(got, strings.ReplaceAll(problem.Error(), file, "FILE"))
			}
			serves := func(s string) bool {
				return strings.HasPrefix(s, "unknown key: ") || strings.HasPrefix(s, "handshake: ")
			}
			if left := slices.DeleteFunc(slices.Clone(got), serves); !slices.Equal(left, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if described := tt.file == "byoos-source-x" && name != "short handshake"; described != slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "handshake: it printed ") }) {
				t.Errorf("that it does not serve is told otherwise: %q", got)
			}
		})
	}
}
