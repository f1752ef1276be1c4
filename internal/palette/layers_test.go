package palette_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
	"github.com/kubectl-byoos/kubectl-byoos/test/legal"
)

func TestOSLayerAloneIsNotPublished(t *testing.T) {
	for _, typ := range []string{"", "infra", "add-on"} {
		t.Run(typ, func(t *testing.T) {
			create := request(t, "fresh", newAMI, func(t *palette.Target) {
				t.Create, t.Type = true, typ
				if typ != "add-on" {
					t.CloudType = "aws"
				}
			})
			w := newWorld(t)
			_, err := w.client.Plan(t.Context(), create, palette.Goal{Publish: true})
			e := wantFailure(t, err, "would be published with the OS layer alone")
			if !strings.Contains(e.Next, "--os-layer-alone") {
				t.Errorf("got next step %q", e.Next)
			}
			sameList(t, "writes", w.writes(), nil)

			w.apply(t, create, palette.Goal{})
			_, err = w.client.Plan(t.Context(), create, palette.Goal{Publish: true})
			wantFailure(t, err, "would be published with the OS layer alone")
			w.apply(t, create, palette.Goal{Publish: true, OSLayerAlone: true})
			state := w.State()
			want := typ
			if typ == "" {
				want = "cluster"
			}
			if p := state.Profile("fresh", "1.0.0"); p.Type != want || p.Published == nil {
				t.Errorf("got %+v", p)
			}
		})
	}
	w := newWorld(t)
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Type = "infra" }), palette.Goal{})
	wantFailure(t, err, "is of type cluster, not infra")
}

// The OS layer of another pack goes when the target says so, and nothing else.
func TestReplaceLayer(t *testing.T) {
	addon := fakepalette.Layer{Name: "hello", Layer: "addon", Type: "manifest", Tag: "1.0.0", Version: "1.0.0", PackUID: "spectro-manifest-pack", RegistryUID: "reg-public",
		Manifests: []fakepalette.Manifest{{Kind: "manifest", Name: "hello", UID: "manifest-1", Content: "kind: Namespace\n"}}}
	with := func(s *fakepalette.State) {
		p := s.Profile("ubuntu", "1.0.0")
		p.Published = append(p.Published, addon)
		p.Labels = map[string]string{"team": "platform"}
	}
	replace := func(t *palette.Target) { t.Replace, t.Version = true, "1.0.0" }
	for name, goal := range goals() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, with)
			_, err := w.client.Plan(t.Context(), request(t, "ubuntu", newAMI), goal)
			if e := wantFailure(t, err, "is ubuntu-aws, not generic-byoi"); !strings.Contains(e.Next, "target.replace: true") {
				t.Errorf("got next step %q", e.Next)
			}
			plan := w.plan(t, request(t, "ubuntu", newAMI, replace), goal)
			if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, "pack generic-byoi 1.0.0 goes in place of ubuntu-aws 22.04") {
				t.Errorf("got notes %s", notes)
			}
			before := w.State()
			w.apply(t, request(t, "ubuntu", newAMI, replace), goal)
			state := w.State()
			version := "1.0.0"
			if goal.NewVersion != "" {
				version = goal.NewVersion
			}
			p := state.Profile("ubuntu", version)
			if p.Layer("ubuntu-aws", true) != nil || p.Layer("generic-byoi", true) == nil || p.Labels["team"] != "platform" {
				t.Errorf("got %+v", p)
			}
			for _, layer := range []string{"kubernetes", "hello"} {
				if diff := cmp.Diff(before.Profile("ubuntu", "1.0.0").Layer(layer, true), p.Layer(layer, true), anyUID); diff != "" {
					t.Errorf("layer %s (-want +got):\n%s", layer, diff)
				}
			}
			if report := w.apply(t, request(t, "ubuntu", newAMI, replace), goal); report.State != palette.StateUnchanged {
				t.Errorf("the second apply: %+v", report)
			}
		})
	}
}

// PUT of a profile puts a version into the draft: it is the one that stands there, and
// none where there is none.
func TestReplacementLeavesTheVersion(t *testing.T) {
	for name, c := range map[string]struct{ version, pending, want string }{
		"as it is": {"1.2.0", "", "1.2.0"}, "pending": {"1.2.0", "1.3.0", "1.3.0"}, "none": {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				p := s.Profile("ubuntu", "1.0.0")
				p.Version, p.Draft = c.version, slices.Clone(p.Published)
			})
			pending := legal.Variation{Name: "pending", Apply: func(answer []byte) ([]byte, error) {
				var body map[string]any
				if err := json.Unmarshal(answer, &body); err != nil || c.pending == "" {
					return answer, err
				}
				body["spec"].(map[string]any)["draft"].(map[string]any)["profileVersion"] = c.pending
				return json.Marshal(body)
			}}
			client := newClient(t, &legal.Varied{Next: w.Server, Variation: pending, Match: func(r *http.Request) bool {
				return w.Operation(r) == "v1ClusterProfilesGet"
			}}, canary)
			plan, err := client.Plan(t.Context(), request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, call := range w.Calls() {
				var body struct{ Spec struct{ Version string } }
				if call.Method == http.MethodPut && (json.Unmarshal([]byte(call.Body), &body) != nil || body.Spec.Version != c.want) {
					t.Errorf("got version %q, want %q", body.Spec.Version, c.want)
				}
			}
		})
	}
}

