package selection_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

type ambiguity struct {
	name         string
	sel          spec.Select
	images       []image.Image
	pick         string
	alternatives string
	next         string
}

func TestAmbiguity(t *testing.T) {
	areAmbiguous(t, []ambiguity{
		{
			"two builds of one name and region in one run", spec.Select{Region: "us-east-1"},
			[]image.Image{ami("b", run("u1")), ami("a", run("u1"))},
			"", "a b", `only their ids differ: give the builds different names or tags, or select one with where: 'image.id == "a"'`,
		},
		{
			"the later of one run is not newer", spec.Select{},
			[]image.Image{ami("b", run("u1"), created(1)), ami("a", run("u1"), created(2))},
			"", "b a", "only their ids differ",
		},
		{
			"two builds of different names in one run", spec.Select{},
			[]image.Image{ami("a", run("u1"), named("rhel")), ami("b", run("u1"), named("ubuntu"))},
			"", "a b", "they differ in name: select by that",
		},
		{
			"two builds of one run that their tags tell apart", spec.Select{},
			[]image.Image{ami("a", run("u1"), tagged("db")), ami("b", run("u1"), tagged("web"))},
			"", "a b", "they differ in tags.role: select by that",
		},
		{
			"two builds of one run that many tags tell apart", spec.Select{},
			[]image.Image{ami("a", run("u1")), ami("b", run("u1"), func(i *image.Image) { i.Tags = map[string]string{"d": "", "b": "1", "c": "1", "a": "1", "e": "1"} })},
			"", "a b", "they differ in tags.a, tags.b, tags.c, tags.e, tags.team: select by that",
		},
		{
			"one run in two regions", spec.Select{},
			[]image.Image{ami("a", run("u1")), ami("b", run("u1"), region("eu-west-1"))},
			"", "a b", "they differ in region: select by that, or give the pack a matrix",
		},
		{
			"one run in two regions, one selected", spec.Select{Region: "eu-west-1"},
			[]image.Image{ami("a", run("u1")), ami("b", run("u1"), region("eu-west-1"))},
			"b", "", "",
		},
	})
}

func TestAmbiguousRegions(t *testing.T) {
	areAmbiguous(t, []ambiguity{
		{
			"an older run is no alternative", spec.Select{},
			[]image.Image{ami("old", run("u1"), created(9)), ami("new", run("u2"), created(1))},
			"new", "", "",
		},
		{
			"an older run's image of the name in another region", spec.Select{},
			[]image.Image{ami("old", run("u1"), created(9), region("eu-west-1")), ami("new", run("u2"), created(1))},
			"", "new old", "they differ in region",
		},
		{
			"with the region that is asked for", spec.Select{Region: "us-east-1"},
			[]image.Image{ami("old", run("u1"), created(9), region("eu-west-1")), ami("new", run("u2"), created(1))},
			"new", "", "",
		},
		{
			"images without a name in two regions", spec.Select{},
			[]image.Image{ami("a", named("")), ami("b", named(""), region("eu-west-1"), created(9))},
			"a", "", "",
		},
		{
			"an id that is good in several, and an image of its name", spec.Select{},
			[]image.Image{ami("/v/2", spans), ami("b", region("eu-west-1"), created(9))},
			"/v/2", "", "",
		},
		{
			"an image, and an id of its name that is good in several", spec.Select{},
			[]image.Image{ami("/v/2", spans, created(9)), ami("b", region("eu-west-1"))},
			"b", "", "",
		},
		{
			"copies of one AMI", spec.Select{},
			[]image.Image{ami("a", created(2)), ami("b", created(1), region("eu-west-1"))},
			"", "b a", "they differ in region",
		},
		{
			"images of one name of two providers", spec.Select{},
			[]image.Image{ami("a", created(2)), ami("b", provider("azure"), region("westeurope"))},
			"b", "", "",
		},
	})
}

