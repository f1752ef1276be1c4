package palette

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
)

// DefaultRegistry has Spectro Cloud's own packs.
const DefaultRegistry = "Public Repo"

// Target is one BYOOS layer of one cluster profile.
type Target struct {
	// Name of the pack in the spec.
	Name string
	// Pack is generic-byoi or edge-native-byoi.
	Pack string
	// Project is a project's name; empty for tenant scope.
	Project string
	// Profile is the profile's name, Version its version; the version may be left
	// out when there is only one.
	Profile, Version string
	// Create allows to make the profile or to add the layer, with CloudType,
	// Registry and PackVersion.
	Create                           bool
	CloudType, Registry, PackVersion string
	// Provider of the image that the values hold, empty when unknown.
	Provider string
}

// Editor puts the rendered values into the ones of a layer and leaves all else as
// it is. No existing values give the rendered ones.
type Editor func(existing []byte) ([]byte, error)

// Request is a target with what it should hold.
type Request struct {
	Target Target
	Edit   Editor
}

// Goal is how far an apply goes. The zero value leaves a draft.
type Goal struct {
	// Publish makes the draft current.
	Publish bool
	// NewVersion clones the profile to this version, and publishes that one.
	NewVersion string
	// IncludeDraft publishes unpublished edits of others along.
	IncludeDraft bool
}

func (g Goal) publishes() bool { return g.Publish || g.NewVersion != "" }

// Action is one request that writes.
type Action string

// Actions, in the order they happen.
const (
	ActionNone    Action = ""
	ActionCreate  Action = "create-profile"
	ActionClone   Action = "clone-version"
	ActionAdd     Action = "add-layer"
	ActionUpdate  Action = "update-layer"
	ActionPublish Action = "publish"
)

// snapshot is what was read of one target.
type snapshot struct {
	// base is the profile of the target; nil when there is none.
	base *Profile
	// next is the profile of Goal.NewVersion; nil when there is none yet.
	next *Profile
}

// profile is the one that is edited; nil when it has to be made first.
func (s snapshot) profile(goal Goal) *Profile {
	if goal.NewVersion != "" {
		return s.next
	}
	return s.base
}

func (s snapshot) fingerprint() string {
	return digest([]string{s.base.fingerprint(), s.next.fingerprint()})
}

// Plan is what is to be done about one target, from what was read. It holds no
// secret.
type Plan struct {
	Target Target
	Goal   Goal
	// Action is the next one; ActionNone when all is as it should be.
	Action Action
	// Layer is the layer as it should be.
	Layer Layer
	// Current are the values that an edit starts from; Published the ones that
	// clusters get, PublishedWanted what those should be.
	Current, Published, PublishedWanted string
	// Notes are for people: an unpublished draft, complaints about other layers.
	Notes []string

	scope *Client
	edit  Editor
	read  snapshot
	// fresh is the registry's layer, for a profile or layer that is made.
	fresh *Layer
}

// Expectation is what a diff saw and showed; an apply that is given one stops
// when it finds something else.
type Expectation struct {
	// Before is the fingerprint of the profile that was read.
	Before string `json:"before"`
	// After are the fingerprints that the apply itself leads to, so that one that
	// was interrupted can go on.
	After []string `json:"after"`
	// Wanted identifies the values that were shown.
	Wanted string `json:"wanted"`
}

// Expectation returns what this plan was made from and leads to.
func (p *Plan) Expectation() Expectation {
	var drafted Profile
	if p.read.base != nil {
		drafted = *p.read.base
	} else {
		drafted = Profile{Name: p.Target.Profile, Version: p.newProfileVersion()}
	}
	drafted.Draft = replaced(drafted.working(), p.Layer)
	published := drafted
	published.Published = drafted.Draft
	return Expectation{
		Before: p.read.base.fingerprint(),
		After:  []string{drafted.fingerprint(), published.fingerprint()},
		Wanted: digest(p.Layer.Values),
	}
}

func (p *Plan) newProfileVersion() string {
	if p.Target.Version == "" {
		return "1.0.0"
	}
	return p.Target.Version
}

func replaced(all []Layer, layer Layer) []Layer {
	out := slices.Clone(all)
	if i := slices.IndexFunc(out, func(l Layer) bool { return l.Name == layer.Name }); i >= 0 {
		out[i] = layer
		return out
	}
	return append(out, layer)
}

