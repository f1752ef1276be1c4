package palette_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// A macro of the users stands in a value of ours in many spellings; none is
// replaced without a word.
func TestMacrosInEverySpelling(t *testing.T) {
	for _, value := range []string{
		`"{{.spectro.var.ami}}"`,
		`'{{ .spectro.var.ami }}'`,
		`"{{- .spectro.var.ami -}}"`,
		`"{{ .spectro.macro.ami }}"`,
		`"{{ .spectro.var.ami | trim }}"`,
		`"{{ trim .spectro.var.ami }}"`,
		`"{{ (.spectro.var.ami) }}"`,
		`'{{ printf "%s-{a}" .spectro.var.ami }}'`,
		`'{{ index .spectro.var "ami" }}'`,
		`'{{ $.spectro.var.ami }}'`,
		`"ami-{{.spectro.var.ami}}"`,
		"|-\n    {{.spectro.var.ami}}",
		">-\n    {{\n    .spectro.var.ami\n    }}",
		`"{{ if .spectro.var.old }}` + oldAMI + `{{ end }}"`,
	} {
		t.Run(value, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				l := &ours(s).Published[0]
				l.Values = strings.Replace(l.Values, `"`+oldAMI+`"`, value, 1)
			})
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
			wantFailure(t, err, "where the rendered value would go")
			w.apply(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{Publish: true})
		})
	}
}

func TestTwoLayersOfOnePack(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		second := p.Published[0]
		second.Name = "workers--generic-byoi"
		p.Published = append([]fakepalette.Layer{second}, p.Published...)
	})
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	wantFailure(t, err, "has 2 layers of pack generic-byoi: generic-byoi, workers--generic-byoi")
}

// A version that clusters use is somebody's, whatever its layers are.
func TestNewVersionThatIsInUse(t *testing.T) {
	for name, adjust := range map[string]func(*fakepalette.Profile){
		"published": func(*fakepalette.Profile) {},
		"our draft": func(p *fakepalette.Profile) {
			p.Draft = slices.Clone(p.Published)
			p.Draft[0].Values = wantGeneric()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				next := *ours(s)
				next.UID, next.Version = "profile-next", "1.3.0"
				adjust(&next)
				s.Profiles = append(s.Profiles, &next)
			})
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
			wantFailure(t, err, "is used by batch, web")
		})
	}
}

// What never was published is somebody's draft too.
func TestDraftThatNeverWasPublished(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"publish": {Publish: true}, "new version": {NewVersion: "1.3.0"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) { p := ours(s); p.Draft, p.Published = p.Published, nil })
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), goal)
			e := wantFailure(t, err, "has unpublished edits of somebody else in hello, kubernetes")
			if !strings.Contains(e.Next, "--include-draft") {
				t.Errorf("got next step %q", e.Next)
			}
			goal.IncludeDraft = true
			w.apply(t, request(t, "rhel-prod", newAMI), goal)
			if report := w.apply(t, request(t, "rhel-prod", newAMI), goal); report.State != palette.StateUnchanged {
				t.Errorf("the second apply: %+v", report)
			}
		})
	}
}

// answering puts other answers in front of a fake.
func answering(t *testing.T, w *world, path, body string) *palette.Client {
	t.Helper()
	return answeringWith(t, w, http.StatusOK, path, body)
}

func answeringWith(t *testing.T, w *world, status int, path, body string) *palette.Client {
	t.Helper()
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != path {
			w.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	}), canary)
}

// An error that is answered as a success is no empty list and no empty profile.
func TestSuccessWithoutContent(t *testing.T) {
	const list, projects, profile = "/v1/dashboard/clusterprofiles/metadata", "/v1/dashboard/projects/metadata", "/v1/clusterprofiles/profile-rhel"
	for name, c := range map[string]struct{ path, body, want string }{
		"an error for the list":  {list, `{"code": "Internal", "message": "broken"}`, "items"},
		"null for the list":      {list, `null`, "is no JSON object"},
		"an error for projects":  {projects, `{"code": "Internal", "message": "broken"}`, "items"},
		"an error for a profile": {profile, `{"code": "Internal", "message": "broken"}`, "none of the fields"},
		"a profile without spec": {profile, `{"metadata": {"uid": "profile-rhel", "name": "rhel-prod", "annotations": {"scope": "project", "projectUid": "project-1"}}}`, "does not tell the layers"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			create := request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
			plan, err := answering(t, w, c.path, c.body).Plan(t.Context(), create, palette.Goal{})
			if err == nil {
				_, err = w.client.Apply(t.Context(), plan, palette.Options{})
			}
			wantFailure(t, err, c.want)
			sameList(t, "writes", w.writes(), nil)
		})
	}
}

