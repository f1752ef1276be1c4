package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// registry is a source that lists tags by their names, and tells the rest of those that
// it is asked for.
type registry struct {
	tags []image.Image
	// whole says that it reads all of them at once.
	whole bool
	// dumb says that it does not know ids.
	dumb bool
	// first are how many it reads unasked.
	first int
	asked [][]string
	// lists and reads are what it says of a tag by its name, and once it is read; by
	// default the rest of what there is.
	lists, reads func(image.Image) image.Image
}

func (r *registry) Find(context.Context, string) (*source.Plugin, error) {
	description := &sourcev1.Description{Providers: []string{"oci"}, ConfigSchema: `{"type":"object"}`}
	if !r.dumb {
		description.Capabilities = []sourcev1.Capability{sourcev1.Capability_CAPABILITY_READ}
	}
	return &source.Plugin{Type: "fake", Description: description}, nil
}

func (r *registry) Discover(_ context.Context, requests []source.Request, _ func(source.Event)) []source.Result {
	results := make([]source.Result, len(requests))
	for i, request := range requests {
		results[i] = r.discover(request)
	}
	return results
}

// Verify is not what it can do.
func (r *registry) Verify(context.Context, source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	return nil, nil, errors.New("it verifies nothing")
}

func (r *registry) discover(request source.Request) source.Result {
	result := source.Result{Source: request.Source, Plugin: request.Plugin}
	if request.IDs != nil {
		r.asked = append(r.asked, request.IDs)
	}
	lists, reads := r.lists, r.reads
	if lists == nil {
		lists, reads = nameOf, func(tag image.Image) image.Image { return tag }
	}
	seen, first := map[string]bool{}, map[string]bool{}
	for _, tag := range r.tags[:min(r.first, len(r.tags))] {
		first[tag.ID] = true
	}
	for _, tag := range r.tags {
		wanted := slices.Contains(request.IDs, tag.ID)
		switch {
		case r.whole || wanted || request.IDs == nil && first[tag.ID]:
			tag = reads(tag)
		case request.IDs != nil || seen[tag.ID]:
			continue
		default:
			tag = lists(tag)
		}
		tag.Source = request.Source
		seen[tag.ID] = true
		result.Images = append(result.Images, tag)
	}
	return result
}

// registries are sources by their types, which a spec's names stand for.
type registries map[string]*registry

func (r registries) Find(ctx context.Context, typ string) (*source.Plugin, error) {
	plugin, err := r[typ].Find(ctx, typ)
	plugin.Type = typ
	return plugin, err
}

func (r registries) Discover(_ context.Context, requests []source.Request, _ func(source.Event)) []source.Result {
	results := make([]source.Result, len(requests))
	for i, request := range requests {
		results[i] = r[request.Plugin.Type].discover(request)
	}
	return results
}

// Verify is not what they can do.
func (r registries) Verify(context.Context, source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	return nil, nil, errors.New("they verify nothing")
}

// nameOf is what a list says of a tag.
func nameOf(tag image.Image) image.Image {
	tag.Digest, tag.Architecture, tag.State, tag.StateReason, tag.OS, tag.Tags, tag.CreatedAt = "", "", "", "", image.OS{}, nil, nil
	return tag
}

// tagOf returns a tag of CanvOS.
func tagOf(distribution, kubernetes, agent, custom string) image.Image {
	name := strings.TrimSuffix(distribution+"-"+kubernetes+"-"+agent+"-"+custom, "-")
	img := image.Image{
		ID: "ttl.sh/os:" + name, Provider: "oci", Name: name, Region: image.GlobalRegion, Version: kubernetes + "-" + strings.TrimPrefix(agent, "v"), NewestBy: image.NewestByVersion,
		KubernetesVersion: kubernetes, Architecture: "amd64", State: image.Available, OS: image.OS{Name: "ubuntu", Version: "22.04"}, Evidence: image.Asked,
		Digest: "sha256:" + fmt.Sprintf("%064x", len(name)),
		Attributes: map[string]string{
			"registry": "ttl.sh", "repository": "os", "tag": name, image.AttributeK8sDistribution: distribution, image.AttributePEVersion: agent,
		},
	}
	if custom != "" {
		img.Attributes[image.AttributeCustomTag] = custom
	}
	return img
}

const registrySpec = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: fake, config: {}}]
packs:
  - {name: p, pack: edge-native-byoi, select: SELECT, edge: EDGE}
