package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// A lock may hold an image that the template does not lead to: earlier versions wrote
// such.
func TestVerifyWhatATemplateDoesNotLeadTo(t *testing.T) {
	const text = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: fake, config: {}}]
packs:
  - {name: p, pack: edge-native-byoi, edge: {kubernetesVersions: [1.30.1, 1.31.0]}, values: {peVersion: AGENT}}
`
	for agent, want := range map[string]struct {
		subjects int
		status   pipeline.Status
		reason   string
	}{
		"v4.8.0": {2, pipeline.StatusOK, ""},
		"v4.7.0": {1, pipeline.StatusStale, "the template leads to ttl.sh/os:k3s-1.31.0-v4.7.0, and not to it"},
	} {
		p := newPipeline(t, nil)
		p.Document = parsed(t, strings.ReplaceAll(text, "AGENT", agent))
		locked := tagOf("k3s", "1.31.0", "v4.8.0", "")
		locked.Source = "edge"
		subjects, err := p.LockedSubjects(packs(t, p)[0], locked)
		if err != nil || len(subjects) != want.subjects {
			t.Fatalf("%s: %v, %+v", agent, err, subjects)
		}
		other := tagOf("k3s", "1.30.1", "v4.8.0", "")
		p.Plugins = asked{&registry{tags: []image.Image{locked, other}, whole: true}}
		verified, err := p.Verify(t.Context(), subjects)
		if err != nil {
			t.Fatal(err)
		}
		if v := verified[0]; v.Status != want.status || strings.Join(v.Reasons, "; ") != want.reason {
			t.Errorf("%s: %s %q", agent, v.Status, v.Reasons)
		}
	}
}

// asked is a registry that can be asked for images.
type asked struct{ *registry }

func (r asked) Verify(_ context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	verified := make([]source.Verified, len(request.Refs))
	for i, ref := range request.Refs {
		verified[i] = source.Verified{Presence: source.NotFound, Evidence: image.Asked}
		for _, tag := range r.tags {
			if tag.ID == ref.ID {
				tag.Source = request.Source
				verified[i] = source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &tag}
			}
		}
	}
	return verified, nil, nil
}
