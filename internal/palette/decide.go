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
	p.nothingNew, p.foreign = false, false
	profile := p.read.profile(p.Goal)
	if err := p.checkNewVersion(); err != nil {
		return err
	}
	source := p.Profile()
	if source == nil {
		return p.decideFresh(ActionCreate, newKind(p.Target))
	}
	if err := p.checkProfile(source); err != nil {
		return err
	}
	current, ok := findLayer(source.working(), p.Target.Pack)
	if !ok {
		switch {
		case profile == nil:
			return p.decideFresh(ActionClone, source.Kind)
		case p.replaces():
			return p.decideFresh(ActionReplace, source.Kind)
		}
		return p.decideFresh(ActionAdd, source.Kind)
	}
	if err := p.decideLayer(source, current); err != nil {
		return err
	}
	p.nothingNew = profile == nil && !p.publishesAfter(source)
	switch {
	case p.nothingNew:
		p.Notes = append(p.Notes, fmt.Sprintf("version %s has these values already, so version %s is not made", source.Version, p.Goal.NewVersion))
	case profile == nil:
		p.Action = ActionClone
	case !sameValues(p.Current, p.Layer.Values):
		p.Action = ActionUpdate
	case p.Goal.publishes() && p.hasToPublish(profile):
		p.Action = ActionPublish
	}
	p.checkDraft(source)
	return nil
}

// hasToPublish tells whether clusters would get something by a publish that they are
// to get: our values, or a draft that is included.
func (p *Plan) hasToPublish(profile *Profile) bool {
	if _, ok := findLayer(profile.Published, p.Target.Pack); !ok || !sameValues(p.Published, p.PublishedWanted) {
		return true
	}
	return p.Goal.IncludeDraft && p.hasDraft(profile)
}

// hasDraft tells whether something is unpublished: of the layers, or of the profile
// itself.
func (p *Plan) hasDraft(profile *Profile) bool {
	return profile.hasDraft() || len(profile.Draft) > 0 && len(p.othersPending(profile)) > 0
}

// decideLayer compares a layer that is there with what it should be.
func (p *Plan) decideLayer(source *Profile, current Layer) error {
	if err := p.checkLayer(current, source.Kind); err != nil {
		return err
	}
	if current.Values == "" && !p.Target.Replace {
		return refused("save the layer's values once in Palette, or set target.replace: true to have the rendered ones alone",
			"palette does not tell the values of layer %s of %s, which an edit would start from", current.Name, p.labelOf(source.Version))
	}
	current.PackUID = cmp.Or(current.PackUID, p.packUID)
	side := "what is published"
	if len(source.Draft) > 0 {
		side = "the draft"
	}
	wanted, err := p.edited(side, current.Values)
	if err != nil {
		return err
	}
	if err := p.checkMacros(source.Version, current.Values, wanted); err != nil {
		return err
	}
	p.Current, p.Layer = current.Values, current
	p.Layer.Values = wanted
	return p.comparePublished(source)
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
		own.Details = slices.Clone(known.Details)
		for i, line := range own.Details {
			own.Details[i] = p.scope.doer.scrubber.shown(line)
		}
		if known.Err != nil {
			own.Err = &cleanError{text: p.scope.doer.scrubber.shown(known.Err.Error()), err: known.Err}
		}
		return "", &own
	}
	return string(wanted), err
}

func (p *Plan) decideFresh(action Action, kind templateKind) error {
	if p.fresh == nil {
		// The layer was there a moment ago.
		return refused("run the command again", "the %s layer of %s vanished meanwhile", p.Target.Pack, p.Label())
	}
	if err := p.checkLayer(*p.fresh, kind); err != nil {
		return err
	}
	wanted, err := p.edited("pack "+p.fresh.Name, p.fresh.Values)
	if err != nil {
		return err
	}
	if err := p.checkMacros(p.version(), p.fresh.Values, wanted); err != nil {
		return err
	}
	p.Action, p.Layer = action, *p.fresh
	p.Layer.Values = wanted
	p.Current, p.Published, p.PublishedWanted = "", "", wanted
	profile := p.Profile()
	if profile == nil {
		if p.read.alike != "" {
			p.Notes = append(p.Notes, fmt.Sprintf("palette has a profile %q, which is another one", p.read.alike))
		}
		p.checkAlone(nil)
		return nil
	}
	if err := p.comparePublished(profile); err != nil {
		return err
	}
	if p.replaces() {
		other, _ := osLayer(profile.working())
		p.Notes = append(p.Notes, fmt.Sprintf("pack %s %s goes in place of %s %s", p.Layer.Name, p.Layer.Tag, other.Name, other.Tag))
	}
	p.checkDraft(profile)
	return nil
}

