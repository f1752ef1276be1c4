package schemacheck

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// Read parses one YAML (or JSON) document. A document with problems has no node:
// a problem of the text itself hides what else may be wrong. UTF-8 with or
// without byte order mark and UTF-16 with one are read, with any line ends.
func Read(data []byte) (*Node, []Problem) {
	return ReadWithin(data, Limits{Bytes: MaxBytes, Values: MaxValues})
}

// ReadWithin is Read with other limits, for files that programs write.
func ReadWithin(data []byte, limits Limits) (*Node, []Problem) {
	if problem := textProblem(data, limits.Bytes); problem != nil {
		return nil, []Problem{*problem}
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	root, problem := decode(data)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	r := &resolver{active: map[*yaml.Node]bool{}, maxNodes: limits.Values}
	node := r.resolve(root, "", 0)
	if len(r.problems) > 0 {
		return nil, Sort(r.problems)
	}
	return node, nil
}

// textProblem finds what the YAML library would report less clearly, or not with
// a place.
func textProblem(data []byte, maxBytes int) *Problem {
	if len(data) > maxBytes {
		return &Problem{Line: 1, Column: 1, Message: fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(data), maxBytes)}
	}
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		return nil // UTF-16, as PowerShell's > writes it
	}
	if !utf8.Valid(data) {
		line, column := firstInvalid(data)
		return &Problem{Line: line, Column: column, Message: "the file is not UTF-8", Suggestion: "save it with the encoding UTF-8"}
	}
	return nil
}

func firstInvalid(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return line, column
}

// decode returns the root of the only document.
func decode(data []byte) (*yaml.Node, *Problem) {
	decoder := yaml.NewDecoder(bytes.NewReader(yamledit.Readable(data)))
	var document, next yaml.Node
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, &Problem{Line: 1, Column: 1, Message: "the file is empty"}
	case err != nil:
		return nil, syntaxProblem(err, data)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, &Problem{Line: root.Line, Column: root.Column, Message: "the file is empty"}
	}
	switch err := decoder.Decode(&next); {
	case errors.Is(err, io.EOF):
		return root, nil
	case err != nil:
		return nil, syntaxProblem(err, data)
	case isNull(&next): // a closing --- with nothing after it
		return root, nil
	}
	return nil, &Problem{
		Line: next.Content[0].Line, Column: next.Content[0].Column,
		Message: "a second document begins here", Suggestion: "keep one document in a file; drop the --- or split the file",
	}
}

func isNull(document *yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null"
}

var (
	yamlError  = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	tabIndent  = regexp.MustCompile(`^ *\t`)
	mappingMsg = "mapping values are not allowed in this context"
)

// syntaxProblem gives the YAML library's error a place and a next step.
func syntaxProblem(err error, data []byte) *Problem {
	problem := &Problem{Line: 1, Column: 1, Message: err.Error()}
	if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
		problem.Message = m[2]
		if line, err := strconv.Atoi(m[1]); err == nil {
			problem.Line = line
		}
	}
	lines := strings.Split(string(data), "\n")
	for _, number := range []int{problem.Line, problem.Line + 1} {
		if number > len(lines) || !tabIndent.MatchString(lines[number-1]) {
			continue
		}
		problem.Line, problem.Column = number, strings.Index(lines[number-1], "\t")+1
		problem.Message, problem.Suggestion = "a tab indents this line", "YAML wants spaces"
		return problem
	}
	switch {
	case strings.Contains(problem.Message, "unknown escape character"):
		problem.Suggestion = `in double quotes a backslash begins an escape; use single quotes ('out\file.json') or /`
	case strings.Contains(problem.Message, mappingMsg):
		problem.Suggestion = "quote a value that holds a colon and a space, and check the indentation"
	case strings.Contains(problem.Message, "cannot start any token"):
		problem.Suggestion = "quote a value that begins with @, ` or %"
	}
	return problem
}

const typographic = "\u201C\u201D\u201E\u201F\u2018\u2019\u201A\u201B\u00AB\u00BB\u2033\u2032"

// checkText reports what a word processor or a web page did to plain text: such
// quotes are part of the value, so nothing would ever match it.
func (r *resolver) checkText(n *yaml.Node, path string) {
	text := strings.TrimSpace(n.Value)
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 || text == "" {
		return
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	if strings.ContainsRune(typographic, first) || strings.ContainsRune(typographic, last) {
		r.problem(n.Line, n.Column, path, fmt.Sprintf("%s has typographic quotes, which YAML takes as text", text), `use straight quotes: "`+strings.Trim(text, typographic)+`"`)
		return
	}
	if strings.ContainsAny(n.Value, "\u00A0\u200B\uFEFF") {
		r.problem(n.Line, n.Column, path, fmt.Sprintf("%q holds an invisible character (a no-break or zero-width space)", n.Value), "type it again with plain spaces")
	}
}