// Profile returns what was read of the profile that is worked on: the base of a
// new version until that exists, nil for a profile that has to be created.
func (p *Plan) Profile() *Profile {
	if profile := p.read.profile(p.Goal); profile != nil {
		return profile
	}
	return p.read.base
}

// Plan reads a target and says what is to be done. It writes nothing.
func (c *Client) Plan(ctx context.Context, request Request, goal Goal) (*Plan, error) {
	t := request.Target
	if t.Registry == "" {
		t.Registry = DefaultRegistry
	}
	scope, err := c.Project(ctx, t.Project)
	if err != nil {
		return nil, err
	}
	p := &Plan{Target: t, Goal: goal, scope: scope, edit: request.Edit}
	if p.read, err = p.snapshot(ctx); err != nil {
		return nil, err
	}
	if err := p.lookUpPack(ctx); err != nil {
		return nil, err
	}
	if err := p.decide(); err != nil {
		return nil, err
	}
	return p, nil
}

// label names the profile in messages.
func (p *Plan) label() string {
	text := fmt.Sprintf("profile %q", p.Target.Profile)
	if version := p.version(); version != "" {
		text += " " + version
	}
	if p.Target.Project != "" {
		text += fmt.Sprintf(" of project %q", p.Target.Project)
	}
	return text
}

func (p *Plan) version() string {
	switch {
	case p.Goal.NewVersion != "":
		return p.Goal.NewVersion
	case p.read.base != nil:
		return p.read.base.Version
	}
	return p.newProfileVersion()
}

// snapshot reads the profile, and the new version if it is there.
func (p *Plan) snapshot(ctx context.Context) (snapshot, error) {
	what := fmt.Sprintf("cannot read profile %q from Palette", p.Target.Profile)
	refs, err := p.scope.findProfiles(ctx, p.Target.Profile)
	if err != nil {
		return snapshot{}, failed(what, err)
	}
	base, next, err := choose(refs, p.Target, p.Goal)
	if err != nil {
		return snapshot{}, err
	}
	var s snapshot
	if s.base, err = p.readRef(ctx, base); err != nil {
		return snapshot{}, failed(what, err)
	}
	if s.next, err = p.readRef(ctx, next); err != nil {
		return snapshot{}, failed(what, err)
	}
	return s, nil
}

func (p *Plan) readRef(ctx context.Context, ref *profileRef) (*Profile, error) {
	if ref == nil {
		return nil, nil
	}
	profile, err := p.scope.profile(ctx, ref.UID)
	if err != nil {
		return nil, err
	}
	if profile.Version == "" {
		profile.Version = ref.Version
	}
	if profile.Kind.CloudType == "" {
		profile.Kind.CloudType = ref.CloudType
	}
	return profile, nil
}

// choose picks the versions that a target and a goal mean.
func choose(refs []profileRef, t Target, goal Goal) (base, next *profileRef, err error) {
	var candidates []profileRef
	for _, ref := range refs {
		switch {
		case goal.NewVersion != "" && ref.Version == goal.NewVersion:
			if next != nil {
				return nil, nil, ambiguous(t, refs)
			}
			next = &ref
		case t.Version == "" || ref.Version == t.Version:
			candidates = append(candidates, ref)
		}
	}
	if goal.NewVersion != "" && goal.NewVersion == t.Version {
		return nil, nil, failure.Usage("give a version that is not there yet",
			"pack %s: the new version %s is the one that target.version names", t.Name, goal.NewVersion)
	}
	switch {
	case len(candidates) > 1:
		return nil, nil, ambiguous(t, candidates)
	case len(candidates) == 1:
		return &candidates[0], next, nil
	case len(refs) > 0 && !t.Create:
		return nil, nil, refused("set target.version to one of them, or target.create: true",
			"profile %q has no version %s; it has %s", t.Profile, t.Version, versions(refs))
	}
	return nil, next, nil
}

func ambiguous(t Target, refs []profileRef) error {
	return refused("set target.version, and target.project to leave out the profiles of other scopes",
		"%d profiles are named %q: %s", len(refs), t.Profile, versions(refs))
}

func versions(refs []profileRef) string {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = fmt.Sprintf("%s (uid %s)", ref.Version, ref.UID)
	}
	slices.Sort(names)
	return list1(names)
}

// list1 joins names for a message, the first ten of them.
func list1(names []string) string {
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + fmt.Sprintf(" and %d more", len(names)-10)
	}
	return strings.Join(names, ", ")
}

