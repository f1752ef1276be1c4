package palette_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// What Palette may leave out of a profile or a pack stands in no way.
func TestWhatIsNotTold(t *testing.T) {
	create := func(t *palette.Target) { t.Create, t.CloudType = true, "aws" }
	forCloud := func(p *fakepalette.Pack) { p.CloudTypes = []string{"aws"} }
	for name, c := range map[string]struct {
		profile string
		target  func(*palette.Target)
		packs   []fakepalette.Pack
		change  func(profile object) // the profile's spec
	}{
		"the cloud type":         {"rhel-prod", create, nil, func(o object) { delete(within(o, "published"), "cloudType") }},
		"the type":               {"rhel-prod", func(t *palette.Target) { t.Type = "cluster" }, nil, func(o object) { delete(within(o, "published"), "type") }},
		"the name of a pack":     {"no-os", create, []fakepalette.Pack{registryPack("1.0.0", func(p *fakepalette.Pack) { p.Name = "" })}, nil},
		"the registry of a pack": {"no-os", create, []fakepalette.Pack{registryPack("1.0.0", func(p *fakepalette.Pack) { p.RegistryUID = "" })}, nil},
		"the cloud type, beside a pack for clouds": {"no-os", func(t *palette.Target) { t.Create = true }, []fakepalette.Pack{registryPack("1.0.0", forCloud)}, func(o object) { delete(within(o, "published"), "cloudType") }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			handler := varied(w, "v1ClusterProfilesGet", func(body object) {
				if c.change != nil {
					c.change(within(body, "spec"))
				}
			})
			list := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/v1/dashboard/clusterprofiles/metadata":
					varied(w, w.Operation(r), func(body object) {
						for _, item := range body["items"].([]any) {
							delete(within(item.(object), "spec"), "cloudType")
						}
					}).ServeHTTP(rw, r)
				case c.packs != nil && r.URL.Path == "/v1/packs":
					varied(w, w.Operation(r), packsOf(c.packs)).ServeHTTP(rw, r)
				default:
					handler.ServeHTTP(rw, r)
				}
			})
			plan, err := newClient(t, list, canary).Plan(t.Context(), request(t, c.profile, newAMI, c.target), palette.Goal{})
			if err != nil || !strings.Contains(plan.Layer.Values, newAMI) || plan.Layer.Tag != "1.0.0" {
				t.Errorf("got %+v, %v", plan, err)
			}
		})
	}
}

// A profile's own words count where the list tells none.
func TestCloudTypeThatTheListDoesNotTell(t *testing.T) {
	w := newWorld(t)
	client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/dashboard/clusterprofiles/metadata" {
			w.ServeHTTP(rw, r)
			return
		}
		varied(w, w.Operation(r), func(body object) {
			for _, item := range body["items"].([]any) {
				delete(within(item.(object), "spec"), "cloudType")
			}
		}).ServeHTTP(rw, r)
	}), canary)
	_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.CloudType = "eks" }), palette.Goal{})
	wantFailure(t, err, "is of cloud type aws, not eks")
}

// What a target says of a pack is compared with all that is known of the layer.
func TestSettingsOfARareLayer(t *testing.T) {
	for name, c := range map[string]struct {
		layer  func(*fakepalette.Layer)
		adjust func(*palette.Target)
	}{
		"a version that the tag is":    {func(l *fakepalette.Layer) { l.Version, l.Tag = "2.1.0-rc.1", "2.1.0" }, func(t *palette.Target) { t.PackVersion = "2.1.x" }},
		"a registry that is not known": {func(l *fakepalette.Layer) { l.RegistryUID = "" }, func(t *palette.Target) { t.RegistryUID = "reg-other" }},
	} {
		w := newWorld(t, func(s *fakepalette.State) { c.layer(&ours(s).Published[0]) })
		sameList(t, name, w.plan(t, request(t, "rhel-prod", newAMI, c.adjust), palette.Goal{}).Notes, nil)
	}
}

// Versions of a profile that are not meant are not read; they are where none is.
func TestVersionsThatAreRead(t *testing.T) {
	w := newWorld(t, withVersion(func(p *fakepalette.Profile) { p.Draft, p.Published = p.Published, nil }), withVersion(func(p *fakepalette.Profile) { p.UID, p.Version = "other", "1.0.0" }))
	w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"})
	reads := map[string]bool{}
	for _, call := range w.Calls() {
		reads[call.Path] = true
	}
	for uid, want := range map[string]bool{"profile-rhel": true, "profile-next": true, "other": false} {
		if reads["/v1/clusterprofiles/"+uid] != want {
			t.Errorf("%s: got %v", uid, reads)
		}
	}
	broken := answeringWith(t, w, http.StatusInternalServerError, "/v1/clusterprofiles/other", `{"code": "Some", "message": "no"}`)
	_, err := broken.Plan(t.Context(), request(t, "rhel-prod", newAMI, atVersion("9.9.9")), palette.Goal{})
	wantFailure(t, err, "palette answered 500")
}

