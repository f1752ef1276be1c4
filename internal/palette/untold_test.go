package palette_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// A profile that is not told as a whole is not written to: what is missing may be there.
func TestProfileThatIsNotToldAsAWhole(t *testing.T) {
	side := func(name string, value any) func(object) {
		return func(body object) { within(body, "spec")[name] = value }
	}
	const label = `palette does not tell the layers of profile "rhel-prod" 1.2.0 of project "Default": `
	for name, c := range map[string]struct {
		change func(object)
		want   string
	}{
		"neither side":            {func(body object) { delete(within(body, "spec"), "published") }, label + "what it holds"},
		"an empty published side": {side("published", object{}), label + "what it holds"},
		"a published side that has a type": {func(body object) {
			side("published", object{"type": "cluster"})(body)
			within(body, "status")["isPublished"] = false
		}, "has no generic-byoi layer"},
		"published without layers": {side("published", object{"packs": []object{}, "name": "x"}), label + "what is published"},
		"a draft by its uid":       {side("draft", object{"uid": "x"}), label + "what is in the draft"},
		"a draft by its name":      {side("draft", object{"name": "x"}), label + "what is in the draft"},
		"a draft by its cloud":     {side("draft", object{"cloudType": "aws"}), label + "what is in the draft"},
		"an empty draft":           {side("draft", object{}), ""},
		"a draft that is emptied":  {side("draft", object{"name": "x", "packs": []object{}}), ""},
		"a draft without layers, never published": {func(body object) {
			delete(within(body, "spec"), "published")
			side("draft", object{"name": "x"})(body)
			within(body, "status")["isPublished"] = false
		}, "has no generic-byoi layer"},
		"no values": {func(body object) { within(body, "spec", "published")["packs"].([]any)[0].(object)["values"] = "" },
			`palette does not tell the values of layer generic-byoi of profile "rhel-prod" 1.2.0 of project "Default", which an edit would start from`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			client := telling(t, w, "v1ClusterProfilesGet", c.change)
			plan, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
			if c.want == "" {
				if err != nil || plan.Action != palette.ActionUpdate {
					t.Errorf("got %v, %v", plan, err)
				}
				return
			}
			wantFailure(t, err, c.want)
			if name == "no values" {
				plan := planWith(t, client, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{})
				if !strings.HasPrefix(plan.Layer.Values, "pack:\n") || !strings.Contains(plan.Layer.Values, newAMI) {
					t.Errorf("got values %q", plan.Layer.Values)
				}
			}
		})
	}
}

// A draft without layers is none, whatever else it would change: there is nothing to
// include in a publish.
func TestDraftWithoutLayers(t *testing.T) {
	w := newWorld(t)
	client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
		within(body, "spec")["draft"] = object{"type": "infra", "packs": []object{}}
	})
	plan := planWith(t, client, request(t, "rhel-prod", oldAMI), palette.Goal{Publish: true, IncludeDraft: true})
	report, err := client.Apply(t.Context(), plan, palette.Options{})
	if err != nil || report.State != palette.StateUnchanged {
		t.Errorf("got %+v, %v", report, err)
	}
	sameList(t, "writes", w.writes(), nil)
}

// What else has the name, or all but the name, is told where there is no profile.
func TestWhereElseTheNameIs(t *testing.T) {
	const general = "check target.profile and target.project, or set target.create: true"
	for name, c := range map[string]struct {
		adjust  func(*fakepalette.State)
		list    []object
		next    string
		details []string
	}{
		"nowhere":    {func(*fakepalette.State) {}, nil, general, nil},
		"the tenant": {elsewhere("shared", "tenant", "project-2"), nil, general + "; the tenant has one of that name, which scope: tenant in the target means", nil},
		"a project":  {elsewhere("shared", "project-2", "system"), nil, general + "; a project has one of that name, which target.project names", nil},
		"the system": {elsewhere("shared", "system"), nil, general, nil},
		"alike":      {func(*fakepalette.State) {}, []object{{"metadata": object{"name": "Shared ", "uid": "x"}, "spec": object{}}}, `palette has "Shared ", which is another name: write target.profile so, and check target.project`, nil},
		"nameless": {func(*fakepalette.State) {}, []object{{"metadata": object{}, "spec": object{}}, {"metadata": object{"name": "other"}, "spec": object{}}, {"spec": object{}}}, general,
			[]string{"of 2 profiles, Palette's list tells neither name nor uid"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.adjust)
			client := w.client
			if c.list != nil {
				client = telling(t, w, "v1ClusterProfilesMetadata", func(body object) { body["items"] = c.list })
			}
			_, err := client.Plan(t.Context(), request(t, "shared", newAMI), palette.Goal{})
			e := wantFailure(t, err, `there is no profile "shared" in project "Default"`)
			if e.Next != c.next {
				t.Errorf("got next step %q", e.Next)
			}
			sameList(t, "details", e.Details, c.details)
		})
	}
	w := newWorld(t)
	client := telling(t, w, "v1ClusterProfilesMetadata", func(body object) { body["items"] = []object{{"metadata": object{"name": "rhel-prod"}}} })
	_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	wantFailure(t, err, `the list of profiles has "rhel-prod" without a uid`)
}

// The list need not tell names, versions and cloud types: reading each does.
func TestListThatTellsUIDsAlone(t *testing.T) {
	w := newWorld(t, elsewhere("rhel-prod", "tenant"))
	client := telling(t, w, "v1ClusterProfilesMetadata", func(body object) {
		for _, item := range body["items"].([]any) {
			metadata := within(item.(object), "metadata")
			delete(metadata, "name")
			item.(object)["spec"] = object{}
		}
	})
	plan := planWith(t, client, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{})
	if report, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil || report.ProfileUID != "profile-rhel" || report.ProfileVersion != "1.2.0" {
		t.Errorf("got %+v, %v", report, err)
	}
}

// What a profile does not tell of itself, the list may.
func TestProfileThatTheListCompletes(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).Draft = slices.Clone(ours(s).Published) })
	client := telling(t, w, "v1ClusterProfilesGet", func(body object) {
		delete(within(body, "metadata"), "name")
		delete(within(body, "spec"), "version")
		for _, side := range []string{"published", "draft"} {
			if template := within(body, "spec", side); template != nil {
				delete(template, "profileVersion")
				delete(template, "cloudType")
			}
		}
	})
	_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.Version, t.Provider = "1.2.0", "azure" }), palette.Goal{})
	wantFailure(t, err, "the image is one of azure, and the profile is of cloud type aws")
	plan := planWith(t, client, request(t, "rhel-prod", newAMI, atVersion("1.2.0")), palette.Goal{Publish: true})
	if report, err := client.Apply(t.Context(), plan, palette.Options{}); err != nil || report.State != palette.StatePublished || report.ProfileVersion != "1.2.0" {
		t.Errorf("got %+v, %v", report, err)
	}
}

// A profile that comes back under another uid is another one.
func TestProfileThatIsMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.Before(func(_ int, call fakepalette.Call, s *fakepalette.State) {
		if p := ours(s); p != nil && p.Draft != nil && call.Method == http.MethodGet {
			p.UID = "profile-again"
		}
	})
	report, err := w.client.Apply(t.Context(), w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}), palette.Options{})
	wantFailure(t, err, "was changed by somebody else in between")
	sameList(t, "steps", progress(report), []string{"update-layer taken"})
}
