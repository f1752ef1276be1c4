package tag_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
)

func TestNewer(t *testing.T) {
	// The newest first.
	ordered := []string{
		"k3s-1.31.0-v4.4.0",
		"k3s-1.31.0-rc.10-v4.9.0",
		"k3s-1.31.0-rc.2.1-v4.9.0",
		"k3s-1.31.0-rc.2-v4.10.0",
		"k3s-1.31.0-rc.2-v4.9.0",
		"k3s-1.30.10-v4.10.0-demo",
		"k3s-1.30.10-v4.10.0-rc.10-demo",
		"k3s-1.30.10-v4.10.0-rc.2.10",
		"k3s-1.30.10-v4.10.0-rc.2.9",
		"k3s-1.30.10-v4.10.0-rc.2",
		"k3s-1.30.10-v4.10.0-beta.3",
		"k3s-1.30.10-v4.9.1",
		"k3s-1.30.10-v4.9.0-patch.10",
		"k3s-1.30.10-v4.9.0-patch.9-demo",
		"k3s-1.30.10-v4.9.0",
		"k3s-1.30.10-v4.9.0-rc.1",
		"k3s-1.30.9-v4.10.0",
		"v1.4.5",
		"v1.4.5-rc.1",
		"1.4",
		"latest",
	}
	checkNewer(t, tag.CanvOS(), ordered)
	tags := []tag.Tag{tag.CanvOS().Read("v1.4.5"), tag.CanvOS().Read("k3s-1.30.9-v4.10.0")}
	tag.UnrankOutside(tags)
	if tags[0].Version() != "" || tags[1].Version() != "1.30.9-4.10.0" || tag.Newer(tags[0], tags[1]) <= 0 {
		t.Errorf("beside the grammar: %+v", tags)
	}
}

