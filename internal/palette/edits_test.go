package palette_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// A macro that stands in two places is lost where it goes from one.
func TestMacroThatStandsTwice(t *testing.T) {
	const macro = "{{.spectro.var.ami}}"
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Published[0].Values = "pack:\n  before: \"" + macro + "\"\n  osImageOverride: \"" + macro + "\"\n  osName: \"{{.spectro.var.os}}\"\n  osVersion: \"8\"\n"
	})
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	wantFailure(t, err, "has "+macro+", {{.spectro.var.os}} where the rendered value would go")
}

// The OS layer that a draft has in place of another is ours to publish where the target
// says so.
func TestReplacementInADraft(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := s.Profile("ubuntu", "1.0.0")
		p.Draft = slices.Clone(p.Published)
		p.Draft[0] = ours(s).Published[0]
		p.Draft[0].Values = wantGeneric()
	})
	_, err := w.client.Plan(t.Context(), request(t, "ubuntu", newAMI), palette.Goal{Publish: true})
	wantFailure(t, err, "unpublished edits of somebody else in ubuntu-aws")
	report := w.apply(t, request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace = true }), palette.Goal{Publish: true})
	sameList(t, "steps", progress(report), []string{"publish seen"})
	// A draft that lost the layer alone is somebody's, whatever the target says.
	w = newWorld(t, func(s *fakepalette.State) { p := s.Profile("ubuntu", "1.0.0"); p.Draft = p.Published[1:] })
	_, err = w.client.Plan(t.Context(), request(t, "ubuntu", newAMI, func(t *palette.Target) { t.Replace, t.Create = true, true }), palette.Goal{Publish: true})
	wantFailure(t, err, "unpublished edits of somebody else in ubuntu-aws")
}

// A layer that is in the draft alone is shown as new, also where the draft is not
// published.
func TestDiffOfALayerThatIsNew(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		p := ours(s)
		p.Draft = slices.Clone(p.Published)
		p.Draft[1].Values += mark
		p.Published = p.Published[1:]
	})
	d := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true, Shows: true}).Difference(palette.SidePublished)
	if want := "--- /dev/null\n+++ rendered/aws-east\n@@ -0,0 +1,6 @@\n+# the OS of production\n+pack:\n+  osImageOverride: \"" + newAMI + "\""; !strings.HasPrefix(d.Diff, want) || strings.Contains(d.Diff, "kubernetes") {
		t.Errorf("got\n%s", d.Diff)
	}
}

// A draft that this run makes is its own, also where its manifests are not told.
func TestOwnDraftWhoseManifestsAreNotTold(t *testing.T) {
	w := newWorld(t)
	client := answeringWith(t, w, http.StatusNotFound, "/v1/clusterprofiles/profile-rhel/packs/hello/manifests", `{"code": "PackNotFound", "message": "no"}`)
	report, err := client.Apply(t.Context(), planWith(t, client, request(t, "rhel-prod", newAMI), palette.Goal{Publish: true}), palette.Options{})
	if err != nil || report.State != palette.StatePublished {
		t.Errorf("got %+v, %v", report, err)
	}
	// One that was there is not.
	w.apply(t, request(t, "rhel-prod", oldAMI), palette.Goal{})
	_, err = client.Plan(t.Context(), request(t, "rhel-prod", oldAMI), palette.Goal{Publish: true})
	wantFailure(t, err, "may have unpublished edits of somebody else: Palette does not tell all of hello")
}

// What the values hold is the user's: only the key of this Palette is taken out of a diff.
func TestDiffShowsValuesAsTheyAre(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) {
		ours(s).Published[0].Values = strings.Replace(genericValues, "from the golden pipeline", "https://me:word@registry.example.com", 1)
	})
	d := w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{}).Difference(palette.SideDraft)
	if !strings.Contains(d.Diff, "https://me:word@registry.example.com") {
		t.Errorf("got\n%s", d.Diff)
	}
}