// An empty list may be null.
func TestNullIsAnEmptyList(t *testing.T) {
	w := newWorld(t)
	create := request(t, "fresh", newAMI, func(t *palette.Target) { t.Create, t.CloudType = true, "aws" })
	plan, err := answering(t, w, "/v1/dashboard/clusterprofiles/metadata", `{"items": null}`).Plan(t.Context(), create, palette.Goal{})
	if err != nil || plan.Action != palette.ActionCreate {
		t.Errorf("got %v, %v", plan, err)
	}
}

// A profile without variables may say so by null, by an empty list or not at all, and
// its clone otherwise.
func TestNoVariablesInOtherWords(t *testing.T) {
	for _, first := range []string{`{"variables": null}`, `{}`, `{"variables": []}`} {
		for name, goal := range goals() {
			w := newWorld(t)
			client := answering(t, w, "/v1/clusterprofiles/profile-rhel/variables", first)
			plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), goal)
			if err != nil {
				t.Fatal(err)
			}
			if report, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil {
				t.Errorf("%s, %s: %v, %+v", first, name, err, report)
			}
		}
	}
}

// Palettes before 4.3 have no variables of profiles; what is not there costs no apply.
func TestPaletteWithoutVariables(t *testing.T) {
	for name, goal := range goals() {
		w := newWorld(t)
		client := withoutVariables(t, w)
		plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), goal)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.Contains(strings.Join(plan.Notes, "\n"), "does not tell the variables") {
			t.Errorf("%s: the notes are %q", name, plan.Notes)
		}
		if report, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil {
			t.Errorf("%s: %v, %+v", name, err, report)
		}
	}
}

func withoutVariables(t *testing.T, w *world) *palette.Client {
	t.Helper()
	return newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/variables") {
			http.NotFound(rw, r)
			return
		}
		w.ServeHTTP(rw, r)
	}), canary)
}

// A layer that only the draft has may have no manifests to be read, which costs
// neither a diff nor a draft; what is not known is not published.
func TestManifestsThatAreNotThere(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		added := fakepalette.Layer{Name: "extra", Layer: "addon", Type: "manifest", Tag: "1.0.0", Version: "1.0.0", PackUID: "spectro-manifest-pack", RegistryUID: "reg-public",
			Manifests: []fakepalette.Manifest{{Kind: "manifest", Name: "extra", UID: "manifest-2", Content: "kind: Secret\n"}}}
		p.Draft = append(slices.Clone(p.Published), added)
	})
	client := answeringWith(t, w, http.StatusNotFound, "/v1/clusterprofiles/profile-rhel/packs/extra/manifests", `{"code": "PackNotFound", "message": "the pack is not there"}`)
	_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
	wantFailure(t, err, "unpublished edits of somebody else in extra")
	included, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true, Shows: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := "palette does not tell what manifest extra of layer extra holds, so it is not shown"; !slices.Contains(included.Notes, want) {
		t.Errorf("got notes %q, want one %q", included.Notes, want)
	}
	plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	if err != nil {
		t.Fatal(err)
	}
	if report, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil || report.State != palette.StateDraft {
		t.Errorf("%v, %+v", err, report)
	}
}

// A profile has one OS layer, so two packs for one profile are two writes of it.
func TestTwoPacksForOneProfile(t *testing.T) {
	a := palette.Request{Target: palette.Target{Name: "a", Pack: "generic-byoi", Scope: palette.TenantScope(), Profile: "p", Version: "1.0.0"}}
	b := a
	b.Target.Name, b.Target.Pack = "b", "edge-native-byoi"
	if err := palette.CheckRequests([]palette.Request{a, b}, palette.Goal{}); failure.Code(err) != failure.ExitUsage {
		t.Errorf("got %v", err)
	}
}

