package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

const recordAndCloud = `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: manifest, type: fake, config: {path: a}}
  - {name: cloud, type: fake, config: {path: b}}
packs:
  - {name: both, pack: generic-byoi, select: {region: us-east-1}}
  - {name: record, pack: generic-byoi, sources: [manifest], select: {region: us-east-1}}
`

// What is only on record is asked for, of the sources that answered in the run, and not
// picked when a service does not have it, or speaks against it.
func TestPicksAreStillThere(t *testing.T) {
	newest, second, third := ami("ami-3", "us-east-1", "manifest", 3), ami("ami-2", "us-east-1", "manifest", 2), ami("ami-1", "us-east-1", "cloud", 1)
	newest.Evidence, second.Evidence, third.Evidence = image.Recorded, image.Recorded, image.Asked
	absent := source.Verified{Presence: source.NotFound, Reason: "deregistered", Evidence: image.Asked}
	here := source.Verified{Presence: source.Found, Image: &third}
	unknown := source.Verified{Presence: source.Unknown, Reason: "expired"}
	disabled := foundBut(func(i *image.Image) { i.State = image.Disabled })
	deprecated := foundBut(func(i *image.Image) { i.DeprecatedAt = i.CreatedAt })
	ended := foundBut(func(i *image.Image) { i.EndOfLifeAt = i.CreatedAt })
	excluded := foundBut(func(i *image.Image) { i.ExcludedFromLatest = true })
	unsure := foundBut(func(i *image.Image) { i.State, i.StateReason = image.StateUnset, "no word" })
	recorded := disabled
	recorded.Evidence = image.Recorded
	for name, test := range map[string]struct {
		cloud []source.Verified // for the pick, then for all on record
		packs []string
		want  []string
		fails error
		told  string // of each pick
		all   bool   // AskUnused
	}{
		"still there":            {[]source.Verified{here, here}, nil, []string{"ami-3", "ami-3"}, nil, "", false},
		"gone":                   {[]source.Verified{absent, here}, nil, []string{"ami-2", "ami-2"}, nil, "", false},
		"both gone":              {[]source.Verified{absent, absent}, nil, []string{"ami-1", ""}, nil, "", false},
		"disabled":               {[]source.Verified{disabled, here}, nil, []string{"ami-2", "ami-2"}, nil, "", false},
		"deprecated":             {[]source.Verified{deprecated, here}, nil, []string{"ami-2", "ami-2"}, nil, "", false},
		"at its end":             {[]source.Verified{ended, disabled}, nil, []string{"ami-1", ""}, nil, "", false},
		"excluded":               {[]source.Verified{excluded, absent}, nil, []string{"ami-1", ""}, nil, "", false},
		"a record says":          {[]source.Verified{recorded, absent}, nil, []string{"ami-3", "ami-3"}, nil, "", false},
		"cannot tell":            {[]source.Verified{unknown, unknown}, nil, []string{"ami-3", "ami-3"}, nil, "could not be asked: expired", false},
		"cannot be asked":        {[]source.Verified{unknown, unknown}, nil, []string{"ami-3", "ami-3"}, errors.New("throttled"), "could not be asked: throttled", false},
		"in which state":         {[]source.Verified{unsure, here}, []string{"both"}, []string{"ami-3"}, nil, "whether the image is available is not known: no word", false},
		"in which, by another":   {[]source.Verified{unsure, here}, []string{"record"}, []string{"ami-3"}, nil, "whether the image is available is not known: no word", true},
		"of another run":         {[]source.Verified{absent, absent}, []string{"record"}, []string{"ami-3"}, nil, "", false},
		"of no other run":        {[]source.Verified{absent, here}, []string{"record"}, []string{"ami-2"}, nil, "", true},
		"of a run that it fails": {[]source.Verified{unknown, unknown}, []string{"record"}, []string{"ami-3"}, errors.New("throttled"), "could not be asked: throttled", true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &plugins{
				results:  map[string]source.Result{"manifest": {Images: []image.Image{second, newest}}, "cloud": {Images: []image.Image{third}}},
				byID:     map[string]source.Verified{"ami-3": test.cloud[0], "ami-2": test.cloud[1]},
				verified: map[string][]source.Verified{}, err: map[string]error{"cloud": test.fails},
			}
			p := newPipeline(t, fake)
			p.Document, p.AskUnused = parsed(t, recordAndCloud), test.all
			picks, _, err := p.Picks(t.Context(), packs(t, p, test.packs...))
			if err != nil {
				t.Fatal(err)
			}
			areStillThere(t, picks, test.want, test.told)
		})
	}
}

