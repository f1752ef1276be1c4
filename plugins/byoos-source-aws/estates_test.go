package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// estate is a random account with a pipeline, and what is true of it.
type estate struct {
	world   fakeaws.World
	content map[string]int  // of each AMI, the day that its content was built
	good    map[string]bool // AMIs that may be picked
	random  *rand.Rand
	gone    map[string]bool // AMIs that EC2 does not show any more
	orphans map[string]bool // AMIs that could be picked if their builds had not been forgotten
	// forgets says that Image Builder has no record any more of some builds, and that all is
	// of one account.
	forgets bool
	// encrypts says that a build's AMI is a copy of one that is not kept.
	encrypts bool
}

const elsewhere = "999999999999"

func day(n int) string { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC).Format(time.RFC3339) }

func chance(random *rand.Rand, of int) bool { return random.IntN(of) == 0 }

func newEstate(seed int) *estate {
	e := &estate{content: map[string]int{}, good: map[string]bool{}, gone: map[string]bool{}, orphans: map[string]bool{}, random: rand.New(rand.NewPCG(uint64(seed), 7))}
	e.world = fakeaws.World{Seed: uint64(seed), Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}}}
	if chance(e.random, 3) {
		e.world.PageSize = 1 + e.random.IntN(3)
	}
	e.forgets, e.encrypts = chance(e.random, 3), seed%4 == 3
	for n := range 2 + e.random.IntN(7) {
		e.build(n*10 + 10)
	}
	e.world.AMIs = slices.DeleteFunc(e.world.AMIs, func(a fakeaws.AMI) bool { return e.gone[a.ID] })
	return e
}

// build adds a build, or the distribution of an earlier AMI as a build.
func (e *estate) build(on int) {
	b := fakeaws.Build{Region: "us-east-1", Pipeline: "p", Name: "golden", Version: fmt.Sprintf("1.0.%d", on), Build: 1, DateCreated: day(on)}
	content, source := on, ""
	if n := len(e.world.AMIs); n > 0 && chance(e.random, 2) {
		source = e.world.AMIs[e.random.IntN(n)].ID
		content = e.content[source]
	}
	switch e.random.IntN(10) {
	case 0:
		b.Status = []string{"DISABLED", "DEPRECATED", "FAILED", "DELETED", "PAUSED"}[e.random.IntN(5)]
	case 1:
		b.DeprecationTime = day(1 + e.random.IntN(100))
	case 2:
		b.DateCreated = ""
	}
	if (e.good[source] || e.orphans[source]) && chance(e.random, 3) { // listed as it is
		b.Outputs = append(b.Outputs, fakeaws.Output{Region: e.regionOf(source), AMI: source})
	}
	home := source
	for _, region := range []string{"us-east-1", "eu-west-1", "us-west-2"} {
		if source == home && region != "us-east-1" || !chance(e.random, 4) || region == "us-east-1" && source == "" {
			a := amiOf(region, id(len(e.world.AMIs)+1), day(on + 1)[:19]+".000Z")
			a.SourceImage = home
			if home != "" {
				a.SourceRegion = e.regionOf(home)
			}
			if home == "" {
				a.SourceInstance, a.SourceImage = "i-1", "ami-0base"
				if e.encrypts {
					a.SourceInstance, a.SourceImage, b.BuildType = "", fmt.Sprintf("ami-%016dd", on), "SCHEDULED"
				} else if n := len(e.world.AMIs); n > 0 && chance(e.random, 2) { // built upon an earlier one
					a.SourceImage = e.world.AMIs[e.random.IntN(n)].ID
				}
			}
			e.distribute(&b, a, content)
			if home == source {
				home = a.ID
			}
		}
	}
	if e.forgets && on > 10 && chance(e.random, 3) {
		for _, o := range b.Outputs {
			if e.good[o.AMI] && o.AMI != source {
				e.good[o.AMI], e.orphans[o.AMI] = false, true
			}
		}
		return
	}
	for _, o := range b.Outputs {
		if e.orphans[o.AMI] {
			e.good[o.AMI] = isGood(b)
		}
	}
	e.world.Builds = append(e.world.Builds, b)
}

func isGood(b fakeaws.Build) bool {
	return b.Status == "" && (b.DeprecationTime == "" || b.DeprecationTime > now().Format(time.RFC3339))
}

func (e *estate) regionOf(id string) string {
	return e.world.AMIs[slices.IndexFunc(e.world.AMIs, func(a fakeaws.AMI) bool { return a.ID == id })].Region
}

