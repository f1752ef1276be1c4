package palette

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
)

// Difference is what a diff shows of one target.
type Difference struct {
	Subject
	LastModified string `json:"lastModified,omitempty"`
	// Side is what is compared with.
	Side      Side `json:"side"`
	Different bool `json:"different"`
	// Actions is what an apply would do.
	Actions []Action `json:"actions"`
	// Diff is a unified diff, empty when there is no difference: one part for each text
	// that would change.
	Diff string `json:"diff"`
	Users
	Notes  []string    `json:"notes,omitempty"`
	Expect Expectation `json:"expect"`
}

// Side chooses what the wanted values are compared with.
type Side string

// Sides of a diff: what the next edit starts from, or what clusters get.
const (
	SideDraft     Side = "draft"
	SidePublished Side = "published"
)

// Difference compares what is there with what an apply of the same goal would leave:
// the layer in the draft, or all that publishing changes. It is pure.
func (p *Plan) Difference(side Side) Difference {
	d := Difference{Side: side, Actions: p.Actions(), Notes: p.Notes, Expect: p.Expectation(side)}
	d.Subject, d.Users = p.subject()
	if profile := p.writesTo(); !profile.modified().IsZero() {
		d.LastModified = when(profile)
	}
	for _, t := range p.texts(side) {
		if !sameValues(t.have, t.want) {
			d.Different = true
			d.Diff += t.unified(p.scope.doer.scrubber)
		}
	}
	d.Diff = p.scope.doer.scrubber.shown(d.Diff)
	return d
}

// Expectation is what a diff saw and showed; an apply that is given one stops
// when it finds something else.
type Expectation struct {
	// Palette is the host that was asked, ProfileUID the profile that was read; empty
	// for one that was not there.
	Palette    string `json:"palette"`
	ProfileUID string `json:"profileUid,omitempty"`
	// Before is the fingerprint of the profile that was read.
	Before string `json:"before"`
	// After are the fingerprints that the apply itself leads to, so that one that
	// was interrupted can go on.
	After []string `json:"after"`
	// NewVersion is the version that was shown as a new one; empty for the target's own.
	NewVersion string `json:"newVersion,omitempty"`
	// Wanted identifies the values that were shown.
	Wanted string `json:"wanted"`
	// Publishes identifies all that was shown as what a publish leaves: layers, and what
	// it changes of the profile itself; empty where that was not shown.
	Publishes string `json:"publishes"`
}

// Expectation returns what this plan was made from and leads to, as one side of a
// diff shows it.
func (p *Plan) Expectation(side Side) Expectation {
	base := p.read.base
	drafted := Profile{Name: p.Target.Profile, Version: p.newProfileVersion()}
	e := Expectation{
		Palette: p.scope.Host(), Before: base.fingerprint(), NewVersion: p.Goal.NewVersion, Wanted: digest(trimmed(p.Layer.Values)),
	}
	if base != nil {
		drafted, e.ProfileUID = *base, base.UID
	}
	drafted = p.drafted(drafted)
	published := drafted
	published.Published, published.pending = drafted.Draft, nil
	e.After = []string{drafted.fingerprint(), published.fingerprint()}
	leaves := p.leaves()
	if side == SidePublished {
		layer, _ := p.ours(leaves)
		e.Wanted = digest(trimmed(layer.Values))
	}
	if profile := p.Profile(); side == SidePublished || profile == nil || !p.hasDraft(profile) {
		e.Publishes = digest(struct {
			Layers  []Layer
			Changes []change `json:",omitempty"`
		}{normal(leaves), p.changes()})
	}
	return e
}

// changes are what a publish of what this plan leads to would change of the profile
// itself.
func (p *Plan) changes() []change {
	profile := p.Profile()
	if profile == nil || !p.leavesDraft() {
		return nil
	}
	return p.othersPending(profile)
}

// leaves are the layers that a publish of what this plan leads to would leave: those
// of the draft, or without what somebody else has in it.
func (p *Plan) leaves() []Layer {
	source := p.Profile()
	if source == nil {
		return []Layer{p.Layer}
	}
	layers, wanted := source.Published, p.PublishedWanted
	if p.leavesDraft() {
		layers, wanted = source.working(), p.Layer.Values
	}
	ours, ok := p.ours(layers)
	if !ok {
		ours = p.Layer
	}
	ours.Values = wanted
	return p.put(layers, ours)
}

