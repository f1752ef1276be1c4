package lint

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// tree runs the rules on the data of one block.
type tree struct {
	*block
	view
	hits []hit
	// read keeps the keys of mappings, which aliases repeat.
	read map[*yaml.Node]*keys
}

func (b *block) data(v view) []hit {
	t := &tree{block: b, view: v, read: map[*yaml.Node]*keys{}}
	if b.bare {
		t.add(RuleSyntax, Error, t.doc().Root(), "... ends a document: before it there must be one, and behind it --- starts the next")
	}
	for _, dup := range t.doc().Duplicates() {
		t.add(RuleDuplicateKey, Error, dup.Key, "key %q is already on line %d of these values", dup.Key.Value, dup.First.Line)
	}
	t.each(t.wellFormed)
	t.aliases()
	t.packCloud()
	if check := checksOf(b.kind); check != nil {
		check(t)
	} else {
		t.add(RuleUnknownPack, Warning, nil, "neither the keys of %s are in here", strings.Join(spec.PackNames(), " nor of "))
	}
	t.invisible()
	return t.hits
}

func (t *tree) doc() *yamledit.Document { return t.view.doc }

func (t *tree) add(rule Rule, severity Severity, n *yaml.Node, format string, args ...any) *hit {
	h := hit{rule: rule, severity: severity, message: fmt.Sprintf(format, args...)}
	if n != nil {
		h.at = t.doc().Offset(n)
	}
	t.hits = append(t.hits, h)
	return &t.hits[len(t.hits)-1]
}

// checksOf are the checks of a kind of pack.
func checksOf(kind spec.PackKind) func(*tree) {
	switch traits := kind.Traits(); {
	case traits.HasEdge:
		return (*tree).edge
	case traits.Kind != "":
		return (*tree).machine
	}
	return nil
}

func (t *tree) packCloud() {
	own, takes := t.kind.Traits(), spec.KindOfCloud(t.cloud)
	switch {
	case t.kind == "" || t.cloud == "" || own.Cloud == takes.Cloud:
	case own.Cloud == "":
		t.add(RulePackCloud, Error, nil, "%s take %s; these are values of %s", takes.For, takes.Kind, t.kind)
	default:
		t.add(RulePackCloud, Error, nil, "%s is for %s, not for %s", t.kind, own.For, t.cloud)
	}
}

// machine checks the values of a pack for machine images: all is in one mapping.
func (t *tree) machine() {
	kind := t.kind.Traits()
	section, imageKey := kind.Image[0], kind.Image[1]
	top := t.mapping(t.doc().Root())
	t.unknownKeys(t.fields(top), []string{section})
	t.unknownKeys(t.fields(child(top, section)), kind.Keys)
	for _, key := range kind.Required {
		value := t.required(top, []string{section, key}, key)
		if value == nil || !t.isString(value, key, Error) || t.placeholder(value, key) {
			continue
		}
		if key == imageKey && !isMacro(value.Value) {
			t.imageID(value)
		}
	}
}

