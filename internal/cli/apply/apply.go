// Package apply is the command that puts rendered values into Palette.
package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	Goal       palette.Goal
	DryRun     string
	// Yes publishes without a question.
	Yes bool
	// Plan is a file that `diff -o json` wrote.
	Plan  string
	Packs []string
}

// NewCommand returns the command; run is nil, or what a test runs in its place.
func NewCommand(inv *invocation.Invocation, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Invocation: inv}
	cmd := options.Command[Options]{
		Use:   "apply [PACK...]",
		Short: "Put the rendered values into cluster profiles",
		Long: `Change the BYOOS layer of the cluster profiles that the packs of the spec have as
target. The layer's other keys, comments and order stay, and no other layer is sent.

Without a flag the change is left as a draft, which no cluster gets. --publish makes
it current, after a question that names profiles and clusters; a script answers it
with --yes. --new-version clones the profile, changes the clone and publishes that.
A profile or layer that is not there is made when the target says create: true.

Each profile is read before and after the change. When somebody else changed it in
between, or since the diff that --plan names, the apply stops. An apply that was
interrupted is finished by running it again; one that has nothing to change writes
nothing.`,
		Examples: []string{
			"apply",
			"apply --dry-run=server",
			"apply aws-east --publish",
			"apply --publish --yes",
			"apply --new-version 1.3.0",
			"diff -o json > plan.json; " + inv.DisplayName() + " apply --plan plan.json --publish --yes",
		},
		Args:   &o.Packs,
		Groups: []options.Group{&o.Run, &o.Lock, &o.Palette, &o.Print},
		Check:  o.validate,
		Run:    o.run,
	}.New(inv, o, run)
	cmd.ValidArgsFunction = o.Run.Spec.CompletePacks(inv)
	flags := cmd.Flags()
	flags.BoolVar(&o.Goal.Publish, "publish", false, "make the change current, in place of leaving a draft")
	options.AddGoalFlags(flags, &o.Goal, "clone the profile to this version, change and publish that")
	flags.BoolVar(&o.Goal.OSLayerAlone, "os-layer-alone", false, "publish a profile that has no layer but the OS layer")
	flags.BoolVar(&o.Yes, "yes", false, "publish without asking, as in a script")
	flags.StringVar(&o.DryRun, "dry-run", string(palette.DryRunNone),
		"none|client|server: client sends nothing but reads, server has Palette validate the values as well")
	flags.StringVar(&o.Plan, "plan", "", "apply only what this file, written by diff -o json, shows")
	return cmd
}

func dryRuns() []string {
	return []string{string(palette.DryRunNone), string(palette.DryRunClient), string(palette.DryRunServer)}
}

func (o *Options) validate() error {
	if err := options.CheckNewVersion(o.Goal.NewVersion); err != nil {
		return err
	}
	switch {
	case !slices.Contains(dryRuns(), o.DryRun):
		return failure.Usage("use one of "+strings.Join(dryRuns(), ", "), "unknown --dry-run %q", o.DryRun)
	case o.Goal.Publish && o.Goal.NewVersion != "":
		return failure.Usage("drop --publish", "--new-version publishes the new version already")
	case o.Goal.IncludeDraft && !o.Goal.Publish && o.Goal.NewVersion == "":
		return failure.Usage("add --publish, or drop it", "--include-draft goes with --publish or --new-version")
	case o.Goal.OSLayerAlone && !o.Goal.Publish:
		return failure.Usage("add --publish, or drop it", "--os-layer-alone goes with --publish")
	case o.mustAsk() && !o.canAsk():
		return failure.Usage("add --yes", "--publish asks before clusters get the change, and there is no terminal to ask on")
	}
	return nil
}

func (o *Options) run(ctx context.Context) error {
	shown, err := o.loadPlan(ctx)
	if err != nil {
		return err
	}
	work, err := o.Palette.Plan(ctx, o.Invocation, &o.Run, &o.Lock, o.Packs, o.Goal)
	if err != nil {
		return err
	}
	if err := o.confirm(ctx, work.Planned); err != nil {
		return err
	}
	// A person may take any time to answer.
	limited, cancel := context.WithTimeout(ctx, o.Palette.Timeout-work.Spent)
	defer cancel()
	outcomes := work.Client.ApplyAll(limited, work.Planned, o.Palette.Parallel, func(t palette.Target) (palette.Options, error) {
		return o.applyOptions(t, shown)
	})
	return failure.Join(palette.Errors(outcomes), work.Left, o.print(outcomes))
}

func (o *Options) applyOptions(t palette.Target, shown map[string]palette.Difference) (palette.Options, error) {
	chosen := palette.Options{DryRun: palette.DryRun(o.DryRun)}
	if shown == nil {
		return chosen, nil
	}
	d, ok := shown[t.Name]
	if !ok || d.Profile != t.Profile || d.Project != t.Scope.Project() || d.Scope != t.Scope.Kind() {
		return chosen, failure.Usage("run diff again, for the same packs", "%s shows no change of profile %q", o.Plan, t.Profile)
	}
	chosen.Expect = &d.Expect
	return chosen, nil
}

