package output

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/util/jsonpath"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// columns print chosen fields of each item, as kubectl's
// -o custom-columns=NAME:.path,... does.
type columns struct {
	names []string
	paths []*jsonpath.JSONPath
}

func customColumns(argument string) (printFunc, error) {
	var c columns
	for _, column := range strings.FieldsFunc(argument, func(r rune) bool { return r == ',' || r == '\n' }) {
		name, path, ok := strings.Cut(strings.TrimSpace(column), ":")
		if !ok || name == "" || path == "" {
			return nil, fmt.Errorf("column %q is not of the form NAME:.json.path", column)
		}
		if err := c.add(name, path); err != nil {
			return nil, err
		}
	}
	return c.print, nil
}

// customColumnsOfFile reads columns as kubectl's custom-columns-file has them: a
// line of names and below it one of paths, with spaces between them.
func customColumnsOfFile(content string) (printFunc, error) {
	lines := strings.Split(content, "\n")
	if len(lines) < 2 {
		return nil, errors.New("the file needs two lines: names of columns, and below each its path (.id), with spaces between them")
	}
	names, paths := strings.Fields(lines[0]), strings.Fields(lines[1])
	if len(names) != len(paths) || len(names) == 0 {
		return nil, fmt.Errorf("the first line of the file has %d names, and the second %d paths", len(names), len(paths))
	}
	var c columns
	for i, name := range names {
		if err := c.add(name, paths[i]); err != nil {
			return nil, err
		}
	}
	return c.print, nil
}

func (c *columns) add(name, path string) error {
	parser := jsonpath.New(name).AllowMissingKeys(true)
	if err := parser.Parse(relaxedJSONPath(path)); err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	c.names = append(c.names, name)
	c.paths = append(c.paths, parser)
	return nil
}

// print writes a line for each item; a terminal gets no more lines than that.
func (c *columns) print(list List, to target) error {
	values, err := list.values()
	if err != nil {
		return err
	}
	w := printers.GetNewTabWriter(to.out)
	if !to.noHeaders {
		fmt.Fprintln(w, strings.Join(c.names, "\t"))
	}
	items, _ := values["items"].([]any)
	for _, item := range items {
		cells := make([]string, len(c.paths))
		for i, path := range c.paths {
			cell, err := find(path, item)
			if err != nil {
				return fmt.Errorf("column %s: %w", c.names[i], err)
			}
			if to.terminal {
				cell = text.HarmlessLine(cell)
			}
			cells[i] = cell
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

func find(path *jsonpath.JSONPath, item any) (string, error) {
	results, err := path.FindResults(item)
	if err != nil {
		return "", err
	}
	var values []string
	for _, group := range results {
		for _, value := range group {
			if value.IsValid() && value.CanInterface() && value.Interface() != nil {
				values = append(values, fmt.Sprint(value.Interface()))
			}
		}
	}
	if len(values) == 0 {
		return "<none>", nil
	}
	return strings.Join(values, ","), nil
}

// relaxedJSONPath accepts x.y and .x.y beside {.x.y}, as kubectl does.
func relaxedJSONPath(path string) string {
	if strings.Contains(path, "{") {
		return path
	}
	if !strings.HasPrefix(path, ".") && !strings.HasPrefix(path, "[") {
		path = "." + path
	}
	return "{" + path + "}"
}