// foundBut is what a service says of the newest that has changed.
func foundBut(change func(*image.Image)) source.Verified {
	img := ami("ami-3", "us-east-1", "", 3)
	change(&img)
	return source.Verified{Presence: source.Found, Image: &img, Evidence: image.Asked}
}

// areStillThere checks which images are picked, and what is told of that.
func areStillThere(t *testing.T, picks []pipeline.Pick, want []string, told string) {
	t.Helper()
	var got []string
	for _, pick := range picks {
		got = append(got, idOf(pick.Image))
		notes := strings.Join(pick.Notes(), "; ")
		if !strings.Contains(notes, told) || told == "" && strings.Contains(notes, "only on record") {
			t.Errorf("got notes %q, want %q", notes, told)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where the service failed before it could be asked, that is told of every pick that is
// only on record, whichever packs pick from it.
func TestPicksThatAFailedServiceKnows(t *testing.T) {
	newest := ami("ami-3", "us-east-1", "golden", 3)
	newest.Evidence = image.Recorded
	for name, fake := range map[string]*plugins{
		"fails":         {results: map[string]source.Result{"other": {Err: errors.New("throttled")}}},
		"has no plugin": {results: map[string]source.Result{}, find: map[string]error{"cloud": errors.New("no plugin")}},
	} {
		fake.results["golden"] = source.Result{Images: []image.Image{newest}}
		p := newPipeline(t, fake)
		p.AllowPartial = true
		p.Document = parsed(t, strings.Replace(twoPacks, "{name: other, type: fake", "{name: other, type: cloud", 1))
		picks, _, err := p.Picks(t.Context(), packs(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if notes := picks[0].Notes(); picks[0].Image == nil || !slices.ContainsFunc(notes, func(n string) bool {
			return strings.Contains(n, "only on record") && strings.Contains(n, "source other failed")
		}) {
			t.Errorf("%s: got notes %q", name, notes)
		}
	}
}

// Of two outputs of one build the one that is left is the pick.
func TestChoicesAreStillThere(t *testing.T) {
	one, two := ami("ami-1", "us-east-1", "golden", 1), ami("ami-2", "us-east-1", "golden", 2)
	for _, img := range []*image.Image{&one, &two} {
		img.Evidence, img.Reference = image.Recorded, &image.Reference{Kind: "packer-run-uuid", Value: "u"}
	}
	fake := &plugins{
		results: map[string]source.Result{"golden": {Images: []image.Image{one, two}}, "other": {}},
		byID: map[string]source.Verified{
			"ami-1": {Presence: source.Found, Image: &one, Evidence: image.Asked}, "ami-2": {Presence: source.NotFound, Evidence: image.Asked},
		},
		verified: map[string][]source.Verified{},
	}
	p := newPipeline(t, fake)
	picks, _, err := p.Picks(t.Context(), packs(t, p))
	if err != nil || picks[0].Image == nil || picks[0].Image.ID != "ami-1" {
		t.Errorf("got %+v, %v", picks[0].Err, err)
	}
}

// What is stale is not offered in its own place, and a pack that the spec has no more
// keeps nothing from the others.
func TestNearest(t *testing.T) {
	fake := withImages()
	p := newPipeline(t, fake)
	stale := func(pack string, img image.Image) pipeline.Verification {
		return pipeline.Verification{Subject: pipeline.Subject{Pack: pack, Source: img.Source, Image: img}, Status: pipeline.StatusStale}
	}
	verified := []pipeline.Verification{
		stale("aws-us-east-1", ami("ami-0123456789abcdef1", "us-east-1", "golden", 2)), stale("removed", ami("ami-1", "us-east-1", "golden", 1)),
		stale("single", ami("ami-0123456789abcdef3", "us-east-1", "other", 1)),
	}
	if err := p.Nearest(t.Context(), verified); err != nil {
		t.Fatal(err)
	}
	if near := verified[0].Nearest; near == nil || near.ID != "ami-0123456789abcdef0" {
		t.Errorf("got %+v", near)
	}
	if verified[1].Nearest != nil || verified[2].Nearest != nil {
		t.Errorf("got %+v, %+v", verified[1].Nearest, verified[2].Nearest)
	}
	fake.requests = nil
	if err := p.Nearest(t.Context(), verified[1:2]); err != nil || fake.requests != nil {
		t.Errorf("where nothing of the spec is stale, %v was asked, %v", fake.requests, err)
	}
}

// What is nearest is what would be picked by all that the sources of the spec say.
func TestNearestHearsAllSources(t *testing.T) {
	fake := withImages()
	gone := ami("ami-0123456789abcdef0", "us-east-1", "other", 1)
	gone.State, gone.Evidence = image.Gone, image.Asked
	fake.results["other"] = source.Result{Images: []image.Image{gone}}
	verified := []pipeline.Verification{{
		Subject: pipeline.Subject{Pack: "aws-us-east-1", Source: "golden", Image: ami("ami-0123456789abcdef1", "us-east-1", "golden", 2)}, Status: pipeline.StatusStale,
	}}
	if err := newPipeline(t, fake).Nearest(t.Context(), verified); err != nil {
		t.Fatal(err)
	}
	if near := verified[0].Nearest; near != nil {
		t.Errorf("got %s, which is gone", near.ID)
	}
}

// What only became another than was picked is picked again, and nothing is nearer.
func TestNearestOfWhatChanged(t *testing.T) {
	fake := withImages()
	p := newPipeline(t, fake)
	picked := ami("ami-0123456789abcdef1", "us-east-1", "golden", 2)
	picked.OS = image.OS{Name: "rhel", Version: "7"}
	now := picked
	now.OS.Version = "8"
	disabled := now
	disabled.State = image.Disabled
	for name, test := range map[string]struct {
		says  source.Verified
		want  string
		other source.Verified
	}{
		"usable":                      {source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &now}, picked.ID, source.Verified{}},
		"disabled as well":            {source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &disabled}, "ami-0123456789abcdef0", source.Verified{}},
		"the record of another build": {source.Verified{Presence: source.NotFound, Evidence: image.Recorded, Reason: "run 1 is not listed"}, picked.ID, source.Verified{}},
		"gone, by the service":        {source.Verified{Presence: source.NotFound, Evidence: image.Asked}, "ami-0123456789abcdef0", source.Verified{}},
		"not visible":                 {source.Verified{Presence: source.NotVisible, Reason: "it is not shared"}, "ami-0123456789abcdef0", source.Verified{}},
		"off its record, and on another": {
			source.Verified{Presence: source.NotFound, Evidence: image.Recorded}, picked.ID, source.Verified{Presence: source.Found, Image: &now, Evidence: image.Recorded},
		},
	} {
		if test.other.Presence == "" { // it has nothing to say
			test.other.Presence = source.Unknown
		}
		fake.verified = map[string][]source.Verified{"golden": {test.says}, "other": {test.other}}
		verified, err := p.Verify(t.Context(), []pipeline.Subject{{Pack: "aws-us-east-1", Source: "golden", Image: picked}})
		if err != nil || verified[0].Status != pipeline.StatusStale {
			t.Fatalf("%s: got %+v, %v", name, verified, err)
		}
		if err := p.Nearest(t.Context(), verified); err != nil {
			t.Fatal(err)
		}
		if near := verified[0].Nearest; near == nil || near.ID != test.want {
			t.Errorf("%s: got %+v, want %s", name, near, test.want)
		}
	}
}
