package selection_test

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// edge returns a tag of CanvOS, such as k3s-1.30.9-v4.7.0-demo, that was read.
func edge(tag string, options ...func(*image.Image)) image.Image {
	parts := strings.SplitN(tag, "-", 4)
	custom := ""
	if len(parts) > 3 {
		custom = parts[3]
	}
	img := readTag(parts[0], parts[1], strings.TrimPrefix(parts[2], "v"), custom)
	img.Attributes[image.AttributePEVersion] = parts[2]
	for _, o := range options {
		o(&img)
	}
	return img
}

// onlyNamed is a tag of which nothing but the name is known.
func onlyNamed(i *image.Image) { i.Digest, i.Architecture, i.State, i.OS = "", "", "", image.OS{} }

// templateOf is what an edge pack makes of tags of CanvOS.
func templateOf(versions ...string) selection.Template { return setting(spec.Values{}, versions...) }

// setting is what an edge pack makes of them with values of its own.
func setting(values spec.Values, versions ...string) selection.Template {
	return selection.Template{Versions: versions, Values: values, Leads: func(img *image.Image) (spec.Lead, error) {
		has := func(own, attribute string) string { return cmp.Or(own, img.Attributes[attribute]) }
		agent := has(values.PEVersion, image.AttributePEVersion)
		if agent == "" {
			return spec.Lead{}, errors.New("peVersion is unknown")
		}
		tail := agent + "-" + has(values.CustomTag, image.AttributeCustomTag)
		repository, _, _ := strings.Cut(img.ID, ":")
		id := func(kubernetes string) string {
			return strings.TrimSuffix(repository+":"+has(values.K8sDistribution, image.AttributeK8sDistribution)+"-"+strings.TrimPrefix(kubernetes, "v")+"-"+tail, "-")
		}
		lead := spec.Lead{Agent: agent, ID: id, Own: id(img.KubernetesVersion) == img.ID, Kubernetes: img.KubernetesVersion}
		if values.Repo != "" && !strings.HasPrefix(img.ID, "r/"+values.Repo+":") {
			lead.Elsewhere = "r/" + values.Repo
		}
		return lead, nil
	}}
}

func templated(t *testing.T, sel spec.Select, of selection.Template, images ...image.Image) selection.Outcome {
	t.Helper()
	rule, err := selection.Compile(sel)
	if err != nil {
		t.Fatal(err)
	}
	render := func(img *image.Image) (string, error) {
		lead, err := of.Leads(img)
		if err != nil {
			return "", err
		}
		return lead.ID("MACRO"), nil
	}
	rule = rule.Rendering(render).Templated(of)
	slices.Reverse(images) // which order they come in does not matter
	explained, decided := rule.Explain(selection.Prepare(images), now()), rule.Decide(selection.Prepare(images), now())
	if explained.Verdict != decided.Verdict || explained.Pick != nil && explained.Pick.ID != decided.Pick.ID {
		t.Errorf("explained as %s, decided as %s", explained.Verdict, decided.Verdict)
	}
	for _, drop := range explained.Dropped {
		if slices.Contains(explained.Ranked, drop.Image) {
			t.Errorf("%s fits, and is dropped by %s", drop.Image.ID, drop.Rule)
		}
	}
	return explained
}

type templateCase struct {
	sel      spec.Select
	versions []string
	images   []image.Image
	pick     string // or what the error says
}

