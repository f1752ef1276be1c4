package pipeline

import (
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// order tells whether an image is newer (positive) or older than another for a pack, as
// its selection ranks them; zero when nothing says so.
func order(of spec.Pack, a, b *image.Image) int {
	if of.IsTemplate() {
		return templateOf(of).Compare(a, b)
	}
	return selection.Compare(a, b)
}

// newer tells whether an image is newer than the one that was locked, and not that one
// as less is known of it: each who tells of an image has a time of its own.
func newer(of spec.Pack, now, old *image.Image) bool {
	again := build(now) != image.Reference{} && build(old) != image.Reference{} && build(now) != build(old)
	return order(of, now, old) > 0 && (again || !image.Same(now, old))
}

// sameImage tells whether an image is the one that was locked, in all that a review
// should see.
func sameImage(of spec.Pack, a, b *image.Image) bool {
	return image.Same(a, b) && sameFacts(a, b) && rendersSame(of, a, b)
}

// sameFacts tells whether Verify, which compares them, takes one image for the other.
// What a source says beside that (tags, provenance) may differ: an entry is not
// rewritten for it, so that a review sees only what matters.
func sameFacts(a, b *image.Image) bool {
	return sameRegion(a, b) && a.Part() == b.Part() &&
		a.OS == b.OS && a.KubernetesVersion == b.KubernetesVersion && sameBuild(a, b)
}

// sameRegion takes what was locked as good in several regions for what is good in one of
// them: where it is not ready comes and goes.
func sameRegion(old, now *image.Image) bool {
	return image.RegionKey(old.Region) == image.RegionKey(now.Region) || old.Region == "" && old.SpansRegions
}

// sameBuild compares builds, where both images have handles of one kind or one has none:
// those of two kinds (an ARM id, an image template) say nothing of each other.
func sameBuild(a, b *image.Image) bool {
	if a.Reference != nil && b.Reference != nil && a.Reference.Kind != b.Reference.Kind {
		return true
	}
	return build(a) == build(b)
}

// build is the run that an image came out of: a name that is built again has another.
func build(img *image.Image) image.Reference {
	if !img.Reference.IsBuild() {
		return image.Reference{}
	}
	return *img.Reference
}

// rendersSame tells whether a pack makes the same of both images. Letter case that
// the provider ignores does not count.
func rendersSame(of spec.Pack, a, b *image.Image) bool {
	render := rendering(of)
	one, err := render(a)
	if err != nil {
		return false
	}
	other, err := render(b)
	if err != nil {
		return false
	}
	return one == other || image.FoldsCase(a.Provider) && strings.EqualFold(one, other)
}