func TestAmbiguousDefinitions(t *testing.T) {
	areAmbiguous(t, []ambiguity{
		{
			"one gallery version replicated to two regions has one id", spec.Select{},
			[]image.Image{ami("/id/1", region("westus2"), untimed), ami("/id/1", region("eastus"), untimed)},
			"/id/1", "", "",
		},
		{
			"outputs of one image template", spec.Select{},
			[]image.Image{ami("a", template("t"), provider("azure"), created(1)), ami("b", template("t"), provider("azure"), named("disk"), created(2))},
			"", "a b", "they differ in name: select by that",
		},
		{
			"highest of two definitions", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 3, byVersion), definition("ubuntu", "1.2.9", 1, byVersion), definition("rhel", "1.2.8", 2, byVersion)},
			"", definitionID("rhel", "1.2.10") + " " + definitionID("ubuntu", "1.2.9"), "they differ in name: select by that",
		},
		{
			"highest of one definition", spec.Select{Name: "rhel"},
			[]image.Image{definition("rhel", "1.2.10", 3, byVersion), definition("ubuntu", "1.2.11", 1, byVersion), definition("rhel", "1.2.8", 2, byVersion)},
			definitionID("rhel", "1.2.10"), "", "",
		},
		{
			"newest of two definitions", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 3), definition("ubuntu", "1.2.9", 1)},
			definitionID("ubuntu", "1.2.9"), "", "",
		},
		{
			"a definition beside an image of none", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 1), ami("a", version("2"))},
			"a", "", "",
		},
		{
			"an image of no definition beside one", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 1), ami("a", version("1"))},
			definitionID("rhel", "1.2.10"), "", "",
		},
		{
			"two versions of another definition at one time", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 1), definition("ubuntu", "1.2.9", 1), definition("ubuntu", "1.2.8", 1)},
			"", definitionID("rhel", "1.2.10") + " " + definitionID("ubuntu", "1.2.9"), "they differ in name: select by that",
		},
		{
			"versions of two definitions at one time", spec.Select{},
			[]image.Image{definition("rhel", "1.2.10", 1), definition("ubuntu", "1.2.9", 1), definition("rhel", "1.2.9", 1)},
			"", definitionID("rhel", "1.2.10") + " " + definitionID("ubuntu", "1.2.9"), "they differ in name: select by that",
		},
	})
}

func TestAmbiguousTies(t *testing.T) {
	areAmbiguous(t, []ambiguity{
		{
			"neither time nor version", spec.Select{},
			[]image.Image{ami("b", untimed), ami("a", untimed)},
			"", "a b", "only their ids differ",
		},
		{
			"a tie of what is alike", spec.Select{},
			[]image.Image{ami("b"), ami("a"), ami("c", created(5))},
			"", "a b", "only their ids differ",
		},
		{
			"a tie in version and time", spec.Select{},
			[]image.Image{ami("build-11", byVersion, version("1.2")), ami("build-1", byVersion, version("1.2")), ami("build-9", byVersion, version("1.1"))},
			"", "build-1 build-11", "only their ids differ",
		},
		{
			"a tie of different systems", spec.Select{},
			[]image.Image{ami("a", named("rhel")), ami("b", named("ubuntu"), system("ubuntu", "24.04")), ami("c", created(5))},
			"", "a b", "they differ in os.name, os.version, name: select by that",
		},
		{
			"a tie of different versions of a system", spec.Select{},
			[]image.Image{ami("b"), ami("a", system("rhel", "9.4"))},
			"", "a b", "they differ in os.version: select by that",
		},
		{
			"a tie of different architectures", spec.Select{},
			[]image.Image{ami("a"), ami("b", architecture("arm64"))},
			"", "a b", "they differ in architecture: select by that, or give the pack a matrix",
		},
		{
			"a tie of different Kubernetes versions", spec.Select{},
			[]image.Image{ami("a", kubernetes("1.31.0")), ami("b", kubernetes(""))},
			"", "a b", "they differ in kubernetesVersion: select by that",
		},
		{
			"a tie of different systems, one selected", spec.Select{OS: spec.OS{Name: "ubuntu"}},
			[]image.Image{ami("a"), ami("b", system("ubuntu", "24.04"))},
			"b", "", "",
		},
	})
}