// leavesDraft tells whether a publish takes the draft as it is.
func (p *Plan) leavesDraft() bool { return !p.foreign || p.Goal.IncludeDraft }

// published are the layers that clusters get; of a new version that never was
// published, those of the version before.
func (p *Plan) published() []Layer {
	profile := p.Profile()
	switch {
	case profile == nil:
		return nil
	case len(profile.Published) == 0 && p.read.base != nil:
		return p.read.base.Published
	}
	return profile.Published
}

// compared is a text in its two forms.
type compared struct{ from, to, have, want string }

// unified is the difference as it may be shown. Its signs, and the lines that it leaves
// out, would part a secret that goes on in the next line, so that is taken out before.
func (t compared) unified(s scrubber) string {
	have, want := s.redactor.Lines(t.have), s.redactor.Lines(t.want)
	if sameValues(have, want) {
		return fmt.Sprintf("--- %s\n+++ %s\n@@ -1 +1 @@\n-%[3]s\n+%[3]s\n", t.from, t.to, redact.Removed)
	}
	return udiff.Unified(t.from, t.to, have, want)
}

func (p *Plan) texts(side Side) []compared {
	if side == SideDraft {
		return []compared{p.labelled(side, cmp.Or(p.Layer.Name, p.Target.Pack), p.Current, p.Layer.Values)}
	}
	have, want := p.published(), p.leaves()
	var all []compared
	for _, name := range allNames(have, want) {
		was, isThere := named(have, name)
		is, _ := named(want, name)
		all = append(all, p.labelled(side, name, was.Values, is.Values))
		if isThere || name != p.Layer.Name {
			all = append(all, p.labelled(side, name+" (pack)", was.packText(is), is.packText(was)))
		}
		all = append(all, p.manifestTexts(side, name, was.Manifests, is.Manifests)...)
	}
	for _, change := range p.changes() {
		all = append(all, p.labelled(side, "("+change.Name+")", change.Published+"\n", change.Draft+"\n"))
	}
	return all
}

func (p *Plan) manifestTexts(side Side, layer string, have, want []Manifest) []compared {
	byName := func(all []Manifest, name string) Manifest {
		for _, m := range all {
			if m.Name == name {
				return m
			}
		}
		return Manifest{}
	}
	var names []string
	for _, m := range slices.Concat(have, want) {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	var all []compared
	for _, name := range slices.Compact(names) {
		was, is := byName(have, name), byName(want, name)
		if !was.same(is) {
			all = append(all, p.labelled(side, layer+"/"+name, cmp.Or(was.Content, was.Digest), cmp.Or(is.Content, is.Digest)))
		}
	}
	return all
}

// labelled names both sides as diff does; one that is not there is /dev/null.
func (p *Plan) labelled(side Side, name, have, want string) compared {
	t := compared{from: string(side) + "/" + p.Target.Profile + "/" + name, to: "draft/" + p.Target.Profile + "/" + name, have: have, want: want}
	if name == cmp.Or(p.Layer.Name, p.Target.Pack) {
		t.to = "rendered/" + p.Target.Name
	}
	if have == "" {
		t.from = "/dev/null"
	}
	if want == "" {
		t.to = "/dev/null"
	}
	return t
}

// packText says which pack a layer is, as far as the other side is known too.
func (l Layer) packText(other Layer) string {
	if l.Name == "" {
		return ""
	}
	var b strings.Builder
	for _, field := range [][3]string{
		{"layer", l.Layer, other.Layer}, {"type", l.Type, other.Type}, {"tag", l.Tag, other.Tag}, {"version", l.Version, other.Version},
		{"registryUid", l.RegistryUID, other.RegistryUID}, {"packUid", l.PackUID, other.PackUID},
	} {
		if value := cmp.Or(field[1], field[2]); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", field[0], value)
		}
	}
	return b.String()
}

// UsedBy names the clusters and cluster templates that use the profile, as far as
// Palette tells.
func (d Difference) UsedBy() string {
	return cmp.Or(prefixed("used by ", d.usedBy()), "Palette names no cluster that uses it")
}

// prefixed puts a prefix before a text that is not empty.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