// loadPlan reads what `diff -o json` printed, by pack; nil without --plan.
func (o *Options) loadPlan(ctx context.Context) (map[string]palette.Difference, error) {
	if o.Plan == "" {
		return nil, nil
	}
	data, err := options.ReadInput(ctx, o.Invocation, o.Plan, "the plan", "--plan")
	if err != nil {
		return nil, err
	}
	var file struct {
		Kind  string               `json:"kind"`
		Items []palette.Difference `json:"items"`
	}
	if err := json.Unmarshal(data, &file); err != nil || file.Kind != "DifferenceList" {
		return nil, &failure.Error{
			Code: failure.ExitUsage, Summary: o.Plan + " is no plan", Err: err,
			Next: "write one with `" + o.Invocation.DisplayName() + " diff -o json`",
		}
	}
	shown := map[string]palette.Difference{}
	for _, d := range file.Items {
		shown[d.Name] = d
	}
	return shown, nil
}

// print tells what was done. A template that fails does not undo it: people are told
// on stderr, and the exit code is not that of wrong usage, of which nothing was done.
func (o *Options) print(outcomes []palette.Outcome) error {
	if !o.Print.Chosen() {
		return o.printReports(outcomes, o.Invocation.Out)
	}
	err := o.Print.List(list(outcomes))
	if err == nil {
		return nil
	}
	_ = o.printReports(outcomes, o.Invocation.ErrOut)
	return &failure.Error{Code: failure.ExitFailure, Summary: "cannot print what was done as it was asked for", Err: err, Next: "it is told above"}
}

// printReports tells people what was done; failures follow on stderr.
func (o *Options) printReports(outcomes []palette.Outcome, out io.Writer) error {
	var told strings.Builder
	line := func(format string, args ...any) {
		told.WriteString(text.HarmlessLine(fmt.Sprintf(format, args...)) + "\n")
	}
	for _, outcome := range outcomes {
		r := outcome.Report
		for _, warning := range r.Warnings {
			fmt.Fprintln(o.Invocation.ErrOut, text.HarmlessLine("warning: pack "+r.Name+": "+warning))
		}
		line("%s: profile %q%s: %s", r.Name, r.Profile, space(r.ProfileVersion), o.stateText(r))
		for _, step := range r.Steps {
			line("  %s %s", mark(step), step.Text)
		}
	}
	_, err := io.WriteString(out, told.String())
	return err
}

func space(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

func (o *Options) stateText(r *palette.Report) string {
	switch r.State {
	case palette.StateUnchanged:
		return "nothing to do"
	case palette.StatePlanned:
		if r.Validated {
			return "not changed, as this is a dry run; Palette finds the values good"
		}
		return "not changed, as this is a dry run"
	case palette.StateDraft:
		if o.Goal.Publish {
			return "changed as a draft; what is published has the values already"
		}
		return "changed as a draft; --publish makes it current"
	case palette.StateRestored:
		return "changed; the draft is again as what is published"
	case palette.StateCloned:
		return "made, as Palette publishes a clone at once"
	case palette.StatePublished:
		switch n := len(r.Clusters) + len(r.Templates); n {
		case 0:
			return "published; Palette names no cluster that uses it"
		case 1:
			return fmt.Sprintf("published; %s uses it and is told of the update", counted(r))
		default:
			return fmt.Sprintf("published; %s use it and are told of the update", counted(r))
		}
	}
	return r.State
}

// counted counts clusters and cluster templates.
func counted(r *palette.Report) string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{len(r.Clusters), "cluster"}, {len(r.Templates), "cluster template"}} {
		if part.n > 0 {
			parts = append(parts, text.Count(part.n, part.what, part.what+"s"))
		}
	}
	return strings.Join(parts, " and ")
}

// mark says how far a step came.
func mark(step palette.Step) string {
	switch step.Progress {
	case palette.ProgressSeen:
		return "done:"
	case palette.ProgressTaken:
		return "taken by Palette, not seen:"
	case palette.ProgressRefused:
		return "refused:"
	case palette.ProgressPlanned:
		return "would:"
	}
	return "unknown:"
}

func list(outcomes []palette.Outcome) output.List {
	reports := make([]*palette.Report, len(outcomes))
	for i, outcome := range outcomes {
		reports[i] = outcome.Report
	}
	return output.NewList("ApplyReportList", []output.Column{
		{Name: "PACK"}, {Name: "PROJECT"}, {Name: "PROFILE"}, {Name: "VERSION"}, {Name: "STATE"}, {Name: "STEPS"}, {Name: "UID", Wide: true}, {Name: "ERROR"},
	}, reports, func(r *palette.Report) (string, []string) {
		steps := make([]string, len(r.Steps))
		for i, step := range r.Steps {
			steps[i] = string(step.Action)
		}
		return r.Name, []string{r.Name, r.Project, r.Profile, r.ProfileVersion, r.State, strings.Join(steps, ","), r.ProfileUID, r.Error}
	})
}
