package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// wellFormed finds what the parser takes and no reader does: << without a mapping, a
// tag that does not fit its value.
func (t *tree) wellFormed(s scalar) {
	switch {
	case s.Kind == yaml.MappingNode:
		merges := 0
		for i := 0; i < len(s.Content); i += 2 {
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
	case s.Style&yaml.TaggedStyle != 0 && !fits(s.Node):
		t.add(RuleSyntax, Error, s.Node, "%q is not what its tag %s says", s.Value, s.ShortTag())
	}
}

// fits tells whether a value is what its tag says.
func fits(n *yaml.Node) bool {
	var value any
	return n.Decode(&value) == nil || n.ShortTag() == "!!bool" && word11.MatchString(n.Value)
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

// aliases tells of a value that is within itself, and of more repeated values than the
// library takes, whose rule that is.
func (t *tree) aliases() {
	if len(t.shared()) == 0 {
		return
	}
	root := t.doc().Root()
	var data any
	switch err := fmt.Sprint(root.Decode(&data)); {
	case strings.Contains(err, "contains itself"):
		t.add(RuleSyntax, Error, root, "an alias stands within the value that it repeats")
	case strings.Contains(err, "excessive aliasing"):
		t.add(RuleSyntax, Error, root, "aliases repeat too much: readers refuse it")
	}
}
