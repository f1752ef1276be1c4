package palette

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// decide derives the next action from what was read. It is pure but for the
// editor, which is pure itself.
func (p *Plan) decide() error {
	p.Action, p.Notes, p.refusal = ActionNone, slices.Clone(p.lookupNotes), nil
	if err := p.checkNewVersion(); err != nil {
		return err
	}
	profile, source := p.read.profile(p.Goal), p.Profile()
	isThere, err := p.decideLayer(source)
	if err != nil {
		return err
	}
	p.nothingNew = isThere && profile == nil && !p.publishesAfter(source)
	switch {
	case source == nil:
		p.Action = ActionCreate
	case p.nothingNew:
		p.Notes = append(p.Notes, fmt.Sprintf("version %s has these values already, so version %s is not made", source.Version, p.Goal.NewVersion))
	case profile == nil:
		p.Action = ActionClone
	default:
		p.Action = p.layerAction(isThere)
		if p.Action == ActionNone && p.Goal.publishes() && p.hasToPublish(profile) {
			p.Action = ActionPublish
		}
	}
	if source == nil && p.read.alike != "" {
		p.Notes = append(p.Notes, fmt.Sprintf("palette has a profile %q, which is another one", p.read.alike))
	}
	if p.replaces() {
		other, _ := first(source.working(), isOS)
		p.Notes = append(p.Notes, fmt.Sprintf("pack %s %s goes in place of %s %s", p.Layer.Name, p.Layer.Tag, other.Name, other.Tag))
	}
	p.checkAlone(source)
	if source != nil {
		p.checkDraft(source)
	}
	return nil
}

// layerAction is the request that has our layer be as it should; none where it is.
func (p *Plan) layerAction(isThere bool) Action {
	switch {
	case p.replaces():
		return ActionReplace
	case !isThere:
		return ActionAdd
	case !sameValues(p.Current, p.Layer.Values):
		return ActionUpdate
	}
	return ActionNone
}

// hasToPublish tells whether clusters would get something by a publish that they are
// to get: our values, or a draft that is included.
func (p *Plan) hasToPublish(profile *Profile) bool {
	if _, ok := p.ours(profile.Published); !ok || !sameValues(p.Published, p.PublishedWanted) {
		return true
	}
	return p.Goal.IncludeDraft && p.hasDraft(profile)
}

// hasDraft tells whether something is unpublished: of the layers, or of the profile
// itself.
func (p *Plan) hasDraft(profile *Profile) bool {
	return profile.hasDraft() || len(profile.Draft) > 0 && len(p.othersPending(profile)) > 0
}

// decideLayer derives the layer as it should be from the one that is there, or else from
// what it is made of.
func (p *Plan) decideLayer(source *Profile) (isThere bool, err error) {
	kind, version, start := newKind(p.Target), p.version(), Layer{}
	if source != nil {
		if err := p.checkProfile(source); err != nil {
			return false, err
		}
		kind = source.Kind
		start, isThere = p.ours(source.working())
	}
	side := "what is published"
	switch {
	case isThere:
		version = source.Version
		if len(source.Draft) > 0 {
			side = "the draft"
		}
	case p.fresh == nil:
		// The layer was there a moment ago.
		return false, refused("run the command again", "the %s layer of %s vanished meanwhile", p.Target.Pack, p.Label())
	default:
		side, start = "pack "+p.fresh.Name, *p.fresh
	}
	if err := p.checkLayer(start, kind); err != nil {
		return isThere, err
	}
	if isThere && start.Values == "" && !p.Target.Replace {
		return isThere, refused("save the layer's values once in Palette, or set target.replace: true to have the rendered ones alone",
			"palette does not tell the values of layer %s of %s, which an edit would start from", start.Name, p.labelOf(version))
	}
	wanted, err := p.edited(side, start.Values)
	if err != nil {
		return isThere, err
	}
	if err := p.checkMacros(version, start.Values, wanted); err != nil {
		return isThere, err
	}
	p.Current, p.Layer = "", start
	if isThere {
		p.Current = start.Values
	}
	p.Layer.Values, p.Layer.PackUID = wanted, cmp.Or(start.PackUID, p.packUID)
	return isThere, p.comparePublished(source)
}

// edited puts the rendered values into what Palette has. What cannot be edited is
// Palette's: the exit code is, and the side is named.
func (p *Plan) edited(side, values string) (string, error) {
	wanted, err := p.edit([]byte(values))
	var known *failure.Error
	if errors.As(err, &known) && values != "" {
		own := *known
		own.Code, own.Summary = failure.ExitPalette, side+": "+p.scope.doer.scrubber.shown(known.Summary)
		own.Next = prefixed("in Palette: ", known.Next)
		for i, line := range own.Details {
			own.Details[i] = p.scope.doer.scrubber.shown(line)
		}
		if known.Err != nil {
			own.Err = errors.New(p.scope.doer.scrubber.shown(known.Err.Error()))
		}
		return "", &own
	}
	return string(wanted), err
}

