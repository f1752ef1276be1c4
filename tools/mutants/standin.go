package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Names of the environment in which gremlins calls the stand-ins.
const (
	realGo     = "MUTANTS_GO"
	realGit    = "MUTANTS_GIT"
	folderName = "MUTANTS_FOLDER"
	modulePath = "MUTANTS_MODULE"
)

// withStandIns puts this program as go and git into a folder, and returns the
// environment in which they are found before the real ones.
func withStandIns(work, folder string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	env := os.Environ()
	for name, key := range map[string]string{"go": realGo, "git": realGit} {
		program, err := exec.LookPath(name)
		if err != nil {
			return nil, err
		}
		if err := os.Symlink(self, filepath.Join(work, name)); err != nil {
			return nil, err
		}
		env = append(env, key+"="+program)
	}
	module, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		return nil, fmt.Errorf("ask for the name of the module: %w", err)
	}
	path := work + string(os.PathListSeparator) + os.Getenv("PATH")
	return append(env, folderName+"="+folder, modulePath+"="+strings.TrimSpace(string(module)), "PATH="+path), nil
}

// standIn does what go or git does, when called by that name, and returns its exit
// code.
func standIn(args []string) (int, bool) {
	ctx := context.Background() // gremlins ends what takes too long
	switch filepath.Base(args[0]) {
	case "go":
		return standInForGo(ctx, args[1:]), true
	case "git": // gremlins looks for names of files that begin in its folder
		args := append(slices.Clone(args[1:]), "--relative="+os.Getenv(folderName)+"/")
		return pass(exec.CommandContext(ctx, os.Getenv(realGit), args...)), true
	}
	return 0, false
}

func standInForGo(ctx context.Context, args []string) int {
	switch at := slices.Index(args, "-coverprofile"); {
	case at > 0: // a cached answer would make the time of the tests too short
		code := pass(exec.CommandContext(ctx, os.Getenv(realGo), slices.Insert(slices.Clone(args), 1, "-count=1")...))
		if code == 0 {
			code = reachCases(args[at+1], os.Getenv(modulePath))
		}
		return code
	case args[0] == "test":
		return testMutant(ctx, args)
	}
	return pass(exec.CommandContext(ctx, os.Getenv(realGo), args...))
}

// testMutant tells a mutant that does not compile by exit code 2, as gremlins wants
// it; go's own is 1, which would be a mutant that tests noticed. The path of a
// program's package is wrong, as gremlins takes it from the name main. A mutant that
// eats memory ends before the machine does.
func testMutant(ctx context.Context, args []string) int {
	args = slices.Insert(slices.Clone(args), 1, "-vet=off")
	if last := len(args) - 1; args[last] == os.Getenv(modulePath) {
		args[last] = "."
	}
	limited := append([]string{"-c", `ulimit -v 16000000; exec "$0" "$@"`, os.Getenv(realGo)}, args...)
	out, err := exec.CommandContext(ctx, "sh", limited...).CombinedOutput()
	_, _ = os.Stdout.Write(out)
	if err != nil && bytes.Contains(out, []byte("[build failed]")) {
		return 2
	}
	return exitCode(err)
}

func pass(cmd *exec.Cmd) int {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return exitCode(cmd.Run())
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "mutants:", err)
	return 1
}

// reachCases adds to a coverage profile what go leaves out: the conditions of the
// cases of a switch, which belong to no block. They count as reached where the block
// of the switch is.
func reachCases(profile, module string) int {
	raw, err := os.ReadFile(profile)
	if err != nil {
		return exitCode(err)
	}
	out := bytes.NewBuffer(raw)
	for name, blocks := range reachedBlocks(string(raw)) {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, strings.TrimPrefix(name, module+"/"), nil, parser.SkipObjectResolution)
		if err != nil {
			return exitCode(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SwitchStmt)
			if !ok || !blocks.hold(files.Position(s.Pos())) {
				return true
			}
			for _, c := range s.Body.List {
				clause := c.(*ast.CaseClause)
				from, to := files.Position(clause.Pos()), files.Position(clause.Colon)
				fmt.Fprintf(out, "%s:%d.%d,%d.%d 1 1\n", name, from.Line, from.Column, to.Line, to.Column)
			}
			return true
		})
	}
	return exitCode(os.WriteFile(profile, out.Bytes(), 0o600))
}

// Blocks are those of one file that tests reached: line and column of begin and end.
type blocks [][4]int

func (b blocks) hold(p token.Position) bool {
	return slices.ContainsFunc(b, func(b [4]int) bool {
		after := p.Line > b[0] || p.Line == b[0] && p.Column >= b[1]
		before := p.Line < b[2] || p.Line == b[2] && p.Column < b[3]
		return after && before
	})
}

// reachedBlocks reads a coverage profile: NAME:LINE.COLUMN,LINE.COLUMN STATEMENTS COUNT.
func reachedBlocks(profile string) map[string]blocks {
	reached := map[string]blocks{}
	for line := range strings.Lines(profile) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ".go:")
		fields := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("., ", r) })
		if !ok || len(fields) != 6 || fields[5] == "0" {
			continue
		}
		var block [4]int
		for i := range block {
			block[i], _ = strconv.Atoi(fields[i])
		}
		reached[name+".go"] = append(reached[name+".go"], block)
	}
	return reached
}
