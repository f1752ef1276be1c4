package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// of is an AMI with its attributes, as name and value.
func of(id string, pairs ...string) sdk.Image {
	img := sdk.Image{ID: id, Region: "us-east-1", Attributes: map[string]string{}, Provenance: map[string]sdk.Provenance{}}
	for i := 0; i < len(pairs); i += 2 {
		img.Attributes[pairs[i]] = pairs[i+1]
	}
	return img
}

func copyOf(id, source string) sdk.Image {
	img := of(id, "sourceImageId", source)
	img.Owner = "self"
	return img
}

// TestWhatIsACopy: of what Image Builder lists, and of others where the account, or that
// of the build, sees them all.
func TestWhatIsACopy(t *testing.T) {
	a := &ages{}
	a.know([]builder.Candidate{{ID: "listed", Region: "eu-west-1", ARN: goldenARN}}, self)
	with := func(img sdk.Image, change func(*sdk.Image)) sdk.Image { change(&img); return img }
	stranger := func(img *sdk.Image) { img.Owner = "444455556666" }
	build := func(arn string) func(*sdk.Image) {
		return func(img *sdk.Image) {
			img.Owner, img.Reference = "444455556666", &sdk.Reference{Value: arn}
		}
	}
	for name, test := range map[string]struct {
		img  sdk.Image
		want builder.Candidate // empty: none
	}{
		"no copy":              {of("a"), builder.Candidate{}},
		"of an instance":       {with(copyOf("a", "listed"), func(i *sdk.Image) { i.Attributes["sourceInstanceId"] = "i-1" }), builder.Candidate{}},
		"of one that is known": {with(copyOf("a", "listed"), stranger), builder.Candidate{ID: "listed", Region: "eu-west-1", ARN: goldenARN}},
		"one's own":            {copyOf("a", "b"), builder.Candidate{ID: "b", Region: "us-east-1"}},
		"of another region":    {with(copyOf("a", "b"), func(i *sdk.Image) { i.Attributes["sourceImageRegion"] = "eu-west-3" }), builder.Candidate{ID: "b", Region: "eu-west-3"}},
		"of no region":         {with(copyOf("a", "b"), func(i *sdk.Image) { i.Attributes["sourceImageRegion"] = "x@y/#" }), builder.Candidate{}},
		"a stranger's":         {with(copyOf("a", "b"), stranger), builder.Candidate{}},
		"of one's own build":   {with(copyOf("a", "b"), build(goldenARN)), builder.Candidate{ID: "b", Region: "us-east-1"}},
		"of another's build":   {with(copyOf("a", "b"), build(strings.Replace(goldenARN, self, "444455556666", 1))), builder.Candidate{}},
	} {
		got, is := a.source(test.img)
		if is != (test.want.ID != "") || is && cmp.Diff(test.want, got) != "" {
			t.Errorf("%s: %v %+v", name, is, got)
		}
	}
	a.self = ""
	if _, is := a.source(with(copyOf("a", "b"), build("no ARN"))); is {
		t.Error("of an account that is not known")
	}
}

