package pipeline_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestFailingSource(t *testing.T) {
	broken := &failure.Error{Code: failure.ExitSource, Summary: "source golden: access denied"}
	fake := &plugins{results: map[string]source.Result{
		"golden": {Err: broken, Images: []image.Image{ami("ami-1", "us-east-1", "golden", 1)}},
		"other":  {Images: []image.Image{ami("ami-2", "us-east-1", "other", 1)}},
	}}
	p := newPipeline(t, fake)
	if _, _, err := p.Discover(t.Context(), nil); failure.Code(err) != failure.ExitSource {
		t.Errorf("got %v", err)
	}
	var told error
	p.AllowPartial, p.Failed = true, func(err error) { told = err }
	images, _, err := p.Discover(t.Context(), nil)
	if err != nil || len(images) != 2 || !errors.Is(told, broken) {
		t.Errorf("got %d images, %v, told %v", len(images), err, told)
	}
}

// A source that failed costs its own packs: one without an image fails as its
// source did, one with an image is told of, and others hear nothing.
func TestPacksOfAFailingSource(t *testing.T) {
	fake := withImages()
	eu := fake.results["golden"].Images[2]
	eu.Evidence = image.Asked
	for i := range fake.results["other"].Images {
		fake.results["other"].Images[i].Evidence = image.Asked
	}
	missing := &failure.Error{Code: failure.ExitSource, Summary: "no plugin"}
	denied := &failure.Error{Code: failure.ExitSource, Summary: "source golden: access denied"}
	for name, test := range map[string]struct {
		golden source.Result
		find   error
		want   map[string]string
	}{
		"in part": {golden: source.Result{Err: denied, Images: []image.Image{eu}}, want: map[string]string{
			"aws-us-east-1": "4 pack aws-us-east-1 has no image: its source golden failed (1 other)",
			"aws-eu-west-1": "its source golden failed, so an image that ranks above this one may be there",
			"single":        "",
		}},
		"wholly": {golden: source.Result{Err: denied}, want: map[string]string{
			"aws-us-east-1": "4 pack aws-us-east-1 has no image: its source golden failed",
			"aws-eu-west-1": "4 pack aws-eu-west-1 has no image: its source golden failed",
			"single":        "",
		}},
		"without a plugin": {find: missing, want: map[string]string{
			"aws-us-east-1": "4 pack aws-us-east-1 has no image: its source golden failed",
			"aws-eu-west-1": "4 pack aws-eu-west-1 has no image: its source golden failed",
			"single":        "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			fake.results["golden"], fake.find = test.golden, map[string]error{"missing": test.find}
			p := newPipeline(t, fake)
			if test.find != nil {
				document, err := spec.Parse("byoos.yaml", []byte(strings.Replace(twoPacks, "type: fake", "type: missing", 1)), "/specs")
				if err != nil {
					t.Fatal(err)
				}
				p.Document = document
			}
			if _, _, err := p.Picks(t.Context(), packs(t, p)); failure.Code(err) != failure.ExitSource {
				t.Errorf("without AllowPartial: got %v", err)
			}
			p.AllowPartial = true
			picks, _, err := p.Picks(t.Context(), packs(t, p))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, endsOf(picks)); diff != "" {
				t.Error(diff)
			}
			heard, failed := pipeline.Heard(picks)
			if len(heard) == 0 || failure.Code(failed) != failure.ExitSource {
				t.Errorf("goes on with %d picks and fails with %v", len(heard), failed)
			}
		})
	}
}

// endsOf is how each pack ends: what is told of its pick, or why it has none.
func endsOf(picks []pipeline.Pick) map[string]string {
	got := map[string]string{}
	for _, pick := range picks {
		got[pick.Pack.Name] = strings.Join(pick.Notes(), "; ")
		var f *failure.Error
		if errors.As(pick.Err, &f) {
			got[pick.Pack.Name] = fmt.Sprintf("%d %s", f.Code, f)
		}
		if f != nil && len(f.Details) > 0 {
			got[pick.Pack.Name] += fmt.Sprintf(" (%d other)", len(f.Details))
		}
	}
	return got
}