// lookUpPack finds the pack in its registry when a profile or layer has to be
// made from it.
func (p *Plan) lookUpPack(ctx context.Context) error {
	profile := p.Profile()
	cloudType := p.Target.CloudType
	if profile != nil {
		if _, ok := findLayer(profile.working(), p.Target.Pack); ok {
			return nil
		}
		cloudType = profile.Kind.CloudType
		if other, ok := osLayer(profile.working()); ok {
			return refused("take another profile, or put the "+p.Target.Pack+" pack into this one in Palette",
				"the OS layer of %s is %s, not %s", p.label(), other.Name, p.Target.Pack)
		}
		if !p.Target.Create {
			return refused("set target.create: true to add it", "%s has no %s layer", p.label(), p.Target.Pack)
		}
	} else if err := mayCreate(p.Target, p.Goal); err != nil {
		return err
	}
	what := fmt.Sprintf("cannot look up pack %s in Palette", p.Target.Pack)
	registry, err := p.scope.registryUID(ctx, p.Target.Registry)
	if err != nil {
		return failed(what, err)
	}
	packs, err := p.scope.packs(ctx, p.Target.Pack)
	if err != nil {
		return failed(what, err)
	}
	p.fresh, err = choosePack(packs, p.Target, registry, cloudType)
	return err
}

func mayCreate(t Target, goal Goal) error {
	switch {
	case !t.Create:
		return refused("check target.profile and target.project, or set target.create: true", "there is no profile %q", t.Profile)
	case goal.NewVersion != "":
		return refused("apply once without --new-version", "there is no profile %q that version %s could be cloned from", t.Profile, goal.NewVersion)
	case t.CloudType == "":
		return failure.Usage("set target.cloudType: aws, azure, gcp, vsphere, edge-native, ...", "pack %s: profile %q has to be created, and target.cloudType is missing", t.Name, t.Profile)
	}
	return nil
}

// decide derives the next action from what was read. It is pure but for the
// editor, which is pure itself.
func (p *Plan) decide() error {
	p.Action, p.Notes = ActionNone, nil
	profile := p.read.profile(p.Goal)
	if err := p.checkNewVersion(); err != nil {
		return err
	}
	source := p.Profile()
	if source == nil {
		return p.decideFresh(ActionCreate, p.Target.CloudType)
	}
	current, ok := findLayer(source.working(), p.Target.Pack)
	if !ok {
		if profile == nil {
			return p.decideFresh(ActionClone, source.Kind.CloudType)
		}
		return p.decideFresh(ActionAdd, source.Kind.CloudType)
	}
	if err := checkLayer(p.Target, current, source.Kind.CloudType); err != nil {
		return err
	}
	wanted, err := p.edit([]byte(current.Values))
	if err != nil {
		return err
	}
	p.Current, p.Layer = current.Values, current
	p.Layer.Values = string(wanted)
	if err := p.comparePublished(source); err != nil {
		return err
	}
	switch {
	case profile == nil:
		p.Action = ActionClone
	case p.Current != p.Layer.Values:
		p.Action = ActionUpdate
	case p.Goal.publishes() && profile.hasDraft():
		p.Action = ActionPublish
	}
	return p.checkDraft(source)
}

func (p *Plan) decideFresh(action Action, cloudType string) error {
	if p.fresh == nil {
		// The layer was there a moment ago.
		return refused("run the command again", "the %s layer of %s vanished meanwhile", p.Target.Pack, p.label())
	}
	if err := checkLayer(p.Target, *p.fresh, cloudType); err != nil {
		return err
	}
	wanted, err := p.edit([]byte(p.fresh.Values))
	if err != nil {
		return err
	}
	p.Action, p.Layer = action, *p.fresh
	p.Layer.Values = string(wanted)
	p.Current, p.Published, p.PublishedWanted = "", "", string(wanted)
	if profile := p.Profile(); profile != nil {
		return p.checkDraft(profile)
	}
	return nil
}

func (p *Plan) comparePublished(profile *Profile) error {
	published, ok := findLayer(profile.Published, p.Target.Pack)
	if !ok {
		p.Published, p.PublishedWanted = "", p.Layer.Values
		return nil
	}
	wanted, err := p.edit([]byte(published.Values))
	if err != nil {
		return err
	}
	p.Published, p.PublishedWanted = published.Values, string(wanted)
	return nil
}

