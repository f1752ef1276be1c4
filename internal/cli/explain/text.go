package explain

import (
	"fmt"
	"io"
	"time"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// maxListed is how many dropped images a person is shown; -o json has all.
const maxListed = 50

func printText(items []Item, out io.Writer) error {
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

func printItem(item Item, out io.Writer) error {
	w := printers.GetNewTabWriter(out)
	fmt.Fprintf(w, "%s (%s): %s\n", item.Name, item.Pack, headline(item))
	for _, field := range item.Fields {
		fmt.Fprintf(w, "    %s\t%s\t%s\n", field.Path, field.Value, provenance(field.Provenance))
	}
	// A tab writer aligns a block; the next has other columns.
	if err := w.Flush(); err != nil {
		return err
	}
	if len(item.Ranked) > 0 {
		fmt.Fprintln(w, "  order:")
	}
	for i, img := range item.Ranked {
		fmt.Fprintf(w, "    %d.\t%s\t%s\t%s\t%s\n", i+1, img.ID, created(img), source(img.Source, img.Name), mark(item, img))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(item.Dropped) > 0 {
		fmt.Fprintln(w, "  dropped:")
	}
	for i, drop := range item.Dropped {
		if i == maxListed {
			fmt.Fprintf(w, "    and %d more; -o json has all\n", len(item.Dropped)-maxListed)
			break
		}
		fmt.Fprintf(w, "    %s\t%s\t%s\t%s\n", nonEmpty(drop.Image.ID), source(drop.Image.Source, drop.Image.Name), drop.Rule, drop.Reason)
	}
	for _, note := range item.Notes {
		fmt.Fprintf(w, "  note: %s\n", note)
	}
	return w.Flush()
}

func headline(item Item) string {
	switch {
	case item.Error != "" && item.Picked == nil:
		return fmt.Sprintf("no pick among %d candidates", item.Candidates)
	case item.Picked == nil:
		return "needs no image"
	case item.Lock != "":
		return item.Picked.ID + ", from " + item.Lock
	}
	text := fmt.Sprintf("%s, 1 of %d that fit, %d candidates", item.Picked.ID, len(item.Ranked), item.Candidates)
	if item.DecidedBy != "" {
		text += ", decided by " + item.DecidedBy
	}
	return text
}

func mark(item Item, img image.Image) string {
	if item.Picked != nil && img.ID == item.Picked.ID && img.Region == item.Picked.Region {
		return "picked"
	}
	for _, tied := range item.Tied {
		if tied.ID == img.ID && tied.Region == img.Region {
			return "created at the same time"
		}
	}
	return ""
}

func created(img image.Image) string {
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

func nonEmpty(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

// provenance reads like "from custom_data distro_name (RHEL)".
func provenance(p image.Provenance) string {
	if p.From == "" {
		return ""
	}
	text := "from " + p.From
	if p.Key != "" {
		text += " " + p.Key
	}
	if p.Raw != "" {
		text += fmt.Sprintf(" (%q)", p.Raw)
	}
	return text
}
