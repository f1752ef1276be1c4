package yamledit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	yaml "go.yaml.in/yaml/v3"
)

// Quote returns text as a double-quoted YAML scalar on one line, readable by
// YAML 1.1, YAML 1.2 and JSON parsers.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			// JSON has no escape that YAML reads the same, and both take it as it is.
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// plainForm is deliberately narrower than YAML allows: text that no parser and
// no context reads as anything but this string.
var plainForm = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9/._@+-]*(:[A-Za-z0-9/._@+-]+)*$`)

// isPlain tells whether text may stand without quotes.
func isPlain(text string) bool {
	if !plainForm.MatchString(text) || isYAML11Word(text) {
		return false
	}
	n := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	return n.ShortTag() == "!!str"
}

// isYAML11Word tells of words that YAML 1.1 parsers read as something else.
func isYAML11Word(text string) bool {
	return slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(text))
}

// encode writes a value in the style of the one it replaces, where that can
// hold it; else in double quotes.
func encode(value string, style yaml.Style) string {
	printable := !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case style&yaml.SingleQuotedStyle != 0 && printable:
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case style&^yaml.TaggedStyle == 0 && isPlain(value):
		return value
	}
	return Quote(value)
}

func encodeKey(key string) string { return encode(key, 0) }

// encode writes a value into the document in the given style, where it can.
func (d *Document) encode(value string, style yaml.Style) string {
	if d.json {
		return Quote(value)
	}
	return encode(value, style)
}

// Writer writes a new document: block style, two spaces, values in double
// quotes. Values of one mapping are written one after the other.
type Writer struct {
	out  strings.Builder
	open []string
}

// Scalar writes one value at a path.
func (w *Writer) Scalar(path []string, value string) {
	w.parents(path[:len(path)-1])
	fmt.Fprintf(&w.out, "%s%s: %s\n", strings.Repeat("  ", len(path)-1), encodeKey(path[len(path)-1]), Quote(value))
}

// Items writes a list of mappings with one key.
func (w *Writer) Items(path []string, key string, values []string) {
	w.parents(path)
	for _, value := range values {
		fmt.Fprintf(&w.out, "%s- %s: %s\n", strings.Repeat("  ", len(path)), encodeKey(key), Quote(value))
	}
}

// parents opens the mappings of a path that are not open.
func (w *Writer) parents(path []string) {
	same := 0
	for same < len(path) && same < len(w.open) && path[same] == w.open[same] {
		same++
	}
	for i := same; i < len(path); i++ {
		fmt.Fprintf(&w.out, "%s%s:\n", strings.Repeat("  ", i), encodeKey(path[i]))
	}
	w.open = slices.Clone(path)
}

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return []byte(w.out.String()) }