// What a target says of the pack's version is told as without effect where the layer is
// of another.
func TestVersionOfALayerThatIsThere(t *testing.T) {
	for _, c := range []struct{ version, tag, wanted, told string }{
		{"1.0.0", "1.0.0", "2.x", "version 1.0.0"}, {"1.0.0", "1.0.0", "1.0.x", ""}, {"", "1.0.0", "1.0.0", ""}, {"", "1.0.x", "1.1.0", "version 1.0.x"},
		{"", "1.0.x", "1.0.7", ""}, {"", "", "2.0.0", ""}, {"1.0.0", "", "2.0.0", "version 1.0.0"}, {"1.0.0", "2.0.0", "2.0.0", ""}, {"1.0.0", "2.0.0", "1.0.0", ""},
		{"1.1.0-rc.1", "1.1.0-rc.1", "", ""}, {"1.0.0", "1.0.x", "1.0.5", ""},
	} {
		w := newWorld(t, func(s *fakepalette.State) { l := &ours(s).Published[0]; l.Version, l.Tag = c.version, c.tag })
		notes := strings.Join(w.plan(t, request(t, "rhel-prod", newAMI, func(t *palette.Target) { t.PackVersion = c.wanted }), palette.Goal{}).Notes, "\n")
		want := ""
		if c.told != "" {
			want = "target.packVersion " + c.wanted + " has no effect: layer generic-byoi is there already, and is of " + c.told
		}
		if notes != want {
			t.Errorf("%+v: got notes %q", c, notes)
		}
	}
}

// A pack is looked up for the cloud type of the profile, not of the image.
func TestPackForTheCloudOfTheProfile(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { s.Profile("no-os", "1.0.0").CloudType = "eks" })
	client := listingPacks(t, w, []fakepalette.Pack{registryPack("1.0.0", func(p *fakepalette.Pack) { p.CloudTypes = []string{"eks"} })})
	planWith(t, client, request(t, "no-os", newAMI, func(t *palette.Target) { t.Create = true }), palette.Goal{})
}

// A profile of all clouds is one of an add-on, whatever the target says.
func TestAddOnProfileOfAllClouds(t *testing.T) {
	w := newWorld(t, func(s *fakepalette.State) { ours(s).CloudType, ours(s).Type = "all", "add-on" })
	w.plan(t, request(t, "rhel-prod", newAMI), palette.Goal{})
	w = newWorld(t, func(s *fakepalette.State) { ours(s).CloudType = "all" })
	_, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	if e := wantFailure(t, err, "the image is one of aws, and the profile is of cloud type all"); e.Next != "check packs[].select.provider, and target.profile or target.cloudType" {
		t.Errorf("got next step %q", e.Next)
	}
	for _, c := range [][4]string{
		{"edge-native-byoi", "aws", "pack edge-native-byoi needs a profile of cloud type edge-native; this one is of aws", "use packs[].pack: generic-byoi for this profile"},
		{"generic-byoi", "edge-native", "pack generic-byoi is for ", "use packs[].pack: edge-native-byoi for this profile"},
	} {
		why, next := palette.CloudMisfit(palette.Target{Pack: c[0]}, c[1])
		if !strings.HasPrefix(why, c[2]) || next != c[3] {
			t.Errorf("got %q, %q", why, next)
		}
	}
}

// Where the key is from is told where it is refused.
func TestOriginOfARefusedKey(t *testing.T) {
	w := newWorld(t)
	client := newClient(t, w.Server, "another-key", func(c *palette.Config) { c.Origin = "host and key are those of the Palette CLI" })
	_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
	if e := wantFailure(t, err, "palette answered 401"); !strings.HasSuffix(e.Next, "--palette-key-file; host and key are those of the Palette CLI") {
		t.Errorf("got next step %q", e.Next)
	}
}

// A redirection is told by where it leads; another answer that has an address is not one.
func TestAddressesOfAnswers(t *testing.T) {
	for _, c := range []struct {
		status         int
		location, want string
	}{
		{302, "https://else.example.com/", "redirected to https://else.example.com/; give that host if it is yours"}, {302, "", "no"}, {400, "https://else.example.com/", "no"}, {404, "https://else.example.com/", "no"},
	} {
		client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if c.location != "" {
				w.Header().Set("Location", c.location)
			}
			write(w, c.status, http.Header{"Content-Type": {"application/json"}}, []byte(`{"message": "no"}`))
		}), canary)
		_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		if err == nil || !strings.HasSuffix(err.Error(), ": "+c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
