package lint

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// tree runs the rules on the data of one block.
type tree struct {
	*block
	view
	hits []hit
}

func (b *block) data(v view) []hit {
	t := &tree{block: b, view: v}
	for _, dup := range t.doc().Duplicates() {
		t.add(RuleDuplicateKey, Error, dup.Key, "key %q is already on line %d of these values", dup.Key.Value, dup.First.Line)
	}
	t.packCloud()
	switch b.kind {
	case spec.GenericBYOI:
		t.generic()
	case spec.EdgeNativeBYOI:
		t.edge()
	default:
		t.add(RuleUnknownPack, Warning, nil, "neither the keys of generic-byoi nor of edge-native-byoi are in here")
	}
	t.invisible()
	return t.hits
}

func (t *tree) doc() *yamledit.Document { return t.view.doc }

func (t *tree) add(rule Rule, severity Severity, n *yaml.Node, format string, args ...any) *hit {
	h := hit{rule: rule, severity: severity, message: fmt.Sprintf(format, args...)}
	if n != nil {
		h.at = min(t.doc().Offset(n), len(t.view.text))
	}
	t.hits = append(t.hits, h)
	return &t.hits[len(t.hits)-1]
}

func (t *tree) packCloud() {
	switch {
	case t.kind == spec.GenericBYOI && t.cloud == cloudEdge:
		t.add(RulePackCloud, Error, nil, "edge clusters take edge-native-byoi; these are values of generic-byoi")
	case t.kind == spec.EdgeNativeBYOI && t.cloud != "" && t.cloud != cloudEdge:
		t.add(RulePackCloud, Error, nil, "edge-native-byoi is for edge clusters, not for %s", t.cloud)
	}
}

