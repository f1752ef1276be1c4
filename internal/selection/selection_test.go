package selection_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func now() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

func ago(hours int) *time.Time {
	t := now().Add(-time.Duration(hours) * time.Hour)
	return &t
}

// ami is an image that fits everything below unless changes say otherwise.
func ami(id string, changes ...func(*image.Image)) image.Image {
	img := image.Image{
		ID: id, Provider: "aws", Name: "golden", Region: "us-east-1", Architecture: "amd64",
		OS: image.OS{Name: "rhel", Version: "8.8"}, KubernetesVersion: "1.30.4", CreatedAt: ago(1),
		State: image.Available, Owner: "self", Tags: map[string]string{"team": "platform"}, Source: "golden",
	}
	for _, change := range changes {
		change(&img)
	}
	return img
}

func created(hoursAgo int) func(*image.Image) {
	return func(i *image.Image) { i.CreatedAt = ago(hoursAgo) }
}
func untimed(i *image.Image)                   { i.CreatedAt = nil }
func version(v string) func(*image.Image)      { return func(i *image.Image) { i.Version = v } }
func region(r string) func(*image.Image)       { return func(i *image.Image) { i.Region = r } }
func named(n string) func(*image.Image)        { return func(i *image.Image) { i.Name = n } }
func from(source string) func(*image.Image)    { return func(i *image.Image) { i.Source = source } }
func kubernetes(v string) func(*image.Image)   { return func(i *image.Image) { i.KubernetesVersion = v } }
func architecture(a string) func(*image.Image) { return func(i *image.Image) { i.Architecture = a } }
func state(s image.State, reason string) func(*image.Image) {
	return func(i *image.Image) { i.State, i.StateReason = s, reason }
}

func system(name, version string) func(*image.Image) {
	return func(i *image.Image) { i.OS = image.OS{Name: name, Version: version} }
}

func template(id string) func(*image.Image) {
	return func(i *image.Image) { i.Reference = &image.Reference{Kind: "image-template", Value: id} }
}

func definitionID(name, number string) string {
	return "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/galleries/g/images/" + name + "/versions/" + number
}

// definition is a version of an image definition of Azure.
func definition(name, number string, hoursAgo int, changes ...func(*image.Image)) image.Image {
	all := []func(*image.Image){provider("azure"), named(name), version(number), created(hoursAgo), region("westus2"), func(i *image.Image) { i.SpansRegions = true }}
	return ami(definitionID(name, number), append(all, changes...)...)
}

func provider(p string) func(*image.Image) { return func(i *image.Image) { i.Provider = p } }

func tagged(role string) func(*image.Image) {
	return func(i *image.Image) { i.Tags = map[string]string{"team": "platform", "role": role} }
}

func spans(i *image.Image) { i.SpansRegions = true }

func run(uuid string) func(*image.Image) {
	return func(i *image.Image) { i.Reference = &image.Reference{Kind: "packer-run-uuid", Value: uuid} }
}

func apply(t *testing.T, sel spec.Select, images ...image.Image) selection.Outcome {
	t.Helper()
	rule, err := selection.Compile(sel)
	if err != nil {
		t.Fatal(err)
	}
	return rule.Apply(images, now())
}

