package palette_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// form is a manifest as an answer tells it.
func form(content, digest string) object { return object{"content": content, "digest": digest} }

// Whether a draft has another manifest is told by its content, or else by its digest;
// where neither is known of both, it cannot be told.
func TestManifestsOfADraft(t *testing.T) {
	const foreign, unknown = "has unpublished edits of somebody else in hello", "may have unpublished edits of somebody else: Palette does not tell all of hello"
	for name, c := range map[string]struct {
		published, draft object
		want             string
	}{
		"the same content":           {form("a: b\n", ""), form("a: b", ""), ""},
		"another content":            {form("a: b\n", ""), form("a: c\n", ""), foreign},
		"content before digest":      {form("a: b\n", "1"), form("a: b\n", "2"), ""},
		"the same digest":            {form("", "1"), form("", "1"), ""},
		"another digest":             {form("", "1"), form("", "2"), foreign},
		"digests beside one content": {form("a: b\n", "1"), form("", "2"), foreign},
		"one digest":                 {form("", "1"), form("", ""), unknown},
		"one content":                {form("a: b\n", ""), form("", ""), unknown},
		"content and digest":         {form("a: b\n", ""), form("", "1"), unknown},
		"nothing":                    {form("", ""), form("", ""), unknown},
		"no draft":                   {form("a: b\n", ""), nil, ""},
		"no draft, no content":       {form("", "1"), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
			client := telling(t, w, "v1ClusterProfilesUidPacksUidManifests", func(body object) {
				spec := object{"published": c.published}
				if c.draft != nil {
					spec["draft"] = c.draft
				}
				body["items"] = []object{{"metadata": object{"uid": "other"}, "spec": object{"published": form("other", "other")}}, {"metadata": object{"uid": "manifest-1"}, "spec": spec}}
			})
			plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
			if c.want != "" {
				wantFailure(t, err, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if report, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil || report.State != palette.StatePublished {
				t.Errorf("got %+v, %v", report, err)
			}
		})
	}
}

// A diff has the text of a manifest, or else its digest.
func TestManifestsInADiff(t *testing.T) {
	for name, c := range map[string]struct {
		published, draft object
		want             string
	}{
		"content": {form("a: b\n", "1"), form("a: c\n", "2"), "--- published/rhel-prod/hello/hello\n+++ draft/rhel-prod/hello/hello\n@@ -1 +1 @@\n-a: b\n+a: c\n"},
		"digests": {form("", "1"), form("", "2"), "--- published/rhel-prod/hello/hello\n+++ draft/rhel-prod/hello/hello\n@@ -1 +1 @@\n-1\n\\ No newline at end of file\n+2\n\\ No newline at end of file\n"},
		"none":    {form("a: b\n", ""), form("", "2"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
			client := telling(t, w, "v1ClusterProfilesUidPacksUidManifests", func(body object) {
				body["items"] = []object{{"metadata": object{"uid": "manifest-1"}, "spec": object{"published": c.published, "draft": c.draft}}}
			})
			d := planWith(t, client, request(t, "rhel-prod", oldAMI), palette.Goal{Publish: true, IncludeDraft: true, Shows: true}).Difference(palette.SidePublished)
			if d.Diff != c.want || d.Different != (c.want != "") {
				t.Errorf("got %v\n%s", d.Different, d.Diff)
			}
			if notes := strings.Join(d.Notes, "\n"); strings.Contains(notes, "is not shown") {
				t.Errorf("got notes %s", notes)
			}
		})
	}
}

// A manifest in another order is no edit, nor one whose uid is new; one that is not
// known, and has a new uid, is.
func TestManifestsBetweenTwoReadings(t *testing.T) {
	hello := func(name, uid, content string) fakepalette.Manifest {
		return fakepalette.Manifest{Kind: "manifest", Name: name, UID: uid, Content: content}
	}
	for name, c := range map[string]struct {
		untold bool
		after  []fakepalette.Manifest
		edited bool
	}{
		"another order":      {false, []fakepalette.Manifest{hello("b", "2", "y\n"), hello("a", "1", "x\n")}, false},
		"other uids":         {false, []fakepalette.Manifest{hello("a", "3", "x"), hello("b", "4", "y\n")}, false},
		"another content":    {false, []fakepalette.Manifest{hello("a", "1", "z\n"), hello("b", "2", "y\n")}, true},
		"another name":       {false, []fakepalette.Manifest{hello("aa", "1", "x\n"), hello("b", "2", "y\n")}, true},
		"one less":           {false, []fakepalette.Manifest{hello("a", "1", "x\n")}, true},
		"the same, untold":   {true, []fakepalette.Manifest{hello("a", "1", "x\n"), hello("b", "2", "y\n")}, false},
		"other uids, untold": {true, []fakepalette.Manifest{hello("a", "3", "x\n"), hello("b", "2", "y\n")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				ours(s).Published[2].Manifests = []fakepalette.Manifest{hello("a", "1", "x\n"), hello("b", "2", "y\n")}
			})
			client := w.client
			if c.untold {
				client = answeringWith(t, w, http.StatusNotFound, "/v1/clusterprofiles/profile-rhel/packs/hello/manifests", `{"code": "PackNotFound", "message": "no"}`)
			}
			plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{})
			w.Change(func(s *fakepalette.State) { ours(s).Published[2].Manifests = c.after })
			_, err := client.Apply(t.Context(), plan, palette.Options{})
			if c.edited {
				e := wantFailure(t, err, "was changed by somebody else in between")
				if !c.untold {
					sameList(t, "details", e.Details, []string{"layer hello is another than was read", "published layer hello is another than was read"})
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A digest stands for a content that is not told, between two readings as well.
func TestDigestsBetweenTwoReadings(t *testing.T) {
	for after, edited := range map[string]bool{"1": false, "2": true} {
		w, digest := newWorld(t), "1"
		client := telling(t, w, "v1ClusterProfilesUidPacksUidManifests", func(body object) {
			body["items"] = []object{{"metadata": object{"uid": "manifest-1"}, "spec": object{"published": form("", digest)}}}
		})
		plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{})
		digest = after
		if _, err := client.Apply(t.Context(), plan, palette.Options{}); edited {
			wantFailure(t, err, "was changed by somebody else in between")
		} else if err != nil {
			t.Error(err)
		}
	}
}

// Which pack a layer of the draft is of may not be told by anything that is known of
// both sides.
func TestLayersWhosePackIsNotTold(t *testing.T) {
	for name, c := range map[string]struct {
		draft, published object
		want             string
	}{
		"by its uid":            {object{"packUid": "1"}, object{"packUid": "1"}, ""},
		"another uid":           {object{"packUid": "1"}, object{"packUid": "2"}, "in kubernetes"},
		"by its tag":            {object{"tag": "1"}, object{"tag": "1"}, ""},
		"another tag":           {object{"tag": "1"}, object{"tag": "2"}, "in kubernetes"},
		"by its version":        {object{"version": "1"}, object{"version": "1"}, ""},
		"another version":       {object{"version": "1"}, object{"version": "2"}, "in kubernetes"},
		"another registry":      {object{"version": "1", "registryUid": "1"}, object{"version": "1", "registryUid": "2"}, "in kubernetes"},
		"another type":          {object{"version": "1", "type": "spectro"}, object{"version": "1", "type": "helm"}, "in kubernetes"},
		"another kind of layer": {object{"version": "1", "layer": "k8s"}, object{"version": "1", "layer": "cni"}, "in kubernetes"},
		"by nothing":            {object{"packUid": "1"}, object{"tag": "1"}, "Palette does not tell all of kubernetes"},
		"of one":                {object{"packUid": "1", "tag": "1", "version": "1"}, object{}, "Palette does not tell all of kubernetes"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
			client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
				for side, told := range map[string]object{"draft": c.draft, "published": c.published} {
					packs, _ := within(body, "spec", side)["packs"].([]any)
					for _, p := range packs {
						if p := p.(object); p["name"] == "kubernetes" {
							for _, field := range []string{"packUid", "tag", "version", "registryUid"} {
								delete(p, field)
							}
							for field, value := range told {
								p[field] = value
							}
						}
					}
				}
			})
			_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{Publish: true})
			if c.want != "" {
				wantFailure(t, err, c.want)
			} else if err != nil {
				t.Error(err)
			}
			// As a draft it is changed nevertheless, and that is said.
			plan := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{})
			if told := strings.Contains(strings.Join(plan.Notes, "\n"), "unpublished edits of somebody else"); told != (c.want != "") {
				t.Errorf("got notes %q", plan.Notes)
			}
		})
	}
}

