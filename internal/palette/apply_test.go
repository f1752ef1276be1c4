package palette_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

const (
	putGeneric = "PUT /v1/clusterprofiles/profile-rhel/packs/generic-byoi"
	publish    = "PATCH /v1/clusterprofiles/profile-rhel/publish"
)

func wantGeneric() string { return strings.Replace(genericValues, oldAMI, newAMI, 1) }

func TestApplyLeavesADraft(t *testing.T) {
	w := newWorld(t)
	report := w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	state := w.State()
	profile := state.Profile("rhel-prod", "1.2.0")
	if got := profile.Layer("generic-byoi", false).Values; got != genericValues {
		t.Errorf("a draft apply changed what is published:\n%s", got)
	}
	if diff := cmp.Diff(wantGeneric(), profile.Layer("generic-byoi", true).Values); diff != "" {
		t.Errorf("draft (-want +got):\n%s", diff)
	}
	sameList(t, "writes", w.writes(), []string{putGeneric})
	if report.State != palette.StateDraft || !report.Validated || len(report.Clusters) != 2 || report.Clusters[0].Name != "batch" {
		t.Errorf("got report %+v", report)
	}
}

func TestApplyTwiceWritesOnce(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"draft": {}, "publish": {Publish: true}, "version": {NewVersion: "1.3.0"}} {
		t.Run(name, func(t *testing.T) {
			for _, draftAlways := range []bool{false, true} {
				w := newWorld(t)
				w.DraftAlways = draftAlways
				w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" }), goal)
				w.Forget()
				report := w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" }), goal)
				sameList(t, "writes of the second apply", w.writes(), nil)
				if report.State != palette.StateUnchanged {
					t.Errorf("got state %s", report.State)
				}
			}
		})
	}
}

func TestApplyPublishes(t *testing.T) {
	w := newWorld(t)
	report := w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	sameList(t, "writes", w.writes(), []string{putGeneric, publish})
	state := w.State()
	profile := state.Profile("rhel-prod", "1.2.0")
	if got := profile.Layer("generic-byoi", false).Values; got != wantGeneric() {
		t.Errorf("published:\n%s", got)
	}
	if report.State != palette.StatePublished {
		t.Errorf("got state %s", report.State)
	}
}

func TestApplyPublishesADraftOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	w.Forget()
	w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	sameList(t, "writes", w.writes(), []string{publish})
}

func TestApplyMakesANewVersion(t *testing.T) {
	for _, published := range []bool{false, true} {
		w := newWorld(t)
		w.ClonesPublished = published
		report := w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
		state := w.State()
		if got := state.Profile("rhel-prod", "1.2.0"); got.Layer("generic-byoi", true).Values != genericValues {
			t.Errorf("the base version was changed: %+v", got)
		}
		next := state.Profile("rhel-prod", "1.3.0")
		if got := next.Layer("generic-byoi", false); got == nil || got.Values != wantGeneric() {
			t.Errorf("the new version has %+v", got)
		}
		if next.Layer("hello", false) == nil || next.Draft != nil {
			t.Errorf("the new version is not whole and published: %+v", next)
		}
		if report.ProfileVersion != "1.3.0" || report.ProfileUID != next.UID || report.State != palette.StatePublished {
			t.Errorf("got report %+v", report)
		}
	}
}

func TestNewVersionThatSomebodyElseMade(t *testing.T) {
	w := newWorld(t)
	w.apply(t, request(t, "rhel-prod", "ami-0cccccccccccccccc"), palette.Goal{NewVersion: "1.3.0"})
	w.Forget()
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" }), palette.Goal{NewVersion: "1.3.0"})
	wantFailure(t, err, "version 1.3.0 of profile \"rhel-prod\" is published already")
	sameList(t, "writes", w.writes(), nil)
}

