package palette

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// DefaultRegistry has Spectro Cloud's own packs.
const DefaultRegistry = "Public Repo"

// Target is one BYOOS layer of one cluster profile.
type Target struct {
	// Name of the pack in the spec.
	Name string
	// Pack is generic-byoi or edge-native-byoi.
	Pack string
	// Scope is where the profile is.
	Scope Scope
	// Profile is the profile's name, Version its version, or Latest; the version may
	// be left out when there is only one.
	Profile, Version string
	// Type of the profile; empty for any, and for cluster when it is created.
	Type string
	// Create allows to make the profile or to add the layer, with CloudType,
	// Registry or RegistryUID, and PackVersion.
	Create                                        bool
	CloudType, Registry, RegistryUID, PackVersion string
	// Replace allows to put the pack in place of another one of the OS layer, and a
	// value in place of a macro.
	Replace bool
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
	// OSLayerAlone publishes a profile that has no other layer.
	OSLayerAlone bool
	// Shows tells that nothing will be written: what would stop a publish is a note.
	Shows bool
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
	ActionReplace Action = "replace-layer"
	ActionPublish Action = "publish"
)

// snapshot is what was read of one target.
type snapshot struct {
	// base is the profile of the target; nil when there is none.
	base *Profile
	// next is the profile of Goal.NewVersion; nil when there is none yet.
	next *Profile
	// elsewhere are the scopes, other than the target's, that have the name.
	elsewhere []string
	// nameless is how many profiles Palette's list tells nothing of, alike a name that
	// is all but the target's.
	nameless int
	alike    string
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
	// known is what was learnt of the profiles of that name, by uid; attached names the
	// layers that have manifests. made is the uid of what this plan created or cloned, as
	// far as Palette told it.
	known    map[string]candidate
	attached map[string][]string
	made     string
	// ownDraft tells that this plan's own write made the draft.
	ownDraft bool
	// nothingNew tells that the new version would have what is published already.
	nothingNew bool
	// foreign tells that the draft has edits of somebody else, or may have; refusal is
	// what stops a publish.
	foreign bool
	refusal *failure.Error
	// fresh is the registry's layer, for a profile or layer that is made; packUID the
	// uid of the pack of a layer that has none.
	fresh       *Layer
	packUID     string
	lookupNotes []string
}

func (p *Plan) newProfileVersion() string {
	if p.Target.Version == "" || p.Target.Version == Latest {
		return firstVersion
	}
	return p.Target.Version
}

// Profile returns what was read of the profile that is worked on: the base of a
// new version until that exists, nil for a profile that has to be created.
func (p *Plan) Profile() *Profile {
	if profile := p.read.profile(p.Goal); profile != nil {
		return profile
	}
	return p.read.base
}

// writesTo is the profile that is written to; nil for one that is not there yet.
func (p *Plan) writesTo() *Profile {
	if p.nothingNew {
		return p.read.base
	}
	return p.read.profile(p.Goal)
}

// Plan reads a target and says what is to be done. It writes nothing.
func (c *Client) Plan(ctx context.Context, request Request, goal Goal) (*Plan, error) {
	scope, err := c.In(ctx, request.Target.Scope)
	if err != nil {
		return nil, err
	}
	return scope.plan(ctx, request, goal)
}

// plan is Plan for a client of the target's scope.
func (c *Client) plan(ctx context.Context, request Request, goal Goal) (*Plan, error) {
	p := &Plan{
		Target: request.Target, Goal: goal, scope: c, edit: request.Edit,
		known: map[string]candidate{}, attached: map[string][]string{},
	}
	var err error
	if p.read, err = p.snapshot(ctx); err != nil {
		return nil, err
	}
	if profile := p.Profile(); profile != nil {
		if err := p.checkProfile(profile); err != nil {
			return nil, err
		}
	}
	if err := p.lookUpPack(ctx); err != nil {
		return nil, err
	}
	if err := p.decide(); err != nil {
		return nil, err
	}
	if p.refusal != nil && !goal.Shows {
		return nil, p.refusal
	}
	return p, nil
}

// Label names the profile in messages.
func (p *Plan) Label() string { return p.labelOf(p.version()) }

// labelOf names a version of the profile that need not be the one that is aimed at.
func (p *Plan) labelOf(version string) string {
	text := fmt.Sprintf("profile %q", p.Target.Profile)
	if version != "" {
		text += " " + version
	}
	return text + " of " + p.Target.Scope.String()
}

func (p *Plan) version() string {
	switch {
	case p.Goal.NewVersion != "" && !p.nothingNew:
		return p.Goal.NewVersion
	case p.read.base != nil:
		return p.read.base.Version
	}
	return p.newProfileVersion()
}

// Actions predicts all requests that write, in order.
func (p *Plan) Actions() []Action {
	switch p.Action {
	case ActionNone:
		return []Action{}
	case ActionPublish:
		return []Action{ActionPublish}
	}
	actions := []Action{p.Action}
	if then := p.layerAction(p.fresh == nil); p.Action == ActionClone && then != ActionNone {
		actions = append(actions, then)
	}
	if profile := p.read.profile(p.Goal); p.Goal.publishes() && (profile == nil || p.publishesAfter(profile)) {
		actions = append(actions, ActionPublish)
	}
	return actions
}

// publishesAfter tells whether there is something to publish once the layer is written:
// the draft may be what is published then.
func (p *Plan) publishesAfter(profile *Profile) bool {
	drafted := p.drafted(*profile)
	return p.hasToPublish(&drafted)
}

// drafted is a profile once our layer is written.
func (p *Plan) drafted(profile Profile) Profile {
	profile.Draft = p.put(profile.working(), p.Layer)
	return profile
}

// put returns layers with ours, which is in place of one of its name and of what it
// replaces.
func (p *Plan) put(layers []Layer, ours Layer) []Layer {
	out := slices.DeleteFunc(slices.Clone(layers), p.isReplaced)
	if i := slices.IndexFunc(out, func(l Layer) bool { return l.Name == ours.Name }); i >= 0 {
		out[i] = ours
		return out
	}
	return append(out, ours)
}

// ours is the layer of the target's pack.
func (p *Plan) ours(layers []Layer) (Layer, bool) { return first(layers, ofPack(p.Target.Pack)) }

// replaces tells whether the layer goes in place of another pack's.
func (p *Plan) replaces() bool {
	profile := p.Profile()
	return profile != nil && slices.ContainsFunc(profile.working(), p.isReplaced)
}

// isReplaced tells of a layer whether it goes for ours.
func (p *Plan) isReplaced(l Layer) bool {
	return p.Target.Replace && l.Layer == layerOS && !ofPack(p.Target.Pack)(l)
}

// subject is the profile that is written to, and who uses it.
func (p *Plan) subject() (Subject, Users) {
	subject := p.Target.subject(p.version())
	profile := p.writesTo()
	if profile == nil {
		subject.ProfileUID = p.made
		return subject, Users{Clusters: []Cluster{}}
	}
	subject.ProfileUID = profile.UID
	return subject, profile.Users
}