func TestRules(t *testing.T) {
	past, future := ago(24), ago(-24)
	tests := []struct {
		name   string
		sel    spec.Select
		img    image.Image
		rule   string // empty: it fits
		reason string
	}{
		{"fits all", spec.Select{
			Provider: "AWS", Region: "us-east-1", Architecture: "amd64", OS: spec.OS{Name: "RHEL", Version: "8"},
			KubernetesVersion: "~1.30", Name: "gold*", Tags: map[string]string{"team": "platform"}, Where: `image.owner == "self"`,
		}, ami("a"), "", ""},
		{"pending", spec.Select{}, ami("a", state(image.Pending, "copying")), "state", "it is pending: copying"},
		{"gone", spec.Select{}, ami("a", state(image.Gone, "")), "state", "it is gone"},
		{"no state is taken as available", spec.Select{}, ami("a", state(image.StateUnset, "")), "", ""},
		{"deprecated", spec.Select{}, ami("a", func(i *image.Image) { i.DeprecatedAt = past }), "deprecated", "deprecated since 2026-08-31T12:00:00Z"},
		{"deprecated later", spec.Select{}, ami("a", func(i *image.Image) { i.DeprecatedAt = future }), "", ""},
		{"end of life now", spec.Select{}, ami("a", func(i *image.Image) { i.EndOfLifeAt = ago(0) }), "endOfLife", "past its end of life since 2026-09-01T12:00:00Z"},
		{"excluded", spec.Select{}, ami("a", func(i *image.Image) { i.ExcludedFromLatest = true }), "excludedFromLatest", "it is excluded from latest"},
		{"excluded for a reason", spec.Select{}, ami("a", state(image.Available, "replaced"), func(i *image.Image) { i.ExcludedFromLatest = true }), "excludedFromLatest", "it is excluded from latest: replaced"},
		{"excluded in a region", spec.Select{}, ami("a", state(image.Available, "excluded from latest in eastus"), func(i *image.Image) { i.ExcludedFromLatest = true }), "excludedFromLatest", "it is excluded from latest in eastus"},
		{"provider", spec.Select{Provider: "azure"}, ami("a"), "provider", "provider is aws, not azure"},
		{"region", spec.Select{Region: "us-west-2"}, ami("a"), "region", "region is us-east-1, not us-west-2"},
		{"unknown region", spec.Select{Region: "us-west-2"}, ami("a", region("")), "region", "the region is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"global region", spec.Select{Region: "us-west-2"}, ami("a", region("global")), "", ""},
		{"azure display name", spec.Select{Region: "West US 2"}, ami("a", region("westus2"), func(i *image.Image) { i.Provider = "azure" }), "", ""},
		{"aws has no display names", spec.Select{Region: "us east-1"}, ami("a"), "region", "region is us-east-1, not us east-1"},
		{"architecture", spec.Select{Architecture: "arm64"}, ami("a"), "architecture", "architecture is amd64, not arm64"},
		{"unknown architecture", spec.Select{Architecture: "arm64"}, ami("a", architecture("")), "architecture", "the architecture is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"architecture of a tag that was read and does not tell", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci"), func(i *image.Image) { i.Digest = "sha256:a" }), "architecture", "the architecture is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"architecture of a tag that was not read", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci")), "architecture", "the architecture is unknown: this tag was not read"},
		{"os spelling", spec.Select{OS: spec.OS{Name: "Amazon Linux"}}, ami("a", func(i *image.Image) { i.OS.Name = "amazonlinux" }), "", ""},
		{"os name in words", spec.Select{OS: spec.OS{Name: "Red Hat Enterprise Linux", Version: "8"}}, ami("a"), "", ""},
		{"ubuntu without its dot", spec.Select{OS: spec.OS{Name: "Ubuntu", Version: "2404"}}, ami("a", func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "24.04"} }), "", ""},
		{"os name", spec.Select{OS: spec.OS{Name: "ubuntu"}}, ami("a"), "os.name", "OS name is rhel, not ubuntu"},
		{"os version equal", spec.Select{OS: spec.OS{Version: "8.8"}}, ami("a"), "", ""},
		{"os version is no text prefix", spec.Select{OS: spec.OS{Version: "8"}}, ami("a", func(i *image.Image) { i.OS.Version = "80" }), "os.version", "OS version is 80, not 8"},
		{"os version of which a part is known", spec.Select{OS: spec.OS{Version: "24.04"}}, ami("a", func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "24"} }), "", ""},
		{
			"os version of which another part is known", spec.Select{OS: spec.OS{Version: "24.04"}},
			ami("a", func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "22"} }), "os.version", "OS version is 22, not 24.04",
		},
		{"os version finer than known", spec.Select{OS: spec.OS{Version: "8.8"}}, ami("a", func(i *image.Image) { i.OS.Version = "8" }), "os.version", "OS version is 8, not 8.8"},
		{"kubernetes range", spec.Select{KubernetesVersion: ">=1.29 <1.31"}, ami("a"), "", ""},
		{"kubernetes outside", spec.Select{KubernetesVersion: "~1.31"}, ami("a"), "kubernetesVersion", "Kubernetes version is 1.30.4, not within ~1.31"},
		{"kubernetes pre-release", spec.Select{KubernetesVersion: "~1.31"}, ami("a", kubernetes("1.31.0-rc.1")), "kubernetesVersion", "Kubernetes version is 1.31.0-rc.1, not within ~1.31"},
		{"kubernetes pre-release asked for", spec.Select{KubernetesVersion: ">=1.31.0-0"}, ami("a", kubernetes("1.31.0-rc.1")), "", ""},
		{"kubernetes build metadata", spec.Select{KubernetesVersion: "~1.30"}, ami("a", kubernetes("1.30.4+rke2r1")), "", ""},
		{"kubernetes unknown", spec.Select{KubernetesVersion: "~1.30"}, ami("a", kubernetes("")), "kubernetesVersion", "the Kubernetes version is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"kubernetes garbage", spec.Select{KubernetesVersion: "~1.30"}, ami("a", kubernetes("latest")), "kubernetesVersion", `Kubernetes version "latest" is not a version`},
		{"name pattern is anchored", spec.Select{Name: "old"}, ami("a"), "name", "name is golden, not old"},
		{"name pattern is literal", spec.Select{Name: "g.lden"}, ami("a"), "name", "name is golden, not g.lden"},
		{"name pattern ?", spec.Select{Name: "g?lden"}, ami("a"), "", ""},
		{"tag value", spec.Select{Tags: map[string]string{"team": "data", "env": "x"}}, ami("a"), "tags", `it has no tag "env"; tag team is "platform", not "data"`},
		{"tag of aws in another letter case", spec.Select{Tags: map[string]string{"Team": "platform"}}, ami("a"), "tags", `it has no tag "Team"`},
		{"tag of azure in another letter case", spec.Select{Tags: map[string]string{"Team": "platform"}}, ami("a", provider("azure")), "", ""},
		{"tag of azure with another value", spec.Select{Tags: map[string]string{"Team": "Platform"}}, ami("a", provider("azure")), "tags", `tag Team is "platform", not "Platform"`},
		{"where", spec.Select{Where: `image.owner == "amazon"`}, ami("a"), "where", "the expression is false"},
		{"where without age", spec.Select{Where: `age < duration("1h")`}, ami("a", untimed), "where", "the expression has no answer: the creation time is unknown, so there is no age"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome := apply(t, test.sel, test.img)
			got := [2]string{}
			if len(outcome.Dropped) > 0 {
				got = [2]string{outcome.Dropped[0].Rule, outcome.Dropped[0].Reason}
			}
			if want := [2]string{test.rule, test.reason}; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if fits := outcome.Verdict == selection.Picked; fits != (test.rule == "") {
				t.Errorf("got verdict %s", outcome.Verdict)
			}
		})
	}
}