// With a template Kubernetes is Palette's to fill in, so the newest agent is what is
// picked, if the template leads to an image that the pack accepts for every version.
func TestTemplates(t *testing.T) {
	arm := func(i *image.Image) { i.Architecture = "arm64" }
	gone := func(i *image.Image) { i.State = image.Gone }
	unusable := func(i *image.Image) { i.State, i.StateReason = image.Unusable, "a chart" }
	leap := func(i *image.Image) { i.OS.Name = "opensuse-leap" }
	leadTo(t, map[string]templateCase{
		"an old agent of a newer Kubernetes": {
			spec.Select{}, nil, []image.Image{edge("k3s-1.31.0-v4.4.0"), edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0")}, "k3s-1.30.9-v4.7.0",
		},
		"no image for one version of the newest agent": {
			spec.Select{}, []string{"1.29.9", "v1.30.9"},
			[]image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.9-v4.6.0"), edge("k3s-1.29.9-v4.6.0")}, "k3s-1.30.9-v4.6.0",
		},
		"another version than those that are named": {
			spec.Select{}, []string{"1.29.9", "1.30.8"},
			[]image.Image{edge("k3s-1.31.0-v4.7.0"), edge("k3s-1.30.8-v4.7.0"), edge("k3s-1.29.9-v4.7.0")}, "k3s-1.30.8-v4.7.0",
		},
		"of another architecture": {
			spec.Select{Architecture: "amd64"}, []string{"1.29.9", "1.30.9"},
			[]image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0", arm), edge("k3s-1.30.9-v4.6.0"), edge("k3s-1.29.9-v4.6.0")}, "k3s-1.30.9-v4.6.0",
		},
		"gone, unusable, of another system": {
			spec.Select{OS: spec.OS{Name: "ubuntu"}}, []string{"1.29.9", "1.30.9"},
			[]image.Image{
				edge("k3s-1.30.9-v4.9.0"), edge("k3s-1.29.9-v4.9.0", gone), edge("k3s-1.30.9-v4.8.0"), edge("k3s-1.29.9-v4.8.0", unusable),
				edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0", leap), edge("k3s-1.30.9-v4.6.0"), edge("k3s-1.29.9-v4.6.0"),
			}, "k3s-1.30.9-v4.6.0",
		},
	})
}

func TestTemplatesThatAreNoChoice(t *testing.T) {
	leadTo(t, map[string]templateCase{
		"of another custom tag": {
			spec.Select{}, []string{"1.29.9", "1.30.9"},
			[]image.Image{edge("k3s-1.30.9-v4.7.0-prod"), edge("k3s-1.29.9-v4.7.0-prod"), edge("k3s-1.30.9-v4.8.0-lab")}, "k3s-1.30.9-v4.7.0-prod",
		},
		"two custom tags": {
			spec.Select{}, []string{"1.30.9"}, []image.Image{edge("k3s-1.30.9-v4.7.0-prod"), edge("k3s-1.30.9-v4.8.0-lab")},
			"2 images fit, and they are of several custom tags",
		},
		"none for one version": {
			spec.Select{}, []string{"1.29.9", "1.30.9"}, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.6.0")},
			"its template leads to no image that fits: r/os:k3s-1.29.9-v4.7.0 for Kubernetes 1.29.9",
		},
		"exactly one template": {
			spec.Select{Pick: spec.PickExactlyOne}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0")}, "k3s-1.30.9-v4.7.0",
		},
		"two templates where one is wanted": {
			spec.Select{Pick: spec.PickExactlyOne}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.6.0")}, "pick is exactlyOne",
		},
		"a tag that is no template": {
			spec.Select{}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), {ID: "r/os:latest", Provider: "oci", Digest: "sha256:l", NewestBy: image.NewestByVersion, State: image.Available}},
			"k3s-1.30.9-v4.7.0",
		},
		"nothing that is a template": {
			spec.Select{}, []string{"1.30.9"}, []image.Image{{ID: "r/os:latest", Provider: "oci", Digest: "sha256:l", NewestBy: image.NewestByVersion, State: image.Available}}, "latest",
		},
		"a pre-release of the agent": {spec.Select{}, nil, []image.Image{edge("k3s-1.30.9-v4.8.0", func(i *image.Image) { i.ID, i.Attributes[image.AttributePEVersion] = i.ID+"-rc.1", "v4.8.0-rc.1" }), edge("k3s-1.30.9-v4.7.0")}, "k3s-1.30.9-v4.7.0"},
		"a tag that is none, at the end": {
			spec.Select{}, nil, []image.Image{edge("k3s-1.30.9-v4.7.0", arm), {ID: "r/os:latest", Provider: "oci", Digest: "sha256:l", NewestBy: image.NewestByVersion, State: image.Available, Architecture: "amd64"}}, "k3s-1.30.9-v4.7.0",
		},
	})
}

