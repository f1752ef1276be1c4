package selection_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func now() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

func ago(hours int) *time.Time {
	t := now().Add(-time.Duration(hours) * time.Hour)
	return &t
}

// ami is an image that fits everything below unless changes say otherwise.
func ami(id string, changes ...func(*image.Image)) image.Image {
	img := image.Image{
		ID: id, Provider: "aws", Name: "golden", Region: "us-east-1", Architecture: "amd64",
		OS: image.OS{Name: "rhel", Version: "8.8"}, KubernetesVersion: "1.30.4", CreatedAt: ago(1),
		State: image.Available, Owner: "self", Tags: map[string]string{"team": "platform"}, Source: "golden",
	}
	for _, change := range changes {
		change(&img)
	}
	return img
}

func created(hoursAgo int) func(*image.Image) {
	return func(i *image.Image) { i.CreatedAt = ago(hoursAgo) }
}
func untimed(i *image.Image)                   { i.CreatedAt = nil }
func version(v string) func(*image.Image)      { return func(i *image.Image) { i.Version = v } }
func region(r string) func(*image.Image)       { return func(i *image.Image) { i.Region = r } }
func named(n string) func(*image.Image)        { return func(i *image.Image) { i.Name = n } }
func from(source string) func(*image.Image)    { return func(i *image.Image) { i.Source = source } }
func kubernetes(v string) func(*image.Image)   { return func(i *image.Image) { i.KubernetesVersion = v } }
func architecture(a string) func(*image.Image) { return func(i *image.Image) { i.Architecture = a } }
func state(s image.State, reason string) func(*image.Image) {
	return func(i *image.Image) { i.State, i.StateReason = s, reason }
}

func system(name, version string) func(*image.Image) {
	return func(i *image.Image) { i.OS = image.OS{Name: name, Version: version} }
}

func template(id string) func(*image.Image) {
	return func(i *image.Image) { i.Reference = &image.Reference{Kind: "image-template", Value: id} }
}

func definitionID(name, number string) string {
	return "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/galleries/g/images/" + name + "/versions/" + number
}

// definition is a version of an image definition of Azure.
func definition(name, number string, hoursAgo int, changes ...func(*image.Image)) image.Image {
	all := []func(*image.Image){provider("azure"), named(name), version(number), created(hoursAgo), region("westus2"), func(i *image.Image) { i.SpansRegions = true }}
	return ami(definitionID(name, number), append(all, changes...)...)
}

func provider(p string) func(*image.Image) { return func(i *image.Image) { i.Provider = p } }

func tagged(role string) func(*image.Image) {
	return func(i *image.Image) { i.Tags = map[string]string{"team": "platform", "role": role} }
}

func spans(i *image.Image) { i.SpansRegions = true }

func run(uuid string) func(*image.Image) {
	return func(i *image.Image) { i.Reference = &image.Reference{Kind: "packer-run-uuid", Value: uuid} }
}

func apply(t *testing.T, sel spec.Select, images ...image.Image) selection.Outcome {
	t.Helper()
	rule, err := selection.Compile(sel)
	if err != nil {
		t.Fatal(err)
	}
	return rule.Explain(selection.Prepare(images), now())
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name      string
		images    []image.Image
		want      string
		decidedBy string
	}{
		{"newest", []image.Image{ami("b", created(1)), ami("a", created(2))}, "b a", "createdAt"},
		{"unknown time last", []image.Image{ami("a", untimed, version("9")), ami("b", created(9000))}, "b a", "createdAt"},
		{"tie: version", []image.Image{ami("a", version("1.9.0")), ami("b", version("1.10.0"))}, "b a", "version"},
		{"tie: id", []image.Image{ami("b"), ami("a")}, "a b", ""},
		{"two names of one digest", []image.Image{ami("b", provider("oci"), digest("d")), ami("a", provider("oci"), digest("d"))}, "a b", "id"},
		{"no time: version", []image.Image{ami("a", untimed, version("1.0.0-rc.1")), ami("b", untimed, version("1.0.0"))}, "b a", "version"},
		{"one", []image.Image{ami("a")}, "a", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outcome := apply(t, spec.Select{}, test.images...)
			if got := ids(outcome.Ranked); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if outcome.DecidedBy != test.decidedBy {
				t.Errorf("decided by %q, want %q", outcome.DecidedBy, test.decidedBy)
			}
		})
	}
}

