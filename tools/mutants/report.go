package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"
)

// passes runs the tests as they are, and returns how long they took once compiled.
func passes(ctx context.Context, folder string) (time.Duration, error) {
	var start time.Time
	for range 2 {
		start = time.Now()
		out, err := exec.CommandContext(ctx, "go", "test", "-vet=off", "-cover", "-count=1", "./"+folder+"/...").CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("the tests fail without any mutant: %w\n%s", err, out)
		}
	}
	return time.Since(start), nil
}

// coefficient is by what gremlins multiplies the time of the tests to get the time
// after which a mutant runs for ever: a minute at least, for what compiling takes.
func coefficient(took time.Duration) int64 {
	return int64(time.Minute/max(took, time.Millisecond)) + 4
}

// A mutant is one change of an operator, as gremlins reports it.
type mutant struct {
	File         string // path from the root of the module
	Line, Column int
	Type, Status string // in gremlins' words
	Text         string // the line, without white space around it
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d:%d: %s %s: %s", m.File, m.Line, m.Column, m.Status, m.Type, m.Text)
}

// key is how equivalent.txt names a mutant: by the text of its line, as numbers of
// lines change with each commit.
func (m mutant) key() string { return m.File + " | " + m.Type + " | " + m.Text }

// readReport reads what gremlins wrote about a folder, in the order of the files. No
// report means that no line has a mutant.
func readReport(name, folder string) ([]mutant, error) {
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var report struct {
		Files []struct {
			Name      string   `json:"file_name"`
			Mutations []mutant `json:"mutations"`
		} `json:"files"`
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		return nil, fmt.Errorf("read the report of gremlins: %w", err)
	}
	var all []mutant
	for _, f := range report.Files {
		file := path.Join(folder, f.Name)
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		lines := bytes.Split(src, []byte("\n"))
		for _, m := range f.Mutations {
			m.File, m.Text = file, string(bytes.TrimSpace(lines[m.Line-1]))
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b mutant) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return (a.Line-b.Line)*1000 + a.Column - b.Column
	})
	return all, nil
}

// A count is how many mutants of a folder tests noticed (or never ended with), ran
// without noticing, and did not reach. Those that do not compile are not counted.
type count struct{ Killed, Lived, NotReached int }

func (c count) String() string {
	return fmt.Sprintf("%d mutants, %s of those reached noticed, %s reached", c.all(), percent(c.killed()), percent(c.reached()))
}

func (c count) all() int         { return c.Killed + c.Lived + c.NotReached }
func (c count) killed() float64  { return ratio(c.Killed, c.Killed+c.Lived) }
func (c count) reached() float64 { return ratio(c.Killed+c.Lived, c.all()) }

func (c count) reaches(goal int) bool {
	return c.killed() >= float64(goal) && c.reached() >= float64(goal)
}

// ratio is in per cent; nothing of nothing is all.
func ratio(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// percent rounds down, so that 100 % means all.
func percent(p float64) string { return fmt.Sprintf("%.1f %%", float64(int(p*10))/10) }

// judge counts mutants and returns those that lived and that nobody gave a reason
// for; with all, those that no test reached as well.
func judge(mutants []mutant, known map[string]bool, all bool) (count, []mutant) {
	var c count
	var unknown []mutant
	for _, m := range mutants {
		switch m.Status {
		case "KILLED", "TIMED OUT":
			c.Killed++
			continue
		case "LIVED":
			c.Lived++
		case "NOT COVERED":
			c.NotReached++
			if !all {
				continue
			}
		default:
			continue
		}
		if !known[m.key()] {
			unknown = append(unknown, m)
		}
	}
	return c, unknown
}

// stale returns the reasons given for mutants of a folder that do not live any more.
func stale(mutants []mutant, known map[string]bool, folder string) []string {
	var out []string
	for key := range known {
		lives := slices.ContainsFunc(mutants, func(m mutant) bool {
			return m.key() == key && (m.Status == "LIVED" || m.Status == "NOT COVERED")
		})
		if strings.HasPrefix(key, folder+"/") && !lives {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// readEquivalent reads the list of mutants that change nothing: a line each, FILE |
// TYPE | LINE | REASON.
func readEquivalent(name string) (map[string]bool, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " | ")
		if at < 0 || strings.Count(line, " | ") < 3 || strings.TrimSpace(line[at+3:]) == "" {
			return nil, fmt.Errorf("%s:%d: FILE | TYPE | LINE | REASON is wanted", name, i+1)
		}
		known[line[:at]] = true
	}
	return known, nil
}
