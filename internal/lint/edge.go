package lint

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// edgeKeys are the keys below options, edgeMacros what macros that read the values start
// with.
func edgeKeys() []string { return spec.EdgeNativeBYOI.Traits().Keys }

func edgeMacros() string { return spec.EdgeNativeBYOI.MacroPrefix() }

// edge checks what edge-native-byoi has beside a required key.
func (t *tree) edge() {
	top := t.mapping(t.doc().Root())
	known := []string{"pack", "options"}
	macros := t.ownMacros()
	usesImage := slices.ContainsFunc(macros, func(m ownMacro) bool { return strings.HasPrefix(m.keys, "image.") })
	if usesImage {
		known = append(known, "image")
	}
	t.unknownKeys(t.fields(top), known)
	t.edgeOptions(child(top, "options"))
	if usesImage {
		t.strings(t.dotted(child(top, "image"), "", edgeImageKeys()), edgeImageKeys())
	}
	uri := t.required(top, []string{"options", "system.uri"}, "system.uri")
	if uri != nil && t.isString(uri, "system.uri", Error) && !t.placeholder(uri, "system.uri") {
		t.edgeURI(uri)
	}
	t.contentImages(top, uri)
	t.packMacros(macros)
}

// edgeOptions checks the keys below options, dotted and nested.
func (t *tree) edgeOptions(n *yaml.Node) {
	t.unknownKeys(slices.DeleteFunc(slices.Clone(t.fields(n)), func(f field) bool { return t.mapping(f.value) == nil }), []string{"system"})
	fields := t.dotted(n, "", edgeKeys())
	t.unknownKeys(fields, edgeKeys())
	for _, f := range fields {
		if strings.HasPrefix(f.name, "system.") && !slices.Contains(edgeKeys(), f.name) && nearest(f.name, edgeKeys()) == "" {
			t.add(RuleUnknownKey, Warning, f.key, "key %q is unknown", f.name)
		}
	}
	t.strings(fields, edgeKeys())
}

// strings checks that the values of keys are strings, and no placeholders.
func (t *tree) strings(fields []field, keys []string) {
	first := map[string]field{}
	for _, f := range fields {
		value := target(f.value)
		if other, ok := first[f.name]; !ok {
			first[f.name] = f
		} else if slices.Contains(keys, f.name) && other.key.Value != f.key.Value {
			t.add(RuleDuplicateKey, Error, f.key, "%s is already on line %d of these values, in its other form", f.name, other.key.Line)
		}
		if !slices.Contains(keys, f.name) || f.name == "system.uri" || isNull(value) {
			continue
		}
		if t.isString(value, f.name, Warning) {
			t.placeholder(value, f.name)
		}
	}
}

func (t *tree) edgeURI(uri *yaml.Node) {
	if !isMacro(uri.Value) {
		if uri.Value != "NA" {
			t.imageReference(uri, "system.uri")
		}
		return
	}
	a, err := actionsOf(uri.Value)
	if err != nil {
		return // told already
	}
	for _, text := range a.texts {
		if bad := strings.Trim(uri.Value[text.start:text.end], referenceChars); bad != "" {
			t.add(RuleImageReference, Error, uri, "system.uri: %q cannot be part of an image reference", bad)
			return
		}
	}
	t.emptyTagPart(uri)
}

// referenceChars are what a reference of an image may be made of.
const referenceChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@"

func (t *tree) emptyTagPart(uri *yaml.Node) {
	last := lastMacro.FindStringSubmatch(uri.Value)
	if last == nil {
		return
	}
	keys := strings.TrimPrefix(macroPath.FindString(last[2]), edgeMacros())
	if value := t.lookup(splitFirst(keys)...); value != nil && isEmpty(value) {
		t.add(RuleEmptyTagPart, Warning, uri, "%s has no value, so the tag of system.uri ends in %q", keys, last[1])
	}
}

// lastMacro is what follows the last {{, and a separator that is before it.
var lastMacro = regexp.MustCompile(`(?s)([-_])\{\{((?:[^{]|\{[^{])*)$`)

// splitFirst makes a path of a macro's: options, then one dotted key.
func splitFirst(keys string) []string { return strings.SplitN(keys, ".", 2) }

