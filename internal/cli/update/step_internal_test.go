package update

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func at(day int) *time.Time {
	t := time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
	return &t
}

func run(id string) *image.Reference { return &image.Reference{Kind: "packer-run-uuid", Value: id} }

func locked(change func(*image.Image)) lock.Entry {
	entry := lock.Entry{Name: "p", Pack: spec.GenericBYOI, SpecDigest: "sha256:s", Image: image.Image{
		ID: "ami-0123456789abcdef0", Provider: "aws", Region: "us-east-1", Architecture: "amd64", OS: image.OS{Name: "rhel", Version: "8.8"}, CreatedAt: at(2), Reference: run("1"),
	}}
	if change != nil {
		change(&entry.Image)
	}
	return entry
}

func TestReason(t *testing.T) {
	other := func(change func(*image.Image)) func(*image.Image) {
		return func(i *image.Image) {
			i.ID = "ami-0123456789abcdef1"
			change(i)
		}
	}
	byVersion := func(v string, day int) func(*image.Image) {
		return func(i *image.Image) { i.NewestBy, i.Version, i.CreatedAt = image.NewestByVersion, v, at(day) }
	}
	azure := func(id string) func(*image.Image) {
		return func(i *image.Image) { i.ID, i.Provider, i.Region = id, "azure", "westus2" }
	}
	const version = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.0"
	spanning := func(region string) func(*image.Image) {
		return func(i *image.Image) { azure(version)(i); i.Region, i.SpansRegions = region, true }
	}
	for name, test := range map[string]struct {
		old, now func(*image.Image)
		gone     bool
		want     string
	}{
		"nothing":                             {want: ""},
		"newer":                               {now: other(func(i *image.Image) { i.CreatedAt = at(3) }), want: "newer"},
		"older":                               {now: other(func(i *image.Image) { i.CreatedAt = at(1) }), want: "older"},
		"older, as the old one is gone":       {now: other(func(i *image.Image) { i.CreatedAt = at(1) }), gone: true, want: "gone"},
		"newer, and the old one is gone":      {now: other(func(i *image.Image) { i.CreatedAt = at(3) }), gone: true, want: "newer"},
		"neither is newer":                    {now: other(func(*image.Image) {}), want: "changed"},
		"a higher version of an earlier date": {old: byVersion("1.9.0", 5), now: other(byVersion("1.10.0", 1)), want: "newer"},
		"a lower version of a later date":     {old: byVersion("1.10.0", 1), now: other(byVersion("1.9.0", 5)), want: "older"},
		"ranked in another way":               {old: byVersion("1.10.0", 1), now: other(func(i *image.Image) { i.CreatedAt = at(5) }), want: "changed"},
		"another system behind the id":        {now: func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "22.04"} }, want: "changed"},
		"a tag that was pushed again":         {now: func(i *image.Image) { i.Digest = "sha256:b" }, want: "changed"},
		"a name that was built again":         {now: func(i *image.Image) { i.Reference = run("2") }, want: "changed"},
		"a handle of another kind":            {old: func(i *image.Image) { i.Reference = &image.Reference{Kind: "arm-id", Value: "x"} }, want: ""},
		"a build in another handle's place":   {now: func(i *image.Image) { i.Reference = &image.Reference{Kind: "arm-id", Value: "x"} }, want: ""},
		"a build that had no handle":          {old: func(i *image.Image) { i.Reference = nil }, want: "changed"},
		"a tag of the image":                  {now: func(i *image.Image) { i.Tags = map[string]string{"a": "b"} }, want: ""},
		"an id in other letter case":          {old: azure(version), now: azure("/SUBSCRIPTIONS" + version[14:]), want: ""},
		"a region in other words":             {old: azure(version), now: func(i *image.Image) { azure(version)(i); i.Region = "West US 2" }, want: ""},
		"good in one region fewer":            {old: spanning(""), now: spanning("eastus"), want: ""},
		"good in one region more":             {old: spanning("eastus"), now: spanning(""), want: "changed"},
		"moved to another region":             {old: spanning("eastus"), now: spanning("westus2"), want: "changed"},
		"a region that was not known":         {old: func(i *image.Image) { i.Region = "" }, want: "changed"},
		"a short form of the same id":         {old: azure(version), now: func(i *image.Image) { azure("/galleries/g/images/i")(i); i.FullID = version }, want: "changed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &picked{gone: map[string]bool{"p": test.gone}}
			pack := spec.Pack{Name: "p", Pack: spec.GenericBYOI}
			if got := p.reason(pack, locked(test.old), true, locked(test.now)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Of a template the newest agent makes an image newer, and not the version of Kubernetes,
// as its pick is made.
func TestReasonOfATemplate(t *testing.T) {
	edge := func(kubernetes, agent string) lock.Entry {
		return lock.Entry{Name: "p", Pack: spec.EdgeNativeBYOI, SpecDigest: "sha256:s", Image: image.Image{
			ID: "r.example/os:k3s-" + kubernetes + "-" + agent, Provider: "oci", NewestBy: image.NewestByVersion, Version: kubernetes + "-" + agent[1:], KubernetesVersion: kubernetes,
			Attributes: map[string]string{"registry": "r.example", "repository": "os", "tag": "k3s-" + kubernetes + "-" + agent, image.AttributeK8sDistribution: "k3s", image.AttributePEVersion: agent},
		}}
	}
	for _, test := range []struct{ reference, want string }{{"template", "newer"}, {"", "newer"}, {"tag", "older"}} {
		of := spec.Pack{Name: "p", Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{Reference: test.reference}}
		if got := new(picked).reason(of, edge("1.31.0", "v4.6.0"), true, edge("1.30.9", "v4.7.0")); got != test.want {
			t.Errorf("reference %q: got %q, want %q", test.reference, got, test.want)
		}
	}
	rest := func(what string) lock.Entry {
		e := edge("1.30.9", "v4.7.0")
		e.Image.ID += what
		e.Image.Version += what
		return e
	}
	tag := spec.Pack{Name: "p", Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{Reference: "tag"}}
	if got := new(picked).reason(tag, rest("-lab"), true, rest("-prod")); got != "changed" {
		t.Errorf("another word: got %q", got)
	}
}

func fileOf(t *testing.T, entries ...lock.Entry) *lock.File {
	t.Helper()
	file := lock.New()
	for _, entry := range entries {
		if err := file.Put(entry); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// A source that failed may have the newest: its packs keep what they have. An entry of
// another spec that is kept is told as a failure, as nothing renders from it.
func TestFailedSourceRollsNothingBack(t *testing.T) {
	other := func(day int) func(*image.Image) {
		return func(i *image.Image) { i.ID, i.CreatedAt = "ami-0123456789abcdef1", at(day) }
	}
	for name, test := range map[string]struct {
		now         func(*image.Image)
		spec        string
		want        []string
		kept, stale int
	}{
		"older": {other(1), "sha256:s", []string{"new"}, 1, 0}, "newer": {other(3), "sha256:s", []string{"newer", "new"}, 0, 0},
		"older, of another spec": {other(1), "sha256:t", []string{"new"}, 0, 1}, "newer, of another spec": {other(3), "sha256:t", []string{"specChanged", "new"}, 0, 0},
		"the same, of another spec":             {nil, "sha256:t", []string{"specChanged", "new"}, 0, 0},
		"less of the same, of another spec":     {func(i *image.Image) { i.OS = image.OS{} }, "sha256:t", []string{"new"}, 0, 1},
		"less of the same, of an unchanged one": {func(i *image.Image) { i.OS = image.OS{} }, "sha256:s", []string{"new"}, 1, 0},
		// A manifest's time is when the build ended, the service's when the image began.
		"less of the same, of a later time": {func(i *image.Image) { i.OS, i.CreatedAt = image.OS{}, at(3) }, "sha256:s", []string{"new"}, 1, 0},
		"built again under its id":          {func(i *image.Image) { i.CreatedAt, i.Reference = at(3), run("2") }, "sha256:s", []string{"changed", "new"}, 0, 0},
	} {
		entry := locked(test.now)
		entry.SpecDigest = test.spec
		added := locked(nil)
		added.Name = "z"
		p := &picked{
			entries: []lock.Entry{entry, added}, names: map[string]bool{"p": true, "failed": true},
			picks: map[string]pipeline.Pick{"p": {Pack: spec.Pack{Name: "p", Pack: spec.GenericBYOI}, FailedSources: []string{"golden"}}},
		}
		failed := locked(nil)
		failed.Name = "failed"
		got := p.compare(fileOf(t, locked(nil), failed), true)
		var reasons []string
		for _, change := range got.changes {
			reasons = append(reasons, change.Reason)
		}
		if diff := cmp.Diff(test.want, reasons); diff != "" || len(got.kept) != test.kept || len(got.stale) != test.stale {
			t.Errorf("%s: %s, kept %q, stale %q", name, diff, got.kept, got.stale)
		}
	}
}

// What another update wrote while the sources were asked is not rolled back to what they
// said before.
func TestAnotherUpdateMeanwhile(t *testing.T) {
	other := func(day int) func(*image.Image) {
		return func(i *image.Image) { i.ID, i.CreatedAt = "ami-0123456789abcdef1", at(day) }
	}
	then := map[string]image.Image{"p": locked(other(0)).Image}
	for name, test := range map[string]struct {
		before map[string]image.Image
		now    func(*image.Image)
		kept   int
	}{
		"older":                {then, other(1), 1},
		"newer":                {then, other(3), 0},
		"older, of a new lock": {map[string]image.Image{}, other(1), 1},
		"an earlier run of its name": {map[string]image.Image{"p": locked(func(i *image.Image) { i.Reference = run("0") }).Image},
			func(i *image.Image) { i.Reference = run("0") }, 1},
		"older, and nobody wrote":  {map[string]image.Image{"p": locked(nil).Image}, other(1), 0},
		"older, and nothing reads": {nil, other(1), 0},
	} {
		p := &picked{
			entries: []lock.Entry{locked(test.now)}, before: test.before,
			picks: map[string]pipeline.Pick{"p": {Pack: spec.Pack{Name: "p", Pack: spec.GenericBYOI}}},
		}
		if got := p.compare(fileOf(t, locked(nil)), false); len(got.kept) != test.kept || len(got.changes) != 1-test.kept {
			t.Errorf("%s: kept %q, changes %v", name, got.kept, got.changes)
		}
	}
}

// A pack that needs no image any more (agent mode) loses its entry when it is named, too.
func TestRemoved(t *testing.T) {
	agent, other := locked(nil), locked(nil)
	agent.Name, other.Name = "agent", "other"
	for _, others := range []bool{false, true} {
		p := &picked{names: map[string]bool{"p": true, "agent": false}}
		var got []string
		for _, change := range p.compare(fileOf(t, locked(nil), agent, other), others).changes {
			got = append(got, change.Pack+" "+change.Reason)
		}
		want := []string{"agent removed"}
		if others {
			want = append(want, "other removed")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("others %v: %s", others, diff)
		}
	}
}

// That a kept image is no more is said.
func TestKeptAndGone(t *testing.T) {
	for _, gone := range []bool{false, true} {
		p := &picked{
			entries: []lock.Entry{locked(func(i *image.Image) { i.ID, i.CreatedAt = "ami-0123456789abcdef1", at(1) })},
			picks:   map[string]pipeline.Pick{"p": {Pack: spec.Pack{Name: "p", Pack: spec.GenericBYOI}, FailedSources: []string{"golden"}}},
			gone:    map[string]bool{"p": gone},
		}
		if got := p.compare(fileOf(t, locked(nil)), false).kept; len(got) != 1 || strings.Contains(got[0], "it is no more") != gone {
			t.Errorf("gone %v: %q", gone, got)
		}
	}
}

// What gives way to an older one only because its source withholds it now, or its service
// cannot tell its state, may be picked again in a minute.
func TestLeftOpen(t *testing.T) {
	old := locked(nil).Image
	other := locked(func(i *image.Image) { i.ID = "ami-0123456789abcdef1" }).Image
	drop := func(img *image.Image, rules ...string) []selection.Drop {
		d := selection.Drop{Image: img, Rule: rules[0], Reason: "because"}
		for _, rule := range rules[1:] {
			d.More = append(d.More, selection.Reason{Rule: rule})
		}
		return []selection.Drop{d}
	}
	for name, test := range map[string]struct {
		status  pipeline.Status
		dropped []selection.Drop
		want    string
	}{
		"withheld, and good":                 {pipeline.StatusOK, drop(&old, "withheld"), "because"},
		"withheld, and nobody knows":         {pipeline.StatusUnknown, drop(&old, "withheld"), "because"},
		"withheld, and not good":             {pipeline.StatusStale, drop(&old, "withheld"), ""},
		"withheld, and not what is asked":    {pipeline.StatusOK, drop(&old, "withheld", "tags"), ""},
		"its list says failed, it says else": {pipeline.StatusUnknown, drop(&old, "state"), "because"},
		"its list says failed, as it does":   {pipeline.StatusStale, drop(&old, "state"), ""},
		"excluded from latest":               {pipeline.StatusOK, drop(&old, "excludedFromLatest"), ""},
		"not found":                          {pipeline.StatusOK, nil, ""},
		"another":                            {pipeline.StatusOK, drop(&other, "withheld"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := pipeline.Verification{Subject: pipeline.Subject{Pack: "p", Image: old}, Status: test.status}
			if got := leftOpen(v, test.dropped); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMarkdown(t *testing.T) {
	rhel, ubuntu := locked(nil).Image, locked(nil).Image
	ubuntu.ID, ubuntu.OS, ubuntu.KubernetesVersion = "a`b|c\n``", image.OS{Name: "ubuntu", Version: "22.04"}, "1.30.4"
	ubuntu.Region, ubuntu.Architecture = "eu-west-1", "arm64"
	tag := image.Image{ID: "r.example/os:1", Region: "global", Digest: "sha256:a"}
	moved := tag
	moved.Digest = "sha256:b"
	var out bytes.Buffer
	err := printMarkdown([]Change{
		{Pack: "a|b_c", Reason: "newer", Old: &rhel, New: &ubuntu}, {Pack: "new", Reason: "new", New: &rhel},
		{Pack: "old", Reason: "removed", Old: &rhel}, {Pack: "cut", Reason: "removed"}, {Pack: "tag", Reason: "changed", Old: &tag, New: &moved},
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	want := "| pack | reason | old | new | region | architecture | OS | Kubernetes |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n" +
		"| a\\|b\\_c | newer | `ami-0123456789abcdef0` 2026-11-02T00:00:00Z | ``` a`b\\|c `` ``` 2026-11-02T00:00:00Z " +
		"| us-east-1 -> eu-west-1 | amd64 -> arm64 | rhel 8.8 -> ubuntu 22.04 | unknown -> 1.30.4 |\n" +
		"| new | new |  | `ami-0123456789abcdef0` 2026-11-02T00:00:00Z | us-east-1 | amd64 | rhel 8.8 |  |\n" +
		"| old | removed | `ami-0123456789abcdef0` 2026-11-02T00:00:00Z |  | us-east-1 | amd64 | rhel 8.8 |  |\n" +
		"| cut | removed |  |  |  |  |  |  |\n" +
		"| tag | changed | `r.example/os:1@sha256:a` | `r.example/os:1@sha256:b` | global |  |  |  |\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
