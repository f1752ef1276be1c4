package lint

import (
	"math"
	"regexp"
	"slices"

	yaml "go.yaml.in/yaml/v3"
)

// wellFormed finds what the parser takes and no reader does: << without a mapping, a
// tag that does not fit its value.
func (t *tree) wellFormed(s scalar) {
	switch {
	case s.Kind == yaml.MappingNode:
		merges := 0
		for i := 0; i+1 < len(s.Content); i += 2 {
			if !isMerge(s.Content[i]) {
				continue
			}
			if merges++; merges > 1 {
				t.add(RuleDuplicateKey, Error, s.Content[i], "<< is already in this mapping: merge a list, <<: [*a, *b]")
			}
			if !mergeable(s.Content[i+1]) {
				t.add(RuleSyntax, Error, s.Content[i], "<< takes a mapping, or a list of some")
			}
		}
	case s.Kind == yaml.ScalarNode && s.Style&yaml.TaggedStyle != 0 && !fits(s.Node):
		t.add(RuleSyntax, Error, s.Node, "%q is not what its tag %s says", s.Value, s.ShortTag())
	}
}

// fits tells whether a value is what its tag says.
func fits(n *yaml.Node) bool {
	switch n.ShortTag() {
	case "!!null":
		return isNull(&yaml.Node{Kind: yaml.ScalarNode, Value: n.Value})
	case "!!bool":
		if word11.MatchString(n.Value) {
			return true
		}
	}
	var value any
	return n.Decode(&value) == nil
}

// word11 are words that YAML 1.1 takes for booleans.
var word11 = regexp.MustCompile(`^(?:[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)$`)

// mergeable tells what << takes: a mapping, or a list of some that stands there.
func mergeable(n *yaml.Node) bool {
	if n.Kind != yaml.SequenceNode {
		return target(n).Kind == yaml.MappingNode
	}
	return !slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return target(item).Kind != yaml.MappingNode })
}

// aliases tells of a value that is within itself, and of more repeated values than
// readers take.
func (t *tree) aliases() {
	size := map[*yaml.Node]float64{}
	repeats := false
	var walk func(n *yaml.Node) float64
	walk = func(n *yaml.Node) float64 {
		repeats = repeats || n.Kind == yaml.AliasNode
		n = target(n)
		if known, ok := size[n]; ok {
			return known
		}
		size[n] = math.NaN() // until it is known, which it never is within itself
		all := 1.0
		for _, child := range n.Content {
			all += walk(child)
		}
		size[n] = all
		return all
	}
	root := t.doc().Root()
	if root == nil {
		return
	}
	switch all := walk(root); {
	case !repeats:
	case math.IsNaN(all):
		t.add(RuleSyntax, Error, root, "an alias stands within the value that it repeats")
	case tooMany(all, all-float64(len(size))):
		t.add(RuleSyntax, Error, root, "aliases repeat too much: readers refuse it")
	}
}

// tooMany is the rule of YAML's Go packages: the more nodes, the fewer may be repeated.
func tooMany(all, repeated float64) bool {
	share := 0.99 - 0.89*min(max(all-400_000, 0)/3_600_000, 1)
	return repeated > 1000 && repeated/all > share
}
