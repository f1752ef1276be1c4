package lint

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator writes YAML. What it writes is made of lines, of which the first goes
// on behind a key or a dash.
type generator struct {
	*rand.Rand
	planted, second bool
	anchors         []string
	keys            int
}

func (g *generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

func (g *generator) document() string {
	var out strings.Builder
	out.WriteString(g.one("", "", "---\n", "--- # “a comment”\n", "# it's {{.spectro.sytem.x}\n", "%YAML 1.2\n---\n", "%YAML 1.1\n--- # c\n"))
	out.WriteString(g.mapping(0, 0, g.chance(3)))
	out.WriteString(g.one("", "", "", "---\n", "...\n", "# ‘end’\n", "\n\n"))
	text := out.String()
	if g.chance(4) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// mapping writes a block mapping, each key on a line that is indented.
func (g *generator) mapping(indent, depth int, ofPack bool) string {
	var out strings.Builder
	pad := strings.Repeat(" ", indent)
	if ofPack {
		out.WriteString(g.pack(pad))
	}
	for range 1 + g.IntN(4) {
		if g.chance(6) {
			out.WriteString(pad + g.one("# it's a comment “with” 'quotes'\n", "\n", "#- {{ .spectro.sytem.x\n"))
		}
		key := g.key()
		if g.chance(12) {
			out.WriteString(pad + "? " + key + "\n" + pad + ":" + g.value(indent, depth+1, false))
			continue
		}
		out.WriteString(pad + key + ":" + g.value(indent, depth+1, false))
	}
	return out.String()
}

// pack writes values of generic-byoi.
func (g *generator) pack(pad string) string {
	name, inner := "osName", pad+g.one("  ", "    ")
	if g.planted && g.chance(2) {
		name = "osNmae"
	}
	pack := []string{
		inner + "osImageOverride: " + g.one("ami-1a2b3c4d", "'ami-1a2b3c4d'", "\"ami-1a2b3c4d\" # “c”", ">-\n"+inner+"  ami-1a2b3c4d", "'{{.spectro.var.ami}}'") + "\n",
		inner + g.one(name, "\""+name+"\"", "'"+name+"'") + ": " + g.one("rhel", "'rhel'", "!!str rhel", "|-\n"+inner+"   rhel", "Red\n"+inner+"  Hat") + "\n",
		inner + "osVersion: " + g.one("'8'", "\"24.10\"", "!!str 8", "v8") + "\n",
	}
	g.Shuffle(len(pack), func(i, j int) { pack[i], pack[j] = pack[j], pack[i] })
	if !g.planted && g.chance(4) { // a key that is merged is not renamed
		return pad + "base: &base\n" + pack[0] + pad + "pack:\n" + inner + "<<: *base\n" + pack[1] + pack[2]
	}
	return pad + "pack:" + g.one("", " # c", " ") + "\n" + strings.Join(pack, "")
}

func (g *generator) key() string {
	g.keys++
	word := fmt.Sprintf("k%d%s", g.keys, g.one("", "-x", ".y.z", " two", "é", "“x”", "'s", "\u00a0b", "#"))
	switch g.IntN(4) {
	case 0:
		return "'" + strings.ReplaceAll(word, "'", "''") + "'"
	case 1:
		return `"` + word + `"`
	}
	return word
}

// value writes what follows a colon or a dash, and ends its last line.
func (g *generator) value(indent, depth int, inList bool) string {
	n := g.IntN(12)
	switch {
	case n == 0 && depth < 5:
		return g.props(false) + g.comment() + "\n" + g.mapping(indent+1+g.IntN(4), depth, false)
	case n <= 2 && depth < 5:
		return g.props(false) + g.comment() + "\n" + g.list(indent+g.IntN(3)+1, depth)
	case n == 3 && depth < 5 && inList:
		return " " + strings.TrimLeft(g.mapping(indent+2, depth, false), " #'\n-")
	case n <= 5 && depth < 5:
		return g.props(false) + " " + g.flow(indent+1, depth) + g.comment() + "\n"
	case n == 6:
		return g.block(indent + 1)
	case n == 7 && len(g.anchors) > 0:
		return " *" + g.one(g.anchors...) + " " + g.comment() + "\n"
	case n == 8:
		return g.comment() + "\n"
	}
	props, planted := g.props(true), g.planted
	g.planted = planted && props == "" // what may be repeated is not repaired
	text := props + " " + g.scalar(indent+1, false) + g.comment() + "\n"
	g.planted = planted
	return text
}

// props are an anchor or nothing. Only scalars are repeated by an alias.
func (g *generator) props(isScalar bool) string {
	if !g.chance(10) {
		return ""
	}
	g.keys++
	name := fmt.Sprintf("a%d", g.keys)
	if isScalar {
		g.anchors = append(g.anchors, name)
	}
	return " &" + name
}

func (g *generator) comment() string {
	return g.one("", "", "", "", " # it's “one”", "   # x", " #")
}

func (g *generator) list(indent, depth int) string {
	var out strings.Builder
	for range 1 + g.IntN(3) {
		out.WriteString(strings.Repeat(" ", indent) + "-" + g.value(indent, depth+1, false))
	}
	return out.String()
}

func (g *generator) flow(indent, depth int) string {
	sep := func() string {
		return g.one(", ", ",", ",\n"+strings.Repeat(" ", indent+1), ", # “c”\n"+strings.Repeat(" ", indent+2))
	}
	item := func() string {
		if depth < 4 && g.chance(4) {
			return g.flow(indent, depth+1)
		}
		return g.scalar(indent+1, true)
	}
	var out strings.Builder
	n := g.IntN(4)
	isList := g.chance(2)
	for i := range n {
		if i > 0 {
			out.WriteString(sep())
		}
		if !isList {
			g.keys++
			fmt.Fprintf(&out, "%s: ", g.one(fmt.Sprintf("f%d", g.keys), fmt.Sprintf("'f%d “x”'", g.keys), fmt.Sprintf("\"f%d\"", g.keys)))
		}
		out.WriteString(item())
	}
	if isList {
		return "[" + out.String() + "]"
	}
	return "{" + out.String() + "}"
}

// words are what values are made of.
func (g *generator) words() []string {
	all := make([]string, 1+g.IntN(6))
	for i := range all {
		all[i] = g.one("x", "yes", "“Foo”", "bar", "“baz”", "‘one’", "it’s", "é", "ü\u00a0z", "-\u00a0a", "a/b:1", "http://h", "a#b", "-", "日本", "👩\u200d🚀", "1.10", "null", "“")
		if i == 0 {
			all[i] = g.one("x", "bar", "é", "ü\u00a0z", "a/b:1", "word", "it’s")
		}
	}
	return all
}

// macro is one, in words between which a line may end.
func (g *generator) macro() []string {
	name := "kubernetes"
	if g.planted && g.chance(2) {
		name = "kunernetes"
	}
	path := ".spectro.system." + name + ".version"
	switch g.IntN(3) {
	case 0:
		return []string{"a-{{" + path + "}}-b"}
	case 1:
		return []string{"a-{{", path, "}}"}
	}
	return []string{"{{", path, "|", "upper", "}}/x"}
}

// scalar writes a value on one line or on several that are indented.
func (g *generator) scalar(indent int, inFlow bool) string {
	words := g.words()
	style := g.IntN(4)
	if g.chance(3) {
		words = append(words, g.macro()...)
		if style == 0 && inFlow {
			style = 1
		}
	}
	if g.planted && style == 3 {
		return g.typographic(indent)
	}
	if style == 0 && inFlow {
		words = slices.DeleteFunc(words, func(w string) bool { return strings.ContainsAny(w, ":-") })
		words = append([]string{"w"}, words...)
	}
	switch style {
	case 0:
		return g.fold(words, indent, func(w string) string { return w }, true)
	case 1:
		words = append(words, g.one("it's", "x: y", "# no", "{{", "[", "\"q\"", "“x”"))
		if slices.Contains(words, "{{") && len(words) > 2 {
			words = slices.DeleteFunc(words, func(w string) bool { return strings.Contains(w, "spectro") })
		}
		return "'" + g.fold(words, indent, func(w string) string { return strings.ReplaceAll(w, "'", "''") }, false) + "'"
	}
	words = append(words, g.one("it's", "x: y", "# no", "\\\"", "\\u00e9", "\\\\", "'y',", "“x”", "\\t", "\\x41"))
	text := g.fold(words, indent, func(w string) string { return w }, false)
	if g.chance(4) {
		text += "\\\n" + strings.Repeat(" ", indent) + g.one("z", "\\ z")
	}
	return `"` + text + `"`
}

// typographic is a planted mistake: a whole value in typographic quotes.
func (g *generator) typographic(indent int) string {
	words := []string{"pl", g.one("x", "it is", "é"), "lp"}
	text := g.fold(words, indent, func(w string) string { return w }, true)
	return g.one("“"+text+"”", "‘"+text+"’")
}

// fold joins words by spaces and, at times, by line ends.
func (g *generator) fold(words []string, indent int, write func(string) string, plain bool) string {
	var out strings.Builder
	for i, w := range words {
		if i > 0 {
			sep := " "
			if g.chance(4) && (!plain || !strings.HasPrefix(w, "#") && w != "-" && !strings.HasPrefix(w, "- ")) {
				sep = g.one("\n", "\n", "\n\n", "  \n") + strings.Repeat(" ", indent+g.IntN(3))
			}
			out.WriteString(sep)
		}
		out.WriteString(write(w))
	}
	return out.String()
}

// block writes a literal or folded scalar.
func (g *generator) block(indent int) string {
	width := indent + g.IntN(3)
	var out strings.Builder
	out.WriteString(" " + g.one("|", ">") + g.one("", "-", "+") + g.one("", " # “c”") + "\n")
	for i := range 1 + g.IntN(5) {
		if i > 0 && g.chance(5) {
			out.WriteString("\n")
			continue
		}
		words := g.words()
		if g.chance(3) {
			words = append(words, strings.Join(g.macro(), " "))
		}
		more := ""
		if i > 0 && g.chance(5) {
			more = "  "
		}
		out.WriteString(strings.Repeat(" ", width) + more + g.one("", "", "- ", "“", "# ", "k: '") + strings.Join(words, " ") + "\n")
	}
	return out.String()
}