// Manifests that nothing tells apart are not those of the list.
func TestManifestsWithoutAUID(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Draft = slices.Clone(ours(s).Published)
		ours(s).Draft[1].Values += mark
	})
	nameless := func(body object) {
		for _, side := range []string{"published", "draft"} {
			for _, p := range within(body, "spec", side)["packs"].([]any) {
				if all, _ := p.(object)["manifests"].([]any); len(all) > 0 {
					delete(all[0].(object), "uid")
				}
			}
		}
	}
	client := newClient(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.Operation(r) == "v1ClusterProfilesUidPacksUidManifests" {
			write(rw, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, []byte(`{"items": [{"spec": {"published": {"content": "a: b"}, "draft": {"content": "a: c"}}}]}`))
			return
		}
		varied(w, "v1ClusterProfilesGet", nameless).ServeHTTP(rw, r)
	}), canary)
	d := planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, IncludeDraft: true, Shows: true}).Difference(palette.SidePublished)
	if strings.Contains(d.Diff, "a: b") || !slices.Contains(d.Notes, "palette does not tell what manifest hello of layer hello holds, so it is not shown") {
		t.Errorf("got notes %q of\n%s", d.Notes, d.Diff)
	}
}

// A replacement sends all layers, with what they have.
func TestReplacementNeedsTheManifests(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		s.Profile("ubuntu", "1.0.0").Published = append(s.Profile("ubuntu", "1.0.0").Published, ours(s).Published[2])
	})
	client := answeringWith(t, w, http.StatusNotFound, "/v1/clusterprofiles/profile-ubuntu/packs/hello/manifests", `{"code": "PackNotFound", "message": "no"}`)
	plan := planWith(t, client, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
	_, err := client.Apply(t.Context(), plan, palette.Options{})
	e := wantFailure(t, err, "palette does not tell the manifest hello of layer hello, which would have to be sent along")
	if e.Next != "put the pack in place of the other one in Palette" {
		t.Errorf("got next step %q", e.Next)
	}
	sameList(t, "writes", w.writes(), nil)
}
