package source

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// estate is a random account with a pipeline, and what is true of it.
type estate struct {
	world   fakeaws.World
	content map[string]int  // of each AMI, the day that its content was built
	good    map[string]bool // AMIs that may be picked
	random  *rand.Rand
	// forgets says that Image Builder has no record any more of some builds, and that all is
	// of one account.
	forgets bool
}

const elsewhere = "999999999999"

func day(n int) string { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC).Format(time.RFC3339) }

func chance(random *rand.Rand, of int) bool { return random.IntN(of) == 0 }

func newEstate(seed int) *estate {
	e := &estate{content: map[string]int{}, good: map[string]bool{}, random: rand.New(rand.NewPCG(uint64(seed), 7))}
	e.world = fakeaws.World{Seed: uint64(seed), Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}}}
	if chance(e.random, 3) {
		e.world.PageSize = 1 + e.random.IntN(3)
	}
	e.forgets = chance(e.random, 3)
	for n := 1; n <= 2+e.random.IntN(5); n++ {
		e.build(n * 10)
	}
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
	home := source
	for _, region := range []string{"us-east-1", "eu-west-1", "us-west-2"} {
		if source == home && region != "us-east-1" || !chance(e.random, 4) || region == "us-east-1" && source == "" {
			a := amiOf(region, id(len(e.world.AMIs)+1), day(on + 1)[:19]+".000Z")
			a.SourceImage = home
			if home == "" {
				a.SourceInstance, a.SourceImage = "i-1", "ami-0base"
				if n := len(e.world.AMIs); n > 0 && chance(e.random, 2) { // built upon an earlier one
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
			e.good[o.AMI] = false
		}
		return
	}
	e.world.Builds = append(e.world.Builds, b)
}

func (e *estate) distribute(b *fakeaws.Build, a fakeaws.AMI, content int) {
	o := fakeaws.Output{Region: a.Region, AMI: a.ID}
	good := b.Status == "" && (b.DeprecationTime == "" || b.DeprecationTime > now().Format(time.RFC3339))
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
