package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func amiOf(region, id, created string, change ...func(*fakeaws.AMI)) fakeaws.AMI {
	a := fakeaws.AMI{Region: region, ID: id, Name: "golden-" + id, CreationDate: created}
	for _, c := range change {
		c(&a)
	}
	return a
}

func id(n int) string { return fmt.Sprintf("ami-%017x", n) }

// pipelineWorld has a pipeline whose builds went to three regions.
func pipelineWorld() fakeaws.World {
	regions := []string{"us-east-1", "us-west-2", "eu-west-1"}
	w := fakeaws.World{Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "Golden RHEL"}, {Region: "us-east-1", Name: "Other"}}}
	for n := 1; n <= 30; n++ {
		at := time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC).Format("2006-01-02T15:04:05.000Z")
		b := fakeaws.Build{
			Region: "us-east-1", Pipeline: "Golden RHEL", Name: "golden", Version: fmt.Sprintf("1.%d.0", n), Build: 1,
			OSVersion: "Red Hat Enterprise Linux 8", DateCreated: at,
		}
		for r, region := range regions {
			ami := id(n*10 + r)
			b.Outputs = append(b.Outputs, fakeaws.Output{Region: region, AMI: ami})
			w.AMIs = append(w.AMIs, amiOf(region, ami, at))
		}
		w.Builds = append(w.Builds, b)
	}
	return w
}

func TestImageBuilderPipelineInThreeRegions(t *testing.T) {
	fake := start(t, pipelineWorld())
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"Golden RHEL"}}`})
	out.noErrors(t)
	usable := out.usable(now())
	for _, region := range []string{"us-east-1", "us-west-2", "eu-west-1"} {
		if len(usable[region]) != 30 {
			t.Errorf("%s: %d AMIs, want 30", region, len(usable[region]))
		}
	}
	want := sdk.Image{
		ID: id(100), Provider: "aws", Name: "golden-" + id(100), Region: "us-east-1", Architecture: "amd64",
		OSName: "rhel", OSVersion: "8", CreatedAt: time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC),
		Version: "1.10.0/1", State: sdk.Available, Owner: "self", OwnerID: self, Evidence: sdk.Asked,
		Reference: &sdk.Reference{Kind: "arn", Value: "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.10.0/1"},
		Provenance: map[string]sdk.Provenance{
			"id":           {From: "api", Key: "imagebuilder"},
			"createdAt":    {From: "api", Key: "imagebuilder"},
			"version":      {From: "api", Key: "imagebuilder"},
			"architecture": {From: "api", Key: "architecture", Raw: "x86_64"},
			"os.name":      {From: "api", Key: "osVersion", Raw: "Red Hat Enterprise Linux 8"},
			"os.version":   {From: "api", Key: "osVersion", Raw: "Red Hat Enterprise Linux 8"},
		},
		Attributes: map[string]string{
			"deregistrationProtection": "disabled", "enaSupport": "true", "encrypted": "false", "platformDetails": "Linux/UNIX", "rootDeviceType": "ebs", "virtualizationType": "hvm",
			"usageOperation": "RunInstances",
		},
	}
	if diff := cmp.Diff(want, out.find(t, id(100))); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	if n := count(fake.Calls(), "ListImagePipelineImages"); n != 2 {
		t.Errorf("%d pages of builds, want 2", n)
	}
	if n := count(fake.Calls(), "DescribeImages"); n != 3 {
		t.Errorf("%d DescribeImages, want one for each region", n)
	}
}

func TestImageBuilderAsksForNamedRegionsOnly(t *testing.T) {
	fake := start(t, pipelineWorld())
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"Golden RHEL"},"regions":["us-west-2","eu-west-1"]}`, hints: []string{"eu-west-1"}})
	out.noErrors(t)
	if usable := out.usable(now()); len(usable) != 1 || len(usable["eu-west-1"]) != 30 {
		t.Errorf("got %v", usable)
	}
	if n := count(fake.Calls(), "DescribeImages"); n != 1 {
		t.Errorf("%d DescribeImages, want 1", n)
	}
}

