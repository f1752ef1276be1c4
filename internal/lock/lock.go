// Package lock holds byoos.lock: which image each pack was given, from where, and
// by which part of the spec. It is made to be committed and reviewed in a diff.
package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
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
	Name string        `json:"name" jsonschema:"required,minLength=1"`
	Pack spec.PackKind `json:"pack" jsonschema:"required"`
	// SpecDigest is Fingerprint of what led to the pick.
	SpecDigest string      `json:"specDigest" jsonschema:"required,pattern=^sha256:[0-9a-f]{64}$"`
	Image      image.Image `json:"image" jsonschema:"required"`
	Plugin     Plugin      `json:"plugin" jsonschema:"required"`
}

// Plugin is what found the image.
type Plugin struct {
	Type    string `json:"type" jsonschema:"required,minLength=1"`
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// File is a whole lock. The zero value is not usable; New and Parse return one.
type File struct {
	name    string
	entries map[string]*located
	// data is the text as read, and document what it says, so that comments and what
	// this version does not know survive a rewrite. Line ends of a text with crlf are
	// \n in document.
	data     []byte
	document *yaml.Node
	crlf     bool
	changed  bool
}

// located is an entry and where it is in the document.
type located struct {
	Entry
	// index among the entries as read; node is set for one that was put since.
	index int
	node  *yaml.Node
	// problems say why it cannot be used.
	problems []yamldoc.Problem
	// later says which key this version does not know.
	later string
}

const header = `# Written by kubectl byoos. Commit it; ` + "`kubectl byoos update`" + ` moves it.
apiVersion: ` + APIVersion + `
kind: ` + Kind + `
packs: []
complete: true
`

// New returns an empty lock.
func New() *File {
	documents, _ := yamldoc.Parse([]byte(header))
	return &File{name: FileName, entries: map[string]*located{}, data: []byte(header), document: documents[0]}
}

// Entry returns the entry of a pack, unless it cannot be used.
func (f *File) Entry(name string) (Entry, bool) {
	l, ok := f.entries[name]
	if !ok || len(l.problems) > 0 {
		return Entry{}, false
	}
	return l.Entry, true
}

// Names returns the names of all entries, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.entries)) }

// Earlier returns what the file was with other bytes, and nil when they are those that
// it was read from. What cannot be read has no entries.
func (f *File) Earlier(data []byte) *File {
	if bytes.Equal(data, f.data) {
		return nil
	}
	if earlier, err := read(f.name, data); err == nil {
		return earlier
	}
	return New()
}

// Put adds or replaces the entry of a pack. One with keys that a later version
// wrote is not replaced: what they say of the old image need not hold for the new.
func (f *File) Put(entry Entry) error {
	l := &located{Entry: entry, index: -1}
	if old, ok := f.entries[entry.Name]; ok {
		if old.later != "" {
			return failure.Usage("change the lock with that version, or write it anew with `lock --force`",
				"the entry of %s in %s is of a later version: %s", entry.Name, f.name, old.later)
		}
		l.index = old.index
	}
	var err error
	if l.node, err = entryNode(entry); err != nil {
		return fmt.Errorf("cannot encode the lock entry of %s: %w", entry.Name, err)
	}
	f.entries[entry.Name] = l
	f.changed = true
	return nil
}

// Remove drops the entry of a pack.
func (f *File) Remove(name string) {
	delete(f.entries, name)
	f.changed = true
}

// Marshal returns the file's bytes: entries sorted by name, keys in a fixed order,
// line ends as read. The same entries give the same bytes, and those of a file that
// nothing was put into or removed from are as read. It is an error when they could
// not be read again.
func (f *File) Marshal() ([]byte, error) {
	if err := f.check(); err != nil || !f.changed {
		return f.data, err
	}
	data, err := f.encode()
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s: %w", f.name, err)
	}
	if f.crlf {
		data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
	}
	if err := f.readable(data); err != nil {
		return nil, err
	}
	return data, nil
}

