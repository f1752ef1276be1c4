package yamledit

import "bytes"

// Extent is the bytes from Start up to End of a text.
type Extent struct{ Start, End int }

// Documents returns where the documents of a YAML stream are, but for the empty
// ones. Marks of documents, --- and ... at the start of a line, can be part of no
// value, so they are found without a parser, also where a document does not parse.
func Documents(text []byte) []Extent {
	var all []Extent
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

func (s *stream) add(all []Extent, end int) []Extent {
	if s.filled {
		all = append(all, Extent{s.start, end})
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
	return len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t' || breakLen(rest, 0) > 0
}

// filled tells whether a line says something.
func filled(line []byte) bool {
	body := bytes.TrimSpace(line)
	return len(body) > 0 && body[0] != '#'
}

// lineLen is the length of the first line with its break.
func lineLen(text []byte) int {
	for i := range text {
		if n := breakLen(text, i); n > 0 {
			return i + n
		}
	}
	return len(text)
}
