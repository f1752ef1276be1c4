package options

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/wholefile"
)

// Lock says which lock is used, and whether.
type Lock struct {
	// File is the lock's path; empty means beside the spec, named after it.
	File    string
	Locked  bool
	Ignore  bool
	StaleOK bool
}

// AddFileFlag adds --lock-file.
func (l *Lock) AddFileFlag(flags *pflag.FlagSet) {
	flags.StringVar(&l.File, "lock-file", "", "the lock (default: beside the spec, byoos.lock for byoos.yaml)")
}

// AddFlags adds the flags of commands that read a lock when there is one.
func (l *Lock) AddFlags(flags *pflag.FlagSet) {
	l.AddFileFlag(flags)
	flags.BoolVar(&l.Locked, "locked", false, "use the lock, and fail without one")
	flags.BoolVar(&l.Ignore, "ignore-lock", false, "pick anew though there is a lock")
	flags.BoolVar(&l.StaleOK, "stale-ok", false, "use the lock for packs whose spec changed since")
}

// Path returns the lock's path, and its name for messages; both are empty for a
// spec that has no place of its own (flags, stdin) unless --lock-file is given.
func (l *Lock) Path(inv *invocation.Invocation, document *spec.Document) (path, name string) {
	if l.File != "" {
		return inv.Path(l.File), l.File
	}
	file := document.Set.File
	if file == "" || file == stdinName {
		return "", ""
	}
	name = lockBeside(file)
	return inv.Path(name), name
}

func lockBeside(spec string) string { return strings.TrimSuffix(spec, filepath.Ext(spec)) + ".lock" }

// Inputs are the files that a run works from, which it must never write: the spec
// and its lock, whether it is used or not.
func (r *Run) Inputs(inv *invocation.Invocation, l *Lock) []string {
	var inputs []string
	spec := r.Spec.path(inv)
	if spec != "" {
		inputs = append(inputs, spec)
	}
	switch {
	case l.File != "":
		inputs = append(inputs, inv.Path(l.File))
	case spec != "":
		inputs = append(inputs, lockBeside(spec))
	}
	return inputs
}

// Load reads the lock that the flags ask for, until ctx ends: nil when there is none,
// or none is to be used.
func (l *Lock) Load(ctx context.Context, inv *invocation.Invocation, document *spec.Document) (*lock.File, string, error) {
	if l.Ignore {
		if l.Locked {
			return nil, "", failure.Usage("drop one of them", "--locked and --ignore-lock exclude each other")
		}
		if l.StaleOK {
			return nil, "", failure.Usage("drop one of them", "--stale-ok and --ignore-lock exclude each other")
		}
		return nil, "", nil
	}
	path, name := l.Path(inv, document)
	if path == "" {
		return nil, "", l.absent("for a spec from flags or stdin", "name one with --lock-file")
	}
	if err := notTheSpec(inv, document, path, name); err != nil {
		return nil, "", err
	}
	file, err := lock.Load(ctx, path, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", l.absent("at "+name, "write one with `"+inv.DisplayName()+" lock`")
	case errors.As(err, new(*fs.PathError)):
		return nil, "", &failure.Error{
			Code: failure.ExitUsage, Summary: "cannot read the lock " + name, Err: err,
			Next: "check its permissions, or leave it aside with --ignore-lock",
		}
	case err != nil:
		return nil, "", err
	}
	return file, name, nil
}

// absent is an error only when a lock was asked for.
func (l *Lock) absent(where, next string) error {
	if !l.Locked && l.File == "" {
		return nil
	}
	return failure.Usage(next, "there is no lock %s", where)
}

// Picked is what was picked for each pack, and from where.
type Picked struct {
	Picks []pipeline.Pick
	// Lock is the name of the lock that the picks are from; empty when the
	// sources were asked.
	Lock string
}