// A version need not be a number; it is another one than any that is.
func TestVersionThatIsNoNumber(t *testing.T) {
	w := newWorld(t, withVersion(func(p *fakepalette.Profile) { p.Version = "draft-x" }))
	if plan := w.plan(t, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{NewVersion: "1.3.0"}); plan.Profile().UID != "profile-rhel" {
		t.Errorf("got %+v", plan.Profile())
	}
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	wantFailure(t, err, "2 profiles of project \"Default\" are named \"rhel-prod\": 1.2.0 (uid profile-rhel), draft-x (uid profile-next)")
}

// A layer that a draft lost comes back with its keys where these are known, and is looked up
// where they are not.
func TestLayerThatADraftLost(t *testing.T) {
	for uid, want := range map[string]string{"byoi-old": "byoi-old", "": "byoi-100"} {
		w := newWorld(t, func(s *fakepalette.State) {
			ours(s).Draft = slices.Clone(ours(s).Published[1:])
			ours(s).Published[0].PackUID = uid
		})
		plan := w.plan(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create = true }), palette.Goal{})
		if plan.Layer.PackUID != want || plan.Action != palette.ActionAdd {
			t.Errorf("got %s of %+v", plan.Action, plan.Layer)
		}
	}
}

// Of a manifest whose digest alone is told, another digest is another manifest.
func TestDigestsOfManifests(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
	digest := "1"
	client := telling(t, w, "v1ClusterProfilesUidPacksUidManifests", func(body object) {
		body["items"] = []object{{"metadata": object{"uid": "manifest-1"}, "spec": object{"published": form("", digest), "draft": form("", digest)}}}
	})
	plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true})
	sameList(t, "notes", plan.Notes, nil)
	digest = "2"
	_, err := client.Apply(t.Context(), plan, palette.Options{})
	wantFailure(t, err, "was changed by somebody else in between")
	sameList(t, "writes", w.writes(), nil)
}

// A layer that is replaced need not be known as a whole, as nothing of it is sent.
func TestReplacedLayerThatIsNotKnown(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		s.Profile("ubuntu", "1.0.0").Published[0].Manifests = []fakepalette.Manifest{{Kind: "manifest", Name: "extra", UID: "extra"}}
	})
	w.apply(t, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
	state := w.State()
	if got := state.Profile("ubuntu", "1.0.0").Layer("generic-byoi", true); got == nil || !strings.Contains(got.Values, newAMI) {
		t.Errorf("got %+v", got)
	}
}

// An error behind targets that went well is told.
func TestErrorBehindWhatWentWell(t *testing.T) {
	failed := palette.Outcome{Request: palette.Request{Target: palette.Target{Name: "b"}}, Err: errors.New("no")}
	if err := palette.Errors([]palette.Outcome{{}, failed, {}}); failure.Code(err) != failure.ExitPalette || err.Error() != "pack b: no" {
		t.Errorf("got %v", err)
	}
}

// JSON comes by several names, and a page of HTML by none of them.
func TestTypesOfAnAnswer(t *testing.T) {
	for media, want := range map[string]string{
		"application/json; charset=utf-8": "", "application/vnd.spectro.v1+json": "", "text/plain": "it is not JSON", "": "it is not JSON",
		"text/html": "it is not JSON, and is a web page",
	} {
		w := newWorld(t)
		client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			w.ServeHTTP(rec, r)
			if w.Operation(r) == "v1ClusterProfilesGet" {
				rec.Header().Set("Content-Type", media)
			}
			write(rw, rec.Code, rec.Header(), rec.Body.Bytes())
		}), canary)
		_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		if want == "" && err != nil {
			t.Errorf("%s: %v", media, err)
		}
		if want != "" {
			wantFailure(t, err, want)
		}
	}
}

// What an edit starts from goes back byte for byte, whatever it holds.
func TestContentThatHoldsTheKey(t *testing.T) {
	content := "kind: Secret\nkey: " + canary + "\n"
	w := newWorld(t, func(s *fakepalette.State) {
		p, hello := s.Profile("ubuntu", "1.0.0"), ours(s).Published[2]
		hello.Manifests = []fakepalette.Manifest{{Kind: "manifest", Name: "hello", UID: "manifest-2", Content: content}}
		p.Published = append(p.Published, hello)
	})
	report := w.apply(t, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
	state := w.State()
	if got := state.Profile("ubuntu", "1.0.0").Layer("hello", true).Manifests[0].Content; got != content {
		t.Errorf("got %q", got)
	}
	noCanary(t, strings.Join(report.Warnings, "\n"))
}
