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

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// block is one YAML text inside the source.
type block struct {
	text []byte
	// at leads from each byte of text, and its end, to the source; nil when
	// text is the source.
	at     []int
	kind   spec.PackKind
	cloud  string
	label  string // starts each message
	inJSON bool
}

func (b *block) source(i int) int {
	if b.at == nil {
		return i
	}
	return b.at[i]
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
func (b *block) offset(line, column int) int {
	at := newLines(b.text)
	if line < 1 || line > len(at.starts) {
		return 0
	}
	off := at.starts[line-1]
	for ; column > 1 && off < len(b.text); column-- {
		_, size := utf8.DecodeRune(b.text[off:])
		off += size
	}
	return min(off, len(b.text))
}

// lines turns offsets into positions.
type lines struct {
	data   []byte
	starts []int
}

func newLines(data []byte) lines {
	l := lines{data: data, starts: []int{0}}
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

func (l lines) position(off int) (line, column int) {
	line, found := slices.BinarySearch(l.starts, off)
	if !found {
		line = max(line-1, 0)
	}
	start := min(l.starts[line], off)
	return line + 1, utf8.RuneCount(l.data[start:off]) + 1
}

// blocksOf takes the YAML texts out of the input.
func blocksOf(in Input) ([]*block, error) {
	cloud := provider(in.Cloud)
	switch formatOf(in) {
	case Markdown:
		return markdownBlocks(in, cloud), nil
	case Profile:
		return profileBlocks(in, cloud)
	case Values:
	default:
		return nil, fmt.Errorf("unknown format %q: values, markdown or profile is wanted", in.Format)
	}
	return documentBlocks(in, cloud), nil
}

// documentBlocks takes each document of a YAML stream, as render prints several
// packs. A line --- at its start cannot be part of a value.
func documentBlocks(in Input, cloud string) []*block {
	var blocks []*block
	start := 0
	for at := 0; at <= len(in.Data); {
		next := nextLine(in.Data, at)
		separator := at < len(in.Data) && string(bytes.TrimRight(in.Data[at:next], " \t\r\n")) == "---"
		if end := min(at, len(in.Data)); separator || next == at {
			if len(bytes.TrimSpace(in.Data[start:end])) > 0 {
				blocks = append(blocks, documentBlock(in, cloud, start, end))
			}
			start = next
		}
		if next == at {
			break
		}
		at = next
	}
	if len(blocks) < 2 {
		// One document is the text itself, also with a line --- before it.
		return []*block{documentBlock(in, cloud, 0, len(in.Data))}
	}
	return blocks
}

func documentBlock(in Input, cloud string, start, end int) *block {
	b := &block{text: in.Data[start:end:end], kind: in.Pack, cloud: cloud}
	if b.text == nil {
		b.text = []byte{}
	}
	if start > 0 || end < len(in.Data) {
		for i := start; i <= end; i++ {
			b.at = append(b.at, i)
		}
	}
	if b.kind == "" {
		b.kind = kindOf(b.text)
	}
	return b
}

func formatOf(in Input) Format {
	if in.Format != Auto {
		return in.Format
	}
	name := strings.ToLower(in.Name)
	for _, ending := range []string{".md", ".mdx", ".markdown"} {
		if strings.HasSuffix(name, ending) {
			return Markdown
		}
	}
	if text := bytes.TrimSpace(in.Data); bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(`"packs"`)) && json.Valid(text) {
		return Profile
	}
	if fenceForm.Match(in.Data) {
		if _, err := yamledit.Parse(in.Data); err != nil {
			return Markdown
		}
	}
	return Values
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

// Keys of the packs at the start of a line tell which one a text is for.
var (
	genericKey = regexp.MustCompile(`(?m)^[ \t\x{a0}]*["'‘“]?(osImageOverride|osName|osVersion)["'’”]?[ \t]*:`)
	edgeKey    = regexp.MustCompile(`(?m)^[ \t\x{a0}]*["'‘“]?system\.(uri|registry|repo|k8sDistribution|osName|peVersion|customTag|osVersion)["'’”]?[ \t]*:`)
	edgeMacro  = regexp.MustCompile(`(?m)^[^#\n]*\.spectro\.pack\.edge-native-byoi\.`)
	anyKey     = regexp.MustCompile(`(?m)^[ \t\x{a0}]*["']?([A-Za-z0-9_.-]+)["']?[ \t]*:`)
)

// kindOf finds out which pack a text is for; empty when nothing tells.
func kindOf(text []byte) spec.PackKind {
	switch {
	case edgeKey.Match(text), edgeMacro.Match(text):
		return spec.EdgeNativeBYOI
	case genericKey.Match(text):
		return spec.GenericBYOI
	}
	for _, match := range anyKey.FindAllSubmatch(text, -1) {
		key := string(match[1])
		if nearest(key, edgeSystemKeys()) != "" {
			return spec.EdgeNativeBYOI
		}
		if nearest(key, genericKeys()) != "" {
			return spec.GenericBYOI
		}
	}
	return ""
}

var fenceForm = regexp.MustCompile("(?m)^([ \t]*)(```+|~~~+)[ \t]*(?i:ya?ml)\\b[^\n]*$")

// markdownBlocks returns the fenced blocks that are values of a BYOOS pack.
func markdownBlocks(in Input, cloud string) []*block {
	var blocks []*block
	at := 0
	for at < len(in.Data) {
		open := fenceForm.FindSubmatchIndex(in.Data[at:])
		if open == nil {
			return blocks
		}
		indent, fence := in.Data[at+open[2]:at+open[3]], in.Data[at+open[4]:at+open[5]]
		b := &block{text: []byte{}, cloud: cloud}
		at = b.fenced(in.Data, at+open[1], indent, fence)
		b.kind = kindOf(b.text)
		if b.kind != "" && (in.Pack == "" || in.Pack == b.kind) {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// fenced takes the lines up to the closing fence, without the fence's own
// indentation, and returns where the page goes on.
func (b *block) fenced(data []byte, at int, indent, fence []byte) int {
	at = nextLine(data, at)
	for at < len(data) {
		next := nextLine(data, at)
		body := bytes.TrimSpace(data[at:next])
		if len(body) >= len(fence) && len(bytes.Trim(body, string(fence[:1]))) == 0 {
			b.at = append(b.at, at)
			return next
		}
		skip := 0
		for skip < len(indent) && at+skip < next && (data[at+skip] == ' ' || data[at+skip] == '\t') {
			skip++
		}
		for i := at + skip; i < next; i++ {
			b.text = append(b.text, data[i])
			b.at = append(b.at, i)
		}
		at = next
	}
	b.at = append(b.at, len(data))
	return len(data)
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
	w := &profileWalk{data: in.Data, dec: json.NewDecoder(bytes.NewReader(in.Data))}
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
		blocks = append(blocks, b)
	}
	return blocks, nil
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
	b := &block{text: []byte{}, inJSON: true}
	add := func(at int, text string) {
		for i := range len(text) {
			b.text = append(b.text, text[i])
			b.at = append(b.at, at)
		}
	}
	for i := start + 1; i < end-1; {
		if data[i] != '\\' {
			add(i, string(data[i:i+1]))
			i++
			continue
		}
		text, size := unescape(data[i : end-1])
		add(i, text)
		i += size
	}
	b.at = append(b.at, end-1)
	return b
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