// A range that names build metadata compares it: that is what tells Kubernetes
// distributions apart.
func TestKubernetesSuffix(t *testing.T) {
	for _, test := range []struct {
		wanted string
		fits   string // of the versions below
	}{
		{"=1.30.4+rke2r1", "1.30.4+rke2r1"},
		{"1.30.4+k3s1", "1.30.4+k3s1"},
		{"=1.30.4", "1.30.4 1.30.4+k3s1 1.30.4+rke2r1 1.30.4+rke2r10 1.30.4+rke2r2"},
		{"~1.30.4+rke2r2", "1.30.4+rke2r10 1.30.4+rke2r2 1.30.5+rke2r1"},
		{">=1.30.4+rke2r2", "1.30.4+rke2r10 1.30.4+rke2r2 1.30.5+rke2r1 1.31.0+rke2r1"},
		{">1.30.4+rke2r2, <1.31", "1.30.4+rke2r10 1.30.5+rke2r1"},
		{"<=1.30.4+rke2r2", "1.29.9+rke2r1 1.30.4+rke2r1 1.30.4+rke2r2"},
		{"<1.30.4+rke2r2", "1.29.9+rke2r1 1.30.4+rke2r1"},
		{"!=1.30.4+rke2r1 =1.30.4", "1.30.4 1.30.4+k3s1 1.30.4+rke2r10 1.30.4+rke2r2"},
		{"1.30.4+rke2r1 - 1.30.4+rke2r2", "1.30.4+rke2r1 1.30.4+rke2r2"},
		{"=1.30.4+rke2r1 || =1.31.0+rke2r1", "1.30.4+rke2r1 1.31.0+rke2r1"},
		{"=1.31.0-rc.1+rke2r1", "1.31.0-rc.1+rke2r1"},
		{">=1.31.0-rc.0+rke2r1", "1.31.0+rke2r1 1.31.0-rc.1+rke2r1"},
	} {
		t.Run(test.wanted, func(t *testing.T) {
			var images []image.Image
			for _, v := range []string{
				"1.29.9+rke2r1", "1.30.4", "1.30.4+k3s1", "1.30.4+rke2r1", "1.30.4+rke2r2", "1.30.4+rke2r10", "1.30.5+rke2r1", "1.31.0+rke2r1", "1.31.0-rc.1+rke2r1",
			} {
				images = append(images, ami(v, kubernetes(v)))
			}
			if got := ids(apply(t, spec.Select{KubernetesVersion: test.wanted}, images...).Ranked); got != test.fits {
				t.Errorf("got %s\nwant %s", got, test.fits)
			}
		})
	}
	for _, wrong := range []string{"=1.30+rke2r1x y", ">=+rke2r1", "1.30.4+", "1.30.x+rke2r1"} {
		if _, err := selection.Compile(spec.Select{KubernetesVersion: wrong}); failure.Code(err) != failure.ExitUsage {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name      string
		images    []image.Image
		want      string
		decidedBy string
	}{
		{"newest", []image.Image{ami("b", created(1)), ami("a", created(2))}, "b a", "createdAt"},
		{"unknown time last", []image.Image{ami("a", untimed, version("9")), ami("b", created(9000))}, "b a", "createdAt"},
		{"tie: version", []image.Image{ami("a", version("1.9.0")), ami("b", version("1.10.0"))}, "b a", "version"},
		{"tie: id", []image.Image{ami("b"), ami("a")}, "a b", ""},
		{"two names of one digest", []image.Image{ami("b", provider("oci"), digest("d")), ami("a", provider("oci"), digest("d"))}, "a b", "id"},
		{"no time: version", []image.Image{ami("a", untimed, version("1.0.0-rc.1")), ami("b", untimed, version("1.0.0"))}, "b a", "version"},
		{"one", []image.Image{ami("a")}, "a", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome := apply(t, spec.Select{}, test.images...)
			if got := ids(outcome.Ranked); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if outcome.DecidedBy != test.decidedBy {
				t.Errorf("decided by %q, want %q", outcome.DecidedBy, test.decidedBy)
			}
		})
	}
}

func ids(images []*image.Image) string {
	var all []string
	for _, img := range images {
		all = append(all, img.ID)
	}
	return strings.Join(all, " ")
}

