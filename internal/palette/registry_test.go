package palette_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// registryPack is one of the project's registry; its uid is its version.
func registryPack(version string, adjust ...func(*fakepalette.Pack)) fakepalette.Pack {
	p := fakepalette.Pack{UID: "uid-" + version, Name: "generic-byoi", Version: version, RegistryUID: "reg-public", Type: "spectro", Layer: "os", Values: "pack: {}\n"}
	for _, f := range adjust {
		f(&p)
	}
	return p
}

// Which pack of a registry a new layer is of, and what is said where there is none.
func TestPackOfANewLayer(t *testing.T) {
	none := func(p *fakepalette.Pack) { p.Disabled = true }
	forCloud := func(clouds ...string) func(*fakepalette.Pack) {
		return func(p *fakepalette.Pack) { p.CloudTypes = clouds }
	}
	for name, c := range map[string]struct {
		packs   []fakepalette.Pack
		version string
		want    string // the version, or words of the error
		details []string
		note    string
	}{
		"the newest":               {packs: []fakepalette.Pack{registryPack("1.9.0"), registryPack("1.10.0"), registryPack("1.2.0")}, want: "1.10.0"},
		"no version is the oldest": {packs: []fakepalette.Pack{registryPack("latest"), registryPack("1.0.0")}, want: "1.0.0"},
		"likewise, after":          {packs: []fakepalette.Pack{registryPack("1.0.0"), registryPack("latest")}, want: "1.0.0"},
		"no versions":              {packs: []fakepalette.Pack{registryPack("latest"), registryPack("other")}, want: `registry "Public Repo" has pack generic-byoi latest (uid uid-latest) and other (uid uid-other), and none is newer`},
		"by a name":                {packs: []fakepalette.Pack{registryPack("latest"), registryPack("other")}, version: "other", want: "other"},
		"twice":                    {packs: []fakepalette.Pack{registryPack("1.0.0"), registryPack("1.0.0", func(p *fakepalette.Pack) { p.UID = "twin" })}, want: `has pack generic-byoi 1.0.0 (uid uid-1.0.0) and 1.0.0 (uid twin)`},
		"twice, one for the cloud": {packs: []fakepalette.Pack{registryPack("1.0.0", forCloud("azure")), registryPack("1.0.0", func(p *fakepalette.Pack) { p.UID = "twin" })}, want: "1.0.0"},
		"none of that version": {packs: []fakepalette.Pack{registryPack("1.1.0"), registryPack("1.2.0")}, version: "2.x", want: `registry "Public Repo" has no pack generic-byoi 2.x`,
			details: []string{"it has the versions 1.1.0, 1.2.0"}},
		"disabled":          {packs: []fakepalette.Pack{registryPack("1.1.0", none)}, want: `registry "Public Repo" has no pack generic-byoi`, details: []string{"it has the versions 1.1.0", "palette has disabled some of these; target.packVersion takes one by its whole version"}},
		"disabled, by name": {packs: []fakepalette.Pack{registryPack("1.1.0", none), registryPack("1.0.0")}, version: "1.1.0", want: "1.1.0", note: "palette has disabled pack generic-byoi 1.1.0"},
		"none":              {want: `registry "Public Repo" has no pack generic-byoi`},
		"without a uid": {packs: []fakepalette.Pack{registryPack("1.1.0", func(p *fakepalette.Pack) { p.UID = "" }), registryPack("1.0.0")}, want: "1.0.0",
			note: "palette does not tell the version or uid of 1 packs generic-byoi, which were left out"},
		"without a version, alone": {packs: []fakepalette.Pack{registryPack("")}, want: `has no pack generic-byoi`, details: []string{"of some, Palette does not tell the version or the uid"}},
		"for other clouds":         {packs: []fakepalette.Pack{registryPack("1.1.0", forCloud("azure", "gcp"))}, want: "pack generic-byoi 1.1.0 is for azure, gcp, not for cloud type aws"},
		"for all clouds":           {packs: []fakepalette.Pack{registryPack("1.1.0", forCloud("All"))}, want: "1.1.0"},
		"without values": {packs: []fakepalette.Pack{registryPack("1.1.0", func(p *fakepalette.Pack) { p.Values = "" })}, want: "1.1.0",
			note: "palette does not tell the values that pack generic-byoi comes with; the layer has the rendered ones alone"},
		"a major alone":   {packs: []fakepalette.Pack{registryPack("v2.1.0"), registryPack("1.1.0")}, version: "v2.x", want: "v2.1.0"},
		"not its begin":   {packs: []fakepalette.Pack{registryPack("1.10.0")}, version: "1.1.x", want: "has no pack generic-byoi 1.1.x"},
		"an older one":    {packs: []fakepalette.Pack{registryPack("0.9.0")}, want: "pack generic-byoi is of version 0.9.0; 1.0.0 is the first that is supported"},
		"another layer's": {packs: []fakepalette.Pack{registryPack("1.1.0", func(p *fakepalette.Pack) { p.Layer = "k8s" })}, want: "pack generic-byoi is of layer k8s, not of the OS layer"},
		"in other words":  {packs: []fakepalette.Pack{registryPack("1.1.0", func(p *fakepalette.Pack) { p.Layer = " OS" })}, want: "1.1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			client := listingPacks(t, w, c.packs)
			plan, err := client.Plan(t.Context(), request(t, "no-os", newAMI, func(t *palette.Target) { t.Create, t.PackVersion = true, c.version }), palette.Goal{})
			if strings.Contains(c.want, " ") {
				e := wantFailure(t, err, c.want)
				if c.details != nil || len(c.packs) == 0 {
					sameList(t, "details", e.Details, c.details)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if plan.Layer.Tag != c.want || plan.Layer.Version != c.want || plan.Layer.RegistryUID != "reg-public" || plan.Layer.Layer != "os" {
				t.Errorf("got %+v", plan.Layer)
			}
			if told := strings.Join(plan.Notes, "\n"); told != c.note {
				t.Errorf("got notes %q, want %q", told, c.note)
			}
		})
	}
}

// listingPacks is a Palette whose registries have these, which its own answers could not
// tell so; a layer that none is told of is that of the OS.
func listingPacks(t *testing.T, w *world, packs []fakepalette.Pack) *palette.Client {
	t.Helper()
	return telling(t, w, "v1PacksSummaryList", packsOf(packs))
}

// packsOf puts packs into an answer, and two that are not asked for.
func packsOf(packs []fakepalette.Pack) func(object) {
	var items []object
	for _, p := range packs {
		spec := object{"name": p.Name, "version": p.Version, "registryUid": p.RegistryUID, "type": p.Type, "layer": p.Layer, "values": p.Values}
		if p.CloudTypes != nil {
			spec["cloudTypes"] = p.CloudTypes
		}
		item := object{"metadata": object{"uid": p.UID, "name": p.Name}, "spec": spec}
		if p.UID == "" {
			delete(item["metadata"].(object), "uid")
		}
		if p.Version == "" {
			delete(spec, "version")
		}
		if p.Disabled {
			item["status"] = object{"disabled": true}
		}
		items = append(items, item)
	}
	foreign := object{"metadata": object{"uid": "foreign"}, "spec": object{"name": "other", "version": "9.0.0", "registryUid": "reg-public"}}
	elsewhere := object{"metadata": object{"uid": "elsewhere"}, "spec": object{"name": "generic-byoi", "version": "9.0.0", "registryUid": "reg-other"}}
	return func(body object) { body["items"] = append(slices.Clone(items), foreign, elsewhere) }
}

// A registry that has no uid, or whose list is refused, is told; one of several that
// lacks the pack is passed over.
func TestRegistriesThatCannotBeAsked(t *testing.T) {
	add := request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true })
	w := newWorld(t)
	client := telling(t, w, "v1RegistriesMetadata", func(body object) { body["items"] = []object{{"name": "Public Repo"}} })
	_, err := client.Plan(t.Context(), add, palette.Goal{})
	if e := wantFailure(t, err, `does not tell the uid of registry "Public Repo"`); e.Next != "set target.registryUid" {
		t.Errorf("got next step %q", e.Next)
	}
	client = between(t, w, "v1PacksSummaryList", false, other{"", http.StatusForbidden, "application/json", `{"code": "Forbidden", "message": "no"}`}.write)
	_, err = client.Plan(t.Context(), add, palette.Goal{})
	wantFailure(t, err, "cannot look up pack generic-byoi in Palette: palette answered 403")
	client = telling(t, w, "v1RegistriesMetadata", func(body object) {
		body["items"] = []object{{"name": "Public Repo"}, {"name": "Public Repo", "uid": "reg-public"}, {"name": "Other"}}
	})
	for next, items := range map[string][]object{
		"check target.registry": {}, "check target.registry; it has Mine, Other": {{"name": "Mine", "uid": "1"}, {"name": "Other", "uid": "2"}, {"uid": "3"}},
	} {
		_, err := telling(t, w, "v1RegistriesMetadata", func(body object) { body["items"] = items }).Plan(t.Context(), add, palette.Goal{})
		if e := wantFailure(t, err, `has no registry named "Public Repo"`); e.Next != next {
			t.Errorf("got next step %q", e.Next)
		}
	}
	plan := planWith(t, client, add, palette.Goal{})
	sameList(t, "notes", plan.Notes, []string{`of 2 registries named "Public Repo", Public Repo (uid reg-public) is the one that has pack generic-byoi`})
	if plan.Layer.PackUID != "byoi-100" {
		t.Errorf("got %+v", plan.Layer)
	}
}

