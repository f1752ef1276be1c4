package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// TestTimeIsTheBuilds: an old build that is distributed again gets a new AMI, and
// is no newer for that.
func TestTimeIsTheBuilds(t *testing.T) {
	build := func(n int, created string) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: n, DateCreated: created,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
	}
	start(t, fakeaws.World{
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}}, Builds: []fakeaws.Build{build(1, "2026-06-01T00:00:00Z"), build(2, "2026-06-02T00:00:00Z")},
		AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-20T00:00:00.000Z"), amiOf("us-east-1", id(2), "2026-06-02T01:00:00.000Z")},
	})
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"p"}}`})
	out.noErrors(t)
	if old, last := out.find(t, id(1)), out.find(t, id(2)); !old.CreatedAt.Before(last.CreatedAt) {
		t.Errorf("the copy of %s counts as newer than the build of %s", old.CreatedAt, last.CreatedAt)
	}
}

// TestDistributedAsABuildOfToday: what is a copy of an older build is as old as that, in
// the region of the older one as in another.
func TestDistributedAsABuildOfToday(t *testing.T) {
	build := func(n int, created string, outputs ...fakeaws.Output) fakeaws.Build {
		return fakeaws.Build{Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: n, DateCreated: created, Outputs: outputs}
	}
	const second, today = "2026-06-02T00:00:00.000Z", "2026-06-30T00:00:00.000Z"
	from := func(source int, instance string) func(*fakeaws.AMI) {
		return func(a *fakeaws.AMI) { a.SourceImage, a.SourceInstance = id(source), instance }
	}
	start(t, fakeaws.World{
		Builds: []fakeaws.Build{
			build(1, june, fakeaws.Output{Region: "us-east-1", AMI: id(1)}),
			build(2, second, fakeaws.Output{Region: "us-east-1", AMI: id(2)}, fakeaws.Output{Region: "eu-west-1", AMI: id(3)}),
			build(3, today, fakeaws.Output{Region: "eu-west-1", AMI: id(4)}),
			build(4, today, fakeaws.Output{Region: "us-west-2", AMI: id(5)}),
		},
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june, from(90, "i-1")), amiOf("us-east-1", id(2), second, from(90, "i-2")),
			amiOf("eu-west-1", id(3), second, from(2, "")), // of one build, as its regions are
			amiOf("eu-west-1", id(4), today, from(1, "")),
			amiOf("us-west-2", id(5), today, from(1, "i-5")), // built upon the older one
		},
	})
	out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
	out.noErrors(t)
	if len(out.diagnostics) != 1 || !strings.Contains(out.diagnostics[0].Summary, "1 AMI is of older builds that were distributed again, and taken to be as old: "+id(4)) {
		t.Errorf("%+v", out.diagnostics)
	}
	for n, want := range map[int]string{1: june, 2: second, 3: second, 4: june, 5: today} {
		if img := out.find(t, id(n)); img.CreatedAt.Format("2006-01-02T15:04:05.000Z") != want {
			t.Errorf("%s: %s, want %s", img.ID, img.CreatedAt, want)
		}
	}
}

// TestDistributedOnAndOn: a copy of a copy is as old as what both were made from, and so
// are all AMIs of a build of which one is known to be a copy.
func TestDistributedOnAndOn(t *testing.T) {
	const second, third, today = "2026-06-02T00:00:00.000Z", "2026-06-20T00:00:00.000Z", "2026-06-30T00:00:00.000Z"
	build := func(n int, created string, outputs ...fakeaws.Output) fakeaws.Build {
		return fakeaws.Build{Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: n, DateCreated: created, Outputs: outputs}
	}
	copyOf := func(source int) func(*fakeaws.AMI) { return func(a *fakeaws.AMI) { a.SourceImage = id(source) } }
	start(t, fakeaws.World{
		Builds: []fakeaws.Build{
			build(1, june, fakeaws.Output{Region: "us-east-1", AMI: id(1)}),
			build(2, second, fakeaws.Output{Region: "us-east-1", AMI: id(2)}, fakeaws.Output{Region: "eu-west-1", AMI: id(3)}),
			build(3, third, fakeaws.Output{Region: "us-east-1", AMI: id(4)}, fakeaws.Output{Region: "eu-west-1", AMI: id(5)}),
			build(4, today, fakeaws.Output{Region: "us-west-2", AMI: id(6)}),
		},
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), second), amiOf("eu-west-1", id(3), second, copyOf(2)),
			amiOf("us-east-1", id(4), third, copyOf(1)), amiOf("eu-west-1", id(5), third, copyOf(4)), amiOf("us-west-2", id(6), today, copyOf(4)),
		},
	})
	out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
	out.noErrors(t)
	for n, want := range map[int]string{1: june, 2: second, 3: second, 4: june, 5: june, 6: june} {
		img := out.find(t, id(n))
		if img.CreatedAt.Format("2006-01-02T15:04:05.000Z") != want {
			t.Errorf("%s: %s, want %s", img.ID, img.CreatedAt, want)
		}
		if isCopy := strings.HasSuffix(img.Provenance["createdAt"].Raw, "/1.0.0/1"); isCopy != (n > 3) {
			t.Errorf("%s: %+v", img.ID, img.Provenance["createdAt"])
		}
	}
	if len(out.diagnostics) != 1 || !strings.Contains(out.diagnostics[0].Summary, "3 AMIs are of older builds") {
		t.Errorf("%+v", out.diagnostics)
	}
}

// TestAMIOfTwoBuilds: one that is listed again, as by a distribution of today, is of the
// build that was made first, and has a version. A deleted build does not withhold it.
func TestAMIOfTwoBuilds(t *testing.T) {
	const second, today = "2026-06-02T00:00:00Z", "2026-06-30T00:00:00Z"
	build := func(version string, n int, created, status string, ami int) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Name: "golden", Version: version, Build: n, DateCreated: created, Status: status,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(ami)}},
		}
	}
	for status, want := range map[string]string{"AVAILABLE": "1.0.2/1", "DELETED": "1.0.2/2"} {
		for seed := range uint64(4) { // the order of Image Builder's list
			start(t, fakeaws.World{
				Seed: seed,
				Builds: []fakeaws.Build{
					build("1.0.2", 1, june, status, 1), build("1.0.1", 1, second, "", 2), build("1.0.2", 2, today, "", 1),
				},
				AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), second)},
			})
			out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
			out.noErrors(t)
			if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, []string{id(1), id(2)}) {
				t.Errorf("%s: usable %v", status, got)
			}
			if img := out.find(t, id(1)); img.Version != want || img.CreatedAt.Format(time.DateOnly) != june[:10] {
				t.Errorf("%s: version %s of %s, want %s of %s", status, img.Version, img.CreatedAt, want, june)
			}
		}
	}
}

// TestBuildOfUnknownTime: the AMIs of a build are as old as the oldest of them, in every
// region, and that is told. A distribution that is done again makes none newer.
func TestBuildOfUnknownTime(t *testing.T) {
	build := func(n int, created string, outputs ...fakeaws.Output) fakeaws.Build {
		return fakeaws.Build{Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: n, DateCreated: created, Outputs: outputs}
	}
	start(t, fakeaws.World{
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}},
		Builds: []fakeaws.Build{
			build(1, "", fakeaws.Output{Region: "us-east-1", AMI: id(1)}, fakeaws.Output{Region: "eu-west-1", AMI: id(2)}, fakeaws.Output{Region: "us-west-2", AMI: id(5)}),
			build(2, "2026-06-02T00:00:00Z", fakeaws.Output{Region: "us-east-1", AMI: id(3)}, fakeaws.Output{Region: "eu-west-1", AMI: id(4)}),
		},
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june), amiOf("eu-west-1", id(2), "2026-06-20T00:00:00.000Z"),
			amiOf("us-east-1", id(3), "2026-06-02T01:00:00.000Z"), amiOf("eu-west-1", id(4), "2026-06-02T02:00:00.000Z"),
		},
		Faults: []fakeaws.Fault{{Action: "DescribeImages", Region: "us-west-2", Kind: "deny"}},
	})
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"p"}}`})
	out.oneError(t) // of the region that refuses
	for _, n := range []int{1, 2, 5} {
		if img := out.find(t, id(n)); img.CreatedAt.Format(time.DateOnly) != "2026-06-01" {
			t.Errorf("%s: %s", img.ID, img.CreatedAt)
		}
	}
	if text := out.text(t); !strings.Contains(text, "does not say when 1 build was made") {
		t.Errorf("%+v", out.diagnostics)
	}
}