func ids(images []*image.Image) string {
	var all []string
	for _, img := range images {
		all = append(all, img.ID)
	}
	return strings.Join(all, " ")
}

func TestTieIsReported(t *testing.T) {
	tag := func(id string, options ...func(*image.Image)) image.Image {
		return ami(id, append(options, provider("oci"), digest("d"))...)
	}
	outcome := apply(t, spec.Select{}, tag("b"), tag("a"), tag("c", created(5)))
	if got := ids(outcome.Tie); got != "a b" {
		t.Errorf("got tie %q", got)
	}
	want := []string{"2 images were created at 2026-09-01T11:00:00Z; id decided for a"}
	if diff := cmp.Diff(want, outcome.Notes); diff != "" {
		t.Error(diff)
	}
}

// TestNextStep is about what to do when no image passes one rule.
func TestNextStep(t *testing.T) {
	const askFor = ": ask for one of these, or "
	copied := askFor + "build or copy an image there"
	built := func(version string) string {
		return ": build an image with a version within " + version + ", or widen the range"
	}
	tests := []struct {
		name string
		sel  spec.Select
		img  image.Image
		want string
	}{
		{"another region", spec.Select{Region: "eu-west-1"}, ami("a"), `the region asked for is "eu-west-1", and the images have us-east-1` + copied},
		{"another number", spec.Select{Region: "us-east-2"}, ami("a"), `the region asked for is "us-east-2", and the images have us-east-1` + copied},
		{"another area", spec.Select{Region: "af-south-1"}, ami("a", region("ap-south-1")), `the region asked for is "af-south-1", and the images have ap-south-1` + copied},
		{"swapped letters", spec.Select{Region: "us-esat-1"}, ami("a"), `the region asked for is "us-esat-1", and the images have us-east-1; did you mean "us-east-1"?`},
		{"swapped area", spec.Select{Region: "su-east-1"}, ami("a"), `the region asked for is "su-east-1", and the images have us-east-1; did you mean "us-east-1"?`},
		{"a dash less", spec.Select{Region: "us-east1"}, ami("a"), `the region asked for is "us-east1", and the images have us-east-1; did you mean "us-east-1"?`},
		{"an Azure region", spec.Select{Region: "westus2"}, ami("a", provider("azure"), region("westus3")), `the region asked for is "westus2", and the images have westus3` + copied},
		{"a slip in Azure", spec.Select{Region: "Wets US 3"}, ami("a", provider("azure"), region("westus3")), `the region asked for is "Wets US 3", and the images have westus3; did you mean "westus3"?`},
		{"a display name in Azure", spec.Select{Region: "wetsus3"}, ami("a", provider("azure"), region("West US 3")), `the region asked for is "wetsus3", and the images have westus3; did you mean "westus3"?`},
		{"Kubernetes distribution", spec.Select{K8sDistribution: "rke2"}, tag("1", "K3S", ""), `the k8sDistribution asked for is "rke2", and the images have k3s` + askFor + "build an image that has it"},
		{"custom tag", spec.Select{CustomTag: "prod"}, tag("1", "k3s", "lab_linux_amd64"), `the customTag asked for is "prod", and the images have lab` + askFor + "build an image that has it"},
		{"Kubernetes", spec.Select{KubernetesVersion: "~1.31"}, ami("a"), `the kubernetesVersion asked for is "~1.31", and the images have 1.30.4` + built("~1.31")},
		{"OS version", spec.Select{OS: spec.OS{Version: "9"}}, ami("a"), `the os.version asked for is "9", and the images have 8.8` + askFor + "build an image that has it"},
		{"OS name", spec.Select{OS: spec.OS{Name: "rehl"}}, ami("a"), `the os.name asked for is "rehl", and the images have rhel; did you mean "rhel"?`},
		{"another name of a provider", spec.Select{Provider: "amazon"}, ami("a"), `the provider asked for is "amazon", and the images have aws; did you mean "aws"?`},
		{"a provider that is not there", spec.Select{Provider: "Google"}, ami("a"), `the provider asked for is "Google", and the images have aws; providers are spelled otherwise here: did you mean "gcp"?`},
		{"an unknown fact", spec.Select{Architecture: "arm64"}, ami("a", architecture("")), "no image has a known architecture: declare it at the source (a tag, its configuration), or do not select by it"},
		{
			"a tag that was not read", spec.Select{Architecture: "arm64"}, ami("a", architecture(""), provider("oci")),
			"no image has a known architecture: the source did not read these tags: set resolve: newest at the source",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := apply(t, test.sel, test.img).Resolve("p")
			var failed *failure.Error
			if !errors.As(err, &failed) || failed.Next != test.want {
				t.Errorf("got %+v\nwant %s", failed, test.want)
			}
		})
	}
}