func TestTieIsReported(t *testing.T) {
	tag := func(id string, options ...func(*image.Image)) image.Image {
		return ami(id, append(options, provider("oci"), digest("d"))...)
	}
	outcome := apply(t, spec.Select{}, tag("b"), tag("a"), tag("c", created(5)))
	if got := ids(outcome.Tie); got != "a b" {
		t.Errorf("got tie %q", got)
	}
	want := []string{"2 images were created at 2026-09-01T11:00:00Z; id decided for a"}
	if diff := cmp.Diff(want, outcome.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestAmbiguity(t *testing.T) {
	tests := []struct {
		name         string
		sel          spec.Select
		images       []image.Image
		pick         string
		alternatives string
		next         string
	}{
		{
			"two builds of one name and region in one run", spec.Select{Region: "us-east-1"},
			[]image.Image{ami("b", run("u1")), ami("a", run("u1"))},
			"", "a b", `only their ids differ: give the builds different names or tags, or select one with where: 'image.id == "a"'`,
		},
		{
			"the later of one run is not newer", spec.Select{},
			[]image.Image{ami("b", run("u1"), created(1)), ami("a", run("u1"), created(2))},
			"", "b a", "only their ids differ",
		},
		{
			"two builds of different names in one run", spec.Select{},
			[]image.Image{ami("a", run("u1"), named("rhel")), ami("b", run("u1"), named("ubuntu"))},
			"", "a b", "they differ in name: select by that",
		},
		{
			"two builds of one run that their tags tell apart", spec.Select{},
			[]image.Image{ami("a", run("u1"), tagged("db")), ami("b", run("u1"), tagged("web"))},
			"", "a b", "they differ in tags.role: select by that",
		},
		{
			"one run in two regions", spec.Select{},
			[]image.Image{ami("a", run("u1")), ami("b", run("u1"), region("eu-west-1"))},
			"", "a b", "they differ in region: select by that, or give the pack a matrix",
		},
		{
			"one run in two regions, one selected", spec.Select{Region: "eu-west-1"},
			[]image.Image{ami("a", run("u1")), ami("b", run("u1"), region("eu-west-1"))},
			"b", "", "",
		},
		{
			"an older run is no alternative", spec.Select{},
			[]image.Image{ami("old", run("u1"), created(9)), ami("new", run("u2"), created(1))},
			"new", "", "",
		},
		{
			"an older run's image of the name in another region", spec.Select{},
			[]image.Image{ami("old", run("u1"), created(9), region("eu-west-1")), ami("new", run("u2"), created(1))},
			"", "new old", "they differ in region",
		},
		{
			"with the region that is asked for", spec.Select{Region: "us-east-1"},
			[]image.Image{ami("old", run("u1"), created(9), region("eu-west-1")), ami("new", run("u2"), created(1))},
			"new", "", "",
		},
		{
			"copies of one AMI", spec.Select{},
			[]image.Image{ami("a", created(2)), ami("b", created(1), region("eu-west-1"))},
			"", "b a", "they differ in region",
		},
		{
			"one gallery version replicated to two regions has one id", spec.Select{},
			[]image.Image{ami("/id/1", region("westus2"), untimed), ami("/id/1", region("eastus"), untimed)},
			"/id/1", "", "",
		},
		{
			"outputs of one image template", spec.Select{},
			[]image.Image{ami("a", template("t"), provider("azure"), created(1)), ami("b", template("t"), provider("azure"), named("disk"), created(2))},
			"", "a b", "they differ in name: select by that",
		},
		{
			"highest of two definitions", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 3, byVersion), definition("ubuntu", "1.2.9", 1, byVersion), definition("rhel", "1.2.8", 2, byVersion)},
			"", definitionID("rhel", "1.2.10") + " " + definitionID("ubuntu", "1.2.9"), "they differ in name: select by that",
		},
		{
			"highest of one definition", spec.Select{Name: "rhel"},
			[]image.Image{definition("rhel", "1.2.10", 3, byVersion), definition("ubuntu", "1.2.11", 1, byVersion), definition("rhel", "1.2.8", 2, byVersion)},
			definitionID("rhel", "1.2.10"), "", "",
		},
		{
			"newest of two definitions", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 3), definition("ubuntu", "1.2.9", 1)},
			definitionID("ubuntu", "1.2.9"), "", "",
		},
		{
			"versions of two definitions at one time", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 1), definition("ubuntu", "1.2.9", 1), definition("rhel", "1.2.9", 1)},
			"", definitionID("rhel", "1.2.10") + " " + definitionID("ubuntu", "1.2.9"), "they differ in name: select by that",
		},
		{
			"neither time nor version", spec.Select{},
			[]image.Image{ami("b", untimed), ami("a", untimed)},
			"", "a b", "only their ids differ",
		},
		{
			"a tie of what is alike", spec.Select{},
			[]image.Image{ami("b"), ami("a"), ami("c", created(5))},
			"", "a b", "only their ids differ",
		},
		{
			"a tie in version and time", spec.Select{},
			[]image.Image{ami("build-11", byVersion, version("1.2")), ami("build-1", byVersion, version("1.2")), ami("build-9", byVersion, version("1.1"))},
			"", "build-1 build-11", "only their ids differ",
		},
		{
			"a tie of different systems", spec.Select{},
			[]image.Image{ami("a", named("rhel")), ami("b", named("ubuntu"), system("ubuntu", "24.04")), ami("c", created(5))},
			"", "a b", "they differ in os.name, os.version, name: select by that",
		},
		{
			"a tie of different versions of a system", spec.Select{},
			[]image.Image{ami("b"), ami("a", system("rhel", "9.4"))},
			"", "a b", "they differ in os.version: select by that",
		},
		{
			"a tie of different architectures", spec.Select{},
			[]image.Image{ami("a"), ami("b", architecture("arm64"))},
			"", "a b", "they differ in architecture: select by that, or give the pack a matrix",
		},
		{
			"a tie of different Kubernetes versions", spec.Select{},
			[]image.Image{ami("a", kubernetes("1.31.0")), ami("b", kubernetes(""))},
			"", "a b", "they differ in kubernetesVersion: select by that",
		},
		{
			"a tie of different systems, one selected", spec.Select{OS: spec.OS{Name: "ubuntu"}},
			[]image.Image{ami("a"), ami("b", system("ubuntu", "24.04"))},
			"b", "", "",
		},
		{
			"a tie that the version decides", spec.Select{},
			[]image.Image{ami("a", version("1.0.0")), ami("b", version("1.1.0"), system("rhel", "9.4"))},
			"b", "", "",
		},
		{
			"a tie behind the newest", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("a"), ami("b", system("rhel", "9.4"))},
			"n", "", "",
		},
		{
			"an older one of another system", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("o", system("", "")), ami("a"), ami("b", system("Amazon Linux", "2023"), created(9)), ami("c", system("ubuntu", "24.04"), created(8))},
			"", "n c b", "they differ in os.name, os.version: select by that",
		},
		{
			"an older one of another architecture", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("o", architecture("")), ami("b", architecture("arm64"), created(9)), ami("c", architecture("arm64"), created(8))},
			"", "n c", "they differ in architecture: select by that, or give the pack a matrix",
		},
		{
			"another system that is not selected", spec.Select{Architecture: "amd64", OS: spec.OS{Name: "RHEL"}},
			[]image.Image{ami("n", created(0)), ami("b", architecture("arm64")), ami("c", system("ubuntu", "24.04"))},
			"n", "", "",
		},
		{
			"two versions of one gallery image in two regions", spec.Select{},
			[]image.Image{ami("/v/1", region("westus2"), spans, created(2)), ami("/v/2", region("eastus"), spans, created(1))},
			"/v/2", "", "",
		},
		{
			"exactlyOne with two", spec.Select{Pick: spec.PickExactlyOne},
			[]image.Image{ami("b", created(1)), ami("a", created(2))},
			"", "b a", "only their ids differ",
		},
		{
			"exactlyOne with one", spec.Select{Pick: spec.PickExactlyOne, Name: "x"},
			[]image.Image{ami("b", named("x")), ami("a")},
			"b", "", "",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome := apply(t, test.sel, test.images...)
			if got := ids(outcome.Alternatives); got != test.alternatives {
				t.Errorf("got alternatives %q, want %q", got, test.alternatives)
			}
			pick, err := outcome.Resolve("p")
			if test.pick != "" {
				if err != nil || pick.ID != test.pick {
					t.Errorf("got %v, %v", pick, err)
				}
				return
			}
			var failed *failure.Error
			if !errors.As(err, &failed) || failed.Code != failure.ExitNoImage {
				t.Fatalf("got %v, want exit %d", err, failure.ExitNoImage)
			}
			if len(failed.Details) != len(outcome.Alternatives) || !strings.Contains(failed.Next, test.next) {
				t.Errorf("got details %q, next %q", failed.Details, failed.Next)
			}
		})
	}
}

