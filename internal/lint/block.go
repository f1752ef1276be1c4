package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// block is one YAML document inside the source.
type block struct {
	text []byte
	// base is where text starts in what trace leads to the source from.
	base   int
	trace  trace
	kind   spec.PackKind
	cloud  string
	label  string // starts each message
	inJSON bool
	// page says that only values of a BYOOS pack count, of pack when it is set.
	page bool
	pack spec.PackKind

	parsed bool
	doc    *yamledit.Document
	err    error
}

func (b *block) source(i int) int { return b.trace.source(b.base + i) }

// parse reads the text once.
func (b *block) parse() (*yamledit.Document, error) {
	if !b.parsed {
		b.parsed = true
		b.doc, b.err = yamledit.Parse(b.text)
	}
	return b.doc, b.err
}

// wanted tells whether a page's block is of a pack that is to be linted.
func (b *block) wanted() bool { return b.kind != "" && (b.pack == "" || b.pack == b.kind) }

// declared is the kind that a document says it has.
func (b *block) declared() string {
	doc, err := b.parse()
	if err != nil || doc.Root() == nil || doc.Root().Kind != yaml.MappingNode {
		return ""
	}
	if kind := child(doc.Root(), "kind"); kind != nil {
		return kind.Value
	}
	return ""
}

// documents are the YAML documents of a text.
func (b *block) documents() []*block {
	var all []*block
	for _, d := range yamledit.Documents(b.text) {
		part := *b
		part.text, part.base = b.text[d.Start:d.End:d.End], b.base+d.Start
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
	switch in.Format {
	case Markdown:
		return markdownBlocks(in, cloud), nil
	case Profile:
		return profileBlocks(in, cloud)
	case Values:
		return valuesBlocks(in, cloud), nil
	case Auto:
	default:
		return nil, fmt.Errorf("unknown format %q: values, markdown or profile is wanted", in.Format)
	}
	if isPage(in.Name) {
		return markdownBlocks(in, cloud), nil
	}
	if text := bytes.TrimSpace(in.Data[bom(in.Data):]); bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(`"packs"`)) && json.Valid(text) {
		return profileBlocks(in, cloud)
	}
	blocks := valuesBlocks(in, cloud)
	if fenceForm.Match(in.Data) && slices.ContainsFunc(blocks, func(b *block) bool { _, err := b.parse(); return err != nil }) {
		return markdownBlocks(in, cloud), nil
	}
	return blocks, nil
}

func isPage(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{".md", ".mdx", ".markdown"}, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// valuesBlocks takes each document of a YAML stream, as render prints several packs.
func valuesBlocks(in Input, cloud string) []*block {
	all := &block{text: in.Data, kind: in.Pack, cloud: cloud}
	if all.text == nil {
		all.text = []byte{}
	}
	return all.valuesOf()
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
		return cloudEdge
	}
	return cloud
}

const cloudEdge = "edge-native"

var fenceForm = regexp.MustCompile("(?m)^([ \t]*)(```+|~~~+)[ \t]*(?i:ya?ml)\\b[^\n]*$")

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
		t, next := fenced(in.Data, at+open[1], indent, fence)
		at = next
		b := &block{text: t.text, trace: t.trace, cloud: cloud, page: true, pack: in.Pack}
		blocks = append(blocks, b.documents()...)
	}
	return blocks
}

// fenced takes the lines up to the closing fence, without the fence's own
// indentation, and returns where the page goes on.
func fenced(data []byte, at int, indent, fence []byte) (t tracer, next int) {
	t.text = []byte{}
	at = nextLine(data, at)
	for at < len(data) {
		next := nextLine(data, at)
		body := bytes.TrimSpace(data[at:next])
		if len(body) >= len(fence) && len(bytes.Trim(body, string(fence[:1]))) == 0 {
			t.put("", at)
			return t, next
		}
		skip := 0
		for skip < len(indent) && at+skip < next && (data[at+skip] == ' ' || data[at+skip] == '\t') {
			skip++
		}
		t.keep(data, at+skip, next)
		at = next
	}
	t.put("", len(data))
	return t, len(data)
}

func nextLine(data []byte, at int) int {
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(data)
}

