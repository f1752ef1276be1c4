// Package yamldoc is where YAML comes in: it parses one document, says what is wrong
// with its text, with the place and a next step, and resolves what it says into values
// that know where they stand. It is pure: no I/O.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Read parses one YAML (or JSON) document. A document with problems has no node:
// a problem of the text itself hides what else may be wrong. UTF-8 with or
// without byte order mark and UTF-16 with one are read, with any line ends.
func Read(data []byte) (*Node, []Problem) {
	node, _, problems := ReadWithin(data, Limits{Bytes: MaxBytes, Values: MaxValues})
	return node, problems
}

// ReadWithin is Read with other limits, for files that programs write. It returns what
// Parse does too, for what is to be written again.
func ReadWithin(data []byte, limits Limits) (*Node, *yaml.Node, []Problem) {
	if len(data) > limits.Bytes {
		return nil, nil, []Problem{{Line: 1, Column: 1, Message: fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(data), limits.Bytes)}}
	}
	documents, problem := Parse(data)
	var document *yaml.Node
	if problem == nil {
		document, problem = One(documents)
	}
	switch {
	case problem != nil:
		return nil, nil, []Problem{*problem}
	case document == nil:
		return nil, nil, []Problem{{Line: 1, Column: 1, Message: isEmpty}}
	case isNull(document.Content[0]):
		return nil, nil, []Problem{{Line: document.Content[0].Line, Column: document.Content[0].Column, Message: isEmpty}}
	}
	node, problems := resolved(document.Content[0], limits.Values)
	if node == nil {
		return nil, nil, problems
	}
	return node, document, nil
}

// Of returns a value as Read would return what encoding/json writes of it. Its nodes
// have no lines, and columns that tell their order.
func Of(value any) (*Node, []Problem) {
	root, err := NodeOf(value, func(string) bool { return true })
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	return resolved(root, MaxValues)
}

func resolved(root *yaml.Node, values int) (*Node, []Problem) {
	r := &resolver{active: map[*yaml.Node]bool{}, maxNodes: values}
	node := r.resolve(&Node{}, root, 0)
	if len(r.problems) > 0 {
		return nil, Sort(r.problems)
	}
	return node, nil
}

const isEmpty = "the file is empty"

// Parse returns the documents of a text. Duplicate keys are no problem of it.
func Parse(data []byte) ([]*yaml.Node, *Problem) {
	if problem := encodingProblem(data); problem != nil {
		return nil, problem
	}
	documents, err := parse(data)
	if err != nil {
		return nil, syntaxProblem(err, data)
	}
	return documents, nil
}

func parse(data []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(Readable(data)))
	var documents []*yaml.Node
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		}
		documents = append(documents, &document)
	}
}

// One returns the only document of a text, nil when there is none. Behind it may be
// others without a value, as a last --- starts one.
func One(documents []*yaml.Node) (*yaml.Node, *Problem) {
	if len(documents) == 0 {
		return nil, nil
	}
	for _, document := range documents[1:] {
		if next := document.Content[0]; !isNull(next) {
			return nil, &Problem{
				Line: next.Line, Column: next.Column, Message: "a second document begins here",
				Suggestion: "keep one document in a file; drop the --- or split the file",
			}
		}
	}
	return documents[0], nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// encodingProblem finds what the YAML library reports without a place.
func encodingProblem(data []byte) *Problem {
	if isUTF16(data) || utf8.Valid(data) {
		return nil
	}
	line, column := firstInvalid(bytes.TrimPrefix(data, []byte(bom)))
	return &Problem{Line: line, Column: column, Message: "the file is not UTF-8", Suggestion: "save it with the encoding UTF-8"}
}

// isUTF16 tells a text as PowerShell's > writes it.
func isUTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF"))
}

const bom = "\uFEFF"

