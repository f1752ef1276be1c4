package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// tree runs the rules on the data of one block.
type tree struct {
	*block
	doc  *yamledit.Document
	hits []hit
}

func (b *block) treeRules(doc *yamledit.Document) []hit {
	t := &tree{block: b, doc: doc}
	for _, dup := range doc.Duplicates() {
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
	return t.hits
}

func (t *tree) add(rule Rule, severity Severity, n *yaml.Node, format string, args ...any) *hit {
	h := hit{rule: rule, severity: severity, message: fmt.Sprintf(format, args...)}
	if n != nil {
		h.at = min(t.doc.Offset(n), len(t.text))
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
	top := t.mapping(t.doc.Root())
	t.unknownKeys(top, []string{"pack"})
	t.unknownKeys(t.mapping(child(top, "pack")), genericKeys())
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
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	return n
}

func child(n *yaml.Node, key string) *yaml.Node {
	if i := keyOf(n, key); i >= 0 {
		return n.Content[i+1]
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
	n, err := t.doc.Lookup(path)
	if err != nil || n == nil {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// required returns the value of a key that must be there, nil after saying what
// is wrong with it.
func (t *tree) required(top *yaml.Node, path []string, key string) *yaml.Node {
	value := t.lookup(path...)
	parent := child(top, path[0])
	switch {
	case value == nil && t.misspeltIn(t.mapping(parent), key):
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

func (t *tree) misspeltIn(n *yaml.Node, key string) bool {
	if n == nil {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if nearest(n.Content[i].Value, []string{key}) != "" {
			return true
		}
	}
	return false
}

// isString finds numbers and the like where a string is wanted: 24.10 as a
// number is 24.1.
func (t *tree) isString(value *yaml.Node, key string, severity Severity) bool {
	if value.Kind != yaml.ScalarNode {
		t.add(RuleWrongType, Error, value, "%s must be a string", key)
		return false
	}
	if value.ShortTag() == "!!str" {
		return true
	}
	h := t.add(RuleWrongType, severity, value, "%s must be a string: write \"%s\" in quotes", key, value.Value)
	start, end, err := t.doc.Span(value)
	if err == nil && start < end && value.Style == 0 && value.Anchor == "" {
		h.fix = []Replacement{{start, end, yamledit.Quote(string(t.text[start:end]))}}
	}
	return false
}

// unknownKeys finds keys that are close to a known one. Others may well be
// meant: packs take stages, drain settings and more.
func (t *tree) unknownKeys(n *yaml.Node, known []string) {
	if n == nil {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			continue
		}
		right := nearest(key.Value, known)
		if right == "" {
			continue
		}
		if keyOf(n, right) >= 0 {
			t.add(RuleUnknownKey, Warning, key, "key %q is unknown; %s is set beside it", key.Value, right)
			continue
		}
		h := t.add(RuleUnknownKey, Error, key, "key %q is unknown; %s is meant", key.Value, right)
		start, end, err := t.doc.Span(key)
		if err == nil && end-start >= len(key.Value) && strings.Contains(string(t.text[start:end]), key.Value) {
			at := start + strings.Index(string(t.text[start:end]), key.Value)
			h.fix = []Replacement{{at, at + len(key.Value), right}}
			if t.fixedTwice(h, right, n) {
				h.fix = nil
			}
		}
	}
}

// fixedTwice tells whether another key of the mapping is renamed to the same
// word already.
func (t *tree) fixedTwice(h *hit, right string, n *yaml.Node) bool {
	count := 0
	for i := 0; i+1 < len(n.Content); i += 2 {
		if nearest(n.Content[i].Value, []string{right}) != "" {
			count++
		}
	}
	return count > 1 && h.fix != nil
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
	start, end, err := t.doc.Span(value)
	if err != nil {
		return
	}
	if at := imageVersions.FindIndex(t.text[start:end]); at != nil {
		h.fix = []Replacement{{start + at[0], start + at[1], "/versions/"}}
	}
}

func (t *tree) edge() {
	top := t.mapping(t.doc.Root())
	known := []string{"pack", "options"}
	usesImage := strings.Contains(string(t.text), "edge-native-byoi.image.")
	if usesImage {
		known = append(known, "image")
	}
	t.unknownKeys(top, known)
	t.edgeOptions(t.mapping(child(top, "options")))
	if usesImage {
		t.strings(t.mapping(child(top, "image")), edgeImageKeys())
	}
	uri := t.required(top, []string{"options", "system.uri"}, "system.uri")
	if uri != nil && t.isString(uri, "system.uri", Error) && !t.placeholder(uri, "system.uri") {
		t.edgeURI(uri)
	}
	t.contentImages(top, uri)
	t.packMacros()
}

// edgeOptions checks the keys below options.
func (t *tree) edgeOptions(n *yaml.Node) {
	if n == nil {
		return
	}
	t.unknownKeys(n, edgeSystemKeys())
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if strings.HasPrefix(key, "system.") && !slices.Contains(edgeSystemKeys(), key) && nearest(key, edgeSystemKeys()) == "" {
			t.add(RuleUnknownKey, Warning, n.Content[i], "key %q is unknown", key)
		}
	}
	t.strings(n, edgeSystemKeys())
}

// strings checks that the values of keys are strings, and no placeholders.
func (t *tree) strings(n *yaml.Node, keys []string) {
	if n == nil {
		return
	}
	for _, key := range keys {
		value := child(n, key)
		if value == nil || key == "system.uri" || isNull(value) || value.Kind == yaml.AliasNode {
			continue
		}
		if t.isString(value, key, Warning) {
			t.placeholder(value, key)
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
	t.unknownKeys(packMap, []string{"content"})
	t.unknownKeys(content, []string{"images"})
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
	value := child(item, "image")
	if value == nil || value.Kind != yaml.ScalarNode || isNull(value) {
		return false
	}
	if isMacro(value.Value) {
		return strings.Contains(value.Value, "system.uri")
	}
	if !t.placeholder(value, "image") {
		t.imageReference(value, "image")
	}
	return false
}

// packMacros checks macros that refer to this pack's own values.
func (t *tree) packMacros() {
	const prefix = ".spectro.pack.edge-native-byoi."
	known := []string{}
	for _, key := range edgeSystemKeys() {
		known = append(known, "options."+key)
	}
	for _, key := range edgeImageKeys() {
		known = append(known, "image."+key)
	}
	undefined := map[string]bool{}
	for _, r := range scan(t.text) {
		if r.kind == comment {
			continue
		}
		text := string(t.text[r.start:r.end])
		for _, at := range macroPath.FindAllStringIndex(text, -1) {
			keys, ours := strings.CutPrefix(text[at[0]:at[1]], prefix)
			if !ours || t.lookup(splitFirst(keys)...) != nil || undefined[keys] {
				continue
			}
			start := r.start + at[0] + len(prefix)
			if right := nearest(keys, known); right != "" {
				t.hits = append(t.hits, *misspelt(start, keys, right, prefix+keys))
				continue
			}
			undefined[keys] = true
			t.hits = append(t.hits, hit{
				rule: RuleUndefinedMacro, severity: Warning, at: start,
				message: "the macro reads " + keys + ", which these values do not set",
			})
		}
	}
}
