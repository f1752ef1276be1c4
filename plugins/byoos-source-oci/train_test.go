package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	host "github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

var (
	trainRuns = flag.Int("train.runs", 60, "how many random trains of releases are picked from")
	trainSeed = flag.Uint64("train.seed", 1, "the first seed of the random trains")
)

// release is a tag of a train as it was pushed, and an image for each architecture.
type release struct {
	distribution, custom string
	kubernetes, agent    [4]int // the last is that of a pre-release, which is below none
	// platform is set on the tag of one platform beside its index.
	platform      string
	architectures []string
	osName, team  string
	gone, chart   bool
}

const released = 99 // no pre-release

func version(v [4]int) string {
	text := fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
	if v[3] != released {
		text += fmt.Sprintf("-rc.%d", v[3])
	}
	return text
}

func (r release) tag() string {
	name := r.distribution + "-" + version(r.kubernetes) + "-v" + version(r.agent)
	if r.custom != "" {
		name += "-" + r.custom
	}
	if r.platform != "" {
		name += "_linux_" + r.platform
	}
	return name
}

// trainOf returns releases as teams push them: each agent with several Kubernetes
// versions, some architectures ending early, some tags deleted or no image.
func trainOf(random *rand.Rand) []release {
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	variants := [][2]string{{"k3s", "prod"}}
	if random.IntN(3) == 0 {
		variants = append(variants, [2]string{one("k3s", "rke2"), one("lab", "", "prod-2")})
	}
	var train []release
	seen := map[string]bool{}
	osName := one("ubuntu", "ubuntu", "")
	for range 1 + random.IntN(14) {
		variant := variants[random.IntN(len(variants))]
		r := release{
			distribution: variant[0], custom: variant[1], osName: osName, team: one("edge", "cloud"),
			kubernetes: [4]int{1, 29 + random.IntN(3), []int{1, 2, 10}[random.IntN(3)], released},
			agent:      [4]int{4, 6 + random.IntN(5), random.IntN(2), released},
			gone:       random.IntN(8) == 0, chart: random.IntN(10) == 0,
			architectures: [][]string{{"amd64"}, {"amd64", "arm64"}, {"arm64"}}[random.IntN(3)],
		}
		if random.IntN(6) == 0 {
			r.agent[3] = 1 + random.IntN(11)
		}
		if seen[r.tag()] {
			continue
		}
		seen[r.tag()] = true
		train = append(train, r)
		for _, platform := range []string{"amd64", "arm64"} {
			if beside := r; random.IntN(6) == 0 && !r.gone && !r.chart {
				beside.platform, beside.architectures, beside.gone = platform, []string{platform}, random.IntN(5) == 0
				train = append(train, beside)
			}
		}
	}
	return train
}

// push puts a train into a repository.
func pushTrain(t *testing.T, s *registry.Store, repo string, train []release) {
	for _, r := range train {
		labels := map[string]string{"team": r.team}
		if r.osName != "" {
			labels["byoos.dev/os-name"], labels["byoos.dev/os-version"] = r.osName, "22.04"
		}
		labels["tag"] = r.tag()
		switch {
		case r.chart:
			s.Put(repo, r.tag(), []byte(`{"schemaVersion":2,"mediaType":"`+registry.MediaTypeManifest+`","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:`+strings.Repeat("0", 64)+`","size":2},"layers":[]}`), registry.MediaTypeManifest)
		case len(r.architectures) == 1:
			s.Image(t, repo, r.tag(), registry.Manifest{Architecture: r.architectures[0], Labels: labels})
		default:
			var entries []registry.Descriptor
			for _, a := range r.architectures {
				entries = append(entries, s.Image(t, repo, "", registry.Manifest{Architecture: a, Labels: labels}).For("linux/"+a))
			}
			s.Index(t, repo, r.tag(), nil, entries...)
		}
	}
}

// question is what a pack asks of a train.
type question struct {
	sel, edge string
	fits      func(release) bool
	template  bool
	versions  []string
}