func TestAmbiguousSystems(t *testing.T) {
	areAmbiguous(t, []ambiguity{
		{
			"a tie that the version decides", spec.Select{},
			[]image.Image{ami("a", version("1.0.0")), ami("b", version("1.1.0"), system("rhel", "9.4"))},
			"b", "", "",
		},
		{
			"a tie behind the newest", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("a"), ami("b", system("rhel", "9.4"))},
			"n", "", "",
		},
		{
			"an older one of another system", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("o", system("", "")), ami("a"), ami("b", system("Amazon Linux", "2023"), created(9)), ami("c", system("ubuntu", "24.04"), created(8))},
			"", "n c b", "they differ in os.name, os.version: select by that",
		},
		{
			"an older one of another architecture", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("o", architecture("")), ami("b", architecture("arm64"), created(9)), ami("c", architecture("arm64"), created(8))},
			"", "n c", "they differ in architecture: select by that, or give the pack a matrix",
		},
		{
			"an architecture of which the system is not known", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("o", system("", "")), ami("b", architecture("arm64"), created(9))},
			"", "n b", "architecture",
		},
		{
			"a system of which the architecture is not known", spec.Select{},
			[]image.Image{ami("n", created(0)), ami("o", architecture("")), ami("b", system("ubuntu", "24.04"), created(9))},
			"", "n b", "os.name",
		},
		{
			"a system that is not known before two that are", spec.Select{},
			[]image.Image{ami("n", created(0), system("", "")), ami("b", system("ubuntu", "24.04"), created(9)), ami("c", created(10))},
			"", "n b c", "os.name",
		},
		{
			"another system that is not selected", spec.Select{Architecture: "amd64", OS: spec.OS{Name: "RHEL"}},
			[]image.Image{ami("n", created(0)), ami("b", architecture("arm64")), ami("c", system("ubuntu", "24.04"))},
			"n", "", "",
		},
		{
			"two versions of one gallery image in two regions", spec.Select{},
			[]image.Image{ami("/v/1", region("westus2"), spans, created(2)), ami("/v/2", region("eastus"), spans, created(1))},
			"/v/2", "", "",
		},
		{
			"exactlyOne with two", spec.Select{Pick: spec.PickExactlyOne},
			[]image.Image{ami("b", created(1)), ami("a", created(2))},
			"", "b a", "only their ids differ",
		},
		{
			"exactlyOne with one", spec.Select{Pick: spec.PickExactlyOne, Name: "x"},
			[]image.Image{ami("b", named("x")), ami("a")},
			"b", "", "",
		},
	})
}

func areAmbiguous(t *testing.T, tests []ambiguity) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome := apply(t, test.sel, test.images...)
			if got := ids(outcome.Alternatives); got != test.alternatives {
				t.Errorf("got alternatives %q, want %q", got, test.alternatives)
			}
			pick, err := outcome.Resolve("p")
			if test.pick != "" {
				if err != nil || pick.ID != test.pick {
					t.Errorf("got %v, %v", pick, err)
				}
				return
			}
			var failed *failure.Error
			if !errors.As(err, &failed) || failed.Code != failure.ExitNoImage {
				t.Fatalf("got %v, want exit %d", err, failure.ExitNoImage)
			}
			if len(failed.Details) != len(outcome.Alternatives) || !strings.Contains(failed.Next, test.next) {
				t.Errorf("got details %q, next %q", failed.Details, failed.Next)
			}
		})
	}
}

func TestATieOfDifferentSystemsSaysWhy(t *testing.T) {
	for want, other := range map[string]image.Image{
		"they were created at the same time (2026-09-01T11:00:00Z), so only their ids would choose the operating system":   ami("b", system("rhel", "9.4")),
		"they were created at the same time (2026-09-01T11:00:00Z), so only their ids would choose the Kubernetes version": ami("b", kubernetes("1.31.0")),
		"they were created at the same time (2026-09-01T11:00:00Z), so only their ids would choose":                        ami("b"),
		"they are of several operating systems, none of which is newer than another":                                       ami("b", system("ubuntu", "24.04")),
		"they are of several architectures, none of which is newer than another":                                           ami("b", architecture("arm64")),
		"they are of several operating systems and architectures, none of which is newer than another":                     ami("b", system("ubuntu", "24.04"), architecture("arm64")),
	} {
		_, err := apply(t, spec.Select{}, ami("a"), other).Resolve("p")
		if want = "pack p: 2 images fit, and " + want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAmbiguousDetailsShowWhatDiffers(t *testing.T) {
	_, err := apply(t, spec.Select{}, ami("a", run("u1"), tagged("db")), ami("b\x1b[31m", run("u1"), tagged("web"))).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	want := []string{
		`a aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden) tags role="db"`,
		"b\uFFFD[31m" + ` aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden) tags role="web"`,
	}
	if diff := cmp.Diff(want, failed.Details); diff != "" {
		t.Error(diff)
	}
}

func TestAmbiguousIsCapped(t *testing.T) {
	images := many(5_000)
	for i := range images {
		images[i].State, images[i].Tags = image.Available, map[string]string{"a": "x", "b": "y", "n": fmt.Sprint(i)}
	}
	outcome := apply(t, spec.Select{Pick: spec.PickExactlyOne}, images...)
	_, err := outcome.Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) || len(failed.Details) != 51 || failed.Details[50] != fmt.Sprintf("and %d more", len(outcome.Alternatives)-50) {
		t.Fatalf("got %v", err)
	}
}
