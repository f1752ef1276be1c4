//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Lines of the page between which the table stands.
const (
	begin = "<!-- mutants -->"
	end   = "<!-- end of mutants -->"
)

// A page is Markdown with the table of folders.
type page struct {
	before, after string
	head          []string
	rows          []row
}

// A row is a folder, how many of 100 mutants its tests are to reach and to notice,
// and the rest of its columns.
type row struct {
	Folder string
	Goal   int
	cells  []string // all columns, as they stand in the page
}

// Columns of the table.
const (
	folderColumn = iota
	goalColumn
	wereKilled  // at the beginning, written by hand
	wereReached // so
	mutantsColumn
	killedColumn
	reachedColumn
	columns
)

func readPage(name string) (*page, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	before, rest, ok := strings.Cut(string(raw), begin+"\n")
	table, after, closed := strings.Cut(rest, end)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if !ok || !closed || len(lines) < 3 {
		return nil, fmt.Errorf("%s: no table between %s and %s", name, begin, end)
	}
	p := &page{before: before, after: after, head: lines[:2]}
	for _, line := range lines[2:] {
		r, err := readRow(line)
		if err != nil {
			return nil, fmt.Errorf("%s: row %q: %w", name, line, err)
		}
		p.rows = append(p.rows, r)
	}
	return p, nil
}

func readRow(line string) (row, error) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if len(cells) != columns {
		return row{}, fmt.Errorf("%d columns are wanted", columns)
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	goal, err := strconv.Atoi(cells[goalColumn])
	if err != nil {
		return row{}, errors.New("the goal is no number")
	}
	return row{Folder: strings.Trim(cells[folderColumn], "`"), Goal: goal, cells: cells}, nil
}

func (p *page) row(folder string) *row {
	i := slices.IndexFunc(p.rows, func(r row) bool { return r.Folder == folder })
	if i < 0 {
		return nil
	}
	return &p.rows[i]
}

// set writes what was counted into the row of a folder, where it has one.
func (p *page) set(folder string, c count) {
	if r := p.row(folder); r != nil {
		r.cells[mutantsColumn], r.cells[killedColumn], r.cells[reachedColumn] = strconv.Itoa(c.all()), percent(c.killed()), percent(c.reached())
	}
}

func (p *page) write(name string) error {
	var b strings.Builder
	b.WriteString(p.before + begin + "\n" + strings.Join(p.head, "\n") + "\n")
	for _, r := range p.rows {
		b.WriteString("| " + strings.Join(r.cells, " | ") + " |\n")
	}
	b.WriteString(end + p.after)
	return os.WriteFile(name, []byte(b.String()), 0o644)
}
