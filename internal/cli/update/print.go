package update

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
)

func list(changes []Change) output.List {
	l := output.List{
		Kind: "ChangeList",
		Table: output.Table{Columns: []output.Column{
			{Name: "PACK"}, {Name: "REASON"}, {Name: "OLD"}, {Name: "NEW"},
			{Name: "OLD-CREATED", Wide: true}, {Name: "NEW-CREATED", Wide: true},
		}},
	}
	for _, c := range changes {
		l.Items = append(l.Items, c)
		l.Names = append(l.Names, c.Pack)
		l.Table.Rows = append(l.Table.Rows, []string{c.Pack, c.Reason, id(c.Old), id(c.New), created(c.Old), created(c.New)})
	}
	return l
}

// printMarkdown prints a table for the text of a pull request.
func printMarkdown(changes []Change, out io.Writer) error {
	if len(changes) == 0 {
		_, err := fmt.Fprintln(out, "No image changes.")
		return err
	}
	var b strings.Builder
	b.WriteString("| pack | reason | old | new |\n| --- | --- | --- | --- |\n")
	for _, c := range changes {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Pack, c.Reason, cell(c.Old), cell(c.New))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func cell(img *image.Image) string {
	if img == nil {
		return ""
	}
	text := "`" + output.Harmless(img.ID) + "`"
	if at := created(img); at != "" {
		text += " " + at
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

func id(img *image.Image) string {
	if img == nil {
		return ""
	}
	return img.ID
}

func created(img *image.Image) string {
	if img == nil || img.CreatedAt == nil {
		return ""
	}
	return img.CreatedAt.UTC().Format(time.RFC3339)
}