func (t *tree) generic() {
	top := t.mapping(t.doc().Root())
	t.unknownKeys(t.fields(top), []string{"pack"})
	t.unknownKeys(t.fields(child(top, "pack")), genericKeys())
	for _, key := range genericKeys() {
		value := t.required(top, []string{"pack", key}, key)
		if value == nil || !t.isString(value, key, Error) || t.placeholder(value, key) {
			continue
		}
		if key == "osImageOverride" && !isMacro(value.Value) {
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
	// shared says that the key is written elsewhere, and merged or repeated here.
	shared bool
}

// fields are the keys of a mapping as Palette reads them: its own, and those that
// << merges into it.
func (t *tree) fields(n *yaml.Node) []field {
	var all []field
	fieldsOf(n, map[string]bool{}, map[*yaml.Node]bool{}, &all)
	return all
}

func fieldsOf(n *yaml.Node, seen map[string]bool, passed map[*yaml.Node]bool, all *[]field) {
	shared := n != nil && n.Kind == yaml.AliasNode || len(passed) > 0
	if n = target(n); n == nil || n.Kind != yaml.MappingNode || passed[n] {
		return
	}
	passed[n] = true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || isMerge(key) || len(passed) > 1 && seen[key.Value] {
			continue
		}
		seen[key.Value] = true
		*all = append(*all, field{key.Value, key, n.Content[i+1], shared})
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !isMerge(n.Content[i]) {
			continue
		}
		merged := []*yaml.Node{n.Content[i+1]}
		if list := target(n.Content[i+1]); list != nil && list.Kind == yaml.SequenceNode {
			merged = list.Content
		}
		for _, m := range merged {
			fieldsOf(m, seen, passed, all)
		}
	}
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" }

// dotted are the keys of a mapping with those that are nested, as in system: {uri: x},
// under the dotted name that Palette knows them by.
func (t *tree) dotted(n *yaml.Node, prefix string) []field {
	var all []field
	for _, f := range t.fields(n) {
		f.name = prefix + f.name
		if t.mapping(f.value) == nil || strings.Count(prefix, ".") > 3 {
			all = append(all, f)
			continue
		}
		for _, inner := range t.dotted(f.value, f.name+".") {
			inner.shared = inner.shared || f.shared || f.value.Kind == yaml.AliasNode
			all = append(all, inner)
		}
	}
	return all
}

// child returns the value of a key, also one that << merges.
func child(n *yaml.Node, key string) *yaml.Node {
	var all []field
	fieldsOf(n, map[string]bool{}, map[*yaml.Node]bool{}, &all)
	for _, f := range all {
		if f.name == key {
			return f.value
		}
	}
	return nil
}

func keyOf(n *yaml.Node, key string) int {
	if n == nil {
		return -1
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// lookup returns the value at a path, of which a dotted key may be nested.
func (t *tree) lookup(path ...string) *yaml.Node {
	return target(t.find(t.doc().Root(), path))
}

func (t *tree) find(n *yaml.Node, path []string) *yaml.Node {
	if len(path) == 0 || n == nil {
		return n
	}
	fields := t.fields(n)
	segments := strings.Split(path[0], ".")
	for k := len(segments); k > 0; k-- {
		name := strings.Join(segments[:k], ".")
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			continue
		}
		rest := path[1:]
		if k < len(segments) {
			rest = append([]string{strings.Join(segments[k:], ".")}, rest...)
		}
		if value := t.find(fields[i].value, rest); value != nil {
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
	case value == nil && t.misspeltIn(parent, key):
		return nil // unknown-key says it
	case value == nil && path[0] != key && keyOf(top, key) >= 0:
		t.add(RuleMisplacedKey, Error, top.Content[keyOf(top, key)], "%s belongs below %s", key, path[0])
		return nil
	case value == nil:
		at := top
		if i := keyOf(top, path[0]); i >= 0 {
			at = top.Content[i]
		}
		t.add(RuleMissingKey, Error, at, "%s is missing", strings.Join(path, "."))
		return nil
	case isNull(value), value.Kind == yaml.ScalarNode && value.Value == "":
		t.add(RuleMissingKey, Error, value, "%s has no value", strings.Join(path, "."))
		return nil
	}
	return value
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// misspeltIn tells whether a key is there, but for a letter or two, which
// unknown-key says.
func (t *tree) misspeltIn(n *yaml.Node, key string) bool {
	words := slices.Concat(genericKeys(), edgeSystemKeys(), []string{key})
	return slices.ContainsFunc(t.dotted(n, ""), func(f field) bool { return nearest(f.name, words) == key })
}

// isString finds numbers and the like where a string is wanted: 24.10 as a
// number is 24.1.
func (t *tree) isString(value *yaml.Node, key string, severity Severity) bool {
	if value.Kind != yaml.ScalarNode {
		t.add(RuleWrongType, Error, value, "%s must be a string", key)
		return false
	}
	if value.ShortTag() == "!!str" {
		if strings.ContainsFunc(value.Value, invisibleInWord) {
			t.add(RuleInvisible, Error, value, "%s holds an invisible character: write it anew", key)
			return false
		}
		return true
	}
	h := t.add(RuleWrongType, severity, value, "%s must be a string: write \"%s\" in quotes", key, value.Value)
	start, end, err := t.doc().Span(value)
	if err != nil || start >= end || value.Style != 0 {
		return false
	}
	h.fix = []Replacement{{start, end, yamledit.Quote(value.Value)}}
	h.places = []place{{node: value}}
	t.keepShared(h, value)
	return false
}

// keepShared drops a repair of what an alias repeats elsewhere, where it may be
// meant as it is.
func (t *tree) keepShared(h *hit, n *yaml.Node) {
	if h.fix != nil && t.doc().Aliased(n) {
		h.drop(fmt.Errorf("*%s repeats it elsewhere", n.Anchor))
	}
}

// unknownKeys finds keys that are close to a known one. Others may well be
// meant: packs take stages, drain settings and more.
func (t *tree) unknownKeys(fields []field, known []string) {
	for _, f := range fields {
		right := nearest(f.name, known)
		switch {
		case right == "":
			t.invisibleKey(f, known)
		case slices.ContainsFunc(fields, func(other field) bool { return other.name == right }):
			t.add(RuleUnknownKey, Warning, f.key, "key %q is unknown; %s is set beside it", f.name, right)
		default:
			h := t.add(RuleUnknownKey, Error, f.key, "key %q is unknown; %s is meant", f.name, right)
			t.rename(h, f, right, countNearest(fields, known, right))
		}
	}
}

func (t *tree) invisibleKey(f field, known []string) {
	seen := strings.Map(func(r rune) rune {
		if invisibleInWord(r) {
			return -1
		}
		return r
	}, f.name)
	if seen != f.name && (slices.Contains(known, seen) || nearest(seen, known) != "") {
		t.add(RuleInvisible, Error, f.key, "key %q holds an invisible character: write it anew", seen)
	}
}

func countNearest(fields []field, known []string, right string) int {
	n := 0
	for _, f := range fields {
		if nearest(f.name, known) == right {
			n++
		}
	}
	return n
}

// rename makes a key the known one, when it is the only one to become that.
func (t *tree) rename(h *hit, f field, right string, rivals int) {
	above := strings.TrimSuffix(f.name, f.key.Value)
	word, ok := strings.CutPrefix(right, above)
	at := t.doc().Spelling(f.key)
	n := len(f.key.Value)
	if !ok || at == nil || string(t.view.text[at[0]:min(at[0]+n, len(t.view.text))]) != f.key.Value {
		return
	}
	if rivals > 1 {
		return
	}
	h.fix = []Replacement{{at[0], at[0] + n, word}}
	h.places = []place{{node: f.key, edits: []valueEdit{{0, n, word}}}}
	if f.shared {
		h.drop(errors.New("the key is written elsewhere and repeated here"))
	}
}

var placeholderForm = regexp.MustCompile(`(?i)^(<[^<>]+>|\[[^\[\]]+\]|\.\.\.|…|x{3,}|ami-x+|change[-_ ]?me|todo|tbd|fixme|replace[-_ ]?(me|with.*)|your[-_ ].*|insert[-_ ].*)$`)

// inPlaceholder finds a <name> inside of a longer value.
var inPlaceholder = regexp.MustCompile(`<[A-Za-z][A-Za-z0-9 _-]*>`)

func (t *tree) placeholder(value *yaml.Node, key string) bool {
	text := value.Value
	if !placeholderForm.MatchString(text) && !inPlaceholder.MatchString(text) {
		return false
	}
	t.add(RulePlaceholder, Error, value, "%s still holds the placeholder %q", key, text)
	return true
}

func isMacro(text string) bool { return strings.Contains(text, "{{") }

// imageID checks an id against the cloud, or else against the form that it
// looks like.
func (t *tree) imageID(value *yaml.Node) {
	id, looks := value.Value, pack.ProviderOf(value.Value)
	cloud := t.cloud
	if cloud == "" {
		cloud = looks
	}
	if !slices.Contains([]string{"aws", "azure", "gcp", "vsphere"}, cloud) {
		return
	}
	err := pack.CheckID(cloud, id)
	if err == nil {
		return
	}
	if looks != "" && looks != cloud && pack.CheckID(looks, id) == nil {
		t.add(RuleImageID, Error, value, "image id %q is one of %s, but these values are for %s", id, looks, cloud)
		return
	}
	h := t.add(RuleImageID, Error, value, "%s", err)
	t.fixImageVersions(h, value)
}

var imageVersions = regexp.MustCompile(`(?i)/imageversions/`)

// fixImageVersions turns Image Builder's spelling into that of Compute, when
// that is all that is wrong.
func (t *tree) fixImageVersions(h *hit, value *yaml.Node) {
	if pack.CheckID("azure", imageVersions.ReplaceAllString(value.Value, "/versions/")) != nil {
		return
	}
	at := imageVersions.FindStringIndex(value.Value)
	*h = t.valueHit(value, t.doc().Spelling(value), hit{rule: h.rule, severity: h.severity, message: h.message, at: 0},
		[]valueEdit{{at[0], at[1], "/versions/"}})
	t.keepShared(h, value)
}

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
		t.strings(t.dotted(child(top, "image"), ""), edgeImageKeys())
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
	t.unknownKeys(slices.DeleteFunc(t.fields(n), func(f field) bool { return t.mapping(f.value) == nil }), []string{"system"})
	fields := slices.DeleteFunc(t.dotted(n, ""), func(f field) bool {
		above, _, nested := strings.Cut(f.name, ".")
		return nested && f.name != f.key.Value && nearest(above, []string{"system"}) != ""
	})
	t.unknownKeys(fields, edgeSystemKeys())
	for _, f := range fields {
		if strings.HasPrefix(f.name, "system.") && !slices.Contains(edgeSystemKeys(), f.name) && nearest(f.name, edgeSystemKeys()) == "" {
			t.add(RuleUnknownKey, Warning, f.key, "key %q is unknown", f.name)
		}
	}
	t.strings(fields, edgeSystemKeys())
}

// strings checks that the values of keys are strings, and no placeholders.
func (t *tree) strings(fields []field, keys []string) {
	for _, f := range fields {
		value := target(f.value)
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
	last := strings.LastIndex(uri.Value, "{{")
	path := macroPath.FindString(uri.Value[last:])
	keys, ok := strings.CutPrefix(path, ".spectro.pack.edge-native-byoi.")
	if !ok || last == 0 || !strings.ContainsRune("-_", rune(uri.Value[last-1])) {
		return
	}
	if value := t.lookup(splitFirst(keys)...); value != nil && (isNull(value) || value.Kind == yaml.ScalarNode && value.Value == "") {
		t.add(RuleEmptyTagPart, Warning, uri, "%s has no value, so the tag of system.uri ends in %q", keys, uri.Value[last-1:last])
	}
}

// splitFirst makes a path of a macro's: options, then one dotted key.
func splitFirst(keys string) []string {
	first, rest, found := strings.Cut(keys, ".")
	if !found {
		return []string{first}
	}
	return []string{first, rest}
}

func (t *tree) imageReference(value *yaml.Node, key string) {
	if err := pack.CheckReference(value.Value); err != nil {
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
	if content == nil && keyOf(top, "content") >= 0 {
		t.add(RuleMisplacedKey, Error, top.Content[keyOf(top, "content")], "content belongs below pack: indent it")
		return
	}
	images := t.lookup("pack", "content", "images")
	own := false
	if images != nil && images.Kind == yaml.SequenceNode {
		for _, item := range images.Content {
			own = t.contentImage(t.mapping(item)) || own
		}
	}
	if !own && uri != nil && uri.Kind == yaml.ScalarNode && uri.Value != "NA" && !t.misspeltIn(content, "images") && !t.misspeltIn(packMap, "content") {
		at := top
		if i := keyOf(top, "pack"); i >= 0 {
			at = top.Content[i]
		}
		t.add(RuleMissingKey, Warning, at,
			"pack.content.images has no item '{{.spectro.pack.edge-native-byoi.options.system.uri}}', so a content bundle lacks the provider image")
	}
}

// contentImage checks one item and tells whether it stands for the provider
// image.
func (t *tree) contentImage(item *yaml.Node) bool {
	value := target(child(item, "image"))
	if value == nil || value.Kind != yaml.ScalarNode || isNull(value) {
		return false
	}
	if isMacro(value.Value) {
		return strings.Contains(value.Value, "system.uri")
	}
	if t.isString(value, "image", Error) && !t.placeholder(value, "image") {
		t.imageReference(value, "image")
	}
	return false
}

// ownMacro is a macro that reads the values of this pack.
type ownMacro struct {
	node *yaml.Node
	use  use
	keys string
}

func (t *tree) ownMacros() []ownMacro {
	var all []ownMacro
	t.each(func(s scalar) {
		if s.Kind != yaml.ScalarNode || !strings.Contains(s.Value, edgeMacroPrefix) {
			return
		}
		for _, u := range uses(s.Value) {
			if keys, ok := strings.CutPrefix(s.Value[u.start:u.end], edgeMacroPrefix); ok {
				all = append(all, ownMacro{s.Node, u, keys})
			}
		}
	})
	return all
}

// packMacros checks macros that refer to this pack's own values.
func (t *tree) packMacros(macros []ownMacro) {
	known := []string{}
	for _, key := range edgeSystemKeys() {
		known = append(known, "options."+key)
	}
	for _, key := range edgeImageKeys() {
		known = append(known, "image."+key)
	}
	undefined := map[string]bool{}
	for _, m := range macros {
		path := splitFirst(m.keys)
		if undefined[m.keys] || t.lookup(path...) != nil || len(path) > 1 && t.misspeltIn(child(t.doc().Root(), path[0]), path[1]) {
			continue
		}
		at, start := t.doc().Spelling(m.node), m.use.start+len(edgeMacroPrefix)
		if right := nearest(m.keys, known); right != "" {
			wrong := misspelt(start, m.keys, right, edgeMacroPrefix+m.keys)
			t.hits = append(t.hits, t.valueHit(m.node, at, wrong.hit, wrong.edits))
			continue
		}
		undefined[m.keys] = true
		t.hits = append(t.hits, t.valueHit(m.node, at, hit{
			rule: RuleUndefinedMacro, severity: Warning, at: start,
			message: "the macro reads " + m.keys + ", which these values do not set",
		}, nil))
	}
}

// anyAction is a template's action, also one that Go would refuse.
var anyAction = regexp.MustCompile(`\{\{[^{}]*`)

func hasInvisible(text string) bool { return strings.ContainsFunc(text, invisibleInWord) }

// invisible finds characters that nobody sees, where they are not told yet.
func (t *tree) invisible() {
	t.each(func(s scalar) {
		if s.Kind == yaml.ScalarNode && slices.ContainsFunc(anyAction.FindAllString(s.Value, -1), hasInvisible) {
			t.add(RuleInvisible, Error, s.Node, "a macro in this value holds an invisible character: write it anew")
		}
	})
	places := invisibles(t.view.text)
	if len(places) == 0 {
		return
	}
	told := map[int]bool{}
	lines := newLines(t.view.text)
	for _, h := range t.hits {
		if h.rule == RuleInvisible {
			line, _ := lines.position(h.at)
			told[line] = true
		}
	}
	for _, at := range places {
		if line, _ := lines.position(at); told[line] {
			continue
		}
		r, _ := utf8.DecodeRune(t.view.text[at:])
		t.hits = append(t.hits, hit{
			rule: RuleInvisible, severity: Warning, at: at,
			message: fmt.Sprintf("an invisible character (%U) stands here", r),
		})
	}
}
