package pipeline_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
)

var (
	readingRuns = flag.Int("reading.runs", 300, "how many random registries packs are picked from")
	readingSeed = flag.Uint64("reading.seed", 25, "the first seed of the random registries")
)

// lens is what a source makes of tags: which facts their names tell it, and which it reads.
type lens struct {
	// kubernetes is told by the name, read, or neither; os likewise, where a name may tell
	// less than what is read: a version without a system, a part of one, a name alone.
	kubernetes, os string
	// platforms are the architectures that names have, by the tag's id, where it knows.
	platforms map[string]string
}

func (l lens) lists(tag image.Image) image.Image {
	named := nameOf(tag)
	if l.kubernetes != "named" {
		named.KubernetesVersion = ""
	}
	named.OS = map[string]image.OS{
		"version": {Version: "jammy"}, "part": {Name: "ubuntu", Version: "22"}, "name": {Name: "ubuntu"}, "named": {Name: "ubuntu", Version: "22.04"},
	}[l.os]
	named.Architecture = l.platforms[tag.ID]
	return named
}

func (l lens) reads(tag image.Image) image.Image {
	named, read := l.lists(tag), tag
	if tag.State == image.Gone {
		named.State = image.Gone
		return named
	}
	if l.kubernetes == "none" {
		read.KubernetesVersion = ""
	}
	inside := tag.OS
	switch l.os {
	case "none":
		read.OS = image.OS{}
	case "other":
		read.OS = image.OS{Name: "rhel", Version: "9"}
	case "version":
		if inside.Name == "" {
			read.OS = named.OS
		}
	case "part", "name":
		read.OS = named.OS
		if inside.Name == "ubuntu" && strings.HasPrefix(inside.Version, named.OS.Version) {
			read.OS.Version = inside.Version
		}
	case "named":
		read.OS = named.OS
	}
	if named.Architecture != "" && named.Architecture != read.Architecture {
		read.Withheld = "its tag says otherwise"
	}
	return read
}

// question is a pack, and whether it says of what architecture and system the image is.
type question struct {
	sel, edge          string
	architecture, osIs bool
	// blind says that no name tells an architecture, and the pack selects none: that an older
	// tag is of another is not known before it is read.
	blind bool
}

func questionOf(random *rand.Rand) question {
	q := question{architecture: random.IntN(4) > 0}
	q.blind = !q.architecture && random.IntN(2) == 0
	architecture := "provider: oci"
	if q.architecture {
		architecture = "architecture: amd64"
	}
	os := one(random, "", "", "os: {name: ubuntu}", `os: {name: ubuntu, version: "22.04"}`, `os: {name: ubuntu, version: "24.04"}`, `os: {version: "22.04"}`)
	q.osIs = strings.Contains(os, "name")
	rest := one(random, "", "", "name: 'k3s-*'", "tags: {team: edge}", "kubernetesVersion: ~1.30", "k8sDistribution: k3s", "customTag: prod",
		"where: 'image.attributes.peVersion == \"v4.6.0\"'", "where: 'image.tags.team == \"edge\" && image.kubernetesVersion != \"1.30.2\"'",
		"where: 'image.os.name == \"ubuntu\" || image.name.endsWith(\"prod\")'", "where: 'has(image.createdAt) && age < duration(\"72h\")'",
		"where: 'image.os.version == \"22.04\"'", "where: '!has(image.os.name)'", "where: '!has(image.kubernetesVersion) || image.tags.team == \"edge\"'")
	if q.blind {
		q.osIs, os, rest = false, "", one(random, "", "", "k8sDistribution: k3s")
	}
	parts := []string{architecture, one(random, "pick: newest", "pick: newest", "pick: newest", "pick: exactlyOne"), os, rest}
	q.sel = "{" + strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ") + "}"
	q.edge = one(random, "{reference: tag}", "{reference: tag}", "{}", "{kubernetesVersions: [1.30.1]}", "{kubernetesVersions: [1.29.1, 1.30.2]}",
		"{}, values: {peVersion: v4.6.0}", "{}, values: {peVersion: v4.7.0-rc.1}", "{kubernetesVersions: [1.30.1]}, values: {customTag: prod}", "{}, values: {k8sDistribution: rke2}")
	if q.blind {
		q.edge = one(random, "{}", "{}", "{kubernetesVersions: [1.30.1, 1.30.2]}", "{reference: tag}")
	}
	return q
}