func (p *Plan) comparePublished(profile *Profile) error {
	published, ok := findLayer(profile.Published, p.Target.Pack)
	if !ok {
		p.Published, p.PublishedWanted = "", p.Layer.Values
		return nil
	}
	wanted, err := p.edited("what is published", published.Values)
	if err != nil {
		return err
	}
	p.Published, p.PublishedWanted = published.Values, wanted
	return nil
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
	var names []string
	for _, l := range profile.Draft {
		if l.Name != p.Layer.Name && !p.isReplaced(l) {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
}

// isOurEdit tells whether a layer of the draft differs from the published one by
// nothing but what an apply would have put there.
func (p *Plan) isOurEdit(profile *Profile, name string) bool {
	draft, inDraft := named(profile.Draft, name)
	published, inPublished := named(profile.Published, name)
	if !inDraft {
		_, ours := findLayer(profile.Draft, p.Target.Pack)
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

func named(all []Layer, name string) (Layer, bool) {
	i := slices.IndexFunc(all, func(l Layer) bool { return l.Name == name })
	if i < 0 {
		return Layer{}, false
	}
	return all[i], true
}

// checkDraft keeps an apply from publishing what somebody else has not published.
func (p *Plan) checkDraft(profile *Profile) {
	p.checkAlone(profile)
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
		others := func(l Layer) bool { return l.Layer != layerOS && !isOfPack(l, p.Target.Pack) }
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
		if names := layersOf(side, p.Target.Pack); len(names) > 1 {
			return refused("take the ones that are too many out of the profile in Palette",
				"%s has %d layers of pack %s: %s", label, len(names), p.Target.Pack, text.List(names, maxNamed))
		}
	}
	if names := osLayers(profile.working()); len(names) > 1 {
		return refused("take the ones that are too many out of the profile in Palette", "%s has %d OS layers: %s", label, len(names), text.List(names, maxNamed))
	}
	if have, want := profile.Kind.Type, p.Target.Type; want != "" && have != "" && canonical(have) != canonical(want) {
		return refused("check target.type and target.profile", "%s is of type %s, not %s", label, have, want)
	}
	if have, want := profile.Kind.CloudType, p.Target.CloudType; want != "" && have != "" && canonical(have) != canonical(want) {
		return refused("check target.cloudType and target.profile", "%s is of cloud type %s, not %s", label, have, want)
	}
	if p.unsureScope() {
		p.Notes = append(p.Notes, p.unsure())
	}
	if profile.noVariables {
		p.Notes = append(p.Notes, fmt.Sprintf("palette does not tell the variables of %s, so a change of them is not seen", label))
	}
	return nil
}

func (p *Plan) unsureScope() bool {
	profile := p.Profile()
	return profile != nil && profile.belongs == belongsUnknown
}

// mayWrite refuses to write to what may be of another scope.
func (p *Plan) mayWrite() error {
	if p.Action == ActionNone || !p.unsureScope() {
		return nil
	}
	return refused("ask your administrator what the profile belongs to; an apply writes only what is told", "%s", p.unsure())
}

func (p *Plan) unsure() string {
	return fmt.Sprintf("palette does not tell whether profile %q (uid %s) belongs to %s", p.Target.Profile, p.Profile().UID, p.Target.Scope)
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
	layer, ok := findLayer(next.working(), p.Target.Pack)
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
	ours := func(l Layer) bool { return isOfPack(l, p.Target.Pack) || p.isReplaced(l) }
	if !isCloneOf(clone, original, ours) {
		return false
	}
	layer, ok := findLayer(clone.working(), p.Target.Pack)
	if !ok {
		return true
	}
	wanted, err := p.edit([]byte(layer.Values))
	if err != nil {
		return false
	}
	for _, side := range [][]Layer{original.Draft, original.Published} {
		from, ok := findLayer(side, p.Target.Pack)
		if !ok {
			continue
		}
		if edited, err := p.edit([]byte(from.Values)); err == nil && sameValues(string(edited), string(wanted)) {
			return true
		}
	}
	// The layer that was added to a clone has nothing to be compared with.
	_, inOriginal := findLayer(original.working(), p.Target.Pack)
	return !inOriginal
}

// isCloneOf compares the variables, and all layers but those excepted. Manifests
// get new uids in a clone, so it is their content that counts.
func isCloneOf(clone, original *Profile, except func(Layer) bool) bool {
	plain := func(all []Layer) []Layer { return slices.DeleteFunc(slices.Clone(all), except) }
	layers := plain(clone.working())
	return digest(clone.Variables) == digest(original.Variables) &&
		(equalLayers(layers, plain(original.Published)) || equalLayers(layers, plain(original.Draft)))
}

func nobody(Layer) bool { return false }