// Everything of a long edge layer but the changed values stays byte for byte,
// and no other layer is sent.
func TestApplyKeepsEveryOtherByte(t *testing.T) {
	w := newWorld(t)
	before, err := os.ReadFile("testdata/edge-values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(before), "\n"); lines < 300 {
		t.Fatalf("the values have only %d lines", lines)
	}
	w.apply(t, edgeRequest(t, "store-2026-01"), palette.Goal{Publish: true})
	want := strings.NewReplacer("peVersion: v4.5.0\n", "peVersion: v4.5.1\n", "store-2025-11", "store-2026-01").Replace(string(before))
	state := w.State()
	if diff := cmp.Diff(want, state.Profile("stores", "1.0.0").Layer("edge-native-byoi", false).Values); diff != "" {
		t.Errorf("published values (-want +got):\n%s", diff)
	}
	for _, call := range w.Calls() {
		if strings.Contains(call.Body, "kubernetes\"") || strings.Contains(call.Body, "k8sHardening") {
			t.Errorf("another layer was sent: %s %s %s", call.Method, call.Path, call.Body)
		}
	}
}

func TestCreateProfile(t *testing.T) {
	w := newWorld(t)
	w.PageSize = 1
	create := request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
	report := w.apply(t, create, palette.Goal{})
	sameList(t, "writes", w.writes(), []string{"POST /v1/clusterprofiles"})
	state := w.State()
	profile := state.Profile("fresh", "1.0.0")
	if profile == nil || profile.Published != nil || profile.ProjectUID != "project-1" || profile.CloudType != "aws" {
		t.Fatalf("got profile %+v", profile)
	}
	layer := profile.Layer("generic-byoi", true)
	if layer.PackUID != "byoi-100" || layer.RegistryUID != "reg-public" || layer.Tag != "1.0.0" || layer.Layer != "os" {
		t.Errorf("got layer %+v", layer)
	}
	if !strings.Contains(layer.Values, "# the image to start machines from\n  osImageOverride: \""+newAMI+"\"") {
		t.Errorf("the pack's own values are not the base:\n%s", layer.Values)
	}
	if report.State != palette.StateDraft {
		t.Errorf("got state %s", report.State)
	}
	w.Forget()
	w.apply(t, create, palette.Goal{})
	sameList(t, "writes of the second apply", w.writes(), nil)
	w.apply(t, create, palette.Goal{Publish: true, OSLayerAlone: true})
	sameList(t, "writes to publish", w.writes(), []string{"PATCH /v1/clusterprofiles/" + profile.UID + "/publish"})
}

func TestAddLayer(t *testing.T) {
	w := newWorld(t)
	add := request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true })
	w.apply(t, add, palette.Goal{Publish: true})
	sameList(t, "writes", w.writes(), []string{"POST /v1/clusterprofiles/profile-infra/packs", "PATCH /v1/clusterprofiles/profile-infra/publish"})
	state := w.State()
	profile := state.Profile("no-os", "1.0.0")
	if len(profile.Published) != 2 || profile.Layer("generic-byoi", false) == nil {
		t.Errorf("got %+v", profile)
	}
	w.Forget()
	w.apply(t, add, palette.Goal{Publish: true})
	sameList(t, "writes of the second apply", w.writes(), nil)
}

// A version beside others is a clone of one of them: made from the registry, it
// would lack all layers but one.
func TestCreateMakesNoFurtherVersion(t *testing.T) {
	w := newWorld(t)
	further := request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version, t.Create, t.CloudType = "1.3.0", true, "aws" })
	for goal, next := range map[palette.Goal]string{
		{}:                    "set target.version to one of them; `apply --new-version 1.3.0` then makes version 1.3.0 from it",
		{Publish: true}:       "set target.version to one of them; `apply --new-version 1.3.0` then makes version 1.3.0 from it",
		{NewVersion: "1.4.0"}: "set target.version to one of them; `apply --new-version 1.4.0` then makes version 1.4.0 from it",
		{NewVersion: "1.2.0"}: "set target.version to one of them",
	} {
		_, err := w.client.Plan(t.Context(), further, goal)
		e := wantFailure(t, err, `profile "rhel-prod" has no version 1.3.0; it has 1.2.0 (uid profile-rhel)`)
		if e.Next != next {
			t.Errorf("%+v: next step %q, want %q", goal, e.Next, next)
		}
	}
	sameList(t, "writes", w.writes(), nil)
}

