package palette

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// said is what an answer that is no success says in words.
type said struct{ code, message, ref string }

// maxDepth and maxSaid bound what is read of nested errors.
const (
	maxDepth = 4
	maxSaid  = 20
)

// readSaid reads an error in any of the forms that Palette and what stands before it
// send: {"code", "message", "details", "ref"}, {"error": ...}, {"errors": [...]}, text,
// or a web page.
func readSaid(resp *response) said {
	text := bytes.TrimSpace(resp.body)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) == nil && !decoder.More() {
		var s said
		s.take(value, 0)
		return s
	}
	if resp.isPage() {
		return said{message: resp.page()}
	}
	return said{message: string(text)}
}

// take reads one JSON value: the first code and ref that it has, and all its words.
func (s *said) take(value any, depth int) {
	if depth > maxDepth || len(s.message) > maxText {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		s.code, s.ref = cmp.Or(s.code, word(v["code"])), cmp.Or(s.ref, word(v["ref"]))
		for _, name := range []string{"message", "msg", "error", "errors", "error_description", "title", "reason", "description", "detail"} {
			s.take(v[name], depth+1)
		}
		s.take(inOrder(v["details"]), depth+1)
	case []any:
		for _, item := range v[:min(len(v), maxSaid)] {
			s.take(item, depth+1)
		}
	case string:
		s.add(v)
	}
}

// inOrder makes a list of details, whose fields may have any name.
func inOrder(details any) any {
	fields, ok := details.(map[string]any)
	if !ok {
		return details
	}
	var values []any
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		values = append(values, fields[name])
	}
	return values
}

// word is a text or a number.
func word(value any) string {
	switch value.(type) {
	case string, json.Number:
		return fmt.Sprint(value)
	}
	return ""
}

func (s *said) add(text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == "" || strings.Contains(s.message, text):
	case s.message == "":
		s.message = text
	default:
		s.message += "; " + text
	}
}

// isPage tells whether an answer is a web page, as of a proxy or a login.
func (r *response) isPage() bool {
	return strings.Contains(strings.ToLower(r.header.Get("Content-Type")), "html") || bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<"))
}

// page says that an answer is a web page, and how that calls itself.
func (r *response) page() string {
	if !r.isPage() {
		return ""
	}
	title := ""
	if found := regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`).FindSubmatch(r.body[:min(len(r.body), 64<<10)]); found != nil {
		title = r.scrubber.line(html.UnescapeString(string(found[1])))
	}
	if title == "" {
		return "a web page"
	}
	return fmt.Sprintf("a web page titled %q", title)
}

// escapes are the sequences by which a text steers a terminal.
var escapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\x1b\][^\x07\x1b]*(\x07|\x1b\\)?|[\x1b\x{9b}]\[?[0-9;:<=>?]*[ -/]*[@-~]`)
})

// plain puts a text on one line, without what steers a terminal or turns letters round.
func plain(text string) string {
	text = escapes().ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return '\n'
		case unicode.In(r, unicode.Cf):
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), " ")
}

// maxLine is how much of a server's words is shown.
const maxLine = 500

// oneLine keeps a server from writing to the terminal what it likes.
func oneLine(words string) string { return shortened(plain(words)) }

func shortened(words string) string { return text.Cut(words, maxLine, "...") }