// TestImageBuilderStates: what Image Builder believes in is checked against EC2.
func TestImageBuilderStates(t *testing.T) {
	const old, young = "2026-06-01T00:00:00.000Z", "2026-07-01T11:55:00.000Z"
	build := func(n int, created string, change func(*fakeaws.Build)) fakeaws.Build {
		b := fakeaws.Build{
			Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: n, DateCreated: created,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
		if change != nil {
			change(&b)
		}
		return b
	}
	w := fakeaws.World{
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}},
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), old),
			amiOf("us-east-1", id(3), old, func(a *fakeaws.AMI) { a.State = "disabled" }),
			amiOf("us-east-1", id(4), old, func(a *fakeaws.AMI) { a.DeprecationTime = "2026-06-15T00:00:00.000Z" }),
			amiOf("us-east-1", id(5), old, func(a *fakeaws.AMI) { a.Owner = "999999999999" }),
			amiOf("us-east-1", id(6), old, func(a *fakeaws.AMI) { a.Owner = "888888888888"; a.SharedWith = []string{self} }),
			amiOf("us-east-1", id(9), old), amiOf("us-east-1", id(10), old), amiOf("us-east-1", id(13), old), amiOf("us-east-1", id(14), old),
			amiOf("us-east-1", id(15), old), amiOf("us-east-1", id(18), old),
		},
		Builds: []fakeaws.Build{
			build(1, old, nil),
			build(2, old, nil), // deregistered
			build(3, old, nil),
			build(4, old, nil),
			build(5, old, func(b *fakeaws.Build) { b.Outputs[0].Account = "999999999999" }),
			build(6, old, func(b *fakeaws.Build) { b.Outputs[0].Account = "888888888888" }),
			build(7, young, nil), // not visible yet
			build(8, young, func(b *fakeaws.Build) { b.Status = "BUILDING"; b.Outputs = nil }),
			build(9, old, func(b *fakeaws.Build) { b.Status = "FAILED"; b.StatusReason = "tests failed" }),
			build(10, old, func(b *fakeaws.Build) { b.Outputs[0].Status = "FAILED"; b.Outputs[0].Reason = "copy failed" }),
			build(11, old, func(b *fakeaws.Build) { b.Type = "DOCKER" }),
			build(12, old, func(b *fakeaws.Build) { b.Status = "DELETED" }),
			build(13, old, func(b *fakeaws.Build) { b.Status = "DEPRECATED"; b.DeprecationTime = "2026-06-20T00:00:00Z" }),
			build(14, old, func(b *fakeaws.Build) { b.Status = "DEPRECATED" }),
			build(15, old, func(b *fakeaws.Build) { b.Status = "QUARANTINED"; b.DeprecationTime = "2027-06-20T00:00:00Z" }),
			build(16, old, func(b *fakeaws.Build) {
				b.Status, b.StatusReason, b.Outputs[0].Account = "FAILED", "tests failed", "999999999999"
			}),
			build(17, old, func(b *fakeaws.Build) { b.Status = "DISTRIBUTING" }), // not visible yet
			build(18, old, func(b *fakeaws.Build) { b.Status = "DELETED" }),
			build(20, "2026-07-01T10:00:00.000Z", nil),                                                    // not visible yet: the build took long
			build(19, old, func(b *fakeaws.Build) { b.Status, b.StatusReason = "FAILED", "copy failed" }), // never was
			build(21, "lately", nil), // of no time that can be read
		},
	}
	start(t, w)
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"p"}}`})
	out.noErrors(t)
	want := map[int]struct {
		state            sdk.State
		reason, withheld string
		evidence         sdk.Evidence
	}{
		1:  {sdk.Available, "", "", sdk.Asked},
		2:  {sdk.Gone, "deregistered", "", sdk.Asked},
		3:  {sdk.Disabled, "disabled", "", sdk.Asked},
		4:  {sdk.Available, "", "", sdk.Asked},
		5:  {sdk.Available, "", "could not be checked: it is in account 999999999999", sdk.Recorded},
		6:  {sdk.Available, "", "", sdk.Asked},
		7:  {sdk.Available, "", "does not show it yet", sdk.Recorded},
		9:  {sdk.Failed, "tests failed", "", sdk.Asked},
		10: {sdk.Failed, "copy failed", "", sdk.Asked},
		12: {sdk.Gone, "deregistered", "", sdk.Asked},
		13: {sdk.Available, "", "", sdk.Asked},
		14: {sdk.Unusable, "DEPRECATED", "", sdk.Asked},
		15: {sdk.StateUnknown, "QUARANTINED", "QUARANTINED", sdk.Asked}, // a state of tomorrow
		16: {sdk.Failed, "tests failed", "", sdk.Asked},                 // Image Builder's word on its build needs no AMI
		17: {sdk.Pending, "DISTRIBUTING", "", sdk.Asked},
		18: {sdk.Available, "", "it is DELETED", sdk.Asked}, // which leaves its AMI as it is
		19: {sdk.Failed, "copy failed", "", sdk.Asked},
		20: {sdk.Available, "", "does not show it yet", sdk.Recorded},
		21: {sdk.Available, "", "does not say when its build began", sdk.Recorded},
	}
	if len(out.images) != len(want) {
		t.Errorf("%d images, want %d", len(out.images), len(want))
	}
	for n, w := range want {
		img := out.find(t, id(n))
		if img.State != w.state || !strings.Contains(img.StateReason, w.reason) || (w.reason == "") != (img.StateReason == "") {
			t.Errorf("build %d: state %v, %q; want %v, %q", n, img.State, img.StateReason, w.state, w.reason)
		}
		if img.Evidence != w.evidence || !strings.Contains(img.Withheld, w.withheld) || (w.withheld == "") != (img.Withheld == "") {
			t.Errorf("build %d: evidence %v, withheld %q; want %v, %q", n, img.Evidence, img.Withheld, w.evidence, w.withheld)
		}
		if recorded := img.Evidence == sdk.Recorded && n != 21; recorded == img.ObservedAt.IsZero() {
			t.Errorf("build %d: evidence %v, observed at %v", n, img.Evidence, img.ObservedAt)
		}
	}
	if got := out.usable(now())["us-east-1"]; !slices.Equal(sorted(got), []string{id(1), id(6)}) {
		t.Errorf("usable %v, want those of builds 1 and 6", got)
	}
	if img := out.find(t, id(6)); img.Owner != "888888888888" {
		t.Errorf("an AMI in another account has owner %q", img.Owner)
	}
	if !strings.Contains(out.text(t), "golden 1.0.0/8 (BUILDING)") {
		t.Errorf("the unfinished build is not mentioned: %v", out.diagnostics)
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

func TestImageBuilderImages(t *testing.T) {
	w := pipelineWorld()
	w.Builds = append(w.Builds, fakeaws.Build{
		Region: "us-east-1", Name: "golden", Version: "2026.01.02", Build: 12, DateCreated: "2026-06-01T00:00:00.000Z",
		Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(9999)}},
	}, fakeaws.Build{
		Region: "us-east-1", Name: "golden", Version: "1.2.0", Build: 1, DateCreated: "2026-06-01T00:00:00.000Z",
		Account: "444455556666", SharedWith: []string{self},
		Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(8888)}},
	})
	w.AMIs = append(w.AMIs, amiOf("us-east-1", id(9999), "2026-06-01T00:00:00.000Z"),
		amiOf("us-east-1", id(8888), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "444455556666"; a.SharedWith = []string{self} }))
	const arn = "arn:aws:imagebuilder:us-east-1:111122223333:image/golden"
	const shared = "arn:aws:imagebuilder:us-east-1:444455556666:image/golden"
	tests := []struct {
		name, config string
		want         []string // ids in us-east-1
	}{
		{"range", `{"image":"golden","version":">=1.9 <1.12"}`, []string{id(90), id(100), id(110)}},
		{"range with a wildcard", `{"image":"golden","version":"1.3.x"}`, []string{id(30)}},
		{"leading zeros", `{"image":"golden","version":">=2026"}`, []string{id(9999)}},
		{"version ARN", `{"image":"` + arn + `/1.10.0"}`, []string{id(100)}},
		{"build ARN", `{"image":"` + arn + `/1.10.0/1"}`, []string{id(100)}},
		{"wildcard ARN", `{"image":"` + arn + `/2026.x.x"}`, []string{id(9999)}},
		{"ARN without version", `{"image":"` + arn + `","version":"~1.2"}`, []string{id(20)}},
		{"shared", `{"image":"golden","owner":"shared"}`, []string{id(8888)}},
		{"shared, by its ARN without version", `{"image":"` + shared + `"}`, []string{id(8888)}},
		{"shared, by its ARN with a wildcard", `{"image":"` + shared + `/x.x.x"}`, []string{id(8888)}},
		{"shared, of a range", `{"image":"` + shared + `","version":"1.x"}`, []string{id(8888)}},
		{"the twelfth build of every version", `{"image":"` + arn + `/x.x.x/12"}`, []string{id(9999)}},
		{"every build of some versions", `{"image":"` + arn + `/1.4.x/x"}`, []string{id(40)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			out := run(t, call{config: `{"imageBuilder":` + test.config + `}`, hints: []string{"us-east-1"}})
			out.noErrors(t)
			if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, sorted(test.want)) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestOneVersionCostsItself: what was deleted, is deprecated or is out of the range is
// told, and is no reason to lose others or to call the image missing.
func TestOneVersionCostsItself(t *testing.T) {
	const arn = "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/"
	build := func(version, status string, n int) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Pipeline: "p", Name: "golden", Version: version, Build: 1, DateCreated: june, Status: status,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
	}
	world := func() fakeaws.World {
		return fakeaws.World{
			Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}},
			Builds:    []fakeaws.Build{build("1.0.0", "", 1), build("1.1.0", "DEPRECATED", 2)},
			AMIs:      []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june)},
		}
	}
	deleted := world()
	deleted.Recorded = []fakeaws.Recorded{{Service: "imagebuilder", Action: "ListImages", Region: "us-east-1", Answer: json.RawMessage(
		`{"imageVersionList": [{"arn": "` + arn + `1.0.0", "name": "golden"}, {"arn": "` + arn + `1.2.0", "name": "golden"}]}`)}}
	tests := []struct {
		name, config string
		world        fakeaws.World
		want         []string // listed
		told         string
	}{
		{"deleted", `{"image":"golden"}`, deleted, []string{id(1)}, "1 version, and no build of it: " + arn + "1.2.0"},
		{"deprecated", `{"image":"golden"}`, world(), []string{id(1), id(2)}, ""},
		{"deprecated alone is within the range", `{"image":"golden","version":"~1.1"}`, world(), []string{id(2)}, ""},
		{"nothing is within the range", `{"image":"golden","version":"2.x"}`, world(), nil, `no version is within "2.x", there is 1.0.0, 1.1.0`},
		{"nothing of a pipeline is", `{"pipeline":"p","version":"2.x"}`, world(), nil, `no version is within "2.x", there is 1.0.0, 1.1.0`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, test.world)
			out := run(t, call{config: `{"imageBuilder":` + test.config + `}`})
			out.noErrors(t)
			var got []string
			for _, img := range out.images {
				got = append(got, img.ID)
			}
			if !slices.Equal(sorted(got), test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
			if told := len(out.diagnostics) > 0; told != (test.told != "") || told && !strings.Contains(out.diagnostics[0].Summary, test.told) {
				t.Errorf("want %q: %+v", test.told, out.diagnostics)
			}
		})
	}
}

func TestImageBuilderNotFound(t *testing.T) {
	const arn = "arn:aws:imagebuilder:us-east-1:111122223333:"
	tests := []struct{ config, kind, name string }{
		{`{"pipeline":"golden rhel"}`, "pipeline", "golden rhel"},
		{`{"pipeline":"` + arn + `image-pipeline/nothing"}`, "pipeline", arn + "image-pipeline/nothing"},
		{`{"image":"nothing"}`, "image", "nothing"},
		{`{"image":"` + arn + `image/nothing"}`, "image", arn + "image/nothing"},
		{`{"image":"` + arn + `image/golden/9.x.x"}`, "image", arn + "image/golden/9.x.x"},
		{`{"image":"` + arn + `image/golden/9.9.9"}`, "image", arn + "image/golden/9.9.9"},
		{`{"image":"` + arn + `image/golden/9.9.9/x"}`, "image", arn + "image/golden/9.9.9/x"},
		{`{"image":"` + arn + `image/golden/9.9.9/1"}`, "image", arn + "image/golden/9.9.9/1"},
	}
	for _, test := range tests {
		start(t, pipelineWorld())
		d := run(t, call{config: `{"imageBuilder":` + test.config + `}`}).oneError(t)
		want := fmt.Sprintf("there is no Image Builder %s %q in us-east-1", test.kind, test.name)
		if d.Summary != want || d.ConfigPath != "imageBuilder."+test.kind || d.NextStep == "" || d.Scope != "us-east-1" {
			t.Errorf("%s: %+v", test.config, d)
		}
	}
}

// TestImageBuilderLeavesFieldsOut: every field of its answer is optional. An AMI
// that lacks one is not lost, and is a candidate as long as nothing speaks against it.
func TestImageBuilderLeavesFieldsOut(t *testing.T) {
	const created = "2026-06-01T00:00:00.000Z"
	full := func() (summary, ami map[string]any) {
		available := map[string]any{"status": "AVAILABLE"}
		ami = map[string]any{"region": "us-east-1", "image": id(1), "name": "golden", "description": "d", "accountId": self, "state": available}
		return map[string]any{
			"arn": "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.2.0/3", "name": "golden", "type": "AMI", "version": "1.2.0/3",
			"platform": "Linux", "osVersion": "Ubuntu 24", "state": available, "owner": self, "dateCreated": created, "tags": map[string]any{},
			"outputResources": map[string]any{"amis": []any{ami}},
		}, ami
	}
	read := func(summary map[string]any, created ...fakeaws.AMI) *recorder {
		answer, err := json.Marshal(map[string]any{"imageSummaryList": []any{summary}})
		if err != nil {
			t.Fatal(err)
		}
		start(t, fakeaws.World{AMIs: created, Recorded: []fakeaws.Recorded{
			{Service: "imagebuilder", Action: "ListImageBuildVersions", Region: "us-east-1", Answer: answer},
		}})
		return run(t, call{config: `{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.2.0","version":"1.x"}}`})
	}
	summary, ami := full()
	for _, part := range []map[string]any{summary, ami} {
		for field := range part {
			if field == "outputResources" || field == "image" {
				continue // nothing is left to find
			}
			t.Run(field, func(t *testing.T) {
				summary, ami := full()
				delete(summary, field)
				delete(ami, field)
				out := read(summary, amiOf("us-east-1", id(1), created))
				out.noErrors(t)
				img := out.find(t, id(1))
				if img.State != sdk.Available || img.Version != "1.2.0/3" {
					t.Errorf("%v %q, version %q", img.State, img.StateReason, img.Version)
				}
			})
		}
	}
	t.Run("region of an AMI that is elsewhere", func(t *testing.T) {
		summary, ami := full()
		delete(ami, "region")
		img := read(summary, amiOf("eu-west-1", id(1), created)).find(t, id(1))
		if img.State != sdk.Available || !strings.Contains(img.Withheld, "in which region") || img.Evidence != sdk.Recorded || img.Region != "" {
			t.Errorf("%+v", img)
		}
	})
	t.Run("accountId of an AMI that does not show", func(t *testing.T) {
		summary, ami := full()
		delete(ami, "accountId")
		img := read(summary).find(t, id(1))
		if img.State != sdk.Available || !strings.Contains(img.Withheld, "in which account") || img.Evidence != sdk.Recorded {
			t.Errorf("%+v", img)
		}
	})
}

