// Package lint finds what is wrong with BYOOS pack values that exist: in a
// values file, in the fenced blocks of a Markdown page, in a cluster profile's
// JSON. It is pure: bytes in, findings out. docs/lint.md lists the rules.
package lint

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// Severity of a finding.
type Severity string

// An error makes the pack fail or mean something else; a warning is likely not
// meant.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Rule names a kind of finding.
type Rule string

// Rules. The names are API: docs/lint.md.
const (
	RuleSyntax           Rule = "syntax"
	RuleTypographicQuote Rule = "typographic-quote"
	RuleNoBreakSpace     Rule = "no-break-space"
	RuleInvisible        Rule = "invisible-character"
	RuleTab              Rule = "tab"
	RuleUnquotedMacro    Rule = "unquoted-macro"
	RuleMacroBraces      Rule = "macro-braces"
	RuleMacroName        Rule = "macro-name"
	RuleUndefinedMacro   Rule = "undefined-macro"
	RuleDuplicateKey     Rule = "duplicate-key"
	RuleUnknownKey       Rule = "unknown-key"
	RuleMisplacedKey     Rule = "misplaced-key"
	RuleMissingKey       Rule = "missing-key"
	RuleWrongType        Rule = "wrong-type"
	RuleImageID          Rule = "image-id"
	RuleImageReference   Rule = "image-reference"
	RuleEmptyTagPart     Rule = "empty-tag-part"
	RulePlaceholder      Rule = "placeholder"
	RulePackCloud        Rule = "pack-cloud"
	RuleUnknownPack      Rule = "unknown-pack"
)

// Input is one text to lint.
type Input struct {
	// Name of the file, whose ending says what it is: values, or a Markdown page. Of
	// other names, and of a profile, the content does.
	Name string
	Data []byte
	// Pack that the values are for; found out from the content when empty.
	Pack spec.PackKind
	// Cloud that the values are for: aws, azure, gcp, vsphere, edge-native, or
	// another cloud type of Palette; that of a profile when empty.
	Cloud string
	// Refuse are kinds of documents that are not to be linted: OtherKindError.
	Refuse []string
}

// OtherKindError tells of a document whose kind the input refuses.
type OtherKindError struct{ Kind string }

func (e *OtherKindError) Error() string { return "this is a document of kind " + e.Kind }

// Finding is one thing that is wrong.
type Finding struct {
	Rule     Rule     `json:"rule"`
	Severity Severity `json:"severity"`
	// Line and Column are counted from 1, the column in characters.
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	// Fix is what removes the finding; nil when the right text cannot be known.
	Fix []Replacement `json:"fix,omitempty"`
}

// Replacement stands for the bytes from Start up to End.
type Replacement struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Lint returns what is wrong with a text, in its order. An error means that the
// text is of no kind that can be linted.
func Lint(in Input) ([]Finding, error) {
	if !utf8.Valid(in.Data) {
		return nil, fmt.Errorf("%s: the text is not valid UTF-8; save it as UTF-8", in.Name)
	}
	blocks, err := blocksOf(in)
	if err != nil {
		return nil, err
	}
	lines := newLines(in.Data)
	var findings []Finding
	for _, b := range blocks {
		if kind := b.declared(); slices.Contains(in.Refuse, kind) {
			if b.page {
				continue // it shows more than values
			}
			return nil, &OtherKindError{Kind: kind}
		}
		hits := b.lint()
		slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.at, b.at) })
		findings = append(findings, b.findings(hits, lines)...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return findings, nil
}

// MaxRounds is how often a text is linted and fixed at most until nothing is left
// to fix: correcting one misspelling can bring another to light.
const MaxRounds = 10

// Fix returns data with the findings' fixes applied and every other byte as it
// was. Of fixes that overlap only the first is applied. Findings of other data
// are an error.
func Fix(data []byte, findings []Finding) ([]byte, error) {
	var chosen replacements
	for _, f := range findings {
		chosen.addAll(f.Fix)
	}
	at := 0
	for _, r := range chosen {
		if r.Start < at || r.End < r.Start || r.End > len(data) {
			return nil, fmt.Errorf("a fix for bytes %d to %d does not belong to this text", r.Start, r.End)
		}
		at = r.End
	}
	return spliced(data, chosen).text, nil
}

// replacements are in order and do not overlap.
type replacements []Replacement