// Pick picks an image for each pack named, or for all: from the lock when there
// is one, else from the sources.
func (r *Run) Pick(ctx context.Context, inv *invocation.Invocation, l *Lock, names []string) (*Picked, error) {
	document, err := r.Spec.Load(ctx, inv)
	if err != nil {
		return nil, err
	}
	file, name, err := l.Load(ctx, inv, document)
	if err != nil {
		return nil, err
	}
	if file == nil {
		picks, err := r.pickFromSources(ctx, inv, document, names)
		return &Picked{Picks: picks}, err
	}
	if err := addMirrors(inv, document); err != nil {
		return nil, err
	}
	p := &pipeline.Pipeline{Document: document, Now: inv.Now()}
	packs, err := p.Packs(names)
	if err != nil {
		return nil, err
	}
	picks, err := p.Locked(packs, file, l.StaleOK)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(inv.ErrOut, "using %s; --ignore-lock picks anew\n", name)
	strays, err := p.Strays(file)
	if err != nil {
		return nil, err
	}
	if len(strays) > 0 {
		fmt.Fprintf(inv.ErrOut, "note: %s has packs that the spec lacks, which `%s update` removes: %s\n",
			name, inv.DisplayName(), text.HarmlessLine(pipeline.Names(strays)))
	}
	return &Picked{Picks: picks, Lock: name}, nil
}

// Rendered is what became of the packs.
type Rendered struct {
	Packs []pipeline.Rendered
	// Left is the failure of packs whose sources failed, where --allow-partial goes
	// on with the others; it is the command's at its end.
	Left error
}

// Render picks an image for each pack named, or for all, tells what a person should
// know of the picks, and builds the pack values.
func (r *Run) Render(ctx context.Context, inv *invocation.Invocation, l *Lock, names []string) (*Rendered, error) {
	picked, err := r.Pick(ctx, inv, l, names)
	if err != nil {
		return nil, err
	}
	PrintNotes(inv.ErrOut, picked.Picks)
	picks, left := picked.Picks, error(nil)
	if r.Host.AllowPartial {
		picks, left = pipeline.Heard(picks)
	}
	if len(picks) == 0 && left != nil {
		return nil, left
	}
	packs, err := interrupt.Run(ctx, func() ([]pipeline.Rendered, error) { return pipeline.Values(picks) })
	if err != nil {
		return nil, failure.Join(err, left)
	}
	return &Rendered{Packs: packs, Left: left}, nil
}

func (r *Run) pickFromSources(ctx context.Context, inv *invocation.Invocation, document *spec.Document, names []string) ([]pipeline.Pick, error) {
	session, err := r.open(ctx, inv, document)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	packs, err := session.Packs(names)
	if err != nil {
		return nil, err
	}
	picks, _, err := session.Picks(ctx, packs)
	return picks, err
}

// Place is Path for commands that write the lock: a spec without a place of its
// own is a usage error, and so is a lock that would be the spec, or that of two.
func (l *Lock) Place(inv *invocation.Invocation, document *spec.Document) (path, name string, err error) {
	path, name = l.Path(inv, document)
	if path == "" {
		return "", "", failure.Usage("name the lock with --lock-file", "a spec from flags or stdin has no place for its lock")
	}
	if err := notTheSpec(inv, document, path, name); err != nil {
		return "", "", err
	}
	if l.File != "" {
		return path, name, nil
	}
	return path, name, ofOneSpec(inv, document.Set.File, name)
}

// notTheSpec refuses a lock that is the spec itself, by whatever name or link.
func notTheSpec(inv *invocation.Invocation, document *spec.Document, path, name string) error {
	file := document.Set.File
	if file == "" || file == stdinName || !wholefile.Same(inv.Path(file), path) {
		return nil
	}
	return failure.Usage("name another file with --lock-file", "the lock %s is the spec itself", name)
}

// ofOneSpec refuses a lock that byoos.yaml and byoos.yml would share: an update by
// one would remove the packs of the other.
func ofOneSpec(inv *invocation.Invocation, file, name string) error {
	twin, isYML := strings.CutSuffix(file, ".yml")
	twin += ".yaml"
	if !isYML {
		twin = strings.TrimSuffix(file, ".yaml") + ".yml"
	}
	if info, err := os.Stat(inv.Path(twin)); err != nil || !info.Mode().IsRegular() {
		return nil //nolint:nilerr // there is no other spec
	}
	data, err := os.ReadFile(inv.Path(twin))
	isSpec := err == nil && bytes.Contains(data, []byte(spec.Kind))
	if !isSpec || wholefile.Same(inv.Path(file), inv.Path(twin)) {
		return nil
	}
	return failure.Usage("rename one of them, or name a lock for each with --lock-file", "%s and %s would share the lock %s", file, twin, name)
}
