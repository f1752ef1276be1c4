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
