package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

const june = "2026-06-01T00:00:00.000Z"

// TestWindowsIsNeverThePick: newer than what a pack can use, found by a search and
// made by Image Builder.
func TestWindowsIsNeverThePick(t *testing.T) {
	windows := func(a *fakeaws.AMI) { a.Platform, a.PlatformDetails = "windows", "Windows" }
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june),
			amiOf("us-east-1", id(2), "2026-06-20T00:00:00.000Z", windows),
			amiOf("us-east-1", id(3), "2026-06-21T00:00:00.000Z"), // only Image Builder says what it is
		},
		Builds: []fakeaws.Build{
			{Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}}},
			{Region: "us-east-1", Name: "golden", Version: "1.0.1", Build: 1, DateCreated: june, Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(2)}}},
			{
				Region: "us-east-1", Name: "golden", Version: "1.0.2", Build: 1, DateCreated: june, Platform: "Windows",
				Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(3)}},
			},
		},
	}
	for config, want := range map[string][]string{`{"ami":{}}`: {id(1), id(3)}, `{"imageBuilder":{"image":"golden"}}`: {id(1)}} {
		start(t, w)
		out := run(t, call{config: config})
		out.noErrors(t)
		if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, want) {
			t.Errorf("%s: usable %v, want %v", config, got, want)
		}
		if img := out.find(t, id(2)); !strings.Contains(img.StateReason, "Windows") {
			t.Errorf("%s: %q", config, img.StateReason)
		}
	}
}

// TestACommaIsPartOfAValue: it never makes two values of one. Wildcards and their escape
// are EC2's.
func TestACommaIsPartOfAValue(t *testing.T) {
	tagged := func(value string) func(*fakeaws.AMI) {
		return func(a *fakeaws.AMI) { a.Tags = map[string]string{"team": value} }
	}
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), june, tagged("web, eu")),
		amiOf("us-east-1", id(2), "2026-06-20T00:00:00.000Z", tagged("web")),
		amiOf("us-east-1", id(3), "2026-06-20T00:00:00.000Z", tagged("eu")),
		amiOf("us-east-1", id(4), "2026-06-20T00:00:00.000Z", tagged(`a*b`)),
		amiOf("us-east-1", id(5), "2026-06-20T00:00:00.000Z", tagged(`aXb`)),
		amiOf("us-east-1", id(6), "2026-06-20T00:00:00.000Z", tagged(`a\b`)),
	}}
	for c, want := range map[string][]string{
		`{"ami":{"tags":{"team":"web, eu"}}}`:               {id(1)},
		`{"ami":{"filters":{"tag:team":"web, eu"}}}`:        {id(1)},
		`{"ami":{"tags":{"team":["web, eu","eu"]}}}`:        {id(1), id(3)},
		`{"ami":{"tags":{"team":"a*b"}}}`:                   {id(4), id(5), id(6)},
		`{"ami":{"tags":{"team":"a\\*b"}}}`:                 {id(4)},
		`{"ami":{"tags":{"team":"a\\\\b"}}}`:                {id(6)},
		`{"ami":{"filters":{"tag:team":"web? eu"}}}`:        {id(1)},
		`{"ami":{"filters":{"tag:team":["a?b","nobody"]}}}`: {id(4), id(5), id(6)},
	} {
		start(t, w)
		out := run(t, call{config: c})
		out.noErrors(t)
		if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, want) {
			t.Errorf("%s: %v", c, got)
		}
	}
}

// TestSharedNameOfTwoAccounts: a name is one image in each account, and nobody
// said whose is meant.
func TestSharedNameOfTwoAccounts(t *testing.T) {
	of := func(account string, n int, created string) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: created, Account: account, SharedWith: []string{self},
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
	}
	shared := func(a *fakeaws.AMI) { a.Owner = "999999999999"; a.SharedWith = []string{self} }
	w := fakeaws.World{
		AMIs:   []fakeaws.AMI{amiOf("us-east-1", id(1), june, shared), amiOf("us-east-1", id(2), june, shared)},
		Builds: []fakeaws.Build{of("444455556666", 1, june), of("999999999999", 2, "2026-06-20T00:00:00.000Z")},
	}
	start(t, w)
	out := run(t, call{config: `{"imageBuilder":{"image":"golden","owner":"shared"}}`})
	if len(out.images) > 0 {
		t.Errorf("%v", out.images)
	}
	d := out.oneError(t)
	if d.ConfigPath != "imageBuilder.image" || !strings.Contains(d.Summary, "444455556666, 999999999999") || !strings.Contains(d.NextStep, "ARN") {
		t.Errorf("%+v", d)
	}
	start(t, w)
	out = run(t, call{config: `{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:444455556666:image/golden","owner":"shared"}}`})
	out.noErrors(t)
	if got := out.usable(now())["us-east-1"]; !slices.Equal(got, []string{id(1)}) {
		t.Errorf("by its ARN: %v", got)
	}
}

