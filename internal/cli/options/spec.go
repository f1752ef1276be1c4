package options

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// DefaultSpecFile is read when neither -f nor --source is given.
const DefaultSpecFile = "byoos.yaml"

// otherSpecFile is what some call theirs; it is named to them, and never read unasked.
const otherSpecFile = "byoos.yml"

// stdinName stands for a spec from stdin in messages.
const stdinName = "<stdin>"

// Spec chooses the spec: a file, or one source from flags.
type Spec struct {
	File string
	// Source is the type of a source, Set its configuration: key=value, dotted keys for
	// what is nested. Where the plugin's schema has a list, [a,b] and a repeated key make
	// one.
	Source string
	Set    []string
	// Pack is the one for that source. Regions and architectures are in its matrix,
	// however many there are.
	Pack spec.Pack
}

// AddFlags adds -f and the flags that make a spec in memory.
func (s *Spec) AddFlags(flags *pflag.FlagSet) {
	flags.StringVarP(&s.File, "filename", "f", "", "the spec; - for stdin (default "+DefaultSpecFile+")")
	for _, f := range s.flags() {
		f.add(flags)
	}
}

// Load reads and validates the spec, which may come through a pipe, until ctx ends.
// A missing or invalid one is a usage error.
func (s *Spec) Load(ctx context.Context, inv *invocation.Invocation) (*spec.Document, error) {
	return interrupt.Run(ctx, func() (*spec.Document, error) { return s.load(inv) })
}

func (s *Spec) load(inv *invocation.Invocation) (*spec.Document, error) {
	switch {
	case s.Source != "" && s.File != "":
		return nil, failure.Usage("drop one of them", "-f and --source exclude each other")
	case s.Source != "":
		return s.Made(inv.Dir)
	}
	if err := s.needSource(); err != nil {
		return nil, err
	}
	return s.read(inv)
}

func (s *Spec) read(inv *invocation.Invocation) (*spec.Document, error) {
	if s.File == "-" {
		data, err := io.ReadAll(inv.In)
		if err != nil {
			return nil, &failure.Error{Code: failure.ExitUsage, Summary: "cannot read the spec from stdin", Err: err}
		}
		return spec.Parse(stdinName, data, inv.Dir)
	}
	name := s.name(inv)
	path := inv.Path(name)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(name, s.File == "", err, inv)
	}
	return spec.Parse(name, data, filepath.Dir(path))
}

// name is the spec's file as the user named it; a folder stands for the spec in it.
func (s *Spec) name(inv *invocation.Invocation) string {
	name := cmp.Or(s.File, DefaultSpecFile)
	if info, err := os.Stat(inv.Path(name)); err == nil && info.IsDir() {
		return filepath.Join(name, DefaultSpecFile)
	}
	return name
}

// path is where the spec is; empty for one from flags. One from stdin may be a
// file, too, which the device leads to.
func (s *Spec) path(inv *invocation.Invocation) string {
	switch {
	case s.Source != "":
		return ""
	case s.File == "-":
		return "/dev/stdin"
	}
	return inv.Path(s.name(inv))
}

func unreadable(name string, isDefault bool, err error, inv *invocation.Invocation) error {
	e := &failure.Error{Code: failure.ExitUsage, Summary: "cannot read the spec " + name, Err: err, Next: "check its permissions"}
	_, noYML := os.Stat(inv.Path(otherSpecFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && isDefault && noYML == nil:
		e.Summary, e.Err = "there is no "+name+" in this directory", nil
		e.Next = "name the spec with -f " + otherSpecFile
	case errors.Is(err, fs.ErrNotExist) && isDefault:
		e.Summary, e.Err = "there is no "+name+" in this directory", nil
		e.Next = "name a spec with -f, make one with `" + inv.DisplayName() + " init`, or use --source TYPE"
	case errors.Is(err, fs.ErrNotExist):
		e.Summary, e.Err = "the spec "+name+" does not exist", nil
		e.Next = "check the path after -f"
	}
	return e
}
