package lint

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
)

// macroPath is a path such as .spectro.system.kubernetes.version.
var macroPath = regexp.MustCompile(`\.[A-Za-z_][A-Za-z0-9_$-]*(\.[A-Za-z0-9_$-]+)+`)

// use is one path in a value that is, or is meant to be, a macro's.
type use struct {
	start, end   int
	segments     []string
	open, closed brace
	// undotted is a path that lacks its first dot, which makes it a function.
	undotted bool
}

// brace is what stands at one side of a macro's path.
type brace struct {
	there  bool
	single int // where one brace more makes it two, 0 when there is none
}

// uses finds the macros of a value. Where the value is a template, Go's parser
// says what is an action and what is text; else the braces do.
func uses(value string) []use {
	if !strings.Contains(value, ".") {
		return nil
	}
	a, err := actionsOf(value)
	if err != nil {
		return meant(usesIn(value, 0))
	}
	all := a.uses
	for _, text := range a.texts {
		all = append(all, usesIn(value[text.start:text.end], text.start)...)
	}
	slices.SortFunc(all, func(a, b use) int { return cmp.Compare(a.start, b.start) })
	return meant(all)
}

// meant leaves the paths that start as macros of Palette do, or but for one slip.
func meant(all []use) []use {
	return slices.DeleteFunc(all, func(u use) bool {
		slip := sure(u.segments[0], nearest(u.segments[0], []string{root})) && slices.Contains(families(), u.segments[1]) && (u.open.there || u.closed.there)
		return u.segments[0] != root && !slip
	})
}

// hyphens join words of a path, as in edge-native-byoi. Palette takes them, Go's
// parser does not.
var hyphens = regexp.MustCompile(`[.$][A-Za-z0-9_.$]*[A-Za-z0-9_](-+[A-Za-z0-9_.$]+)+`)

// actions are what a template is made of.
type actions struct {
	value string
	plain string // what Go's parser reads
	uses  []use
	texts []extent
}

// manyActions may be nested too deeply for Go's parser.
const manyActions = 100_000

type extent struct{ start, end int }

func actionsOf(value string) (*actions, error) {
	if strings.Count(value, "{{") > manyActions {
		return nil, errors.New("it has too many actions")
	}
	plain := hyphens.ReplaceAllStringFunc(value, func(path string) string { return strings.ReplaceAll(path, "-", "_") })
	t := parse.New("value")
	t.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := t.Parse(plain, "{{", "}}", trees); err != nil {
		return nil, err
	}
	a := &actions{value: value, plain: plain}
	for _, tree := range trees {
		a.read(tree.Root)
	}
	return a, nil
}

// read passes nodes, of which lists and pipes may be missing.
func (a *actions) read(nodes ...parse.Node) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *parse.ListNode:
			if n != nil {
				a.read(n.Nodes...)
			}
		case *parse.PipeNode:
			if n != nil {
				for _, cmd := range n.Cmds {
					a.read(cmd.Args...)
				}
			}
		case *parse.TextNode:
			a.texts = append(a.texts, extent{int(n.Pos), int(n.Pos) + len(n.Text)})
		case *parse.ActionNode:
			a.read(n.Pipe)
		case *parse.IfNode:
			a.read(n.Pipe, n.List, n.ElseList)
		case *parse.RangeNode:
			a.read(n.Pipe, n.List, n.ElseList)
		case *parse.WithNode:
			a.read(n.Pipe, n.List, n.ElseList)
		case *parse.TemplateNode:
			a.read(n.Pipe)
		case *parse.ChainNode:
			if f, ok := n.Node.(*parse.IdentifierNode); ok && f.Ident == root && slices.Contains(families(), n.Field[0]) {
				a.undotted(int(f.Pos), n.Field)
			} else {
				a.read(n.Node)
			}
		case *parse.FieldNode:
			a.path(int(n.Pos), n.Ident)
		case *parse.VariableNode:
			if n.Ident[0] == "$" {
				a.path(int(n.Pos), n.Ident[1:])
			}
		}
	}
}

// path takes a path of an action. The parser's position is that of one of its
// segments.
func (a *actions) path(pos int, ident []string) {
	if len(ident) < 2 {
		return
	}
	text := "." + strings.Join(ident, ".")
	if start := strings.LastIndex(a.plain[:min(pos+len(text), len(a.plain))], text); start != -1 {
		a.use(start, start+len(text), false)
	}
}

// undotted takes a path of Palette's that Go's parser reads as a function.
func (a *actions) undotted(start int, fields []string) {
	a.use(start, start+len(root)+len(".")+len(strings.Join(fields, ".")), true)
}

func (a *actions) use(start, end int, undotted bool) {
	there := brace{there: true}
	segments := strings.Split(strings.TrimPrefix(a.value[start:end], "."), ".")
	a.uses = append(a.uses, use{start: start, end: end, segments: segments, open: there, closed: there, undotted: undotted})
}

// bracesOrPath are what usesIn goes by.
var bracesOrPath = regexp.MustCompile(`\{\{|\}\}|` + macroPath.String())

// usesIn finds paths in a text and looks for {{ before and }} behind each.
func usesIn(text string, base int) []use {
	var all []use
	found := bracesOrPath.FindAllStringIndex(text, -1)
	closing := make([]bool, len(found)+1) // }} comes before the next {{
	for i, at := range slices.Backward(found) {
		token := text[at[0]:at[1]]
		closing[i] = token == "}}" || token != "{{" && closing[i+1]
	}
	open := false
	for i, at := range found {
		token := text[at[0]:at[1]]
		open = token == "{{" || token != "}}" && open
		u := use{start: base + at[0], end: base + at[1], segments: strings.Split(token[1:], ".")}
		u.open.there, u.closed.there = open, closing[i+1]
		if before := strings.TrimRight(text[:at[0]], " \t\r\n-"); strings.HasSuffix(before, "{") {
			u.open.single = base + len(before)
		}
		if after := strings.TrimLeft(text[at[1]:], " \t\r\n-"); strings.HasPrefix(after, "}") {
			u.closed.single = base + len(text) - len(after)
		}
		all = append(all, u)
	}
	return all
}

// missing tells what is wrong with a macro's braces in a value, and what is to be put
// in where only one place can be meant: beside a single brace, or at the value's end.
func (u use) missing(value string) (message string, fix []replacement) {
	put := func(at int, text string) replacement { return replacement{at, at, text} }
	switch open, closed := u.open, u.closed; {
	case open.there && closed.there:
	case open.there && closed.single != 0:
		return "one } closes the macro where }} is needed", []replacement{put(closed.single, "}")}
	case open.there:
		if strings.Trim(value[u.end:], " ") == "" {
			fix = []replacement{put(u.end, "}}")}
		}
		return "}} is missing behind the macro", fix
	case closed.there && open.single != 0:
		return "one { opens the macro where {{ is needed", []replacement{put(open.single, "{")}
	case closed.there:
		if strings.Trim(value[:u.start], " ") == "" {
			fix = []replacement{put(u.start, "{{")}
		}
		return "{{ is missing before the macro", fix
	case open.single != 0 && closed.single != 0:
		return "a macro needs {{ and }}, not { and }", []replacement{put(open.single, "{"), put(closed.single, "}")}
	}
	return "", nil // a path in prose or a script
}
