package sdk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
)

// sized returns an image whose texts take n bytes.
func sized(n int) Image {
	return Image{ID: "x", Provider: "aws", Name: strings.Repeat("x", n-len("xaws"))}
}

// sentBatches returns how many images, or results with these, each message has.
func sentBatches(t *testing.T, asResults bool, images ...Image) (counts []int) {
	t.Helper()
	s := newSender(t.Context(), &Secrets{}, func(b batch) error {
		counts = append(counts, len(b.images)+len(b.results))
		return nil
	})
	var err error
	if !asResults {
		err = s.images(images)
	} else {
		results := make([]Result, len(images))
		for i := range images {
			results[i] = Result{Ref: Ref{ID: "x"}, Presence: Found, Image: &images[i]}
		}
		err = s.results(results)
	}
	if err != nil || s.close() != nil {
		t.Fatal(err)
	}
	return counts
}

// TestBatchesOfReasons: what a result says besides its image takes room as well.
func TestBatchesOfReasons(t *testing.T) {
	var counts []int
	s := newSender(t.Context(), &Secrets{}, func(b batch) error {
		counts = append(counts, len(b.results))
		return nil
	})
	image, long := sized(batchBytes/2), Result{Ref: Ref{ID: "x"}, Presence: NotFound, Reason: strings.Repeat("x", batchBytes/2)}
	if err := s.results([]Result{{Ref: Ref{ID: "x"}, Presence: Found, Image: &image, Reason: "x"}, long, long, long}); err != nil || s.close() != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 1}; !slices.Equal(counts, want) {
		t.Errorf("got %v, want %v", counts, want)
	}
}

// TestBatches: a message has as many images as there is room for, and not more.
func TestBatches(t *testing.T) {
	const half, most = batchBytes / 2, batchSize
	for name, tt := range map[string]struct {
		sizes []int
		want  []int
	}{
		"that just fit":      {[]int{half, half}, []int{2}},
		"a byte too much":    {[]int{half, half + 1}, []int{1, 1}},
		"large ones apart":   {[]int{40, 2 * batchBytes, 40, 40}, []int{1, 1, 2}},
		"a large one first":  {[]int{2 * batchBytes, 40}, []int{1, 1}},
		"three to a message": {[]int{batchBytes / 3, batchBytes / 3, batchBytes / 3, batchBytes / 3, 40}, []int{3, 2}},
	} {
		images := make([]Image, len(tt.sizes))
		for i, size := range tt.sizes {
			images[i] = sized(size)
		}
		if diff := cmp.Diff(tt.want, sentBatches(t, false, images...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for n, want := range map[int][]int{most - 1: {most - 1}, most: {most}, most + 1: {most, 1}, 3*most + 7: {most, most, most, 7}} {
		many := make([]Image, n)
		for i := range many {
			many[i] = Image{ID: fmt.Sprint(i), Provider: "aws"}
		}
		for _, asResults := range []bool{false, true} {
			if diff := cmp.Diff(want, sentBatches(t, asResults, many...)); diff != "" {
				t.Errorf("%d: %s", n, diff)
			}
		}
	}
}

// TestSizesOfImages: all texts of one count.
func TestSizesOfImages(t *testing.T) {
	x := strings.Repeat("x", 1000)
	texts := map[string]string{x: x}
	messages := resultsTo([]Result{{Reason: x, Image: &Image{
		ID: x, Provider: x, Name: x, Region: x, Architecture: x, OSName: x, OSVersion: x, KubernetesVersion: x, Version: x, StateReason: x,
		Withheld: x, FullID: x, Owner: x, OwnerID: x, Digest: x, Reference: &Reference{x, x}, Tags: texts, Attributes: texts,
		Provenance: map[string]Provenance{x: {x, x, x}},
	}}})
	size := proto.Size(messages[0])
	if got := about(messages[0].GetImage()); got > size || got < size-1000-200 {
		t.Errorf("it takes %d bytes, not %d", size, got)
	}
}

// TestAnyBatches: whatever the sizes, no message is too large, and none is sent too early.
func TestAnyBatches(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var images []Image
		for range random.IntN(40) {
			images = append(images, sized(40+random.IntN(batchBytes/(1+random.IntN(20)))))
		}
		at := 0
		for _, n := range sentBatches(t, random.IntN(2) == 0, images...) {
			total := 0
			for _, image := range images[at : at+n] {
				total += 4 + len(image.Name)
			}
			if at += n; n > 1 && total > batchBytes || at < len(images) && total+4+len(images[at].Name) <= batchBytes {
				t.Errorf("%d images of %d bytes in one message", n, total)
			}
		}
		if at != len(images) {
			t.Errorf("%d of %d images were sent", at, len(images))
		}
	}
}

// TestProgressIsThinnedOut: one message at a time, and the end at once.
func TestProgressIsThinnedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s := newSender(t.Context(), &Secrets{}, func(b batch) error {
			told = append(told, fmt.Sprint(b.progress.GetDone(), "/", b.progress.GetTotal(), " ", b.progress.GetMessage()))
			return nil
		})
		for _, step := range []struct {
			after       time.Duration
			done, total int64
			message     string
		}{
			{0, 1, 4, "first"}, {progressInterval - 1, 2, 4, "too early"}, {1, 3, 4, "in time"}, {0, 4, 4, "the end"},
			{0, 0, 0, "no total"}, {progressInterval, -1, -2, "odd"},
		} {
			<-time.After(step.after)
			if err := s.progress(step.done, step.total, step.message); err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff([]string{"1/4 first", "3/4 in time", "4/4 the end", "0/0 odd"}, told); diff != "" {
			t.Error(diff)
		}
	})
}

// TestLongWordsAreCut: they must not fill a message.
func TestLongWordsAreCut(t *testing.T) {
	const most = 64 << 10
	for n, want := range map[int]int{most - 1: most - 1, most: most, most + 1: most + len(" ...")} {
		if got := diagnosticTo(Diagnostic{Summary: strings.Repeat("x", n)}).GetSummary(); len(got) != want || strings.HasSuffix(got, " ...") != (n > most) {
			t.Errorf("of %d bytes there are %d", n, len(got))
		}
	}
}
