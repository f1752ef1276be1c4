package palette

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// DryRun says what of an apply is done.
type DryRun string

// Kinds of dry run: none, nothing is sent that could write, or Palette's own
// validation is asked too.
const (
	DryRunNone   DryRun = "none"
	DryRunClient DryRun = "client"
	DryRunServer DryRun = "server"
)

// Options of an apply.
type Options struct {
	DryRun DryRun
	// Expect is what a diff showed; nil for none.
	Expect *Expectation
}

const (
	// A run has at most clone, update and publish; more means that somebody else works
	// against it.
	maxActions = 5
	// readings is how often a profile is read until it shows a write; the pauses double.
	readings = 5
)

// Apply does what a plan says, one request at a time: validate, read again and
// compare, write, read back. The report tells what was done, also beside an
// error.
func (c *Client) Apply(ctx context.Context, plan *Plan, options Options) (*Report, error) {
	// The plan that the caller has stays what it was.
	run := &run{Plan: *plan, report: newReport(plan, options)}
	err := run.all(ctx, options)
	run.report.finish(&run.Plan, err)
	return run.report, err
}

type run struct {
	Plan
	report *Report
	// past are the fingerprints that were there before the writes of this run.
	past []string
}

func (r *run) all(ctx context.Context, options Options) error {
	if err := r.expect(options.Expect); err != nil {
		return err
	}
	if err := r.mayWrite(); err != nil {
		return err
	}
	if options.DryRun == DryRunClient || options.DryRun == DryRunServer {
		for _, action := range r.Actions() {
			r.report.add(action, r.write(action).text, ProgressPlanned)
		}
		if options.DryRun == DryRunServer && r.writesLayer() {
			return r.validate(ctx)
		}
		return nil
	}
	for range maxActions {
		if r.Action == ActionNone {
			return nil
		}
		// What was made just now may be another's, where the answer to it was lost.
		if err := r.mayWrite(); err != nil {
			return err
		}
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return refused("see who else changes it, then run the command again", "%s does not come to rest", r.Label())
}

// expect compares with what a diff showed.
func (r *run) expect(shown *Expectation) error {
	if shown == nil {
		return nil
	}
	const next = "run diff again, and apply what it shows now"
	side := SideDraft
	if r.Goal.publishes() {
		side = SidePublished
	}
	now := r.Expectation(side)
	switch {
	case shown.Palette != now.Palette:
		return refused(next, "the diff was of palette %s, this is %s", cmp.Or(shown.Palette, "that it does not name"), now.Palette)
	case now.Before != shown.Before && !slices.Contains(shown.After, now.Before):
		return refused(next,
			"%s changed since the diff: that saw version %s, now it is %s (modified %s)",
			r.Label(), shown.Before, now.Before, when(r.read.base))
	case shown.ProfileUID != "" && shown.ProfileUID != now.ProfileUID:
		return refused(next, "%s is another profile than the diff saw: that had uid %s, this one has %s", r.Label(), shown.ProfileUID, now.ProfileUID)
	case shown.NewVersion != "" && shown.NewVersion != now.NewVersion:
		return refused("run diff again with the flags of the apply, and apply what it shows",
			"the diff was of the new version %s of %s, which this apply does not make", shown.NewVersion, r.Label())
	case now.Wanted != shown.Wanted:
		return refused(next,
			"the values for %s are others than the diff showed: %s then, %s now", r.Label(), shown.Wanted, now.Wanted)
	case side == SidePublished && r.Action != ActionNone && shown.Publishes != now.Publishes:
		return refused("run "+r.Goal.diff()+" -o json, and apply what it shows",
			"the diff does not show all that would be published of %s", r.Label())
	}
	return nil
}

// diff is the command that shows what an apply of this goal publishes.
func (g Goal) diff() string {
	command := "diff --published"
	if g.NewVersion != "" {
		command = "diff --new-version " + g.NewVersion
	}
	if g.IncludeDraft {
		command += " --include-draft"
	}
	return command
}

func when(profile *Profile) string {
	if profile.modified().IsZero() {
		return "at an unknown time"
	}
	return profile.LastModified.UTC().Format(time.RFC3339Nano)
}

// step does the plan's next action and makes the plan anew from what is read
// back. It is in the journal before it is sent.
func (r *run) step(ctx context.Context) error {
	action, before, leaves := r.Action, r.read, r.leaves()
	if r.writesLayer() {
		if err := r.validate(ctx); err != nil {
			return err
		}
	}
	now, err := r.settled(ctx, before)
	if err != nil {
		return err
	}
	if now.fingerprint() != before.fingerprint() {
		return r.changed(before, now)
	}
	r.report.add(action, r.write(action).text, ProgressSent)
	r.past = append(r.past, before.fingerprint())
	writeErr := r.write(action).send(ctx)
	switch {
	case writeErr == nil:
		r.report.came(ProgressTaken)
	case !outcomeUnknown(writeErr):
		r.report.came(ProgressRefused)
		return failed(fmt.Sprintf("cannot %s of %s", r.write(action).verb, r.Label()), writeErr)
	}
	after, err := r.readBack(ctx, action, before)
	if err != nil {
		return r.unread(action, writeErr, err)
	}
	if !r.done(action, before, after) {
		return r.unseen(action, writeErr, before, after)
	}
	r.report.came(ProgressSeen)
	if r.isReformed(action, after.profile(r.Goal)) {
		r.report.warn(fmt.Sprintf("palette keeps the values of %s in another form than they were sent", r.Layer.Name))
		if r.Goal.publishes() {
			return r.notShown([]string{r.Layer.Name})
		}
	}
	return r.goOn(before, after, leaves)
}

// goOn plans anew from what a step has made.
func (r *run) goOn(before, after snapshot, leaves []Layer) error {
	if profile := before.profile(r.Goal); profile == nil || len(profile.Draft) == 0 {
		r.ownDraft = true
	}
	r.read = after
	if err := r.decide(); err != nil {
		return err
	}
	if r.refusal != nil && r.Action != ActionNone {
		return r.refusal
	}
	return r.keeps(leaves)
}

// isReformed tells whether Palette keeps our values otherwise than they were sent.
func (r *run) isReformed(action Action, profile *Profile) bool {
	layer, ok := named(profile.working(), r.Layer.Name)
	wrote := action != ActionClone && action != ActionPublish
	return ok && wrote && !sameValues(layer.Values, r.Layer.Values)
}

// keeps stops before something else is published than the plan showed: a clone need
// not have the draft of its origin.
func (r *run) keeps(leaves []Layer) error {
	names := differing(leaves, r.leaves())
	if len(names) == 0 || !r.Goal.publishes() {
		return nil
	}
	return r.notShown(names)
}

// notShown is the error for layers that Palette made otherwise than they were shown.
func (r *run) notShown(names []string) error {
	e := refused("run "+r.Goal.diff()+" to see what would be published now, then apply again",
		"palette made something else of %s than was shown, in %s", r.Label(), text.List(names, maxNamed))
	if r.Action != ActionNone {
		e.Summary += "; it is not published"
	}
	return e
}

func (r *run) validate(ctx context.Context) error {
	kind, uid := newKind(r.Target), ""
	if profile := r.Profile(); profile != nil {
		kind, uid = profile.Kind, profile.UID
	}
	said, err := r.scope.validate(ctx, uid, kind, r.Layer)
	if err != nil {
		return failed(fmt.Sprintf("cannot have the values for %s validated", r.Label()), err)
	}
	for _, line := range said.others {
		r.report.warn("palette says besides: " + line)
	}
	if !said.judged {
		r.report.warn("palette did not say whether the values are good")
	}
	if len(said.own) > 0 {
		e := refused("correct the values; nothing was written", "palette refuses the values for %s", r.Label())
		e.Details = said.own
		return e
	}
	r.report.Validated = said.judged
	return nil
}

// Types of profiles that a target may name: one with all layers, where the others
// are added in Palette, and the layers on top alone.
const (
	typeCluster = "cluster"
	typeAddOn   = "add-on"
)

// newKind is what a profile is created as.
func newKind(t Target) templateKind {
	return templateKind{CloudType: CloudType(t), Type: cmp.Or(t.Type, typeCluster)}
}

func (p *Plan) writesLayer() bool {
	return p.Action != ActionNone && p.Action != ActionPublish
}

// replaceLayer puts ours in place of another OS layer. Palette has no request for
// one layer that does so: all are sent as they were read, and compared afterwards.
// The vendor's Terraform provider does the same.
func (p *Plan) replaceLayer(ctx context.Context, profile *Profile) error {
	const next = "put the pack in place of the other one in Palette"
	if profile.Kind.Type == "" {
		return refused(next, "palette does not tell the type of %s, which would have to be sent along", p.Label())
	}
	layers := slices.Clone(profile.working())
	for i, l := range layers {
		if p.isReplaced(l) {
			layers[i] = p.Layer
		}
		for _, m := range l.Manifests {
			if m.Content == "" && !p.isReplaced(l) {
				return refused(next, "palette does not tell the manifest %s of layer %s, which would have to be sent along", m.Name, l.Name)
			}
		}
	}
	return p.scope.replaceLayers(ctx, profile, layers)
}

// write is the request of an action.
type write struct {
	// verb is what is asked for, in an error; text stands in the journal.
	verb, text string
	send       func(ctx context.Context) error
}

func (p *Plan) write(action Action) write {
	pack := p.Layer.Name + " " + p.Layer.Tag
	profile := p.read.profile(p.Goal)
	switch action {
	case ActionCreate:
		return write{"make the first version", fmt.Sprintf("create %s with pack %s, as a draft", p.Label(), pack), func(ctx context.Context) (err error) {
			p.made, err = p.scope.createProfile(ctx, p.Target.Profile, p.newProfileVersion(), newKind(p.Target), p.Layer)
			return err
		}}
	case ActionClone:
		return write{"make the new version", fmt.Sprintf("clone version %s to %s", p.read.base.Version, p.Goal.NewVersion), func(ctx context.Context) (err error) {
			p.made, err = p.scope.cloneProfile(ctx, p.read.base.UID, p.Target.Profile, p.Goal.NewVersion)
			return err
		}}
	case ActionAdd:
		return write{"add the OS layer", fmt.Sprintf("add pack %s to the draft", pack), func(ctx context.Context) error {
			return p.scope.addLayer(ctx, profile.UID, p.Layer)
		}}
	case ActionUpdate:
		return write{"change the OS layer", fmt.Sprintf("change the values of pack %s in the draft", p.Layer.Name), func(ctx context.Context) error {
			return p.scope.updateLayer(ctx, profile.UID, p.Layer)
		}}
	case ActionReplace:
		return write{"replace the OS layer", fmt.Sprintf("put pack %s in place of the other OS layer in the draft", pack), func(ctx context.Context) error {
			return p.replaceLayer(ctx, profile)
		}}
	}
	return write{"publish the draft", fmt.Sprintf("publish %s", p.Label()), func(ctx context.Context) error {
		return p.scope.publish(ctx, profile.UID)
	}}
}
