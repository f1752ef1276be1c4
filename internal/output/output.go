// Package output prints lists of objects in the formats of kubectl: tables,
// JSON, YAML, names, JSONPath, Go templates and custom columns.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

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

// Formats that take no argument, and those that take one after "=".
var (
	plainFormats    = []string{"json", "name", "table", "wide", "yaml"}
	templateFormats = []string{"custom-columns", "custom-columns-file", "go-template", "go-template-file", "jsonpath", "jsonpath-as-json", "jsonpath-file"}
)

// Printer prints lists in one format.
type Printer struct {
	format, argument string
	noHeaders        bool
	structured       printers.ResourcePrinter
}

// Formats lists every format, for help and errors.
func Formats() []string {
	all := slices.Concat(plainFormats, templateFormats)
	slices.Sort(all)
	return all
}

// New returns the printer for the value of -o; empty means table. An unknown
// format or a bad template is a usage error.
func New(format string, noHeaders bool) (*Printer, error) {
	name, argument, hasArgument := strings.Cut(format, "=")
	if name == "" {
		name = "table"
	}
	p := &Printer{format: name, argument: argument, noHeaders: noHeaders}
	switch {
	case slices.Contains(plainFormats, name):
		if hasArgument {
			return nil, failure.Usage("", "-o %s takes no argument", name)
		}
	case slices.Contains(templateFormats, name):
		if argument == "" {
			return nil, failure.Usage("", "-o %s needs an argument: -o %s=...", name, name)
		}
	default:
		return nil, failure.Usage("use one of "+strings.Join(Formats(), ", "), "unknown output format %q", format)
	}
	structured, err := newStructured(name, argument)
	if err != nil {
		return nil, &failure.Error{Code: failure.ExitUsage, Summary: "-o " + name, Err: err}
	}
	p.structured = structured
	return p, nil
}

// newStructured returns cli-runtime's printer for a format, nil for those that
// are printed here.
func newStructured(name, argument string) (printers.ResourcePrinter, error) {
	if strings.HasSuffix(name, "-file") {
		data, err := os.ReadFile(argument)
		if err != nil {
			return nil, err
		}
		if name == "custom-columns-file" {
			return customColumnsOfFile(string(data))
		}
		name, argument = strings.TrimSuffix(name, "-file"), string(data)
	}
	switch name {
	case "json":
		return &printers.JSONPrinter{}, nil
	case "yaml":
		return yamlPrinter{}, nil
	case "go-template":
		return printers.NewGoTemplatePrinter([]byte(argument))
	case "jsonpath", "jsonpath-as-json":
		p, err := printers.NewJSONPathPrinter(relaxedJSONPath(argument))
		if err != nil {
			return nil, err
		}
		p.AllowMissingKeys(true)
		p.EnableJSONOutput(name == "jsonpath-as-json")
		return p, nil
	case "custom-columns":
		return newCustomColumns(argument)
	}
	return nil, nil
}

// ForPeople tells whether the format is a table.
func (p *Printer) ForPeople() bool { return p.format == "table" || p.format == "wide" }

// Print writes the list to out; talk goes to errOut.
func (p *Printer) Print(list List, out, errOut io.Writer) error {
	switch {
	case p.ForPeople():
		return p.printTable(list.Table, out, errOut)
	case p.format == "name":
		return printLines(list.Names, isTerminal(out), out)
	}
	watched := &watchedWriter{out: out}
	var to io.Writer = watched
	toTerminal := isTerminal(out)
	if toTerminal {
		// Templates write names as they are; JSON and YAML escape what is below a space,
		// but not what turns a line around.
		to = harmlessWriter{watched}
	}
	err := p.printStructured(list, toTerminal, to)
	switch {
	case watched.err != nil:
		return fmt.Errorf("cannot write the output: %w", watched.err)
	case err != nil:
		return &failure.Error{Code: failure.ExitUsage, Summary: "-o " + p.format, Err: err}
	}
	return nil
}

