package lint

import (
	"bytes"
	"encoding/json"
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
	if b.err != nil || b.doc.Root() == nil {
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

// documents are the YAML documents of a text, and of one that is empty but no page's
// itself.
func (b *block) documents() []*block {
	extents := yamledit.Documents(b.text)
	if len(extents) == 0 && !b.page {
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

func (b *block) escaped(text string) string {
	if !b.inJSON {
		return text
	}
	var quoted bytes.Buffer
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return text
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(quoted.String(), "\n"), `"`), `"`)
}

// offset leads from a line and column, counted from 1 in characters, to text.
func offset(text []byte, line, column int) int {
	at := newLines(text)
	if line < 1 || line > len(at.starts) {
		return 0
	}
	off := at.starts[line-1]
	for ; column > 1 && off < len(text); column-- {
		_, size := utf8.DecodeRune(text[off:])
		off += size
	}
	return min(off, len(text))
}

// lines turns offsets into positions.
type lines struct {
	data   []byte
	starts []int
	// line, off and column are the last answer: what comes behind it on its line is
	// counted from there.
	line, off, column int
}

func newLines(data []byte) *lines {
	l := &lines{data: data, starts: []int{0}}
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		l.starts[0] = 3
	}
	for i, c := range data {
		if c == '\n' || c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

func (l *lines) position(off int) (line, column int) {
	line, found := slices.BinarySearch(l.starts, off)
	if !found {
		line = max(line-1, 0)
	}
	start := min(l.starts[line], off)
	before := 0
	if line == l.line && l.off >= start && l.off <= off {
		start, before = l.off, l.column
	}
	l.line, l.off, l.column = line, off, before+utf8.RuneCount(l.data[start:off])
	return line + 1, l.column + 1
}

// blocksOf takes the YAML documents out of the input.
func blocksOf(in Input) ([]*block, error) {
	cloud := provider(in.Cloud)
	if hasEnding(in.Name, ".md", ".mdx", ".markdown") {
		return markdownBlocks(in, cloud), nil
	}
	if looksLikeProfile(in.Data[bom(in.Data):]) {
		return profileBlocks(in, cloud)
	}
	// Of a YAML stream each document counts, as render prints several packs.
	blocks := (&block{traced: whole(in.Data), kind: in.Pack, cloud: cloud}).documents()
	if !hasEnding(in.Name, ".yaml", ".yml", ".json") && fenceForm.Match(in.Data) && slices.ContainsFunc(blocks, func(b *block) bool { return b.err != nil }) {
		return markdownBlocks(in, cloud), nil
	}
	return blocks, nil
}

func hasEnding(name string, endings ...string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

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
	for at < len(in.Data) {
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
	return blocks
}

// fenced takes the lines up to the closing fence, without the fence's own
// indentation, and returns where the page goes on.
func fenced(data []byte, at int, indent, fence []byte) (t traced, next int) {
	around := " \t"
	if bytes.Contains(indent, []byte(">")) {
		around += ">" // a block in a quotation
	}
	at = nextLine(data, at)
	for at < len(data) {
		next := nextLine(data, at)
		body := bytes.TrimSpace(bytes.TrimLeft(data[at:next], around))
		deep := len(data[at:next]) - len(bytes.TrimLeft(data[at:next], around)) - len(indent)
		if len(around) > 2 && !bytes.HasPrefix(bytes.TrimLeft(data[at:next], " \t"), []byte(">")) {
			break // the quotation ends
		}
		if deep <= 3 && len(body) >= len(fence) && len(bytes.Trim(body, string(fence[:1]))) == 0 {
			return t.end(at), next
		}
		skip := 0
		for skip < len(indent) && at+skip < next && strings.IndexByte(around, data[at+skip]) >= 0 {
			skip++
		}
		t.keep(data, at+skip, next)
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
