package palette_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// headers are the lines of a diff that name what is compared, and what it compares with.
func headers(diff string) []string {
	var all []string
	for line := range strings.Lines(diff) {
		if name, is := strings.CutPrefix(line, "--- "); is {
			all = append(all, strings.TrimSpace(name))
		}
		if name, is := strings.CutPrefix(line, "+++ "); is {
			all[len(all)-1] += " > " + strings.TrimSpace(name)
		}
	}
	return all
}

// All that a publish would change is a part of the diff of what is published, each once.
func TestTextsOfADiff(t *testing.T) {
	const published, draft, rendered = "published/rhel-prod/", "draft/rhel-prod/", "rendered/aws-east"
	ourLayer := published + "generic-byoi > " + rendered
	for name, c := range map[string]struct {
		change func(p *fakepalette.Profile)
		goal   palette.Goal
		want   []string
	}{
		"our layer": {func(p *fakepalette.Profile) { p.Draft = nil }, palette.Goal{Publish: true}, []string{ourLayer}},
		"another version of a pack": {func(p *fakepalette.Profile) { p.Draft[1].Tag, p.Draft[1].Version = "1.31.0", "1.31.0" }, palette.Goal{Publish: true, IncludeDraft: true},
			[]string{ourLayer, published + "kubernetes (pack) > " + draft + "kubernetes (pack)"}},
		"a layer more": {func(p *fakepalette.Profile) {
			p.Draft = append(p.Draft, fakepalette.Layer{Name: "more", Layer: "addon", Type: "spectro", Tag: "1.0.0", PackUID: "more", Values: "a: b\n"})
		}, palette.Goal{Publish: true, IncludeDraft: true}, []string{ourLayer, "/dev/null > " + draft + "more", "/dev/null > " + draft + "more (pack)"}},
		"a layer less": {func(p *fakepalette.Profile) { p.Draft = slices.Delete(p.Draft, 1, 2) }, palette.Goal{Publish: true, IncludeDraft: true},
			[]string{ourLayer, published + "kubernetes > /dev/null", published + "kubernetes (pack) > /dev/null"}},
		"our layer, of another version of its pack": {func(p *fakepalette.Profile) {
			p.Draft[0].Tag, p.Draft[0].Version = "1.0.1", "1.0.1"
		}, palette.Goal{Publish: true, IncludeDraft: true},
			[]string{ourLayer, published + "generic-byoi (pack) > " + draft + "generic-byoi (pack)"}},
		"manifests": {func(p *fakepalette.Profile) {
			two := func(content string) []fakepalette.Manifest {
				return []fakepalette.Manifest{{Kind: "manifest", Name: "b", UID: "m-b", Content: content}, {Kind: "manifest", Name: "a", UID: "m-a", Content: content}}
			}
			p.Published[2].Manifests, p.Draft[2].Manifests = two("kind: A\n"), two("kind: B\n")
		}, palette.Goal{Publish: true, IncludeDraft: true},
			[]string{ourLayer, published + "hello/a > " + draft + "hello/a", published + "hello/b > " + draft + "hello/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				ours(s).Draft = slices.Clone(ours(s).Published)
				c.change(ours(s))
			})
			sameList(t, "texts", headers(w.plan(t, request(t, "rhel-prod", newAMI), c.goal).Difference(palette.SidePublished).Diff), c.want)
		})
	}
}

// What is not there gets no text of its pack where it is ours: the values say all of it; and
// a version that never was published is compared with the one that it was made of.
func TestTextsOfWhatIsNew(t *testing.T) {
	w := newWorld(t, withVersion(func(p *fakepalette.Profile) { p.Draft, p.Published = p.Published, nil }))
	diff := w.plan(t, request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true }), palette.Goal{Publish: true}).Difference(palette.SidePublished)
	sameList(t, "texts of a layer", headers(diff.Diff), []string{"/dev/null > rendered/aws-east"})
	diff = w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"}).Difference(palette.SidePublished)
	sameList(t, "texts of a version", headers(diff.Diff), []string{"published/rhel-prod/generic-byoi > rendered/aws-east"})
	diff = w.plan(t, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{Publish: true}).Difference(palette.SidePublished)
	sameList(t, "texts of a replacement", headers(diff.Diff), []string{"/dev/null > rendered/aws-east", "published/ubuntu/ubuntu-aws > /dev/null", "published/ubuntu/ubuntu-aws (pack) > /dev/null"})
}

// Layers in another order, and newlines at an end, are no change.
func TestWhatIsNoChange(t *testing.T) {
	w := newWorld(t)
	plan := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	w.Change(func(s *fakepalette.State) {
		slices.Reverse(ours(s).Published)
		ours(s).Published[1].Values += "\n"
	})
	if report, err := w.client.Apply(t.Context(), plan, palette.Options{}); err != nil || report.State != palette.StateDraft {
		t.Errorf("got %+v, %v", report, err)
	}
}

// Notes say what is so of the plan at hand.
func TestNotesOfAPlan(t *testing.T) {
	for name, c := range map[string]struct {
		adjust func(*fakepalette.State)
		ami    string
		goal   palette.Goal
		want   []string
	}{
		"a name in another letter case beside ours": {func(s *fakepalette.State) {
			other := *ours(s)
			other.UID, other.Name = "other", "RHEL-prod"
			s.Profiles = append(s.Profiles, &other)
		}, newAMI, palette.Goal{}, nil},
		"a draft that is written to": {func(s *fakepalette.State) {
			ours(s).Draft = slices.Clone(ours(s).Published)
			ours(s).Draft[0].Values = strings.ReplaceAll(ours(s).Draft[0].Values, oldAMI, "ami-0cccccccccccccccc")
		}, newAMI, palette.Goal{}, nil},
		"a draft that is ours": {func(s *fakepalette.State) {
			ours(s).Draft = slices.Clone(ours(s).Published)
			ours(s).Draft[0].Values = strings.ReplaceAll(ours(s).Draft[0].Values, oldAMI, newAMI)
		}, newAMI, palette.Goal{}, []string{"the profile has an unpublished draft; --publish makes it current"}},
		"a draft of somebody else": {theirs, newAMI, palette.Goal{Publish: true, Shows: true}, []string{
			`it would not be published: the draft of profile "rhel-prod" 1.2.0 of project "Default" has unpublished edits of somebody else in kubernetes; publish or discard that draft in Palette first, or give --include-draft`,
		}},
	} {
		w := newWorld(t, c.adjust)
		sameList(t, name, w.plan(t, request(t, "rhel-prod", c.ami), c.goal).Notes, c.want)
	}
}

// More of what is refused to be published.
func TestRefusalsToPublish(t *testing.T) {
	checkRefused(t, map[string]refused{
		"our values in another pack's version": {profile: "rhel-prod", goal: palette.Goal{Publish: true}, state: func(s *fakepalette.State) {
			ours(s).Draft = slices.Clone(ours(s).Published)
			ours(s).Draft[0].Values = strings.ReplaceAll(ours(s).Draft[0].Values, oldAMI, newAMI)
			ours(s).Draft[0].Tag = "1.0.1"
		}, want: "has unpublished edits of somebody else in generic-byoi"},
		"a system in place of the only layer": {
			profile: "ubuntu", goal: palette.Goal{Publish: true}, target: func(t *palette.Target) { t.Replace = true },
			state: func(s *fakepalette.State) {
				p := s.Profile("ubuntu", "1.0.0")
				p.Draft, p.Published = p.Published[:1], nil
			},
			want: "would be published with the OS layer alone",
		},
	})
}
