// Package redact takes secrets out of texts: values that are known to be secrets, in the
// forms in which programs print them, and what has the form of a credential. It is pure.
package redact

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// Removed stands in place of what was taken out.
	Removed = "[redacted]"
	// minSecret is the length in bytes below which a value is part of too many
	// words to be taken out.
	minSecret = 8
	// minBeginning is how much of a secret counts at the end of a line that was
	// cut off.
	minBeginning = 4
	// maxBreaks is how many escaped line breaks may part two letters, and maxBreak how many
	// bytes one has: a secret may begin with the last, and a run be read again and again.
	maxBreaks, maxBreak = 16, 256
)

// Redactor takes known values out of texts, in the forms that programs print them in,
// and what has the form of a credential. It is safe for concurrent use.
type Redactor struct {
	forms  [256][]spelling // by the byte that they may begin with; the longer ones first
	within [256][]spelling // those that may begin within a run of backslashes
}

// New returns a Redactor that knows values. White space around one is no part of it,
// and one that is part of too many words is passed over.
func New(values ...string) *Redactor {
	var forms []string
	for _, value := range values {
		secret := strings.TrimSpace(value)
		if tooShort(secret) {
			continue
		}
		forms = append(forms, encodings(secret)...)
	}
	r := &Redactor{}
	for _, form := range longestFirst(forms) {
		spelled := spellingOf(form)
		for first := range beginnings(spelled[0]) {
			r.forms[first] = append(r.forms[first], spelled)
		}
		spelled = spelled.withoutBackslash()
		for first := range beginnings(spelled[0]) {
			r.within[first] = append(r.within[first], spelled)
		}
	}
	return r
}

func longestFirst(texts []string) []string {
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(texts)
}

// Text returns a whole text without the secrets.
func (r *Redactor) Text(text string) string { return credentials(r.without(text, false)) }

// Lines returns a whole text without the values, in as many lines. What only has the form
// of a credential stays.
func (r *Redactor) Lines(text string) string {
	return r.replaced(text, false, func(secret string) string { return Removed + strings.Repeat("\n", strings.Count(secret, "\n")) })
}

// Beginning is Text for one that was cut off, so that a secret may have begun at
// its end.
func (r *Redactor) Beginning(text string) string { return credentials(r.without(text, true)) }

// Holds tells whether a whole text has one of the values in it.
func (r *Redactor) Holds(text string) bool { return r.without(text, false) != text }

// credentials takes out what has the form of a credential.
func credentials(text string) string { return without(inMessages, without(inURLs, text)) }

func (r *Redactor) without(text string, cut bool) string {
	return r.replaced(text, cut, func(string) string { return Removed })
}

func (r *Redactor) replaced(text string, cut bool, by func(secret string) string) string {
	if text == "" {
		return ""
	}
	var kept strings.Builder
	from, run := 0, 0
	for i := 0; i < len(text); {
		forms := &r.within
		if i >= run {
			forms, run = &r.forms, i+lengthOfRun(text[i:])
		}
		n := secretAt(forms, text[i:], cut)
		if n == 0 {
			i++
			continue
		}
		kept.WriteString(text[from:i])
		kept.WriteString(by(text[i : i+n]))
		i += n
		from, run = i, i
	}
	if from == 0 {
		return text
	}
	kept.WriteString(text[from:])
	return kept.String()
}

// lengthOfRun returns how many bytes at the beginning of text are a run of
// backslashes, which is one letter or none: what begins with all of it is all that
// begins with one of them.
func lengthOfRun(text string) int {
	if text[0] != '\\' && text[0] != '%' {
		return 0
	}
	n, _ := backslashes(text)
	return n
}

// secretAt returns the length of the secret that text begins with, or, of a text
// that was cut off, of the beginning of one; 0 when there is none.
func secretAt(forms *[256][]spelling, text string, cut bool) int {
	begun := 0
	for _, form := range forms[text[0]] {
		n, letters := form.in(text)
		switch {
		case letters == len(form):
			return n
		case cut && n == len(text) && letters >= minBeginning:
			begun = n
		}
	}
	return begun
}

