//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The module has what is easily got wrong: a program of the name main, mutants that do
// not compile, the condition of a case, a folder below the root, a process that a test
// starts, an endless loop, and what only some tests reach.
const (
	program = `package main

import "os"

func main() { os.Exit(len(os.Args) - 1) }

func name(n int) string {
	switch {
	case n > 9:
		return "many"
	}
	s := "few"
	s += " or none"
	return s
}

func unreached(n int) bool { return n == 0 }
`
	programTest = `package main

import (
	"os"
	"os/exec"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("AS_PROGRAM") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestName(t *testing.T) {
	if name(11) != "many" || name(3) != "few or none" {
		t.Fail()
	}
}

func TestProgram(t *testing.T) {
	self, _ := os.Executable()
	cmd := exec.Command(self)
	cmd.Env = []string{"AS_PROGRAM=1"}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}
`
	table = `# Testing

<!-- mutants -->
| folder | goal | were | were | mutants | noticed | reached |
| --- | --- | --- | --- | --- | --- | --- |
| ` + "`plugins/one`" + ` | 90 | 50 % | 60 % |  |  |  |
| ` + "`internal/other`" + ` | 95 |  |  | 7 | 100.0 % | 100.0 % |
<!-- end of mutants -->
after
`
)

func TestTable(t *testing.T) {
	root := newModule(t)
	out, err := mutants(t, "plugins/one")
	if err == nil || !strings.Contains(err.Error(), "tests miss mutants in plugins/one") {
		t.Errorf("got %v", err)
	}
	want := `plugins/one: 5 mutants, 75.0 % of those reached noticed, 80.0 % reached
  plugins/one/main.go:9:9: LIVED CONDITIONALS_BOUNDARY: case n > 9:
`
	if out != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
	page := read(t, "docs/testing.md")
	row := "| `plugins/one` | 90 | 50 % | 60 % | 5 | 75.0 % | 80.0 % |\n"
	if !strings.Contains(page, row) || strings.Replace(page, row, "| `plugins/one` | 90 | 50 % | 60 % |  |  |  |\n", 1) != table {
		t.Errorf("got %s", page)
	}

	write(t, root, "plugins/one/main.go", strings.Replace(program, "n == 0", "n != 0", 1))
	out, err = mutants(t, "-since", "HEAD")
	want = `plugins/one: 1 mutants, 100.0 % of those reached noticed, 0.0 % reached
  plugins/one/main.go:17:39: NOT COVERED CONDITIONALS_NEGATION: func unreached(n int) bool { return n != 0 }
`
	if out != want || err == nil {
		t.Errorf("got %s, %v\nwant %s", out, err, want)
	}
	if read(t, "docs/testing.md") != page {
		t.Error("changed lines alone changed the table")
	}
	git(t, root, "commit", "-q", "-a", "-m", "Second")
	if out, err := mutants(t, "-since", "HEAD"); out != "" || err != nil {
		t.Errorf("no change, but %s, %v", out, err)
	}
}

func TestTestsThatFailAnyway(t *testing.T) {
	root := newModule(t)
	write(t, root, "plugins/one/main_test.go", strings.Replace(programTest, "many", "some", 1))
	if _, err := mutants(t, "plugins/one"); err == nil || !strings.Contains(err.Error(), "TestName fails without any mutant") {
		t.Errorf("got %v", err)
	}
	if _, err := mutants(t, "plugins/none"); err == nil || !strings.Contains(err.Error(), "plugins/none has no row in docs/testing.md") {
		t.Errorf("got %v", err)
	}
	write(t, root, "plugins/one/main.go", "package main\n\nvar x int = true\n")
	if _, err := mutants(t, "plugins/one"); err == nil || !strings.Contains(err.Error(), "main.go:3:13: cannot use true") {
		t.Errorf("got %v", err)
	}
	if _, err := mutants(t, "-since", "nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}

// Without tests, mutants are counted all the same.
func TestPackageWithoutTests(t *testing.T) {
	root := newModule(t)
	if err := os.Remove(filepath.Join(root, "plugins/one/main_test.go")); err != nil {
		t.Fatal(err)
	}
	out, err := mutants(t, "plugins/one")
	if want := "plugins/one: 5 mutants, 100.0 % of those reached noticed, 0.0 % reached\n"; out != want || err == nil {
		t.Errorf("got %s, %v", out, err)
	}
}

// newModule makes a module, and goes there.
func newModule(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	write(t, root, "go.mod", "module example.com/one\n\ngo 1.25\n")
	write(t, root, "docs/testing.md", table)
	write(t, root, "tools/mutants/equivalent.txt", "# none\n")
	write(t, root, "plugins/one/main.go", program)
	write(t, root, "plugins/one/main_test.go", programTest)
	git(t, root, "init", "-q")
	git(t, root, "config", "user.name", "x")
	git(t, root, "config", "user.email", "x@example.com")
	git(t, root, "add", ".")
	git(t, root, "commit", "-q", "-m", "First")
	t.Chdir(root)
	return root
}

func mutants(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), args, &out, &errs)
	return out.String(), err
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func git(t *testing.T, root string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", args, err, out)
	}
}
