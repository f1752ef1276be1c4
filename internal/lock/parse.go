package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// maxBytes is the largest lock that is read: some hundred thousand packs.
const maxBytes = 256 << 20

const rescueNext = "take the file from version control, or write it anew with `lock --force`"

// Parse reads a lock; name is used in messages. One that is damaged, was cut, or
// has an entry that does not fit its digest is a usage error that names each line.
func Parse(name string, data []byte) (*File, error) {
	file, err := read(name, data)
	if err != nil {
		return nil, err
	}
	return file, file.check()
}

// read is Parse for those who may replace entries: what is wrong with one alone is told by
// Damaged and check.
func read(name string, data []byte) (*File, error) {
	if line := conflictLine(data); line > 0 {
		return nil, &failure.Error{
			Code:    failure.ExitUsage,
			Summary: fmt.Sprintf("%s:%d: a merge conflict is not resolved", name, line),
			Next:    "take either side (`git checkout --ours` or `--theirs`), then run `update`: it brings every pack up to date",
		}
	}
	// The YAML library leaves the \r of a comment's end where it finds it.
	text := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	// A value takes at least two bytes, so only aliases, which a lock has no use
	// for, can make more of them.
	limits := yamldoc.Limits{Bytes: maxBytes, Values: len(text)}
	root, document, problems := yamldoc.ReadWithin(text, limits)
	if len(problems) > 0 {
		return nil, damaged(name, problems)
	}
	if problem := noLock(root); problem != nil {
		return nil, damaged(name, []yamldoc.Problem{*problem})
	}
	c := newChecks()
	if problems := c.document(root); len(problems) > 0 {
		return nil, damaged(name, problems)
	}
	items := root.Field("packs").Children
	file := &File{name: name, data: data, document: document, crlf: len(text) < len(data), entries: make(map[string]*located, len(items))}
	for i, item := range items {
		if problem := file.add(i, item, c); problem != nil {
			return nil, damaged(name, []yamldoc.Problem{*problem})
		}
	}
	return file, nil
}

// noLock says why a file is none, or not all of one.
func noLock(root *yamldoc.Node) *yamldoc.Problem {
	whole := root.Problem("", "")
	switch {
	case root.Field("kind") == nil || root.Field("packs") == nil:
		// A lock is found by its name, and a link of that name may lead to any file:
		// what is no lock at all is not quoted.
		whole.Message = "this is not a lock"
	case root.Field("complete") == nil:
		whole.Message = "the last line, complete: true, is missing: the file was cut, or an earlier version wrote it"
	default:
		return nil
	}
	return &whole
}

// add takes in one entry. What is wrong with it stays with it; an entry without a
// name of its own is a problem of the file.
func (f *File) add(index int, item *yamldoc.Node, c checks) *yamldoc.Problem {
	l := &located{index: index, problems: c.entry.Check(item)}
	if name := item.Field("name"); name != nil {
		l.Name, _ = name.Value.(string)
	}
	if l.Name == "" {
		return &l.problems[0]
	}
	if _, twice := f.entries[l.Name]; twice {
		problem := item.Problem(fmt.Sprintf("the pack %q has two entries", l.Name), "")
		return &problem
	}
	f.entries[l.Name] = l
	if len(l.problems) > 0 {
		return nil
	}
	if message := l.decode(item); message != "" {
		l.problems = []yamldoc.Problem{item.Problem("the entry of "+l.Name+" "+message, "")}
	}
	return nil
}

// decode takes the content of an entry that is sound by the schema, and returns
// what else is wrong.
func (l *located) decode(item *yamldoc.Node) string {
	fields, _ := item.Interface().(map[string]any)
	written := fields[digestKey]
	digest, text := digestOf(fields)
	if digest != written {
		return "does not fit its digest: a merge mixed two entries, or it was edited"
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	err := strict.Decode(&l.Entry)
	if err == nil {
		return ""
	}
	l.later = strings.TrimPrefix(err.Error(), "json: ")
	if err := json.Unmarshal(text, &l.Entry); err != nil {
		return "cannot be read: " + err.Error()
	}
	return ""
}

// digestOf returns the digest of an entry, which is that of its JSON without the
// digest, keys sorted and without white space, and that JSON.
func digestOf(fields map[string]any) (digest string, text []byte) {
	delete(fields, digestKey)
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(fields) // no lock has what JSON has not
	text = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), text
}

// conflictLine returns the line of the first conflict marker of git, 0 for none.
func conflictLine(data []byte) int {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		for _, marker := range []string{"<<<<<<< ", "=======\n", ">>>>>>> "} {
			if strings.HasPrefix(strings.TrimRight(string(text), "\r\n")+"\n", marker) {
				return line
			}
		}
	}
	return 0
}

func damaged(name string, problems []yamldoc.Problem) *failure.Error {
	return &failure.Error{Code: failure.ExitUsage, Summary: name + " is damaged", Next: rescueNext, Details: yamldoc.Lines(name, problems)}
}

// Damaged tells whether the file has an entry of a pack that cannot be used, for
// who puts another in its place.
func (f *File) Damaged(name string) bool {
	l, ok := f.entries[name]
	return ok && len(l.problems) > 0
}

// check is an error when an entry cannot be used.
func (f *File) check() error {
	var problems []yamldoc.Problem
	var names []string
	for _, name := range f.Names() {
		if f.Damaged(name) {
			names = append(names, name)
			problems = append(problems, f.entries[name].problems...)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	e := damaged(f.name, yamldoc.Sort(problems))
	e.Next = "take the file from version control, or pick anew with `update --pack " + strings.Join(names, ",") + "`"
	return e
}