// What is meant is looked for among few values only: each miss of thousands of packs
// would compare all of thousands of names.
func TestNothingIsMeantAmongManyValues(t *testing.T) {
	images := many(1_000)
	for i := range images {
		images[i].Name = fmt.Sprintf("golden-%d", i)
	}
	_, err := apply(t, spec.Select{Name: "goldn-1"}, images...).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) || strings.Contains(failed.Next, "did you mean") || !strings.Contains(failed.Next, " more: ask for one of these") {
		t.Errorf("got %+v", failed)
	}
}

func TestNoImage(t *testing.T) {
	outcome := apply(t, spec.Select{Region: "us-east-2", OS: spec.OS{Name: "rhel"}, Architecture: "amd64"},
		ami("far", architecture("arm64")), ami("near"), ami("nearer", created(0)))
	_, err := outcome.Resolve("aws-east")
	var failed *failure.Error
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	want := &failure.Error{
		Code:    failure.ExitNoImage,
		Summary: "pack aws-east: none of 3 images fits",
		Details: []string{
			`nearer aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T12:00:00Z (source golden): region is us-east-1, not us-east-2`,
			`near aws us-east-1 amd64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden): region is us-east-1, not us-east-2`,
			`far aws us-east-1 arm64 rhel 8.8 "golden" created 2026-09-01T11:00:00Z (source golden): region is us-east-1, not us-east-2; architecture is arm64, not amd64`,
		},
		Next: `the region asked for is "us-east-2", and the images have us-east-1: ask for one of these, or build or copy an image there`,
	}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Error(diff)
	}
}

func TestNoImageIsCapped(t *testing.T) {
	var images []image.Image
	for i := range 100 {
		images = append(images, ami(fmt.Sprintf("ami-%03d", i), state(image.Gone, ""), architecture("")))
	}
	_, err := apply(t, spec.Select{}, images...).Resolve("p")
	var failed *failure.Error
	if !errors.As(err, &failed) || len(failed.Details) != 6 {
		t.Fatalf("got %v, want five images and a count", err)
	}
	if want := "and 95 more: in all, state drops 100"; failed.Details[5] != want {
		t.Errorf("got %q, want %q", failed.Details[5], want)
	}
	_, err = apply(t, spec.Select{Architecture: "amd64"}, images...).Resolve("p")
	if !errors.As(err, &failed) || !strings.Contains(failed.Next, "no image has a known architecture") {
		t.Errorf("got next step %q", failed.Next)
	}
	_, err = apply(t, spec.Select{}).Resolve("p")
	if !errors.As(err, &failed) || failed.Summary != "pack p: its sources have no images" {
		t.Errorf("got %v", err)
	}
}

func TestMerge(t *testing.T) {
	manifest := ami("ami-1", from("manifest"), architecture(""), run("u1"), func(i *image.Image) {
		i.OS, i.Tags = image.OS{}, nil
	})
	cloud := ami("ami-1", from("cloud"), func(i *image.Image) {
		i.KubernetesVersion = ""
		i.Provenance = map[string]image.Provenance{"os.name": {From: "tag", Key: "distribution"}}
	})
	outcome := apply(t, spec.Select{Architecture: "amd64", KubernetesVersion: "~1.30", Pick: spec.PickExactlyOne}, manifest, cloud, manifest)
	if outcome.Verdict != selection.Picked {
		t.Fatalf("got %+v", outcome)
	}
	want := cloud
	want.KubernetesVersion, want.Reference = "1.30.4", manifest.Reference
	want.Provenance = map[string]image.Provenance{
		"os.name": {From: "tag", Key: "distribution"}, "kubernetesVersion": {Source: "manifest"}, "reference": {Source: "manifest"},
	}
	if diff := cmp.Diff(&want, outcome.Pick); diff != "" {
		t.Error(diff)
	}
	merged := []image.Merge{{ID: "ami-1", Region: "us-east-1", Architecture: "amd64", Sources: []string{"cloud", "manifest"}}}
	if diff := cmp.Diff(merged, outcome.Merged); diff != "" {
		t.Error(diff)
	}
}