`

func pickOf(t *testing.T, r pipeline.Plugins, text string) (pipeline.Pick, error) {
	t.Helper()
	p := newPipeline(t, nil)
	p.Plugins, p.Document = r, parsed(t, text)
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil {
		return pipeline.Pick{}, err
	}
	return picks[0], nil
}

func ended(pick pipeline.Pick) string {
	if pick.Image == nil {
		return string(pick.Outcome.Verdict)
	}
	return string(pick.Outcome.Verdict) + " " + pick.Image.ID + " " + pick.Image.Digest + " " + pick.Image.Architecture
}

// A tag that was not read is no choice beside others before it is known what it holds, and
// one that comes first may end a doubt about those after it.
func TestDoubtThatReadingEnds(t *testing.T) {
	with := func(tag image.Image, change func(*image.Image)) image.Image {
		change(&tag)
		return tag
	}
	gone := func(i *image.Image) { *i = nameOf(*i); i.State = image.Gone }
	chart := func(i *image.Image) { i.State, i.Architecture = image.Unusable, "" }
	arm := func(i *image.Image) { i.Architecture = "arm64" }
	top := tagOf("k3s", "1.30.1", "v4.7.0", "prod")
	newest, old, older := tagOf("k3s", "1.31.0", "v4.7.0", ""), tagOf("k3s", "1.30.1", "v4.7.0", ""), tagOf("k3s", "1.29.1", "v4.7.0", "")
	for name, tc := range map[string]struct {
		sel, edge string
		first     int
		tags      []image.Image
		want      image.Image
	}{
		"a variant that is gone":       {"{}", "{reference: tag}", 1, []image.Image{top, with(tagOf("k3s", "1.30.0", "v4.7.0", "lab"), gone)}, top},
		"a template's that is a chart": {"{}", "{}", 1, []image.Image{top, with(tagOf("rke2", "1.30.0", "v4.7.0", "prod"), chart)}, top},
		"the only one":                 {"{pick: exactlyOne}", "{reference: tag}", 1, []image.Image{top, with(tagOf("k3s", "1.30.0", "v4.7.0", "prod"), gone)}, top},
		"a newer one for all architectures": {
			"{}", "{reference: tag}", 2, []image.Image{with(old, arm), older, newest, with(newest, arm)}, newest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.NewReplacer("SELECT", tc.sel, "EDGE", tc.edge).Replace(registrySpec)
			all, err := pickOf(t, &registry{whole: true, tags: tc.tags}, text)
			if err != nil || all.Image == nil || all.Image.ID != tc.want.ID {
				t.Fatal(err, all.Err)
			}
			pick, err := pickOf(t, &registry{first: tc.first, tags: tc.tags}, text)
			if err != nil || pick.Image == nil || pick.Image.ID != tc.want.ID {
				t.Error(err, pick.Err)
			}
		})
	}
}

// The newest are read first, a few at a time, and no more than it takes.
func TestReadingTheNewestFirst(t *testing.T) {
	r := &registry{}
	for minor := range 30 {
		tag := tagOf("k3s", fmt.Sprintf("1.%d.0", minor), "v4.7.0", "")
		if minor != 17 {
			tag.Architecture = "arm64"
		}
		r.tags = append(r.tags, tag)
	}
	pick, err := pickOf(t, r, strings.NewReplacer("SELECT", "{architecture: amd64}", "EDGE", "{reference: tag}").Replace(registrySpec))
	if err != nil || pick.Err != nil || pick.Image.KubernetesVersion != "1.17.0" {
		t.Fatal(err, pick.Err)
	}
	var counts []int
	for _, ids := range r.asked {
		counts = append(counts, len(ids))
	}
	if !slices.Equal(counts, []int{8, 8}) || r.asked[0][0] != "ttl.sh/os:k3s-1.29.0-v4.7.0" {
		t.Errorf("asked for %q", r.asked)
	}
	if notes := strings.Join(pick.Notes(), "\n"); strings.Contains(notes, "did not read") {
		t.Errorf("notes %s", notes)
	}
}

// Where more come first than are read for one pack there is no pick, and it is said why.
func TestReadingHasAnEnd(t *testing.T) {
	r := &registry{}
	for minor := range 400 {
		r.tags = append(r.tags, tagOf("k3s", fmt.Sprintf("1.%d.0", minor), "v4.7.0", ""))
	}
	r.tags[0].Tags = map[string]string{"team": "edge"}
	pick, err := pickOf(t, r, strings.NewReplacer("SELECT", "{tags: {team: edge}}", "EDGE", "{reference: tag}").Replace(registrySpec))
	if err != nil || failure.Code(pick.Err) != failure.ExitNoImage {
		t.Fatal(err, pick.Err)
	}
	if !strings.Contains(pick.Err.Error(), "250 images that come first were read, and none of them fits") {
		t.Error(pick.Err)
	}
	read := 0
	for _, ids := range r.asked {
		read += len(ids)
	}
	if read != 250 {
		t.Errorf("%d were read", read)
	}
}

// A source that reads nothing more has its tags told, as before.
func TestSourceThatDoesNotRead(t *testing.T) {
	old := tagOf("k3s", "1.29.0", "v4.7.0", "")
	r := &registry{dumb: true, first: 1, tags: []image.Image{old, tagOf("k3s", "1.30.0", "v4.7.0", "")}}
	pick, err := pickOf(t, r, strings.NewReplacer("SELECT", "{architecture: amd64}", "EDGE", "{reference: tag}").Replace(registrySpec))
	if err != nil || pick.Err != nil || len(r.asked) > 0 {
		t.Fatal(err, pick.Err, r.asked)
	}
	if notes := strings.Join(pick.Notes(), "\n"); !strings.Contains(notes, "1 tags that the source did not read would come before the pick") {
		t.Errorf("notes %s", notes)
	}
}

// A tag of a single platform beside one that is read may be of a source that reads nothing:
// that is asked for nothing.
func TestReadingBesideASourceThatDoesNotRead(t *testing.T) {
	index, beside := tagOf("k3s", "1.30.1", "v4.7.0", "prod"), tagOf("k3s", "1.30.1", "v4.7.0", "prod_linux_amd64")
	reads, dumb := &registry{tags: []image.Image{index}}, &registry{dumb: true, tags: []image.Image{beside}}
	text := strings.NewReplacer("{name: edge, type: fake, config: {}}", "{name: a, type: reads, config: {}}, {name: b, type: dumb, config: {}}",
		"SELECT", "{architecture: amd64, tags: {}}", "EDGE", "{reference: tag}").Replace(registrySpec)
	pick, err := pickOf(t, registries{"reads": reads, "dumb": dumb}, text)
	if err != nil || pick.Image == nil || pick.Image.ID != index.ID || len(reads.asked) != 1 || len(dumb.asked) > 0 {
		t.Errorf("%v, %v: asked for %q and %q", err, pick.Err, reads.asked, dumb.asked)
	}
}

// What one source read of a tag is not what another one would: both are asked, and what
// they are called decides nothing.
func TestReadingOfTwoSources(t *testing.T) {
	newest, wanted, old := tagOf("k3s", "1.30.1", "v4.7.0", ""), tagOf("k3s", "1.30.1", "v4.6.0", ""), tagOf("k3s", "1.29.1", "v4.6.0", "")
	newest.OS = image.OS{Name: "rhel", Version: "9"}
	blind := func(tag image.Image) image.Image {
		tag.OS = image.OS{}
		return tag
	}
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		for first, whole := range []bool{false, true} {
			tags := []image.Image{newest, wanted, old}
			one, other := &registry{tags: tags, first: 2 * first, lists: nameOf, reads: blind, whole: whole}, &registry{tags: tags}
			text := strings.NewReplacer("{name: edge, type: fake, config: {}}", fmt.Sprintf("{name: %s, type: one, config: {}}, {name: %s, type: other, config: {}}", names[0], names[1]),
				"SELECT", "{architecture: amd64, os: {name: ubuntu}}", "EDGE", "{reference: tag}").Replace(registrySpec)
			pick, err := pickOf(t, registries{"one": one, "other": other}, text)
			if err != nil || pick.Image == nil || pick.Image.ID != wanted.ID || len(pick.Notes()) > 0 {
				t.Errorf("%q, %v: %v, %v: %q", names, whole, err, pick.Err, pick.Notes())
			}
		}
	}
}

// A source that fails when it is asked for more fails the command, or is told.
func TestReadingFails(t *testing.T) {
	broken := &failure.Error{Code: failure.ExitSource, Summary: "source edge (fake): the registry refused"}
	r := &failsLater{registry{tags: []image.Image{tagOf("k3s", "1.30.0", "v4.7.0", "")}}, broken}
	text := strings.NewReplacer("SELECT", "{architecture: amd64}", "EDGE", "{reference: tag}").Replace(registrySpec)
	p := newPipeline(t, nil)
	p.Plugins, p.Document = r, parsed(t, text)
	if _, _, err := p.Picks(t.Context(), packs(t, p)); failure.Code(err) != failure.ExitSource {
		t.Errorf("got %v", err)
	}
	var told error
	p.AllowPartial, p.Failed = true, func(err error) { told = err }
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil || told == nil || picks[0].Image != nil || failure.Code(picks[0].Err) != failure.ExitSource {
		t.Errorf("%v, told %v: %v, %v", err, told, picks[0].Image, picks[0].Err)
	}
}

type failsLater struct {
	registry
	err error
}

func (f *failsLater) Discover(ctx context.Context, requests []source.Request, progress func(source.Event)) []source.Result {
	results := f.registry.Discover(ctx, requests, progress)
	if requests[0].IDs != nil {
		results[0].Images, results[0].Err = nil, f.err
	}
	return results
}