// firstInvalid is the place of what is no UTF-8 in a text that has such.
func firstInvalid(data []byte) (line, column int) {
	line, column = 1, 1
	for {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			return line, column
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
}

// yaml12 is the directive of YAML 1.2, which the parser does not know. It reads
// that version as it reads any text without a directive.
var yaml12 = regexp.MustCompile(`^(\x{feff}?(?:[ \t]*(?:#[^\r\n]*)?\r?\n|%[^\r\n]*\r?\n)*?%YAML[ \t]+1\.)2([ \t]*(?:#[^\r\n]*)?\r?\n)`)

// Readable returns a text as the YAML library takes it, of the same length.
func Readable(src []byte) []byte {
	return yaml12.ReplaceAll(src, []byte("${1}1${2}"))
}

var (
	yamlError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?((?s:.*))$`)
	// misplaced are the library's errors of a character where it stands, and sign is each
	// such character in ASCII.
	misplaced = regexp.MustCompile(`a tab character|cannot start any token`)
	sign      = regexp.MustCompile("([\t@`%|>])")
	// unknownAnchor has no line, as the library does not tell it.
	unknownAnchor = regexp.MustCompile(`unknown anchor '([\w-]+)' referenced`)
	lineEnd       = regexp.MustCompile(`\r\n|[\n\r\x{85}\x{2028}\x{2029}]`) // as the library counts lines
)

// syntaxProblem gives the YAML library's error a place and a next step.
func syntaxProblem(err error, data []byte) *Problem {
	m := yamlError.FindStringSubmatch(err.Error())
	problem := &Problem{Line: 1, Column: 1, Message: m[2]}
	if line, err := strconv.Atoi(m[1]); err == nil {
		problem.Line = line
	}
	anchor := unknownAnchor.FindStringSubmatch(problem.Message)
	switch {
	case anchor != nil:
		// An alias may be a key, which is known by its colon.
		problem.refused(data, regexp.MustCompile(`(\*`+anchor[1]+`)(?:[^\w-]|$)`), unknownAnchor, "", " :")
	case misplaced.MatchString(problem.Message):
		problem.explain(problem.refused(data, sign, misplaced, ""))
	case strings.Contains(problem.Message, "unknown escape character"):
		problem.Suggestion = `in double quotes a backslash begins an escape; use single quotes ('out\file.json') or /`
	case strings.Contains(problem.Message, "mapping values are not allowed in this context"):
		problem.Suggestion = "quote a value that holds a colon and a space, and check the indentation"
	}
	return problem
}

// explain says what the character is that is refused, by its line up to and with it.
func (p *Problem) explain(line string) {
	switch before, isTab := strings.CutSuffix(line, "\t"); {
	case isTab && strings.Trim(before, " ") == "":
		p.Message, p.Suggestion = "a tab indents this line", "YAML wants spaces"
	case isTab:
		p.Message, p.Suggestion = "a tab stands here", "YAML wants spaces"
	case line != "" && strings.ContainsAny(line[len(line)-1:], "@`%"):
		p.Suggestion = "quote a value that begins with @, ` or %"
	}
}

// refused sets the place of what the library refuses, which is not above the line that it
// told: it ends the shortest text that has the error, as it is or with what may follow. It
// returns its line up to there; none where the place is not found. UTF-16 is not searched.
func (p *Problem) refused(data []byte, what, as *regexp.Regexp, ends ...string) string {
	if isUTF16(data) {
		return ""
	}
	above := 0
	if lines := lineEnd.FindAllIndex(data, p.Line-1); len(lines) > 0 {
		above = lines[len(lines)-1][1]
	}
	places := what.FindAllSubmatchIndex(data[above:], -1)
	first := sort.Search(len(places), func(i int) bool {
		text := data[:above+places[i][3]]
		return slices.ContainsFunc(ends, func(end string) bool {
			_, err := parse(slices.Concat(text, []byte(end)))
			return err != nil && as.MatchString(err.Error())
		})
	})
	if first == len(places) {
		return ""
	}
	text := strings.TrimPrefix(string(data[:above+places[first][3]]), bom)
	lines := lineEnd.Split(text, -1)
	line := lines[len(lines)-1]
	p.Line, p.Column = len(lines), utf8.RuneCountInString(line)-(places[first][3]-places[first][2])+1
	return line
}
