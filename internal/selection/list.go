package selection

import "github.com/kubectl-byoos/kubectl-byoos/internal/image"

// Order returns all images in the order of selection, best first. It returns a
// new slice; what two sources found twice stays twice.
func Order(images []image.Image) []image.Image {
	pointers := make([]*image.Image, len(images))
	for i := range images {
		pointers[i] = &images[i]
	}
	ordered := make([]image.Image, len(images))
	for i, img := range rank(pointers) {
		ordered[i] = *img
	}
	return ordered
}

// OnlyByState tells whether an image was dropped for what it is (not available,
// deprecated, past its end of life, excluded) and not for what was asked for.
func (d Drop) OnlyByState() bool {
	for _, reason := range append([]Reason{{Rule: d.Rule}}, d.More...) {
		switch reason.Rule {
		case "state", "deprecated", "endOfLife", "excludedFromLatest":
		default:
			return false
		}
	}
	return true
}