func (e *estate) distribute(b *fakeaws.Build, a fakeaws.AMI, content int) {
	o := fakeaws.Output{Region: a.Region, AMI: a.ID}
	good := isGood(*b)
	switch kind := e.random.IntN(8); {
	case e.forgets && kind == 3:
	case kind == 0:
		a.State, good = "disabled", false
	case kind == 1:
		a.State, good = "deregistered", false
	case kind == 2:
		a.DeprecationTime, good = day(1)[:19]+".000Z", false
	case kind == 3:
		o.Account, a.Owner = elsewhere, elsewhere
		if a.SharedWith = []string{self}; chance(e.random, 2) {
			a.SharedWith, good = nil, false
		}
	case kind == 4:
		o.Status, good = "FAILED", false
	case kind == 5:
		e.gone[a.ID], good = true, false
	}
	b.Outputs = append(b.Outputs, o)
	e.content[a.ID], e.good[a.ID] = content, good
	e.world.AMIs = append(e.world.AMIs, a)
}

// TestEstates: of what can be used in a region, what was built last is the newest.
func TestEstates(t *testing.T) {
	for seed := range 400 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			e := newEstate(seed)
			start(t, e.world)
			var hints []string
			region := []string{"us-east-1", "eu-west-1", "us-west-2"}[e.random.IntN(3)]
			if chance(e.random, 2) {
				hints = []string{region}
			}
			out := run(t, call{config: `{"imageBuilder":{"pipeline":"p"}}`, hints: hints})
			out.noErrors(t)
			want := 0
			for _, a := range e.world.AMIs {
				if a.Region == region && e.good[a.ID] {
					want = max(want, e.content[a.ID])
				}
			}
			usable := out.usable(now())[region]
			images := slices.DeleteFunc(out.images, func(i sdk.Image) bool { return !slices.Contains(usable, i.ID) })
			if len(images) == 0 {
				if want > 0 {
					t.Fatalf("nothing is usable in %s, want content %d\n%+v", region, want, e.world)
				}
				return
			}
			pick := slices.MaxFunc(images, func(a, b sdk.Image) int { return a.CreatedAt.Compare(b.CreatedAt) })
			told := slices.ContainsFunc(out.diagnostics, func(d sdk.Diagnostic) bool {
				return strings.Contains(d.Summary, "distributed again: ") && strings.Contains(d.Summary, pick.Reference.Value)
			})
			if e.content[pick.ID] != want && !told || !e.good[pick.ID] {
				t.Errorf("%s, built on day %d, is the newest of %s, want one of day %d; hints %v\n%+v\n%s", pick.ID, e.content[pick.ID], region, want, hints, e.world, out.text(t))
			}
		})
	}
}

// TestADistributionDoneAgainInAnotherRegion: a copy of what is a copy, in a region that no
// pack selects, of an older build.
func TestADistributionDoneAgainInAnotherRegion(t *testing.T) {
	copyOf := func(source string) func(*fakeaws.AMI) { return func(a *fakeaws.AMI) { a.SourceImage = source } }
	build := func(version, created string, home, abroad int) fakeaws.Build {
		return fakeaws.Build{Region: "us-east-1", Name: "golden", Version: version, Build: 1, DateCreated: created, Outputs: []fakeaws.Output{
			{Region: "us-east-1", AMI: id(home)}, {Region: "eu-west-1", AMI: id(abroad)},
		}}
	}
	instance := func(a *fakeaws.AMI) { a.SourceInstance = "i-1" }
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june, instance), amiOf("eu-west-1", id(2), june, copyOf(id(1))),
			amiOf("us-east-1", id(3), june, instance), amiOf("eu-west-1", id(4), june, copyOf(id(3))),
			amiOf("us-east-1", id(5), june, copyOf(id(1))), amiOf("eu-west-1", id(6), june, copyOf(id(5))),
		},
		Builds: []fakeaws.Build{
			build("1.0.0", "2026-05-01T00:00:00Z", 1, 2), build("1.0.1", "2026-05-10T00:00:00Z", 3, 4), build("1.0.2", "2026-05-20T00:00:00Z", 5, 6),
		},
	}
	c := call{config: `{"imageBuilder":{"image":"golden"}}`, hints: []string{"eu-west-1"}}
	start(t, w)
	out := run(t, c)
	out.noErrors(t)
	if first, again, second := out.find(t, id(2)), out.find(t, id(6)), out.find(t, id(4)); !again.CreatedAt.Equal(first.CreatedAt) || !second.CreatedAt.After(again.CreatedAt) {
		t.Errorf("%v, again %v; %v", first.CreatedAt, again.CreatedAt, second.CreatedAt)
	}
	if len(out.images) != 3 {
		t.Errorf("sent what nobody asked for: %v", out.images)
	}
	w.Faults = []fakeaws.Fault{{Service: "ec2", Region: "us-east-1", Kind: "deny"}}
	start(t, w)
	out = run(t, c)
	out.noErrors(t)
	if text := out.text(t); len(out.images) != 3 || !strings.Contains(text, "could not be checked: access denied") || !strings.Contains(text, "image/golden/1.0.2/1") {
		t.Errorf("a region that could not be asked: %s", text)
	}
	w.AMIs = append(w.AMIs, amiOf("us-west-2", id(7), june, instance), amiOf("eu-west-1", id(8), june, func(a *fakeaws.AMI) { a.SourceImage, a.SourceRegion = id(7), "us-west-2" }))
	w.Builds = append(w.Builds, fakeaws.Build{Region: "us-east-1", Name: "golden", Version: "1.0.3", Build: 1, DateCreated: june, Outputs: []fakeaws.Output{
		{Region: "us-west-2", AMI: id(7)}, {Region: "eu-west-1", AMI: id(8)},
	}})
	w.Faults = append(w.Faults, fakeaws.Fault{Service: "ec2", Region: "us-west-2", Kind: "deny"})
	start(t, w)
	if text := run(t, c).text(t); strings.Count(text, "could not be checked: access denied") != 2 {
		t.Errorf("two regions that could not be asked: %s", text)
	}
}

