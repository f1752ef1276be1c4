package lint

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// kind of a region of YAML text.
type kind int

const (
	plain       kind = iota
	comment          // from # to the end of the line
	quoted           // in ASCII quotes
	blockScalar      // lines of a | or > value
	typographic      // a value in quotes of which at least one is typographic
	bare             // a value that starts with an unquoted macro
)

// region is a run of text of one kind, on one line.
type region struct {
	kind       kind
	start, end int
	// line says that it starts its line.
	line bool
}

// scanner tells apart what is structure, value, comment and script in text that
// a YAML parser may well refuse.
type scanner struct {
	text    []byte
	regions []region
	// open is the quote of a value that goes on on the next line.
	open byte
	// script is the column that a block scalar's lines are indented deeper
	// than; -1 outside.
	script int
	flow   int
}

func scan(text []byte) []region {
	s := &scanner{text: text, script: -1}
	for at := 0; at < len(text); {
		end := at
		for end < len(text) && text[end] != '\n' && text[end] != '\r' {
			end++
		}
		s.line(at, end)
		at = end + 1
	}
	return s.regions
}

func (s *scanner) add(k kind, start, end int) {
	if end > start {
		first := start == 0 || s.text[start-1] == '\n' || s.text[start-1] == '\r'
		s.regions = append(s.regions, region{k, start, end, first})
	}
}

const nbsp = "\u00a0"

// blank is the length of the white space at i: a space, a tab, or one of the
// spaces that only look like one.
func (s *scanner) blank(i int) int {
	if i >= len(s.text) {
		return 0
	}
	if s.text[i] == ' ' || s.text[i] == '\t' {
		return 1
	}
	for _, space := range lookalikes {
		if bytes.HasPrefix(s.text[i:], []byte(space)) {
			return len(space)
		}
	}
	return 0
}

// lookalikes are the no-break spaces.
var lookalikes = []string{nbsp, "\u202f", "\u2007"}

func (s *scanner) line(start, end int) {
	spaces := 0
	for start+spaces < end && s.text[start+spaces] == ' ' {
		spaces++
	}
	if s.script >= 0 {
		if start+spaces == end || spaces > s.script {
			s.add(blockScalar, start, end)
			return
		}
		s.script = -1
	}
	i := start
	if s.open != 0 {
		closing := s.closing(start, end, s.open)
		if closing < 0 {
			s.add(quoted, start, end)
			return
		}
		s.add(quoted, start, closing)
		s.open, i = 0, closing
	}
	s.tokens(start, i, end)
}

// tokens walks over one line. column is where the line's last key or dash is.
func (s *scanner) tokens(start, i, end int) {
	valueStart, value, column := i == start, false, -1
	from := i // start of the plain run
	flush := func(to int) { s.add(plain, from, to) }
	for i < end {
		c := s.text[i]
		n := s.blank(i)
		switch {
		case n > 0:
			i += n
			continue
		case c == '#' && (i == start || s.blankBefore(i)):
			flush(i)
			s.add(comment, i, end)
			return
		case c == '-' && !value && s.flow == 0 && valueStart && (i+1 >= end || s.blank(i+1) > 0):
			column = i - start
			i++
			continue
		case c == ':' && !valueStart && (i+1 >= end || s.blank(i+1) > 0 || s.flow > 0 && s.text[i-1] == '"'):
			valueStart, value = true, true
			i++
			continue
		case s.flow > 0 && (c == ',' || c == ']' || c == '}'):
			if c != ',' {
				s.flow--
			}
			valueStart = c == ','
			i++
			continue
		}
		if !valueStart {
			i += runeSize(s.text[i:])
			continue
		}
		if column < 0 || !value {
			column = max(column, i-start)
		}
		next, k := s.valueAt(i, end, value || s.flow > 0 || column >= 0)
		switch {
		case k == plain && next > i: // anchor, tag, opening bracket
			i = next
			continue
		case k == blockScalar:
			s.script = column
			if !value && column == i-start {
				s.script = s.dashBefore(start, i)
			}
			valueStart = false
			i = next
			continue
		case k != plain:
			flush(i)
			s.add(k, i, next)
			i, from = next, next
		default:
			i += runeSize(s.text[i:])
		}
		valueStart = false
	}
	flush(end)
}