func TestAMISearch(t *testing.T) {
	const created = "2026-06-01T00:00:00.000Z"
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), created, func(a *fakeaws.AMI) {
			a.Architecture = "arm64"
			a.Tags = map[string]string{"distribution": "Ubuntu", "distribution_version": "24.04", "kubernetes_version": "v1.30.4", "team": "platform"}
		}),
		amiOf("us-east-1", id(2), created, func(a *fakeaws.AMI) {
			a.PlatformDetails = "Red Hat Enterprise Linux"
			a.Tags = map[string]string{"team": "other", "img-version": "7"}
		}),
		amiOf("us-east-1", id(3), created, func(a *fakeaws.AMI) {
			a.Owner = "444455556666"
			a.Public = true
			a.DeprecationTime = "2026-06-02T00:00:00.000Z"
		}),
		amiOf("us-east-1", id(4), created, func(a *fakeaws.AMI) { a.Owner = "137112412989"; a.OwnerAlias = "amazon"; a.Public = true }),
		amiOf("us-east-1", id(5), created, func(a *fakeaws.AMI) { a.State = "failed"; a.StateReason = "no snapshot" }),
		amiOf("us-east-1", id(6), created, func(a *fakeaws.AMI) { a.ImageType = "kernel" }),
	}}
	tests := []struct {
		name, config string
		want         []string
	}{
		{"own", `{}`, []string{id(1), id(2), id(5)}},
		{"tag", `{"tags":{"team":"platform"}}`, []string{id(1)}},
		{"tag, several values", `{"tags":{"team":["platform","other"]}}`, []string{id(1), id(2)}},
		{"filter", `{"filters":{"architecture":"arm64"}}`, []string{id(1)}},
		{"other account, deprecated too", `{"owners":["444455556666"]}`, []string{id(3)}},
		{"self and amazon", `{"owners":["self","amazon"]}`, []string{id(1), id(2), id(4), id(5)}},
		{"own id and self", `{"owners":["self","111122223333"]}`, []string{id(1), id(2), id(5)}},
		{"name", `{"namePattern":"golden-*2"}`, []string{id(2)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			out := run(t, call{config: `{"ami":` + test.config + `,"tagKeys":{"version":"img-version"}}`})
			out.noErrors(t)
			var got []string
			for _, img := range out.images {
				got = append(got, img.ID)
			}
			if !slices.Equal(sorted(got), sorted(test.want)) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
	start(t, w)
	out := run(t, call{config: `{"ami":{"owners":["self","amazon"]},"tagKeys":{"version":"img-version"}}`})
	one := out.find(t, id(1))
	if one.Owner != "self" || one.OSName != "ubuntu" || one.OSVersion != "24.04" || one.KubernetesVersion != "1.30.4" || one.Architecture != "arm64" {
		t.Errorf("facts of Kubernetes Image Builder's tags: %+v", one)
	}
	if p := one.Provenance["kubernetesVersion"]; p != (sdk.Provenance{From: "tag", Key: "kubernetes_version", Raw: "v1.30.4"}) {
		t.Errorf("provenance %+v", p)
	}
	two := out.find(t, id(2))
	if two.OSName != "rhel" || two.OSVersion != "" || two.Version != "7" || two.Provenance["os.name"].Key != "platformDetails" {
		t.Errorf("facts of platform details and tagKeys: %+v", two)
	}
	if four := out.find(t, id(4)); four.Owner != "amazon" || !four.Public {
		t.Errorf("owner %+v", four)
	}
	if five := out.find(t, id(5)); five.State != sdk.Failed || !strings.Contains(five.StateReason, "no snapshot") {
		t.Errorf("state %+v", five)
	}
}

// TestStrangersAreNamedAndNeverUsable is the whoAMI attack: a newer public AMI
// of somebody else with a matching name.
func TestStrangersAreNamedAndNeverUsable(t *testing.T) {
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Tags = map[string]string{"team": "platform"} }),
		amiOf("us-east-1", id(2), "2026-06-20T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "666666666666"; a.Public = true }),
		amiOf("us-east-1", id(3), "2026-05-20T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "666666666666"; a.Public = true }),
	}}
	start(t, w)
	out := run(t, call{config: `{"ami":{"namePattern":"golden-*","tags":{"team":"platform"}}}`})
	out.noErrors(t)
	if got := out.usable(now())["us-east-1"]; !slices.Equal(got, []string{id(1)}) {
		t.Errorf("usable %v, want our own only", got)
	}
	stranger := out.find(t, id(2))
	if stranger.State != sdk.Available || stranger.Evidence != sdk.Asked || !strings.Contains(stranger.Withheld, "666666666666") || stranger.Owner != "666666666666" {
		t.Errorf("stranger %+v", stranger)
	}
	if len(out.images) != 2 {
		t.Errorf("an older stranger is no danger, yet listed: %d images", len(out.images))
	}

	fake := start(t, w)
	out = run(t, call{config: `{"ami":{"namePattern":"golden-*","showStrangers":false}}`})
	if len(out.images) != 1 || count(fake.Calls(), "DescribeImages") != 1 {
		t.Errorf("showStrangers: false still looks for them")
	}

	start(t, w)
	out = run(t, call{config: `{"ami":{"namePattern":"golden-*","owners":["any"],"dangerouslyAllowAnyOwner":true}}`})
	out.noErrors(t)
	if len(out.usable(now())["us-east-1"]) != 3 || len(out.diagnostics) != 1 || out.diagnostics[0].Severity != sdk.Warning {
		t.Errorf("owner any: %s", out.text(t))
	}
	if out.find(t, id(1)).Owner != "self" {
		t.Errorf("owner any: own AMI is not self")
	}
}

