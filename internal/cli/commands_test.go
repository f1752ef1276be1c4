package cli_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
)

const oneSpec = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: golden, type: packer, config: {manifest: m.json}}
packs:
  - {name: aws-east, pack: generic-byoi, select: {region: us-east-1}}
`

// said runs one command line in a folder with a spec.
func said(t *testing.T, in io.Reader, environ []string, args ...string) (code int, out, errOut string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), []byte(oneSpec), 0o600); err != nil {
		t.Fatal(err)
	}
	streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
	streams.In = in
	code = cli.Run(context.Background(), &invocation.Invocation{
		IOStreams: streams, Arg0: "kubectl-byoos", Executable: filepath.Join(dir, "kubectl-byoos"), Dir: dir, Environ: environ, Now: time.Now,
	}, args)
	return code, stdout.String(), stderr.String()
}

// TestMistakes: what was meant is named, with the exit code of wrong usage.
func TestMistakes(t *testing.T) {
	for line, want := range map[string]string{
		"in":                              "error: unknown command \"in\"\nnext: did you mean `kubectl byoos init`?\n",
		"ver":                             "error: unknown command \"ver\"\nnext: did you mean `kubectl byoos verify` or `kubectl byoos version`?\n",
		"plugin l":                        "error: unknown command \"l\"\nnext: did you mean `kubectl byoos plugin list`?\n",
		"help bogus":                      "error: unknown command \"bogus\"\nnext: see `kubectl byoos --help`\n",
		"help rendr":                      "error: unknown command \"rendr\"\nnext: did you mean `kubectl byoos render`?\n",
		"help plugin lst":                 "error: unknown command \"lst\"\nnext: did you mean `kubectl byoos plugin list`?\n",
		"completion bogus":                "error: unknown command \"bogus\"\nnext: see `kubectl byoos completion --help`\n",
		"completion powershel":            "error: unknown command \"powershel\"\nnext: did you mean `kubectl byoos completion powershell`?\n",
		"plugin lst":                      "error: unknown command \"lst\"\nnext: did you mean `kubectl byoos plugin list`?\n",
		"plugin bogus":                    "error: unknown command \"bogus\"\nnext: see `kubectl byoos plugin --help`\n",
		"rendr":                           "error: unknown command \"rendr\"\nnext: did you mean `kubectl byoos render`?\n",
		"verify aws-east":                 "error: verify wants ids of images, and \"aws-east\" is a pack\nnext: name no pack to verify all that the lock has, or give the image's id\n",
		"render --source Packer":          "error: there is no source type \"Packer\"; types are in lower case\nnext: write --source packer\n",
		"images --os-name rhel":           "error: --os-name sets a value of a pack, and selects no image\nnext: with --source, select by --where 'image.os.name == \"rhel\"'\n",
		"images --region us-east-1":       "error: --region needs --source\nnext: add --source TYPE, or write select.region of a pack into the spec\n",
		"render --values=":                "error: invalid argument \"\" for \"--values\" flag: it is empty; leave the flag out, or give a value\nnext: see `kubectl byoos render --help`\n",
		"verify --values=":                "error: invalid argument \"\" for \"--values\" flag: it is empty; leave the flag out, or give a value\nnext: see `kubectl byoos verify --help`\n",
		"lint --no-such":                  "error: unknown flag: --no-such\nnext: see `kubectl byoos lint --help`\n",
		"render --stale-ok --locked":      "error: there is no lock at byoos.lock\nnext: write one with `kubectl byoos lock`\n",
		"render --stale-ok --ignore-lock": "error: --stale-ok and --ignore-lock exclude each other\nnext: drop one of them\n",
	} {
		t.Run(line, func(t *testing.T) {
			code, out, errOut := said(t, strings.NewReader(""), nil, strings.Fields(line)...)
			if code != 2 || out != "" || errOut != want {
				t.Errorf("code %d, said %q and %q, want %q", code, out, errOut, want)
			}
		})
	}
}

// full is a disk that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestLostOutput: what could not be printed is told, whichever command prints it.
func TestLostOutput(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"bad.yaml": "pack:\n  osNmae: a\n", "warned.yaml": "charts: {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"lint bad.yaml", "lint warned.yaml", "lint bad.yaml -o json", "help", "render --help", "version", "schema", "completion bash"} {
		streams, _, _, stderr := genericiooptions.NewTestIOStreams()
		streams.Out = full{}
		code := cli.Run(context.Background(), &invocation.Invocation{
			IOStreams: streams, Arg0: "kubectl-byoos", Executable: filepath.Join(dir, "kubectl-byoos"), Dir: dir, Now: time.Now,
		}, strings.Fields(line))
		if code != 1 || !strings.Contains(stderr.String(), "error: ") || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("%s: code %d, said %q", line, code, stderr)
		}
	}
}

// TestFileNames: that of a file in a strange clone does not steer the terminal.
func TestFileNames(t *testing.T) {
	dir := t.TempDir()
	name := "a\x1b[31mb\n.yaml"
	if err := os.WriteFile(filepath.Join(dir, name), []byte("pack:\n  osNmae: a\n"), 0o600); err != nil {
		t.Skip(err) // not every system has such names
	}
	for _, flag := range []string{"--fix=false", "--fix"} {
		streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
		cli.Run(context.Background(), &invocation.Invocation{
			IOStreams: streams, Arg0: "kubectl-byoos", Executable: filepath.Join(dir, "kubectl-byoos"), Dir: dir, Now: time.Now,
		}, []string{"lint", flag, name})
		if text := stdout.String() + stderr.String(); strings.Contains(text, "\x1b") || !strings.Contains(text, "\ufffd[31mb .yaml:") {
			t.Errorf("%s: said %q", flag, text)
		}
	}
}

// TestNamesOfAConfigMap are checked before any source is asked.
func TestNamesOfAConfigMap(t *testing.T) {
	for flag, want := range map[string]string{
		"-n=BAD NS": `"BAD NS" cannot be a namespace`, "-n=a.b": `"a.b" cannot be a namespace`, "--configmap-name=A": `"A" cannot be a ConfigMap's name`,
	} {
		if code, _, errOut := said(t, strings.NewReader(""), nil, "render", "--format", "configmap", flag); code != 2 || !strings.Contains(errOut, want) {
			t.Errorf("%s: code %d, said %q", flag, code, errOut)
		}
	}
}