// A server may repeat the key anywhere, in the form it likes.
func TestKeyIsNowhereInErrors(t *testing.T) {
	const key = "k3y+with/odd=signs-0123456789"
	for name, message := range map[string]string{
		"cut":     strings.Repeat("a", 490) + key,
		"encoded": "see https://palette.example.com/?key=" + url.QueryEscape(key),
		"path":    "see https://palette.example.com/" + url.PathEscape(key),
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"code": "Bad", "message": %q}`, message)
			}), key)
			_, err := client.In(t.Context(), palette.ProjectScope("Default"))
			e := wantFailure(t, err, "palette answered 400")
			if text := e.Error(); strings.Contains(text, key[:8]) || strings.Contains(text, "signs") {
				t.Errorf("the key shows in %q", text)
			}
		})
	}
}

func TestHostIsNotEchoed(t *testing.T) {
	for _, host := range []string{
		"https://user:s3cret%zz@palette.example.com", "https://palette.example.com/?key=s3cret", "https://palette.example.com/s3cret",
		"user:s3cret%zz@palette.example.com", "http://palette.example.com#s3cret", "s3cret://palette.example.com", "http://s3cret",
		"https://palette.example.com:s3cret", "https://s3cret@palette.example.com", "s3cret/key", "https://s3cret/key", "s3cret?key", "palette.example.com?key=s3cret",
	} {
		_, err := palette.ParseHost(host)
		if failure.Code(err) != failure.ExitUsage || strings.Contains(wordsOf(t, err), "s3cret") {
			t.Errorf("%s: got %v", host, err)
		}
	}
}

// A draft that is put back to what is published is not published.
func TestDraftPutBack(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = slices.Clone(p.Published)
		p.Draft[0].Values = wantGeneric()
	})
	report := w.apply(t, request(t, "rhel-prod", oldAMI), palette.Goal{})
	if report.State != "restored" {
		t.Errorf("got state %s", report.State)
	}
}

// What of a profile cannot be edited is Palette's, and the exit code never that of
// a difference.
func TestValuesThatCannotBeEdited(t *testing.T) {
	for name, values := range map[string]string{
		"a tab": "pack:\n\tosName: rhel\n", "two documents": "pack: {}\n---\npack: {}\n", "a key twice": "pack: {}\npack: {}\n",
		"another pack's": "options:\n  system.uri: x\n",
	} {
		for side, adjust := range map[string]func(*fakepalette.Profile){
			"what is published: aws-east":  func(p *fakepalette.Profile) { p.Published[0].Values = values },
			"what is published: aws-east:": func(p *fakepalette.Profile) { p.Draft = slices.Clone(p.Published); p.Published[0].Values = values },
			"the draft: aws-east":          func(p *fakepalette.Profile) { p.Draft = slices.Clone(p.Published); p.Draft[0].Values = values },
		} {
			w := newWorld(t, func(s *fakepalette.State) { adjust(ours(s)) })
			_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
			if failure.Code(err) != failure.ExitPalette || !strings.HasPrefix(err.Error(), strings.TrimSuffix(side, ":")) {
				t.Errorf("%s: got %v, code %d", name, err, failure.Code(err))
			}
		}
	}
}

// Newlines at either end are no edit, and those within stay what they are.
func TestNewlinesOfTheServer(t *testing.T) {
	const crlf = "\r\n# production\r\npack:\r\n  osImageOverride: \"" + oldAMI + "\"\r\n  osName: \"rhel\"\r\n  osVersion: \"8\"\r\n  custom: |\r\n    keep\r\n\r\n"
	for _, trims := range []bool{false, true} {
		w := newWorld(t, func(s *fakepalette.State) { ours(s).Published[0].Values = crlf })
		w.Trims = trims
		w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
		w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
		state := w.State()
		want := strings.Replace(crlf, oldAMI, newAMI, 1)
		if trims {
			want = strings.Trim(want, "\r\n")
		}
		if got := ours(&state).Layer("generic-byoi", false).Values; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// One that may not be read, and is from before there were versions, is the 1.0.0
// that is asked for.
func TestProfileThatMayNotBeRead(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).Version = "" })
	client := answeringWith(t, w, http.StatusForbidden, "/v1/clusterprofiles/profile-rhel", `{"code": "Forbidden", "message": "not yours"}`)
	_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version = "1.0.0" }), palette.Goal{})
	wantFailure(t, err, "palette answered 403")
}

// A draft of the new version with other variables is not a clone of ours.
func TestNewVersionWithOtherVariables(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		next := *ours(s)
		next.UID, next.Version, next.Clusters = "profile-next", "1.3.0", nil
		next.Draft, next.Published = next.Published, nil
		next.Variables = []fakepalette.Variable{{Name: "zone", DefaultValue: "other"}}
		s.Profiles = append(s.Profiles, &next)
	})
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{NewVersion: "1.3.0"})
	wantFailure(t, err, "differs from 1.2.0 in more than the rendered values")
}
