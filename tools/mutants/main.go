//go:build unix

// Command mutants changes operators of the program, one at a time, and says which
// changes no unit test of the package noticed. It writes what it counted into the table
// of docs/testing.md, whose rows are the folders it looks at.
//
// All mutants of a package are compiled into one program of its tests (change.go), which
// runs once for each mutant with those tests that reach it (try.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// Options are what the command line says.
type options struct {
	table, equivalent, since string
	workers                  int
	folders                  []string
}

func readOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("mutants [flags] [FOLDER...]", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.table, "table", "docs/testing.md", "the page with the table of folders")
	flags.StringVar(&o.equivalent, "equivalent", "tools/mutants/equivalent.txt", "mutants that change nothing, and why")
	flags.StringVar(&o.since, "since", "", "look at the lines alone that changed since the common ancestor with this commit; the table stays")
	flags.IntVar(&o.workers, "workers", 2, "how many mutants are tried at once")
	err := flags.Parse(args)
	o.folders = flags.Args()
	return o, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := readOptions(args, stderr)
	if err != nil {
		return err
	}
	page, err := readPage(o.table)
	if err != nil {
		return err
	}
	known, err := readEquivalent(o.equivalent)
	if err != nil {
		return err
	}
	rows, changed, err := chosen(ctx, page, o)
	if err != nil {
		return err
	}
	var bad []string
	for _, row := range rows {
		fmt.Fprintf(stderr, "%s ...\n", row.Folder)
		mutants, err := ofFolder(ctx, row.Folder, changed, o.workers)
		if err != nil {
			return fmt.Errorf("%s: %w", row.Folder, err)
		}
		count, ok := tell(stdout, row, mutants, known, changed != nil)
		if !ok {
			bad = append(bad, row.Folder)
		}
		if changed != nil {
			continue
		}
		page.set(row.Folder, count)
		if err := page.write(o.table); err != nil { // after each folder, as all take long
			return err
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("tests miss mutants in %s: test what they change, delete it, or say in %s why nothing changes", strings.Join(bad, ", "), o.equivalent)
	}
	return nil
}

// tell prints what was found in a folder, and returns whether all is as wanted.
// Of changed lines each mutant needs a test or a reason; of a whole folder those that
// a test reaches, and the goal is to be met.
func tell(w io.Writer, row row, mutants []mutant, known map[string]bool, changed bool) (count, bool) {
	c, unknown := judge(mutants, known, changed)
	fmt.Fprintf(w, "%s: %s\n", row.Folder, c)
	for _, m := range unknown {
		fmt.Fprintln(w, "  "+m.String())
	}
	if changed {
		return c, len(unknown) == 0
	}
	old := stale(mutants, known, row.Folder)
	for _, key := range old {
		fmt.Fprintf(w, "  no longer lives, needs no reason: %s\n", key)
	}
	return c, len(unknown) == 0 && len(old) == 0 && c.reaches(row.Goal)
}

// chosen returns the rows of the table that are asked for: those named, those with
// changes since a commit, which are returned as well, or all.
func chosen(ctx context.Context, page *page, o options) ([]row, lines, error) {
	for _, f := range o.folders {
		if page.row(f) == nil {
			return nil, nil, fmt.Errorf("%s has no row in %s", f, o.table)
		}
	}
	rows := slices.DeleteFunc(slices.Clone(page.rows), func(r row) bool {
		return len(o.folders) > 0 && !slices.Contains(o.folders, r.Folder)
	})
	if o.since == "" {
		return rows, nil, nil
	}
	changed, err := changedLines(ctx, o.since)
	return narrowed(rows, slices.Sorted(maps.Keys(changed))), changed, err
}

// narrowed returns a row for each folder below one of rows in which a file of the
// program changed.
func narrowed(rows []row, changed []string) []row {
	var out []row
	for _, file := range changed {
		dir := path.Dir(file)
		below := func(r row) bool { return dir == r.Folder || strings.HasPrefix(dir, r.Folder+"/") }
		i := slices.IndexFunc(rows, below)
		if i < 0 || slices.ContainsFunc(out, func(r row) bool { return r.Folder == dir }) {
			continue
		}
		out = append(out, row{Folder: dir, Goal: rows[i].Goal})
	}
	return out
}

// ofFolder tries the mutants of a folder and of what lies below it; where there are
// changed lines, those of the folder that are in them.
func ofFolder(ctx context.Context, folder string, changed lines, workers int) ([]mutant, error) {
	pattern, wanted := "./"+folder+"/...", func(mutant) bool { return true }
	if changed != nil {
		pattern, wanted = "./"+folder, func(m mutant) bool { return changed[m.File][m.Line] }
	}
	packages, err := list(ctx, pattern)
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, l := range packages {
		mutants, err := ofPackage(ctx, l, wanted, workers)
		if err != nil {
			return nil, err
		}
		all = append(all, mutants...)
	}
	return all, nil
}

func ofPackage(ctx context.Context, l listing, wanted func(mutant) bool, workers int) ([]mutant, error) {
	work, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	b, err := build(ctx, l, work)
	if err != nil {
		return nil, err
	}
	err = b.try(ctx, wanted, workers)
	return slices.DeleteFunc(b.mutants, func(m mutant) bool { return !wanted(m) }), err
}
