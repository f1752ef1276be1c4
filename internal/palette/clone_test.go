package palette_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// withVersion adds a version 1.3.0 of the profile, made of it.
func withVersion(adjust func(*fakepalette.Profile)) func(*fakepalette.State) {
	return func(s *fakepalette.State) {
		next := *ours(s)
		next.UID, next.Version, next.Clusters = "profile-next", "1.3.0", nil
		next.Published = slices.Clone(next.Published)
		adjust(&next)
		s.Profiles = append(s.Profiles, &next)
	}
}

// What is there as the new version, and is none of ours, is not written to.
func TestVersionThatIsThere(t *testing.T) {
	draft := func(adjust func([]fakepalette.Layer)) func(*fakepalette.Profile) {
		return func(p *fakepalette.Profile) {
			p.Draft, p.Published = p.Published, nil
			adjust(p.Draft)
		}
	}
	const invalid = "pack: [\n"
	for name, c := range map[string]struct {
		adjust func(*fakepalette.Profile)
		want   string
	}{
		"published, values that are none": {func(p *fakepalette.Profile) { p.Published[0].Values = invalid }, "version 1.3.0: aws-east"},
		"a draft, values that are none":   {draft(func(l []fakepalette.Layer) { l[0].Values = invalid }), "differs from 1.2.0 in more than the rendered values"},
		"a draft, another layer":          {draft(func(l []fakepalette.Layer) { l[1].Values += mark }), "differs from 1.2.0 in more than the rendered values"},
		"a draft, another pack's version": {draft(func(l []fakepalette.Layer) { l[1].PackUID = "pack-k8s-31" }), "differs from 1.2.0 in more than the rendered values"},
		"a draft, used": {func(p *fakepalette.Profile) {
			draft(func([]fakepalette.Layer) {})(p)
			p.Clusters = []fakepalette.Cluster{{Name: "web", UID: "1"}}
		}, "version 1.3.0 of profile \"rhel-prod\" is used by web"},
		"published, other values": {func(p *fakepalette.Profile) { p.Published[0].Values += mark }, "is published already, with other values"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withVersion(c.adjust))
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
			wantFailure(t, err, c.want)
		})
	}
}

// A new version has one origin and is there once.
func TestOriginOfANewVersion(t *testing.T) {
	goal := palette.Goal{NewVersion: "1.3.0"}
	w := newWorld(t, func(s *fakepalette.State) { ours(s).Version = "1.3.0" })
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), goal)
	wantFailure(t, err, `version 1.3.0 of profile "rhel-prod" exists, but not the version it would be cloned from`)
	w = newWorld(t, func(s *fakepalette.State) { ours(s).Version, ours(s).Published = "1.3.0", ours(s).Published[1:] })
	_, err = w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create = true }), goal)
	wantFailure(t, err, `but not the version it would be cloned from`)
	w = newWorld(t, withVersion(func(*fakepalette.Profile) {}), withVersion(func(p *fakepalette.Profile) { p.UID, p.Version = "twin", "v1.3.0" }))
	_, err = w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, atVersion("1.2.0")), goal)
	wantFailure(t, err, `3 profiles of project "Default" are named "rhel-prod": 1.2.0 (uid profile-rhel), 1.3.0 (uid profile-next), v1.3.0 (uid twin)`)
}

// afterClone has somebody edit profiles once the clone is made.
func afterClone(w *world, edit func(base, clone *fakepalette.Profile)) {
	cloned := false
	w.Before(func(_ int, _ fakepalette.Call, s *fakepalette.State) {
		if clone := s.Profile("rhel-prod", "1.3.0"); clone != nil && !cloned {
			cloned = true
			edit(ours(s), clone)
		}
	})
}

// A clone that is no copy is not gone on with, nor one of what was changed meanwhile.
func TestCloneThatIsNoCopy(t *testing.T) {
	for name, edit := range map[string]func(base, clone *fakepalette.Profile){
		"another layer":   func(_, clone *fakepalette.Profile) { clone.Draft[1].Values += mark },
		"a layer less":    func(_, clone *fakepalette.Profile) { clone.Draft = clone.Draft[:2] },
		"the variables":   func(_, clone *fakepalette.Profile) { clone.Variables = []fakepalette.Variable{{Name: "zone"}} },
		"our layer":       func(_, clone *fakepalette.Profile) { clone.Draft[0].Values += "  more: yes\n" },
		"of another base": func(base, _ *fakepalette.Profile) { base.Published[1].Values += mark },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			afterClone(w, edit)
			plan := w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
			report, err := w.client.Apply(t.Context(), plan, palette.Options{})
			wantFailure(t, err, "was changed by somebody else in between")
			sameList(t, "steps", progress(report), []string{"clone-version taken"})
			sameList(t, "writes", w.writes(), []string{"POST /v1/clusterprofiles/profile-rhel/clone"})
		})
	}
}

