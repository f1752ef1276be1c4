package manifest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// unread is why the file could not be read, nil when it was.
func (s *scanner) unread(offset int64, what string) error {
	switch {
	case errors.Is(s.limited.err, errTooLarge):
		return s.fail(Shape, offset, "%s is larger than %d MiB", what, maxBuild>>20)
	case errors.Is(s.limited.err, io.EOF):
		return nil
	}
	return s.limited.err
}

// explain turns an error of the decoder into an *Error with its place.
func (s *scanner) explain(err error, offset int64, what string) error {
	if err := s.unread(offset, what); err != nil {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.fail(Truncated, s.size-s.limited.skipped, "the file ends in the middle of its JSON")
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return s.fail(Shape, offset, "%s%s", what, typeMessage(mismatch))
	}
	return s.fail(Syntax, offset, "%v", err)
}

// errorOffset decodes the value after start once more, because the offsets in
// the errors of a decoder that also read tokens do not count those.
func (s *scanner) errorOffset(start int64, into any) int64 {
	base := s.valueStart(start)
	err := json.NewDecoder(io.LimitReader(s.from(base), maxBuild)).Decode(into)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return base + max(0, syntax.Offset-1)
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return base + max(0, mismatch.Offset-1)
	}
	return base
}

// valueStart skips what separates a value from the one before.
func (s *scanner) valueStart(offset int64) int64 {
	in := bufio.NewReader(s.from(offset))
	for {
		c, _ := in.ReadByte() // 0 at the end
		if !strings.ContainsRune(" \t\r\n,:", rune(c)) {
			return offset
		}
		offset++
	}
}

// from reads the file from an offset of the decoder.
func (s *scanner) from(offset int64) io.Reader {
	in := io.NewSectionReader(s.file, 0, s.size)
	_, _ = in.Seek(offset+s.limited.skipped, io.SeekStart)
	return in
}

func (s *scanner) fail(kind Kind, offset int64, format string, args ...any) error {
	offset += s.limited.skipped
	return &Error{
		Kind: kind, Offset: offset, Line: s.line(offset),
		Message: fmt.Sprintf(format, args...),
	}
}

// line counts lines from 1 up to offset.
func (s *scanner) line(offset int64) int {
	in := io.NewSectionReader(s.file, 0, offset)
	buf := make([]byte, 64<<10)
	line := 1
	for {
		n, err := in.Read(buf)
		for _, c := range buf[:n] {
			if c == '\n' {
				line++
			}
		}
		if err != nil {
			return line
		}
	}
}