// TestOwnPublicAMIIsNoStranger: STS says which account is one's own, when the search
// for self found nothing that tells.
func TestOwnPublicAMIIsNoStranger(t *testing.T) {
	public := func(a *fakeaws.AMI) { a.Public = true }
	foreign := func(a *fakeaws.AMI) { a.Owner, a.Public = "666666666666", true }
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-20T00:00:00.000Z", public),
		amiOf("us-east-1", id(2), "2026-06-19T00:00:00.000Z", foreign),
		amiOf("eu-west-1", id(3), "2026-06-20T00:00:00.000Z", public),
	}}
	for _, owners := range []string{`["self"]`, `["444455556666"]`, `["self","444455556666"]`} {
		fake := start(t, w)
		out := run(t, call{config: `{"regions":["us-east-1","eu-west-1"],"ami":{"owners":` + owners + `,"namePattern":"golden-*","tags":{"team":"none"}}}`})
		out.noErrors(t)
		if len(out.images) != 1 || out.images[0].ID != id(2) || strings.Contains(out.images[0].Withheld, "could not be asked") {
			t.Errorf("owners %s: %+v", owners, out.images)
		}
		if n := count(fake.Calls(), "GetCallerIdentity"); n != 1 {
			t.Errorf("owners %s: STS is asked %d times, want once", owners, n)
		}
	}
	w.Faults = []fakeaws.Fault{{Service: "sts", Kind: "deny"}}
	start(t, w)
	out := run(t, call{config: `{"ami":{"namePattern":"golden-*","tags":{"team":"none"}}}`})
	out.noErrors(t)
	if img := out.find(t, id(1)); !strings.Contains(img.Withheld, "whether that account is your own could not be asked") {
		t.Errorf("%+v", img)
	}
}