// A layer that is there, and whose pack is not told, is of the one with its version in
// its registry, whatever the target says.
func TestPackOfALayerThatIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		layer  func(*fakepalette.Layer)
		target func(*palette.Target)
		want   string
	}{
		"its version":          {func(*fakepalette.Layer) {}, nil, "byoi-100"},
		"its tag":              {func(l *fakepalette.Layer) { l.Version = "" }, nil, "byoi-100"},
		"another is asked for": {func(*fakepalette.Layer) {}, func(t *palette.Target) { t.PackVersion, t.RegistryUID = "3.0.0", "reg-other" }, "byoi-100"},
		"no registry":          {func(l *fakepalette.Layer) { l.RegistryUID, l.Tag, l.Version = "", "3.0.0", "3.0.0" }, func(t *palette.Target) { t.RegistryUID = "reg-other" }, "byoi-mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *fakepalette.State) {
				s.Packs = append(s.Packs, registryPack("2.0.0"))
				ours(s).Published[0].PackUID = ""
				c.layer(&ours(s).Published[0])
			})
			r := request(t, "rhel-prod", newAMI)
			if c.target != nil {
				c.target(&r.Target)
			}
			if plan := w.plan(t, r, palette.Goal{}); plan.Layer.PackUID != c.want {
				t.Errorf("got %s of %s", plan.Layer.PackUID, fmt.Sprint(plan.Notes))
			}
		})
	}
}