func TestATieOfDifferentSystemsSaysWhy(t *testing.T) {
	for want, other := range map[string]image.Image{
		"they were created at the same time (2026-09-01T11:00:00Z), so only their ids would choose the operating system": ami("b", system("rhel", "9.4")),
		"they are of several operating systems and architectures, none of which is newer than another":                   ami("b", system("ubuntu", "24.04"), architecture("arm64")),
	} {
		_, err := apply(t, spec.Select{}, ami("a"), other).Resolve("p")
		if want = "pack p: 2 images fit, and " + want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestNextStep is about what to do when no image passes one rule.
func TestNextStep(t *testing.T) {
	const askFor = ": ask for one of these, or "
	copied := askFor + "build or copy an image there"
	built := func(version string) string {
		return ": build an image with a version within " + version + ", or widen the range"
	}
	tests := []struct {
		name string
		sel  spec.Select
		img  image.Image
		want string
	}{
		{"another region", spec.Select{Region: "eu-west-1"}, ami("a"), `the region asked for is "eu-west-1", and the images have us-east-1` + copied},
		{"another number", spec.Select{Region: "us-east-2"}, ami("a"), `the region asked for is "us-east-2", and the images have us-east-1` + copied},
		{"another area", spec.Select{Region: "af-south-1"}, ami("a", region("ap-south-1")), `the region asked for is "af-south-1", and the images have ap-south-1` + copied},
		{"swapped letters", spec.Select{Region: "us-esat-1"}, ami("a"), `the region asked for is "us-esat-1", and the images have us-east-1; did you mean "us-east-1"?`},
		{"swapped area", spec.Select{Region: "su-east-1"}, ami("a"), `the region asked for is "su-east-1", and the images have us-east-1; did you mean "us-east-1"?`},
		{"a dash less", spec.Select{Region: "us-east1"}, ami("a"), `the region asked for is "us-east1", and the images have us-east-1; did you mean "us-east-1"?`},
		{"an Azure region", spec.Select{Region: "westus2"}, ami("a", provider("azure"), region("westus3")), `the region asked for is "westus2", and the images have westus3` + copied},
		{"a slip in Azure", spec.Select{Region: "Wets US 3"}, ami("a", provider("azure"), region("westus3")), `the region asked for is "Wets US 3", and the images have westus3; did you mean "westus3"?`},
		{"Kubernetes", spec.Select{KubernetesVersion: "~1.31"}, ami("a"), `the kubernetesVersion asked for is "~1.31", and the images have 1.30.4` + built("~1.31")},
		{"OS version", spec.Select{OS: spec.OS{Version: "9"}}, ami("a"), `the os.version asked for is "9", and the images have 8.8` + askFor + "build an image that has it"},
		{"OS name", spec.Select{OS: spec.OS{Name: "rehl"}}, ami("a"), `the os.name asked for is "rehl", and the images have rhel; did you mean "rhel"?`},
		{"another name of a provider", spec.Select{Provider: "amazon"}, ami("a"), `the provider asked for is "amazon", and the images have aws; did you mean "aws"?`},
		{"a provider that is not there", spec.Select{Provider: "Google"}, ami("a"), `the provider asked for is "Google", and the images have aws; providers are spelled otherwise here: did you mean "gcp"?`},
		{"an unknown fact", spec.Select{Architecture: "arm64"}, ami("a", architecture("")), "no image has a known architecture: declare it at the source (a tag, its configuration), or do not select by it"},
		{
			"a tag that was not read", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci")),
			"no image has a known architecture: the source did not read these tags: set resolve: newest at the source",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := apply(t, test.sel, test.img).Resolve("p")
			var failed *failure.Error
			if !errors.As(err, &failed) || failed.Next != test.want {
				t.Errorf("got %+v\nwant %s", failed, test.want)
			}
		})
	}
}

// What is meant is looked for among few values only: each miss of thousands of packs
// would compare all of thousands of names.
func TestNothingIsMeantAmongManyValues(t *testing.T) {
	images := many(1_000)
	for i := range images {
		images[i].Name = fmt.Sprintf("golden-%d", i)
	}
	_, err := apply(t, spec.Select{Name: "goldn-1"}, images...).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) || strings.Contains(failed.Next, "did you mean") || !strings.Contains(failed.Next, " more: ask for one of these") {
		t.Errorf("got %+v", failed)
	}
}