// spelling is a text, letter by letter, each in all the ways in which programs
// write it: which marks are escaped differs between the parts of a URL, and between
// languages.
type spelling [][]string

// withoutBackslash leaves out the ways of the first letter that begin with one.
func (s spelling) withoutBackslash() spelling {
	s = slices.Clone(s)
	s[0] = slices.DeleteFunc(slices.Clone(s[0]), func(way string) bool { return way[0] == '\\' })
	return s
}

// in returns how many bytes at the beginning of text spell the letters, and how
// many of them; all bytes and not all letters when text ends before. It is 0 for
// what begins otherwise.
func (s spelling) in(text string) (n, letters int) {
	if len(s) == 0 || text == "" {
		return 0, 0
	}
	for _, way := range s[0] {
		m, less, cut := begins(text, way)
		if cut {
			n = len(text)
		}
		if m == 0 {
			continue
		}
		if len(s) == 1 {
			return m, 1
		}
		if less > 0 && !s.goesOn(text[m:]) {
			m = less // the last backslash is of the next letter
		}
		rest, more := s[1:].ahead(text[m:])
		if more == len(s)-1 {
			return m + rest, len(s)
		}
		if m+rest == len(text) {
			n, letters = len(text), max(letters, more+1)
		}
	}
	return n, letters
}

// goesOn tells whether text begins with the second letter.
func (s spelling) goesOn(text string) bool {
	_, letters := s[1:2].ahead(text)
	return letters == 1
}

// ahead is in for what follows a letter, or for what comes after what is no part of it.
func (s spelling) ahead(text string) (n, letters int) {
	for skipped, breaks := 0, 0; ; {
		if n, letters = s.in(text[skipped:]); n > 0 {
			return skipped + n, letters
		}
		size := noLetter(text[skipped:], skipped > 0)
		if size > 0 && (text[skipped] == '\\' || text[skipped] == '%') {
			breaks++
		}
		if size == 0 || breaks > maxBreaks {
			return skipped, 0
		}
		skipped += size
	}
}

// noLetter returns how many bytes at the beginning of text are no part of a secret. They
// are control characters, as they are or escaped, and blanks after one: text that is
// UTF-16 has them, and base64 in lines, which may be indented. What is shown of a text is
// without them, and without those that turn a line round.
func noLetter(text string, blanks bool) int {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case r > ' ' && r < unicode.MaxASCII && r != '\\' && r != '%': // most of them
		return 0
	case unicode.In(r, unicode.Cc, unicode.Cf), r == ' ' && blanks:
		return size
	case r != '\\' && r != '%':
		return 0
	}
	text = text[:min(len(text), maxBreak)]
	if n, _ := backslashes(text); n > 0 {
		next, _ := utf8.DecodeRuneInString(text[n:])
		if unicode.IsControl(next) {
			return n // the line goes on in the next
		}
		if m := anyOf(text[n:], "n", "r", "t", "u000a", "u000d", "u0009"); m > 0 {
			return n + m
		}
		return 0
	}
	return anyOf(text, "%0a", "%0d", "%09", "%250a", "%250d", "%2509")
}

// anyOf returns the length of the first of ways that text begins with.
func anyOf(text string, ways ...string) int {
	for _, way := range ways {
		if n, _ := prefix(text, way); n > 0 {
			return n
		}
	}
	return 0
}