// profileBlocks returns the values of the BYOOS packs of a cluster profile, as
// the Palette API takes it (spec.template.packs) and gives it
// (spec.published.packs, spec.draft.packs).
func profileBlocks(in Input, cloud string) ([]*block, error) {
	w := &profileWalk{data: in.Data, dec: json.NewDecoder(bytes.NewReader(withoutMark(in.Data)))}
	if err := w.value(""); err != nil {
		return nil, fmt.Errorf("%s: not a cluster profile's JSON: %w", in.Name, err)
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: not a cluster profile's JSON: more text follows it", in.Name)
	}
	var blocks []*block
	for _, b := range w.blocks {
		if in.Pack != "" && in.Pack != b.kind {
			continue
		}
		b.cloud = cloud
		if b.cloud == "" {
			b.cloud = provider(w.cloud)
		}
		blocks = append(blocks, b.valuesOf()...)
	}
	return blocks, nil
}

// withoutMark has blanks in place of a byte order mark, which JSON does not know, so
// that offsets stay.
func withoutMark(data []byte) []byte {
	n := bom(data)
	if n == 0 {
		return data
	}
	return append(bytes.Repeat([]byte(" "), n), data[n:]...)
}

// valuesOf are the documents of a pack's values, and those themselves when they
// are empty.
func (b *block) valuesOf() []*block {
	if all := b.documents(); len(all) > 0 {
		return all
	}
	return []*block{b}
}

// profileWalk goes through JSON by its tokens, as the places of strings are
// needed beside their values.
type profileWalk struct {
	data   []byte
	dec    *json.Decoder
	cloud  string
	blocks []*block
	depth  int
}

const maxProfileDepth = 1000

func (w *profileWalk) value(key string) error {
	tok, err := w.dec.Token()
	if err != nil {
		return err
	}
	if w.depth++; w.depth > maxProfileDepth {
		return errors.New("it is nested too deeply")
	}
	defer func() { w.depth-- }()
	switch tok {
	case json.Delim('{'):
		return w.object()
	case json.Delim('['):
		for w.dec.More() {
			if err := w.value(""); err != nil {
				return err
			}
		}
		_, err = w.dec.Token()
		return err
	}
	if text, ok := tok.(string); ok && key == "cloudType" && w.cloud == "" {
		w.cloud = text
	}
	return nil
}

func (w *profileWalk) object() error {
	var name string
	var values *block
	for w.dec.More() {
		tok, err := w.dec.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		before := w.dec.InputOffset()
		if (key != "name" && key != "values") || !w.stringNext(before) {
			if err := w.value(key); err != nil {
				return err
			}
			continue
		}
		if tok, err = w.dec.Token(); err != nil {
			return err
		}
		if text, _ := tok.(string); key == "name" {
			name = text
			continue
		}
		start := int(before) + bytes.IndexByte(w.data[before:], '"')
		values = jsonBlock(w.data, start, int(w.dec.InputOffset()))
	}
	if kind := spec.PackKind(name); values != nil && (kind == spec.GenericBYOI || kind == spec.EdgeNativeBYOI) {
		values.kind = kind
		values.label = "pack " + name + ": "
		w.blocks = append(w.blocks, values)
	}
	_, err := w.dec.Token()
	return err
}

// stringNext tells whether a string follows the colon at off.
func (w *profileWalk) stringNext(off int64) bool {
	rest := bytes.TrimLeft(w.data[off:], " \t\r\n:")
	return len(rest) > 0 && rest[0] == '"'
}

// jsonBlock decodes the string literal from start (its quote) up to end.
func jsonBlock(data []byte, start, end int) *block {
	t := tracer{text: []byte{}}
	for i := start + 1; i < end-1; {
		if data[i] != '\\' {
			plain := bytes.IndexByte(data[i:end-1], '\\')
			if plain < 0 {
				plain = end - 1 - i
			}
			t.keep(data, i, i+plain)
			i += plain
			continue
		}
		text, size := unescape(data[i : end-1])
		t.put(text, i)
		i += size
	}
	t.put("", end-1)
	return &block{text: t.text, trace: t.trace, inJSON: true}
}

// unescape decodes one escape sequence of JSON, which is known to be valid.
func unescape(data []byte) (text string, size int) {
	if len(data) < 2 {
		return "", len(data)
	}
	if data[1] != 'u' {
		i := strings.IndexByte(`bfnrt`, data[1])
		if i < 0 {
			return string(data[1]), 2
		}
		return string("\b\f\n\r\t"[i]), 2
	}
	r, ok := hex4(data)
	if !ok {
		return "", len(data)
	}
	if utf16.IsSurrogate(r) {
		if len(data) >= 12 && data[6] == '\\' {
			if low, ok := hex4(data[6:]); ok {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					return string(both), 12
				}
			}
		}
		return string(utf8.RuneError), 6
	}
	return string(r), 6
}

func hex4(data []byte) (rune, bool) {
	if len(data) < 6 || data[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 32)
	return rune(n), err == nil
}
