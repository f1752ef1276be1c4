package yamledit

import (
	"bytes"
	"strings"
)

// Extent is the bytes from Start up to End of a text.
type Extent struct{ Start, End int }

// Documents returns where the documents of a YAML stream are, but for the empty
// ones. Marks of documents, --- and ... at the start of a line, can be part of no
// value, so they are found without a parser, also where a document does not parse.
func Documents(text []byte) []Extent {
	var all []Extent
	s := stream{opening: true}
	starts := lineStarts(text)
	at := starts[0]
	for _, end := range append(starts[1:], len(text)) {
		switch line := text[at:end]; {
		case isMark(line, "---"):
			if !s.opening {
				all = s.add(all, at)
			}
			s.opening = false
			s.filled = filled(line[3:])
		case isMark(line, "..."):
			all = s.add(all, end)
			s.opening = true
		case s.opening && (bytes.HasPrefix(line, []byte("%")) || !filled(line)):
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
	start int
	// opening says that only directives and comments came yet; filled that more did.
	opening, filled bool
}

func (s *stream) add(all []Extent, end int) []Extent {
	if s.filled {
		all = append(all, Extent{s.start, end})
	}
	s.start, s.filled = end, false
	return all
}

func isMark(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	if !ok {
		return false
	}
	return len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || breakLen(rest) > 0
}

// filled tells whether a line says something.
func filled(line []byte) bool {
	body := string(bytes.TrimSpace(line))
	return body != "" && !strings.HasPrefix(body, "#")
}