// TestRegionsThatSomePacksSelect: where not every pack selects a region, those of the
// others are read all the same, beside the one of the AWS configuration.
func TestRegionsThatSomePacksSelect(t *testing.T) {
	w := fakeaws.World{}
	for i, region := range []string{"us-east-1", "eu-west-1", "ap-east-1", "cn-north-1"} {
		w.AMIs = append(w.AMIs, amiOf(region, id(i+1), june))
	}
	for _, test := range []struct {
		name, config, region string
		want                 []string
	}{
		{"nothing configured", `{"ami":{}}`, "us-east-1", []string{"eu-west-1", "us-east-1"}},
		{"another partition", `{"ami":{}}`, "cn-north-1", []string{"cn-north-1"}},
		{"no region of one's own", `{"ami":{}}`, "", []string{"cn-north-1", "eu-west-1"}},
		{"configured", `{"ami":{},"regions":"ap-east-1"}`, "us-east-1", []string{"ap-east-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			t.Setenv("AWS_REGION", test.region)
			out := run(t, call{config: test.config, regions: []string{"EU-West-1", "westus2", "cn-north-1"}})
			out.noErrors(t)
			if got := ids(out.usable(now())); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			told := strings.Contains(out.text(t), "not read: eu-west-1, which packs select, as the AWS configuration is of cn-north-1")
			if told != (test.name == "another partition") {
				t.Errorf("told %v: %+v", told, out.diagnostics)
			}
		})
	}
}

// TestOwnAccountByItsNumberIsSelf: where: image.owner == "self" means the account,
// however it is named.
func TestOwnAccountByItsNumberIsSelf(t *testing.T) {
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z"),
		amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner, a.Public = "444455556666", true }),
	}})
	for _, owners := range []string{`"111122223333","444455556666"`, `"self","444455556666"`, `"self","111122223333","444455556666"`} {
		out := run(t, call{config: `{"ami":{"owners":[` + owners + `]}}`})
		out.noErrors(t)
		if len(out.images) != 2 {
			t.Errorf("%s: %d images, want 2", owners, len(out.images))
		}
		if own, other := out.find(t, id(1)).Owner, out.find(t, id(2)).Owner; own != "self" || other != "444455556666" {
			t.Errorf("%s: %s and %s", owners, own, other)
		}
	}
}

// TestWhoseIsNotKnown: an expression about image.owner is not false without a word.
func TestWhoseIsNotKnown(t *testing.T) {
	w := fakeaws.World{
		Faults: []fakeaws.Fault{{Service: "sts", Kind: "deny"}},
		AMIs:   []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z")},
	}
	for owners, want := range map[string]int{`"111122223333"`: 1, `"self","111122223333"`: 0, `"amazon"`: 0} {
		start(t, w)
		out := run(t, call{config: `{"ami":{"owners":[` + owners + `]}}`})
		out.noErrors(t)
		told := slices.DeleteFunc(out.diagnostics, func(d sdk.Diagnostic) bool {
			return d.Severity != sdk.Warning || !strings.Contains(d.Summary, "is your own account is not known") || d.Detail == ""
		})
		if len(told) != want {
			t.Errorf("%s: %+v", owners, out.diagnostics)
		}
	}
}

// TestVersionsOfTwoRecipes: each recipe of a pipeline numbers its own versions.
func TestVersionsOfTwoRecipes(t *testing.T) {
	build := func(name, version string, n int) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Pipeline: "p", Name: name, Version: version, Build: 1, DateCreated: june,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
	}
	for _, test := range []struct {
		config, second string
		want           int
	}{
		{`{"imageBuilder":{"pipeline":"p"},"newestBy":"version"}`, "golden-2", 1},
		{`{"imageBuilder":{"pipeline":"p"},"newestBy":"version"}`, "golden", 0},
		{`{"imageBuilder":{"pipeline":"p"}}`, "golden-2", 0},
		{`{"imageBuilder":{"pipeline":"p"},"newestBy":"version","tagKeys":{"version":"v"}}`, "golden-2", 0},
	} {
		start(t, fakeaws.World{
			Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}}, Builds: []fakeaws.Build{build("golden", "1.5.0", 1), build(test.second, "1.0.0", 2)},
			AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june)},
		})
		out := run(t, call{config: test.config})
		told := slices.DeleteFunc(out.diagnostics, func(d sdk.Diagnostic) bool { return !strings.Contains(d.Summary, "2 recipes") })
		if len(told) != test.want {
			t.Errorf("%s, %s: %+v", test.config, test.second, out.diagnostics)
		}
	}
}

// TestImageOfAnotherAccountIsNotSelf: an ARN names an account, and that need not be
// the one of the credentials.
func TestImageOfAnotherAccountIsNotSelf(t *testing.T) {
	const other = "444455556666"
	w := fakeaws.World{
		Builds: []fakeaws.Build{{
			Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: "2026-06-01T00:00:00.000Z", Account: other, SharedWith: []string{self},
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}, {Region: "us-east-1", AMI: id(2), Account: self}, {Region: "us-east-1", AMI: id(3)}},
		}},
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner, a.SharedWith = other, []string{self} }),
			amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z"),
		},
	}
	for _, c := range []string{`{"image":"arn:aws:imagebuilder:us-east-1:444455556666:image/golden/1.0.0"}`, `{"image":"golden","owner":"shared"}`} {
		start(t, w)
		out := run(t, call{config: `{"imageBuilder":` + c + `}`})
		out.noErrors(t)
		if one, two := out.find(t, id(1)).Owner, out.find(t, id(2)).Owner; one != other || two != "self" {
			t.Errorf("%s: owners %s and %s, want %s and self", c, one, two, other)
		}
		// That account has it, perhaps, and does not share it: nobody was asked who knows.
		if img := out.find(t, id(3)); img.State != sdk.Available || img.Evidence != sdk.Recorded || !strings.Contains(img.Withheld, "does not share it with account "+self) {
			t.Errorf("%s: %+v", c, img)
		}
	}
	w.Faults = []fakeaws.Fault{{Service: "sts", Kind: "deny"}}
	start(t, w)
	img := run(t, call{config: `{"imageBuilder":{"image":"golden","owner":"shared"}}`}).find(t, id(3))
	if img.State != sdk.Available || !strings.Contains(img.Withheld, "whether account 444455556666 is your own could not be asked") {
		t.Errorf("%+v", img)
	}
}