// A draft of the new version is gone on with when it has nothing of somebody else.
func TestGoOnWithAClone(t *testing.T) {
	for name, c := range map[string]struct {
		values string
		want   string
	}{
		"as cloned":       {values: genericValues},
		"another image":   {values: strings.Replace(genericValues, oldAMI, "ami-0cccccccccccccccc", 1)},
		"somebody's edit": {values: genericValues + "  other: edit\n", want: "differs from 1.2.0 in more than the rendered values"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				clone := *s.Profiles[0]
				clone.UID, clone.Version, clone.Clusters = "clone", "1.3.0", nil
				clone.Published, clone.Draft = nil, slices.Clone(clone.Published)
				clone.Draft[0].Values = c.values
				s.Profiles = append(s.Profiles, &clone)
			})
			next := request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.2.0" })
			if c.want == "" {
				w.apply(t, next, palette.Goal{NewVersion: "1.3.0"})
				return
			}
			_, err := w.client.Plan(t.Context(), next, palette.Goal{NewVersion: "1.3.0"})
			wantFailure(t, err, c.want)
			w.apply(t, next, palette.Goal{NewVersion: "1.3.0", IncludeDraft: true})
		})
	}
}

// refused is a target that is refused, and the words that say why.
type refused struct {
	profile string
	target  func(*palette.Target)
	goal    palette.Goal
	state   func(*fakepalette.State)
	want    string
}

func TestRefusals(t *testing.T) {
	checkRefused(t, map[string]refused{
		"no profile":        {profile: "nope", want: `there is no profile "nope"`},
		"no project":        {profile: "rhel-prod", target: func(t *palette.Target) { t.Scope = palette.ProjectScope("Def") }, want: `has 0 projects named "Def"`},
		"no version":        {profile: "rhel-prod", target: func(t *palette.Target) { t.Version = "9.9.9" }, want: "has no version 9.9.9; it has 1.2.0"},
		"no layer":          {profile: "no-os", want: "has no generic-byoi layer"},
		"another OS":        {profile: "ubuntu", target: func(t *palette.Target) { t.Create = true }, want: "is ubuntu-aws, not generic-byoi"},
		"no registry":       {profile: "no-os", target: func(t *palette.Target) { t.Create, t.Registry = true, "Nope" }, want: `no registry named "Nope"`},
		"no pack version":   {profile: "no-os", target: func(t *palette.Target) { t.Create, t.PackVersion = true, "7.0.0" }, want: "has no pack generic-byoi 7.0.0"},
		"old pack version":  {profile: "no-os", target: func(t *palette.Target) { t.Create, t.PackVersion = true, "0.9.9" }, want: "1.0.0 is the first that is supported"},
		"wrong cloud":       {profile: "rhel-prod", target: func(t *palette.Target) { t.Provider = "azure" }, want: "is one of azure, and the profile is of cloud type aws"},
		"another cloud":     {profile: "rhel-prod", target: func(t *palette.Target) { t.CloudType = "eks" }, want: "is of cloud type aws, not eks"},
		"pack for cloud":    {profile: "fresh", target: func(t *palette.Target) { t.Create, t.CloudType = true, "maas" }, want: "not for cloud type maas"},
		"cloud type needed": {profile: "fresh", target: func(t *palette.Target) { t.Create = true }, want: "target.cloudType is missing"},
		"clone of nothing":  {profile: "fresh", target: func(t *palette.Target) { t.Create = true }, goal: palette.Goal{NewVersion: "2.0.0"}, want: "could be cloned from"},
		"same version":      {profile: "rhel-prod", target: func(t *palette.Target) { t.Version = "1.2.0" }, goal: palette.Goal{NewVersion: "1.2.0"}, want: "the new version 1.2.0 is the one"},
		"two versions": {profile: "rhel-prod", state: func(s *fakepalette.State) {
			other := *s.Profiles[0]
			other.UID, other.Version = "profile-rhel-2", "1.1.0"
			s.Profiles = append(s.Profiles, &other)
		}, want: "2 profiles of project \"Default\" are named \"rhel-prod\": 1.1.0 (uid profile-rhel-2), 1.2.0 (uid profile-rhel)"},
	})
}

