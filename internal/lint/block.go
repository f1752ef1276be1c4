package lint

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// block is one YAML document inside the source.
type block struct {
	traced
	kind   spec.PackKind
	cloud  string
	label  string // starts each message
	bare   bool   // an end mark is before it that it must not have
	inJSON bool
	// page says that only values of a BYOOS pack count, of pack when it is set.
	page bool
	pack spec.PackKind

	doc *yamledit.Document
	err error // why there is no document
}

// wanted tells whether a page's block is of a pack that is to be linted.
func (b *block) wanted() bool { return b.kind != "" && (b.pack == "" || b.pack == b.kind) }

// declared is the kind that a document says it has.
func (b *block) declared() string {
	if b.err != nil {
		return ""
	}
	if kind := child(b.doc.Root(), "kind"); kind != nil {
		return kind.Value
	}
	return ""
}

// opened is how a document starts that says so: by --- behind comments and directives.
// ended is a text that has ... in its place.
var (
	opened = regexp.MustCompile(`^(?:[ \t]*(?:#[^\r\n]*)?[\r\n]+|%[^\r\n]*[\r\n]+)*---(?:[ \t\r\n]|$)`)
	ended  = regexp.MustCompile(strings.Replace(opened.String(), "---", `\.\.\.`, 1))
)

// documents are the YAML documents of a text, and of one that is empty itself.
func (b *block) documents() []*block {
	extents := yamledit.Documents(b.text)
	if len(extents) == 0 {
		extents = []yamledit.Extent{{End: len(b.text)}}
	}
	var all []*block
	for i, d := range extents {
		part := *b
		part.traced = b.part(d.Start, d.End)
		part.doc, part.err = yamledit.Parse(part.text)
		part.bare = d.Start > 0 && !opened.Match(part.text) || i == 0 && ended.Match(b.text[bom(b.text):])
		all = append(all, &part)
	}
	return all
}

// escaped is a repair's text as the source writes it. Repairs are of one line.
func (b *block) escaped(text string) string {
	if !b.inJSON {
		return text
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
}

// position is a line and a column, counted from 1, the column in characters.
type position struct{ line, column int }

// positions are those of all bytes of a text and of its end. A byte order mark is no
// column.
func positions(text []byte) []position {
	var all []position
	at := position{1, 1}
	for i, r := range string(text) {
		for range utf8.RuneLen(r) {
			all = append(all, at)
		}
		switch {
		case r == '\n', r == '\r' && !bytes.HasPrefix(text[i+1:], []byte("\n")):
			at = position{at.line + 1, 1}
		case i >= bom(text):
			at.column++
		}
	}
	return append(all, at)
}

// blocksOf takes the YAML documents out of the input.
func blocksOf(in Input) ([]*block, error) {
	cloud := provider(in.Cloud)
	if pageName.MatchString(in.Name) {
		return markdownBlocks(in, cloud), nil
	}
	if looksLikeProfile(in.Data) {
		return profileBlocks(in, cloud)
	}
	// Of a YAML stream each document counts, as render prints several packs.
	blocks := (&block{traced: whole(in.Data), kind: in.Pack, cloud: cloud}).documents()
	if !valuesName.MatchString(in.Name) && fenceForm.Match(in.Data) && slices.ContainsFunc(blocks, func(b *block) bool { return b.err != nil }) {
		return markdownBlocks(in, cloud), nil
	}
	return blocks, nil
}

var (
	pageName   = regexp.MustCompile(`(?i)\.(md|mdx|markdown)$`)
	valuesName = regexp.MustCompile(`(?i)\.(ya?ml|json)$`)
)

// provider translates Palette's cloud types into the names that image ids are
// checked by.
func provider(cloud string) string {
	switch cloud {
	case "eks":
		return "aws"
	case "aks":
		return "azure"
	case "gke":
		return "gcp"
	case "edge":
		return "edge-native"
	}
	return cloud
}

// fenceForm is how a block of YAML starts, also in a quotation or behind the mark of a
// list. What has more backticks on its line is a span of code.
var fenceForm = regexp.MustCompile("(?m)^(\ufeff?[ \t]*(?:(?:>|(?:[-*+]|[0-9]{1,9}[.)])[ \t])[ \t]*)*)(```+|~~~+)[ \t]*(?i:ya?ml)\\b[^`\n]*$")

// markdownBlocks returns the documents of the fenced blocks.
func markdownBlocks(in Input, cloud string) []*block {
	var blocks []*block
	at := 0
	for {
		open := fenceForm.FindSubmatchIndex(in.Data[at:])
		if open == nil {
			return blocks
		}
		indent, fence := in.Data[at+open[2]:at+open[3]], in.Data[at+open[4]:at+open[5]]
		indent = bytes.TrimPrefix(indent, []byte("\ufeff"))
		b := &block{cloud: cloud, page: true, pack: in.Pack}
		b.traced, at = fenced(in.Data, at+open[1], indent, fence)
		blocks = append(blocks, b.documents()...)
	}
}

// fenced takes the lines up to the closing fence, without the fence's own
// indentation, and returns where the page goes on.
func fenced(data []byte, at int, indent, fence []byte) (t traced, next int) {
	around, quoted := " \t", bytes.Contains(indent, []byte(">"))
	if quoted {
		around = " \t>"
	}
	at = nextLine(data, at)
	for at < len(data) {
		next := nextLine(data, at)
		line := data[at:next]
		body := bytes.TrimLeft(line, around)
		margin := len(line) - len(body)
		if quoted && !bytes.Contains(line[:margin], []byte(">")) {
			break // the quotation ends
		}
		if body = bytes.TrimSpace(body); margin <= len(indent)+3 && bytes.HasPrefix(body, fence) && len(bytes.Trim(body, string(fence[:1]))) == 0 {
			return t.end(at), next
		}
		t.keep(data, at+min(margin, len(indent)), next)
		at = next
	}
	return t.end(at), at
}

func nextLine(data []byte, at int) int {
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(data)
}
