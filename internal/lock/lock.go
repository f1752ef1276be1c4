// Package lock holds byoos.lock: which image each pack was given, from where, and
// by which part of the spec. It is made to be committed and reviewed in a diff.
package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Version, kind and usual name of the file.
const (
	APIVersion = "byoos.dev/v1alpha1"
	Kind       = "Lock"
	FileName   = "byoos.lock"
)

// Entry is the pick of one pack.
type Entry struct {
	// Name is the pack's, after matrix expansion.
	Name string        `json:"name" jsonschema:"required"`
	Pack spec.PackKind `json:"pack" jsonschema:"required"`
	// SpecDigest is Fingerprint of what led to the pick.
	SpecDigest string      `json:"specDigest" jsonschema:"required"`
	Image      image.Image `json:"image" jsonschema:"required"`
	Plugin     Plugin      `json:"plugin" jsonschema:"required"`
}

// Plugin is what found the image.
type Plugin struct {
	Type    string `json:"type" jsonschema:"required"`
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// File is a whole lock. The zero value is not usable; New and Parse return one.
type File struct {
	entries map[string]*located
	// root is the document as read, so that what this version does not know
	// survives a rewrite.
	root *yaml.Node
}

// located is an entry and its node in the document.
type located struct {
	Entry
	node *yaml.Node
}

const header = `apiVersion: ` + APIVersion + `
kind: ` + Kind + `
packs: []
`

// New returns an empty lock.
func New() *File {
	file, err := Parse(FileName, []byte(header))
	if err != nil {
		// The header is fixed, so only a bug gets here.
		panic(err)
	}
	file.root.HeadComment = "# Written by kubectl byoos. Commit it; `kubectl byoos update` moves it."
	return file
}

// Entry returns the entry of a pack.
func (f *File) Entry(name string) (Entry, bool) {
	l, ok := f.entries[name]
	if !ok {
		return Entry{}, false
	}
	return l.Entry, true
}

// Names returns the names of all entries, sorted.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.entries))
	for name := range f.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Put adds or replaces the entry of a pack. Fields that a later version wrote
// beside those of Entry stay.
func (f *File) Put(entry Entry) error {
	node, err := entryNode(entry)
	if err != nil {
		return err
	}
	if old, ok := f.entries[entry.Name]; ok {
		keepUnknown(node, old.node)
		node.HeadComment, node.FootComment = old.node.HeadComment, old.node.FootComment
	}
	f.entries[entry.Name] = &located{Entry: entry, node: node}
	return nil
}

// Remove drops the entry of a pack.
func (f *File) Remove(name string) { delete(f.entries, name) }

// Marshal returns the file's bytes: entries sorted by name, keys in a fixed
// order. The same entries give the same bytes.
func (f *File) Marshal() ([]byte, error) {
	packs := value(f.root, "packs")
	packs.Kind, packs.Tag, packs.Style = yaml.SequenceNode, "!!seq", 0
	packs.Content = packs.Content[:0]
	for _, name := range f.Names() {
		packs.Content = append(packs.Content, f.entries[name].node)
	}
	if len(packs.Content) == 0 {
		packs.Style = yaml.FlowStyle
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(f.root); err != nil {
		return nil, fmt.Errorf("cannot encode the lock: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("cannot encode the lock: %w", err)
	}
	return b.Bytes(), nil
}

// entryKeys is the order of an entry's keys.
func entryKeys() []string { return []string{"name", "pack", "specDigest", "image", "plugin"} }

func entryNode(entry Entry) (*yaml.Node, error) {
	text, err := json.Marshal(entry)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the lock entry of %s: %w", entry.Name, err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("cannot encode the lock entry of %s: %w", entry.Name, err)
	}
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, key := range entryKeys() {
		var v yaml.Node
		// Maps are encoded with sorted keys.
		if err := v.Encode(fields[key]); err != nil {
			return nil, fmt.Errorf("cannot encode the lock entry of %s: %w", entry.Name, err)
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, &v)
	}
	return node, nil
}

// keepUnknown carries over the keys of an old entry that this version does not
// know.
func keepUnknown(node, old *yaml.Node) {
	for i := 0; i+1 < len(old.Content); i += 2 {
		if !slices.Contains(entryKeys(), old.Content[i].Value) {
			node.Content = append(node.Content, old.Content[i], old.Content[i+1])
		}
	}
}

// value returns the value of a mapping's key, nil when it is not there. A
// document stands for its content.
func value(node *yaml.Node, key string) *yaml.Node {
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// Fingerprint is the digest of the part of a spec that leads to a pack's pick:
// its kind, what it selects, and its sources with their configuration. What the
// pack sets beyond that (values, target) is not part of it.
func Fingerprint(pack spec.Pack, sources []spec.Source) (string, error) {
	used := make([]spec.Source, 0, len(sources))
	for _, s := range sources {
		if len(pack.Sources) == 0 || slices.Contains(pack.Sources, s.Name) {
			used = append(used, s)
		}
	}
	// A source's place in the spec does not matter for selection.
	slices.SortFunc(used, func(a, b spec.Source) int { return strings.Compare(a.Name, b.Name) })
	text, err := json.Marshal(struct {
		Pack    spec.PackKind `json:"pack"`
		Select  spec.Select   `json:"select"`
		Sources []spec.Source `json:"sources"`
	}{pack.Pack, pack.Select, used})
	if err != nil {
		return "", fmt.Errorf("cannot take the digest of pack %s: %w", pack.Name, err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// SameImage tells whether two images are one, and give a pack the same values.
// What a source says beside that (tags, provenance) may differ: an entry is not
// rewritten for it, so that a review sees only what matters.
func SameImage(a, b image.Image) bool {
	return a.ID == b.ID && a.Region == b.Region && a.Digest == b.Digest && a.Architecture == b.Architecture &&
		a.OS == b.OS && a.KubernetesVersion == b.KubernetesVersion
}