// readable is an error when data cannot be read. What fits the digests in it is what was
// put.
func (f *File) readable(data []byte) error {
	_, err := Parse(f.name, data)
	if err == nil {
		return nil
	}
	e := &failure.Error{
		Code: failure.ExitFailure, Summary: f.name + " is not written: it could not be read again",
		Next: "report this with the lines above; another image, by packs[].select, may do meanwhile",
	}
	var unreadable *failure.Error
	if errors.As(err, &unreadable) {
		e.Details = unreadable.Details
	}
	return e
}

// encode puts the entries into the document and writes it.
func (f *File) encode() ([]byte, error) {
	root := f.document.Content[0]
	packs := pairOf(root, "packs")
	if packs == nil || packs[1].Kind != yaml.SequenceNode {
		return nil, errors.New("its packs are not written as a list")
	}
	list, old := packs[1], packs[1].Content
	defer func() { list.Content = old }()
	list.Content, list.Style = nil, 0
	for _, name := range f.Names() {
		l := f.entries[name]
		node := l.node
		switch {
		case node == nil:
			node = old[l.index]
		case l.index >= 0:
			node.HeadComment, node.FootComment = old[l.index].HeadComment, old[l.index].FootComment
		}
		list.Content = append(list.Content, node)
	}
	end := slices.Clone(pairOf(root, completeKey))
	root.Content = append(slices.DeleteFunc(root.Content, func(n *yaml.Node) bool { return slices.Contains(end, n) }), end...)
	return yamldoc.Write(f.document)
}

// Keys of the document and of an entry that are looked for by name.
const (
	completeKey = "complete"
	digestKey   = "digest"
)

// entryKeys is the order of an entry's keys before the digest; those within are sorted.
func entryKeys() []string { return []string{"name", "pack", "specDigest", "image", "plugin"} }

func entryNode(entry Entry) (*yaml.Node, error) {
	text, err := json.Marshal(entry)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{} // of what was just encoded, all the rest can be made
	_ = json.Unmarshal(text, &fields)
	digest, text := digestOf(fields)
	sorted, _ := yamldoc.FromJSON(text, needsQuotes)
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range entryKeys() {
		node.Content = append(node.Content, pairOf(sorted, key)...)
	}
	for _, value := range []string{digestKey, digest} {
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
	}
	return node, nil
}

// pairOf returns the nodes of a mapping's key and of its value, nil when it has none.
func pairOf(mapping *yaml.Node, key string) []*yaml.Node {
	for pair := range slices.Chunk(mapping.Content, 2) {
		if pair[0].Value == key {
			return pair
		}
	}
	return nil
}

// needsQuotes tells of texts that an encoder writes plain or as a block, and a reader
// could take for something else: a word processor's quotes, line ends that git rewrites.
func needsQuotes(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// Fingerprint is the digest of the part of a spec that leads to a pack's pick:
// its kind, what it selects, its sources with their configuration, and what decides
// whether the pick can be rendered by more than the pick itself: how an edge pack
// refers to its image, and the parts of the tag that it sets. The rest (other
// values, target) is not part of it. The pack is one that was expanded, so that a
// default is the same written down or not.
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
		Edge    *spec.Edge    `json:"edge,omitempty"`
		Values  spec.Values   `json:"values,omitzero"`
	}{pack.Pack, pack.Select, used, referenceOf(pack.Edge), tagPartsOf(pack.Values)})
	if err != nil {
		return "", fmt.Errorf("cannot take the digest of pack %s: %w", pack.Name, err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// referenceOf leaves out the further content of an edge pack.
func referenceOf(edge *spec.Edge) *spec.Edge {
	if edge == nil {
		return nil
	}
	reference := *edge
	reference.ContentImages = nil
	reference.KubernetesVersions = slices.Sorted(slices.Values(edge.KubernetesVersions))
	return &reference
}

func tagPartsOf(values spec.Values) spec.Values {
	return spec.Values{K8sDistribution: values.K8sDistribution, PEVersion: values.PEVersion, CustomTag: values.CustomTag}
}