func questions() []question {
	all := func(release) bool { return true }
	return []question{
		{"", "{reference: tag}", all, false, nil},
		{"kubernetesVersion: ~1.30", "{reference: digest}", func(r release) bool { return r.kubernetes[1] == 30 }, false, nil},
		{"customTag: prod", "{reference: tag}", func(r release) bool { return r.custom == "prod" }, false, nil},
		{"tags: {team: edge}", "{reference: tag}", func(r release) bool { return r.team == "edge" }, false, nil},
		{"os: {name: ubuntu}", "{reference: tag}", func(r release) bool { return r.osName == "ubuntu" }, false, nil},
		{`where: 'image.attributes.peVersion.startsWith("v4.7")'`, "{reference: tag}", func(r release) bool { return r.agent[1] == 7 }, false, nil},
		{`name: "*-1.29.*"`, "{reference: tag}", func(r release) bool { return r.kubernetes[1] == 29 }, false, nil},
		{"", "{}", all, true, nil},
		{"tags: {team: edge}", "{}", func(r release) bool { return r.team == "edge" }, true, nil},
		{"", "{kubernetesVersions: [1.30.2]}", all, true, []string{"1.30.2"}},
		{"", "{kubernetesVersions: [1.29.10, 1.30.1]}", all, true, []string{"1.29.10", "1.30.1"}},
	}
}

const trainSpec = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: oci, config: {}}]
packs:
  - name: hosts
    pack: edge-native-byoi
    select: {architecture: %s, %s}
    edge: %s
`

// beside names a second source in a spec.
func beside(text string) string {
	return strings.Replace(text, "config: {}}]", "config: {}}, {name: second, type: oci, config: {}}]", 1)
}

// expected is what docs/selection.md says of a train, in the order of its rules.
func expected(train []release, q question, architecture string) string {
	whole := map[string]release{}
	for _, r := range train {
		if r.platform == "" {
			whole[r.tag()] = r
		}
	}
	var fit []release
	for _, r := range train {
		served := false // by the index beside it
		if r.platform != "" {
			index := r
			index.platform = ""
			beside := whole[index.tag()]
			served = !beside.gone && !beside.chart && slices.Contains(beside.architectures, r.platform)
		}
		if r.gone || r.chart || served || r.agent[3] != released || !slices.Contains(r.architectures, architecture) || !q.fits(r) {
			continue
		}
		fit = append(fit, r)
	}
	leadsTo := func(r release, version string) bool {
		return slices.ContainsFunc(fit, func(other release) bool {
			return other.platform == r.platform && other.distribution == r.distribution && other.custom == r.custom && other.agent == r.agent &&
				fmt.Sprintf("%d.%d.%d", other.kubernetes[0], other.kubernetes[1], other.kubernetes[2]) == version
		})
	}
	if q.versions != nil {
		fit = slices.DeleteFunc(slices.Clone(fit), func(r release) bool {
			return !slices.Contains(q.versions, version(r.kubernetes)) || slices.ContainsFunc(q.versions, func(v string) bool { return !leadsTo(r, v) })
		})
	}
	if q.template {
		// The tag of one platform is the template's only when it ends in a custom tag.
		fit = slices.DeleteFunc(fit, func(r release) bool { return r.platform != "" && r.custom == "" })
	}
	if len(fit) == 0 {
		return "none"
	}
	for _, r := range fit {
		if r.distribution != fit[0].distribution || r.custom != fit[0].custom {
			return "several"
		}
	}
	newest := slices.MaxFunc(fit, func(a, b release) int {
		if q.template {
			return cmp.Or(slices.Compare(a.agent[:], b.agent[:]), slices.Compare(a.kubernetes[:], b.kubernetes[:]))
		}
		return cmp.Or(slices.Compare(a.kubernetes[:], b.kubernetes[:]), slices.Compare(a.agent[:], b.agent[:]))
	})
	return newest.tag()
}

// pickOfTrain is the tag that the pack gets, "several" or "none".
func pickOfTrain(t *testing.T, maxListed int, text string, configs ...config) (picked, said string) {
	t.Helper()
	document, err := spec.Parse("byoos.yaml", []byte(text), "/specs")
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline.Pipeline{Document: document, Plugins: inProcess{t, configs, maxListed}, Now: now(), Report: func(host.Diagnostic) {}, Failed: func(error) {}}
	packs, err := p.Packs(nil)
	if err != nil {
		t.Fatal(err)
	}
	picks, _, err := p.Picks(t.Context(), packs)
	switch {
	case err != nil:
		t.Fatal(err)
	case picks[0].Image != nil:
		return picks[0].Image.Name, ""
	case picks[0].Outcome.Verdict == "ambiguous":
		return "several", picks[0].Err.Error()
	}
	return "none", picks[0].Err.Error()
}

// loses has a registry no longer have what is gone of a train, and now and then take its time.
func loses(s *registry.Store, train []release, slow bool) {
	gone := map[string]bool{}
	for _, r := range train {
		gone[r.tag()] = r.gone
	}
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		at := strings.LastIndex(r.URL.Path, "/manifests/")
		if at < 0 {
			return false
		}
		if slow {
			delay(r.Context(), time.Duration(rand.IntN(2000))*time.Microsecond)
		}
		if gone[r.URL.Path[at+len("/manifests/"):]] {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`)
			return true
		}
		return false
	}
}

