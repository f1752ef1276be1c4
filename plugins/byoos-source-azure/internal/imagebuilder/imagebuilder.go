// Package imagebuilder reads image templates of VM Image Builder, and says what their last
// run means for their outputs: run outputs outlive the run that made them.
package imagebuilder

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// version of the API, as the SDK's client for it has.
const version = "2024-02-01"

// Template is an image template. Every field is optional in Azure's answers, here and below.
type Template struct {
	Name       string
	Properties struct {
		LastRunStatus Run
		Distribute    []struct{ RunOutputName string }
	}
}

// Run is what a template says of its last run; the zero value when there was none, or
// Azure does not say.
type Run struct {
	RunState           string
	Message            string
	StartTime, EndTime arm.Date
}

// Output is what a run made.
type Output struct {
	ID, Name   string
	Properties struct{ ArtifactID, ArtifactURI, ProvisioningState string }
}

// ID returns the id of a template.
func ID(subscription, group, name string) string {
	return "/subscriptions/" + subscription + "/resourceGroups/" + group +
		"/providers/Microsoft.VirtualMachineImages/imageTemplates/" + name
}

// Get reads the template of an id.
func Get(ctx context.Context, api *arm.API, id string) (Template, error) {
	return arm.Get[Template](ctx, api, arm.Resource{Path: id, Query: arm.Version(version)})
}

// Outputs lists what the runs of a template made.
func Outputs(ctx context.Context, api *arm.API, id string, each func(Output) error) error {
	r := arm.Resource{Path: id + "/runOutputs", Query: arm.Version(version), MayLackItems: true}
	return arm.List(ctx, api, r, func(o Output) error {
		if o.Name == "" {
			o.Name = resourceid.Parts(o.ID)["runoutputs"]
		}
		return each(o)
	})
}

// States of a run.
const (
	Succeeded          = "Succeeded"
	PartiallySucceeded = "PartiallySucceeded"
)

// State is that of the run; empty when there was none, or Azure does not say.
func (r Run) State() string {
	for _, known := range []string{Succeeded, PartiallySucceeded, "Canceled", "Canceling", "Failed", "Running"} {
		if strings.EqualFold(r.RunState, known) {
			return known
		}
	}
	return r.RunState
}

// Good says that all listed outputs are those of the last run, or that nothing
// speaks against it: the status is an optional field, and so is its state.
func (r Run) Good() bool { return r.State() == Succeeded || r.RunState == "" }

// Partial says that some outputs may be those of an earlier run.
func (r Run) Partial() bool { return r.State() == PartiallySucceeded }

func (r Run) String() string {
	if r.EndTime.IsZero() {
		return r.State()
	}
	return r.State() + " at " + r.EndTime.Format(time.RFC3339)
}

// Made says whether the last run can have made an image of that age; known is
// false when the times do not tell.
func (r Run) Made(at time.Time) (fresh, known bool) {
	if at.IsZero() || r.StartTime.IsZero() {
		return true, false
	}
	return !at.Before(r.StartTime.Time), true
}

// Date gives an image of the last run, which has no time of its own as some managed
// images have none, the time at which that ended.
func (r Run) Date(image *sdk.Image, o Output) {
	at, key := r.EndTime, "lastRunStatus.endTime"
	if at.IsZero() {
		at, key = r.StartTime, "lastRunStatus.startTime"
	}
	if r.State() != Succeeded || !image.CreatedAt.IsZero() || at.IsZero() || !o.Done() {
		return
	}
	image.CreatedAt = at.Time
	image.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: key}
}

// Done says that an output was made, or that nothing speaks against it.
func (o Output) Done() bool {
	state := o.Properties.ProvisioningState
	return state == "" || strings.EqualFold(state, Succeeded)
}

// UnderWay says whether an output is still being made.
func (o Output) UnderWay() bool {
	state := o.Properties.ProvisioningState
	return strings.EqualFold(state, "Creating") || strings.EqualFold(state, "Updating")
}

// Lost lists the template's distribution targets that are none of the outputs.
func (t Template) Lost(outputs []Output) []string {
	var lost []string
	for _, target := range t.Properties.Distribute {
		name := target.RunOutputName
		if name != "" && !slices.ContainsFunc(outputs, func(o Output) bool { return strings.EqualFold(o.Name, name) }) {
			lost = append(lost, name)
		}
	}
	slices.Sort(lost)
	return lost
}