// Two registries of one name: the one that has the pack, or both are told.
func TestRegistriesOfOneName(t *testing.T) {
	twin := func(s *fakepalette.State) {
		s.Registries = append(s.Registries, fakepalette.Registry{UID: "reg-twin", Name: "Public Repo", Kind: "oci"})
	}
	both := func(s *fakepalette.State) {
		s.Packs = append(s.Packs, fakepalette.Pack{UID: "byoi-twin", Name: "generic-byoi", Version: "1.0.0", RegistryUID: "reg-twin", Type: "oci", Layer: "os"})
	}
	add := func(t *palette.Target) { t.Create = true }
	w := newWorld(t, twin)
	plan := w.plan(t, request(t, "no-os", newAMI, add), palette.Goal{})
	if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, `of 2 registries named "Public Repo", Public Repo (uid reg-public`) {
		t.Errorf("got notes %s", notes)
	}
	w = newWorld(t, twin, both)
	_, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, add), palette.Goal{})
	e := wantFailure(t, err, `2 registries named "Public Repo" have pack generic-byoi: Public Repo (uid reg-public, spectro, system), Public Repo (uid reg-twin, oci, system)`)
	if !strings.Contains(e.Next, "target.registryUid") {
		t.Errorf("got next step %q", e.Next)
	}
	w.apply(t, request(t, "no-os", newAMI, add, func(t *palette.Target) { t.RegistryUID = "reg-twin" }), palette.Goal{})
	state := w.State()
	if got := state.Profile("no-os", "1.0.0").Layer("generic-byoi", true).RegistryUID; got != "reg-twin" {
		t.Errorf("got the pack of registry %s", got)
	}
}

func TestPackVersions(t *testing.T) {
	more := func(s *fakepalette.State) {
		for _, version := range []string{"1.0.2", "1.0.10", "1.1.0", "2.0.0"} {
			s.Packs = append(s.Packs, fakepalette.Pack{UID: "byoi-" + version, Name: "generic-byoi", Version: version, RegistryUID: "reg-public", Type: "spectro", Layer: "os"})
		}
	}
	for version, want := range map[string]string{"": "byoi-2.0.0", "1.0.x": "byoi-1.0.10", "1.x": "byoi-1.1.0", "1.x.x": "byoi-1.1.0", "1.0.2": "byoi-1.0.2", "3.x": ""} {
		w := newWorld(t, more)
		w.PageSize = 2
		_, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, version }), palette.Goal{})
		if want == "" {
			wantFailure(t, err, `has no pack generic-byoi 3.x`)
			continue
		}
		w.apply(t, request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, version }), palette.Goal{})
		state := w.State()
		if got := state.Profile("no-os", "1.0.0").Layer("generic-byoi", true).PackUID; got != want {
			t.Errorf("%q: got %s, want %s", version, got, want)
		}
	}
}

// A disabled pack is in the list, and not one that new profiles may have.
func TestDisabledPacks(t *testing.T) {
	more := func(s *fakepalette.State) {
		for _, version := range []string{"1.0.2", "2.0.0"} {
			s.Packs = append(s.Packs, fakepalette.Pack{UID: "byoi-" + version, Name: "generic-byoi", Version: version, RegistryUID: "reg-public", Type: "spectro", Layer: "os", Disabled: version == "2.0.0"})
		}
	}
	for version, want := range map[string]string{"": "1.0.2", "1.x": "1.0.2", "2.x": "", "2.0.0": "2.0.0"} {
		w := newWorld(t, more)
		plan, err := w.client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, version }), palette.Goal{})
		if want == "" {
			if e := wantFailure(t, err, "has no pack generic-byoi 2.x"); !strings.Contains(strings.Join(e.Details, "\n"), "has disabled some of these") {
				t.Errorf("got details %q", e.Details)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", version, err)
		}
		told := strings.Contains(strings.Join(plan.Notes, "\n"), "palette has disabled pack generic-byoi 2.0.0")
		if plan.Layer.Tag != want || told != (want == "2.0.0") {
			t.Errorf("%q: got %s, want %s; notes %q", version, plan.Layer.Tag, want, plan.Notes)
		}
	}
}