// TestADeprecatedBuildIsNotOffered, though its time is yet to come by this clock.
func TestADeprecatedBuildIsNotOffered(t *testing.T) {
	build := fakeaws.Build{
		Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Status: "DEPRECATED", DeprecationTime: "2026-07-02T00:00:00Z",
		Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}},
	}
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june)}, Builds: []fakeaws.Build{build}})
	img := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`}).find(t, id(1))
	if img.State != sdk.Unusable || !strings.Contains(img.StateReason, "DEPRECATED") {
		t.Errorf("%v %q", img.State, img.StateReason)
	}
}

// TestRegionThatIsNotNamed: an answer of DescribeRegions without a name costs
// itself, and a name that is none never becomes part of a host.
func TestRegionThatIsNotNamed(t *testing.T) {
	w := fakeaws.World{
		AMIs:    []fakeaws.AMI{amiOf("us-east-1", id(1), june)},
		Regions: []fakeaws.Region{{Name: "us-east-1"}, {Name: ""}, {Name: "x@example.com/#"}},
	}
	fake := start(t, w)
	out := run(t, call{config: `{"ami":{},"regions":"all-enabled"}`})
	out.noErrors(t)
	if got := out.usable(now())["us-east-1"]; !slices.Equal(got, []string{id(1)}) {
		t.Errorf("%v", got)
	}
	if n := count(fake.Calls(), "DescribeImages"); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if len(out.diagnostics) != 1 || out.diagnostics[0].Severity != sdk.Warning || !strings.Contains(out.diagnostics[0].Summary, "2 regions") {
		t.Errorf("%+v", out.diagnostics)
	}
}

// TestNoRegionIsNamed: the region of the AWS configuration is not all that are enabled.
func TestNoRegionIsNamed(t *testing.T) {
	start(t, fakeaws.World{
		AMIs:     []fakeaws.AMI{amiOf("us-east-1", id(1), june)},
		Recorded: []fakeaws.Recorded{{Service: "ec2", Action: "DescribeRegions", Region: "us-east-1", Answer: json.RawMessage("<DescribeRegionsResponse/>")}},
	})
	out := run(t, call{config: `{"ami":{},"regions":"all-enabled"}`})
	if d := out.oneError(t); !strings.Contains(d.Summary, "names no region") || len(out.images) > 0 {
		t.Errorf("%+v", d)
	}
}

// TestARoleOfAProfileNeedsNoRegion: the spec has the regions, and STS is not
// regional in meaning.
func TestARoleOfAProfileNeedsNoRegion(t *testing.T) {
	const role = "arn:aws:iam::444455556666:role/images"
	programKeys := `printf '%s' '{"Version":1,"AccessKeyId":"AKIABASE","SecretAccessKey":"canary/secret"}'`
	for name, base := range map[string]string{
		"keys":    "aws_access_key_id = AKIABASE\naws_secret_access_key = canary/secret\n",
		"program": "credential_process = " + programKeys + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			fake := start(t, fakeaws.World{
				AMIs:  []fakeaws.AMI{amiOf("eu-west-1", id(1), june, func(a *fakeaws.AMI) { a.Owner = "444455556666" })},
				Roles: []fakeaws.Role{{ARN: role}},
			})
			file := filepath.Join(t.TempDir(), "config")
			text := "[profile base]\n" + base + "[profile images]\nrole_arn = " + role + "\nsource_profile = base\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for key, value := range map[string]string{
				"AWS_CONFIG_FILE": file, "AWS_PROFILE": "images", "AWS_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
			} {
				t.Setenv(key, value)
			}
			out := run(t, call{config: `{"ami":{},"regions":["eu-west-1"]}`})
			out.noErrors(t)
			if got := out.usable(now())["eu-west-1"]; !slices.Equal(got, []string{id(1)}) {
				t.Errorf("%v", got)
			}
			for _, c := range fake.Calls() {
				if c.Region == "" {
					t.Errorf("%s was called without a region", c.Action)
				}
			}
			// A region is still asked for where AWS's configuration has none.
			if d := run(t, call{config: `{"ami":{}}`}).oneError(t); d.Summary != "no region to look in" {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestVerifyOfAnIDThatIsHiddenInOneRegion: a region that could not be asked may
// have it; one that neither shows it nor says why has not settled that.
func TestVerifyOfAnIDThatIsHiddenInOneRegion(t *testing.T) {
	v := verification{}
	ref := sdk.Ref{ID: id(1)}
	got := v.verdicts([][]sdk.Result{{
		{Ref: ref, Presence: sdk.NotVisible, Reason: "EC2 does not show it"}, {Ref: ref, Presence: sdk.Unknown, Reason: "access denied"},
	}}, []string{"eu-west-1", "us-east-1"})
	if len(got) != 1 || got[0].Presence != sdk.Unknown || got[0].Reason != "access denied" {
		t.Errorf("%+v", got)
	}
}

// TestImageBuilderRepeatsAPageToken: what is read does not end, and not all is read.
func TestImageBuilderRepeatsAPageToken(t *testing.T) {
	answer := json.RawMessage(`{"imageSummaryList":[],"nextToken":"again"}`)
	start(t, fakeaws.World{Recorded: []fakeaws.Recorded{{Service: "imagebuilder", Action: "ListImageBuildVersions", Region: "us-east-1", Answer: answer}}})
	d := run(t, call{config: `{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.2.0"},"callTimeout":"30s"}`}).oneError(t)
	if !strings.Contains(d.Detail, "page token a second time") {
		t.Errorf("%+v", d)
	}
}

