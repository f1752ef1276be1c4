package selection_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestDecideAgreesWithExplain: leaving out why images were dropped changes
// nothing else.
func TestDecideAgreesWithExplain(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	regions := []string{"us-east-1", "westus2", "West US 2", image.GlobalRegion, ""}
	for round := range 50 {
		images := make([]image.Image, random.IntN(12))
		for i := range images {
			created := now.AddDate(0, 0, -random.IntN(5))
			images[i] = image.Image{
				ID: fmt.Sprintf("id-%d", random.IntN(8)), Provider: []string{"aws", "azure", "gcp"}[random.IntN(3)],
				Region: regions[random.IntN(len(regions))], CreatedAt: &created, State: image.Available, Source: "s",
			}
		}
		pool := selection.Prepare(images)
		for _, region := range []string{"", "us-east-1", "westus2", "WEST US 2", image.GlobalRegion} {
			for _, pick := range []spec.Pick{spec.PickNewest, spec.PickExactlyOne} {
				rule, err := selection.Compile(spec.Select{Region: region, Pick: pick})
				if err != nil {
					t.Fatal(err)
				}
				whole, short := rule.Explain(pool, now), rule.Decide(pool, now)
				whole.Ranked, whole.Dropped = nil, nil
				if diff := cmp.Diff(whole, short, cmpopts.IgnoreUnexported(selection.Outcome{}), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("round %d, region %q, %s:\n%s", round, region, pick, diff)
				}
			}
		}
	}
}

// TestPacksShareAPool: what one pack asks of a pool decides nothing for another one.
func TestPacksShareAPool(t *testing.T) {
	agent := func(version string) func(*image.Image) {
		return func(i *image.Image) {
			i.Provider, i.Attributes = "oci", map[string]string{image.AttributePEVersion: version}
		}
	}
	pool := func() *selection.Pool {
		return selection.Prepare([]image.Image{
			ami("noble", system("ubuntu", "24.04")), ami("jammy", system("ubuntu", "22.04"), created(2)), ami("other", system("other", "2404"), created(3)),
			ami("r/os:4.8.0-rc.1", agent("v4.8.0-rc.1"), created(4)), ami("r/os:4.7.0", agent("v4.7.0"), created(5)),
			ami("west", region("us-west-2"), architecture("arm64"), kubernetes("1.31.0"), tagged("a"), named("plain"), created(6)),
		})
	}
	packs := map[string]spec.Select{
		"all": {}, "a release": {OS: spec.OS{Version: "2404"}}, "one of ubuntu": {OS: spec.OS{Name: "ubuntu", Version: "2404"}}, "ubuntu": {OS: spec.OS{Name: "ubuntu"}},
		"a registry": {Provider: "oci"}, "a pre-release": {Provider: "oci", Where: `image.attributes.peVersion == "v4.8.0-rc.1"`}, "another pre-release": {Provider: "oci", Where: `image.id != "v1.0.0-beta"`},
		"a region": {Region: "us-west-2"}, "another region": {Region: "us-east-1"}, "an architecture": {Architecture: "arm64"}, "a name": {Name: "plain"}, "another name": {Name: "gold*"},
		"a version": {KubernetesVersion: "~1.31"}, "another version": {KubernetesVersion: "~1.30"}, "a tag": {Tags: map[string]string{"role": "a"}}, "another tag": {Tags: map[string]string{"role": "b"}},
	}
	for name, sel := range packs {
		rule, err := selection.Compile(sel)
		if err != nil {
			t.Fatal(err)
		}
		want := ids(rule.Explain(pool(), now()).Ranked)
		for first, other := range packs {
			before, err := selection.Compile(other)
			if err != nil {
				t.Fatal(err)
			}
			shared := pool()
			before.Explain(shared, now())
			if got := ids(rule.Explain(shared, now()).Ranked); got != want {
				t.Errorf("%s: got %s behind %s, and %s alone", name, got, first, want)
			}
		}
	}
}

// BenchmarkManyPacks is a pack's share of thousands over one pool.
func BenchmarkManyPacks(b *testing.B) {
	images := make([]image.Image, 20_000)
	for i := range images {
		created := now().Add(-time.Duration(i) * time.Minute)
		images[i] = ami(fmt.Sprintf("ami-%05d", i), run(fmt.Sprint(i)), func(img *image.Image) { img.CreatedAt = &created })
	}
	pool := selection.Prepare(images)
	for name, sel := range map[string]spec.Select{
		"all fit": {Region: "us-east-1", Name: "gold*"}, "none fits": {Region: "us-east-0"}, "any region": {Provider: "aws"},
	} {
		rule, err := selection.Compile(sel)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rule.Decide(pool, now())
			}
		})
	}
}
