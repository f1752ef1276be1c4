package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// Sources learn which regions packs select, and where the image was found is told.
func TestVerifyOfAnIDWithoutARegion(t *testing.T) {
	found := ami("ami-1", "eu-west-1", "golden", 1)
	fake := &plugins{verified: map[string][]source.Verified{
		"golden": {{Presence: source.Found, Image: &found}}, "other": {{Presence: source.NotFound}},
	}}
	p := newPipeline(t, fake)
	got, err := p.Verify(t.Context(), []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: "aws"}}})
	if err != nil || got[0].Status != pipeline.StatusOK || got[0].Image.Region != "eu-west-1" {
		t.Errorf("%+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"eu-west-1", "us-east-1"}, fake.regions["golden"]); diff != "" {
		t.Errorf("regions (-want +got):\n%s", diff)
	}
}

// regional is plugins of which other says nothing for sure of an id without a region.
type regional struct {
	*plugins
	says source.Verified
}

func (r *regional) Verify(ctx context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	if request.Source != "other" {
		return r.plugins.Verify(ctx, request)
	}
	verified := make([]source.Verified, len(request.Refs))
	for i, ref := range request.Refs {
		verified[i] = source.Verified{Presence: source.NotFound, Reason: "not in us-east-1, the only region that was asked"}
		if ref.Region == "eu-west-1" {
			verified[i] = r.says
		}
	}
	return verified, nil, nil
}

// The region that a record tells of an id is one to ask the service for.
func TestVerifyOfAnIDWhoseRegionIsOnRecord(t *testing.T) {
	record, live := ami("ami-1", "eu-west-1", "golden", 1), ami("ami-1", "eu-west-1", "other", 1)
	live.Evidence = image.Asked
	for name, test := range map[string]struct {
		says source.Verified
		want pipeline.Status
	}{
		"there": {source.Verified{Presence: source.Found, Image: &live}, pipeline.StatusOK},
		"gone":  {source.Verified{Presence: source.NotFound, Evidence: image.Asked}, pipeline.StatusStale},
	} {
		fake := &regional{&plugins{verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &record, Evidence: image.Recorded}}}}, test.says}
		p := newPipeline(t, fake.plugins)
		p.Plugins = fake
		subjects := []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: "aws"}}}
		got, err := p.Verify(t.Context(), subjects)
		if err != nil || got[0].Status != test.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if subjects[0].Image.Region != "" {
			t.Errorf("%s: what was asked for became one in %s", name, subjects[0].Image.Region)
		}
	}
}

// A source of another provider, which need not have its credentials here, has nothing to
// say of an id; where no source is of the provider that an id looks like, all are asked.
func TestVerifyOfAnIDAsksItsProvider(t *testing.T) {
	recorded := ami("ami-1", "us-east-1", "golden", 1)
	for provider, test := range map[string]struct {
		status pipeline.Status
		fails  bool
	}{"aws": {pipeline.StatusOK, false}, "vsphere": {pipeline.StatusUnknown, true}, "": {pipeline.StatusUnknown, true}} {
		fake := &plugins{
			verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: &recorded}}},
			err:      map[string]error{"other": errors.New("no credentials")}, provider: map[string]string{"azure": "azure"},
		}
		p := newPipeline(t, fake)
		p.Document = parsed(t, strings.Replace(twoPacks, "{name: other, type: fake", "{name: other, type: azure", 1))
		got, err := p.Verify(t.Context(), []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: provider}}})
		if got[0].Status != test.status || (err != nil) != test.fails {
			t.Errorf("%q: got %s %q, %v", provider, got[0].Status, got[0].Reasons, err)
		}
		delete(fake.regions, "other")
		if _, err := p.Verify(t.Context(), []pipeline.Subject{{Source: "golden", Image: recorded}}); err != nil || fake.regions["other"] != nil {
			t.Errorf("of a picked image, a source of another provider is asked: %v", err)
		}
	}
}

// That the plugin of one source is missing keeps no other from being asked.
func TestVerifyOfAnIDBesideASourceWithoutAPlugin(t *testing.T) {
	live := ami("ami-1", "us-east-1", "golden", 1)
	live.Evidence = image.Asked
	recorded := ami("ami-1", "us-east-1", "golden", 1)
	for provider, tests := range map[string]map[*image.Image]pipeline.Status{
		"aws": {&live: pipeline.StatusOK, &recorded: pipeline.StatusUnknown}, "": {&live: pipeline.StatusOK, &recorded: pipeline.StatusUnknown},
	} {
		for img, want := range tests {
			fake := &plugins{
				verified: map[string][]source.Verified{"golden": {{Presence: source.Found, Image: img}}},
				find:     map[string]error{"azure": errors.New("no plugin")},
			}
			p := newPipeline(t, fake)
			p.Document = parsed(t, strings.Replace(twoPacks, "{name: other, type: fake", "{name: other, type: azure", 1))
			got, err := p.Verify(t.Context(), []pipeline.Subject{{Image: image.Image{ID: "ami-1", Provider: provider}}})
			if got[0].Status != want || (err != nil) != (want == pipeline.StatusUnknown) {
				t.Errorf("%q, %s: got %s %q, %v", provider, img.Evidence, got[0].Status, got[0].Reasons, err)
			}
		}
	}
}

// Sources are asked at the same time; what they say comes one at a time, in the
// order of the spec, no matter which answers first.
func TestVerifyReportsInTheOrderOfTheSpec(t *testing.T) {
	ready := ami("ami-1", "us-east-1", "", 1)
	failed := ready
	failed.State = image.Failed
	otherAsked := make(chan struct{})
	fake := &plugins{
		verified: map[string][]source.Verified{
			"golden": {{Presence: source.Found, Image: &ready}},
			"other":  {{Presence: source.Found, Image: &failed}},
		},
		err:   map[string]error{"golden": errors.New("golden broke"), "other": errors.New("and other broke")},
		says:  map[string]string{"golden": "golden says", "other": "other says"},
		after: map[string]chan struct{}{"golden": otherAsked},
		asked: map[string]chan struct{}{"other": otherAsked},
	}
	p := newPipeline(t, fake)
	var said []string
	p.Report = func(d source.Diagnostic) { said = append(said, d.Summary) }
	got, err := p.Verify(t.Context(), []pipeline.Subject{{Image: ready}})
	if diff := cmp.Diff([]string{"golden says", "other says"}, said); diff != "" {
		t.Error(diff)
	}
	if got[0].Status != pipeline.StatusStale {
		t.Errorf("what speaks against an image does not count: %+v", got[0])
	}
	if err == nil || strings.Index(err.Error(), "golden broke") > strings.Index(err.Error(), "and other broke") {
		t.Errorf("failures are not in the order of the spec: %v", err)
	}
}
