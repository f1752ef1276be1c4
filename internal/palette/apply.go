package palette

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
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

// A run has at most clone, update and publish; more means that somebody else
// works against it.
const maxActions = 5

// Apply does what a plan says, one request at a time: validate, read again and
// compare, write, read back. The report tells what was done, also beside an
// error.
func (c *Client) Apply(ctx context.Context, plan *Plan, options Options) (*Report, error) {
	// The plan that the caller has stays what it was.
	own := *plan
	run := &run{plan: &own, report: newReport(plan, options)}
	err := run.all(ctx, options)
	run.report.finish(run.plan, err)
	return run.report, err
}

type run struct {
	plan   *Plan
	report *Report
}

func (r *run) all(ctx context.Context, options Options) error {
	if err := r.expect(options.Expect); err != nil {
		return err
	}
	if r.plan.Action != ActionNone && r.plan.unsureScope() {
		return refused("ask your administrator what the profile belongs to; an apply writes only what is told", "%s", r.plan.unsure())
	}
	if options.DryRun == DryRunClient || options.DryRun == DryRunServer {
		for _, action := range r.plan.Actions() {
			r.report.add(action, r.plan.describe(action), false)
		}
		if options.DryRun == DryRunServer && r.plan.writesLayer() {
			return r.validate(ctx)
		}
		return nil
	}
	for range maxActions {
		if r.plan.Action == ActionNone {
			return nil
		}
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return refused("see who else changes it, then run the command again", "%s does not come to rest", r.plan.Label())
}

// expect compares with what a diff showed.
func (r *run) expect(shown *Expectation) error {
	if shown == nil {
		return nil
	}
	now := r.plan.Expectation()
	if now.Before != shown.Before && !slices.Contains(shown.After, now.Before) {
		return refused("run diff again, and apply what it shows now",
			"%s changed since the diff: that saw version %s, now it is %s (modified %s)",
			r.plan.Label(), shown.Before, now.Before, when(r.plan.read.base))
	}
	if now.Wanted != shown.Wanted {
		return refused("run diff again, and apply what it shows now",
			"the values for %s are others than the diff showed: %s then, %s now", r.plan.Label(), shown.Wanted, now.Wanted)
	}
	return nil
}

func when(profile *Profile) string {
	if profile == nil || profile.LastModified.IsZero() {
		return "at an unknown time"
	}
	return profile.LastModified.UTC().Format(time.RFC3339Nano)
}

// step does the plan's next action and makes the plan anew from what is read
// back.
func (r *run) step(ctx context.Context) error {
	action, before := r.plan.Action, r.plan.read
	if r.plan.writesLayer() {
		if err := r.validate(ctx); err != nil {
			return err
		}
	}
	now, err := r.plan.settled(ctx, before)
	if err != nil {
		return err
	}
	if now.fingerprint() != before.fingerprint() {
		return changed(r.plan, before, now)
	}
	writeErr := r.plan.write(ctx, action)
	if writeErr != nil && !outcomeUnknown(writeErr) {
		return failed(fmt.Sprintf("cannot %s of %s", verb(action), r.plan.Label()), writeErr)
	}
	after, err := r.plan.snapshot(ctx)
	if err != nil {
		r.report.add(action, r.plan.describe(action)+"; whether it was done is not known", false)
		if writeErr != nil {
			return failed(fmt.Sprintf("cannot %s of %s", verb(action), r.plan.Label()), writeErr)
		}
		return err
	}
	if !done(action, r.plan, before, after) {
		if writeErr != nil {
			return failed(fmt.Sprintf("cannot %s of %s", verb(action), r.plan.Label()), writeErr)
		}
		return unseen(r.plan, before, after)
	}
	r.report.add(action, r.plan.describe(action), true)
	if before.profile(r.plan.Goal) == nil || len(before.profile(r.plan.Goal).Draft) == 0 {
		r.plan.ownDraft = true
	}
	r.plan.read = after
	return r.plan.decide()
}

// settled reads again. Manifests are read before the layers: where the profile's
// time of modification has moved, an edit may have come between the two.
func (p *Plan) settled(ctx context.Context, before snapshot) (snapshot, error) {
	for range maxActions {
		now, err := p.snapshot(ctx)
		if err != nil || now.modified() == before.modified() {
			return now, err
		}
		before = now
	}
	return before, nil
}

func (r *run) validate(ctx context.Context) error {
	p := r.plan
	kind, uid := newKind(p.Target), ""
	if profile := p.Profile(); profile != nil {
		kind, uid = profile.Kind, profile.UID
	}
	said, err := p.scope.validate(ctx, uid, kind, p.Layer)
	if err != nil {
		return failed(fmt.Sprintf("cannot have the values for %s validated", p.Label()), err)
	}
	for _, line := range said.others {
		r.report.warn("palette says besides: " + line)
	}
	if !said.judged {
		r.report.warn("palette did not say whether the values are good")
	}
	if len(said.own) > 0 {
		e := refused("correct the values; nothing was written", "palette refuses the values for %s", p.Label())
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

func (p *Plan) write(ctx context.Context, action Action) error {
	switch action {
	case ActionCreate:
		uid, err := p.scope.createProfile(ctx, p.Target.Profile, p.newProfileVersion(), newKind(p.Target), p.Layer)
		p.made[uid] = uid != ""
		return err
	case ActionClone:
		uid, err := p.scope.cloneProfile(ctx, p.read.base.UID, p.Target.Profile, p.Goal.NewVersion)
		p.made[uid] = uid != ""
		return err
	}
	profile := p.read.profile(p.Goal)
	uid := profile.UID
	switch action {
	case ActionAdd:
		return p.scope.addLayer(ctx, uid, p.Layer)
	case ActionUpdate:
		return p.scope.updateLayer(ctx, uid, p.Layer)
	case ActionReplace:
		return p.replaceLayer(ctx, profile)
	case ActionPublish:
		return p.scope.publish(ctx, uid)
	}
	return fmt.Errorf("unknown action %q", action)
}

// replaceLayer puts ours in place of another OS layer. Palette has no request for
// one layer that does so: all are sent as they were read, and compared afterwards.
// The vendor's Terraform provider does the same.
func (p *Plan) replaceLayer(ctx context.Context, profile *Profile) error {
	if profile.Kind.Type == "" {
		return refused("put the pack in place of the other one in Palette",
			"palette does not tell the type of %s, which would have to be sent along", p.Label())
	}
	layers := slices.Clone(profile.working())
	for i, l := range layers {
		if p.isReplaced(l) {
			layers[i] = p.Layer
		}
		for _, m := range l.Manifests {
			if m.Content == "" && !p.isReplaced(l) {
				return refused("put the pack in place of "+p.Target.Pack+" in Palette",
					"palette does not tell the manifest %s of layer %s, which would have to be sent along", m.Name, l.Name)
			}
		}
	}
	return p.scope.replaceLayers(ctx, profile, layers)
}

// done tells whether what is read back is what the action should have made of
// what was there, and nothing else.
func done(action Action, p *Plan, before, after snapshot) bool {
	was, is := before.profile(p.Goal), after.profile(p.Goal)
	if is == nil {
		return false
	}
	if was != nil && (is.UID != was.UID || digest(is.Variables) != digest(was.Variables)) {
		return false
	}
	layer, ok := named(is.working(), p.Layer.Name)
	ok = ok && sameValues(layer.Values, p.Layer.Values)
	switch action {
	case ActionCreate:
		return ok && len(is.working()) == 1
	case ActionClone:
		return is.UID != before.base.UID && p.isOwnClone(is, before.base) &&
			after.base.fingerprint() == before.base.fingerprint()
	case ActionAdd, ActionUpdate:
		return ok && p.Layer.samePack(layer) && equalLayers(is.Published, was.Published) && onlyDiffersIn(is.working(), was.working(), p.Layer.Name)
	case ActionReplace:
		without := slices.DeleteFunc(slices.Clone(was.working()), p.isReplaced)
		return ok && p.Layer.samePack(layer) && equalLayers(is.Published, was.Published) && onlyDiffersIn(is.working(), without, p.Layer.Name) &&
			maps.Equal(is.metadata.Labels, was.metadata.Labels)
	case ActionPublish:
		return !is.hasDraft() && equalLayers(is.Published, was.working())
	}
	return false
}

func onlyDiffersIn(a, b []Layer, name string) bool {
	for _, other := range differing(a, b) {
		if other != name {
			return false
		}
	}
	return true
}

// unseen is the error for a write that was taken and does not show as it should.
func unseen(p *Plan, before, after snapshot) error {
	if before.fingerprint() != after.fingerprint() {
		return changed(p, before, after)
	}
	return refused("run diff to see what it is now, then apply again",
		"palette took the change of %s, and still answers what was there before: version %s (modified %s)",
		p.Label(), after.fingerprint(), when(cmp.Or(after.profile(p.Goal), after.base)))
}

// changed is the error for a change by somebody else; it names both versions.
func changed(p *Plan, before, after snapshot) error {
	was, is := before.profile(p.Goal), after.profile(p.Goal)
	if was == nil && is == nil {
		was, is = before.base, after.base
	}
	e := refused("run diff to see what it is now, then apply again",
		"%s was changed by somebody else in between: version %s (modified %s) was read first, version %s (modified %s) is there now",
		p.Label(), before.fingerprint(), when(was), after.fingerprint(), when(is))
	if was != nil && is != nil && digest(was.Variables) != digest(is.Variables) {
		e.Details = append(e.Details, "the profile's variables are others than were read")
	}
	if was != nil && is != nil {
		for _, name := range differing(was.working(), is.working()) {
			e.Details = append(e.Details, "layer "+name+" is another than was read")
		}
		for _, name := range differing(was.Published, is.Published) {
			e.Details = append(e.Details, "published layer "+name+" is another than was read")
		}
	}
	return e
}

func verb(action Action) string {
	switch action {
	case ActionCreate:
		return "make the first version"
	case ActionClone:
		return "make the new version"
	case ActionAdd:
		return "add the OS layer"
	case ActionUpdate:
		return "change the OS layer"
	case ActionReplace:
		return "replace the OS layer"
	case ActionPublish:
		return "publish the draft"
	}
	return string(action)
}

func (p *Plan) describe(action Action) string {
	switch action {
	case ActionCreate:
		return fmt.Sprintf("create %s with pack %s %s, as a draft", p.Label(), p.Layer.Name, p.Layer.Tag)
	case ActionClone:
		return fmt.Sprintf("clone version %s to %s", p.read.base.Version, p.Goal.NewVersion)
	case ActionAdd:
		return fmt.Sprintf("add pack %s %s to the draft", p.Layer.Name, p.Layer.Tag)
	case ActionUpdate:
		return fmt.Sprintf("change the values of pack %s in the draft", p.Layer.Name)
	case ActionReplace:
		return fmt.Sprintf("put pack %s %s in place of the other OS layer in the draft", p.Layer.Name, p.Layer.Tag)
	case ActionPublish:
		return fmt.Sprintf("publish %s", p.Label())
	}
	return ""
}
