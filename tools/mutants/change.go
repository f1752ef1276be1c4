//go:build unix

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Changed is the source of one file with all its mutants: each asks when it runs
// whether it is the one that is on.
type changed struct {
	name    string // path from the root of the module
	files   *token.FileSet
	pkg     *types.Package
	info    *types.Info
	imports map[string]string // name in the file by path
	src     []byte
	dead    map[string]bool // mutants that do not compile, by place and type
	mutants []mutant
	first   int // number of the first mutant
	edits   []edit
}

// An edit puts text in the place of some bytes. Of edits at one place those that
// close come before those that open.
type edit struct {
	at, length, depth, rank int
	text                    string
}

// Ranks of edits at one place.
const (
	closes = iota
	replaces
	opens
)

func (c *changed) offset(p token.Pos) int { return c.files.Position(p).Offset }

func (c *changed) text(n ast.Node) string {
	var b bytes.Buffer
	_ = format.Node(&b, c.files, n) // to a buffer; n was parsed
	return b.String()
}

func (c *changed) around(n ast.Node, depth int, before, after string) {
	c.edits = append(c.edits, edit{c.offset(n.Pos()), 0, depth, opens, before}, edit{c.offset(n.End()), 0, depth, closes, after})
}

func (c *changed) replace(at token.Pos, length int, text string) {
	c.edits = append(c.edits, edit{c.offset(at), length, 0, replaces, text})
}

// Never is what asks for a mutant that does not compile.
const never = "false"

// on adds a mutant and returns the Go expression that is true when it is on.
func (c *changed) on(kind string, at token.Pos) string {
	p := c.files.Position(at)
	line, _, _ := bytes.Cut(c.src[p.Offset-p.Column+1:], []byte("\n"))
	m := mutant{File: c.name, Line: p.Line, Column: p.Column, Type: kind, Text: string(bytes.TrimSpace(line))}
	if c.dead[m.place()] {
		return never
	}
	m.number = c.first + len(c.mutants)
	c.mutants = append(c.mutants, m)
	return fmt.Sprintf("mutantOn(%d)", m.number)
}

// all changes a file.
func (c *changed) all(file *ast.File) []byte {
	ast.PreorderStack(file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR
		case *ast.ArrayType: // its length is a constant
			return n.Len == nil
		case *ast.FuncDecl:
			c.end(n.Type, n.Body)
		case *ast.FuncLit:
			c.end(n.Type, n.Body)
		}
		c.node(n, stack)
		return true
	})
	slices.SortStableFunc(c.edits, func(a, b edit) int {
		inner := a.depth - b.depth // what opens first is the outer one, and closes last
		if a.rank == closes {
			inner = -inner
		}
		return cmp.Or(a.at-b.at, a.rank-b.rank, inner)
	})
	var out []byte
	at := 0
	for _, e := range c.edits {
		out = append(append(out, c.src[at:e.at]...), e.text...)
		at = e.at + e.length
	}
	return append(out, c.src[at:]...)
}

// end lets a function compile whose last statement ends it no more with a mutant.
func (c *changed) end(t *ast.FuncType, body *ast.BlockStmt) {
	if body == nil || t.Results == nil || len(body.List) == 0 {
		return
	}
	if _, ok := body.List[len(body.List)-1].(*ast.ReturnStmt); !ok {
		c.replace(body.Rbrace, 0, "\npanic(\"mutant\")\n")
	}
}

func (c *changed) node(n ast.Node, stack []ast.Node) {
	depth := len(stack)
	switch n := n.(type) {
	case *ast.BinaryExpr:
		c.binary(n, depth)
	case *ast.UnaryExpr:
		if name, ok := c.number(n); ok && n.Op == token.SUB {
			if on := c.on("INVERT_NEGATIVES", n.OpPos); on != never {
				c.around(n, depth, "mutantNeg["+name+"]("+on+", ", ")")
			}
		}
	case *ast.IncDecStmt:
		c.step(n)
	case *ast.AssignStmt:
		if listed(stack) {
			c.assign(n, depth)
		}
	case *ast.BranchStmt:
		other := map[token.Token]string{token.BREAK: "continue", token.CONTINUE: "break"}[n.Tok]
		if other == "" || n.Label != nil || !inLoop(stack) {
			return
		}
		if on := c.on("INVERT_LOOPCTRL", n.TokPos); on != never {
			c.around(n, depth, "if "+on+" { "+other+" } else { ", " }")
		}
	}
}

// Operators of order, and the function of helperSource that does them in all ways.
var ordered = map[token.Token]string{token.LSS: "Less", token.LEQ: "AtMost", token.GTR: "Greater", token.GEQ: "AtLeast"}

// Operators of numbers, and the function of helperSource that does either.
var arithmetic = map[token.Token]string{token.ADD: "Add", token.SUB: "Sub", token.MUL: "Mul", token.QUO: "Quo", token.REM: "Rem"}

// Operators of bits, and what gremlins makes of them.
var bitwise = map[token.Token]string{token.AND: "And", token.OR: "Or", token.XOR: "Xor", token.AND_NOT: "AndNot"}