func TestAmbiguousDetailsShowWhatDiffers(t *testing.T) {
	_, err := apply(t, spec.Select{}, ami("a", run("u1"), tagged("db")), ami("b\x1b[31m", run("u1"), tagged("web"))).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	want := []string{
		`a aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden) tags role="db"`,
		"b\uFFFD[31m" + ` aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden) tags role="web"`,
	}
	if diff := cmp.Diff(want, failed.Details); diff != "" {
		t.Error(diff)
	}
}

func TestAmbiguousIsCapped(t *testing.T) {
	images := many(5_000)
	for i := range images {
		images[i].State, images[i].Tags = image.Available, map[string]string{"a": "x", "b": "y", "n": fmt.Sprint(i)}
	}
	_, err := apply(t, spec.Select{Pick: spec.PickExactlyOne}, images...).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) || len(failed.Details) != 51 || !strings.Contains(failed.Details[50], "more") {
		t.Fatalf("got %v", err)
	}
}

func TestNoImage(t *testing.T) {
	outcome := apply(t, spec.Select{Region: "us-east-2", OS: spec.OS{Name: "rhel"}, Architecture: "amd64"},
		ami("far", architecture("arm64")), ami("near"), ami("nearer", created(0)))
	_, err := outcome.Resolve("aws-east")
	var failed *failure.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	want := &failure.Error{
		Code:    failure.ExitNoImage,
		Summary: "pack aws-east: none of 3 images fits",
		Details: []string{
			`nearer aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T12:00:00Z (source golden): region is us-east-1, not us-east-2`,
			`near aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden): region is us-east-1, not us-east-2`,
			`far aws us-east-1 arm64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden): region is us-east-1, not us-east-2; architecture is arm64, not amd64`,
		},
		Next: `the region asked for is "us-east-2", and the images have us-east-1: ask for one of these, or build or copy an image there`,
	}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Error(diff)
	}
}

func TestNoImageIsCapped(t *testing.T) {
	var images []image.Image
	for i := range 100 {
		images = append(images, ami(fmt.Sprintf("ami-%03d", i), state(image.Gone, ""), architecture("")))
	}
	_, err := apply(t, spec.Select{}, images...).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) || len(failed.Details) != 6 {
		t.Fatalf("got %v, want five images and a count", err)
	}
	if want := "and 95 more: in all, state drops 100"; failed.Details[5] != want {
		t.Errorf("got %q, want %q", failed.Details[5], want)
	}
	_, err = apply(t, spec.Select{Architecture: "amd64"}, images...).Resolve("p")
	if !errors.As(err, &failed) || !strings.Contains(failed.Next, "no image has a known architecture") {
		t.Errorf("got next step %q", failed.Next)
	}
	_, err = apply(t, spec.Select{}).Resolve("p")
	if !errors.As(err, &failed) || failed.Summary != "pack p: its sources have no images" {
		t.Errorf("got %v", err)
	}
}

func TestMerge(t *testing.T) {
	manifest := ami("ami-1", from("manifest"), architecture(""), run("u1"), func(i *image.Image) {
		i.OS, i.Tags = image.OS{}, nil
	})
	cloud := ami("ami-1", from("cloud"), func(i *image.Image) {
		i.KubernetesVersion = ""
		i.Provenance = map[string]image.Provenance{"os.name": {From: "tag", Key: "distribution"}}
	})
	outcome := apply(t, spec.Select{Architecture: "amd64", KubernetesVersion: "~1.30", Pick: spec.PickExactlyOne}, manifest, cloud, manifest)
	if outcome.Verdict != selection.Picked {
		t.Fatalf("got %+v", outcome)
	}
	want := cloud
	want.KubernetesVersion, want.Reference = "1.30.4", manifest.Reference
	want.Provenance = map[string]image.Provenance{
		"os.name": {From: "tag", Key: "distribution"}, "kubernetesVersion": {Source: "manifest"}, "reference": {Source: "manifest"},
	}
	if diff := cmp.Diff(&want, outcome.Pick); diff != "" {
		t.Error(diff)
	}
	merged := []image.Merge{{ID: "ami-1", Region: "us-east-1", Architecture: "amd64", Sources: []string{"cloud", "manifest"}}}
	if diff := cmp.Diff(merged, outcome.Merged); diff != "" {
		t.Error(diff)
	}
}

