package palette

import "slices"

// Progress is how far a request that writes is known to have come.
type Progress string

const (
	// ProgressPlanned is that of a dry run: it is not sent.
	ProgressPlanned Progress = "planned"
	// ProgressSent has no answer that tells whether it was carried out.
	ProgressSent Progress = "sent"
	// ProgressRefused was not carried out: Palette refused it, or never got it.
	ProgressRefused Progress = "refused"
	// ProgressTaken was carried out, as Palette says; what is read does not show it.
	ProgressTaken Progress = "taken"
	// ProgressSeen shows in what is read.
	ProgressSeen Progress = "seen"
)

// Step is one request that writes.
type Step struct {
	Action   Action   `json:"action"`
	Text     string   `json:"text"`
	Progress Progress `json:"progress"`
	// Done tells that it was carried out: taken or seen.
	Done bool `json:"done"`
}

// Subject is the profile that something is told of, and the pack that goes there.
type Subject struct {
	Name           string `json:"name"`
	Pack           string `json:"pack"`
	Scope          string `json:"scope"`
	Project        string `json:"project,omitempty"`
	Profile        string `json:"profile"`
	ProfileVersion string `json:"profileVersion,omitempty"`
	ProfileUID     string `json:"profileUid,omitempty"`
}

func (t Target) subject(version string) Subject {
	return Subject{Name: t.Name, Pack: t.Pack, Scope: t.Scope.Kind(), Project: t.Scope.Project(), Profile: t.Profile, ProfileVersion: version}
}

// Report is what an apply did to one target.
type Report struct {
	Subject
	DryRun    DryRun `json:"dryRun,omitempty"`
	Validated bool   `json:"validated"`
	// Steps is the journal: every request that writes, in order, from before it is sent.
	Steps []Step `json:"steps"`
	Users
	Warnings []string `json:"warnings,omitempty"`
	// State is unchanged, planned, draft, restored, cloned, published or failed.
	State string `json:"state"`
	Error string `json:"error,omitempty"`
}

// States of a report.
const (
	StateUnchanged = "unchanged"
	StatePlanned   = "planned"
	StateDraft     = "draft"
	// StateRestored is that of a draft that was changed to what is published already.
	StateRestored = "restored"
	// StateCloned is that of a version that Palette published as it cloned it.
	StateCloned    = "cloned"
	StatePublished = "published"
	StateFailed    = "failed"
)

func newReport(p *Plan, options Options) *Report {
	r := &Report{Steps: []Step{}, Warnings: slices.Clone(p.Notes)}
	if options.DryRun != DryRunNone {
		r.DryRun = options.DryRun
	}
	return r
}

// add enters a step into the journal, before it is sent.
func (r *Report) add(action Action, text string, progress Progress) {
	r.Steps = append(r.Steps, Step{Action: action, Text: text, Progress: progress})
}

// came says how far the last step came.
func (r *Report) came(progress Progress) {
	last := &r.Steps[len(r.Steps)-1]
	last.Progress = progress
	last.Done = progress == ProgressTaken || progress == ProgressSeen
}

// did tells whether an action of this run was carried out.
func (r *Report) did(action Action) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Done && s.Action == action })
}

func (r *Report) warn(text string) {
	if !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

func (r *Report) finish(p *Plan, err error) {
	r.Subject, r.Users = p.subject()
	profile := p.writesTo()
	switch {
	case err != nil:
		r.State, r.Error = StateFailed, err.Error()
	case len(r.Steps) == 0:
		r.State = StateUnchanged
	case r.DryRun != "":
		r.State = StatePlanned
	case r.did(ActionPublish):
		r.State = StatePublished
	case profile != nil && p.hasDraft(profile):
		r.State = StateDraft
	case r.did(ActionClone):
		r.State = StateCloned
	default:
		r.State = StateRestored
	}
}