// TestWhatIsLookedUp: what others are copies of, once, and not what is read anyway.
func TestWhatIsLookedUp(t *testing.T) {
	a := &ages{}
	read := builder.Candidate{ID: "read", Region: "us-east-1", ARN: "build-read"}
	away := builder.Candidate{ID: "away", Region: "eu-west-1", ARN: "build-away"}
	a.know([]builder.Candidate{read, away}, self)
	build := builder.Candidate{ARN: "build"}
	for _, img := range []sdk.Image{of("x"), copyOf("a", "read"), copyOf("b", "away"), copyOf("c", "shown"), copyOf("d", "unlisted"), copyOf("e", "unlisted")} {
		a.keep(build, img)
	}
	a.show(of("shown"))
	here := func(region string) bool { return region == "us-east-1" }
	if diff := cmp.Diff(map[string][]string{"eu-west-1": {"away"}, "us-east-1": {"unlisted"}}, a.unasked(here)); diff != "" {
		t.Error(diff)
	}
	a.trace(copyOf("unlisted", "older"))
	if got := a.known["unlisted"]; got.ID != "unlisted" || got.Region != "us-east-1" {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(map[string][]string{"us-east-1": {"older"}}, a.unasked(here)); diff != "" {
		t.Error(diff)
	}
	if got := a.unasked(here); len(got) > 0 {
		t.Errorf("looked up again: %v", got)
	}
}

// TestLostTrails: a build is lost where nothing that is seen was built, and something that
// it is a copy of is not seen.
func TestLostTrails(t *testing.T) {
	made := now().Add(-time.Hour)
	instance := func(id string) sdk.Image { img := of(id, "sourceInstanceId", "i-1"); img.CreatedAt = made; return img }
	timed := func(img sdk.Image) sdk.Image { img.CreatedAt = made; return img }
	for name, test := range map[string]struct {
		known  []builder.Candidate
		kept   []sdk.Image // of the build
		traced []sdk.Image
		want   bool
	}{
		"built": {nil, []sdk.Image{instance("a")}, nil, false}, "a copy of what is not shown": {nil, []sdk.Image{timed(copyOf("a", "b"))}, nil, true}, "a copy of what was built": {nil, []sdk.Image{timed(copyOf("a", "b"))}, []sdk.Image{instance("b")}, false},
		"one of several is built": {nil, []sdk.Image{timed(copyOf("a", "b")), instance("c")}, nil, false}, "no copy first": {nil, []sdk.Image{timed(of("x")), timed(copyOf("a", "b"))}, nil, true},
		"a copy of a copy of nothing": {nil, []sdk.Image{timed(copyOf("a", "b"))}, []sdk.Image{timed(copyOf("b", "c"))}, true}, "a copy of what has no time": {nil, []sdk.Image{timed(copyOf("a", "b"))}, []sdk.Image{of("b")}, true},
		"a copy of what has one": {nil, []sdk.Image{timed(copyOf("a", "b"))}, []sdk.Image{timed(of("b"))}, false}, "no copy": {nil, []sdk.Image{timed(of("a"))}, nil, false}, "no copy, without a time": {nil, []sdk.Image{of("a")}, nil, false},
		"by the schedule":                      {[]builder.Candidate{{ID: "a", ARN: "build", Built: true, CreatedAt: made}}, []sdk.Image{timed(copyOf("a", "b"))}, nil, false},
		"by an import, and timed by its build": {[]builder.Candidate{{ID: "a", ARN: "build", Built: true, CreatedAt: made}}, []sdk.Image{copyOf("a", "b")}, nil, false},
		"in a circle":                          {nil, []sdk.Image{timed(copyOf("a", "b"))}, []sdk.Image{timed(copyOf("b", "b"))}, false},
	} {
		a := &ages{}
		a.know(test.known, self)
		for _, img := range test.kept {
			a.keep(builder.Candidate{ARN: "build"}, img)
			a.show(img)
		}
		for _, img := range test.traced {
			a.trace(img)
		}
		if got := len(a.lost(map[string]time.Time{})) > 0; got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// sinkThat fails at its nth message.
type sinkThat struct {
	*recorder
	left int
}

func (s *sinkThat) Images(images ...sdk.Image) error {
	if s.left--; s.left < 0 {
		return errGone
	}
	return s.recorder.Images(images...)
}

func (s *sinkThat) Report(d sdk.Diagnostic) error {
	if s.left--; s.left < 0 {
		return errGone
	}
	return s.recorder.Report(d)
}

// agesOfAll has an old build that was distributed again, a lost one and one without a time.
func agesOfAll() *ages {
	old, again := now().Add(-48*time.Hour), now().Add(-time.Hour)
	a := &ages{}
	a.know([]builder.Candidate{{ID: "old", ARN: "b-old", CreatedAt: old}, {ID: "again", ARN: "b-again", CreatedAt: again}, {ID: "lost", ARN: "b-lost", CreatedAt: again}, {ID: "timeless", ARN: "b-timeless"}}, self)
	for id, source := range map[string]string{"old": "", "again": "old", "lost": "nowhere", "timeless": ""} {
		img := of(id)
		if source != "" {
			img = copyOf(id, source)
		}
		img.CreatedAt = again
		a.keep(a.known[id], img)
		a.show(img)
	}
	return a
}

func TestAgesAreSentAndTold(t *testing.T) {
	out := &recorder{}
	if err := agesOfAll().send(out, sdk.NewestByCreated); err != nil {
		t.Fatal(err)
	}
	old := now().Add(-48 * time.Hour)
	for id, want := range map[string]time.Time{"old": old, "again": old, "lost": now().Add(-time.Hour), "timeless": now().Add(-time.Hour)} {
		if img := out.find(t, id); !img.CreatedAt.Equal(want) || (id == "again") != (img.Provenance["createdAt"] == sdk.Provenance{From: "api", Key: "imagebuilder", Raw: "b-old"}) {
			t.Errorf("%s: %s %+v", id, img.CreatedAt, img.Provenance)
		}
	}
	want := "N imageBuilder 1 AMI is of older builds that were distributed again, and taken to be as old: again\n" +
		"N imageBuilder EC2 does not show what the AMIs of 1 build are copies of, so each is taken to be as old as Image Builder says, which is not so if an older build was distributed again: b-lost\n" +
		"W imageBuilder Image Builder does not say when 1 build was made, each is taken to be as old as its oldest AMI: b-timeless"
	if got := summaries(out.diagnostics); got != want || !strings.Contains(out.diagnostics[1].NextStep, "newestBy: version") || !strings.Contains(out.diagnostics[2].NextStep, "newestBy: version") {
		t.Error(got)
	}
	byVersion := &recorder{}
	if err := agesOfAll().send(byVersion, sdk.NewestByVersion); err != nil || strings.Contains(summaries(byVersion.diagnostics), "b-lost") {
		t.Errorf("%v\n%s", err, summaries(byVersion.diagnostics))
	}
	for n := range 7 {
		some := &sinkThat{&recorder{}, n}
		if err := agesOfAll().send(some, sdk.NewestByCreated); !errors.Is(err, errGone) || len(some.images)+len(some.diagnostics) != n {
			t.Errorf("after %d: %v", n, err)
		}
	}
	a := agesOfAll()
	a.kept["b-old"], a.away["b-away"] = nil, []sdk.Image{of("away")}
	if _, untimed := a.made(); !slices.Equal(untimed, []string{"b-timeless"}) {
		t.Errorf("untimed are %q", untimed)
	}
}
