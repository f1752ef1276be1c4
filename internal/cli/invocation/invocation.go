// Package invocation holds what the process was started with: streams,
// environment, directory, clock and name. Commands take all of it from here, so
// tests can stand in for a machine.
package invocation

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// Invocation is one run of the program.
type Invocation struct {
	genericiooptions.IOStreams
	// Arg0 is the name the program was called by.
	Arg0 string
	// Executable is the path of the program, before symlinks are resolved.
	Executable string
	// Dir is the working directory.
	Dir     string
	Environ []string
	Now     func() time.Time
	// StdoutTerminal and StderrTerminal tell whether a person reads the stream.
	StdoutTerminal, StderrTerminal, StdinTerminal bool
}

// FromProcess returns the invocation of the running process.
func FromProcess() (*Invocation, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, &failure.Error{
			Code: failure.ExitFailure, Summary: "cannot tell the working directory", Next: "change to a folder that exists", Err: err,
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &Invocation{
		IOStreams:      genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		Arg0:           os.Args[0],
		Executable:     exe,
		Dir:            dir,
		Environ:        os.Environ(),
		Now:            time.Now,
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		StdinTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
	}, nil
}

// Getenv returns the value of an environment variable, empty when it is unset.
func (i *Invocation) Getenv(name string) string {
	prefix := name + "="
	value := ""
	for _, kv := range i.Environ {
		if strings.HasPrefix(kv, prefix) {
			value = kv[len(prefix):]
		}
	}
	return value
}

// Color tells whether stdout may be coloured: a terminal, and NO_COLOR unset
// (https://no-color.org).
func (i *Invocation) Color() bool {
	return i.StdoutTerminal && i.Getenv("NO_COLOR") == "" && i.Getenv("TERM") != "dumb"
}

// Path returns name relative to the working directory of the invocation.
func (i *Invocation) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(i.Dir, name)
}

// DisplayName is how the user called the program: "kubectl byoos" through
// kubectl (which looks for kubectl-byoos on PATH), "palette byoos" through the
// Palette CLI, else the file's own name.
func (i *Invocation) DisplayName() string {
	base := strings.TrimSuffix(filepath.Base(i.Arg0), ".exe")
	for _, parent := range []string{"kubectl", "palette"} {
		if rest, ok := strings.CutPrefix(base, parent+"-"); ok {
			return parent + " " + strings.ReplaceAll(rest, "_", "-")
		}
	}
	// kubectl sets KUBECTL_PATH for its plugins since 1.34.
	if i.Getenv("KUBECTL_PATH") != "" {
		return "kubectl byoos"
	}
	return base
}