// mapping returns n when it is a mapping, following an alias.
func (t *tree) mapping(n *yaml.Node) *yaml.Node {
	if n = target(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	return n
}

func target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// field is a key of a mapping and its value.
type field struct {
	// name has the keys above it before it, with dots, where these were asked for.
	name       string
	key, value *yaml.Node
}

// keys are what a mapping has.
type keys struct {
	all    []field
	byName map[string]*yaml.Node
	// meant are known keys that are there but for a slip.
	meant map[string]bool
}

// keysOf reads a mapping, or what an alias stands for, once.
func (t *tree) keysOf(n *yaml.Node) *keys {
	n = target(n)
	if t.read[n] == nil {
		k := &keys{all: fieldsOf(n), byName: map[string]*yaml.Node{}}
		for _, f := range k.all {
			if k.byName[f.name] == nil {
				k.byName[f.name] = f.value
			}
		}
		t.read[n] = k
	}
	return t.read[n]
}

// fields are the keys of a mapping as Palette reads them: its own, and those that
// << merges into it.
func (t *tree) fields(n *yaml.Node) []field { return t.keysOf(n).all }

func fieldsOf(n *yaml.Node) []field {
	var all []field
	seen, passed := map[string]bool{}, map[*yaml.Node]bool{}
	var add func(*yaml.Node)
	add = func(n *yaml.Node) {
		if n = target(n); n == nil || n.Kind != yaml.MappingNode || passed[n] {
			return
		}
		passed[n] = true
		var merged []*yaml.Node
		for i := 0; i < len(n.Content); i += 2 {
			key, value := target(n.Content[i]), n.Content[i+1]
			switch list := target(value); {
			case isMerge(n.Content[i]) && list.Kind == yaml.SequenceNode:
				merged = append(merged, list.Content...)
			case isMerge(n.Content[i]):
				merged = append(merged, value)
			case len(passed) == 1 || !seen[key.Value]:
				seen[key.Value] = true
				all = append(all, field{key.Value, key, value})
			}
		}
		for _, one := range merged {
			add(one)
		}
	}
	add(n)
	return all
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" }

// dotted are the keys of a mapping with those that are nested, as in system: {uri: x},
// under the dotted name that Palette knows them by. Only what leads to a known key is
// looked into.
func (t *tree) dotted(n *yaml.Node, prefix string, known []string) []field {
	var all []field
	for _, f := range t.fields(n) {
		f.name = prefix + f.name
		leads := slices.ContainsFunc(known, func(key string) bool { return strings.HasPrefix(key, f.name+".") })
		if !leads {
			all = append(all, f)
			continue
		}
		all = append(all, t.dotted(f.value, f.name+".", known)...)
	}
	return all
}

// child returns the value of a key, also one that << merges.
func child(n *yaml.Node, key string) *yaml.Node {
	for _, f := range fieldsOf(n) {
		if f.name == key {
			return f.value
		}
	}
	return nil
}

// keyOf returns the key itself where a mapping has it.
func keyOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if target(n.Content[i]).Value == key {
			return n.Content[i]
		}
	}
	return nil
}

// lookup returns the value at a path, of which a dotted key may be nested.
func (t *tree) lookup(path ...string) *yaml.Node {
	return target(t.find(t.doc().Root(), path))
}

func (t *tree) find(n *yaml.Node, path []string) *yaml.Node {
	if len(path) == 0 {
		return n
	}
	known := t.keysOf(n).byName
	segments := strings.Split(path[0], ".")
	for last := range slices.Backward(segments) {
		below, rest := known[strings.Join(segments[:last+1], ".")], path[1:]
		if nested := segments[last+1:]; len(nested) > 0 {
			rest = append([]string{strings.Join(nested, ".")}, rest...)
		}
		if value := t.find(below, rest); value != nil {
			return value
		}
	}
	return nil
}