// Of a train of releases the pick is what the rules in words say, whatever is read of it
// at first, and whichever answer comes first.
func TestTrainsOfReleases(t *testing.T) {
	s := registry.NewStore(t)
	if *trainRuns > 1000 {
		t.Logf("%d runs from seed %d", *trainRuns, *trainSeed)
	}
	all := questions()
	for n := range *trainRuns {
		seed := *trainSeed + uint64(n)
		random := rand.New(rand.NewPCG(seed, 4))
		train := trainOf(random)
		repo := fmt.Sprintf("edge/train-%d", seed)
		pushTrain(t, s, repo, train)
		s.Answers.Tags = func(tags []string) {
			random := rand.New(rand.NewPCG(seed, 5))
			slices.Sort(tags)
			random.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
		}
		loses(s, train, n%7 == 0)
		s.Disconnect() // each reading left some
		for range 2 {
			q, architecture := all[random.IntN(len(all))], []string{"amd64", "amd64", "arm64"}[random.IntN(3)]
			more := cmp.Or(q.sel, "provider: oci")
			text := fmt.Sprintf(trainSpec, architecture, more, q.edge)
			want := expected(train, q, architecture)
			blind := config{Labels: labels{OSName: "none"}, ResolveLimit: 1 + random.IntN(3), Repository: s.Host + "/" + repo}
			for _, c := range []config{
				{Resolve: resolveNewest}, {Resolve: resolveNewest, ResolveLimit: 1 + random.IntN(3)}, {Resolve: resolveAll}, {ResolveLimit: 1 + random.IntN(3)},
			} {
				c.Repository = s.Host + "/" + repo
				maxListed := 1 + random.IntN(20)
				configs, text := []config{c}, text
				if c.Resolve == "" { // beside one that knows less, the first or the second
					configs, text = []config{c, blind}, beside(text)
					random.Shuffle(2, func(i, j int) { configs[i], configs[j] = configs[j], configs[i] })
				}
				if got, said := pickOfTrain(t, maxListed, text, configs...); got != want {
					for _, r := range train {
						t.Logf("%s %v os %q team %s gone %v chart %v", r.tag(), r.architectures, r.osName, r.team, r.gone, r.chart)
					}
					t.Fatalf("seed %d, resolve %s, limit %d, %d listed:\n%s\ngot %s, the rules say %s\n%s", seed, c.Resolve, c.ResolveLimit, maxListed, text, got, want, said)
				}
			}
		}
	}
}

// The tag of one platform stands beside its index, whether they have a custom tag or not:
// where the index turns out to lack the architecture, it is read and picked.
func TestTagOfAPlatformWithoutCustomTag(t *testing.T) {
	for _, custom := range []string{"", "prod"} {
		s := registry.NewStore(t)
		at := func(agent int, platform string, architectures ...string) release {
			return release{distribution: "k3s", custom: custom, kubernetes: [4]int{1, 30, 1, released}, agent: [4]int{4, agent, 0, released}, platform: platform, architectures: architectures}
		}
		want := at(7, "amd64", "amd64")
		pushTrain(t, s, "edge/os", []release{at(8, "", "amd64"), at(7, "", "arm64"), want, at(6, "", "amd64")})
		text := fmt.Sprintf(trainSpec, "amd64", `where: 'image.attributes.peVersion < "v4.8"'`, "{reference: tag}")
		for _, resolve := range []string{resolveNewest, resolveAll} {
			c := config{Repository: s.Host + "/edge/os", Resolve: resolve}
			if got, said := pickOfTrain(t, maxListed, text, c); got != want.tag() {
				t.Errorf("resolve %s, custom tag %q: %s, %s", resolve, custom, got, said)
			}
		}
	}
}

// delay holds an answer up, so that others overtake it.
func delay(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