func (t *tree) imageReference(value *yaml.Node, key string) {
	if err := image.CheckOCI(value.Value); err != nil {
		t.add(RuleImageReference, Error, value, "%s: %s", key, err)
		return
	}
	if strings.HasSuffix(value.Value, ":latest") {
		t.add(RuleImageReference, Warning, value, "%s: tag latest moves; name a version", key)
	}
}

// contentImages checks the images of the content bundle.
func (t *tree) contentImages(top, uri *yaml.Node) {
	packMap := t.mapping(child(top, "pack"))
	content := t.mapping(child(packMap, "content"))
	t.unknownKeys(t.fields(packMap), []string{"content"})
	t.unknownKeys(t.fields(content), []string{"images"})
	if content == nil && keyOf(top, "content") != nil {
		t.add(RuleMisplacedKey, Error, keyOf(top, "content"), "content belongs below pack: indent it")
		return
	}
	images := t.lookup("pack", "content", "images")
	own := false
	switch {
	case images == nil || isNull(images):
	case images.Kind != yaml.SequenceNode:
		t.add(RuleWrongType, Error, images, "pack.content.images must be a list")
	default:
		seen := map[*yaml.Node]bool{}
		for _, item := range images.Content {
			if item = target(item); !seen[item] {
				seen[item] = true
				own = t.contentImage(item) || own
			}
		}
	}
	if !own && uri != nil && uri.Value != "NA" && !t.nearIn(content, "images") && !t.nearIn(packMap, "content") {
		t.add(RuleMissingKey, Warning, cmp.Or(keyOf(top, "pack"), top),
			"pack.content.images has no item '{{%soptions.system.uri}}', so a content bundle lacks the provider image", edgeMacros())
	}
}

// nearIn tells whether a key is likely there under another name.
func (t *tree) nearIn(n *yaml.Node, key string) bool {
	return slices.ContainsFunc(t.fields(n), func(f field) bool { return nearest(f.name, []string{key}) == key })
}

// contentImage checks one item and tells whether it stands for the provider
// image.
func (t *tree) contentImage(item *yaml.Node) bool {
	value := target(child(item, "image"))
	if value == nil || isNull(value) {
		t.add(RuleMissingKey, Error, item, "an item of pack.content.images has no image")
		return false
	}
	macro := isMacro(value.Value)
	if t.isString(value, "image", Error) && !t.placeholder(value, "image") && !macro {
		t.imageReference(value, "image")
	}
	return macro && strings.Contains(value.Value, "system.uri")
}

// ownMacro is a macro that reads the values of this pack.
type ownMacro struct {
	node *yaml.Node
	use  use
	keys string
}

func (t *tree) ownMacros() []ownMacro {
	var all []ownMacro
	t.scalars(func(s scalar) {
		for _, u := range uses(s.Value) {
			if keys, ok := strings.CutPrefix(s.Value[u.start:u.end], edgeMacros()); ok {
				all = append(all, ownMacro{s.Node, u, keys})
			}
		}
	})
	return all
}

// packMacros checks macros that refer to this pack's own values.
func (t *tree) packMacros(macros []ownMacro) {
	known := []string{}
	for _, key := range edgeKeys() {
		known = append(known, "options."+key)
	}
	for _, key := range edgeImageKeys() {
		known = append(known, "image."+key)
	}
	told := map[string]bool{}
	var of *yaml.Node
	var at []int // where the bytes of its value are
	for _, m := range macros {
		path := splitFirst(m.keys)
		if told[m.keys] {
			continue
		}
		right := nearest(m.keys, known)
		told[m.keys] = right == ""
		if t.lookup(path...) != nil || len(path) > 1 && t.misspeltIn(t.keysOf(t.doc().Root()).byName[path[0]], path[1]) {
			continue
		}
		if of != m.node {
			of, at = m.node, t.doc().Spelling(m.node)
		}
		t.undefined(m, at, right)
	}
}

func (t *tree) undefined(m ownMacro, at []int, right string) {
	start := m.use.start + len(edgeMacros())
	if right != "" {
		t.hits = append(t.hits, t.valueHit(m.node, at, *misspelt(start, m.keys, right, edgeMacros()+m.keys)))
		return
	}
	message := "the macro reads " + m.keys + ", which these values do not set"
	t.hits = append(t.hits, t.valueHit(m.node, at, hit{rule: RuleUndefinedMacro, severity: Warning, at: start, message: message}))
}