// required returns the value of a key that must be there, nil after saying what
// is wrong with it.
func (t *tree) required(top *yaml.Node, path []string, key string) *yaml.Node {
	value := t.lookup(path...)
	parent := child(top, path[0])
	switch {
	case value == nil && t.misspeltIn(parent, key): // unknown-key says it
	case value == nil && keyOf(top, key) != nil:
		t.add(RuleMisplacedKey, Error, keyOf(top, key), "%s belongs below %s", key, path[0])
	case value == nil:
		t.add(RuleMissingKey, Error, cmp.Or(keyOf(top, path[0]), top), "%s is missing", strings.Join(path, "."))
	case isEmpty(value):
		t.add(RuleMissingKey, Error, value, "%s has no value", strings.Join(path, "."))
		return nil
	}
	return value
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// isEmpty tells of a value that is null or no text.
func isEmpty(n *yaml.Node) bool { return isNull(n) || n.Kind == yaml.ScalarNode && n.Value == "" }

// misspeltIn tells whether a known key is there but for a slip, which unknown-key
// says.
func (t *tree) misspeltIn(n *yaml.Node, key string) bool {
	k := t.keysOf(n)
	if k.meant == nil {
		k.meant = map[string]bool{}
		known := spec.KnownKeys()
		for _, f := range t.dotted(n, "", known) {
			if right := nearest(f.name, known); sure(f.name, right) {
				k.meant[right] = true
			}
		}
	}
	return k.meant[key]
}

// isString finds numbers and the like where a string is wanted: 24.10 as a
// number is 24.1.
func (t *tree) isString(value *yaml.Node, key string, severity Severity) bool {
	if value.Kind != yaml.ScalarNode {
		t.add(RuleWrongType, Error, value, "%s must be a string", key)
		return false
	}
	if value.ShortTag() == "!!str" && (value.Style != 0 || !word11.MatchString(value.Value)) {
		if hasInvisible(value.Value) {
			t.add(RuleInvisible, Error, value, "%s holds an invisible character: write it anew", key)
			return false
		}
		return t.template(value, key)
	}
	var data any
	_ = value.Decode(&data) // what cannot be read is nothing
	if fmt.Sprint(data) != value.Value || value.ShortTag() == "!!str" {
		severity = Error // it becomes another text
	}
	h := t.add(RuleWrongType, severity, value, "%s must be a string: write \"%s\" in quotes", key, value.Value)
	if start, end, _ := t.doc().Span(value); value.Style == 0 {
		h.fix = []replacement{{start, end, yamledit.Quote(value.Value)}}
		h.place.node = value
	}
	return false
}

var placeInTemplate = regexp.MustCompile(`^template: value:\d+: `)

// template tells whether the macros of a value can be read, and only they have braces.
func (t *tree) template(value *yaml.Node, key string) bool {
	if !isMacro(value.Value) || slices.ContainsFunc(uses(value.Value), func(u use) bool { message, _ := u.missing(value.Value); return message != "" }) {
		return true // told already
	}
	a, err := actionsOf(value.Value)
	if err != nil {
		t.add(RuleMacroBraces, Error, value, "%s: its macros cannot be read: %s", key, placeInTemplate.ReplaceAllString(err.Error(), ""))
		return false
	}
	if slices.ContainsFunc(a.texts, func(e extent) bool { return strings.ContainsAny(value.Value[e.start:e.end], "{}") }) {
		t.add(RuleMacroBraces, Error, value, "%s: a brace that is no macro's cannot be part of it", key)
		return false
	}
	return true
}

// unknownKeys finds keys that are close to a known one. Others may well be
// meant: packs take stages, drain settings and more.
func (t *tree) unknownKeys(fields []field, known []string) {
	there, rivals := map[string]bool{}, map[string]int{}
	for _, f := range fields {
		there[f.name] = true
		rivals[nearest(f.name, known)]++
	}
	own := spec.KnownKeys()
	for _, f := range fields {
		right := nearest(f.name, known)
		switch {
		case right == "":
			t.invisibleKey(f, known)
		case there[right] && !sure(f.name, right):
		case there[right]:
			t.add(RuleUnknownKey, Warning, f.key, "key %q is unknown; %s is set beside it", f.name, right)
		case !slices.Contains(own, right):
			t.add(RuleUnknownKey, Warning, f.key, "key %q is unknown; perhaps %s is meant", f.name, right)
		default:
			h := t.add(RuleUnknownKey, Error, f.key, "key %q is unknown; %s is meant", f.name, right)
			if rivals[right] == 1 {
				t.rename(h, f, right)
			}
		}
	}
}

// rename makes a key the known one, of which the end is written here.
func (t *tree) rename(h *hit, f field, right string) {
	above := strings.TrimSuffix(f.name, f.key.Value)
	t.edit(h, f.key, replacement{0, len(f.key.Value), strings.TrimPrefix(right, above)})
}

// edit adds a fix to a hit that is about a whole value.
func (t *tree) edit(h *hit, n *yaml.Node, r replacement) {
	h.place.edits = []replacement{r}
	if at := t.doc().Spelling(n); at != nil {
		*h = t.edited(*h, n, at)
	}
}