// checkNewer sorts the tags, which are given from the newest on.
func checkNewer(t *testing.T, g tag.Grammar, ordered []string) {
	t.Helper()
	tags := make([]tag.Tag, len(ordered))
	for i, name := range ordered {
		tags[i] = g.Read(name)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	slices.SortFunc(tags, tag.Newer)
	got := make([]string, len(tags))
	for i, one := range tags {
		got[i] = one.Name
	}
	if diff := cmp.Diff(ordered, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewerOfOwnGrammars(t *testing.T) {
	custom := compile(t, `(?P<version>v[^_]+)_(?P<kubernetesVersion>.+)`)
	checkNewer(t, custom, []string{
		"v3.4.2_v1.32.4-k3s1", "v3.4.2_v1.32.4-k0s.0", "v3.4.2_v1.32.3-k3s2", "v3.4.2_v1.32.3-k3s1",
		"v3.4.2_v1.32.3-rc1", "v3.4.2-rc1_v1.33.0", "v3.4.1-patch.2_v1.30.0", "v3.4.1_v1.33.0", "v3.4_v1.33.0",
	})
	// Every word after a dash is a pre-release, every number a revision.
	whole := compile(t, `(?P<version>.+)`)
	checkNewer(t, whole, []string{
		"1.4.1-nightly", "1.4.0-20250102-1", "1.4.0-20250102", "1.4.0-20250101-1530", "1.4.0-20250101-930", "1.4.0-20250101", "1.4.0.1", "1.4.0",
		"1.4.0-rc.10", "1.4.0-rc.2", "1.4.0-preview.2", "1.4.0-preview.1", "1.4.0-nightly-2025-01-10", "1.4.0-nightly-2025-01-9",
		"1.4.0-beta.3",
	})
	// All numbers are read, however many there are.
	checkNewer(t, whole, []string{
		"2.0.0.0.0.0.2", "2.0.0.0.0.0.1", "1.4.0-2025-01-17", "1.4.0-2025-01-15",
		"1.2.3.4.10", "1.2.3.4.9", "1.2.3.4-patch.2", "1.2.3.4-patch.1", "1.2.3.4", "1.2.3-rc.1.10", "1.2.3-rc.1.9",
	})
	// What follows one version does not move the next.
	checkNewer(t, custom, []string{
		"v3.4.2-20250102_v1.29.0", "v3.4.2-20250101-7_v1.29.0", "v3.4.2-20250101_v1.30.0", "v3.4.2-20250101_v1.29.0", "v3.4.2_v1.33.0",
		"v3.4.2-preview.2_v1.29.0", "v3.4.2-preview.1.9_v1.30.0", "v3.4.2-preview.1_v1.29.0-7", "v3.4.2-preview.1_v1.29.0",
	})
	// A part that is no version does not let the next one take its place.
	worded := compile(t, `(?P<version>v[^_]+|edge)_(?P<kubernetesVersion>.+)`)
	checkNewer(t, worded, []string{"v0.1_v1.29.0", "edge_v1.30.1", "edge_v1.29.0"})
}

// The hash of a commit says nothing of age: not its first letters, nor its first digits.
func TestCommitsHaveNoOrder(t *testing.T) {
	own := compile(t, `os-(?P<version>.+)`)
	for _, pair := range [][2]string{
		{"os-1.4.0-abc1234", "os-1.4.0-def9876"}, {"os-1.4.0-3fabc12", "os-1.4.0-9aaaa1f"}, {"os-1.4.0-g3fabc12", "os-1.4.0-g9aaaa1f"},
		{"os-1.4.0-3FABC12", "os-1.4.0"}, {"os-1.4.0-rc.1-abc1234", "os-1.4.0-rc.1-def9876"}, {"os-20250101-abc1234", "os-20250101-def9876"},
		{"os-1.4.0-20250101-abc1234", "os-1.4.0-20250101-def9876"}, {"os-1.4.0_da39a3ee5e6b4b0d3255bfef95601890afd80709", "os-1.4.0"},
	} {
		if a, b := own.Read(pair[0]), own.Read(pair[1]); !tag.SameRank(a, b) || a.Version() != b.Version() {
			t.Errorf("%s and %s: got versions %s and %s", pair[0], pair[1], a.Version(), b.Version())
		}
	}
	for _, pair := range [][2]string{
		{"os-1.4.0-12-g3fabc12", "os-1.4.0-9-g9aaaa1f"}, {"os-1.4.0-20250102", "os-1.4.0-20250101"}, {"os-1.4.0", "os-1.4.0-beta2"}, {"os-1.4.0-rc.2-abc1234", "os-1.4.0-rc.1-def9876"},
	} {
		if newer, older := own.Read(pair[0]), own.Read(pair[1]); tag.Newer(newer, older) >= 0 || tag.SameRank(newer, older) {
			t.Errorf("%s is not newer than %s", pair[0], pair[1])
		}
	}
}

// A release comes after its own pre-releases, in every grammar and whichever letter case,
// and what a word or a release of the system sets apart has no order.
func TestReleaseBesidePreRelease(t *testing.T) {
	own := compile(t, `(?P<version>[0-9.]+(?:-[A-Za-z]+(?:\.?\d+)?)?)_(?P<kubernetesVersion>[^_]+)`)
	kairos := compile(t, "kairos")
	system := compile(t, `(?P<osVersion>[\d.]+)_(?P<kubernetesVersion>[^_]+)`)
	const before, behind = "24.04-standard-amd64-generic-v3.7.2", "-k3s-v1.34.3-k3s1"
	for _, tc := range []struct {
		grammar   tag.Grammar
		ascending []string
	}{
		{own, []string{"1.4.0-beta_1.31.0", "1.4.0-rc_1.30.4", "1.4.0-RC.1_1.30.4", "1.4.0-rc.2_1.30.4", "1.4.0-rc10_1.30.4", "1.4.0_1.29.4", "1.4.0_1.30.4"}},
		{own, []string{"1.4.0-build9_1.30.4", "1.4.0-build10_1.30.4"}},
		{kairos, []string{before + "-beta1" + behind, before + "-rc1" + behind, before + "-RC2" + behind, before + behind, before + "-k3s-v1.34.3-k3s2"}},
		{kairos, []string{before + behind, "22.04-standard-amd64-generic-v3.7.3" + behind}},
		{tag.CanvOS(), []string{"k3s-1.30.4-v4.7.0-rc.2", "k3s-1.30.4-v4.7.0-RC10", "k3s-1.30.4-v4.7.0", "k3s-1.30.4-v4.7.0-patch.1"}},
	} {
		for i, a := range tc.ascending {
			for j, b := range tc.ascending {
				if x, y := tc.grammar.Read(a), tc.grammar.Read(b); x.Facts == nil || tag.Older(x, y) != (i < j) {
					t.Errorf("%s (%s) and %s (%s): wrong order", a, x.Version(), b, y.Version())
				}
			}
		}
	}
	for _, tc := range []struct {
		grammar tag.Grammar
		a, b    string
	}{
		{own, "1.4.0-lab_1.30.4", "1.4.0-prod_1.30.4"}, {own, "1.4.0-lab_1.30.4", "1.4.0_1.30.4"}, {own, "1.4.0-rcsite_1.30.4", "1.4.0_1.30.4"},
		{kairos, before + behind, "22.04-standard-amd64-generic-v3.7.2" + behind}, {kairos, "leap-15.5-standard-amd64-generic-v3.7.2", "leap-15.6-standard-amd64-generic-v3.7.2"},
		{kairos, before + behind, "22.04-standard-amd64-generic-v3.7.2-k3s-v1.34.3-k3s2"}, {system, "22.04_1.30.5", "24.04_1.30.4"},
	} {
		if x, y := tc.grammar.Read(tc.a), tc.grammar.Read(tc.b); tag.Older(x, y) || tag.Older(y, x) || tag.SameRank(x, y) {
			t.Errorf("%s (%s) and %s (%s) have an order", tc.a, x.Version(), tc.b, y.Version())
		}
	}
}

func TestVersion(t *testing.T) {
	for name, want := range map[string]string{
		"k3s-1.30.10-v4.10.0-rc.2-demo": "1.30.10-4.10.0-rc.2",
		"k3s-1.30.10-v4.10.0-build7":    "1.30.10-4.10.0",
		"k3s-1.30.4-v4.6.21-patch.7":    "1.30.4-4.6.21.7",
		"k3s-1.31.0-rc.1-v4.6.21":       "1.31.0-rc.1·4.6.21",
		"k3s-1.31.0-v4.6.21-rc.1.2":     "1.31.0-4.6.21-rc.1.2",
		"v1.4.5":                        "1.4.5",
		"latest":                        "",
	} {
		if got := tag.CanvOS().Read(name).Version(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestOfPreRelease(t *testing.T) {
	for name, want := range map[string]bool{
		"k3s-1.30.10-v4.10.0-rc.2-demo": true, "k3s-1.31.0-rc.1-v4.6.21": false, "k3s-1.30.4-v4.6.21-patch.7": false, "v1.4.5-rc.1": false,
	} {
		if tag.CanvOS().Read(name).OfPreRelease() != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}

func TestLine(t *testing.T) {
	read := func(name string) tag.Line { return tag.CanvOS().Read(name).Line() }
	const one = "k3s-1.30.1-v4.4.0-demo-1"
	for _, same := range []string{"k3s-1.30.1-v4.5.0-demo-1", "k3s-v1.30.1-v4.5.0-demo-1", "k3s-1.30.1-v4.4.0-demo-1_linux_amd64"} {
		if read(one) != read(same) {
			t.Errorf("%s counts as another line", same)
		}
	}
	for _, other := range []string{"rke2-1.30.1-v4.4.0-demo-1", "k3s-1.30.2-v4.4.0-demo-1", "k3s-1.30.1-v4.4.0-prod-1", "k3s-1.30.1-v4.4.0-demo-2", "k3s-1.30.1-v4.4.0"} {
		if read(one) == read(other) {
			t.Errorf("%s counts as the same line", other)
		}
	}
	if read("v1.2.3") != read("v1.2.4") || read("v1.2.3") == read("v1.2.3-debug") || read("main-1") == read("main-2") {
		t.Error("only versions outside the grammar are editions of each other")
	}
	own := compile(t, `(?P<osName>\w+)-(?P<osVersion>\d+)-(?P<architecture>\w+)-(?P<version>.+)`)
	for _, other := range []string{"debian-12-amd64-v2", "ubuntu-22-amd64-v2", "ubuntu-12-arm64-v2"} {
		if own.Read("ubuntu-12-amd64-v1").Line() == own.Read(other).Line() {
			t.Errorf("%s counts as the same line", other)
		}
	}
}

// Custom tags are variants: none is newer by its numbers.
func TestCustomTagsHaveNoOrder(t *testing.T) {
	for _, pair := range [][2]string{
		{"k3s-1.30.1-v4.4.0-prod", "k3s-1.30.1-v4.4.0-lab-2204"},
		{"k3s-1.30.1-v4.4.0-build1", "k3s-1.30.1-v4.4.0-build11"},
		{"k3s-1.30.1-v4.4.0-demo", "k3s-1.30.1-v4.4.0-demo_linux_arm64"},
	} {
		a, b := tag.CanvOS().Read(pair[0]), tag.CanvOS().Read(pair[1])
		if !tag.SameRank(a, b) || a.Version() != b.Version() {
			t.Errorf("%s (%s) and %s (%s) have an order", a.Name, a.Version(), b.Name, b.Version())
		}
	}
}
