package initspec

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// questions asks on one stream and reads answers, a line each, from another.
type questions struct {
	in  *bufio.Reader
	out io.Writer
}

func newQuestions(in io.Reader, out io.Writer) *questions {
	return &questions{in: bufio.NewReader(in), out: out}
}

func (q *questions) line(prompt string) (string, error) {
	fmt.Fprint(q.out, prompt+": ")
	answer, err := q.in.ReadString('\n')
	if errors.Is(err, io.EOF) && answer == "" {
		return "", failure.Usage("answer every question, or use flags", "the answers ended before the questions")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(answer), nil
}

// text asks until there is an answer, unless there is a fallback.
func (q *questions) text(question, fallback string) (string, error) {
	prompt := question
	if fallback != "" {
		prompt += " [" + fallback + "]"
	}
	for {
		answer, err := q.line(prompt)
		if err != nil {
			return "", err
		}
		if answer == "" {
			answer = fallback
		}
		if answer != "" {
			return answer, nil
		}
		fmt.Fprintln(q.out, "an answer is needed")
	}
}

func (q *questions) optional(question string) (string, error) { return q.line(question) }

// choose asks until the answer is one of the choices.
func (q *questions) choose(question string, choices []string, fallback string) (string, error) {
	for {
		answer, err := q.text(question+" "+strings.Join(choices, "|"), fallback)
		if err != nil {
			return "", err
		}
		if slices.Contains(choices, answer) {
			return answer, nil
		}
		fmt.Fprintf(q.out, "%q is none of %s\n", answer, strings.Join(choices, ", "))
	}
}

// key is one configuration key of a plugin.
type key struct{ Name, Description, Default, Example string }

// question returns what is asked for a key.
func (k key) question() string {
	text := k.Name
	if k.Description != "" {
		text = strings.TrimSuffix(k.Description, ".") + " (" + k.Name + ")"
	}
	if k.Example != "" {
		text += ", such as " + k.Example
	}
	return text
}

// keysToAsk returns the keys that a plugin's schema requires or, when it requires
// none, those that it gives an example for: its way to say what comes first.
func keysToAsk(schema string) []key {
	var s struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Description string `json:"description"`
			Default     any    `json:"default"`
			Examples    []any  `json:"examples"`
		} `json:"properties"`
	}
	if err := json.Unmarshal([]byte(schema), &s); err != nil {
		return nil
	}
	names := slices.Clone(s.Required)
	if len(names) == 0 {
		for name, property := range s.Properties {
			if len(property.Examples) > 0 {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	keys := make([]key, 0, len(names))
	for _, name := range names {
		property := s.Properties[name]
		k := key{Name: name, Description: property.Description}
		if property.Default != nil {
			k.Default = fmt.Sprint(property.Default)
		}
		if len(property.Examples) > 0 {
			k.Example = fmt.Sprint(property.Examples[0])
		}
		keys = append(keys, k)
	}
	return keys
}