func runeSize(text []byte) int {
	_, size := utf8.DecodeRune(text)
	return size
}

func (s *scanner) blankBefore(i int) bool {
	for _, space := range lookalikes {
		if bytes.HasSuffix(s.text[:i], []byte(space)) {
			return true
		}
	}
	return i > 0 && (s.text[i-1] == ' ' || s.text[i-1] == '\t')
}

// dashBefore is the column of the last dash before i.
func (s *scanner) dashBefore(start, i int) int {
	return max(bytes.LastIndexByte(s.text[start:i], '-'), 0)
}

var (
	blockHeader = regexp.MustCompile(`^[|>][+-]?[1-9]?[+-]?[ \t]*(#.*)?$`)
	afterValue  = regexp.MustCompile(`^[ \t\x{a0}]*($|#|:([ \t\x{a0}]|$)|[,\]}])`)
)

// valueAt tells what kind of value starts at i, and where it ends.
func (s *scanner) valueAt(i, end int, mayBeMacro bool) (int, kind) {
	rest := s.text[i:end]
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		if closing := s.closing(i+1, end, c); closing >= 0 {
			return closing, quoted
		}
		if closing := s.typographicEnd(i+1, end); closing >= 0 {
			return closing, typographic
		}
		s.open = c
		return end, quoted
	case isOpeningQuote(rest):
		if closing := s.typographicEnd(i+runeSize(rest), end); closing >= 0 {
			return closing, typographic
		}
	case bytes.HasPrefix(rest, []byte("{{")) && s.flow == 0 && mayBeMacro:
		if valueEnd := s.bareEnd(i, end); valueEnd > i {
			return valueEnd, bare
		}
	case c == '{' || c == '[':
		s.flow++
		return i + 1, plain
	case c == '&' || c == '!':
		next := i
		for next < end && s.blank(next) == 0 {
			next++
		}
		return next, plain
	case s.flow == 0 && blockHeader.Match(rest):
		return i + 1, blockScalar
	}
	return i, plain
}

// closing is the offset after an ASCII quote's counterpart, -1 when the line
// has none.
func (s *scanner) closing(i, end int, quote byte) int {
	for ; i < end; i++ {
		switch {
		case quote == '"' && s.text[i] == '\\':
			i++
		case s.text[i] != quote:
		case quote == '\'' && i+1 < end && s.text[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return -1
}

// Typographic quotes, as word processors and web pages set them.
const (
	singleQuotes = "‘’‚‛"
	doubleQuotes = "“”„‟"

	typographicQuotes = singleQuotes + doubleQuotes
)

func isOpeningQuote(text []byte) bool {
	r, _ := utf8.DecodeRune(text)
	return strings.ContainsRune(singleQuotes+doubleQuotes, r)
}

// typographicEnd is the offset after the first quote that a value can end with.
func (s *scanner) typographicEnd(i, end int) int {
	for i < end {
		r, size := utf8.DecodeRune(s.text[i:end])
		i += size
		if strings.ContainsRune(singleQuotes+doubleQuotes+`"'`, r) && afterValue.Match(s.text[i:end]) {
			return i
		}
	}
	return -1
}

// bareEnd is the end of an unquoted value: that of the line, or of what stands
// before a comment. A lone control macro ({{- if ... }}) is no value.
func (s *scanner) bareEnd(i, end int) int {
	valueEnd := end
	for j := i; j < end; j++ {
		if s.text[j] == '#' && s.blankBefore(j) {
			valueEnd = j
			break
		}
	}
	text := strings.TrimRight(string(s.text[i:valueEnd]), " \t"+nbsp)
	if !strings.Contains(text, "}}") || controlMacro.MatchString(text) {
		return i
	}
	return i + len(text)
}

var controlMacro = regexp.MustCompile(`^\{\{-?\s*(if|else|end|range|with|define|block|template|/\*)\b`)