func (p *Plan) comparePublished(source *Profile) error {
	p.Published, p.PublishedWanted = "", p.Layer.Values
	if source == nil {
		return nil
	}
	published, ok := p.ours(source.Published)
	if !ok {
		return nil
	}
	wanted, err := p.edited("what is published", published.Values)
	p.Published, p.PublishedWanted = published.Values, wanted
	return err
}

// foreignDraft names the layers in which the draft has more than our values, what else
// it changes, and the layers of which that cannot be told.
func (p *Plan) foreignDraft(profile *Profile) (foreign, unknown []string) {
	switch {
	case len(profile.Draft) == 0:
		return nil, nil
	case len(profile.Published) == 0:
		return p.othersUnpublished(profile), nil
	}
	for _, c := range p.othersPending(profile) {
		foreign = append(foreign, c.Name)
	}
	for _, name := range differing(profile.Draft, profile.Published) {
		if !p.isOurEdit(profile, name) {
			foreign = append(foreign, name)
		}
	}
	if p.ownDraft {
		return foreign, nil
	}
	for _, draft := range profile.Draft {
		published, ok := named(profile.Published, draft.Name)
		if ok && undecided(draft, published) && !slices.Contains(foreign, draft.Name) {
			unknown = append(unknown, draft.Name)
		}
	}
	return foreign, unknown
}

// othersPending are what the draft changes of the profile itself. The version that
// was asked for is nobody else's: a clone may tell its origin's as published.
func (p *Plan) othersPending(profile *Profile) []change {
	own := p.read.profile(p.Goal)
	asked := own != nil && profile.UID == own.UID && sameVersion(profile.nextVersion, cmp.Or(p.Goal.NewVersion, p.Target.Version))
	return slices.DeleteFunc(slices.Clone(profile.pending), func(c change) bool { return asked && c.Name == pendingVersion })
}

// othersUnpublished names the layers beside ours of a profile that never was
// published. A new version was compared with what it was cloned from.
func (p *Plan) othersUnpublished(profile *Profile) []string {
	if profile == p.read.next {
		return nil
	}
	return namesOf(profile.Draft, func(l Layer) bool { return l.Name != p.Layer.Name && !p.isReplaced(l) })
}

// isOurEdit tells whether a layer of the draft differs from the published one by
// nothing but what an apply would have put there.
func (p *Plan) isOurEdit(profile *Profile, name string) bool {
	draft, inDraft := named(profile.Draft, name)
	published, inPublished := named(profile.Published, name)
	if !inDraft {
		_, ours := p.ours(profile.Draft)
		return ours && p.isReplaced(published)
	}
	if name != p.Layer.Name {
		return false
	}
	replacesMacro := len(lostMacros(published.Values, p.PublishedWanted)) > 0 && !p.Target.Replace
	return !inPublished || sameValues(p.Layer.Values, p.PublishedWanted) && sameButValues(draft, published) && !replacesMacro
}

func sameButValues(a, b Layer) bool {
	a.Values, b.Values = "", ""
	return a.equal(b)
}

// checkDraft keeps an apply from publishing what somebody else has not published.
func (p *Plan) checkDraft(profile *Profile) {
	foreign, unknown := p.foreignDraft(profile)
	p.foreign = len(foreign)+len(unknown) > 0
	if !p.foreign {
		if profile.hasDraft() && p.Action == ActionNone {
			p.Notes = append(p.Notes, "the profile has an unpublished draft; --publish makes it current")
		}
		return
	}
	label := p.labelOf(profile.Version)
	note := fmt.Sprintf("the draft of %s has unpublished edits of somebody else in %s", label, text.List(foreign, maxNamed))
	if len(foreign) == 0 {
		note = fmt.Sprintf("the draft of %s may have unpublished edits of somebody else: Palette does not tell all of %s",
			label, text.List(unknown, maxNamed))
	}
	// A draft that is behind what is published is changed as a draft.
	if slices.Contains(p.Actions(), ActionPublish) && !p.Goal.IncludeDraft {
		p.refuse("publish or discard that draft in Palette first, or give --include-draft", "%s", note)
		return
	}
	p.Notes = append(p.Notes, note)
	if p.Goal.IncludeDraft {
		p.Notes = append(p.Notes, unshown(profile)...)
	}
}

// refuse keeps a plan from being applied, for the first reason that there is; a plan
// that is only shown has it as a note.
func (p *Plan) refuse(next, format string, args ...any) {
	e := refused(next, format, args...)
	if p.refusal == nil {
		p.refusal = e
	}
	if p.Goal.Shows {
		p.Notes = append(p.Notes, "it would not be published: "+e.Summary+"; "+next)
	}
}

// checkAlone keeps a profile from being published that no cluster can be made of.
func (p *Plan) checkAlone(profile *Profile) {
	if !p.Goal.publishes() || p.Action == ActionNone || p.Goal.OSLayerAlone {
		return
	}
	if profile != nil {
		others := func(l Layer) bool { return l.Layer != layerOS && !ofPack(p.Target.Pack)(l) }
		if len(profile.Published) > 0 || slices.ContainsFunc(profile.Draft, others) {
			return
		}
	}
	p.refuse("apply without --publish, add the other layers in Palette and publish then; or give --os-layer-alone",
		"%s would be published with the OS layer alone, of which no cluster can be made", p.Label())
}