func leadTo(t *testing.T, tests map[string]templateCase) {
	t.Helper()
	for name, tc := range tests {
		outcome := templated(t, tc.sel, templateOf(tc.versions...), tc.images...)
		var failed *failure.Error
		_, err := outcome.Resolve("p")
		said := ""
		if errors.As(err, &failed) {
			said = failed.Summary + "\n" + strings.Join(failed.Details, "\n")
		}
		if outcome.Pick != nil {
			said = strings.TrimPrefix(outcome.Pick.ID, "r/os:")
		}
		if !strings.Contains(said, tc.pick) || (outcome.Pick != nil) != (said == tc.pick) || outcome.Pick == nil && !strings.Contains(tc.pick, " ") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// What values set is a condition of the pick, as the template leads to nothing else.
func TestTemplatesWithValues(t *testing.T) {
	agents := []image.Image{edge("k3s-1.31.0-v4.8.0"), edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0"), edge("k3s-1.30.9-v4.6.0")}
	kinds := []image.Image{edge("k3s-1.30.9-v4.8.0-lab"), edge("k3s-1.30.9-v4.7.0-prod"), edge("rke2-1.30.9-v4.6.0-prod"), edge("k3s-1.30.9-v4.5.0")}
	mirrored := append(slices.Clone(agents), edge("k3s-1.30.9-v4.6.0", func(i *image.Image) { i.ID = "r/mirror:k3s-1.30.9-v4.6.0" }))
	var spelled []image.Image
	for _, custom := range []string{"v1.0", "1.0", "v1", "0.10", "1.0.0", "1", "v1.0.0", "01", "0.9", "1.0.0.0"} {
		spelled = append(spelled, edge("k3s-1.30.9-v4.7.0-"+custom))
	}
	for name, tc := range map[string]struct {
		values   spec.Values
		versions []string
		sel      spec.Select
		images   []image.Image
		want     string // the pick, or what the message says
	}{
		"an older agent":                     {spec.Values{PEVersion: "v4.7.0"}, nil, spec.Select{}, agents, "k3s-1.30.9-v4.7.0"},
		"the newest agent":                   {spec.Values{PEVersion: "v4.8.0"}, nil, spec.Select{}, agents, "k3s-1.31.0-v4.8.0"},
		"an older agent with versions":       {spec.Values{PEVersion: "v4.7.0"}, []string{"1.29.9"}, spec.Select{}, agents, "k3s-1.29.9-v4.7.0"},
		"an agent without one of versions":   {spec.Values{PEVersion: "v4.7.0"}, []string{"1.29.9", "1.31.0"}, spec.Select{}, agents, "leads to no image that fits: r/os:k3s-1.31.0-v4.7.0 for Kubernetes 1.31.0"},
		"exactly one":                        {spec.Values{PEVersion: "v4.7.0"}, nil, spec.Select{Pick: spec.PickExactlyOne}, agents, "k3s-1.30.9-v4.7.0"},
		"no such agent":                      {spec.Values{PEVersion: "v4.9.9"}, nil, spec.Select{}, agents, "values.peVersion is v4.9.9, and the images that fit have v4.6.0, v4.7.0, v4.8.0: correct it"},
		"no such agent with versions":        {spec.Values{PEVersion: "v4.9.9"}, []string{"1.30.9"}, spec.Select{}, agents, "values.peVersion is v4.9.9, and the images"},
		"an agent of no image that fits":     {spec.Values{PEVersion: "v4.8.0"}, nil, spec.Select{KubernetesVersion: "~1.30"}, agents, "the images that fit have v4.6.0, v4.7.0: correct it"},
		"a tag of another form":              {spec.Values{PEVersion: "v4.8.0"}, nil, spec.Select{}, []image.Image{edge("k3s-1.31.0-v4.8.0", func(i *image.Image) { i.ID += "_linux_arm64" })}, "not to it: values.peVersion is v4.8.0\n"},
		"versions that there are not":        {spec.Values{}, []string{"1.29.1"}, spec.Select{}, agents, "\nbuild and push these images, or correct packs[].edge.kubernetesVersions"},
		"how many":                           {spec.Values{}, []string{"1.29.1"}, spec.Select{KubernetesVersion: "!=1.31.0"}, append(slices.Clone(agents), kinds[2:]...), "and 1 more: in all, kubernetesVersions drops 5, kubernetesVersion drops 1"},
		"where each leads":                   {spec.Values{PEVersion: "v4.9.9"}, nil, spec.Select{}, agents[:1], "its template leads to r/os:k3s-1.31.0-v4.9.9, and not to it: values.peVersion is v4.9.9, and it has v4.8.0"},
		"a custom tag":                       {spec.Values{CustomTag: "prod"}, nil, spec.Select{}, kinds, "2 images fit, and they are of several Kubernetes distributions"},
		"a custom tag and a distribution":    {spec.Values{CustomTag: "prod", K8sDistribution: "k3s"}, nil, spec.Select{}, kinds, "k3s-1.30.9-v4.7.0-prod"},
		"no such custom tag":                 {spec.Values{CustomTag: "test"}, nil, spec.Select{}, kinds, "values.customTag is test, and the images that fit have lab, none, prod: correct it"},
		"spellings of one custom tag":        {spec.Values{CustomTag: "test"}, nil, spec.Select{}, spelled, "the images that fit have 0.9, 0.10, 01, 1, 1.0, 1.0.0, 1.0.0.0, v1, 2 more: correct it"},
		"each of them, and not together":     {spec.Values{PEVersion: "v4.8.0", CustomTag: "prod"}, nil, spec.Select{}, kinds, "none of the images that fit has values.peVersion v4.8.0 and values.customTag prod: correct it"},
		"a mirror":                           {spec.Values{Repo: "mirror"}, nil, spec.Select{}, agents, "k3s-1.31.0-v4.8.0"},
		"a repository that has older images": {spec.Values{Repo: "mirror"}, nil, spec.Select{}, mirrored, "r/mirror:k3s-1.30.9-v4.6.0"},
		"not read": {
			spec.Values{PEVersion: "v4.7.0"}, nil, spec.Select{Architecture: "amd64"}, []image.Image{edge("k3s-1.30.9-v4.8.0", onlyNamed)},
			"values.peVersion is v4.7.0, and the images that fit, or may once they are read, have v4.8.0: correct it",
		},
	} {
		outcome := templated(t, tc.sel, setting(tc.values, tc.versions...), slices.Clone(tc.images)...)
		_, err := outcome.Resolve("p")
		said := ""
		if failed := (*failure.Error)(nil); errors.As(err, &failed) {
			said = failed.Summary + "\n" + strings.Join(failed.Details, "\n") + "\n" + failed.Next
		}
		if outcome.Pick != nil {
			said = strings.TrimPrefix(outcome.Pick.ID, "r/os:")
		}
		if !strings.Contains(said, tc.want) || outcome.Pick != nil && said != tc.want {
			t.Errorf("%s: %s", name, said)
		}
		notes := strings.Join(outcome.Notes, "\n")
		if strings.Contains(notes, "values lead to r/mirror, of which no source") != (name == "a mirror") {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}

// One pick stands for the images of all versions, so it is told where these are not alike.
func TestTemplatesOfUnlikeImages(t *testing.T) {
	arm := func(i *image.Image) { i.Architecture = "arm64" }
	release := func(version string) func(*image.Image) { return func(i *image.Image) { i.OS.Version = version } }
	const architectures = "the template leads to images of several architectures: "
	const releases = "the template leads to images of several releases of an operating system: "
	for name, tc := range map[string]struct {
		versions []string
		images   []image.Image
		want     string
	}{
		"alike":                   {nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0")}, ""},
		"architectures":           {nil, []image.Image{edge("k3s-1.30.9-v4.7.0", arm), edge("k3s-1.29.9-v4.7.0")}, architectures + "amd64 for Kubernetes 1.29.9, arm64 for Kubernetes 1.30.9: set select.architecture to be sure"},
		"of versions":             {[]string{"1.30.9", "v1.29.9"}, []image.Image{edge("k3s-1.30.9-v4.7.0", arm), edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0")}, ""},
		"of another version":      {[]string{"1.30.9"}, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0", arm)}, ""},
		"not known of the oldest": {nil, []image.Image{edge("k3s-1.30.9-v4.7.0", arm), edge("k3s-1.29.9-v4.7.0"), edge("k3s-1.28.9-v4.7.0", func(i *image.Image) { i.Architecture = "" })}, architectures + "amd64 for Kubernetes 1.29.9, arm64 for Kubernetes 1.30.9"},
		"of another agent":        {nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.6.0", arm)}, ""},
		"several of each":         {nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.30.9-v4.7.0", arm), edge("k3s-1.29.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0", arm)}, ""},
		"several of one":          {nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0", arm)}, architectures + "amd64 and arm64 for Kubernetes 1.29.9, amd64 for Kubernetes 1.30.9"},
		"not known of one":        {nil, []image.Image{edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0", onlyNamed)}, ""},
		"releases of a system": {
			nil, []image.Image{edge("k3s-1.30.9-v4.7.0", release("22.04")), edge("k3s-1.29.9-v4.7.0", release("20.04"))},
			releases + "ubuntu 20.04 for Kubernetes 1.29.9, ubuntu 22.04 for Kubernetes 1.30.9",
		},
		"systems, and their releases": {nil, []image.Image{edge("k3s-1.30.9-v4.7.0", release("22.04")), edge("k3s-1.29.9-v4.7.0", system("rhel", "9"))}, "several operating systems: rhel for Kubernetes 1.29.9, ubuntu for Kubernetes 1.30.9: set select.os to be sure"},
		"a part of the release":       {nil, []image.Image{edge("k3s-1.30.9-v4.7.0", release("22.04")), edge("k3s-1.29.9-v4.7.0", release("22")), edge("k3s-1.28.9-v4.7.0")}, ""},
	} {
		notes := strings.Join(templated(t, spec.Select{}, templateOf(tc.versions...), tc.images...).Notes, "\n")
		if !strings.Contains(notes, tc.want) || tc.want == "" && strings.Contains(notes, "several") {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}

// A patch of the agent follows its release, and numbers of a pre-release are numbers,
// however they are set off: as the source ranks them.
func TestTemplateOfTheNewestAgent(t *testing.T) {
	ascending := []string{
		"v4.7.0-alpha1", "v4.7.0-rc", "v4.7.0-rc2", "v4.7.0-rc.10", "v4.7.0-rc11", "v4.7.0", "v4.7.0-patch.7", "4.7.0-patch.10", "v4.7.1",
	}
	for i, older := range ascending {
		for _, newer := range ascending[i+1:] {
			// Kubernetes speaks for the older agent, so that it alone cannot decide.
			images := []image.Image{readTag("k3s", "1.31.0", "1.0.0", ""), readTag("k3s", "1.30.9", "1.0.0", "")}
			for j, agent := range []string{older, newer} {
				images[j].ID = "r/os:k3s-" + images[j].KubernetesVersion + "-" + agent
				images[j].Attributes[image.AttributePEVersion] = agent
			}
			sel := spec.Select{Where: `"-alpha -rc" != ""`} // names pre-releases
			if got := templated(t, sel, templateOf(), images...); got.Pick == nil || got.Pick.Attributes[image.AttributePEVersion] != newer {
				t.Errorf("%s and %s: picked %v", older, newer, got.Pick)
			}
		}
	}
}

func TestTemplateTellsItsVersions(t *testing.T) {
	outcome := templated(t, spec.Select{}, templateOf(), edge("k3s-1.30.10-v4.7.0"), edge("k3s-1.30.9-v4.7.0"), edge("k3s-1.29.9-v4.7.0"), edge("k3s-1.28.9-v4.6.0"))
	const want = "the template leads to images for Kubernetes 1.29.9, 1.30.9, 1.30.10, and the pack names no version"
	if notes := strings.Join(outcome.Notes, "\n"); !strings.Contains(notes, want) {
		t.Errorf("notes %q", notes)
	}
	outcome = templated(t, spec.Select{}, templateOf("1.30.9"), edge("k3s-1.30.10-v4.7.0"), edge("k3s-1.30.9-v4.7.0"))
	if notes := strings.Join(outcome.Notes, "\n"); strings.Contains(notes, "the template leads to") {
		t.Errorf("notes %q", notes)
	}
	older, newer := edge("k3s-1.31.0-v4.4.0"), edge("k3s-1.30.9-v4.7.0")
	if templateOf().Compare(&newer, &older) <= 0 || templateOf().Compare(&older, &newer) >= 0 || selection.Compare(&newer, &older) >= 0 {
		t.Error("a newer agent makes no image newer for a template")
	}
	outcome = templated(t, spec.Select{}, templateOf(), edge("k3s-1.31.0-v4.4.0"), edge("k3s-1.30.9-v4.7.0"))
	if byTimes := templated(t, spec.Select{}, templateOf(), edge("k3s-1.31.0-v4.4.0", byTime), edge("k3s-1.30.9-v4.7.0", byTime, created(1))); byTimes.DecidedBy != "createdAt" {
		t.Errorf("where times come first, decided by %s", byTimes.DecidedBy)
	}
	if outcome.DecidedBy != "peVersion" {
		t.Errorf("decided by %s", outcome.DecidedBy)
	}
}

// Agents that a word sets apart are in no order, whatever Kubernetes is beside them.
func TestAgentsWithoutOrder(t *testing.T) {
	of := func(kubernetes, agent string) image.Image {
		return edge("k3s-"+kubernetes+"-v4.7.0", func(i *image.Image) {
			i.ID, i.Version, i.Attributes[image.AttributePEVersion] = "r/os:k3s-"+kubernetes+"-"+agent, kubernetes+"·"+agent, agent
		})
	}
	outcome := templated(t, spec.Select{}, templateOf(), of("1.31.0", "v4.7.0-prod"), of("1.30.9", "v4.7.0-lab"))
	if outcome.Verdict != selection.Ambiguous {
		t.Errorf("got %s %+v", outcome.Verdict, outcome.Pick)
	}
	byTimes := func(img image.Image) image.Image {
		byTime(&img)
		return img
	}
	outcome = templated(t, spec.Select{}, templateOf(), byTimes(of("1.31.0", "v4.7.0-prod")), byTimes(of("1.30.9", "v4.7.0-lab")))
	if outcome.Pick == nil || outcome.Pick.KubernetesVersion != "1.31.0" {
		t.Errorf("where times come first: got %s %s", outcome.Verdict, outcome.Why)
	}
	outcome = templated(t, spec.Select{}, templateOf(), of("1.31.0", "v4.7.0-prod2"), of("1.30.9", "v4.7.0-prod10"))
	if outcome.Pick == nil || outcome.Pick.KubernetesVersion != "1.30.9" {
		t.Errorf("got %s %s", outcome.Verdict, outcome.Why)
	}
}

// A pre-release of the agent is picked when it is named: by its word in where or name,
// or by the pack's own value for the template.
func TestPreReleaseOfAnAgent(t *testing.T) {
	pre := func(version string) func(*image.Image) {
		return func(i *image.Image) {
			i.Attributes[image.AttributePEVersion], i.Attributes[image.AttributeCustomTag] = version, ""
		}
	}
	for version, release := range map[string]bool{
		"v4.8.0-rc.1": false, "4.8.0-beta2": false, "v4.8.0-alpha": false, "v4.8.0-dev": false, "v4.8.0-patch.7": true, "v4.8.0-3": true, "v4.8.0-release": true, "v4.8.0": true, "": true,
		"v4.8.0-RC1": false, "v4.8.0-canary.1": false, "4.8.0-3-nightly": false, "v4.8.0-rcsite": true, "v4.8.0-lab": true,
	} {
		images := []image.Image{edge("k3s-1.30.9-v4.8.0-x", pre(version))}
		for _, tc := range []struct {
			sel   spec.Select
			names bool
		}{
			{spec.Select{}, false},
			{spec.Select{Where: `image.attributes.peVersion == "` + version + `"`}, true},
			{spec.Select{Where: `image.attributes.peVersion.startsWith("")`}, false},
		} {
			outcome := apply(t, tc.sel, images...)
			if want := release || tc.names; (outcome.Pick != nil) != want {
				t.Errorf("%q, %+v: %s", version, tc.sel, outcome.Verdict)
			}
		}
	}
	const why = `its agent v4.8.0-rc.1 is a pre-release: name it to have it, as in where: 'image.attributes.peVersion == "v4.8.0-rc.1"'`
	if outcome := apply(t, spec.Select{}, edge("k3s-1.30.9-v4.8.0-rc.1", pre("v4.8.0-rc.1"))); len(outcome.Dropped) != 1 || outcome.Dropped[0].Reason != why {
		t.Errorf("dropped %+v", outcome.Dropped)
	}
	if outcome := apply(t, spec.Select{Name: "*-rc*"}, edge("k3s-1.30.9-v4.8.0-rc.1", pre("v4.8.0-rc.1"))); outcome.Pick == nil {
		t.Errorf("a name that tells it: %s", outcome.Verdict)
	}
	for _, sel := range []spec.Select{{Name: "*-rcsite"}, {Where: `image.name.endsWith("-rcsite")`}, {CustomTag: "rcsite"}} {
		images := []image.Image{edge("k3s-1.30.9-v4.7.0-rcsite"), edge("k3s-1.30.9-v4.8.0-rcsite", func(i *image.Image) { i.Attributes[image.AttributePEVersion] = "v4.8.0-rc.1" })}
		if outcome := apply(t, sel, images...); outcome.Pick == nil || outcome.Pick.ID != images[0].ID {
			t.Errorf("%+v, which is a longer word: %s %+v", sel, outcome.Verdict, outcome.Pick)
		}
	}
	for named, want := range map[string]bool{"v4.8.0-rc.1": true, "v4.8.0": false, "v4.7.0": false} {
		of := setting(spec.Values{PEVersion: named})
		if outcome := templated(t, spec.Select{}, of, edge("k3s-1.30.9-v4.8.0-rc.1", pre("v4.8.0-rc.1"))); (outcome.Pick != nil) != want {
			t.Errorf("the pack's values name %s: %s", named, outcome.Verdict)
		}
	}
}