func (c *changed) binary(b *ast.BinaryExpr, depth int) {
	name, ok := c.number(b)
	switch {
	case b.Op == token.EQL || b.Op == token.NEQ:
		c.around(b, depth, "((", ") != "+c.on("CONDITIONALS_NEGATION", b.OpPos)+")")
	case ordered[b.Op] != "":
		if negated, moved := c.on("CONDITIONALS_NEGATION", b.OpPos), c.on("CONDITIONALS_BOUNDARY", b.OpPos); negated != never {
			c.around(b, depth, fmt.Sprintf("mutant%s(%s, %s, ", ordered[b.Op], negated, moved), ")")
			c.replace(b.OpPos, len(b.Op.String()), ",")
		}
	case b.Op == token.LAND || b.Op == token.LOR:
		if on := c.on("INVERT_LOGICAL", b.OpPos); on != never {
			function := map[token.Token]string{token.LAND: "Both", token.LOR: "Either"}[b.Op]
			c.around(b, depth, fmt.Sprintf("mutant%s(%s, ", function, on), " })")
			c.replace(b.OpPos, len(b.Op.String()), ", func() bool { return ")
		}
	case ok && arithmetic[b.Op] != "":
		c.call(b, depth, arithmetic[b.Op], name, "ARITHMETIC_BASE")
	case ok && bitwise[b.Op] != "":
		c.call(b, depth, bitwise[b.Op], name, "INVERT_BITWISE")
	case ok && (b.Op == token.SHL || b.Op == token.SHR):
		if on := c.on("INVERT_BITWISE", b.OpPos); on != never {
			x, other, y := c.text(b.X), map[token.Token]string{token.SHL: ">>", token.SHR: "<<"}[b.Op], c.text(b.Y)
			c.around(b, depth, fmt.Sprintf("mutantPick(%s, func() %s { return (%s) %s (%s) }, func() %[2]s { return ", on, name, x, other, y), " })")
		}
	}
}

// call puts the call of a function of helperSource in the place of an operator.
func (c *changed) call(b *ast.BinaryExpr, depth int, function, typeName, kind string) {
	if on := c.on(kind, b.OpPos); on != never {
		c.around(b, depth, fmt.Sprintf("mutant%s[%s](%s, ", function, typeName, on), ")")
		c.replace(b.OpPos, len(b.Op.String()), ",")
	}
}

// step changes ++ and --, which stand in the head of a loop as well, where no if can.
func (c *changed) step(n *ast.IncDecStmt) {
	name, ok := c.number(n.X)
	if !ok {
		return
	}
	if on := c.on("INCREMENT_DECREMENT", n.TokPos); on != never {
		by := map[token.Token]string{token.INC: " += ", token.DEC: " -= "}[n.Tok]
		c.replace(n.TokPos, len(n.Tok.String()), fmt.Sprintf("%smutantNeg[%s](%s, 1)", by, name, on))
	}
}

// What += and so on become.
var (
	assigns = map[token.Token]string{token.ADD_ASSIGN: "-=", token.SUB_ASSIGN: "+=", token.MUL_ASSIGN: "/=", token.QUO_ASSIGN: "*=", token.REM_ASSIGN: "*="}
	bits    = map[token.Token]string{token.AND_ASSIGN: "|=", token.OR_ASSIGN: "&=", token.XOR_ASSIGN: "&=", token.AND_NOT_ASSIGN: "&=", token.SHL_ASSIGN: ">>=", token.SHR_ASSIGN: "<<="}
)

func (c *changed) assign(s *ast.AssignStmt, depth int) {
	if s.Tok == token.ASSIGN || s.Tok == token.DEFINE {
		return
	}
	x, y := c.text(s.Lhs[0]), c.text(s.Rhs[0])
	var before strings.Builder
	_, number := c.number(s.Lhs[0])
	change := func(kind, operator string) {
		if on := c.on(kind, s.TokPos); on != never {
			fmt.Fprintf(&before, "if %s { %s %s %s } else ", on, x, operator, y)
		}
	}
	if operator := assigns[s.Tok]; operator != "" && number {
		change("INVERT_ASSIGNMENTS", operator)
	}
	if operator := bits[s.Tok]; operator != "" {
		change("INVERT_BWASSIGN", operator)
	}
	change("REMOVE_SELF_ASSIGNMENTS", "=")
	c.around(s, depth, before.String()+"{ ", " }")
}

// number returns how the type of a number is written in the file.
func (c *changed) number(e ast.Expr) (string, bool) {
	t := c.info.TypeOf(e)
	if t == nil {
		return "", false
	}
	if b, ok := t.Underlying().(*types.Basic); !ok || b.Info()&types.IsNumeric == 0 {
		return "", false
	}
	known := true
	name := types.TypeString(types.Default(t), func(p *types.Package) string {
		if p == c.pkg {
			return ""
		}
		name, ok := c.imports[p.Path()]
		known = known && ok
		return name
	})
	return name, known
}

// listed tells whether a statement stands in a list, not in the head of another.
func listed(stack []ast.Node) bool {
	switch stack[len(stack)-1].(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

func inLoop(stack []ast.Node) bool {
	for _, n := range slices.Backward(stack) {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
	}
	return false
}
