package lint

import (
	"bytes"
	"unicode/utf8"
)

// documents returns where the documents of a YAML stream are, but for the empty
// ones. Marks of documents, --- and ... at the start of a line, can be part of no
// value, so they are found without a parser, also where a document does not parse.
func documents(text []byte) []extent {
	var all []extent
	s := stream{text: text, opening: true}
	for at := bom(text); at < len(text); {
		end := at + lineLen(text[at:])
		switch line := text[at:end]; {
		case isMark(line, "---"):
			if !s.opening {
				all = s.add(all, at)
			}
			s.opening = false
			s.filled = s.filled || filled(line[3:])
		case isMark(line, "..."):
			all = s.add(all, end)
			s.opening = true
		case s.opening && (line[0] == '%' || !filled(line)):
		default:
			s.opening = false
			s.filled = s.filled || filled(line)
		}
		at = end
	}
	return s.add(all, len(text))
}

// stream is where a walk over the lines is.
type stream struct {
	text  []byte
	start int
	// opening says that only directives and comments came yet; filled that more did.
	opening, filled bool
}

func (s *stream) add(all []extent, end int) []extent {
	if s.filled {
		all = append(all, extent{s.start, end})
	}
	s.start, s.filled = end, false
	return all
}

func bom(text []byte) int {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

func isMark(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	if !ok {
		return false
	}
	r, _ := utf8.DecodeRune(rest)
	return len(rest) == 0 || r == ' ' || r == '\t' || isBreak(r)
}

// filled tells whether a line says something.
func filled(line []byte) bool {
	body := bytes.TrimSpace(line)
	return len(body) > 0 && body[0] != '#'
}

// isBreak tells of the line breaks of YAML 1.1.
func isBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// lineLen is the length of the first line with its break.
func lineLen(text []byte) int {
	i := bytes.IndexFunc(text, isBreak)
	if i < 0 {
		return len(text)
	}
	if bytes.HasPrefix(text[i:], []byte("\r\n")) {
		return i + 2
	}
	_, size := utf8.DecodeRune(text[i:])
	return i + size
}
