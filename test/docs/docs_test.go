package docs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// blockTimeout ends a shell block that hangs, so that the test says which. Some build
// programs, which takes minutes on a busy machine.
const blockTimeout = 20 * time.Minute

// TestBlocks runs the blocks of each page in their order, in a copy of the
// repository with the program on PATH:
//
//   - sh: run by bash -eu; it must succeed. An exit code that is meant to be
//     another is written `...; test $? = 3`.
//   - yaml, json, go, proto: parsed; a whole spec is validated as one.
//   - text, console, mermaid: shown only.
//
// A block with file=NAME on its fence is saved for those after it; one with
// same-as=NAME must equal that file of the repository.
func TestBlocks(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := binaries.Build(bin); err != nil {
		t.Fatal(err)
	}
	writeStandIns(t, bin, root)
	for _, page := range pages(t, root) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			runPage(t, root, bin, page)
		})
	}
}

func pages(t *testing.T, root string) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md"}
	for _, dir := range []string{"docs", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
				return err
			}
			relative, err := filepath.Rel(root, path)
			all = append(all, filepath.ToSlash(relative))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func runPage(t *testing.T, root, bin, page string) {
	data, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := ParseBlocks(string(data))
	if err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	dir := ""
	for _, block := range blocks {
		name := fmt.Sprintf("%s:%d", page, block.Line)
		if block.Lang == "sh" || block.File() != "" {
			if dir == "" {
				dir = copyRepository(t, root)
				// The go command would go on writing its counters after a block has ended.
				save(t, filepath.Join(homeOf(dir), ".config/go/telemetry/mode"), "off")
			}
		}
		if file := block.File(); file != "" {
			save(t, filepath.Join(dir, file), block.Text)
		}
		if original := block.Original(); original != "" {
			compare(t, name, filepath.Join(root, original), block.Text)
		}
		if err := check(t.Context(), block, dir, bin); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// compare holds a block that shows a file of the repository against it.
func compare(t *testing.T, name, file, text string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if diff := cmp.Diff(string(data), text); diff != "" {
		t.Errorf("%s differs from its file (-file +block):\n%s", name, diff)
	}
}

func check(ctx context.Context, block Block, dir, bin string) error {
	switch block.Lang {
	case "sh":
		return runShell(ctx, block.Text, dir, bin)
	case "yaml":
		return checkYAML(block)
	case "json":
		if !json.Valid([]byte(block.Text)) {
			return errors.New("this is not JSON")
		}
	case "go":
		return checkGo(block.Text)
	case "text", "console", "mermaid", "proto":
	default:
		return fmt.Errorf("no check for a block of language %q", block.Lang)
	}
	return nil
}

func checkYAML(block Block) error {
	decoder := yaml.NewDecoder(strings.NewReader(block.Text))
	for {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if document["kind"] == spec.Kind {
			if _, err := spec.Parse("block", []byte(block.Text), "/"); err != nil {
				return err
			}
		}
	}
}

// checkGo parses a whole file, or a part of one.
func checkGo(text string) error {
	for _, form := range []string{"%s", "package p\n%s", "package p\nfunc _() {\n%s\n}"} {
		if _, err := parser.ParseFile(token.NewFileSet(), "block.go", fmt.Sprintf(form, text), 0); err == nil {
			return nil
		}
	}
	_, err := parser.ParseFile(token.NewFileSet(), "block.go", text, 0)
	return err
}

func runShell(ctx context.Context, script, dir, bin string) error {
	ctx, cancel := context.WithTimeout(ctx, blockTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	home := homeOf(dir)
	cmd.Env = append(os.Environ(),
		"PATH="+filepath.Join(bin, "standins")+":"+bin+":"+os.Getenv("PATH"),
		"HOME="+home, "XDG_CONFIG_HOME="+home+"/.config", "XDG_DATA_HOME="+home+"/.local/share", "XDG_CACHE_HOME="+home+"/.cache",
		"GOCACHE="+goEnv(ctx, "GOCACHE"), "GOMODCACHE="+goEnv(ctx, "GOMODCACHE"))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Minute // its children hold the output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, script, output.String())
	}
	return nil
}

// homeOf returns the home directory of the blocks that run in dir.
func homeOf(dir string) string { return filepath.Join(filepath.Dir(dir), "home") }

func goEnv(ctx context.Context, name string) string {
	out, err := exec.CommandContext(ctx, "go", "env", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// writeStandIns puts two programs before the real ones, for what a test must
// not do: `git clone` of this project copies the tree under test, and
// `make test` and other long goals only say what they would run.
func writeStandIns(t *testing.T, bin, root string) {
	t.Helper()
	dir := filepath.Join(bin, "standins")
	programs := []string{"git", "make"}
	save(t, filepath.Join(dir, "git"), `#!/bin/bash
if [[ $1 == clone && $2 == https://github.com/kubectl-byoos/kubectl-byoos* ]]; then
  target=$PWD/${3:-kubectl-byoos}
  mkdir "$target" && cd "`+root+`"
  PATH=${PATH#*:}
  `+copyTree+`
  exit
fi
PATH=${PATH#*:} exec git "$@"
`)
	save(t, filepath.Join(dir, "make"), `#!/bin/bash
for goal in test ci bench race mutate removals lint dist release-proto; do
  if [[ " $* " == *" $goal "* ]]; then set -- -n "$@"; break; fi
done
PATH=${PATH#*:} exec make "$@"
`)
	// Where kubectl is not installed, its way to run a plugin stands for it.
	if _, err := exec.LookPath("kubectl"); err != nil && os.Getenv("BYOOS_TEST_TOOLS") != "require" {
		save(t, filepath.Join(dir, "kubectl"), "#!/bin/bash\nexec \"kubectl-$1\" \"${@:2}\"\n")
		programs = append(programs, "kubectl")
	}
	for _, name := range programs {
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyTree is the way to copy the files of a git tree to $target, without those that
// were deleted.
const copyTree = `files=()
  while IFS= read -r -d '' f; do
    if [[ -e $f ]]; then files+=("$f"); fi
  done < <(git ls-files -z -co --exclude-standard)
  cp --parents -t "$target" "${files[@]}"`

// copyRepository copies the files that git knows or would add, so that a block
// can write where a reader would.
func copyRepository(t *testing.T, root string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kubectl-byoos")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", copyTree)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "target="+dir)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot copy the repository: %v\n%s", err, output)
	}
	return dir
}