func TestAllowedAMIs(t *testing.T) {
	w := fakeaws.World{AllowedAMIs: "audit-mode", AllowedOwners: []string{"amazon"}, AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "444455556666"; a.Public = true }),
		amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z"),
	}}
	start(t, w)
	out := run(t, call{config: `{"ami":{"owners":["self","444455556666"]}}`})
	if img := out.find(t, id(1)); img.State != sdk.Available || !strings.Contains(img.Withheld, "Allowed AMIs") {
		t.Errorf("%+v", img)
	}
	if img := out.find(t, id(2)); img.State != sdk.Available {
		t.Errorf("%+v", img)
	}
}

func TestSSMParameters(t *testing.T) {
	const name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	const ecs = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
	world := func(values ...string) fakeaws.World {
		w := fakeaws.World{AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "099720109477"; a.OwnerAlias = "amazon"; a.Public = true }),
			amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "591542846629"; a.Public = true }),
		}}
		for i, v := range values {
			w.Parameters = append(w.Parameters, fakeaws.Parameter{Region: "us-east-1", Name: []string{name, ecs}[i], Value: v})
		}
		return w
	}
	start(t, world(id(1), `{"image_id":"`+id(2)+`","os":"Amazon Linux 2023"}`))
	out := run(t, call{config: `{"ssmParameter":["` + name + `","` + ecs + `"]}`})
	out.noErrors(t)
	if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, []string{id(1), id(2)}) {
		t.Errorf("got %v", got)
	}
	if img := out.find(t, id(1)); img.Reference == nil || img.Reference.Value != name || img.Owner != "amazon" {
		t.Errorf("%+v", img)
	}

	start(t, world(id(1), id(1))) // two names of one AMI: always the same of them
	if img := run(t, call{config: `{"ssmParameter":["` + ecs + `","` + name + `"]}`}).find(t, id(1)); img.Reference.Value != name {
		t.Errorf("reference %+v", img.Reference)
	}

	start(t, world(id(7)))
	if img := run(t, call{config: `{"ssmParameter":"` + name + `"}`}).find(t, id(7)); img.State != sdk.StateUnknown || img.Evidence != sdk.Recorded || !strings.Contains(img.Withheld, "EC2 does not show it") {
		t.Errorf("%+v", img)
	}

	start(t, world("hunter2-not-an-ami"))
	out = run(t, call{config: `{"ssmParameter":"` + name + `"}`})
	out.oneError(t)
	if strings.Contains(out.text(t), "hunter2") {
		t.Error("the value of a parameter is shown")
	}

	start(t, world())
	if d := run(t, call{config: `{"ssmParameter":"` + name + `"}`}).oneError(t); !strings.Contains(d.Summary, "there is no parameter "+name) || d.Scope != "us-east-1" {
		t.Errorf("%+v", d)
	}
}

// TestVersionsOfAParameter: each keeps the version or label that it was asked for with,
// also where SSM leaves out which it was.
func TestVersionsOfAParameter(t *testing.T) {
	const name = "/aws/service/x"
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june), amiOf("us-east-1", id(3), june)},
		Recorded: []fakeaws.Recorded{{Service: "ssm", Action: "GetParameters", Region: "us-east-1", Answer: json.RawMessage(
			`{"Parameters":[{"Name":"` + name + `","Value":"` + id(3) + `","Version":3},{"Name":"` + name + `","Value":"` + id(2) + `","Version":2},
			{"Name":"` + name + `","Value":"` + id(1) + `","Version":1,"Selector":":stable"}]}`)}},
	}
	start(t, w)
	out := run(t, call{config: `{"ssmParameter":["` + name + `:2","` + name + `:3","` + name + `:stable"]}`})
	out.noErrors(t)
	for n, want := range map[int]string{1: ":stable", 2: ":2", 3: ":3"} {
		if img := out.find(t, id(n)); img.Reference == nil || img.Reference.Value != name+want {
			t.Errorf("%s: %+v", img.ID, img.Reference)
		}
	}
}

// TestParameterOfSomeRegions: one that is not in a region which packs select is a warning
// where another region has it, as these packs may have images of other sources. One that is
// not where the configuration says is an error.
func TestParameterOfSomeRegions(t *testing.T) {
	const name = "/aws/service/x/image_id"
	w := fakeaws.World{
		AMIs:       []fakeaws.AMI{amiOf("us-east-1", id(1), june)},
		Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: name, Value: id(1)}},
	}
	both := []string{"eu-west-1", "us-east-1"}
	for _, test := range []struct {
		name, more, own string
		hints           []string
		failed          []string
	}{
		{"some packs select one", "", "us-east-1", nil, nil},
		{"not in one's own", "", "eu-west-1", nil, []string{"eu-west-1"}},
		{"no region of one's own", "", "", nil, nil},
		{"all packs select one", "", "us-east-1", both, nil},
		{"all packs select one, and that is one's own", "", "eu-west-1", both, nil},
		{"all that are enabled", `,"regions":"all-enabled"`, "us-east-1", nil, nil},
		{"configured", `,"regions":["eu-west-1","us-east-1"]`, "us-east-1", nil, []string{"eu-west-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			t.Setenv("AWS_REGION", test.own)
			out := run(t, call{config: `{"ssmParameter":"` + name + `"` + test.more + `}`, hints: test.hints, regions: both})
			var failed []string
			for _, d := range out.errors() {
				failed = append(failed, d.Scope)
			}
			if !slices.Equal(failed, test.failed) || !strings.Contains(out.text(t), "there is no parameter "+name+" in eu-west-1") {
				t.Errorf("failed in %q, want %q: %+v", failed, test.failed, out.diagnostics)
			}
			out.find(t, id(1))
		})
	}
	start(t, fakeaws.World{})
	out := run(t, call{config: `{"ssmParameter":"` + name + `"}`, hints: both, regions: both})
	if all := out.errors(); len(all) != 2 || all[0].Scope != "eu-west-1" || all[1].Scope != "us-east-1" {
		t.Errorf("one that no region has is misspelt: %+v", out.diagnostics)
	}
}