// sourcesOf are sources that list one repository, each with eyes of its own.
func sourcesOf(random *rand.Rand, q question, tags []image.Image, platforms map[string]string) registries {
	sources := registries{}
	count := one(random, 1, 1, 2, 3)
	for i := range count {
		l := lens{kubernetes: one(random, "named", "named", "named", "read", "none"), os: one(random, "read", "read", "none", "version", "part", "name", "named")}
		if q.osIs && random.IntN(5) == 0 {
			l.os = "other"
		}
		if !q.blind && (!q.architecture || random.IntN(3) == 0) { // else nothing tells that there are several
			l.platforms = platforms
		}
		r := &registry{tags: slices.Clone(tags), lists: l.lists, reads: l.reads, first: random.IntN(4), dumb: count > 1 && random.IntN(6) == 0}
		r.whole = !r.dumb && random.IntN(6) == 0
		if count > 1 && random.IntN(3) == 0 {
			r.tags = slices.DeleteFunc(r.tags, func(tag image.Image) bool { return len(tag.ID)%2 == 0 })
		}
		random.Shuffle(len(r.tags), func(i, j int) { r.tags[i], r.tags[j] = r.tags[j], r.tags[i] })
		sources[fmt.Sprintf("s%d", i)] = r
	}
	return sources
}

// specOf is a spec with the sources by other names, in another order.
func specOf(random *rand.Rand, q question, sources registries) string {
	var listed []string
	for i, at := range random.Perm(len(sources)) {
		listed = append(listed, fmt.Sprintf("{name: %c, type: s%d, config: {}}", 'a'+i, at))
	}
	random.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
	return strings.NewReplacer("{name: edge, type: fake, config: {}}", strings.Join(listed, ", "), "SELECT", q.sel, "EDGE", q.edge).Replace(registrySpec)
}

// What is picked of lists of names, of which what matters is asked for, is what is picked
// where all of it was read, whatever the sources are called and know of the tags.
func TestReadingIsAsIfAllWereRead(t *testing.T) {
	verdicts := map[string]int{}
	for n := range *readingRuns {
		seed := *readingSeed + uint64(n)
		random := rand.New(rand.NewPCG(seed, 25))
		q := questionOf(random)
		tags, platforms := trainOf(random, !q.architecture && !q.blind)
		if random.IntN(3) == 0 {
			tags = mirrored(random, tags, platforms)
		}
		lazy := sourcesOf(random, q, tags, platforms)
		all := registries{}
		for name, r := range lazy {
			whole := *r
			whole.whole = !r.dumb
			all[name] = &whole
		}
		want, err := pickOf(t, all, specOf(random, q, all))
		if err != nil {
			t.Fatal(err)
		}
		verdicts[string(want.Outcome.Verdict)]++
		leadsToItself(t, want)
		for range 2 {
			text := specOf(random, q, lazy)
			got, err := pickOf(t, lazy, text)
			if err != nil {
				t.Fatal(err)
			}
			if ended(got) == ended(want) || q.blind && got.Image != nil && strings.Contains(want.Outcome.Why, "several architectures") {
				continue
			}
			for _, tag := range tags {
				t.Logf("%s %s (%s) %s %s %v %v", tag.Name, tag.Architecture, platforms[tag.ID], tag.State, tag.OS, tag.Tags, tag.CreatedAt)
			}
			for name, r := range lazy {
				t.Logf("%s: whole %v, dumb %v, %d first, asked %q", name, r.whole, r.dumb, r.first, r.asked)
				for _, tag := range r.tags[:min(1, len(r.tags))] {
					t.Logf("lists %+v\nreads %+v", r.lists(tag), r.reads(tag))
				}
			}
			t.Fatalf("seed %d:%s\ngot %s, %v\nof all %s, %v", seed, text, ended(got), got.Err, ended(want), want.Err)
		}
	}
	t.Log(verdicts)
	for _, verdict := range []string{"picked", "ambiguous", "noImage"} {
		if verdicts[verdict] < *readingRuns/20 {
			t.Errorf("only %d of %d end as %s", verdicts[verdict], *readingRuns, verdict)
		}
	}
}