// What one source knows to be gone is not picked because another still lists it.
func TestMergeBelievesTheWorst(t *testing.T) {
	deprecated := ami("b", from("z"), func(i *image.Image) { i.DeprecatedAt = ago(1) })
	outcome := apply(t, spec.Select{}, ami("a"), ami("a", from("z"), state(image.Gone, "deregistered")), ami("b"), deprecated)
	if outcome.Verdict != selection.NoImage {
		t.Fatalf("got %s %v", outcome.Verdict, outcome.Pick)
	}
	var reasons []string
	for _, drop := range outcome.Dropped {
		reasons = append(reasons, drop.Reason)
	}
	want := []string{"it is gone: deregistered", "deprecated since 2026-09-01T11:00:00Z"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
}

func TestOneReferenceOfTwoArchitecturesIsTwoImages(t *testing.T) {
	amd, arm := ami("r/ubuntu:1", provider("oci")), ami("r/ubuntu:1", provider("oci"), architecture("arm64"))
	outcome := apply(t, spec.Select{Architecture: "arm64"}, amd, arm, amd)
	if len(outcome.Ranked) != 1 || outcome.Ranked[0].Architecture != "arm64" || len(outcome.Dropped) != 1 {
		t.Errorf("got %+v", outcome)
	}
}

func TestCompileErrors(t *testing.T) {
	for name, sel := range map[string]spec.Select{
		"range": {KubernetesVersion: "about 1.30"}, "pick": {Pick: "oldest"}, "where": {Where: "image.ownr"},
	} {
		if _, err := selection.Compile(sel); failure.Code(err) != failure.ExitUsage {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// many makes images that differ in all that order and merging look at.
func many(n int) []image.Image {
	random := rand.New(rand.NewPCG(1, 2))
	images := make([]image.Image, n)
	for i := range images {
		img := ami(fmt.Sprintf("ami-%06d", random.IntN(n)), created(random.IntN(5000)), from([]string{"a", "b", ""}[random.IntN(3)]),
			version(fmt.Sprintf("1.%d.%d", random.IntN(12), random.IntN(3))), region([]string{"us-east-1", "eu-west-1", "global", ""}[random.IntN(4)]),
			architecture([]string{"amd64", "arm64", ""}[random.IntN(3)]), run(fmt.Sprint(random.IntN(n))))
		if random.IntN(10) == 0 {
			img.CreatedAt = nil
		}
		if random.IntN(10) == 0 {
			img.State = image.Pending
		}
		images[i] = img
	}
	return images
}

func TestShuffledInputGivesTheSameBytes(t *testing.T) {
	selections := []spec.Select{
		{}, {Region: "us-east-1", Architecture: "amd64"}, {Where: `age < duration("2000h")`, Region: "eu-west-1"},
		{Pick: spec.PickExactlyOne}, {Region: "nowhere"},
	}
	images := many(150)
	for i, sel := range selections {
		rule, err := selection.Compile(sel)
		if err != nil {
			t.Fatal(err)
		}
		var want, wantError string
		random := rand.New(rand.NewPCG(3, 4))
		for range 100 {
			random.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
			outcome := rule.Apply(slices.Clone(images), now())
			bytes, err := json.Marshal(outcome)
			if err != nil {
				t.Fatal(err)
			}
			_, failed := outcome.Resolve("p")
			message := fmt.Sprintf("%#v", failed)
			if e := (*failure.Error)(nil); errors.As(failed, &e) {
				message = fmt.Sprintf("%+v", *e)
			}
			if want == "" {
				want, wantError = string(bytes), message
			}
			if string(bytes) != want || message != wantError {
				t.Fatalf("selection %d: another order gave another outcome", i)
			}
		}
	}
}

func TestApplyDoesNotChangeItsInput(t *testing.T) {
	images := many(200)
	before, err := json.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	outcome := apply(t, spec.Select{}, images...)
	if len(outcome.Ranked) == 0 {
		t.Fatal("nothing is ranked")
	}
	after, err := json.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("Apply changed the images it was given")
	}
}

func BenchmarkApply(b *testing.B) {
	images := many(100_000)
	for name, sel := range map[string]spec.Select{
		"fields": {Region: "us-east-1", Architecture: "amd64", KubernetesVersion: "~1.30", Name: "gold*"},
		"where":  {Where: `image.owner == "self" && age < duration("2160h")`},
	} {
		rule, err := selection.Compile(sel)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if outcome := rule.Apply(images, now()); len(outcome.Ranked) == 0 {
					b.Fatal("nothing fits")
				}
			}
		})
	}
}

