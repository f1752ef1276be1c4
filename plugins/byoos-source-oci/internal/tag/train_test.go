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

// release is a version as the one who builds it knows it, before it is written into a tag.
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
	own := compile(t, `(?P<version>[^_]+)_(?P<kubernetesVersion>[^_]+)_(?P<peVersion>.+)`)
	for i := range *trains {
		random := rand.New(rand.NewPCG(*seed, uint64(i)))
		canvos := random.IntN(2) == 0
		var all []known
		for range 8 {
			name, order := trainTag(random, canvos)
			grammar := own
			if canvos {
				grammar = tag.CanvOS()
			}
			read := grammar.Read(name)
			if read.Facts == nil {
				t.Fatalf("train %d: %s is outside the grammar", i, name)
			}
			all = append(all, known{read, order})
		}
		for _, a := range all {
			for _, b := range all {
				checkOrder(t, i, a, b)
			}
		}
	}
}

// known is a tag as it is read, and what orders the releases that it was made of.
type known struct {
	read  tag.Tag
	order [][]int
}

// trainTag is a tag of up to three releases.
func trainTag(random *rand.Rand, canvos bool) (name string, order [][]int) {
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
		order = append(order, r.order())
	}
	if canvos {
		return "k3s-" + strings.Join(parts, "-"), order
	}
	return strings.Join(parts, "_"), order
}

// checkOrder compares two tags as the plugin and as the host do.
func checkOrder(t *testing.T, train int, a, b known) {
	t.Helper()
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
			train, a.read.Name, a.read.Version(), b.read.Name, b.read.Version(), plugin, host, want)
	}
}

// randomTag is a tag of some grammar, of parts that may mean something.
func randomTag(random *rand.Rand, style string) string {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	suffix := func() string {
		return one("", "", "-rc1", "-RC.2", "-beta", "-nightly.2", "-lab", "-prod2", "-build3", "-build10", "-patch.7", "-us-east-1", "-3fabc12", "-5-g9abcdef", "-20250101", "_1", ".4", "-rcsite", "-k3s1", "-k0s.0", "-lab-rc1")
	}
	switch style {
	case "kairos":
		return one("24.04", "22.04", "leap-15.6", "tumbleweed") + "-standard-" + one("amd64", "arm64") + "-generic-v3.7." + one("2", "1") + one("", "-rc1", "-beta2", "-RC10") +
			one("", "-k3s-v1.34.3-k3s1", "-k3s-v1.34.3-rc1-k3s2", "-k0s-v1.34.3-k0s.0")
	case "canvos":
		return one("k3s", "rke2") + "-" + one("1.30.1", "v1.30.10", "1.31.0-rc.1") + "-" + one("v4.7.0", "4.7.0", "v4.8.0-rc.1", "v4.8.0-rc10", "v4.7.0-patch.2", "v4.8.0-dev1") + one("", "-demo", "-rc.1", "_linux_amd64", "-demo_linux_arm64")
	}
	return one("v", "", "build-", "edge") + one("1.4", "1.4.0", "1.10", "2025-01-02", "20250102") + suffix() + one("", suffix()) + "+" + one("1.30.4", "edge", "") + suffix()
}

// Of any tags the host thinks of what is newer as the plugin does.
func TestHostAndPluginAgree(t *testing.T) {
	own := compile(t, `(?P<version>[^+]*)\+(?P<kubernetesVersion>[^+]*)`)
	kairos := compile(t, "kairos")
	img := func(r tag.Tag) *image.Image {
		return &image.Image{Version: r.Version(), NewestBy: image.NewestByVersion}
	}
	for i := range uint64(*trains) * 20 {
		random := rand.New(rand.NewPCG(*seed+7, i))
		style := []string{"own", "kairos", "canvos"}[i%3]
		grammar := map[string]tag.Grammar{"own": own, "kairos": kairos, "canvos": tag.CanvOS()}[style]
		a, b := grammar.Read(randomTag(random, style)), grammar.Read(randomTag(random, style))
		if a.Facts == nil || b.Facts == nil {
			t.Fatalf("%s or %s is outside the grammar", a.Name, b.Name)
		}
		plugin := 0
		switch {
		case tag.Older(a, b):
			plugin = -1
		case tag.Older(b, a):
			plugin = 1
		}
		ordered := selection.Order([]image.Image{*img(a), *img(b)})
		same := tag.SameRank(a, b) == (a.Version() == b.Version())
		sorted := tag.Newer(a, b) <= 0 == (ordered[0].Version == a.Version()) || a.Version() == b.Version()
		if host := selection.Compare(img(a), img(b)); host != plugin || !same || !sorted {
			t.Fatalf("%s (%s) and %s (%s): %d in the plugin, %d in the host", a.Name, a.Version(), b.Name, b.Version(), plugin, host)
		}
	}
}
