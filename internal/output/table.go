package output

import (
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

func printTable(list List, to target) error { return list.Table.write(false, to) }

func printWide(list List, to target) error { return list.Table.write(true, to) }

func (t Table) write(wide bool, to target) error {
	if len(t.Rows) == 0 && t.Empty != "" {
		fmt.Fprintln(to.errOut, t.Empty)
		return nil
	}
	w := printers.GetNewTabWriter(to.out)
	if !to.noHeaders {
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = c.Name
		}
		fmt.Fprintln(w, t.line(wide, names))
	}
	for _, row := range t.Rows {
		fmt.Fprintln(w, t.line(wide, row))
	}
	return w.Flush()
}

// line drops wide cells unless they were asked for, and shows an unknown value as
// kubectl does.
func (t Table) line(wide bool, cells []string) string {
	var shown []string
	for i, cell := range cells {
		if t.Columns[i].Wide && !wide {
			continue
		}
		if cell == "" {
			cell = "<none>"
		}
		shown = append(shown, text.HarmlessLine(cell))
	}
	return strings.Join(shown, "\t")
}

func printNames(list List, to target) error {
	for _, name := range list.Names {
		if to.terminal {
			name = text.HarmlessLine(name)
		}
		if _, err := fmt.Fprintln(to.out, name); err != nil {
			return err
		}
	}
	return nil
}
