package lint

import (
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// kindOf finds out which of some kinds of packs a document is for; empty when nothing tells.
func kindOf(v view, kinds []spec.Traits) spec.PackKind {
	w := kindWalk{kinds: kinds, found: map[spec.PackKind]bool{}, strays: map[spec.PackKind]bool{}}
	if v.doc == nil {
		w.text(v.text)
	} else {
		w.walk(v.doc.Root(), "", "", 0)
	}
	for _, signs := range []map[spec.PackKind]bool{w.found, w.strays} {
		for _, kind := range slices.Backward(kinds) { // the usual one gives way
			if signs[kind.Kind] {
				return kind.Kind
			}
		}
	}
	return w.near
}

// deep is where no misspelt key is looked for.
const deep = 3

// kindWalk looks for keys and macros that a pack has.
type kindWalk struct {
	kinds []spec.Traits
	// found has a macro, or a key below the kind's own root. What strays from there counts
	// only where no kind is found: another pack may have a key of that name.
	found, strays map[spec.PackKind]bool
	// near has a key but for a slip.
	near spec.PackKind
}

func (w *kindWalk) walk(n *yaml.Node, root, prefix string, depth int) {
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		w.macros(n.Value)
	}
	step := 1
	if n.Kind != yaml.MappingNode {
		step = deep // the packs' own keys are in no list
	}
	for i, c := range n.Content {
		under, below := root, ""
		switch isMapping := n.Kind == yaml.MappingNode; {
		case isMapping && i%2 == 0:
			w.key(root, prefix+c.Value, depth)
		case isMapping:
			key := n.Content[i-1].Value
			if key == "system" {
				below = "system."
			}
			if depth == 0 {
				under = key
			}
		}
		w.walk(c, under, below, depth+step)
	}
}

func (w *kindWalk) macros(text string) {
	for _, kind := range w.kinds {
		if kind.Macros && strings.Contains(text, kind.Kind.MacroPrefix()) {
			w.found[kind.Kind] = true
		}
	}
}

func (w *kindWalk) key(root, key string, depth int) {
	const around = allBlanks + singleQuotes + doubleQuotes
	root, key = strings.Trim(root, around), strings.Trim(key, around)
	for _, kind := range slices.Backward(w.kinds) {
		switch {
		case slices.Contains(kind.Keys, key) && root == kind.Image[0]:
			w.found[kind.Kind] = true
		case slices.Contains(kind.Keys, key):
			w.strays[kind.Kind] = true
		case w.near == "" && depth < deep && nearest(key, kind.Keys) != "":
			w.near = kind.Kind
		}
	}
}

// keyInText is a key at the start of a line or a mapping, in quotes of any kind or none.
var keyInText = regexp.MustCompile(`(?m)(?:^|[{,])` + blank + `*["'‘“]?([A-Za-z0-9.]+)["'’”]?` + blank + `*:`)

// text goes by keys of the packs in a text that is no YAML. The key of the image may be
// in its nested form.
func (w *kindWalk) text(text []byte) {
	for _, m := range keyInText.FindAllSubmatch(text, -1) {
		w.key("", string(m[1]), deep)
	}
	w.macros(string(text))
	for _, kind := range w.kinds {
		nested := strings.Split(strings.Join(kind.Image, "."), ".")
		if regexp.MustCompile(`\b` + strings.Join(nested, `\W+`) + `\W*:`).Match(text) {
			w.found[kind.Kind] = true
		}
	}
}
