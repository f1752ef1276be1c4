package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

const statesSpec = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: cloud, type: fake}, {name: unused, type: fake}]
packs: [{name: p, pack: generic-byoi, sources: [cloud]}]
`

// An image whose state its source did not tell, and cannot tell when it is asked, gives way
// to one that is usable, in whatever words it says so; where there is none it is the pick,
// unless another source knows that it is not usable, as verification would hear.
func TestPickWhoseStateCannotBeTold(t *testing.T) {
	newest, older := ami("ami-2", "us-east-1", "cloud", 2), ami("ami-1", "us-east-1", "cloud", 1)
	newest.State, newest.StateReason, newest.Evidence, older.Evidence = image.StateUnset, "was not asked for", image.Asked, image.Asked
	found := func(state image.State, reason string) source.Verified {
		img := newest
		img.State, img.StateReason = state, reason
		return source.Verified{Presence: source.Found, Image: &img, Evidence: image.Asked}
	}
	denied := source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked}
	for name, test := range map[string]struct {
		cloud, unused source.Verified
		fails         error
		beside, alone string // with the older one, and without
		note          string
	}{
		"ready":           {found(image.Available, ""), denied, nil, "ami-2", "ami-2", ""},
		"not ready":       {found(image.Pending, "is replicated"), denied, nil, "ami-1", "", ""},
		"in other words":  {found(image.StateUnset, "no word"), denied, nil, "ami-1", "ami-2", "not known: no word"},
		"in equal words":  {found(image.StateUnset, "was not asked for"), denied, nil, "ami-1", "ami-2", "not known: was not asked for"},
		"in no words":     {found(image.StateUnset, ""), denied, nil, "ami-1", "ami-2", "not known: was not asked for"},
		"a refusal":       {denied, denied, nil, "ami-1", "ami-2", "not known: access denied"},
		"no answer":       {source.Verified{Presence: source.Unknown, Reason: "a new API"}, denied, nil, "ami-1", "ami-2", "not known: a new API"},
		"somewhere":       {source.Verified{Presence: source.NotFound, Reason: "not in this group"}, denied, nil, "ami-1", "ami-2", "not known: not in this group"},
		"cannot be asked": {denied, denied, errors.New("throttled"), "ami-2", "ami-2", "not known: was not asked for"},
		"another knows":   {denied, found(image.Pending, "is replicated"), nil, "ami-1", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for want, images := range map[string][]image.Image{"alone " + test.alone: {newest}, "beside " + test.beside: {newest, older}} {
				p := newPipeline(t, &plugins{
					results:  map[string]source.Result{"cloud": {Images: images}},
					verified: map[string][]source.Verified{"cloud": {test.cloud}, "unused": {test.unused}}, err: map[string]error{"cloud": test.fails},
				})
				p.Document, p.AskUnused, p.AllowPartial = parsed(t, statesSpec), true, true
				picks, _, err := p.Picks(t.Context(), packs(t, p))
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Fields(want)[0] + " " + idOf(picks[0].Image); got != want {
					t.Errorf("got %q, want %q: %v", got, want, picks[0].Err)
				}
				if notes := strings.Join(picks[0].Notes(), "\n"); idOf(picks[0].Image) == "ami-2" && !strings.Contains(notes, test.note) {
					t.Errorf("notes %q lack %q", notes, test.note)
				}
			}
		})
	}
}

// counted counts what is asked for.
type counted struct {
	*plugins
	mu    sync.Mutex
	asked map[string]int
}

func (c *counted) Verify(ctx context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	c.mu.Lock()
	for _, ref := range request.Refs {
		c.asked[request.Source+" "+ref.ID]++
	}
	c.mu.Unlock()
	return c.plugins.Verify(ctx, request)
}

// What is on record is asked for once, also when one that is gone lets all be asked for, and
// where services cannot tell the state.
func TestRecordsAreAskedForOnce(t *testing.T) {
	var records []image.Image
	byID := map[string]source.Verified{}
	for day := 1; day < 5; day++ {
		img := ami(fmt.Sprintf("ami-%d", day), "us-east-1", "cloud", day)
		img.Evidence = image.Recorded
		records = append(records, img)
		img.State, img.StateReason, img.Evidence = image.StateUnset, "no word", image.Asked
		byID[img.ID] = source.Verified{Presence: source.Found, Image: &img}
	}
	byID["ami-4"] = source.Verified{Presence: source.NotFound, Reason: "gone", Evidence: image.Asked}
	c := &counted{plugins: &plugins{results: map[string]source.Result{"cloud": {Images: records}}, byID: byID}, asked: map[string]int{}}
	p := newPipeline(t, c.plugins)
	p.Plugins, p.Document, p.AskUnused = c, parsed(t, statesSpec), true
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil || idOf(picks[0].Image) != "ami-3" {
		t.Fatal(err, idOf(picks[0].Image))
	}
	want := map[string]int{"unused ami-1": 1, "unused ami-2": 1, "unused ami-3": 1, "unused ami-4": 1}
	if diff := cmp.Diff(want, c.asked); diff != "" {
		t.Error(diff)
	}
}

// Where a service tells the state of none of many images, the newest is the pick, after
// some of them were asked for.
func TestNoStateOfManyImagesIsTold(t *testing.T) {
	var images []image.Image
	byID := map[string]source.Verified{}
	for day := 1; day <= 28; day++ {
		img := ami(fmt.Sprintf("ami-%d", day), "us-east-1", "cloud", day)
		img.State, img.StateReason, img.Evidence = image.StateUnset, "was not asked for", image.Asked
		images = append(images, img)
		byID[img.ID] = source.Verified{Presence: source.Unknown, Reason: "access denied", Evidence: image.Asked}
	}
	c := &counted{plugins: &plugins{results: map[string]source.Result{"cloud": {Images: images}}, byID: byID}, asked: map[string]int{}}
	p := newPipeline(t, c.plugins)
	p.Plugins, p.Document = c, parsed(t, statesSpec)
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil || idOf(picks[0].Image) != "ami-28" || len(c.asked) != 25 {
		t.Fatal(err, idOf(picks[0].Image), picks[0].Err, len(c.asked))
	}
}
