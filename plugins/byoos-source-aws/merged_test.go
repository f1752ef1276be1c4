package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func discoveryOf(t *testing.T, text string) (*discovery, *recorder) {
	t.Helper()
	out := &recorder{}
	return &discovery{config: config(t, text), req: sdk.DiscoverRequest[settings.Config]{Now: now()}, session: &session.Session{}, out: out, log: logger(nil)}, out
}

// TestUnseenAMIs: what Image Builder alone says, and why it is not offered.
func TestUnseenAMIs(t *testing.T) {
	d, _ := discoveryOf(t, `{"imageBuilder":{"image":"golden"}}`)
	made := now().Add(-48 * time.Hour)
	c := builder.Candidate{ID: id(1), Region: "us-east-1", Account: "1", Name: "golden", State: sdk.Available, CreatedAt: made, Tags: map[string]string{"a": "b"}}
	want := sdk.Image{
		ID: id(1), Provider: "aws", Name: "golden", Region: "us-east-1", CreatedAt: made, OwnerID: "1", Owner: "1", Tags: map[string]string{"a": "b"}, Provenance: map[string]sdk.Provenance{},
		State: sdk.Available, Withheld: "why", Evidence: sdk.Recorded, ObservedAt: made,
	}
	if diff := cmp.Diff(want, d.unseen(c, "why")); diff != "" {
		t.Error(diff)
	}
	c.NoRegion, c.State = true, sdk.Failed
	if got := d.unseen(c, "why"); got.Region != "" || got.State != sdk.StateUnknown {
		t.Errorf("%+v", got)
	}
	if got := d.unseen(c, ""); got.State != sdk.Gone || got.Evidence != sdk.Asked || got.Withheld != "" || !strings.Contains(got.StateReason, "deregistered") {
		t.Errorf("%+v", got)
	}
	for self, owner := range map[string]string{"1": "self", "2": "1", "": "1"} {
		d.self = self
		if got := d.merged(c, d.unseen(c, "why")); got.Owner != owner {
			t.Errorf("%q: owner %s", self, got.Owner)
		}
	}
	if got := d.merged(builder.Candidate{ID: id(1)}, sdk.Image{Provenance: map[string]sdk.Provenance{}}); got.Owner != "" {
		t.Errorf("owner %s", got.Owner)
	}
}

// TestWhyAnAMIIsNotConfirmed, from what is known best.
func TestWhyAnAMIIsNotConfirmed(t *testing.T) {
	d, _ := discoveryOf(t, `{"imageBuilder":{"image":"golden"}}`)
	old := builder.Candidate{ID: id(1), Region: "r", Account: "1", State: sdk.Available, CreatedAt: now().Add(-settling)}
	for _, test := range []struct {
		change    func(*builder.Candidate)
		self      string
		unchecked bool
		want      string
	}{
		{nil, "1", false, ""}, {nil, "1", true, "could not be checked: EC2 did not answer in r"}, {nil, "", false, "could not be asked (sts:GetCallerIdentity)"}, {nil, "2", false, "does not share it with account 2; read it with credentials of 1"},
		{func(c *builder.Candidate) { c.State, c.Reason = sdk.Pending, "x" }, "1", true, "EC2 does not show it; x"}, {func(c *builder.Candidate) { c.State, c.Reason = sdk.Failed, "x" }, "1", false, "EC2 does not show it; x"},
		{func(c *builder.Candidate) { c.NoRegion = true }, "1", false, "does not say in which region it is, and EC2 does not show it in r"}, {func(c *builder.Candidate) { c.Account = "" }, "", false, "does not say in which account it is"},
		{func(c *builder.Candidate) { c.CreatedAt = time.Time{} }, "1", false, "does not say when its build began"}, {func(c *builder.Candidate) { c.CreatedAt = c.CreatedAt.Add(1) }, "1", false, "began less than a day ago"},
	} {
		c := old
		if test.change != nil {
			test.change(&c)
		}
		d.self = test.self
		if got := d.unconfirmed(c, test.unchecked); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%+v by %q: %s", c, test.self, got)
		}
	}
}