// TestHelpOfAGroup is no mistake.
func TestHelpOfAGroup(t *testing.T) {
	for _, line := range []string{"", "help", "help plugin", "help plugin list", "plugin", "completion", "help completion", "help help", "completion zsh"} {
		if code, out, errOut := said(t, strings.NewReader(""), nil, strings.Fields(line)...); code != 0 || out == "" || errOut != "" {
			t.Errorf("%q: code %d, %d bytes, said %q", line, code, len(out), errOut)
		}
	}
}

// TestCompletionWaitsForNobody: what a person types, or another program sends, is not
// read to complete a word.
func TestCompletionWaitsForNobody(t *testing.T) {
	for _, line := range []string{"__complete render -f - ", "__complete render -f /dev/stdin ", "__complete render -f /dev/null ", "__complete explain -f no-such.yaml "} {
		code, out, _ := said(t, unread{t}, nil, strings.Split(line, " ")...)
		if code != 0 || !strings.HasPrefix(out, ":4") {
			t.Errorf("%s: code %d, %q", line, code, out)
		}
	}
	if code, out, _ := said(t, unread{t}, nil, "__complete", "render", ""); code != 0 || !strings.HasPrefix(out, "aws-east\n") {
		t.Errorf("the spec of the folder: code %d, %q", code, out)
	}
}

type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("stdin was read")
	return 0, io.EOF
}

// TestNoHome: a user without a home has no configuration and no plugins of their own.
func TestNoHome(t *testing.T) {
	for _, environ := range [][]string{{"HOME=" + os.DevNull}, {"HOME=/nonexistent"}, {"HOME="}, nil} {
		if code, _, errOut := said(t, strings.NewReader(""), environ, "plugin", "list"); code != 0 || strings.TrimSpace(errOut) != "no source plugins found" {
			t.Errorf("%v: code %d, said %q", environ, code, errOut)
		}
	}
}
