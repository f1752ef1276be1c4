package lint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// profileForm is a key that has packs, in JSON.
var profileForm = regexp.MustCompile(`"packs"\s*:\s*\[`)

// looksLikeProfile tells of JSON with packs, also where a comma too many makes it none.
func looksLikeProfile(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && profileForm.Match(text) &&
		(json.Valid(text) || bytes.Contains(text, []byte(`"spec"`)))
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
		b.cloud = cmp.Or(cloud, provider(b.cloud))
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

// profileWalk goes through JSON by its tokens, as the places of strings are
// needed beside their values.
type profileWalk struct {
	data []byte
	dec  *json.Decoder
	// clouds are those that the objects around or beside the place told.
	clouds []string
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
		for n := len(w.clouds); w.dec.More(); w.clouds = w.clouds[:n] {
			if err := w.value(""); err != nil {
				return err
			}
		}
		_, err = w.dec.Token()
		return err
	}
	if text, ok := tok.(string); ok && key == "cloudType" {
		w.clouds = append(w.clouds, text)
	}
	return nil
}

func (w *profileWalk) object() error {
	var name string
	var values *block
	inside, above := len(w.blocks), len(w.clouds)
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
	if kind := spec.PackKind(name); values != nil && slices.Contains(spec.PackNames(), name) {
		values.kind = kind
		values.label = "pack " + name + ": "
		w.blocks = append(w.blocks, values)
	}
	for _, b := range w.blocks[inside:] {
		if b.cloud == "" && len(w.clouds) > above {
			b.cloud = w.clouds[above]
		}
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

// pair is a character beyond the first plane, in two escapes.
var pair = regexp.MustCompile(`^\\u[dD][89abAB]..\\u[dD][c-fC-F]..`)

// unescape decodes one escape sequence of JSON, which is known to be valid.
func unescape(data []byte) (text string, size int) {
	size = 2
	switch {
	case pair.Match(data):
		size = 12
	case len(data) > 1 && data[1] == 'u':
		size = 6
	}
	size = min(size, len(data))
	if json.Unmarshal(slices.Concat([]byte(`"`), data[:size], []byte(`"`)), &text) != nil {
		return "", size
	}
	return text, size
}