// TestOwnParameters: parameters of the account with the user's permission, and
// only AMIs of the owners behind them.
func TestOwnParameters(t *testing.T) {
	const central, stranger = "444455556666", "666666666666"
	of := func(n int, owner string) fakeaws.AMI {
		return amiOf("us-east-1", id(n), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner, a.Public = owner, owner != self })
	}
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{of(1, self), of(2, central), of(3, stranger)},
		Parameters: []fakeaws.Parameter{
			{Region: "us-east-1", Name: "/golden/own", Value: id(1)}, {Region: "us-east-1", Name: "/golden/central", Value: id(2)},
			{Region: "us-east-1", Name: "/golden/stranger", Value: id(3)}, {Region: "us-east-1", Name: "/golden/password", Value: "hunter2"},
			{Region: "us-east-1", Name: "/aws/service/x", Value: id(3)},
		},
	}
	permitted := map[string]any{"parameterPrefixes": []any{"/golden/"}}
	tests := []struct {
		name, config string
		user         map[string]any
		usable       []string
		problem      string
	}{
		{"permitted", `{"ssmParameter":"/golden/own"}`, permitted, []string{id(1)}, ""},
		{"a label, and none", `{"ssmParameter":["/golden/own:prod","/golden/own"]}`, permitted, []string{id(1)}, ""},
		{"not permitted", `{"ssmParameter":"/golden/own"}`, nil, nil, "which you have not permitted"},
		{"another prefix", `{"ssmParameter":"/golden-evil/own"}`, permitted, nil, "which you have not permitted"},
		{"of another account", `{"ssmParameter":["/golden/central","/golden/own"]}`, permitted, []string{id(1)}, ""},
		{"of an owner", `{"ssmParameter":["/golden/central","/golden/own"],"parameterOwners":["self","444455556666"]}`, permitted, []string{id(1), id(2)}, ""},
		{"of an owner that is not self", `{"ssmParameter":["/golden/central","/golden/own"],"parameterOwners":["444455556666"]}`, permitted, []string{id(2)}, ""},
		{"of a stranger", `{"ssmParameter":"/golden/stranger"}`, permitted, nil, ""},
		{"of a stranger, by AWS's word", `{"ssmParameter":["/golden/stranger","/aws/service/x"]}`, permitted, []string{id(3)}, ""},
		{"no AMI, beside one", `{"ssmParameter":["/golden/own","/golden/password"]}`, permitted, []string{id(1)}, "/golden/password does not hold an AMI id"},
		{"missing, beside one", `{"ssmParameter":["/golden/own","/golden/none"]}`, permitted, []string{id(1)}, "there is no parameter /golden/none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := start(t, w)
			out := run(t, call{config: test.config, settings: test.user})
			if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, test.usable) {
				t.Errorf("usable %v, want %v", got, test.usable)
			}
			switch {
			case test.problem == "":
				out.noErrors(t)
			case !strings.Contains(out.oneError(t).Summary, test.problem):
				t.Errorf("%+v", out.diagnostics)
			}
			if strings.Contains(test.problem, "not permitted") && len(fake.Calls()) > 0 {
				t.Errorf("AWS was asked: %v", fake.Calls())
			}
			if strings.Contains(out.text(t), "hunter2") {
				t.Error("the value of a parameter is shown")
			}
		})
	}
	start(t, w)
	img := run(t, call{config: `{"ssmParameter":"/golden/stranger"}`, settings: permitted}).find(t, id(3))
	if img.State != sdk.Available || img.OwnerID != stranger || !strings.Contains(img.Withheld, "account 666666666666, which is not among the owners (self)") {
		t.Errorf("%+v", img)
	}
}

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