// TestVerifyKeepsWhatIsSettled: what could not be asked of one AMI leaves the answer
// for another as it is.
func TestVerifyKeepsWhatIsSettled(t *testing.T) {
	start(t, fakeaws.World{
		AMIs:   []fakeaws.AMI{amiOf("us-east-1", id(1), june)},
		Faults: []fakeaws.Fault{{Action: "DescribeImages", Kind: "deny", Every: 2}}, // the question why one does not show
	})
	out := runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}, {ID: id(77), Region: "us-east-1"}}})
	out.oneError(t)
	if len(out.results) != 2 {
		t.Fatalf("%+v", out.results)
	}
	if r := out.results[0]; r.Presence != sdk.Found || r.Image == nil {
		t.Errorf("%+v", r)
	}
	if r := out.results[1]; r.Presence != sdk.Unknown || !strings.Contains(r.Reason, "access denied") {
		t.Errorf("%+v", r)
	}
}

// TestImageBuilderHoldsWhereEC2SaysNothing: what Image Builder says against an AMI
// stands when EC2 leaves its state out.
func TestImageBuilderHoldsWhereEC2SaysNothing(t *testing.T) {
	tests := []struct {
		build, own, system string
		want               sdk.State
	}{
		{"AVAILABLE", "", "", sdk.StateUnknown},
		{"AVAILABLE", "AVAILABLE", "", sdk.StateUnknown},
		{"FAILED", "", "", sdk.Failed},
		{"CANCELLED", "", "", sdk.Failed},
		{"BUILDING", "", "", sdk.Pending},
		{"TESTING", "", "", sdk.Pending},
		{"DISABLED", "", "", sdk.Disabled},
		{"DELETED", "", "", sdk.StateUnknown},
		{"DEPRECATED", "", "", sdk.Unusable},
		{"PAUSED", "", "", sdk.StateUnknown},
		{"AVAILABLE", "FAILED", "", sdk.Failed},
		{"AVAILABLE", "DISTRIBUTING", "", sdk.Pending},
		{"AVAILABLE", "DEPRECATED", "", sdk.Unusable},
		{"AVAILABLE", "", "Windows", sdk.Unusable},
	}
	for _, test := range tests {
		t.Run(strings.Join([]string{test.build, test.own, test.system}, " "), func(t *testing.T) {
			build := fakeaws.Build{
				Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Status: test.build, Platform: test.system,
				Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1), Status: test.own}},
			}
			unsaid := amiOf("us-east-1", id(1), june, func(a *fakeaws.AMI) { a.State = fakeaws.Unsaid })
			start(t, fakeaws.World{AMIs: []fakeaws.AMI{unsaid}, Builds: []fakeaws.Build{build}})
			img := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`}).find(t, id(1))
			if img.State != test.want {
				t.Errorf("%v %q", img.State, img.StateReason)
			}
		})
	}
}

// TestListedVersionsLeaveFieldsOut: a version whose name or ARN Image Builder leaves
// out is the image's all the same, or it is told.
func TestListedVersionsLeaveFieldsOut(t *testing.T) {
	const arn = "arn:aws:imagebuilder:us-east-1:111122223333:image/golden-rhel/"
	tests := []struct{ name, image, newest, want, told string }{
		{"its name", "Golden RHEL", `{"arn": "` + arn + `1.2.0", "version": "1.2.0"}`, id(2), ""},
		{"its name, by ARN", arn + "x.x.x", `{"arn": "` + arn + `1.2.0"}`, id(2), ""},
		{"its ARN", "Golden RHEL", `{"name": "Golden RHEL", "version": "1.2.0"}`, id(1), "ARN of 1 version"},
		{"its ARN, by ARN", arn + "x.x.x", `{"name": "Golden RHEL"}`, id(1), "ARN of 1 version"},
		{"both, of another version", "Golden RHEL", `{"version": "2.0.0"}`, id(1), ""},
		{"the ARN of another image", "Golden RHEL", `{"name": "Other", "version": "1.2.0"}`, id(1), ""},
		{"the name of another image", "Golden RHEL", `{"arn": "arn:aws:imagebuilder:us-east-1:111122223333:image/other/1.2.0"}`, id(1), ""},
	}
	build := func(version string, n int) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Name: "Golden RHEL", Version: version, Build: 1, DateCreated: fmt.Sprintf("2026-06-0%dT00:00:00.000Z", n),
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := `{"imageVersionList": [{"arn": "` + arn + `1.1.0", "name": "Golden RHEL", "version": "1.1.0"}, ` + test.newest + `]}`
			start(t, fakeaws.World{
				Builds:   []fakeaws.Build{build("1.1.0", 1), build("1.2.0", 2)},
				AMIs:     []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), "2026-06-02T01:00:00.000Z")},
				Recorded: []fakeaws.Recorded{{Service: "imagebuilder", Action: "ListImages", Region: "us-east-1", Answer: json.RawMessage(list)}},
			})
			out := run(t, call{config: `{"imageBuilder":{"image":"` + test.image + `","version":"1.x"}}`})
			out.noErrors(t)
			newest := slices.MaxFunc(out.images, func(a, b sdk.Image) int { return a.CreatedAt.Compare(b.CreatedAt) })
			told := len(out.diagnostics) == 1 && test.told != "" && strings.Contains(out.diagnostics[0].Summary, test.told)
			if newest.ID != test.want || told != (test.told != "") {
				t.Errorf("newest %s, want %s; told %+v", newest.ID, test.want, out.diagnostics)
			}
		})
	}
}

// TestPipelineWithoutItsName is the one that was asked for by name.
func TestPipelineWithoutItsName(t *testing.T) {
	w := pipelineWorld()
	w.Recorded = []fakeaws.Recorded{{Service: "imagebuilder", Action: "ListImagePipelines", Region: "us-east-1", Answer: json.RawMessage(
		`{"imagePipelineList": [{"arn": "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/golden-rhel"}]}`)}}
	start(t, w)
	out := run(t, call{config: `{"imageBuilder":{"pipeline":"Golden RHEL"}}`})
	out.noErrors(t)
	out.find(t, id(300))
}

// TestWhatIsWithheldForATimeIsTold: once for a source, with the first by region and id, in
// every mode. What a stranger has is none of the user's to know.
func TestWhatIsWithheldForATimeIsTold(t *testing.T) {
	never := func(a *fakeaws.AMI) { a.DeprecationTime = "never" }
	stranger := amiOf("us-east-1", id(4), "2026-06-05T00:00:00.000Z", never)
	stranger.Owner, stranger.Public = "666666666666", true
	w := fakeaws.World{
		PageSize: 1,
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(3), june, never), amiOf("us-east-1", id(2), june, never),
			amiOf("us-west-2", id(5), june, never), stranger,
		},
		Parameters: []fakeaws.Parameter{
			{Region: "us-east-1", Name: "/aws/service/a", Value: id(1)}, {Region: "us-east-1", Name: "/aws/service/b", Value: id(3)},
			{Region: "us-east-1", Name: "/aws/service/c", Value: id(2)},
		},
	}
	for n, a := range w.AMIs[:4] {
		w.Builds = append(w.Builds, fakeaws.Build{
			Region: "us-east-1", Name: "golden", Version: fmt.Sprintf("1.0.%d", n), Build: 1, DateCreated: june,
			Outputs: []fakeaws.Output{{Region: a.Region, AMI: a.ID}},
		})
	}
	for config, count := range map[string]string{
		`{"ami":{"namePattern":"golden-*"},"regions":["us-west-2","us-east-1"]}`: "3", `{"imageBuilder":{"image":"golden"}}`: "3",
		`{"ssmParameter":["/aws/service/a","/aws/service/b","/aws/service/c"],"regions":["us-east-1"]}`: "2",
		`{"ami":{"filters":{"image-id":"` + id(1) + `"}},"regions":["us-east-1"]}`:                      "",
	} {
		start(t, w)
		out := run(t, call{config: config})
		out.noErrors(t)
		var told []string
		for _, d := range out.diagnostics {
			if strings.Contains(d.Summary, "cannot be read") {
				told = append(told, d.Summary)
			}
		}
		if count == "" {
			if len(told) > 0 {
				t.Errorf("%s: %q", config, told)
			}
			continue
		}
		if want := count + " AMIs are left out, as a time of each cannot be read, the first is " + id(2) + " in us-east-1: its deprecation time"; len(told) != 1 || !strings.HasPrefix(told[0], want) {
			t.Errorf("%s: told %q, want %q", config, told, want)
		}
	}
}
