package explain

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// What images of a tie share is what their source ranks them by.
func TestMarkOfATie(t *testing.T) {
	for _, test := range []struct {
		img  image.Image
		want string
	}{
		{image.Image{ID: "a", Version: "1.4.0", NewestBy: image.NewestByVersion}, "of the same version"},
		{image.Image{ID: "a", NewestBy: image.NewestByVersion}, "created at the same time"},
		{image.Image{ID: "a", Version: "1.4.0"}, "created at the same time"},
	} {
		if got := mark(Item{Tied: []*image.Image{&test.img}}, &test.img); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.img, got, test.want)
		}
	}
}
