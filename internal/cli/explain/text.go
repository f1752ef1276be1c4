package explain

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// maxListed is how many images of a block a person is shown; -o json has all.
const maxListed = 50

func printText(items []pipeline.Explanation, out io.Writer) error {
	for i, item := range items {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := printItem(item, out); err != nil {
			return err
		}
	}
	return nil
}

func printItem(item pipeline.Explanation, out io.Writer) error {
	fmt.Fprintf(out, "%s (%s): %s\n", item.Name, item.Pack, text.HarmlessLine(headline(item)))
	for _, block := range []struct {
		title string
		rows  [][]string
	}{{"", fieldRows(item)}, {"image", factRows(item)}, {"order", rankedRows(item)}, {"dropped", droppedRows(item)}, {"merged", mergedRows(item)}} {
		if err := printBlock(block.title, block.rows, out); err != nil {
			return err
		}
	}
	for _, note := range item.Notes {
		fmt.Fprintf(out, "  note: %s\n", text.HarmlessLine(note))
	}
	return nil
}

// printBlock aligns the rows of one block by themselves: the next has other
// columns.
func printBlock(title string, rows [][]string, out io.Writer) error {
	if len(rows) > 0 && title != "" {
		fmt.Fprintf(out, "  %s:\n", title)
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = text.HarmlessLine(cell)
		}
		fmt.Fprintf(w, "    %s\n", strings.Join(cells, "\t"))
	}
	return w.Flush()
}

func fieldRows(item pipeline.Explanation) [][]string {
	rows := make([][]string, len(item.Fields))
	for i, field := range item.Fields {
		rows[i] = []string{field.Path, field.Value, provenance(field.Provenance)}
	}
	return rows
}

// factRows are what is known of the picked image beside what is rendered of it, and
// what another source told than the one that has it.
func factRows(item pipeline.Explanation) [][]string {
	if item.Picked == nil {
		return nil
	}
	var rows [][]string
	add := func(name, path, value string) {
		if value != "" {
			rows = append(rows, []string{name, value, provenance(item.Picked.Provenance[path])})
		}
	}
	picked := item.Picked
	add("architecture", "architecture", picked.Architecture)
	for _, fact := range []struct{ path, value string }{
		{"createdAt", created(picked)}, {"state", string(picked.State)}, {"version", picked.Version}, {"owner", picked.Owner},
		{"kubernetesVersion", picked.KubernetesVersion}, {"digest", picked.Digest},
	} {
		if picked.Provenance[fact.path].Source != "" {
			add(fact.path, fact.path, fact.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(picked.Attributes)) {
		add(name, "attributes."+name, picked.Attributes[name])
	}
	return rows
}

func rankedRows(item pipeline.Explanation) [][]string {
	rows := make([][]string, len(item.Ranked))
	for i, img := range item.Ranked {
		row := []string{fmt.Sprintf("%d.", i+1), img.ID, created(img), source(img.Source, img.Name)}
		if standing := item.Standing(img); standing != "" {
			row = append(row, standing)
		}
		rows[i] = row
	}
	return limited(rows)
}

func droppedRows(item pipeline.Explanation) [][]string {
	rows := make([][]string, len(item.Dropped))
	for i, drop := range item.Dropped {
		rows[i] = []string{cmp.Or(drop.Image.ID, "<none>"), source(drop.Image.Source, drop.Image.Name), drop.Rule, drop.Reason}
	}
	return limited(rows)
}

// mergedRows are the images that were found more than once, with who withholds them
// and what the sources do not agree on.
func mergedRows(item pipeline.Explanation) [][]string {
	rows := make([][]string, len(item.Merged))
	for i, merge := range item.Merged {
		words := append(slices.Clone(merge.Withheld), merge.Contradictions...)
		rows[i] = []string{merge.ID, merge.Region, "found by " + strings.Join(merge.Sources, ", "), strings.Join(words, "; ")}
	}
	return limited(rows)
}

// limited keeps a person from thousands of rows.
func limited(rows [][]string) [][]string {
	if len(rows) <= maxListed {
		return rows
	}
	return append(rows[:maxListed:maxListed], []string{fmt.Sprintf("and %d more; -o json has all", len(rows)-maxListed)})
}

func headline(item pipeline.Explanation) string {
	switch {
	case item.Error != "" && item.Picked == nil:
		return fmt.Sprintf("no pick among %d found", item.Candidates)
	case item.Picked == nil:
		return "needs no image"
	case item.Lock != "":
		return item.Picked.ID + ", from " + item.Lock
	}
	text := fmt.Sprintf("%s, of %d that fit among %d found", item.Picked.ID, len(item.Ranked), item.Candidates)
	if item.DecidedBy != "" {
		text += ", decided by " + item.DecidedBy
	}
	return text
}

func created(img *image.Image) string {
	if img.CreatedAt == nil {
		return "created at an unknown time"
	}
	return img.CreatedAt.UTC().Format(time.RFC3339)
}

func source(name, imageName string) string {
	if imageName == "" {
		return name
	}
	return name + "/" + imageName
}

// provenance reads like "from custom_data distro_name (RHEL)".
func provenance(p image.Provenance) string {
	text := "from " + p.From
	switch {
	case p.From == "" && p.Source == "":
		return ""
	case p.From == "":
		return "from source " + p.Source
	}
	if p.Key != "" {
		text += " " + p.Key
	}
	if p.Source != "" {
		text += " of source " + p.Source
	}
	if p.Raw != "" {
		text += fmt.Sprintf(" (%q)", p.Raw)
	}
	return text
}