// What one source knows to be gone is not picked because another still lists it.
func TestMergeBelievesTheWorst(t *testing.T) {
	deprecated := ami("b", from("z"), func(i *image.Image) { i.DeprecatedAt = ago(1) })
	outcome := apply(t, spec.Select{}, ami("a"), ami("a", from("z"), state(image.Gone, "deregistered")), ami("b"), deprecated)
	if outcome.Verdict != selection.NoImage {
		t.Fatalf("got %s %v", outcome.Verdict, outcome.Pick)
	}
	var reasons []string
	for _, drop := range outcome.Dropped {
		reasons = append(reasons, drop.Reason)
	}
	want := []string{"it is gone: deregistered", "deprecated since 2026-09-01T11:00:00Z"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
}

func TestOneReferenceOfTwoArchitecturesIsTwoImages(t *testing.T) {
	amd, arm := ami("r/ubuntu:1", provider("oci")), ami("r/ubuntu:1", provider("oci"), architecture("arm64"))
	outcome := apply(t, spec.Select{Architecture: "arm64"}, amd, arm, amd)
	if len(outcome.Ranked) != 1 || outcome.Ranked[0].Architecture != "arm64" || len(outcome.Dropped) != 1 {
		t.Errorf("got %+v", outcome)
	}
}

// many makes images that differ in all that order and merging look at.
func many(n int) []image.Image {
	random := rand.New(rand.NewPCG(1, 2))
	images := make([]image.Image, n)
	for i := range images {
		img := ami(fmt.Sprintf("ami-%06d", random.IntN(n)), created(random.IntN(5000)), from([]string{"a", "b", ""}[random.IntN(3)]),
			version(fmt.Sprintf("1.%d.%d", random.IntN(12), random.IntN(3))), region([]string{"us-east-1", "eu-west-1", "global", ""}[random.IntN(4)]),
			architecture([]string{"amd64", "arm64", ""}[random.IntN(3)]), run(fmt.Sprint(random.IntN(n))))
		if random.IntN(10) == 0 {
			img.CreatedAt = nil
		}
		if random.IntN(10) == 0 {
			img.State = image.Pending
		}
		images[i] = img
	}
	return images
}

func TestShuffledInputGivesTheSameBytes(t *testing.T) {
	selections := []spec.Select{
		{}, {Region: "us-east-1", Architecture: "amd64"}, {Where: `age < duration("2000h")`, Region: "eu-west-1"},
		{Pick: spec.PickExactlyOne}, {Region: "nowhere"},
	}
	images := many(150)
	for i, sel := range selections {
		rule, err := selection.Compile(sel)
		if err != nil {
			t.Fatal(err)
		}
		var want, wantError string
		random := rand.New(rand.NewPCG(3, 4))
		for range 20 {
			random.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
			outcome := rule.Explain(selection.Prepare(slices.Clone(images)), now())
			bytes, err := json.Marshal(outcome)
			if err != nil {
				t.Fatal(err)
			}
			_, failed := outcome.Resolve("p")
			message := fmt.Sprintf("%#v", failed)
			if e := (*failure.Error)(nil); errors.As(failed, &e) {
				message = fmt.Sprintf("%+v", *e)
			}
			if want == "" {
				want, wantError = string(bytes), message
			}
			if string(bytes) != want || message != wantError {
				t.Fatalf("selection %d: another order gave another outcome", i)
			}
		}
	}
}

func TestApplyDoesNotChangeItsInput(t *testing.T) {
	images := many(200)
	before, err := json.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	outcome := apply(t, spec.Select{}, images...)
	if len(outcome.Ranked) == 0 {
		t.Fatal("nothing is ranked")
	}
	after, err := json.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("Apply changed the images it was given")
	}
}

func BenchmarkApply(b *testing.B) {
	images := many(100_000)
	for name, sel := range map[string]spec.Select{
		"fields": {Region: "us-east-1", Architecture: "amd64", KubernetesVersion: "~1.30", Name: "gold*"},
		"where":  {Where: `image.owner == "self" && age < duration("2160h")`},
	} {
		rule, err := selection.Compile(sel)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if outcome := rule.Explain(selection.Prepare(images), now()); len(outcome.Ranked) == 0 {
					b.Fatal("nothing fits")
				}
			}
		})
	}
}

func asked(i *image.Image) { i.Evidence = image.Asked }

func recorded(i *image.Image) { i.Evidence = image.Recorded }

func withheld(why string) func(*image.Image) { return func(i *image.Image) { i.Withheld = why } }