// mirrored puts copies of tags into another repository, or under another spelling of the
// agent: of some images, all or others.
func mirrored(random *rand.Rand, tags []image.Image, platforms map[string]string) []image.Image {
	copied := map[string]image.Image{}
	lacking, others := one(random, 0, 0, 4), one(random, 0, 0, 6)
	from, to := one(random, "/os:", "-v"), "/aa:"
	if from == "-v" {
		to = "-"
	}
	for _, tag := range slices.Clone(tags) {
		id := strings.Replace(tag.ID, from, to, 1)
		first, known := copied[id]
		if !known && lacking > 0 && random.IntN(lacking) == 0 {
			continue
		}
		beside := tag
		beside.ID, beside.Tags, beside.Attributes = id, maps.Clone(tag.Tags), maps.Clone(tag.Attributes)
		if from == "-v" {
			beside.Name = strings.Replace(tag.Name, from, to, 1)
			beside.Attributes["tag"], beside.Attributes[image.AttributePEVersion] = beside.Name, strings.TrimPrefix(tag.Attributes[image.AttributePEVersion], "v")
		} else {
			beside.Attributes["repository"] = "aa"
		}
		switch {
		case known:
			beside.Digest = first.Digest
		case others > 0 && random.IntN(others) == 0 && beside.Digest != "":
			beside.Digest = "sha256:" + fmt.Sprintf("%064x", 1000+len(copied))
		}
		if platform := platforms[tag.ID]; platform != "" {
			platforms[id] = platform
		}
		copied[id] = beside
		tags = append(tags, beside)
	}
	return tags
}

// leadsToItself checks that what is rendered of a pick leads to it.
func leadsToItself(t *testing.T, pick pipeline.Pick) {
	t.Helper()
	if pick.Image == nil {
		return
	}
	version := pick.Image.KubernetesVersion
	if version == "" {
		version = strings.Split(pick.Image.Name, "-")[1]
	}
	values, err := pick.Values()
	if err != nil {
		t.Fatal(err)
	}
	if to, _ := values.Reference(version); to != pick.Image.ID {
		t.Fatalf("%s is picked, and the values lead to %s", pick.Image.ID, to)
	}
}

// trainOf are tags of releases, with an image for one or two architectures each, and the
// architecture that the names of some have, which may be wrong. Those of single platforms
// all have one.
func trainOf(random *rand.Rand, single bool) (tags []image.Image, platforms map[string]string) {
	names := map[string]bool{}
	platforms = map[string]string{}
	byTime := random.IntN(5) == 0
	several := random.IntN(3) == 0
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}
	for range 1 + random.IntN(25) {
		distribution, custom := "k3s", "prod"
		if several {
			distribution, custom = one(random, "k3s", "k3s", "rke2"), one(random, "", "prod", "prod")
		}
		tag := tagOf(distribution, one(random, "1.29.1", "1.30.1", "1.30.2", "1.31.0"), one(random, "v4.5.0", "v4.6.0", "v4.7.0", "v4.7.0-rc.1"), custom)
		if names[tag.ID] {
			continue
		}
		names[tag.ID] = true
		tag.Tags = map[string]string{"team": one(random, "edge", "cloud")}
		tag.OS.Name = one(random, "ubuntu", "ubuntu", "ubuntu", "")
		tag.OS.Version = one(random, "22.04", "22.04", "24.04")
		tag.State = one(random, image.Available, image.Available, image.Available, image.Gone, image.Unusable)
		if random.IntN(3) > 0 {
			at := time.Date(2026, 10, 28+random.IntN(4), random.IntN(24), random.IntN(60), 0, 0, time.UTC)
			tag.CreatedAt = &at
		}
		if byTime {
			tag.NewestBy = image.NewestByCreated
		}
		tag.Architecture = one(random, "amd64", "amd64", "arm64")
		two := !single && random.IntN(4) == 0
		if single || !two && random.IntN(2) == 0 {
			platforms[tag.ID] = one(random, tag.Architecture, tag.Architecture, tag.Architecture, tag.Architecture, tag.Architecture, other[tag.Architecture])
		}
		switch {
		case tag.State == image.Gone:
			tag = nameOf(tag)
			tag.State = image.Gone
		case two:
			beside := tag
			beside.Tags = maps.Clone(tag.Tags)
			beside.Architecture = other[tag.Architecture]
			tags = append(tags, beside)
		}
		tags = append(tags, tag)
	}
	return tags, platforms
}
