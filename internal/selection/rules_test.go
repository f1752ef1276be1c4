package selection_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

type ruleCase struct {
	name   string
	sel    spec.Select
	img    image.Image
	rule   string // empty: it fits
	reason string
}

func TestRules(t *testing.T) {
	past, future := ago(24), ago(-24)
	holdRules(t, []ruleCase{
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
		{"another provider's name", spec.Select{Region: "West US 2"}, ami("a", region("westus2")), "region", "region is westus2, not West US 2"},
		{"region as it is spelled", spec.Select{Region: "x"}, ami("a", region("RegionOne"), provider("openstack")), "region", "region is RegionOne, not x"},
		{"withheld", spec.Select{}, ami("a", withheld("of an earlier run")), "withheld", "its source withholds it: of an earlier run"},
		{"withheld by several", spec.Select{}, ami("a", withheld("source a withholds it: x; source b withholds it: y")), "withheld", "source a withholds it: x; source b withholds it: y"},
		{"aws has no display names", spec.Select{Region: "us east-1"}, ami("a"), "region", "region is us-east-1, not us east-1"},
		{"architecture", spec.Select{Architecture: "arm64"}, ami("a"), "architecture", "architecture is amd64, not arm64"},
		{"unknown architecture", spec.Select{Architecture: "arm64"}, ami("a", architecture("")), "architecture", "the architecture is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"architecture of a tag that was read and does not tell", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci"), func(i *image.Image) { i.Digest = "sha256:a" }), "architecture", "the architecture is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"architecture of a tag that was not read", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci")), "architecture", "the architecture is unknown: this tag was not read"},
		{"architecture that the name of a tag tells", spec.Select{Architecture: "arm64"}, ami("a", provider("oci")), "architecture", "architecture is amd64, not arm64"},
		{"architecture of a tag that could not be read", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci"), state(image.StateUnset, "too large")), "architecture", "the architecture is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
	})
}

func TestRulesOnSystems(t *testing.T) {
	holdRules(t, []ruleCase{
		{"os spelling", spec.Select{OS: spec.OS{Name: "Amazon Linux"}}, ami("a", func(i *image.Image) { i.OS.Name = "amazonlinux" }), "", ""},
		{"os name of no pack in one word", spec.Select{OS: spec.OS{Name: "My Own OS"}}, ami("a", system("myownos", "1")), "", ""},
		{"os name of no pack, as the image spells it", spec.Select{OS: spec.OS{Name: "myownos"}}, ami("a", system("My Own-OS", "1")), "", ""},
		{"os name of no pack", spec.Select{OS: spec.OS{Name: "My_Own OS"}}, ami("a", system("myown-os", "1")), "", ""},
		{"os version as the image spells it", spec.Select{OS: spec.OS{Name: "sles", Version: "15 SP5"}}, ami("a", system("sles", "15 sp5")), "", ""},
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
	})
}

func TestRulesOnNamesAndTags(t *testing.T) {
	holdRules(t, []ruleCase{
		{"name pattern is anchored", spec.Select{Name: "old"}, ami("a"), "name", "name is golden, not old"},
		{"name pattern is literal", spec.Select{Name: "g.lden"}, ami("a"), "name", "name is golden, not g.lden"},
		{"name pattern ?", spec.Select{Name: "g?lden"}, ami("a"), "", ""},
		{"name pattern of any name", spec.Select{Name: "*"}, ami("a", named("")), "name", "the name is unknown: declare it at the source (a tag, its configuration), or do not select by it"},
		{"tag without a value", spec.Select{Tags: map[string]string{"env": ""}}, ami("a"), "tags", `it has no tag "env"`},
		{"tag value", spec.Select{Tags: map[string]string{"team": "data", "env": "x"}}, ami("a"), "tags", `it has no tag "env"; tag team is "platform", not "data"`},
		{"tag of aws in another letter case", spec.Select{Tags: map[string]string{"Team": "platform"}}, ami("a"), "tags", `it has no tag "Team"`},
		{"tag of azure in another letter case", spec.Select{Tags: map[string]string{"Team": "platform"}}, ami("a", provider("azure")), "", ""},
		{"tag of azure with another value", spec.Select{Tags: map[string]string{"Team": "Platform"}}, ami("a", provider("azure")), "tags", `tag Team is "platform", not "Platform"`},
		{"where", spec.Select{Where: `image.owner == "amazon"`}, ami("a"), "where", "the expression is false"},
		{"where without age", spec.Select{Where: `age < duration("1h")`}, ami("a", untimed), "where", "the expression has no answer: the creation time is unknown, so there is no age"},
	})
}

func holdRules(t *testing.T, tests []ruleCase) {
	t.Helper()
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
		{"1.30.4+rke2r1", "1.30.4+rke2r1"},
		{"=<1.30.4+rke2r2", "1.29.9+rke2r1 1.30.4+rke2r1 1.30.4+rke2r2"},
		{"!=1.30.4+rke2r1", "1.29.9+rke2r1 1.30.4 1.30.4+k3s1 1.30.4+rke2r10 1.30.4+rke2r2 1.30.5+rke2r1 1.31.0+rke2r1"},
		{">=1.31.0-rc.0+rke2r1 <1.32", "1.31.0+rke2r1 1.31.0-rc.1+rke2r1"},
		{"=1.31.0-rc.1+rke2r1", "1.31.0-rc.1+rke2r1"},
		{">=1.31.0-rc.0+rke2r1", "1.31.0+rke2r1 1.31.0-rc.1+rke2r1"},
	} {
		t.Run(test.wanted, func(t *testing.T) {
			var images []image.Image
			for _, v := range []string{
				"1.29.9+rke2r1", "1.30.4", "1.30.4+k3s1", "1.30.4+rke2r1", "1.30.4+rke2r2", "1.30.4+rke2r10", "1.30.5+rke2r1", "1.31.0+rke2r1", "1.31.0-rc.1+rke2r1", "1.31.0-rc.1+k3s1",
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

func TestCompileErrors(t *testing.T) {
	for name, sel := range map[string]spec.Select{
		"range": {KubernetesVersion: "about 1.30"}, "pick": {Pick: "oldest"}, "where": {Where: "image.ownr"},
	} {
		if _, err := selection.Compile(sel); failure.Code(err) != failure.ExitUsage {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
