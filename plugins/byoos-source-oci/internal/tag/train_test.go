package tag_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
)

var (
	trains = flag.Int("trains", 300, "how many release trains of tags are compared")
	seed   = flag.Uint64("seed", 1, "seed of the first release train")
)

// release is a version as whoever builds knows it, before it is written into a tag.
type release struct {
	numbers  []int
	word     string // of a pre-release: alpha, beta or rc
	of       []int
	revision []int
}

// order says which release came first, by the documented rules: its numbers, a
// pre-release before its release, and what revises it after. It fills both up to one
// length, so that it compares nothing but numbers.
func (r release) order() []int {
	word := slices.Index([]string{"alpha", "beta", "rc", ""}, r.word)
	all := make([]int, 24)
	copy(all, r.numbers)
	copy(all[max(3, len(r.numbers)):], r.revision)
	all[12] = word
	for i, n := range r.of {
		all[13+i] = n + 1
	}
	return all
}

func (r release) write(random *rand.Rand, patch bool) string {
	join := func(numbers []int, with string) string {
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", with), "[]")
	}
	text := join(r.numbers, ".")
	if random.IntN(2) == 0 {
		text = "v" + text
	}
	switch {
	case r.word != "":
		text += "-" + r.word + []string{"", ".", "-"}[random.IntN(3)] + join(r.of, []string{".", "-"}[random.IntN(2)])
	case r.revision != nil && patch:
		text += "-patch." + join(r.revision, ".")
	case r.revision != nil:
		text += "-" + join(r.revision, "-")
	}
	return text
}

func some(random *rand.Rand, least, most int) []int {
	all := make([]int, least+random.IntN(most-least+1))
	for i := range all {
		all[i] = []int{0, 1, 2, 9, 10, 11, 2024, 20250115}[random.IntN(8)]
	}
	return all
}

// Tags whose order is known before they are written have that order when they are
// read, in the plugin and by the version that the host compares.
func TestReleaseTrains(t *testing.T) {
	own, err := tag.Compile(`(?P<version>[^_]+)_(?P<kubernetesVersion>[^_]+)_(?P<peVersion>.+)`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range *trains {
		random := rand.New(rand.NewPCG(*seed, uint64(i)))
		canvos := random.IntN(2) == 0
		type known struct {
			read  tag.Tag
			order [][]int
		}
		var all []known
		for range 8 {
			var k known
			var parts []string
			for group := range 3 {
				if canvos && group == 0 {
					continue
				}
				r := release{numbers: some(random, 3, 3)}
				switch kind := random.IntN(4); {
				case kind == 0:
					r.word, r.of = []string{"alpha", "beta", "rc"}[random.IntN(3)], some(random, 1, 3)
				case kind == 1 && !canvos:
					r.revision = some(random, 1, 4)
				case kind == 1 && group == 2:
					r.revision = some(random, 1, 1)
				case kind == 2 && !canvos:
					r.numbers = some(random, 1, 7)
				}
				parts = append(parts, r.write(random, canvos))
				k.order = append(k.order, r.order())
			}
			grammar, name := own, strings.Join(parts, "_")
			if canvos {
				grammar, name = tag.CanvOS(), "k3s-"+strings.Join(parts, "-")
			}
			if k.read = grammar.Read(name); k.read.Facts == nil {
				t.Fatalf("train %d: %s is outside the grammar", i, name)
			}
			all = append(all, k)
		}
		for _, a := range all {
			for _, b := range all {
				want := slices.CompareFunc(a.order, b.order, func(x, y []int) int { return slices.Compare(x, y) })
				plugin := 0
				if !tag.SameRank(a.read, b.read) {
					plugin = -tag.Newer(a.read, b.read)
				}
				img := func(r tag.Tag) *image.Image {
					return &image.Image{Version: r.Version(), NewestBy: image.NewestByVersion}
				}
				host := selection.Compare(img(a.read), img(b.read))
				if cmp.Compare(plugin, 0) != want || cmp.Compare(host, 0) != want {
					t.Fatalf("train %d: %s (%s) and %s (%s): %d in the plugin, %d in the host, want %d",
						i, a.read.Name, a.read.Version(), b.read.Name, b.read.Version(), plugin, host, want)
				}
			}
		}
	}
}
