package selection_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestDescribe(t *testing.T) {
	for want, img := range map[string]image.Image{
		`a aws us-east-1 amd64 rhel 8.8 "golden" version 1.2 created 2026-09-01T11:00:00Z (source golden)`: ami("a", version("1.2")),
		"a aws": {ID: "a", Provider: "aws"},
	} {
		if got := selection.Describe(&img); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestMessages is about all that is said where there is no pick.
func TestMessages(t *testing.T) {
	const askFor = ": ask for one of these, or build an image that has it"
	regions := func(n int) []image.Image {
		var images []image.Image
		for i := range n {
			images = append(images, ami(fmt.Sprint("a", i), region(fmt.Sprint("r", i)), named(fmt.Sprint("n", i))))
		}
		return images[:n:n]
	}
	full := func(i *image.Image) { i.FullID = "/subscriptions/s/" + i.ID }
	line := func(id, more string) string {
		return id + " aws us-east-1 amd64 rhel 8.8 " + more + "created 2026-09-01T11:00:00Z (source golden)"
	}
	for name, test := range map[string]struct {
		sel    spec.Select
		images []image.Image
		want   string
	}{
		"no images": {spec.Select{}, nil, "pack p: its sources have no images\n\nlook at what the sources return with the images command"},
		"only one": {
			spec.Select{Name: "x"}, []image.Image{ami("a")},
			"pack p: the only image does not fit\n" + line("a", `"golden" `) + ": name is golden, not x\nthe name asked for is \"x\", and the images have golden" + askFor,
		},
		"only one, in its state": {
			spec.Select{}, []image.Image{ami("a", state(image.Gone, ""))},
			"pack p: the only image does not fit\n" + line("a", `"golden" `) + ": it is gone\nchange select, or see every image and rule with the explain command",
		},
		"two names": {
			spec.Select{}, []image.Image{ami("a", run("u"), named("x"), full), ami("b", run("u"), named("y"))},
			"pack p: 2 images fit, and they are outputs of one build, so none is newer\n" + line("a", `"x" `) + "\n" + line("b", `"y" `) + "\nthey differ in name: select by that",
		},
		"eight regions": {spec.Select{Region: "x"}, regions(8)[:8], "r0, r1, r2, r3, r4, r5, r6, r7: ask for one of these, or build or copy an image there"},
		"nine regions":  {spec.Select{Region: "x"}, regions(9), "r0, r1, r2, r3, r4, r5, r6, r7, 1 more: ask for one of these, or build or copy an image there"},
	} {
		said := says(apply(t, test.sel, test.images...))
		if strings.HasPrefix(test.want, "pack") && said != test.want || !strings.HasSuffix(said, test.want) {
			t.Errorf("%s: %s", name, cmp.Diff(test.want, said))
		}
	}
}

// Images are counted by the first rule that drops each, and the nearest are shown.
func TestNearMissesAndCounts(t *testing.T) {
	arm, gone := architecture("arm64"), state(image.Gone, "")
	var images []image.Image
	add := func(n int, name string, changes ...func(*image.Image)) {
		for i := range n {
			images = append(images, ami(fmt.Sprint(name, i), append(changes, created(len(images)))...))
		}
	}
	add(4, "two", gone, arm)
	add(3, "one", arm)
	add(5, "where", named("x"))
	said := strings.Split(says(apply(t, spec.Select{Architecture: "amd64", Where: `image.name == "y"`}, images...)), "\n")
	var ids []string
	for _, line := range said[1 : len(said)-2] {
		id, _, _ := strings.Cut(line, " ")
		ids = append(ids, id)
	}
	if got := strings.Join(ids, " "); got != "one0 one1 one2 where0 where1" {
		t.Errorf("shown are %s", got)
	}
	if got, want := said[len(said)-2], "and 7 more: in all, where drops 5, state drops 4, architecture drops 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNextStepOfSlips(t *testing.T) {
	unread := func(i *image.Image) { onlyNamed(i); i.KubernetesVersion = "1.30.4" }
	for name, test := range map[string]struct {
		sel  spec.Select
		img  image.Image
		want string
	}{
		"a provider":              {spec.Select{Provider: "asw"}, ami("a"), `and the images have aws; did you mean "aws"?`},
		"no provider":             {spec.Select{Provider: "xyz"}, ami("a"), "and the images have aws: ask for one of these, or build an image that has it"},
		"a version of a system":   {spec.Select{OS: spec.OS{Version: "8.9"}}, ami("a"), "and the images have 8.8: ask for one of these, or build an image that has it"},
		"two letters of a region": {spec.Select{Region: "us-west-1"}, ami("a"), "and the images have us-east-1: ask for one of these, or build or copy an image there"},
		"a region without a dash": {spec.Select{Region: "useast-1"}, ami("a"), `did you mean "us-east-1"?`},
		"one that has none":       {spec.Select{Region: "us-east-1"}, ami("a", region("useast-1")), `did you mean "useast-1"?`},
		"a region of two letters": {spec.Select{Region: "uk"}, ami("a", region("us")), `did you mean "us"?`},
		"what comes before reading": {
			spec.Select{Architecture: "arm64", KubernetesVersion: "~1.31"}, edge("k3s-1.30.4-v4.7.0", unread),
			`the kubernetesVersion asked for is "~1.31", and the images have 1.30.4: build an image with a version within ~1.31, or widen the range`,
		},
		"an architecture that the name of a tag tells": {spec.Select{Architecture: "amd64"}, edge("k3s-1.30.4-v4.7.0", onlyNamed, arm), `the architecture asked for is "amd64", and the images have arm64: ask for one of these, or build an image that has it`},
		"an architecture that is not told": {
			spec.Select{Architecture: "amd64", KubernetesVersion: "~1.31"}, ami("a", architecture("")),
			"no image has a known architecture: declare it at the source (a tag, its configuration), or do not select by it",
		},
		"what reading may not tell": {
			spec.Select{Architecture: "amd64", KubernetesVersion: "~1.31"}, edge("k3s-1.30.4-v4.7.0", onlyNamed, kubernetes("")),
			"no image has a known kubernetesVersion: declare it at the source (a tag, its configuration), or do not select by it",
		},
		"a fact that is declared": {
			spec.Select{OS: spec.OS{Name: "ubuntu"}, KubernetesVersion: "~1.31"}, edge("k3s-1.30.4-v4.7.0", unread),
			"no image has a known os.name: declare it at the source (a tag, its configuration), or do not select by it",
		},
	} {
		if said := says(apply(t, test.sel, test.img)); !strings.HasSuffix(said, test.want) {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// What reading may not tell comes before what it may, also where some tags were read.
func TestNextStepBesideTagsThatWereRead(t *testing.T) {
	untold := func(i *image.Image) { i.KubernetesVersion = "" }
	said := says(apply(t, spec.Select{Architecture: "arm64", KubernetesVersion: "~1.31"}, edge("k3s-1.30.4-v4.7.0", untold), edge("k3s-1.30.5-v4.7.0", onlyNamed, untold)))
	if want := "no image has a known kubernetesVersion: declare it at the source (a tag, its configuration), or do not select by it"; !strings.HasSuffix(said, want) {
		t.Errorf("got %s", said)
	}
}