// foreignDraft names the layers in which the draft has more than our values.
func (p *Plan) foreignDraft(profile *Profile) []string {
	if len(profile.Draft) == 0 || len(profile.Published) == 0 {
		return nil
	}
	var foreign []string
	for _, name := range differing(profile.Draft, profile.Published) {
		draft, inDraft := named(profile.Draft, name)
		published, inPublished := named(profile.Published, name)
		ours := name == p.Layer.Name && inDraft && (!inPublished || (p.Layer.Values == p.PublishedWanted && sameButValues(draft, published)))
		if !ours {
			foreign = append(foreign, name)
		}
	}
	return foreign
}

func sameButValues(a, b Layer) bool {
	a.Values, b.Values = "", ""
	return a.equal(b)
}

func named(all []Layer, name string) (Layer, bool) {
	i := slices.IndexFunc(all, func(l Layer) bool { return l.Name == name })
	if i < 0 {
		return Layer{}, false
	}
	return all[i], true
}

// checkDraft keeps an apply from publishing what somebody else has not published.
func (p *Plan) checkDraft(profile *Profile) error {
	foreign := p.foreignDraft(profile)
	if len(foreign) == 0 {
		if profile.hasDraft() && p.Action == ActionNone {
			p.Notes = append(p.Notes, "the profile has an unpublished draft; --publish makes it current")
		}
		return nil
	}
	note := fmt.Sprintf("the draft of %s has unpublished edits of somebody else in %s", p.label(), list1(foreign))
	if p.Goal.publishes() && p.Action != ActionNone && !p.Goal.IncludeDraft {
		return refused("publish or discard that draft in Palette first, or give --include-draft", "%s", note)
	}
	p.Notes = append(p.Notes, note)
	return nil
}

// checkNewVersion keeps an apply from changing a version that somebody else made.
func (p *Plan) checkNewVersion() error {
	next, base := p.read.next, p.read.base
	if next == nil || p.Goal.NewVersion == "" {
		return nil
	}
	if base == nil {
		return refused("name the version to clone in target.version", "version %s of profile %q exists, but not the version it would be cloned from", p.Goal.NewVersion, p.Target.Profile)
	}
	layer, ok := findLayer(next.working(), p.Target.Pack)
	if ok && !next.hasDraft() {
		wanted, err := p.edit([]byte(layer.Values))
		if err != nil {
			return err
		}
		if string(wanted) == layer.Values || isCloneOf(next, base, "") {
			return nil
		}
		return refused("choose another version, or set target.version: "+p.Goal.NewVersion+" to change that one",
			"version %s of profile %q is published already, with other values", p.Goal.NewVersion, p.Target.Profile)
	}
	if !isCloneOf(next, base, p.Target.Pack) && !p.Goal.IncludeDraft {
		return refused("choose another version, or give --include-draft",
			"version %s of profile %q is there as a draft, and its other layers are not those of %s", p.Goal.NewVersion, p.Target.Profile, base.Version)
	}
	return nil
}

// isCloneOf compares all layers but one. Manifests get new uids in a clone.
func isCloneOf(clone, original *Profile, except string) bool {
	plain := func(all []Layer) []Layer {
		var out []Layer
		for _, l := range all {
			l.Manifests = nil
			if except == "" || (l.Name != except && !strings.HasSuffix(l.Name, "--"+except)) {
				out = append(out, l)
			}
		}
		return out
	}
	layers := plain(clone.working())
	return equalLayers(layers, plain(original.Published)) || equalLayers(layers, plain(original.Draft))
}

// Actions predicts all requests that write, in order.
func (p *Plan) Actions() []Action {
	switch p.Action {
	case ActionNone:
		return nil
	case ActionPublish:
		return []Action{ActionPublish}
	}
	actions := []Action{p.Action}
	if p.Action == ActionClone && p.Current != p.Layer.Values {
		then := ActionUpdate
		if p.Current == "" {
			then = ActionAdd
		}
		actions = append(actions, then)
	}
	if p.Goal.publishes() {
		actions = append(actions, ActionPublish)
	}
	return actions
}

func toLayer(pack api.V1PackSummary) Layer {
	return Layer{
		Name: pack.Spec.Name, Layer: string(pack.Spec.Layer), Type: string(pack.Spec.Type),
		Tag: pack.Spec.Version, Version: pack.Spec.Version, PackUID: pack.Metadata.Uid,
		RegistryUID: pack.Spec.RegistryUid, Values: pack.Spec.Values,
	}
}
