package pipeline

import (
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Compare tells whether an image is newer (positive) or older than another for a pack, as
// its selection ranks them; zero when nothing says so.
func Compare(of spec.Pack, a, b *image.Image) int {
	if of.IsTemplate() {
		return templateOf(of).Compare(a, b)
	}
	return selection.Compare(a, b)
}