// TestMerge: the earlier of two deprecations, the build's time and version, and the system
// that the tags leave open.
func TestMerge(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2028, 6, n, 0, 0, 0, 0, time.UTC) }
	from := sdk.Provenance{From: "api", Key: "imagebuilder"}
	for _, test := range []struct {
		ec2, build, want time.Time
		said             bool
	}{{at(1), at(2), at(1), false}, {at(2), at(1), at(1), true}, {time.Time{}, at(2), at(2), true}, {at(1), time.Time{}, at(1), false}, {at(1), at(1), at(1), false}} {
		img := merge(builder.Candidate{DeprecatedAt: test.build}, sdk.Image{DeprecatedAt: test.ec2, Provenance: map[string]sdk.Provenance{}}, settings.TagKeys{}, now())
		if p, said := img.Provenance["deprecatedAt"]; !img.DeprecatedAt.Equal(test.want) || said != test.said || said && p != from {
			t.Errorf("%+v: %v %+v", test, img.DeprecatedAt, p)
		}
	}
	c := builder.Candidate{ARN: goldenARN, Version: "1.0.0/1", CreatedAt: at(3), OSVersion: "Ubuntu 24"}
	ec2 := func() sdk.Image {
		return sdk.Image{CreatedAt: at(9), Version: "tag", OSName: "rhel", Contradictions: []string{"x"}, Provenance: map[string]sdk.Provenance{}}
	}
	got := merge(c, ec2(), settings.TagKeys{}, now())
	want := sdk.Image{
		CreatedAt: at(3), Version: "1.0.0/1", OSName: "ubuntu", OSVersion: "24", Reference: &sdk.Reference{Kind: "arn", Value: goldenARN}, Provenance: map[string]sdk.Provenance{
			"id": from, "createdAt": from, "version": from, "os.name": {From: "api", Key: "osVersion", Raw: "Ubuntu 24"}, "os.version": {From: "api", Key: "osVersion", Raw: "Ubuntu 24"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	c.OSVersion = "golden"
	if got := merge(c, ec2(), settings.TagKeys{Version: "v"}, now()); got.Version != "tag" || got.OSName != "rhel" || len(got.Contradictions) != 1 {
		t.Errorf("%+v", got)
	}
	if got := merge(builder.Candidate{}, ec2(), settings.TagKeys{}, now()); got.Version != "tag" || !got.CreatedAt.Equal(at(9)) || got.Reference != nil {
		t.Errorf("%+v", got)
	}
}

// TestWhoseBuildsAre: by what is found under a name of one's own, and else STS says it.
func TestWhoseBuildsAre(t *testing.T) {
	start(t, searchWorld())
	const arn = "arn:aws:imagebuilder:us-east-1:222222222222:image/golden/1.0.0/1"
	found := builder.Found{Candidates: []builder.Candidate{{ARN: arn}}}
	for text, want := range map[string]string{
		`{"pipeline":"p"}`: "222222222222", `{"image":"i"}`: "222222222222", `{"image":"i","owner":"shared"}`: self, `{"image":"i","owner":"amazon"}`: self,
		`{"image":"` + arn + `"}`: self, `{"pipeline":"arn:aws:imagebuilder:us-east-1:222222222222:image-pipeline/p"}`: self,
	} {
		s, err := (*session.Shared)(nil).Open(t.Context(), config(t, `{"imageBuilder":`+text+`}`), nil, &sdk.Secrets{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := discoveryOf(t, `{"imageBuilder":`+text+`}`)
		d.session = s
		if got := d.whose(t.Context(), found); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if got := d.whose(t.Context(), builder.Found{}) + d.whose(t.Context(), builder.Found{Candidates: []builder.Candidate{{}}}); got != self+self {
			t.Errorf("%s, without an ARN: %s", text, got)
		}
		if d.config.ImageBuilder.Owner = ""; strings.HasPrefix(text, `{"image":"i"}`) && d.whose(t.Context(), found) != want {
			t.Errorf("%s without an owner", text)
		}
	}
}

func TestHomeOfABuild(t *testing.T) {
	for _, test := range []struct{ text, own, want string }{
		{`{"imageBuilder":{"image":"x","region":"eu-west-1"},"regions":"eu-west-2"}`, "us-east-1", "eu-west-1"}, {`{"imageBuilder":{"image":"x"},"regions":"eu-west-2"}`, "us-east-1", "us-east-1"},
		{`{"imageBuilder":{"image":"x"},"regions":["eu-west-2","eu-west-3"]}`, "", "eu-west-2"}, {`{"imageBuilder":{"image":"x"},"regions":"all-enabled"}`, "", ""}, {`{"imageBuilder":{"image":"x"}}`, "", ""},
	} {
		got, err := home(config(t, test.text), &session.Session{Region: test.own})
		var d *sdk.Diagnostic
		if got != test.want || errors.As(err, &d) != (test.want == "") || d != nil && (d.ConfigPath != "imageBuilder.region" || !strings.Contains(d.NextStep, "AWS_REGION") || !strings.Contains(d.Summary, "no region")) {
			t.Errorf("%+v: %s, %v", test, got, err)
		}
	}
}

func summaries(all []sdk.Diagnostic) string {
	var lines []string
	for _, d := range all {
		severity := map[sdk.Severity]string{sdk.Error: "E", sdk.Warning: "W", sdk.Notice: "N"}[d.Severity]
		lines = append(lines, severity+" "+d.ConfigPath+" "+d.Summary)
	}
	return strings.Join(lines, "\n")
}

// TestNotesOfBuilds: each that a user has to know, and nothing where there is nothing.
func TestNotesOfBuilds(t *testing.T) {
	two := []builder.Candidate{{ARN: goldenARN}, {ARN: strings.Replace(goldenARN, "golden", "silver", 1)}}
	for i, test := range []struct {
		found builder.Found
		want  string
	}{
		{builder.Found{}, ""}, {builder.Found{Unfinished: []string{"a"}}, "N imageBuilder 1 build has no AMI yet: a"}, {builder.Found{Unnamed: []string{"a", "b"}}, "W imageBuilder Image Builder does not name all AMIs of 2 builds: a, b"},
		{builder.Found{NoARN: 1}, "W imageBuilder.image Image Builder does not give the ARN of 1 version, whose builds are left out"}, {builder.Found{Deleted: []string{"a"}}, "W imageBuilder.image Image Builder lists 1 version, and no build of it: a"},
		{builder.Found{OutOfRange: []string{"2.0.0"}}, `W imageBuilder.version no version is within "1.x", there is 2.0.0`}, {builder.Found{OutOfRange: []string{"2.0.0"}, Fitting: 1}, ""},
		{builder.Found{OutOfRange: []string{"2.0.0"}, NoARN: 1}, "W imageBuilder.image Image Builder does not give the ARN of 1 version, whose builds are left out"},
		{builder.Found{OutOfRange: []string{"2.0.0"}, Deleted: []string{"a"}}, "W imageBuilder.image Image Builder lists 1 version, and no build of it: a"},
		{builder.Found{OutOfRange: []string{"2.0.0"}, Deleted: []string{"a"}, NoARN: 1}, "W imageBuilder.image Image Builder does not give the ARN of 1 version, whose builds are left out\nW imageBuilder.image Image Builder lists 1 version, and no build of it: a"},
		{builder.Found{Candidates: two[:1], Fitting: 1}, ""}, {builder.Found{Candidates: two, Fitting: 2}, "W imageBuilder newestBy is version, and the builds are of 2 recipes, whose versions do not compare: golden, silver"},
		{builder.Found{Containers: 1, Fitting: 1}, "W imageBuilder 1 build makes a container image, which no pack of this source can use"}, {builder.Found{Containers: 1, Fitting: 2, Candidates: two[:1]}, ""},
	} {
		d, out := discoveryOf(t, `{"imageBuilder":{"image":"golden","version":"1.x"},"newestBy":"version"}`)
		if err := d.noteBuilds(test.found); err != nil || summaries(out.diagnostics) != test.want {
			t.Errorf("%d: %v\n%s", i, err, summaries(out.diagnostics))
		}
	}
	d, out := discoveryOf(t, `{"imageBuilder":{"image":"golden"},"newestBy":"version","tagKeys":{"version":"v"}}`)
	if err := d.noteBuilds(builder.Found{Candidates: two, Fitting: 2}); err != nil || len(out.diagnostics) > 0 {
		t.Errorf("by the tag's: %s", summaries(out.diagnostics))
	}
	d.out = gone{}
	if err := d.noteBuilds(builder.Found{NoARN: 1}); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

// gone is a host that has ended.
type gone struct{}

var errGone = errors.New("the host is gone")

func (gone) Images(...sdk.Image) error           { return errGone }
func (gone) Progress(int64, int64, string) error { return errGone }
func (gone) Report(sdk.Diagnostic) error         { return errGone }

// TestNamesOfParameters: SSM may leave out what it was asked for.
func TestNamesOfParameters(t *testing.T) {
	p := func(name, selector string, version int64) types.Parameter {
		return types.Parameter{Name: aws.String(name), Selector: aws.String(selector), Version: version}
	}
	for _, test := range []struct {
		p    types.Parameter
		left []string
		want string
	}{
		{p("/a", "", 3), []string{"/a", "/a:3"}, "/a"}, {p("/a", ":3", 3), []string{"/a", "/a:3"}, "/a:3"}, {p("/a", "", 3), []string{"/a:3"}, "/a:3"}, {p("/a", "", 3), []string{"/b", "/a:prod"}, "/a:prod"},
		{p("", "", 3), []string{"/b:1"}, "/b:1"}, {p("", "", 3), []string{"/b", "/c"}, ""}, {p("/a", "", 3), []string{"/b"}, "/a"}, {p("/a", "", 3), nil, "/a"},
	} {
		if got := askedAs(test.p, test.left); got != test.want {
			t.Errorf("%s%s of %q: %q, want %q", aws.ToString(test.p.Name), aws.ToString(test.p.Selector), test.left, got, test.want)
		}
	}
	for _, test := range []struct {
		name, known string
		want        bool
	}{{"/aws/service/x", "/a", true}, {"/a", "/aws/service/x", false}, {"/a", "/b", true}, {"/b", "/a", false}, {"/a", "/a", false}, {"/aws/service/a", "/aws/service/b", true}} {
		if before(test.name, test.known) != test.want {
			t.Errorf("%s before %s: want %v", test.name, test.known, test.want)
		}
	}
	for value, want := range map[string]string{id(1): id(1), " " + id(1) + "\n": id(1), `{"image_id":"` + id(1) + `"}`: id(1), `{"image_id":"x"}`: "!", "{}": "!", "x": "!", "": "!", "ami-1": "!"} {
		if got, ok := amiID(value); ok != (want != "!") || ok && got != want {
			t.Errorf("%q: %s, %v", value, got, ok)
		}
	}
}

// TestNotesOfParameters: each that is asked for is there, missing or told.
func TestNotesOfParameters(t *testing.T) {
	d, out := discoveryOf(t, `{"ssmParameter":"/a"}`)
	names := map[string]string{}
	answer := &ssm.GetParametersOutput{
		Parameters: []types.Parameter{
			{Name: aws.String("/b"), Value: aws.String("no id")}, {Name: aws.String("/d"), Value: aws.String(id(1))}, {Name: aws.String("/c"), Value: aws.String(id(1))}, {Name: aws.String("/aws/service/z"), Value: aws.String(id(2))},
			{Name: aws.String("/a"), Value: aws.String(id(2))},
		}, InvalidParameters: []string{"/d-gone"},
	}
	if err := d.noteParameters(answer, []string{"/a", "/aws/service/z", "/b", "/c", "/d", "/d-gone", "/e"}, "us-east-1", names); err != nil {
		t.Fatal(err)
	}
	if want := "E ssmParameter parameter /b does not hold an AMI id\nE ssmParameter SSM does not say what parameter /e holds"; summaries(out.diagnostics) != want || out.diagnostics[0].Scope != "us-east-1" {
		t.Errorf("%s", summaries(out.diagnostics))
	}
	if diff := cmp.Diff(map[string]string{id(1): "/c", id(2): "/aws/service/z"}, names); diff != "" {
		t.Error(diff)
	}
	places := &d.parameterPlaces
	if !slices.Equal(places.missing, [][2]string{{"us-east-1", "/d-gone"}}) || !cmp.Equal(places.there, map[string]bool{"/a": true, "/aws/service/z": true, "/b": true, "/c": true, "/d": true}) {
		t.Errorf("there %v, missing %v", places.there, places.missing)
	}
	d.out = gone{}
	for _, broken := range []*ssm.GetParametersOutput{{Parameters: answer.Parameters[:1]}, {}} {
		if err := d.noteParameters(broken, []string{"/b"}, "us-east-1", names); !errors.Is(err, errGone) {
			t.Errorf("got %v", err)
		}
	}
	if err := places.tell(d); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

// TestOtherProviders: nothing is asked for packs of other clouds.
func TestOtherProviders(t *testing.T) {
	for provider, asks := range map[string]bool{"azure": false, "AWS": true, "": true} {
		fake := start(t, searchWorld())
		req := sdk.DiscoverRequest[settings.Config]{Config: config(t, `{"ami":{}}`), Now: now(), Secrets: &sdk.Secrets{}}
		if provider != "" {
			req.Hints.Providers = []string{"azure", provider}
		}
		if err := discover(context.Background(), nil, req, &recorder{}); err != nil || (len(fake.Calls()) > 0) != asks {
			t.Errorf("%q: %v, %d calls", provider, err, len(fake.Calls()))
		}
	}
	var d *sdk.Diagnostic
	if err := discover(context.Background(), nil, sdk.DiscoverRequest[settings.Config]{}, &recorder{}); !errors.As(err, &d) || !strings.Contains(d.Summary, "does not say what to look for") {
		t.Errorf("got %v", err)
	}
	if err := verify(context.Background(), nil, sdk.VerifyRequest[settings.Config]{}, &recorder{}); !errors.As(err, &d) || !strings.Contains(d.Summary, "does not say what to look for") {
		t.Errorf("got %v", err)
	}
}