// Of the versions of an image definition, what is not told of a newer one is no reason to
// step to an older one without a word.
func TestNotesOfADefinition(t *testing.T) {
	machine := func(name, value string) func(*image.Image) {
		return func(i *image.Image) { i.Attributes = map[string]string{name: value} }
	}
	none := func(i *image.Image) { i.KubernetesVersion, i.Architecture = "", "" }
	old := definition("rhel", "1.0.0", 9)
	for name, test := range map[string]struct {
		sel    spec.Select
		images []image.Image
		want   []string
	}{
		"untold": {
			spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, none), old},
			[]string{definitionID("rhel", "1.1.0") + " would come before the pick, but its architecture, Kubernetes version is not known: declare it at the source (a tag, its configuration), or do not select by it"},
		},
		"untold, and out for more": {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, none, state(image.Failed, "")), old}, nil},
		"untold of what is older":  {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "0.9.0", 19, none), old}, nil},
		"told, and another":        {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("rhel", "1.1.0", 1, kubernetes("1.31.0")), old}, nil},
		"of another definition":    {spec.Select{KubernetesVersion: "~1.30"}, []image.Image{definition("k3s", "1.1.0", 1, none), old}, nil},
		"another machine": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, machine("hyperVGeneration", "V1")), definition("rhel", "1.0.0", 9, machine("hyperVGeneration", "V2"))},
			[]string{"the image has the hyperVGeneration V1, others that fit have V2, and the pack names none: select by image.attributes.hyperVGeneration in where to be sure"},
		},
		"a plan that others lack": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1, asked), definition("rhel", "1.0.0", 9, machine("purchasePlan", "a/b/c"))},
			[]string{"the image has the purchasePlan none, others that fit have a/b/c, and the pack names none: select by image.attributes.purchasePlan in where to be sure"},
		},
		"a plan of which a record does not tell": {
			spec.Select{}, []image.Image{definition("gen1", "1.1.0", 1), definition("rhel", "1.0.0", 9, machine("purchasePlan", "a/b/c"))}, nil,
		},
		"an earlier version": {
			spec.Select{}, []image.Image{definition("rhel", "1.1.0", 1, machine("securityType", "TrustedLaunch")), definition("rhel", "1.0.0", 9, machine("securityType", "x"))}, nil,
		},
		"a machine that is asked for": {
			spec.Select{Where: `image.attributes.hyperVGeneration != "V3"`},
			[]image.Image{definition("gen1", "1.1.0", 1, machine("hyperVGeneration", "V1")), definition("rhel", "1.0.0", 9, machine("hyperVGeneration", "V2"))}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, apply(t, test.sel, test.images...).Notes); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNotesOfAPick(t *testing.T) {
	eu := ami("ami-1", named("eu"), region("eu-west-1"), created(0))
	others := "the image is in eu-west-1, others that fit are in us-east-1, and the pack names no region: set select.region to be sure"
	for name, test := range map[string]struct {
		sel    spec.Select
		images []image.Image
		want   []string
	}{
		"alone":           {},
		"another region":  {images: []image.Image{ami("ami-2"), ami("ami-3", region("US-East-1"))}, want: []string{others}},
		"asked for":       {images: []image.Image{ami("ami-2")}, sel: spec.Select{Region: "eu-west-1"}},
		"the same region": {images: []image.Image{ami("ami-2", region("eu-west-1"))}},
		"good everywhere": {images: []image.Image{ami("ami-2", region(image.GlobalRegion)), ami("ami-3", region(""))}},
		"another provider": {
			images: []image.Image{ami("i", provider("azure"), region("westus2"))},
			want:   []string{"the image has the provider aws, others that fit have azure, and the pack names none: set select.provider to be sure"},
		},
		"another provider, asked for": {images: []image.Image{ami("i", provider("azure"), region("westus2"))}, sel: spec.Select{Provider: "AWS"}},
		"an architecture that is asked for": {
			images: []image.Image{ami("ami-2", region("eu-west-1"), func(i *image.Image) { i.Architecture = "arm64" })}, sel: spec.Select{Architecture: "amd64"},
		},
		"a release of which a part is known": {
			images: []image.Image{ami("ami-0", region("eu-west-1"), system("ubuntu", "24"), created(0))}, sel: spec.Select{OS: spec.OS{Version: "24.04"}},
			want: []string{"of the image's OS version no more is known than 24, and the pack selects 24.04: another release may be in it"},
		},
		"a system that is asked for": {images: []image.Image{ami("ami-2", region("eu-west-1"), system("ubuntu", "22.04"))}, sel: spec.Select{OS: spec.OS{Name: "rhel"}}},
		"dated in the future": {
			images: []image.Image{ami("ami-9", named("late"), region("eu-west-1"), created(-24))},
			want:   []string{"ami-9 says that it was created in the future (2026-09-02T12:00:00Z): a clock or its date is wrong, and nothing newer is picked until then"},
		},
		"not ready in each region": {
			images: []image.Image{
				ami("/v/2", spans, region("eastus"), created(-0)), ami("/v/2", spans, region("westus"), created(-0), state(image.Pending, "copying")),
				ami("/v/2", spans, region("northeurope"), state(image.Failed, "")),
			},
			sel:  spec.Select{Where: `image.id == "/v/2"`},
			want: []string{"the image is not usable in every region, and the pack names none: northeurope (failed), westus (pending)"},
		},
		"newer, and nobody knows whether it is there": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("could not be checked"), recorded, func(i *image.Image) { i.Architecture = "" })},
			want:   []string{"ami-2 may come before the pick, and is left out: could not be checked"},
		},
		"newer, in a state of tomorrow": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("state moving"), asked, state(image.StateUnset, "state moving"))},
			want:   []string{"ami-2 may come before the pick, and is left out: state moving"},
		},
		"of a time that cannot be read": {
			images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), withheld("a date"), asked, func(i *image.Image) { i.CreatedAt = nil })},
			want:   []string{"ami-2 may come before the pick, and is left out: a date"},
		},
		"not checked, and older":     {images: []image.Image{ami("ami-2", named("old"), region("eu-west-1"), created(1), withheld("could not be checked"), recorded)}},
		"newer, and a stranger":      {images: []image.Image{ami("ami-2", named("late"), region("eu-west-1"), created(-1), withheld("not among the owners"), asked)}},
		"not checked, and elsewhere": {images: []image.Image{ami("ami-2", named("late"), region("us-east-1"), created(-1), withheld("could not be checked"), recorded)}, sel: spec.Select{Region: "eu-west-1"}},
		"contradictions": {
			images: []image.Image{ami("ami-1", named("eu"), region("eu-west-1"), created(0), system("ubuntu", "22.04"), from("other"), asked)},
			want:   []string{`the sources contradict each other in os.name: source other says "ubuntu", source golden says "rhel"; other is believed, as its service was asked`},
		},
		"contradictions of what comes after": {
			images: []image.Image{
				ami("ami-2", region("eu-west-1"), created(1), kubernetes("1.30.2")), ami("ami-2", region("eu-west-1"), created(1), kubernetes("1.30.9"), from("other")),
			},
			sel: spec.Select{KubernetesVersion: "~1.30"},
		},
		"contradictions of what would come before": {
			images: []image.Image{
				ami("ami-2", region("eu-west-1"), created(-1), kubernetes("1.30.2")), ami("ami-2", region("eu-west-1"), created(-1), kubernetes("1.30.9"), from("other")),
				ami("ami-3", region("eu-west-1"), created(-1), kubernetes("1.29.2")), ami("ami-3", region("eu-west-1"), created(-1), kubernetes("1.29.2"), from("other")),
			},
			sel: spec.Select{KubernetesVersion: "~1.30"},
			want: []string{`ami-2 would come before the pick, but its sources contradict each other in kubernetesVersion: ` +
				`source golden says "1.30.2", source other says "1.30.9"; none is believed, so it is not known`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			images := append([]image.Image{eu}, test.images...)
			for range 2 {
				if diff := cmp.Diff(test.want, apply(t, test.sel, images...).Notes); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				slices.Reverse(images)
			}
		})
	}
}

func asked(i *image.Image) { i.Evidence = image.Asked }

func recorded(i *image.Image) { i.Evidence = image.Recorded }

func withheld(why string) func(*image.Image) { return func(i *image.Image) { i.Withheld = why } }
