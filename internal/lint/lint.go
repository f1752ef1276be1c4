// Package lint finds what is wrong with BYOOS pack values that exist: in a
// values file, in the fenced blocks of a Markdown page, in a cluster profile's
// JSON. It is pure: bytes in, findings out. docs/lint.md lists the rules.
package lint

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
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
	// File is the name of the input.
	File string `json:"file"`
	// Line and Column are counted from 1, the column in characters.
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	Rule     Rule     `json:"rule"`
	Message  string   `json:"message"`
	// Fixable says that the right text is known.
	Fixable bool `json:"fixable"`
}

// Result is what is wrong with a text, in its order.
type Result struct {
	Findings []Finding
	// Text is the input's with what could be fixed, and every other byte as it was.
	Text []byte
	// Fixed is how many findings Fix left fewer.
	Fixed int
}

// maxRounds is how often a text is fixed at most.
const maxRounds = 10

// Fix fixes until nothing is left that can be, as correcting one misspelling can bring
// another to light.
func Fix(in Input) (Result, error) {
	result, err := Lint(in)
	found := len(result.Findings)
	for range maxRounds {
		if err != nil || bytes.Equal(result.Text, in.Data) {
			break
		}
		in.Data = result.Text
		result, err = Lint(in)
	}
	return Result{result.Findings, in.Data, found - len(result.Findings)}, err
}

// Lint fixes a text once, and tells what was wrong with it. An error means that it is of
// no kind that can be linted.
func Lint(in Input) (Result, error) {
	if !utf8.Valid(in.Data) {
		return Result{}, fmt.Errorf("%s: the text is not valid UTF-8; save it as UTF-8", in.Name)
	}
	blocks, err := blocksOf(in)
	if err != nil {
		return Result{}, err
	}
	var all []hit
	var changes replacements
	for _, b := range blocks {
		if kind := b.declared(); slices.Contains(in.Refuse, kind) {
			if b.page {
				continue // it shows more than values
			}
			return Result{}, &OtherKindError{Kind: kind}
		}
		hits, fixed := b.lint()
		for _, h := range hits {
			h.at, h.message = b.source(h.at), b.label+h.message
			all = append(all, h)
		}
		for _, r := range fixed.changes() {
			changes = append(changes, replacement{b.source(r.start), b.source(r.end), b.escaped(r.text)})
		}
	}
	slices.SortStableFunc(all, func(a, b hit) int { return cmp.Compare(a.at, b.at) })
	var findings []Finding
	places := positions(in.Data)
	for _, h := range all {
		at := places[h.at]
		findings = append(findings, Finding{in.Name, at.line, at.column, h.severity, h.rule, h.message, h.fix != nil})
	}
	return Result{Findings: findings, Text: whole(in.Data).spliced(changes).text}, nil
}

// replacement stands for the bytes from start up to end.
type replacement struct {
	start, end int
	text       string
}

type replacements []replacement

// inOrder puts what is inserted before what is replaced at the same place.
func inOrder(a, b replacement) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
}

// hit is a finding in offsets of the view that it is about.
type hit struct {
	rule     Rule
	severity Severity
	at       int
	message  string
	// fix is what removes the finding; nil when the right text cannot be known.
	fix []replacement
	// place is what the fix changes in the tree.
	place place
}

// work is what the stages found, and the view that they made.
type work struct {
	view
	hits []hit
}

// take adds what a stage found, in the first text's offsets, and goes on with its view.
func (w *work) take(hits []hit, next view) {
	for _, h := range hits {
		h.at = w.source(h.at)
		w.hits = append(w.hits, h)
	}
	w.view = next
}

// lint runs all rules over one block, in stages: what hides the structure, the
// values, the data. Each reads the text as it is with the repairs of those before
// it, so that one run tells all.
func (b *block) lint() ([]hit, traced) {
	w := work{view: view{whole(b.text), b.doc}}
	isYAML := w.repair(b.err)
	if isYAML {
		for _, rules := range []func(view) []hit{hidden, values} {
			hits := rules(w.view)
			w.take(hits, w.prove(hits))
		}
	}
	if b.kind == "" {
		b.kind = kindOf(w.view, spec.PackKinds())
	}
	if b.page && !b.wanted() {
		return nil, traced{}
	}
	if isYAML {
		hits := b.data(w.view)
		w.take(hits, w.prove(hits))
	}
	return w.hits, w.traced
}
