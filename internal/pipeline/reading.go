package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

const (
	// firstRead is how many images a pack has read at first; then twice as many.
	firstRead = 8
	// maxRead bounds the images that are read for one pack: each takes requests.
	maxRead = 250
)

// readID is an image of a source.
type readID struct{ source, id string }

// canAsk tells whether the source of an image that was listed by name alone can be asked
// for the rest.
func (h *hearing) canAsk(img *image.Image) bool {
	_, able := h.able[img.Source]
	return able && !h.asked[readID{img.Source, img.ID}]
}

// wanted is what a pack wants read next, of how many images that is, and whether there are
// more than it may have. All sources that can tell of an image are asked: what each tells
// may change the pick, and none is better for its name.
func (h *hearing) wanted(index int, pick Pick) (next []*image.Image, count int, tooMany bool) {
	left := min(max(firstRead, h.counts[index]), max(0, maxRead-h.counts[index]))
	for _, unread := range pick.Outcome.Unread() {
		var ask []*image.Image
		ids := map[string]bool{}
		for _, img := range slices.Concat(unread.Listed, unread.Beside) {
			if h.canAsk(img) {
				ask, ids[img.ID] = append(ask, img), true
			}
		}
		if len(ask) == 0 {
			continue
		}
		if count >= left {
			return next, count, left == 0
		}
		next, count = append(next, ask...), count+len(ids)
	}
	return next, count, false
}

// readMore asks for what could change picks, and tells whether anything came.
func (h *hearing) readMore(ctx context.Context, picks []Pick) (bool, error) {
	want := map[string][]string{}
	for i, pick := range picks {
		next, count, _ := h.wanted(i, pick)
		h.counts[i] += count
		for _, img := range next {
			if !slices.Contains(want[img.Source], img.ID) {
				want[img.Source] = append(want[img.Source], img.ID)
			}
		}
	}
	if len(want) == 0 {
		return false, nil
	}
	var requests []source.Request
	for _, s := range h.Document.Set.Sources {
		if ids := want[s.Name]; ids != nil {
			request := h.able[s.Name]
			request.IDs = ids
			requests = append(requests, request)
			for _, id := range ids {
				h.asked[readID{s.Name, id}] = true
			}
		}
	}
	_, results, err := h.request(ctx, requests, nil)
	if err != nil {
		return false, err
	}
	for _, result := range results {
		h.take(result, want[result.Source])
		if result.Err != nil {
			delete(h.able, result.Source)
			at := slices.IndexFunc(h.results, func(r source.Result) bool { return r.Source == result.Source })
			h.results[at].Err = result.Err
		}
	}
	return true, nil
}

// take puts what a source tells of images in the place of their names. What came beside
// is left out. What puts them in order is what the list said: it knows their neighbours.
func (h *hearing) take(result source.Result, ids []string) {
	told := map[string][]image.Image{}
	for _, img := range result.Images {
		told[img.ID] = append(told[img.ID], img)
	}
	images := make([]image.Image, 0, len(h.images)+len(result.Images))
	listed, now := h.listed, make([]int, len(h.images))
	for i, img := range h.images {
		more := told[img.ID]
		now[i] = len(images)
		if i >= h.listed || img.Source != result.Source || len(more) == 0 || !slices.Contains(ids, img.ID) {
			images = append(images, img)
			continue
		}
		for _, one := range more {
			one.Version, one.NewestBy = img.Version, img.NewestBy
			images = append(images, one)
		}
		listed += len(more) - 1
		delete(told, img.ID)
	}
	for i, index := range h.doubtful {
		h.doubtful[i] = now[index]
	}
	h.images, h.listed = images, listed
}

// stopAtUnread refuses picks that images come before which may fit, and which are more
// than are read for one pack.
func (h *hearing) stopAtUnread(picks []Pick) {
	for i := range picks {
		if _, _, tooMany := h.wanted(i, picks[i]); !tooMany {
			continue
		}
		summary := fmt.Sprintf("pack %s: %d images that come first were read, and none of them fits", picks[i].Pack.Name, h.counts[i])
		if picks[i].Outcome.Verdict != selection.NoImage {
			summary = fmt.Sprintf("pack %s: %d images that could change the pick were read, and there are more", picks[i].Pack.Name, h.counts[i])
		}
		picks[i].Image, picks[i].Err = nil, &failure.Error{
			Code: failure.ExitNoImage, Summary: summary,
			Next: "select by what the tags tell (kubernetesVersion, k8sDistribution, customTag, name), narrow tags at the source, or set resolve: all there",
		}
	}
}
