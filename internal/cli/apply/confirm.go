package apply

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// mustAsk tells whether clusters may get the change, and nobody agreed yet. A new
// version has no clusters.
func (o *Options) mustAsk() bool {
	return o.Goal.Publish && !o.Yes && o.DryRun == string(palette.DryRunNone)
}

func (o *Options) canAsk() bool {
	// The spec, or a key, comes from stdin then.
	taken := o.Run.Spec.File == "-" || o.Palette.KeyFile == "-"
	return o.Invocation.StdinTerminal && o.Invocation.StderrTerminal && !taken
}

// confirm asks once for all that would be published. Nothing was written so far.
func (o *Options) confirm(ctx context.Context, planned []palette.Outcome) error {
	if !o.mustAsk() {
		return nil
	}
	var lines []string
	host := ""
	for _, outcome := range planned {
		if outcome.Plan != nil && slices.Contains(outcome.Plan.Actions(), palette.ActionPublish) {
			d := outcome.Plan.Difference(palette.SidePublished)
			host = d.Expect.Palette
			lines = append(lines, text.HarmlessLine(fmt.Sprintf("  %s: %s: %s", d.Name, outcome.Plan.Label(), d.UsedBy())))
			for _, note := range d.Notes {
				lines = append(lines, text.HarmlessLine("    note: "+note))
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	fmt.Fprintf(o.Invocation.ErrOut, "This publishes in %s\n%s\nPublish? Only yes is accepted: ", host, strings.Join(lines, "\n"))
	// What cannot be read is no yes.
	answer, _ := interrupt.Run(ctx, func() (string, error) { return bufio.NewReader(o.Invocation.In).ReadString('\n') })
	if ctx.Err() != nil {
		fmt.Fprintln(o.Invocation.ErrOut)
		return &failure.Error{Code: failure.ExitInterrupted, Summary: "interrupted; nothing was written", Err: context.Cause(ctx)}
	}
	if strings.TrimSpace(answer) != "yes" {
		return &failure.Error{
			Code: failure.ExitFailure, Summary: "the answer was not yes; nothing was written",
			Next: "apply without --publish to leave a draft",
		}
	}
	return nil
}
