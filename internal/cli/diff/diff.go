// Package diff is the command that compares Palette with what is rendered.
package diff

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/output"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Options of the command.
type Options struct {
	Invocation *invocation.Invocation
	Run        options.Run
	Lock       options.Lock
	Palette    options.Palette
	Print      options.Print
	// Published compares with what clusters get, in place of the draft.
	Published bool
	// Goal is that of the apply whose outcome is shown.
	Goal  palette.Goal
	Packs []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "diff [PACK...]",
		Short: "Show how cluster profiles differ from what is rendered",
		Long: `Read the cluster profiles that the packs of the spec have as target, and show as a
unified diff how their BYOOS layer would change. Only values that this program owns
count; comments, order and all other keys of the layer stay.

With --published or --new-version it is what apply --publish or --new-version would
leave with clusters, in whole profiles: with --include-draft the unpublished edits of
others too.

Exit code 1 when there is a difference. Without -o the diff is printed; -o json
gives it to machines, and to apply --plan.`,
		Examples: []string{
			"diff",
			"diff aws-east --published",
			"diff --published --include-draft",
			"diff -o json > plan.json",
		},
		Args:   &o.Packs,
		Groups: []options.Group{&o.Run, &o.Lock, &o.Palette, &o.Print},
		Check:  o.validate,
		Run:    o.run,
	}.New(inv, o, run)
	cmd.ValidArgsFunction = o.Run.Spec.CompletePacks(inv)
	flags := cmd.Flags()
	flags.BoolVar(&o.Published, "published", false, "compare with what is published, in place of the draft")
	options.AddGoalFlags(flags, &o.Goal, "show what apply --new-version would publish as this version")
	return cmd
}

func (o *Options) validate() error {
	if o.Goal.IncludeDraft && !o.Published && o.Goal.NewVersion == "" {
		return failure.Usage("add --published, or drop it", "--include-draft goes with --published or --new-version")
	}
	return options.CheckNewVersion(o.Goal.NewVersion)
}

// side is what is compared with, and goal the one of the apply that does it.
func (o *Options) side() (palette.Side, palette.Goal) {
	goal := o.Goal
	goal.Shows = true
	if !o.Published && goal.NewVersion == "" {
		return palette.SideDraft, goal
	}
	goal.Publish = goal.NewVersion == ""
	return palette.SidePublished, goal
}

func (o *Options) run(ctx context.Context) error {
	side, goal := o.side()
	work, err := o.Palette.Plan(ctx, o.Invocation, &o.Run, &o.Lock, o.Packs, goal)
	if err != nil {
		return err
	}
	differences := differencesOf(work.Planned, side)
	if o.Print.Chosen() {
		err = o.Print.List(list(differences))
	} else {
		err = o.printDiffs(differences)
	}
	// What kept a profile from being compared is why a template finds nothing.
	if err := failure.Join(palette.Errors(work.Planned), work.Left, err); err != nil {
		return err
	}
	if slices.ContainsFunc(differences, func(d palette.Difference) bool { return d.Different }) {
		return failure.ErrDifference
	}
	return nil
}

func differencesOf(outcomes []palette.Outcome, side palette.Side) []palette.Difference {
	var differences []palette.Difference
	for _, outcome := range outcomes {
		if outcome.Plan != nil {
			differences = append(differences, outcome.Plan.Difference(side))
		}
	}
	return differences
}

func (o *Options) printDiffs(differences []palette.Difference) error {
	for _, d := range differences {
		for _, note := range d.Notes {
			o.say("note: pack %s: %s", d.Name, note)
		}
		if !d.Different {
			o.say("pack %s: %s is as rendered", d.Name, profileName(d))
			continue
		}
		o.say("pack %s: %s differs; %s", d.Name, profileName(d), d.UsedBy())
		lines := d.Diff
		if o.Invocation.StdoutTerminal {
			lines = text.Harmless(lines)
		}
		if o.Invocation.Color() {
			lines = colored(lines)
		}
		if _, err := io.WriteString(o.Invocation.Out, lines); err != nil {
			return err
		}
	}
	return nil
}

// say writes a line in which names and words of others do nothing to a terminal.
func (o *Options) say(format string, args ...any) {
	fmt.Fprintln(o.Invocation.ErrOut, text.HarmlessLine(fmt.Sprintf(format, args...)))
}

func profileName(d palette.Difference) string {
	return strings.TrimSpace(fmt.Sprintf("profile %q %s", d.Profile, d.ProfileVersion))
}

func names(clusters []palette.Cluster) []string {
	all := make([]string, len(clusters))
	for i, c := range clusters {
		all[i] = c.Name
	}
	return all
}

// colored uses git's colours: bold headers, cyan places, red and green lines.
func colored(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		text := strings.TrimSuffix(line, "\n")
		if code := colorOf(text); code != "" {
			text = "\x1b[" + code + "m" + text + "\x1b[0m"
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

func colorOf(line string) string {
	switch {
	case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		return "1"
	case strings.HasPrefix(line, "@@"):
		return "36"
	case strings.HasPrefix(line, "-"):
		return "31"
	case strings.HasPrefix(line, "+"):
		return "32"
	}
	return ""
}

func list(differences []palette.Difference) output.List {
	return output.NewList("DifferenceList", []output.Column{
		{Name: "PACK"}, {Name: "PROJECT"}, {Name: "PROFILE"}, {Name: "VERSION"}, {Name: "DIFFERENT"}, {Name: "CLUSTERS"}, {Name: "UID", Wide: true},
	}, differences, func(d palette.Difference) (string, []string) {
		return d.Name, []string{
			d.Name, d.Project, d.Profile, d.ProfileVersion, strconv.FormatBool(d.Different), strings.Join(names(d.Clusters), ","), d.ProfileUID,
		}
	})
}
