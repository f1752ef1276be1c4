// Package output prints lists of objects in the formats of kubectl: tables,
// JSON, YAML, names, JSONPath, Go templates and custom columns. Each is a line of
// formats, and a function that prints.
package output

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// APIVersion of every printed list.
const APIVersion = "byoos.dev/v1alpha1"

// List is what is printed: a Kubernetes-style list of items, with the table
// that shows the same to people.
type List struct {
	// Kind is ImageList, PickList, PluginList, ...
	Kind string
	// Items are structs or maps with JSON names.
	Items []any
	// Names are printed by -o name, one for each item.
	Names []string
	// Table for people.
	Table Table
	// Own are the formats that this list alone has.
	Own map[string]func(io.Writer) error
}

// Table is the human form of a list.
type Table struct {
	Columns []Column
	// Rows have one cell for each column.
	Rows [][]string
	// Empty is said on stderr in place of a table without rows.
	Empty string
}

// Column of a table; Wide ones are shown by -o wide only.
type Column struct {
	Name string
	Wide bool
}

// format is one way to print a list.
type format struct {
	// write prints a list; a format that takes an argument after "=" has parse, which
	// makes it of that.
	write printFunc
	parse func(argument string) (printFunc, error)
	// forPeople tells that it shows less than there is.
	forPeople bool
}

// printFunc prints a list; it fails for a bad argument, or when it cannot write.
type printFunc func(List, target) error

// target is where a list goes.
type target struct {
	// out takes text of others as it is, also to a terminal.
	out io.Writer
	// errOut is where a person is told what is no part of the list.
	errOut              io.Writer
	terminal, noHeaders bool
}

func formats() map[string]format {
	return map[string]format{
		"table":               {write: printTable, forPeople: true},
		"wide":                {write: printWide, forPeople: true},
		"name":                {write: printNames},
		"json":                {write: printJSON},
		"yaml":                {write: printYAML},
		"go-template":         {parse: goTemplate},
		"go-template-file":    {parse: ofFile(goTemplate)},
		"jsonpath":            {parse: jsonPath(false)},
		"jsonpath-as-json":    {parse: jsonPath(true)},
		"jsonpath-file":       {parse: ofFile(jsonPath(false))},
		"custom-columns":      {parse: customColumns},
		"custom-columns-file": {parse: ofFile(customColumnsOfFile)},
	}
}

// Formats lists every format, for help and errors.
func Formats() []string { return slices.Sorted(maps.Keys(formats())) }

// Printer prints lists in one format.
type Printer struct {
	format
	name      string
	noHeaders bool
}

// New returns the printer for the value of -o; empty means table. own are the formats
// that the lists have of their own. An unknown format or a bad template is a usage
// error.
func New(value string, noHeaders bool, own ...string) (*Printer, error) {
	name, argument, hasArgument := strings.Cut(value, "=")
	if name == "" {
		name = "table"
	}
	format, known := formats()[name]
	if slices.Contains(own, name) {
		known, format.write = true, func(list List, to target) error { return list.Own[name](to.out) }
	}
	p := &Printer{format, name, noHeaders}
	switch {
	case !known:
		return nil, failure.Usage("use one of "+strings.Join(Formats(), ", "), "unknown output format %q", value)
	case p.parse == nil && hasArgument:
		return nil, failure.Usage("", "-o %s takes no argument", name)
	case p.parse == nil:
		return p, nil
	case argument == "":
		return nil, failure.Usage("", "-o %s needs an argument: -o %s=...", name, name)
	}
	var err error
	if p.write, err = p.parse(argument); err != nil {
		return nil, p.misused(err)
	}
	return p, nil
}

func (p *Printer) misused(err error) error {
	return &failure.Error{Code: failure.ExitUsage, Summary: "-o " + p.name, Err: err}
}

// ForPeople tells whether the format is a table.
func (p *Printer) ForPeople() bool { return p.forPeople }

// Print writes the list to out; talk goes to errOut.
func (p *Printer) Print(list List, out, errOut io.Writer) error {
	w := &writer{out: out, terminal: isTerminal(out)}
	err := p.write(list, target{w, errOut, w.terminal, p.noHeaders})
	switch {
	case w.err != nil:
		return fmt.Errorf("cannot write the output: %w", w.err)
	case err != nil:
		return p.misused(err)
	}
	return nil
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// writer keeps text of others from steering a terminal: templates write names as they
// are; JSON and YAML escape what is below a space, but not what turns a line around. It
// remembers a failed write, to tell it from a bad template.
type writer struct {
	out      io.Writer
	terminal bool
	err      error
}

func (w *writer) Write(data []byte) (int, error) {
	shown := string(data)
	if w.terminal {
		shown = text.Harmless(shown)
	}
	if _, err := io.WriteString(w.out, shown); err != nil {
		w.err = err
		return 0, err
	}
	return len(data), nil
}