func (p *Printer) printStructured(list List, toTerminal bool, out io.Writer) error {
	if p.format == "json" || p.format == "yaml" {
		return p.structured.PrintObj(list.typed(), out)
	}
	// Paths and templates look into maps.
	object, err := list.unstructured()
	if err != nil {
		return err
	}
	if c, ok := p.structured.(*customColumns); ok {
		return c.print(object, p.noHeaders, toTerminal, out)
	}
	return p.structured.PrintObj(object, out)
}

// yamlPrinter prints as cli-runtime's does, and what YAML cannot hold as it is: the
// other gives up at a name with such a character.
type yamlPrinter struct{}

// PrintObj makes yamlPrinter a cli-runtime printer.
func (yamlPrinter) PrintObj(obj runtime.Object, out io.Writer) error {
	data, err := json.Marshal(obj)
	if err != nil {
		return fmt.Errorf("cannot encode the list: %w", err)
	}
	text, err := yaml.JSONToYAML([]byte(escaped(string(data))))
	if err != nil {
		return fmt.Errorf("cannot write YAML: %w", err)
	}
	_, err = out.Write(text)
	return err
}

// escaped writes those characters of a JSON text by their numbers that YAML refuses.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r >= 0x7f && r <= 0x9f && r != 0x85 || r == '\ufeff' || r == '\ufffe' || r == '\uffff' {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// watchedWriter remembers a failed write, to tell it from a bad template.
type watchedWriter struct {
	out io.Writer
	err error
}

func (w *watchedWriter) Write(data []byte) (int, error) {
	n, err := w.out.Write(data)
	if err != nil {
		w.err = err
	}
	return n, err
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// harmlessWriter writes text of others to a terminal.
type harmlessWriter struct{ out io.Writer }

func (w harmlessWriter) Write(data []byte) (int, error) {
	if _, err := io.WriteString(w.out, text.Harmless(string(data))); err != nil {
		return 0, err
	}
	return len(data), nil
}

func printLines(lines []string, toTerminal bool, out io.Writer) error {
	for _, line := range lines {
		if toTerminal {
			line = text.HarmlessLine(line)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

func (p *Printer) printTable(t Table, out, errOut io.Writer) error {
	if len(t.Rows) == 0 && t.Empty != "" {
		_, err := fmt.Fprintln(errOut, t.Empty)
		return err
	}
	w := printers.GetNewTabWriter(out)
	if !p.noHeaders {
		fmt.Fprintln(w, strings.Join(p.visible(t.Columns, headers(t.Columns)), "\t"))
	}
	for _, row := range t.Rows {
		fmt.Fprintln(w, strings.Join(p.visible(t.Columns, row), "\t"))
	}
	return w.Flush()
}

func headers(columns []Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// visible drops wide cells unless they were asked for, and shows an unknown
// value as kubectl does.
func (p *Printer) visible(columns []Column, cells []string) []string {
	shown := make([]string, 0, len(cells))
	for i, cell := range cells {
		if columns[i].Wide && p.format != "wide" {
			continue
		}
		if cell == "" {
			cell = "<none>"
		}
		shown = append(shown, text.HarmlessLine(cell))
	}
	return shown
}

// object is a list as cli-runtime's printers take it: items keep the order of
// their fields, and are encoded once.
type object struct {
	metav1.TypeMeta `json:",inline"`
	Items           []any `json:"items"`
}

// DeepCopyObject makes object a runtime.Object. Printers do not change what they
// print, so the items are shared.
func (o *object) DeepCopyObject() runtime.Object {
	return &object{TypeMeta: o.TypeMeta, Items: slices.Clone(o.Items)}
}

func (l List) typed() *object {
	items := l.Items
	if items == nil {
		// An empty list, not null, for whoever reads it.
		items = []any{}
	}
	return &object{TypeMeta: metav1.TypeMeta{APIVersion: APIVersion, Kind: l.Kind}, Items: items}
}

func (l List) unstructured() (*unstructured.Unstructured, error) {
	data, err := json.Marshal(l.typed())
	if err != nil {
		return nil, fmt.Errorf("cannot encode the list: %w", err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, fmt.Errorf("cannot encode the list: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
