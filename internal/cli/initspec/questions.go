package initspec

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
)

// questions asks on one stream and reads answers, a line each, from another.
type questions struct {
	ctx     context.Context //nolint:containedctx // it bounds the whole conversation
	answers *bufio.Reader
	out     io.Writer
}

func newQuestions(ctx context.Context, in io.Reader, out io.Writer) *questions {
	return &questions{ctx: ctx, answers: bufio.NewReader(in), out: out}
}

func (q *questions) line(prompt string) (string, error) {
	fmt.Fprint(q.out, prompt+": ")
	answer, err := interrupt.Run(q.ctx, func() (string, error) { return q.answers.ReadString('\n') })
	switch {
	case q.ctx.Err() != nil:
		fmt.Fprintln(q.out)
	case answer == "" && errors.Is(err, io.EOF):
		return "", failure.Usage("answer every question, or use flags", "the answers ended before the questions")
	case errors.Is(err, io.EOF): // behind the last line
		err = nil
	}
	return strings.TrimSpace(answer), err
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
		if answer = cmp.Or(answer, fallback); answer != "" {
			return answer, nil
		}
		fmt.Fprintln(q.out, "an answer is needed")
	}
}

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

// settings asks for configuration of a plugin that does not say what comes first.
func (q *questions) settings(typ string) ([]string, error) {
	fmt.Fprintf(q.out, "Configuration of %s, key=value a line; `plugin describe %s` lists the keys. An empty line ends it.\n", typ, typ)
	var settings []string
	for {
		setting, err := q.line("key=value")
		if err != nil || setting == "" {
			return settings, err
		}
		settings = append(settings, setting)
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
