package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// TestOnePlaceKnowsEachPack: what knows one kind of pack is its entry in the table, its
// renderer, and what lint checks of it alone. All else goes by the table, so that another
// kind of pack is an entry and a renderer.
func TestOnePlaceKnowsEachPack(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	own := []string{
		"internal/spec/kinds.go", "internal/pack/pack.go", "internal/pack/id.go",
		"internal/pack/edge.go", "internal/pack/template.go", "internal/lint/edge.go",
	}
	files := 0
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil || slices.Contains(own, filepath.ToSlash(name)) {
				return err
			}
			files++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, word := range kindsNamed(file) {
				t.Errorf("%s names %s: take it from spec.PackKinds", name, word)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}

// kindsNamed are the kinds of packs that code names, in texts that are messages too.
func kindsNamed(file *ast.File) []string {
	var named []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if n.Name == "GenericBYOI" || n.Name == "EdgeNativeBYOI" {
				named = append(named, n.Name)
			}
		case *ast.BasicLit:
			for _, kind := range spec.PackNames() {
				if n.Kind == token.STRING && strings.Contains(n.Value, kind) {
					named = append(named, n.Value)
				}
			}
		}
		return true
	})
	return named
}
