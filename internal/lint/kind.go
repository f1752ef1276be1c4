package lint

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

const edgeMacroPrefix = ".spectro.pack.edge-native-byoi."

// kindOf finds out which pack a document is for; empty when nothing tells.
func kindOf(v view) spec.PackKind {
	if v.doc == nil {
		return kindOfText(v.text)
	}
	var w kindWalk
	w.walk(v.doc.Root(), "", 0)
	switch {
	case w.edge:
		return spec.EdgeNativeBYOI
	case w.generic:
		return spec.GenericBYOI
	}
	return w.near
}

// deep is where no misspelt key is looked for.
const deep = 3

// kindWalk looks for keys and macros that only one pack has.
type kindWalk struct {
	edge, generic bool
	near          spec.PackKind
}

func (w *kindWalk) walk(n *yaml.Node, prefix string, depth int) {
	if n == nil || w.edge {
		return
	}
	if n.Kind == yaml.ScalarNode {
		w.edge = strings.Contains(n.Value, edgeMacroPrefix)
		return
	}
	step := 1
	if n.Kind != yaml.MappingNode {
		step = deep // the packs' own keys are in no list
	}
	for i, c := range n.Content {
		below := ""
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			w.key(prefix+c.Value, depth)
		} else if n.Kind == yaml.MappingNode && n.Content[i-1].Value == "system" {
			below = "system."
		}
		w.walk(c, below, depth+step)
	}
}

func (w *kindWalk) key(key string, depth int) {
	key = strings.Trim(key, allBlanks+singleQuotes+doubleQuotes)
	switch {
	case slices.Contains(edgeSystemKeys(), key):
		w.edge = true
	case slices.Contains(genericKeys(), key):
		w.generic = true
	case w.generic || w.near != "" || depth >= deep:
	case nearest(key, edgeSystemKeys()) != "":
		w.near = spec.EdgeNativeBYOI
	case nearest(key, genericKeys()) != "":
		w.near = spec.GenericBYOI
	}
}

// keyInText is a key at the start of a line or a mapping, in quotes of any kind or none.
var keyInText = regexp.MustCompile(`(?m)(?:^|[{,])` + blank + `*["'‘“]?([A-Za-z0-9.]+)["'’”]?` + blank + `*:`)

// nestedURI is the other form of system.uri.
var nestedURI = regexp.MustCompile(`\boptions\W+system\W+uri\W*:`)

// kindOfText goes by keys of the packs in a text that is no YAML.
func kindOfText(text []byte) spec.PackKind {
	var w kindWalk
	for _, m := range keyInText.FindAllSubmatch(text, -1) {
		w.key(string(m[1]), deep)
	}
	switch {
	case w.edge, bytes.Contains(text, []byte(edgeMacroPrefix)), nestedURI.Match(text):
		return spec.EdgeNativeBYOI
	case w.generic:
		return spec.GenericBYOI
	}
	return ""
}