func TestRefusalsOfWhatIsThere(t *testing.T) {
	checkRefused(t, map[string]refused{
		"layer of another kind":   {profile: "rhel-prod", state: func(s *fakepalette.State) { s.Profiles[0].Published[0].Layer = "addon" }, want: "is of layer addon"},
		"values that are no YAML": {profile: "rhel-prod", state: func(s *fakepalette.State) { s.Profiles[0].Published[0].Values = "pack: [\n" }, want: "aws-east:"},
		"somebody's draft": {profile: "rhel-prod", goal: palette.Goal{Publish: true}, state: func(s *fakepalette.State) {
			p := s.Profiles[0]
			p.Draft = append([]fakepalette.Layer(nil), p.Published...)
			p.Draft[1].Values = "pack:\n  k8sHardening: false\n"
		}, want: "has unpublished edits of somebody else in kubernetes"},
		"somebody's draft in our layer": {profile: "rhel-prod", goal: palette.Goal{Publish: true}, state: func(s *fakepalette.State) {
			p := s.Profiles[0]
			p.Draft = append([]fakepalette.Layer(nil), p.Published...)
			p.Draft[0].Values += "  other: edit\n"
		}, want: "has unpublished edits of somebody else in generic-byoi"},
		"somebody's draft, cloned": {profile: "rhel-prod", goal: palette.Goal{NewVersion: "1.3.0"}, state: func(s *fakepalette.State) {
			p := s.Profiles[0]
			p.Draft = append([]fakepalette.Layer(nil), p.Published...)
			p.Draft[1].Values = "pack:\n  k8sHardening: false\n"
		}, want: "has unpublished edits of somebody else in kubernetes"},
	})
}

func checkRefused(t *testing.T, cases map[string]refused) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.state != nil {
				w.Change(c.state)
			}
			if c.target == nil {
				c.target = func(*palette.Target) {}
			}
			_, err := w.client.Plan(t.Context(), request(t, c.profile, newAMI, c.target), c.goal)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if code := failure.Code(err); code == failure.ExitOK || code == failure.ExitInterrupted {
				t.Errorf("got exit code %d", code)
			}
			sameList(t, "writes", w.writes(), nil)
		})
	}
}

func TestSomebodysDraftIsPublishedWhenAsked(t *testing.T) {
	w := newWorld(t)
	w.Change(func(s *fakepalette.State) {
		p := s.Profiles[0]
		p.Draft = append([]fakepalette.Layer(nil), p.Published...)
		p.Draft[1].Values = "pack:\n  k8sHardening: false\n"
	})
	report := w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true})
	state := w.State()
	if got := state.Profile("rhel-prod", "1.2.0").Layer("kubernetes", false).Values; !strings.Contains(got, "false") {
		t.Errorf("the draft was not published: %s", got)
	}
	if len(report.Warnings) == 0 || !strings.Contains(report.Warnings[0], "kubernetes") {
		t.Errorf("got warnings %q", report.Warnings)
	}
}

func TestPaletteRefusesTheValues(t *testing.T) {
	w := newWorld(t)
	bad := request(t, "rhel-prod", newAMI)
	bad.Edit = func([]byte) ([]byte, error) { return []byte("nothing: here\n"), nil }
	_, err := w.client.Apply(t.Context(), w.plan(t, bad, palette.Goal{Publish: true}), palette.Options{})
	e := wantFailure(t, err, "palette refuses the values")
	sameList(t, "details", e.Details, []string{"generic-byoi: values have no pack section (MissingKey)"})
	sameList(t, "writes", w.writes(), nil)
}

func wantFailure(t *testing.T, err error, text string) *failure.Error {
	t.Helper()
	var e *failure.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), text) {
		t.Fatalf("got error %v, want one with %q", err, text)
	}
	if e.Code != failure.ExitPalette {
		t.Errorf("got exit code %d, want %d", e.Code, failure.ExitPalette)
	}
	return e
}