func TestNewestBy(t *testing.T) {
	tagged := func(a *fakeaws.AMI) { a.Tags = map[string]string{"Version": "1.10.0"} }
	w := fakeaws.World{
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}},
		AMIs:      []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", tagged)},
		Builds: []fakeaws.Build{{
			Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: 3, DateCreated: "2026-06-01T00:00:00Z",
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}},
		}},
	}
	tests := []struct {
		config, version string
		newestBy        sdk.NewestBy
	}{
		{`{"imageBuilder":{"pipeline":"p"}}`, "1.0.0/3", ""},
		{`{"imageBuilder":{"pipeline":"p"},"newestBy":"created"}`, "1.0.0/3", sdk.NewestByCreated},
		{`{"imageBuilder":{"pipeline":"p"},"newestBy":"version"}`, "1.0.0/3", sdk.NewestByVersion},
		{`{"ami":{},"newestBy":"version","tagKeys":{"version":"Version"}}`, "1.10.0", sdk.NewestByVersion},
	}
	for _, test := range tests {
		start(t, w)
		out := run(t, call{config: test.config})
		out.noErrors(t)
		img := out.find(t, id(1))
		if img.NewestBy != test.newestBy || img.Version != test.version || img.CreatedAt.IsZero() {
			t.Errorf("%s: %+v", test.config, img)
		}
	}
}