// addAll adds all of some, or none when one of them overlaps what is there.
func (all *replacements) addAll(some []Replacement) bool {
	for _, r := range some {
		if all.overlap(r) {
			return false
		}
	}
	for _, r := range some {
		i, _ := slices.BinarySearchFunc(*all, r, inOrder)
		for i < len(*all) && inOrder((*all)[i], r) == 0 {
			i++
		}
		*all = slices.Insert(*all, i, r)
	}
	return true
}

// inOrder puts what is inserted before what is replaced at the same place.
func inOrder(a, b Replacement) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

func (all *replacements) overlap(r Replacement) bool {
	i, _ := slices.BinarySearchFunc(*all, r, inOrder)
	if i > 0 && (*all)[i-1].End > r.Start {
		return true
	}
	for ; i < len(*all) && (*all)[i].Start <= max(r.End-1, r.Start); i++ {
		if other := (*all)[i]; overlaps(r, other) {
			return true
		}
	}
	return false
}

func overlaps(a, b Replacement) bool {
	if a.Start == a.End && b.Start == b.End {
		return a == b
	}
	return a.Start < b.End && b.Start < a.End
}

// hit is a finding in offsets of the view that it is about.
type hit struct {
	rule     Rule
	severity Severity
	at       int
	message  string
	fix      []Replacement
	// places are what the fix changes in the tree.
	places []place
}

// lint runs all rules over one block, in stages: what hides the structure, the
// values, the data. Each reads the text as it is with the repairs of those before
// it, so that one run tells all.
func (b *block) lint() []hit {
	doc, err := b.parse()
	first := view{text: b.text, doc: doc}
	s := stages{last: first}
	isYAML := err == nil && first.indented() == 0 || s.repair(b, err)
	if isYAML {
		for _, rules := range []func(view) []hit{hidden, values} {
			hits := rules(s.last)
			s.take(hits, s.last.prove(hits))
		}
	}
	if b.kind == "" {
		b.kind = kindOf(s.last)
	}
	if b.page && !b.wanted() {
		return nil
	}
	if isYAML {
		hits := b.data(s.last)
		s.take(hits, s.last.prove(hits))
	}
	return s.settle(first)
}

// stages collects what the stages find, in the first text's offsets.
type stages struct {
	last  view
	hits  [][]hit
	texts [][]byte
}

func (s *stages) take(hits []hit, next view) {
	moved := make([]hit, len(hits))
	for i, h := range hits {
		h.at = s.last.source(h.at)
		fix := h.fix
		h.fix = nil
		for _, r := range fix {
			h.fix = append(h.fix, Replacement{s.last.source(r.Start), s.last.source(r.End), r.Text})
		}
		moved[i] = h
	}
	s.hits = append(s.hits, moved)
	s.texts = append(s.texts, next.text)
	s.last = next
}

// settle returns all hits. Where fixes of two stages meet, so that together they
// do not give the text that was proven, those of the later one wait for the next
// round.
func (s *stages) settle(first view) []hit {
	for n := len(s.hits); n > 0; n-- {
		all := slices.Concat(s.hits[:n]...)
		slices.SortStableFunc(all, func(a, b hit) int { return cmp.Compare(a.at, b.at) })
		var chosen replacements
		for _, h := range all {
			chosen.addAll(h.fix)
		}
		if len(chosen) == 0 || bytes.Equal(spliced(first.text, chosen).text, s.texts[n-1]) {
			break
		}
		for i := range s.hits[n-1] {
			s.hits[n-1][i].fix = nil
		}
	}
	return slices.Concat(s.hits...)
}

func (b *block) syntax(err error) hit {
	h := hit{rule: RuleSyntax, severity: Error, message: err.Error()}
	var e *yamldoc.Problem
	if errors.As(err, &e) {
		h.message = e.Message
		h.at = offset(b.text, e.Line, max(e.Column, 1))
	}
	return h
}

// findings translates hits into the source's offsets.
func (b *block) findings(hits []hit, lines *lines) []Finding {
	findings := make([]Finding, 0, len(hits))
	for _, h := range hits {
		f := Finding{Rule: h.rule, Severity: h.severity, Message: b.label + h.message}
		f.Line, f.Column = lines.position(b.source(h.at))
		for _, r := range h.fix {
			f.Fix = append(f.Fix, Replacement{Start: b.source(r.Start), End: b.source(r.End), Text: b.escaped(r.Text)})
		}
		findings = append(findings, f)
	}
	return findings
}
