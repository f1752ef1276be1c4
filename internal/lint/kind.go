package lint

import (
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

const edgeMacroPrefix = ".spectro.pack.edge-native-byoi."

// kindOf finds out which pack a document is for; empty when nothing tells.
func kindOf(doc *yamledit.Document) spec.PackKind {
	var w kindWalk
	w.walk(doc.Root(), "", 0)
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

// Keys of the packs at the start of a line tell which one a text is for that is
// no YAML.
var (
	genericKey = regexp.MustCompile(`(?m)^[ \t\x{a0}]*["'‘“]?(osImageOverride|osName|osVersion)["'’”]?[ \t]*:`)
	edgeKey    = regexp.MustCompile(`(?m)^[ \t\x{a0}]*["'‘“]?system\.(uri|registry|repo|k8sDistribution|osName|peVersion|customTag|osVersion)["'’”]?[ \t]*:`)
	edgeMacro  = regexp.MustCompile(`(?m)^[^#\n]*\.spectro\.pack\.edge-native-byoi\.`)
)

func kindOfText(text []byte) spec.PackKind {
	switch {
	case edgeKey.Match(text), edgeMacro.Match(text):
		return spec.EdgeNativeBYOI
	case genericKey.Match(text):
		return spec.GenericBYOI
	}
	return ""
}
