package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

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
	start(t, statesWorld())
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

// statesWorld has a build in each state, numbered as its AMI.
func statesWorld() fakeaws.World {
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
	return fakeaws.World{
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
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
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