// A clone has what its origin published, where Palette makes it so: the layer of the
// draft alone is not in it.
func TestCloneWithoutTheLayerOfTheDraft(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { p := ours(s); p.Draft = p.Published; p.Published = p.Published[1:] })
	w.ClonesWithoutDraft = true
	plan := w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	report, err := w.client.Apply(t.Context(), plan, palette.Options{})
	e := wantFailure(t, err, `the generic-byoi layer of profile "rhel-prod" 1.3.0 of project "Default" vanished meanwhile`)
	if e.Next != "run the command again" {
		t.Errorf("got next step %q", e.Next)
	}
	sameList(t, "steps", progress(report), []string{"clone-version seen"})
}

// What a clone has pending beside its layers is somebody's, and is not published with it.
func TestCloneWithSomethingPending(t *testing.T) {
	w := newWorld(t)
	w.ClonesPublished, w.DraftAlways = true, true
	client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
		if draft := within(body, "spec", "draft"); draft != nil && within(body, "spec")["version"] == "1.3.0" {
			draft["type"] = "infra"
		}
	})
	plan := planWith(t, client, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	e := wantFailure(t, err, `the draft of profile "rhel-prod" 1.3.0 of project "Default" has unpublished edits of somebody else in the type of the profile`)
	if !strings.Contains(e.Next, "--include-draft") {
		t.Errorf("got next step %q", e.Next)
	}
	sameList(t, "steps", progress(report), []string{"clone-version seen"})
}

// A draft that publishing leaves is told, also where its layers are those that were
// published.
func TestDraftThatStaysAfterAPublish(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
	w.DraftAlways = true
	client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
		if draft := within(body, "spec", "draft"); draft != nil {
			draft["type"] = "infra"
		}
	})
	report, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true}), palette.Options{})
	e := wantFailure(t, err, "was changed by somebody else in between")
	sameList(t, "details", e.Details, []string{"draft is not as it was left", "palette took the request to publish the draft"})
	sameList(t, "steps", progress(report), []string{"update-layer seen", "publish taken"})
}

// A draft that is none, as it is what is published, is not told as one.
func TestDraftThatChangesNothing(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[0].Values = wantGeneric()
	})
	w.DraftAlways = true
	report := w.apply(t, request(t, "rhel-prod", oldAMI), palette.Goal{})
	if report.State != palette.StateRestored {
		t.Errorf("got %+v", report)
	}
	if plan := w.plan(t, request(t, "rhel-prod", oldAMI), palette.Goal{}); len(plan.Notes) > 0 {
		t.Errorf("got notes %q", plan.Notes)
	}
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	sameList(t, "notes", w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}).Notes, []string{"the profile has an unpublished draft; --publish makes it current"})
	if report := w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}); report.State != palette.StatePublished {
		t.Errorf("got %+v", report)
	}
	if report := w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}); report.State != palette.StateUnchanged || len(report.Warnings) > 0 {
		t.Errorf("got %+v", report)
	}
}

// Who else writes to a version as an apply does is told after some rounds.
func TestApplyThatDoesNotComeToRest(t *testing.T) {
	w := newWorld(t)
	r := request(t, "rhel-prod", newAMI)
	r.Edit = func(existing []byte) ([]byte, error) {
		return append(slices.Clone(existing), "  # once more\n"...), nil
	}
	report, err := w.client.Apply(t.Context(), w.plan(t, r, palette.Goal{}), palette.Options{})
	e := wantFailure(t, err, `profile "rhel-prod" 1.2.0 of project "Default" does not come to rest`)
	if !strings.HasPrefix(e.Next, "see who else changes it") {
		t.Errorf("got next step %q", e.Next)
	}
	if len(report.Steps) != 5 || len(w.writes()) != 5 || report.State != palette.StateFailed {
		t.Errorf("got %+v", report)
	}
}

// An edit beside a write whose answer was lost: both are told.
func TestLostAnswerBesideAnEdit(t *testing.T) {
	w := newWorld(t)
	w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
		if p := ours(s); p.Draft != nil && call.Method == http.MethodGet {
			p.Draft[1].Values = mark
		}
	})
	client := between(t, w, "v1ClusterProfilesUidPacksNameUpdate", true, other{"", 500, "application/json", `{"code": "Broken", "message": "no"}`}.write)
	report, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{}), palette.Options{})
	e := wantFailure(t, err, "was changed by somebody else in between")
	sameList(t, "steps", progress(report), []string{"update-layer sent"})
	if len(e.Details) != 2 || e.Details[0] != "kubernetes is not as it was left" || !strings.HasPrefix(e.Details[1], "it is not known whether palette carried out the request to change the OS layer of") || !strings.Contains(e.Details[1], "palette answered 500 to PUT") {
		t.Errorf("got details %q", e.Details)
	}
}

// A clone of our draft, which Palette publishes as it makes it, has all.
func TestCloneThatIsPublishedAtOnce(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[0].Values = wantGeneric()
	})
	w.ClonesPublished = true
	report := w.apply(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	sameList(t, "steps", progress(report), []string{"clone-version seen"})
	if report.State != palette.StateCloned || report.ProfileVersion != "1.3.0" {
		t.Errorf("got %+v", report)
	}
}