// TestADistributionOfAForgottenBuild: Image Builder has no record any more of what was
// distributed again, and EC2 has its AMI.
func TestADistributionOfAForgottenBuild(t *testing.T) {
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), "2026-05-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.SourceInstance = "i-1" }),
			amiOf("us-east-1", id(2), "2026-05-10T00:00:00.000Z", func(a *fakeaws.AMI) { a.SourceInstance = "i-2" }),
			amiOf("us-east-1", id(3), "2026-05-20T00:00:00.000Z", func(a *fakeaws.AMI) { a.SourceImage = id(1) }),
		},
		Builds: []fakeaws.Build{
			{Region: "us-east-1", Name: "golden", Version: "1.0.1", Build: 1, DateCreated: "2026-05-10T00:00:00Z", Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(2)}}},
			{Region: "us-east-1", Name: "golden", Version: "1.0.2", Build: 1, DateCreated: "2026-05-20T00:00:00Z", Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(3)}}},
		},
	}
	start(t, w)
	out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
	out.noErrors(t)
	if again, second := out.find(t, id(3)), out.find(t, id(2)); !second.CreatedAt.After(again.CreatedAt) || len(out.images) != 2 {
		t.Errorf("%v, and what is a copy of an older one %v; %d images", second.CreatedAt, again.CreatedAt, len(out.images))
	}
	w.AMIs = w.AMIs[1:]
	start(t, w)
	if text := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`}).text(t); !strings.Contains(text, "distributed again: arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.0.2/1") {
		t.Errorf("its AMI is no more: %s", text)
	}
	if text := run(t, call{config: `{"imageBuilder":{"image":"golden"},"newestBy":"version"}`}).text(t); strings.Contains(text, "distributed again") {
		t.Errorf("its age does not matter: %s", text)
	}
}

// TestADistributionOfWhatImageBuilderDoesNotList: the build that an AMI came out of is out of
// the range of versions, or Image Builder has no record of it. What lists the AMI again, or is
// a copy of it in whatever account, is as old as that AMI.
func TestADistributionOfWhatImageBuilderDoesNotList(t *testing.T) {
	from := func(n int, change ...func(*fakeaws.AMI)) func(*fakeaws.AMI) {
		return func(a *fakeaws.AMI) {
			a.SourceImage, a.SourceRegion = id(n), "us-east-1"
			for _, c := range change {
				c(a)
			}
		}
	}
	anothers := func(a *fakeaws.AMI) { a.Owner, a.SharedWith = elsewhere, []string{self} }
	for name, again := range map[string]fakeaws.AMI{
		"listed as it is":     amiOf("us-east-1", id(1), "2026-05-01T01:00:00.000Z", func(a *fakeaws.AMI) { a.SourceInstance = "i-1" }),
		"a copy":              amiOf("us-east-1", id(3), "2026-05-20T01:00:00.000Z", from(1)),
		"in another account":  amiOf("us-east-1", id(3), "2026-05-20T01:00:00.000Z", from(1, anothers)),
		"of an untimed build": amiOf("us-east-1", id(3), "2026-05-20T01:00:00.000Z", from(1)),
	} {
		t.Run(name, func(t *testing.T) {
			builds := []fakeaws.Build{
				{Region: "us-east-1", Name: "golden", Version: "1.1.0", Build: 1, DateCreated: "2026-05-10T00:00:00Z", Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(2)}}},
				{Region: "us-east-1", Name: "golden", Version: "1.2.0", Build: 1, DateCreated: "2026-05-20T00:00:00Z", Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: again.ID, Account: again.Owner}}},
			}
			if name == "of an untimed build" {
				builds[1].DateCreated = ""
			}
			w := fakeaws.World{Builds: builds, AMIs: []fakeaws.AMI{again, amiOf("us-east-1", id(2), "2026-05-10T01:00:00.000Z")}}
			if again.ID != id(1) {
				w.AMIs = append(w.AMIs, amiOf("us-east-1", id(1), "2026-05-01T01:00:00.000Z", func(a *fakeaws.AMI) { a.SourceInstance = "i-1" }))
			}
			start(t, w)
			out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
			out.noErrors(t)
			old, second := out.find(t, again.ID), out.find(t, id(2))
			if !old.CreatedAt.Before(second.CreatedAt) || len(out.images) != 2 {
				t.Errorf("%v, and the one of an older build %v", second.CreatedAt, old.CreatedAt)
			}
			if text := out.text(t); !strings.Contains(text, "1 AMI is of older builds that were distributed again, and taken to be as old: "+again.ID) || strings.Contains(text, "does not show what") {
				t.Error(text)
			}
		})
	}
}

// TestCopiesAreNamedInOrder: whatever region answers first, the notice is the same.
func TestCopiesAreNamedInOrder(t *testing.T) {
	var a ages
	c := builder.Candidate{ARN: "second", CreatedAt: now()}
	a.know(nil, self)
	for _, n := range []int{3, 2} {
		img := sdk.Image{ID: id(n), CreatedAt: now().AddDate(0, 0, -1), Provenance: map[string]sdk.Provenance{}}
		a.show(img)
		a.keep(c, img)
		a.known[img.ID] = c
	}
	out := &recorder{}
	if err := a.send(out, sdk.NewestByCreated); err != nil {
		t.Fatal(err)
	}
	if text := out.text(t); !strings.Contains(text, "as old: "+id(2)+", "+id(3)) {
		t.Error(text)
	}
}

// TestWhereTheTrailOfCopiesEnds: nothing says when the first build was made, so the notice
// names what is a copy of it, the newest first.
func TestWhereTheTrailOfCopiesEnds(t *testing.T) {
	build := func(version, created string, ami int) fakeaws.Build {
		return fakeaws.Build{Region: "us-east-1", Name: "golden", Version: version, Build: 1, DateCreated: created, Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(ami)}}}
	}
	copyOf := func(n int) func(*fakeaws.AMI) {
		return func(a *fakeaws.AMI) { a.SourceImage, a.SourceRegion = id(n), "us-east-1" }
	}
	instance := func(a *fakeaws.AMI) { a.SourceInstance = "i-1" }
	const named = "distributed again: arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.3.0/1"
	second := amiOf("us-east-1", id(2), "2026-05-10T01:00:00.000Z", instance)
	tests := []struct {
		what   string
		builds []fakeaws.Build
		amis   []fakeaws.AMI
		told   string
	}{
		{"of a build that may be a copy itself, and has no AMI any more",
			[]fakeaws.Build{build("1.1.0", "2026-05-10T00:00:00Z", 2), build("1.2.0", "2026-05-15T00:00:00Z", 3), build("1.3.0", "2026-05-20T00:00:00Z", 4)},
			[]fakeaws.AMI{second, amiOf("us-east-1", id(4), "2026-05-20T01:00:00.000Z", copyOf(3))}, named},
		{"of an AMI without a time",
			[]fakeaws.Build{build("1.1.0", "2026-05-10T00:00:00Z", 2), build("1.3.0", "2026-05-20T00:00:00Z", 4)},
			[]fakeaws.AMI{second, amiOf("us-east-1", id(1), "03/10/2023", instance), amiOf("us-east-1", id(4), "2026-05-20T01:00:00.000Z", copyOf(1))}, named},
		{"several",
			[]fakeaws.Build{build("1.1.0", "2026-05-10T00:00:00Z", 2), build("1.2.0", "2026-05-15T00:00:00Z", 3), build("1.3.0", "2026-05-20T00:00:00Z", 4)},
			[]fakeaws.AMI{second, amiOf("us-east-1", id(3), "2026-05-15T01:00:00.000Z", copyOf(1)), amiOf("us-east-1", id(4), "2026-05-20T01:00:00.000Z", copyOf(1))},
			named + ", arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.2.0/1"},
		{"of a build that has its first AMI",
			[]fakeaws.Build{build("1.1.0", "2026-05-10T00:00:00Z", 2), build("1.3.0", "2026-05-20T00:00:00Z", 4)},
			[]fakeaws.AMI{second, amiOf("us-east-1", id(4), "2026-05-20T01:00:00.000Z", copyOf(2))}, ""},
	}
	for _, test := range tests {
		start(t, fakeaws.World{Builds: test.builds, AMIs: test.amis})
		out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
		out.noErrors(t)
		if text := out.text(t); strings.Contains(text, "does not show what") != (test.told != "") || !strings.Contains(text, test.told) {
			t.Errorf("%s: %s", test.what, text)
		}
	}
}
