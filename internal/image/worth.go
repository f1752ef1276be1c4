package image

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// worth compares what two statements are worth, the higher first: asked before
// recorded, then newer before older. A service that was asked and does not say when
// was asked now; nothing is older than a record of no date.
func worth(a, b *Image) int {
	return cmp.Or(whichIs(a, b, (*Image).asked), b.observed().Compare(a.observed()))
}

func (i *Image) asked() bool { return i.Evidence == Asked }

func (i *Image) observed() time.Time {
	switch {
	case i.ObservedAt != nil:
		return *i.ObservedAt
	case i.asked():
		return time.Unix(1<<40, 0) // later than any date
	}
	return time.Time{}
}

// whichIs puts the one of two images first that is something.
func whichIs(a, b *Image, is func(*Image) bool) int {
	switch x, y := is(a), is(b); {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

// ordered sorts by worth, then by source and content, so that the order statements
// came in does not matter.
func ordered(images []*Image) []*Image {
	text := func(img *Image) []byte { // of the few that nothing else sets apart
		data, _ := json.Marshal(img) // but for a year past 9999, which no source can tell
		return data
	}
	sorted := slices.Clone(images)
	slices.SortFunc(sorted, func(a, b *Image) int {
		if order := cmp.Or(worth(a, b), cmp.Compare(a.Source, b.Source)); order != 0 {
			return order
		}
		return bytes.Compare(text(a), text(b))
	})
	return sorted
}

// levels cuts ordered statements where their worth changes.
func levels(same []*Image) [][]*Image {
	var cut [][]*Image
	for i, img := range same {
		if i == 0 || worth(same[i-1], img) != 0 {
			cut = append(cut, nil)
		}
		cut[len(cut)-1] = append(cut[len(cut)-1], img)
	}
	return cut
}

// those are the images that something is so of.
func those(images []*Image, are func(*Image) bool) []*Image {
	var some []*Image
	for _, img := range images {
		if are(img) {
			some = append(some, img)
		}
	}
	return some
}