// TestTagsBesideImageBuilder: the tags that the configuration names say more than Image
// Builder, whose text is of a major version.
func TestTagsBesideImageBuilder(t *testing.T) {
	tests := []struct {
		name, keys, text string
		tags             map[string]string
		want             [3]string // OS name and version, version
	}{
		{"no tags", `{}`, "Ubuntu 24", nil, [3]string{"ubuntu", "24", "1.0.0/1"}},
		{"a version", `{"osVersion":"release"}`, "Ubuntu 24", map[string]string{"release": "24.04"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"a version without a dot", `{"osVersion":"release"}`, "Ubuntu 24", map[string]string{"release": "2404"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"a name", `{"osName":"os"}`, "Red Hat Enterprise Linux 8", map[string]string{"os": "RHEL"}, [3]string{"rhel", "8", "1.0.0/1"}},
		{"another name", `{"osName":"os"}`, "Red Hat Enterprise Linux 8", map[string]string{"os": "rocky"}, [3]string{"rockylinux", "", "1.0.0/1"}},
		{"both", `{"osName":"os","osVersion":"release"}`, "Ubuntu 24", map[string]string{"os": "ubuntu", "release": "24.04"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"a version of another system", `{"osVersion":"release"}`, "Red Hat Enterprise Linux 8", map[string]string{"release": "24.04"}, [3]string{"rhel", "", "1.0.0/1"}},
		{"text in a tag", `{"osName":"os"}`, "Ubuntu 24", map[string]string{"os": "Ubuntu 24.04 LTS"}, [3]string{"ubuntu", "24.04", "1.0.0/1"}},
		{"names of two kinds", `{}`, "Ubuntu 24", map[string]string{"distribution": "ubuntu", "distro_name": "rhel", "distro_version": "8"}, [3]string{"ubuntu", "24", "1.0.0/1"}},
		{"a version of the image", `{"version":"v"}`, "Ubuntu 24", map[string]string{"v": "7"}, [3]string{"ubuntu", "24", "7"}},
		{"no version of the image", `{"version":"v"}`, "Ubuntu 24", nil, [3]string{"ubuntu", "24", ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, fakeaws.World{
				AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june, func(a *fakeaws.AMI) { a.Tags = test.tags })},
				Builds: []fakeaws.Build{{
					Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, OSVersion: test.text,
					Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}},
				}},
			})
			img := run(t, call{config: `{"imageBuilder":{"image":"golden"},"tagKeys":` + test.keys + `}`}).find(t, id(1))
			if got := [3]string{img.OSName, img.OSVersion, img.Version}; got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestStrangersOfUnknownAge: what EC2 does not say of a stranger's AMI does not
// hide it, and does not make an own AMI a stranger's.
func TestStrangersOfUnknownAge(t *testing.T) {
	known := ami.Known{Owners: map[string]bool{}, Public: map[string]bool{}}
	known.Note(sdk.Image{ID: id(1), Public: true, State: sdk.Available, CreatedAt: now()})
	known.Note(sdk.Image{ID: id(2), OwnerID: self})
	if !known.Public[id(1)] || known.Owners[""] || !known.Owners[self] || !known.Newest.Equal(now()) {
		t.Errorf("%+v", known)
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

func TestRegions(t *testing.T) {
	w := fakeaws.World{
		Regions: []fakeaws.Region{{Name: "us-east-1"}, {Name: "eu-west-1"}, {Name: "ap-east-1", OptIn: "opted-in"}, {Name: "me-south-1", OptIn: "not-opted-in"}},
	}
	for i, r := range w.Regions {
		w.AMIs = append(w.AMIs, amiOf(r.Name, id(i+1), "2026-06-01T00:00:00.000Z"))
	}
	w.Builds = []fakeaws.Build{{
		Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: "2026-06-01T00:00:00.000Z",
		Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}, {Region: "eu-west-1", AMI: id(2)}},
	}}
	const built = `{"imageBuilder":{"image":"golden"}}`
	const builtThere = `{"imageBuilder":{"image":"golden"},"regions":"ap-east-1"}`
	told := map[string]string{
		"no overlap":                 "nothing is read: packs select eu-west-1, and this source has us-east-1",
		"packs of other clouds only": "nothing is read: packs select westus2, which is not of AWS",
		"of no build":                "nothing is read: packs select ap-east-1, and Image Builder has AMIs in eu-west-1, us-east-1",
		"configured, of no build":    "nothing is read: regions has ap-east-1, and Image Builder has AMIs in eu-west-1, us-east-1",
		"configured beside the pack": "nothing is read: regions has ap-east-1, and Image Builder has AMIs in eu-west-1, us-east-1",
	}
	tests := []struct {
		name, config string
		hints, want  []string
	}{
		{"of the configuration", `{"ami":{}}`, nil, []string{"us-east-1"}},
		{"one", `{"ami":{},"regions":"eu-west-1"}`, nil, []string{"eu-west-1"}},
		{"several", `{"ami":{},"regions":["eu-west-1","us-east-1"]}`, nil, []string{"eu-west-1", "us-east-1"}},
		{"all-enabled", `{"ami":{},"regions":"all-enabled"}`, nil, []string{"ap-east-1", "eu-west-1", "us-east-1"}},
		{"all-enabled and a selection", `{"ami":{},"regions":"all-enabled"}`, []string{"ap-east-1"}, []string{"ap-east-1"}},
		{"of the packs", `{"ami":{}}`, []string{"eu-west-1"}, []string{"eu-west-1"}},
		{"no overlap", `{"ami":{},"regions":["us-east-1"]}`, []string{"eu-west-1"}, nil},
		{"in capitals", `{"ami":{},"regions":["us-east-1"]}`, []string{"US-East-1"}, []string{"us-east-1"}},
		{"packs of other clouds", `{"ami":{}}`, []string{"westus2", "us-central1", "eu-west-1", "x@evil.example/#"}, []string{"eu-west-1"}},
		{"packs of other clouds only", `{"ami":{}}`, []string{"westus2"}, nil},
		{"of a build", built, []string{"ap-east-1", "eu-west-1"}, []string{"eu-west-1"}},
		{"of no build", built, []string{"ap-east-1"}, nil},
		{"configured, of no build", builtThere, nil, nil},
		{"configured beside the pack", builtThere, []string{"us-east-1"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			out := run(t, call{config: test.config, hints: test.hints})
			out.noErrors(t)
			var got []string
			for region := range out.usable(now()) {
				got = append(got, region)
			}
			if !slices.Equal(sorted(got), test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if said := strings.Contains(out.text(t), "nothing is read"); said != (told[test.name] != "") || !strings.Contains(out.text(t), told[test.name]) {
				t.Errorf("want %q in %+v", told[test.name], out.diagnostics)
			}
		})
	}
	t.Run("not enabled", func(t *testing.T) {
		start(t, w)
		out := run(t, call{config: `{"ami":{},"regions":["me-south-1","us-east-1"]}`})
		if d := out.oneError(t); d.Scope != "me-south-1" || !strings.Contains(d.NextStep, "enabled") {
			t.Errorf("%+v", d)
		}
		if len(out.usable(now())["us-east-1"]) != 1 {
			t.Error("the other region is missing")
		}
	})
	t.Run("not enabled, of an old build", func(t *testing.T) {
		old := w
		old.Builds = append(slices.Clone(w.Builds), fakeaws.Build{
			Region: "us-east-1", Name: "golden", Version: "0.9.0", Build: 1, DateCreated: "2026-05-01T00:00:00.000Z",
			Outputs: []fakeaws.Output{{Region: "me-south-1", AMI: id(4)}},
		})
		for config, severity := range map[string]sdk.Severity{
			`{"imageBuilder":{"image":"golden"}}`:                                      sdk.Warning,
			`{"imageBuilder":{"image":"golden"},"regions":["us-east-1","me-south-1"]}`: sdk.Error,
		} {
			start(t, old)
			out := run(t, call{config: config})
			if len(out.diagnostics) != 1 || out.diagnostics[0].Severity != severity || out.diagnostics[0].Scope != "me-south-1" {
				t.Errorf("%s: %+v", config, out.diagnostics)
			}
			if img := out.find(t, id(4)); img.Withheld == "" || len(out.usable(now())["us-east-1"]) != 1 {
				t.Errorf("%s: %+v", config, img)
			}
		}
		old.Faults = []fakeaws.Fault{{Action: "DescribeRegions", Kind: "deny"}} // then it is not known
		start(t, old)
		run(t, call{config: `{"imageBuilder":{"image":"golden"}}`}).oneError(t)
	})
	t.Run("none", func(t *testing.T) {
		start(t, w)
		t.Setenv("AWS_REGION", "")
		if d := run(t, call{config: `{"ami":{}}`}).oneError(t); d.ConfigPath != "regions" {
			t.Errorf("%+v", d)
		}
	})
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
		outcome := rule.Apply(images, now())
		if outcome.Verdict != selection.Ambiguous || len(outcome.Alternatives) != 2 || outcome.Alternatives[0].ID != id(1) || len(images) != 3 {
			t.Fatalf("seed %d: %s of %v", seed, outcome.Verdict, outcome.Alternatives)
		}
	}
}