// checkProfile refuses what is not the profile that the target means, or is not
// told as a whole.
func (p *Plan) checkProfile(profile *Profile) error {
	label := p.labelOf(profile.Version)
	if profile.untold != "" {
		return refused("run the command again; if it stays so, look at the profile in Palette",
			"palette does not tell the layers of %s: %s is missing from its answer", label, profile.untold)
	}
	for _, side := range [][]Layer{profile.working(), profile.Published} {
		if names := namesOf(side, ofPack(p.Target.Pack)); len(names) > 1 {
			return refused("take the ones that are too many out of the profile in Palette",
				"%s has %d layers of pack %s: %s", label, len(names), p.Target.Pack, text.List(names, maxNamed))
		}
	}
	if names := namesOf(profile.working(), isOS); len(names) > 1 {
		return refused("take the ones that are too many out of the profile in Palette", "%s has %d OS layers: %s", label, len(names), text.List(names, maxNamed))
	}
	if have, want := profile.Kind.Type, p.Target.Type; want != "" && have != "" && canonical(have) != canonical(want) {
		return refused("check target.type and target.profile", "%s is of type %s, not %s", label, have, want)
	}
	if have, want := profile.Kind.CloudType, p.Target.CloudType; want != "" && have != "" && canonical(have) != canonical(want) {
		return refused("check target.cloudType and target.profile", "%s is of cloud type %s, not %s", label, have, want)
	}
	if unsure := p.unsure(); unsure != "" {
		p.Notes = append(p.Notes, unsure)
	}
	if profile.noVariables {
		p.Notes = append(p.Notes, fmt.Sprintf("palette does not tell the variables of %s, so a change of them is not seen", label))
	}
	return nil
}

// unsure says that the profile may be of another scope; nothing where that is known.
func (p *Plan) unsure() string {
	profile := p.Profile()
	if profile == nil || profile.belongs != belongsUnknown {
		return ""
	}
	return fmt.Sprintf("palette does not tell whether profile %q (uid %s) belongs to %s", p.Target.Profile, profile.UID, p.Target.Scope)
}

// mayWrite refuses to write to what may be of another scope.
func (p *Plan) mayWrite() error {
	unsure := p.unsure()
	if p.Action == ActionNone || unsure == "" {
		return nil
	}
	return refused("ask your administrator what the profile belongs to; an apply writes only what is told", "%s", unsure)
}

// checkNewVersion keeps an apply from changing a version that somebody else made.
func (p *Plan) checkNewVersion() error {
	next, base := p.read.next, p.read.base
	if next == nil || p.Goal.NewVersion == "" {
		return nil
	}
	if base == nil {
		return refused("name the version to clone in target.version",
			"version %s of profile %q exists, but not the version it would be cloned from", p.Goal.NewVersion, p.Target.Profile)
	}
	layer, ok := p.ours(next.working())
	if ok && !next.hasDraft() {
		wanted, err := p.edited("version "+p.Goal.NewVersion, layer.Values)
		if err != nil {
			return err
		}
		if sameValues(wanted, layer.Values) || isCloneOf(next, base, nobody) && next.usedBy() == "" {
			return nil
		}
		return refused("choose another version, or set target.version: "+p.Goal.NewVersion+" to change that one",
			"version %s of profile %q is published already, with other values%s", p.Goal.NewVersion, p.Target.Profile, prefixed(", and is used by ", next.usedBy()))
	}
	if users := next.usedBy(); users != "" {
		return refused("choose another version, or set target.version: "+p.Goal.NewVersion+" to change that one",
			"version %s of profile %q is used by %s", p.Goal.NewVersion, p.Target.Profile, users)
	}
	if !p.isOwnClone(next, base) && !p.Goal.IncludeDraft {
		return refused("choose another version, or give --include-draft",
			"version %s of profile %q is there as a draft, and differs from %s in more than the rendered values",
			p.Goal.NewVersion, p.Target.Profile, base.Version)
	}
	return nil
}

// isOwnClone tells whether a clone has nothing but our values that the original
// has not: all other layers are the same, and so is ours once it holds what is
// rendered.
func (p *Plan) isOwnClone(clone, original *Profile) bool {
	ours := func(l Layer) bool { return ofPack(p.Target.Pack)(l) || p.isReplaced(l) }
	if !isCloneOf(clone, original, ours) {
		return false
	}
	layer, ok := p.ours(clone.working())
	if !ok {
		return true
	}
	wanted, err := p.edit([]byte(layer.Values))
	if err != nil {
		return false
	}
	for _, side := range [][]Layer{original.Draft, original.Published} {
		from, ok := p.ours(side)
		if !ok {
			continue
		}
		if edited, err := p.edit([]byte(from.Values)); err == nil && sameValues(string(edited), string(wanted)) {
			return true
		}
	}
	// The layer that was added to a clone has nothing to be compared with.
	_, inOriginal := p.ours(original.working())
	return !inOriginal
}
