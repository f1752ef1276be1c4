package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// A removal is one piece of a source file that is left out.
type removal struct {
	kind         string // statement, field, case, operand or sort
	folder, file string
	line         int    // of its first byte, from 1
	text         string // what goes, on one line
	from, to     int    // offsets in the file
	instead      string // what stands there then
}

func (r removal) String() string {
	return fmt.Sprintf("%s:%d: %s: %.100s", r.file, r.line, r.kind, r.text)
}

// apply returns src without the removal.
func (r removal) apply(src []byte) []byte {
	return bytes.Join([][]byte{src[:r.from], src[r.to:]}, []byte(r.instead))
}

// ofFolder returns the removals of the Go files of a folder, without tests and
// without generated files, in the order of names and places.
func ofFolder(folder string) ([]removal, error) {
	pkg, err := build.ImportDir(folder, 0) // without files of other systems
	if err != nil {
		return nil, err
	}
	var all []removal
	for _, base := range pkg.GoFiles {
		name := filepath.Join(folder, base)
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f := finder{files: token.NewFileSet(), folder: folder, src: src}
		file, err := parser.ParseFile(f.files, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if !ast.IsGenerated(file) {
			ast.Inspect(file, f.visit)
		}
		all = append(all, f.found...)
	}
	return all, nil
}

// A finder collects the removals of one file.
type finder struct {
	files  *token.FileSet
	folder string
	src    []byte
	found  []removal
}

func (f *finder) visit(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	case *ast.CompositeLit:
		f.fields(n)
	case *ast.BinaryExpr:
		if n.Op == token.LAND || n.Op == token.LOR {
			f.add("operand", n.X.Pos(), n.Y.Pos(), "")
			f.add("operand", n.X.End(), n.Y.End(), "")
		}
	case *ast.SelectorExpr: // what sorts and collects does only the latter then
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "slices" && n.Sel.Name == "Sorted" {
			f.add("sort", n.Sel.Pos(), n.Sel.End(), "Collect")
		}
	}
	return true
}

// statements adds each statement of a block, a case being one of a switch.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		kind := "statement"
		switch s.(type) {
		case *ast.CaseClause, *ast.CommClause:
			kind = "case"
		}
		f.add(kind, s.Pos(), s.End(), "")
	}
}

// fields adds each element of a literal that a name stands before. A comma that is
// left alone does not compile, so it goes too.
func (f *finder) fields(literal *ast.CompositeLit) {
	for _, e := range literal.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if _, ok := pair.Key.(*ast.Ident); !ok {
			continue
		}
		end := pair.End()
		if f.src[f.files.Position(end).Offset] == ',' {
			end++
		}
		f.add("field", pair.Pos(), end, "")
	}
}

func (f *finder) add(kind string, from, to token.Pos, instead string) {
	at, end := f.files.Position(from), f.files.Position(to).Offset
	text := strings.Join(strings.Fields(string(f.src[at.Offset:end])), " ")
	f.found = append(f.found, removal{kind, f.folder, at.Filename, at.Line, text, at.Offset, end, instead})
}
