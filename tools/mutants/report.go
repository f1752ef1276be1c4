//go:build unix

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A mutant is one change of an operator.
type mutant struct {
	File         string // path from the root of the module
	Line, Column int
	Type, Status string // in the words of gremlins (github.com/go-gremlins/gremlins)
	Text         string // the line, without white space around it
	number       int    // in its package
}

// What tests make of a mutant.
const (
	killed     = "KILLED"
	timedOut   = "TIMED OUT" // noticed as well
	lived      = "LIVED"
	notCovered = "NOT COVERED"
)

// place names a mutant in its package, whatever others there are.
func (m mutant) place() string { return fmt.Sprint(m.File, m.Line, ":", m.Column, m.Type) }

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d:%d: %s %s: %s", m.File, m.Line, m.Column, m.Status, m.Type, m.Text)
}

// key is how equivalent.txt names a mutant: by the text of its line, as numbers of
// lines change with each commit.
func (m mutant) key() string { return m.File + " | " + m.Type + " | " + m.Text }

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
		case killed, timedOut:
			c.Killed++
			continue
		case lived:
			c.Lived++
		case notCovered:
			c.NotReached++
			if !all {
				continue
			}
		}
		if !known[m.key()] {
			unknown = append(unknown, m)
		}
	}
	return c, unknown
}

// stale returns the reasons given for mutants of a folder that do not live any more. One
// that takes long may live on another machine.
func stale(mutants []mutant, known map[string]bool, folder string) []string {
	var out []string
	for key := range known {
		lives := slices.ContainsFunc(mutants, func(m mutant) bool {
			return m.key() == key && m.Status != killed
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
