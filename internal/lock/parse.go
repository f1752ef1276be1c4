package lock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
)

// maxBytes is the largest lock that is read: some hundred thousand packs.
const maxBytes = 256 << 20

const mendNext = "take the file from version control, or write it anew with `lock --force`"

// Parse reads a lock; name is used in messages. A damaged one is a usage error
// that names each line.
func Parse(name string, data []byte) (*File, error) {
	if line := conflictLine(data); line > 0 {
		return nil, &failure.Error{
			Code:    failure.ExitUsage,
			Summary: fmt.Sprintf("%s:%d: a merge conflict is not resolved", name, line),
			Next:    "take either side (`git checkout --ours` or `--theirs`), then run `update`: it brings every pack up to date",
		}
	}
	// A value takes at least two bytes, so only aliases, which a lock has no use
	// for, can make more of them.
	limits := schemacheck.Limits{Bytes: maxBytes, Values: len(data) + 1}
	root, problems := schemacheck.ReadWithin(data, limits)
	if len(problems) > 0 {
		return nil, damaged(name, problems)
	}
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	file, problem := index(&node, root)
	if problem == nil {
		return file, nil
	}
	// A lock is found by its name, and a link of that name may lead to any file:
	// what is no lock at all is not quoted.
	if root.Kind != schemacheck.Mapping || root.Field("packs") == nil {
		return nil, damaged(name, []schemacheck.Problem{{Line: root.Line, Column: root.Column, Message: "this is not a lock"}})
	}
	// The schema tells the line and the key; a sound file does without it.
	if problems := check(root); len(problems) > 0 {
		return nil, damaged(name, problems)
	}
	return nil, damaged(name, []schemacheck.Problem{*problem})
}

// conflictLine returns the line of the first conflict marker of git, 0 for none.
func conflictLine(data []byte) int {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		for _, marker := range []string{"<<<<<<< ", "=======\n", ">>>>>>> "} {
			if strings.HasPrefix(strings.TrimSuffix(string(text), "\r\n")+"\n", marker) {
				return line
			}
		}
	}
	return 0
}

func damaged(name string, problems []schemacheck.Problem) error {
	e := &failure.Error{Code: failure.ExitUsage, Summary: name + " is damaged", Next: mendNext}
	for _, p := range problems {
		e.Details = append(e.Details, name+":"+p.String())
	}
	return e
}

// index makes a File of a document, or tells the first thing that is wrong.
func index(node *yaml.Node, root *schemacheck.Node) (*File, *schemacheck.Problem) {
	whole := &schemacheck.Problem{Line: root.Line, Column: root.Column}
	text, err := json.Marshal(root.Interface())
	if err != nil {
		whole.Message = err.Error()
		return nil, whole
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		whole.Message = err.Error()
		return nil, whole
	}
	packs := value(node, "packs")
	if d.APIVersion != APIVersion || d.Kind != Kind || packs == nil || len(packs.Content) != len(d.Packs) {
		whole.Message = fmt.Sprintf("this is not a lock of version %s", APIVersion)
		return nil, whole
	}
	file := &File{root: node, entries: make(map[string]*located, len(d.Packs))}
	for i, entry := range d.Packs {
		at := &schemacheck.Problem{Line: packs.Content[i].Line, Column: packs.Content[i].Column}
		if entry.Name == "" || entry.SpecDigest == "" || entry.Image.ID == "" {
			at.Message = "an entry needs a name, a specDigest and an image with an id"
			return nil, at
		}
		if _, twice := file.entries[entry.Name]; twice {
			at.Message = fmt.Sprintf("the pack %q has two entries", entry.Name)
			return nil, at
		}
		file.entries[entry.Name] = &located{Entry: entry, node: packs.Content[i]}
	}
	return file, nil
}
