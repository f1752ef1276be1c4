//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// A listing is what go list says of a package.
type listing struct {
	ImportPath, Name, Dir, Export      string
	GoFiles, TestGoFiles, XTestGoFiles []string
}

func (l listing) tested() bool { return len(l.TestGoFiles)+len(l.XTestGoFiles) > 0 }

func list(ctx context.Context, args ...string) ([]listing, error) {
	const fields = "-json=ImportPath,Name,Dir,Export,GoFiles,TestGoFiles,XTestGoFiles"
	out, err := output(ctx, "go", append([]string{"list", fields}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listing
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listing
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, l)
	}
}

// output runs a program and returns what it printed; an error has what it said of it.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	return out, err
}

// A parsed package knows the type of each of its expressions.
type parsed struct {
	listing
	files  *token.FileSet
	types  *types.Package
	info   *types.Info
	syntax []*ast.File // those that people wrote
}

func parse(ctx context.Context, l listing) (*parsed, error) {
	needed, err := list(ctx, "-export", "-deps", l.ImportPath)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, n := range needed {
		exports[n.ImportPath] = n.Export
	}
	p := &parsed{listing: l, files: token.NewFileSet(), info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Implicits: map[ast.Node]types.Object{},
	}}
	var all []*ast.File
	for _, name := range l.GoFiles {
		file, err := parser.ParseFile(p.files, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		all = append(all, file)
		if !ast.IsGenerated(file) {
			p.syntax = append(p.syntax, file)
		}
	}
	config := types.Config{Importer: importer.ForCompiler(p.files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	p.types, err = config.Check(l.ImportPath, p.files, all, p.info)
	return p, err
}

// A built package is a program of its tests with all mutants, of which one is on.
type built struct {
	listing
	program string
	mutants []mutant // in the order of the files; that at i has the number i+1
}

// Build compiles a package with all mutants at once. Those that do not compile are
// left out, which takes another round.
func build(ctx context.Context, l listing, work string) (*built, error) {
	p, err := parse(ctx, l)
	if err != nil {
		return nil, err
	}
	dead := map[string]bool{}
	for {
		sources, mutants, err := p.change(dead)
		if err != nil {
			return nil, err
		}
		program, out, err := compile(ctx, l, sources, work)
		if err == nil {
			return &built{l, program, mutants}, nil
		}
		if ctx.Err() != nil || !blame(out, sources, mutants, dead) {
			return nil, fmt.Errorf("%s with its mutants does not compile: %w\n%s", l.ImportPath, err, out)
		}
	}
}

// Change returns the sources by the names of their files.
func (p *parsed) change(dead map[string]bool) (map[string][]byte, []mutant, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, nil, err
	}
	sources, mutants := map[string][]byte{}, []mutant(nil)
	for _, file := range p.syntax {
		name := p.files.Position(file.Package).Filename
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		path, err := filepath.Rel(root, name)
		if err != nil {
			return nil, nil, err
		}
		c := changed{name: filepath.ToSlash(path), files: p.files, pkg: p.types, info: p.info, imports: map[string]string{}, src: src, dead: dead, first: len(mutants) + 1}
		for _, s := range file.Imports {
			if n := p.info.PkgNameOf(s); n != nil {
				c.imports[n.Imported().Path()] = n.Name()
			}
		}
		sources[name] = c.all(file)
		mutants = append(mutants, c.mutants...)
	}
	sources[filepath.Join(p.Dir, helperName)] = helper(p.Name, len(mutants))
	return sources, mutants, nil
}

// compile builds the tests, or where there are none the package, over the sources.
func compile(ctx context.Context, l listing, sources map[string][]byte, work string) (program string, out []byte, err error) {
	replace := map[string]string{}
	for name, src := range sources {
		to := filepath.Join(work, filepath.Base(name))
		if err := os.WriteFile(to, src, 0o600); err != nil {
			return "", nil, err
		}
		replace[name] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", nil, err
	}
	name := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(name, overlay, 0o600); err != nil {
		return "", nil, err
	}
	program = filepath.Join(work, "program")
	args := []string{"build"}
	if l.tested() {
		args = []string{"test", "-c", "-vet=off"}
	}
	args = append(args, "-gcflags=-e", "-overlay", name, "-o", program, l.ImportPath)
	out, err = exec.CommandContext(ctx, "go", args...).CombinedOutput()
	return program, out, err
}

var (
	failure = regexp.MustCompile(`(?m)([^\s:/]+\.go):(\d+):(\d+): `)
	asked   = regexp.MustCompile(`mutantOn\((\d+)\)`)
)

// blame marks the mutants next before each place that the compiler names as dead, or
// behind it in its line, and tells whether there is one.
func blame(out []byte, sources map[string][]byte, mutants []mutant, dead map[string]bool) bool {
	found := false
	for _, f := range failure.FindAllSubmatch(out, -1) {
		for name, src := range sources {
			if filepath.Base(name) != string(f[1]) {
				continue
			}
			line, _ := strconv.Atoi(string(f[2]))
			column, _ := strconv.Atoi(string(f[3]))
			lines := bytes.SplitAfter(src, []byte("\n"))
			at := len(bytes.Join(lines[:line-1], nil)) + column - 1
			next := asked.FindSubmatch(lines[line-1])
			if before := asked.FindAllSubmatch(src[:at], -1); len(before) > 0 {
				next = before[len(before)-1]
			}
			if next != nil {
				n, _ := strconv.Atoi(string(next[1]))
				dead[mutants[n-1].place()] = true
				found = true
			}
		}
	}
	return found
}
