package verify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
)

// Images without a region are asked for in each region that is named; those that have one,
// or have none by their kind, as they are.
func TestPlaced(t *testing.T) {
	of := func(provider, id, region string) pipeline.Subject {
		return pipeline.Subject{Image: image.Image{Provider: provider, ID: id, Region: region}}
	}
	subjects := []pipeline.Subject{of("oci", "r.example/x:1", ""), of("aws", "ami-1", ""), of("aws", "ami-2", "eu-west-1"), of("aws", "ami-3", "")}
	for regions, want := range map[string]string{
		"":    "r.example/x:1@ ami-1@ ami-2@eu-west-1 ami-3@ [0 1 2 3]",
		"a":   "r.example/x:1@a ami-1@a ami-2@eu-west-1 ami-3@a [0 1 2 3]",
		"a b": "r.example/x:1@ ami-1@a ami-1@b ami-2@eu-west-1 ami-3@a ami-3@b [0 1 1 2 3 3]",
	} {
		in, of := placed(subjects, strings.Fields(regions))
		var got []string
		for _, s := range in {
			got = append(got, s.Image.ID+"@"+s.Image.Region)
		}
		if got := strings.Join(got, " ") + fmt.Sprint(" ", of); got != want {
			t.Errorf("%q: got %s, want %s", regions, got, want)
		}
	}
}

// An id that is good in one of its regions is good there, with what the others say; one
// that is good in none is told for each.
func TestJoined(t *testing.T) {
	v := func(id, region string, status pipeline.Status, reasons ...string) pipeline.Verification {
		return pipeline.Verification{
			Subject: pipeline.Subject{Image: image.Image{ID: id, Region: region}}, Status: status, Reasons: reasons,
		}
	}
	got := joined([]pipeline.Verification{
		v("ami-1", "a", pipeline.StatusStale, "not in a"), v("ami-1", "b", pipeline.StatusOK),
		v("ami-2", "a", pipeline.StatusStale, "gone"), v("ami-2", "b", pipeline.StatusUnknown, "not asked"),
		v("ami-3", "a", pipeline.StatusOK),
	}, []int{0, 0, 1, 1, 2})
	var rows []string
	for _, v := range got {
		rows = append(rows, fmt.Sprint(v.Image.ID, "@", v.Image.Region, " ", v.Status))
	}
	want := []string{"ami-1@b ok", "ami-2@a stale", "ami-2@b unknown", "ami-3@a ok"}
	if !slices.Equal(rows, want) {
		t.Errorf("got %q, want %q", rows, want)
	}
	if said := fmt.Sprint(got[0]); !strings.Contains(said, "not in a") {
		t.Errorf("what the other region says is lost: %s", said)
	}
}
