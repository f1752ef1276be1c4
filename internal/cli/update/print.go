package update

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

func list(changes []pipeline.Change) output.List {
	l := output.NewList("ChangeList", []output.Column{
		{Name: "PACK"}, {Name: "REASON"}, {Name: "OLD"}, {Name: "NEW"}, {Name: "REGION"}, {Name: "ARCH"}, {Name: "OS"}, {Name: "KUBERNETES"},
		{Name: "OLD-CREATED", Wide: true}, {Name: "NEW-CREATED", Wide: true},
	}, changes, func(c pipeline.Change) (string, []string) {
		ids, times := []string{c.Pack, c.Reason, id(c, c.Old), id(c, c.New)}, []string{created(c.Old), created(c.New)}
		return c.Pack, slices.Concat(ids, facts(c), times)
	})
	l.Own = map[string]func(io.Writer) error{formatMarkdown: func(out io.Writer) error { return printMarkdown(changes, out) }}
	return l
}

// printMarkdown prints a table for the text of a pull request.
func printMarkdown(changes []pipeline.Change, out io.Writer) error {
	if len(changes) == 0 {
		_, err := fmt.Fprintln(out, "No image changes.")
		return err
	}
	var b strings.Builder
	b.WriteString("| pack | reason | old | new | region | architecture | OS | Kubernetes |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range changes {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |", plain(c.Pack), c.Reason, cell(c, c.Old), cell(c, c.New))
		for _, fact := range facts(c) {
			fmt.Fprintf(&b, " %s |", plain(fact))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// facts are what a review looks for beside the id, of both sides.
func facts(c pipeline.Change) []string {
	return []string{
		step(c, func(i *image.Image) string { return i.Region }), step(c, func(i *image.Image) string { return i.Architecture }),
		step(c, func(i *image.Image) string { return i.OS.String() }), step(c, func(i *image.Image) string { return i.KubernetesVersion }),
	}
}

// step shows a fact of both sides, once when it stays.
func step(c pipeline.Change, of func(*image.Image) string) string {
	var before, after string
	if c.Old != nil {
		before = of(c.Old)
	}
	if c.New != nil {
		after = of(c.New)
	}
	switch {
	case c.New == nil:
		return before
	case c.Old == nil, before == after:
		return after
	}
	return cmp.Or(before, "unknown") + " -> " + cmp.Or(after, "unknown")
}

func cell(c pipeline.Change, img *image.Image) string {
	if img == nil {
		return ""
	}
	text := code(id(c, img))
	if at := created(img); at != "" {
		text += " " + at
	}
	return text
}

// code is words as a code span in a table: with more backticks around it than in it
// (CommonMark, "Code spans"), and no bar that would end the cell.
func code(words string) string {
	words = strings.ReplaceAll(text.HarmlessLine(words), "|", `\|`)
	fence := "`"
	for strings.Contains(words, fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + words + fence
	}
	return fence + " " + words + " " + fence
}

// plain is text that is no markdown.
func plain(words string) string {
	return strings.NewReplacer("\\", `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "<", "&lt;", "@", "&#64;").Replace(text.HarmlessLine(words))
}

// id names one side. A tag that was pushed again is the same but for its digest.
func id(c pipeline.Change, img *image.Image) string {
	switch {
	case img == nil:
		return ""
	case c.Old != nil && c.New != nil && c.Old.ID == c.New.ID && c.Old.Digest != c.New.Digest && img.Digest != "":
		return img.ID + "@" + img.Digest
	}
	return img.ID
}

func created(img *image.Image) string {
	if img == nil || img.CreatedAt == nil {
		return ""
	}
	return img.CreatedAt.UTC().Format(time.RFC3339)
}
