package selection_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// at puts a tag into a repository.
func at(repository string) func(*image.Image) {
	return func(i *image.Image) {
		i.ID = repository + ":" + i.Name
		i.Attributes["repository"] = repository
	}
}

func holds(digest string) func(*image.Image) { return func(i *image.Image) { i.Digest = digest } }

func arm(i *image.Image) { i.Architecture = "arm64" }

// says is the pick of an outcome, or what its error says.
func says(outcome selection.Outcome) string {
	if outcome.Pick != nil {
		return outcome.Pick.ID
	}
	_, err := outcome.Resolve("p")
	if failed := (*failure.Error)(nil); errors.As(err, &failed) {
		return failed.Summary + "\n" + strings.Join(failed.Details, "\n") + "\n" + failed.Next
	}
	return ""
}

// Two templates are one image only when all that they lead to is; else neither the name of a
// repository nor the spelling of an agent chooses.
func TestTiesOfTemplates(t *testing.T) {
	both := func(more ...image.Image) []image.Image {
		return append([]image.Image{edge("k3s-1.30.5-v4.7.0", at("r/e"), holds("five")), edge("k3s-1.30.5-v4.7.0", at("r/m"), holds("five"))}, more...)
	}
	four := func(repository, digest string, options ...func(*image.Image)) image.Image {
		return edge("k3s-1.30.4-v4.7.0", append([]func(*image.Image){at(repository), holds(digest)}, options...)...)
	}
	spelled := func(agent, digest string) []image.Image {
		of := func(kubernetes, digest string) image.Image {
			return edge("k3s-"+kubernetes+"-v4.7.0", func(i *image.Image) {
				i.Name = "k3s-" + kubernetes + "-" + agent
				i.ID, i.Attributes[image.AttributePEVersion], i.Digest = "r/os:"+i.Name, agent, digest
			})
		}
		return []image.Image{of("1.30.5", "five"), of("1.30.4", digest)}
	}
	named := []string{"v1.30.4", "1.30.5"}
	mute := state(image.StateUnset, "its manifest is larger than 4 MiB")
	const apart = "their templates do not lead to one digest for Kubernetes "
	for name, tc := range map[string]struct {
		sel      spec.Select
		versions []string
		images   []image.Image
		want     string
	}{
		"one":                                {spec.Select{}, named, both(four("r/e", "four"), four("r/m", "four")), "r/e:k3s-1.30.5-v4.7.0"},
		"one without versions":               {spec.Select{}, nil, both(four("r/e", "four"), four("r/m", "four")), "r/e:k3s-1.30.5-v4.7.0"},
		"another for one version":            {spec.Select{}, named, both(four("r/e", "a"), four("r/m", "b")), apart + "v1.30.4\n"},
		"another, without versions":          {spec.Select{}, nil, both(four("r/e", "a"), four("r/m", "b")), apart + "1.30.4\n"},
		"another for two versions":           {spec.Select{}, nil, both(edge("k3s-1.29.10-v4.7.0", at("r/e"), holds("a")), edge("k3s-1.29.9-v4.7.0", at("r/e"), holds("a"))), apart + "1.29.9, 1.29.10\n"},
		"what chooses":                       {spec.Select{}, nil, both(four("r/e", "a"), four("r/m", "b")), "set packs[].values.repo to one of theirs"},
		"what chooses, beside a custom tag":  {spec.Select{}, nil, []image.Image{edge("k3s-1.30.5-v4.7.0-lab", at("r/e")), edge("k3s-1.30.5-v4.7.0", at("r/m"))}, "they differ in customTag, name: select by that; where: "},
		"none for one version":               {spec.Select{}, nil, both(four("r/e", "a")), apart + "1.30.4\n"},
		"none, which is not asked for":       {spec.Select{}, []string{"1.30.5"}, both(four("r/e", "a"), four("r/m", "b")), "r/e:k3s-1.30.5-v4.7.0"},
		"another that does not fit":          {spec.Select{KubernetesVersion: "1.30.5"}, nil, both(four("r/e", "a"), four("r/m", "b")), "r/e:k3s-1.30.5-v4.7.0"},
		"another of an architecture":         {spec.Select{}, named, both(four("r/e", "a"), four("r/e", "a", arm), four("r/m", "a")), "r/e:k3s-1.30.5-v4.7.0"},
		"an index":                           {spec.Select{}, nil, both(four("r/e", "a"), four("r/e", "a", arm), four("r/m", "a"), four("r/m", "a", arm)), "r/e:k3s-1.30.5-v4.7.0"},
		"not known":                          {spec.Select{}, named, both(four("r/e", "a"), four("r/m", "", onlyNamed)), apart + "v1.30.4\n"},
		"of two that are not known":          {spec.Select{}, named, both(four("r/e", "", onlyNamed), four("r/m", "", onlyNamed)), apart + "v1.30.4\n"},
		"a repository that the values name":  {spec.Select{Where: `image.attributes.repository == "r/m"`}, named, both(four("r/e", "a"), four("r/m", "b")), "r/m:k3s-1.30.5-v4.7.0"},
		"two spellings of an agent":          {spec.Select{}, named, append(spelled("v4.7.0", "a"), spelled("4.7.0", "b")...), apart + "v1.30.4\n"},
		"two spellings of one":               {spec.Select{}, named, append(spelled("v4.7.0", "a"), spelled("4.7.0", "a")...), "r/os:k3s-1.30.5-4.7.0"},
		"of one that two sources know":       {spec.Select{}, named, both(four("r/e", "four"), four("r/m", "four"), four("r/m", "", onlyNamed, from("other"))), apart + "v1.30.4\n"},
		"of another that two sources know":   {spec.Select{}, named, both(four("r/e", "four"), four("r/m", "four"), four("r/e", "", onlyNamed, from("other"))), apart + "v1.30.4\n"},
		"of what none can read":              {spec.Select{}, named, both(four("r/e", "", onlyNamed, mute), four("r/m", "", onlyNamed, mute)), apart + "v1.30.4\n"},
		"of one template, not read of one":   {spec.Select{}, nil, []image.Image{edge("k3s-1.30.5a-v4.7.0", version("1.30.5-lab")), edge("k3s-1.30.5b-v4.7.0", version("1.30.5-prod")), edge("k3s-1.30.4-v4.7.0", onlyNamed)}, "r/os:k3s-1.30.5b-v4.7.0"},
		"what chooses between the spellings": {spec.Select{}, nil, append(spelled("v4.7.0", "a"), spelled("4.7.0", "b")...), "set packs[].values.peVersion to one of theirs"},
		"words without order":                {spec.Select{}, nil, append(spelled("v4.7.0-lab", "a"), spelled("v4.7.0-prod", "b")...), apart + "1.30.4\n"},
		"words without order, of one":        {spec.Select{}, nil, append(spelled("v4.7.0-lab", "a"), spelled("v4.7.0-prod", "a")...), "r/os:k3s-1.30.5-v4.7.0-prod"},
	} {
		if said := says(templated(t, tc.sel, templateOf(tc.versions...), slices.Clone(tc.images)...)); !strings.Contains(said, tc.want) {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// What templates that are a tie lead to is read, and what may make images of several
// architectures those of one template.
func TestUnreadOfTemplates(t *testing.T) {
	tie := []image.Image{
		edge("k3s-1.30.5-v4.7.0", at("r/e"), holds("five")), edge("k3s-1.30.5-v4.7.0", at("r/m"), holds("five")),
		edge("k3s-1.30.4-v4.7.0", at("r/e"), onlyNamed), edge("k3s-1.30.4-v4.7.0", at("r/m"), onlyNamed),
		edge("k3s-1.30.4-v4.6.0", at("r/e"), onlyNamed), edge("k3s-1.30.3-v4.7.0", at("r/m"), onlyNamed),
	}
	newest := []image.Image{edge("k3s-1.30.5-v4.7.0", arm), edge("k3s-1.30.4-v4.7.0", onlyNamed), edge("k3s-1.30.4-v4.6.0", onlyNamed)}
	kinds := []image.Image{edge("k3s-1.30.5-v4.7.0"), edge("k3s-1.30.4-v4.7.0"), edge("rke2-1.30.5-v4.7.0"), edge("rke2-1.30.4-v4.7.0", onlyNamed), edge("rke2-1.30.3-v4.7.0", onlyNamed)}
	half := func(agent string) []image.Image {
		return []image.Image{
			edge("k3s-1.30.5-v4.7.0", at("r/m")), edge("k3s-1.30.4-v4.7.0", at("r/m")),
			edge("k3s-1.30.5-v"+agent, at("r/e")), edge("k3s-1.30.4-v"+agent, at("r/e"), onlyNamed), edge("k3s-1.30.3-v"+agent, at("r/e"), onlyNamed),
		}
	}
	amd64 := spec.Select{Architecture: "amd64"}
	for name, tc := range map[string]struct {
		sel      spec.Select
		versions []string
		images   []image.Image
		want     string
	}{
		"a tie":                       {amd64, nil, tie, "r/e:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.3-v4.7.0"},
		"a tie beside an older agent": {amd64, nil, append(slices.Clone(tie), edge("k3s-1.30.5-v4.6.0", at("r/e"), holds("old"))), "r/e:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.3-v4.7.0"},
		"a tie of indexes":            {spec.Select{}, nil, append(slices.Clone(tie), edge("k3s-1.30.5-v4.7.0", at("r/e"), holds("five"), arm), edge("k3s-1.30.5-v4.7.0", at("r/m"), holds("five"), arm)), "r/e:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.3-v4.7.0"},
		"one that may be of another architecture": {spec.Select{}, []string{"1.30.5", "1.30.4"}, []image.Image{edge("k3s-1.30.5-v4.7.0"), edge("k3s-1.30.4-v4.7.0", arm, from("a")), edge("k3s-1.30.4-v4.7.0", onlyNamed, from("b"))}, "r/os:k3s-1.30.4-v4.7.0"},
		"a tie of versions":                       {spec.Select{}, []string{"1.30.5", "1.30.4"}, tie, "r/e:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.4-v4.7.0"},
		"a tie of one that may lack one":          {amd64, []string{"1.30.5", "1.30.4", "1.30.2"}, append(slices.Clone(tie), edge("k3s-1.30.2-v4.7.0", at("r/m")), edge("k3s-1.30.2-v4.7.0", at("r/e"), holds("other"))), "r/e:k3s-1.30.4-v4.7.0 r/m:k3s-1.30.4-v4.7.0"},
		"no tie of one version":                   {amd64, []string{"1.30.5"}, tie, ""},
		"a tie of which one was read":             {amd64, []string{"1.30.5", "1.30.4"}, half("4.7.0"), "r/e:k3s-1.30.4-v4.7.0"},
		"a newer one of which one was read":       {amd64, []string{"1.30.5", "1.30.4"}, half("4.8.0"), "r/e:k3s-1.30.4-v4.8.0"},
		"an older one of which one was read":      {amd64, []string{"1.30.5", "1.30.4"}, half("4.6.0"), ""},
		"one that lacks another, too":             {amd64, []string{"1.30.5", "1.30.4", "1.29.1"}, append(half("4.7.0"), edge("k3s-1.29.1-v4.7.0", at("r/m"))), ""},
		"a tie that is told":                      {amd64, nil, append(slices.Clone(tie), edge("k3s-1.30.2-v4.7.0", at("r/m"))), ""},
		"variants, of which one may be none":      {spec.Select{}, []string{"1.30.5", "1.30.4"}, kinds, "r/os:rke2-1.30.4-v4.7.0"},
		"variants without versions":               {spec.Select{}, nil, kinds, ""},
		"several architectures":                   {spec.Select{}, nil, append(slices.Clone(newest), edge("k3s-1.30.5-v4.6.0")), "r/os:k3s-1.30.4-v4.7.0"},
		"one architecture":                        {spec.Select{}, nil, append(slices.Clone(newest), edge("k3s-1.30.5-v4.6.0", arm)), ""},
		"several, of versions":                    {spec.Select{}, []string{"1.30.5", "1.30.4"}, newest, "r/os:k3s-1.30.4-v4.7.0"},
		"several, of no other version":            {spec.Select{}, []string{"1.30.5"}, append(slices.Clone(newest), edge("k3s-1.30.5-v4.6.0")), ""},
		"several, and one is selected":            {spec.Select{Architecture: "arm64"}, nil, append(slices.Clone(newest), edge("k3s-1.30.5-v4.6.0")), ""},
	} {
		var got []string
		for _, img := range templated(t, tc.sel, templateOf(tc.versions...), slices.Clone(tc.images)...).Unread() {
			got = append(got, img.ID)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
