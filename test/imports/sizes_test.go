package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

const (
	maxFunction = 60
	maxFile     = 400
)

// TestSizes: no function has more lines than fit a screen or two, and no file
// more than a reader keeps in mind. Generated code is nobody's to read.
func TestSizes(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "bin" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil || ast.IsGenerated(file) {
			return err
		}
		files++
		name, _ := filepath.Rel(root, path)
		checkSizes(t, name, set, file)
		return nil
	})
	if err != nil || files < 300 {
		t.Errorf("%d files were read: %v", files, err)
	}
}

func checkSizes(t *testing.T, name string, set *token.FileSet, file *ast.File) {
	t.Helper()
	if lines := set.Position(file.FileEnd).Line - 1; lines > maxFile {
		t.Errorf("%s has %d lines, and %d are allowed: split it by subject", name, lines, maxFile)
	}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := set.Position(function.End()).Line - set.Position(function.Pos()).Line + 1; lines > maxFunction {
			t.Errorf("%s: %s has %d lines, and %d are allowed", name, function.Name.Name, lines, maxFunction)
		}
	}
}