// begins returns how much of text is one way to write a letter, 0 when it is none, and
// how much less may be; cut says that text ends within it. A text that was quoted
// several times has more backslashes, and the last may be of the next letter.
func begins(text, way string) (n, less int, cut bool) {
	if way[0] != '\\' {
		n, cut = prefix(text, way)
		return n, 0, cut
	}
	n, less = backslashes(text)
	rest := text[n:]
	if way == `\` {
		_, once := prefix(rest, "%5c")
		_, twice := prefix(rest, "%255c")
		return n, less, rest != "" && (once || twice)
	}
	if n == 0 {
		return 0, 0, false
	}
	m, cut := prefix(rest, way[1:])
	if m == 0 {
		return 0, 0, cut
	}
	return n + m, 0, false
}

// prefix returns the length of way when text begins with it, and else whether text is
// the beginning of it.
func prefix(text, way string) (n int, cut bool) {
	common := min(len(text), len(way))
	if text[:common] != way[:common] && (len(way) == 1 || !strings.EqualFold(text[:common], way[:common])) {
		return 0, false
	}
	if common < len(way) {
		return 0, true
	}
	return common, false
}

// backslashes returns how many bytes at the beginning of text are backslashes, as they
// are or in a URL, and where the last of several begins.
func backslashes(text string) (n, last int) {
	for {
		at := n
		if n > 0 { // what comes before the first is for ahead
			at = len(text) - len(strings.TrimLeftFunc(text[n:], unicode.IsControl))
		}
		size := 0
		for _, way := range [...]string{`\`, "%5c", "%255c"} {
			if m, _ := prefix(text[at:], way); m > 0 {
				size = m
			}
		}
		if size == 0 {
			return n, last
		}
		if n > 0 {
			last = at
		}
		n = at + size
	}
}

// beginnings are the bytes that a letter may begin with.
func beginnings(ways []string) map[byte]bool {
	first := map[byte]bool{}
	for _, way := range ways {
		first[way[0]] = true
		if way[0] == '\\' {
			first['%'] = true
		}
	}
	return first
}

func spellingOf(text string) spelling {
	var s spelling
	for text != "" {
		_, n := utf8.DecodeRuneInString(text)
		if text[0] == '\\' {
			n = len(text) - len(strings.TrimLeft(text, `\`))
		}
		s = append(s, waysOf(text[:n]))
		text = text[n:]
	}
	return s
}

// waysOf returns the ways in which a letter is written: as it is, in a URL, in a
// URL within another, quoted as JSON, Go and others do, and in HTML.
func waysOf(letter string) []string {
	r, _ := utf8.DecodeRuneInString(letter)
	switch {
	case r == '\\':
		return []string{`\`} // as many as there are
	case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return []string{letter}
	}
	var percent, twice, units strings.Builder
	for _, b := range []byte(letter) {
		fmt.Fprintf(&percent, "%%%02x", b)
		fmt.Fprintf(&twice, "%%25%02x", b)
	}
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(&units, `\u%04x`, unit)
	}
	ways := []string{letter, percent.String(), twice.String(), units.String(), fmt.Sprintf(`\u%08x`, r), fmt.Sprintf("&#%d;", r), fmt.Sprintf("&#x%x;", r)}
	if r < utf8.RuneSelf {
		quoted := strconv.QuoteRune(r)
		ways = append(ways, fmt.Sprintf(`\x%02x`, r), `\`+strings.TrimLeft(quoted[1:len(quoted)-1], `\`))
	}
	if name, ok := map[rune]string{'<': "lt", '>': "gt", '&': "amp", '"': "quot", '\'': "apos"}[r]; ok {
		ways = append(ways, "&"+name+";")
	}
	if r == ' ' {
		ways = append(ways, "+", "%2b")
	}
	return ways
}

// encodings returns the texts by which a value is recognised: itself, and what
// stands for it in base64, where it may be anywhere in what was encoded.
func encodings(value string) []string {
	forms := []string{value}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			forms = append(forms, within64(encoding, value, before))
		}
	}
	return slices.DeleteFunc(forms, tooShort)
}

// within64 returns the letters of a base64 text that stand for value alone when
// it comes after so many bytes.
func within64(encoding *base64.Encoding, value string, before int) string {
	encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
	first := (8*before + 5) / 6
	last := 8 * (before + len(value)) / 6
	return encoded[min(first, last):last]
}

// tooShort holds for what is part of too many words; a user with a password is no
// word at any length.
func tooShort(text string) bool {
	return len(text) < minSecret && (len(text) < minBeginning || !strings.Contains(text, ":") || !strings.HasSuffix(text, "@"))
}
