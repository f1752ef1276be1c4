package palette

import (
	"fmt"
	"slices"
	"strings"
)

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
	note := fmt.Sprintf("the draft of %s has unpublished edits of somebody else in %s", p.label(), joined(foreign))
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
		return refused("name the version to clone in target.version",
			"version %s of profile %q exists, but not the version it would be cloned from", p.Goal.NewVersion, p.Target.Profile)
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
	if !isCloneOf(clone, original, p.Target.Pack) {
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
		if edited, err := p.edit([]byte(from.Values)); err == nil && string(edited) == string(wanted) {
			return true
		}
	}
	// The layer that was added to a clone has nothing to be compared with.
	_, inOriginal := findLayer(original.working(), p.Target.Pack)
	return !inOriginal
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