// TestTie: two AMIs of one creation time, in 100 orders of the service. Neither the
// order nor the id chooses one.
func TestTie(t *testing.T) {
	rule, err := selection.Compile(spec.Select{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(100) {
		w := fakeaws.World{Seed: seed, AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z"), amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z"),
			amiOf("us-east-1", id(3), "2026-05-01T00:00:00.000Z"),
		}}
		start(t, w)
		out := run(t, call{config: `{"ami":{}}`})
		var images []image.Image
		for _, i := range out.images {
			images = append(images, image.Image{ID: i.ID, Provider: i.Provider, Region: i.Region, CreatedAt: &i.CreatedAt, State: image.Available})
		}
		outcome := rule.Decide(selection.Prepare(images), now())
		if outcome.Verdict != selection.Ambiguous || len(outcome.Alternatives) != 2 || outcome.Alternatives[0].ID != id(1) || len(images) != 3 {
			t.Fatalf("seed %d: %s of %v", seed, outcome.Verdict, outcome.Alternatives)
		}
	}
}

// TestAgeOfALoneBuild: its only build is compared with what other sources of a pack have.
func TestAgeOfALoneBuild(t *testing.T) {
	start(t, fakeaws.World{
		Builds: []fakeaws.Build{{
			Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}},
		}},
		AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june, func(a *fakeaws.AMI) { a.SourceImage = id(9) })},
	})
	out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
	out.noErrors(t)
	if text := out.text(t); !strings.Contains(text, "EC2 does not show what the AMIs of 1 build are copies of") {
		t.Error(text)
	}
}

// TestEncryptedBuilds: where a build's AMI is encrypted in its own region, it is a copy of
// one that is not kept. What a schedule began was built, and nothing is to be told of it; of
// what somebody began by hand that is not known.
func TestEncryptedBuilds(t *testing.T) {
	gone := func(n int) func(*fakeaws.AMI) { return func(a *fakeaws.AMI) { a.SourceImage = id(n) } }
	for kind, told := range map[string]string{"SCHEDULED": "", "IMPORT": "", "USER_INITIATED": "image/golden/1.0.0/2", "": "image/golden/1.0.0/2", "OF_TOMORROW": "image/golden/1.0.0/2"} {
		build := func(n int, created, kind string, outputs ...fakeaws.Output) fakeaws.Build {
			return fakeaws.Build{
				Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: n, DateCreated: created, BuildType: kind, Outputs: outputs,
			}
		}
		w := fakeaws.World{
			Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}},
			Builds: []fakeaws.Build{
				build(1, "2026-05-01T00:00:00Z", "SCHEDULED", fakeaws.Output{Region: "us-east-1", AMI: id(1)}),
				build(2, "2026-05-10T00:00:00Z", kind, fakeaws.Output{Region: "us-east-1", AMI: id(2)}, fakeaws.Output{Region: "eu-west-1", AMI: id(3)}),
			},
			AMIs: []fakeaws.AMI{
				amiOf("us-east-1", id(1), june, gone(91)), amiOf("us-east-1", id(2), june, gone(92)), amiOf("eu-west-1", id(3), june, gone(2)),
			},
		}
		for _, config := range []string{`{"imageBuilder":{"pipeline":"p"}}`, `{"imageBuilder":{"image":"golden"}}`} {
			start(t, w)
			out := run(t, call{config: config, hints: []string{"us-east-1"}})
			out.noErrors(t)
			if told == "" && len(out.diagnostics) > 0 || len(out.images) != 2 || !strings.Contains(out.text(t), told) ||
				told != "" && (len(out.diagnostics) != 1 || !strings.HasSuffix(out.diagnostics[0].Summary, "distributed again: arn:aws:imagebuilder:us-east-1:111122223333:"+told)) {
				t.Errorf("%q, %s: %+v", kind, config, out.diagnostics)
			}
		}
	}
}
