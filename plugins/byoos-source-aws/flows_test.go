package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func regionsOf(images []sdk.Image) (out []string) {
	for _, img := range images {
		out = append(out, img.Region)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestRegionsOfABuild: those that are enabled, or asked for, and why none is.
func TestRegionsOfABuild(t *testing.T) {
	for _, test := range []struct {
		config string
		hints  []string
		want   []string
		told   string
	}{
		{`{"imageBuilder":{"image":"golden"},"regions":"all-enabled"}`, nil, []string{"eu-west-1", "us-east-1"}, ""},
		{`{"imageBuilder":{"image":"golden"},"regions":"all-enabled"}`, []string{"me-south-1"}, nil, "nothing is read: regions has all-enabled, and Image Builder has AMIs in eu-west-1, me-south-1, us-east-1"},
		{`{"imageBuilder":{"image":"golden"},"regions":["us-east-1","eu-west-3"]}`, []string{"eu-west-3"}, nil, "nothing is read: packs select eu-west-3, and Image Builder has AMIs in eu-west-1, me-south-1, us-east-1"},
		{`{"imageBuilder":{"image":"golden"},"regions":["us-east-1"]}`, nil, []string{"us-east-1"}, ""},
	} {
		w := regionsWorld()
		w.Builds[0].Outputs = append(w.Builds[0].Outputs, fakeaws.Output{Region: "me-south-1", AMI: id(4)})
		start(t, w)
		out := run(t, call{config: test.config, hints: test.hints})
		out.noErrors(t)
		if got := regionsOf(out.images); !slices.Equal(got, test.want) {
			t.Errorf("%s %q: %q", test.config, test.hints, got)
		}
		want := []sdk.Diagnostic{{Severity: sdk.Notice, ConfigPath: "regions", Summary: test.told, NextStep: "distribute to the region, or correct it in regions or the pack's select"}}
		if test.told == "" {
			want = nil
		}
		if diff := cmp.Diff(want, out.diagnostics); diff != "" {
			t.Errorf("%s: %s", test.config, diff)
		}
	}
	w := regionsWorld()
	w.Faults = []fakeaws.Fault{{Action: "DescribeRegions", Kind: "deny"}}
	start(t, w)
	if d := run(t, call{config: `{"imageBuilder":{"image":"golden"},"regions":"all-enabled"}`}).oneError(t); !strings.Contains(d.Summary, "ec2:DescribeRegions") {
		t.Errorf("%+v", d)
	}
	start(t, w)
	if d := run(t, call{config: `{"ami":{},"regions":"all-enabled"}`}).oneError(t); !strings.Contains(d.Summary, "ec2:DescribeRegions") {
		t.Errorf("%+v", d)
	}
}

// TestAMIsOfNoRegion cannot be looked up where nobody asks for the build's own region.
func TestAMIsOfNoRegion(t *testing.T) {
	const arn = "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.0.0"
	answer := func(action, text string) fakeaws.Recorded {
		return fakeaws.Recorded{Service: "imagebuilder", Action: action, Region: "us-east-1", Answer: json.RawMessage(text)}
	}
	w := fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june)}, Recorded: []fakeaws.Recorded{
		answer("ListImages", `{"imageVersionList":[{"arn":"`+arn+`","name":"golden","version":"1.0.0"}]}`),
		answer("ListImageBuildVersions", `{"imageSummaryList":[{"arn":"`+arn+`/1","name":"golden","version":"1.0.0/1","state":{"status":"AVAILABLE"},"outputResources":{"amis":[{"image":"`+id(1)+`"},{"image":"`+id(2)+`"}]}}]}`),
	}}
	for config, want := range map[string]string{`{"imageBuilder":{"image":"golden"}}`: "us-east-1 ", `{"imageBuilder":{"image":"golden"},"regions":"eu-west-1"}`: " Image Builder does not say in which region it is"} {
		start(t, w)
		out := run(t, call{config: config})
		for _, n := range []int{1, 2} {
			if img := out.find(t, id(n)); img.Region+" "+img.Withheld != want || img.Reference == nil {
				t.Errorf("%s: %+v", config, img)
			}
		}
	}
}

// TestARegionThatIsNotEnabled is told with its region, and another failure as it is.
func TestARegionThatIsNotEnabled(t *testing.T) {
	w := regionsWorld()
	w.Builds[0].Outputs = append(w.Builds[0].Outputs, fakeaws.Output{Region: "me-south-1", AMI: id(4)})
	start(t, w)
	out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
	want := []sdk.Diagnostic{{
		Severity: sdk.Warning, Scope: "me-south-1", ConfigPath: "imageBuilder", Summary: "not read: Image Builder has AMIs in me-south-1, which is not enabled for the account",
		NextStep: "enable the region, or name those to read in regions",
	}}
	if diff := cmp.Diff(want, out.diagnostics); diff != "" {
		t.Error(diff)
	}
	start(t, w)
	if d := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`, hints: []string{"me-south-1"}}).oneError(t); d.Scope != "me-south-1" {
		t.Errorf("a pack selects it: %+v", d)
	}
	for kind, said := range map[string]string{"deny": "access denied", "unknownKey": "credentials"} {
		w.Faults = []fakeaws.Fault{{Service: "ec2", Action: "DescribeImages", Region: "us-east-1", Kind: kind}}
		start(t, w)
		if d := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`}).oneError(t); d.Scope != "us-east-1" || !strings.Contains(d.Summary, said) {
			t.Errorf("%s in a region that is enabled: %+v", kind, d)
		}
	}
}

// TestWhatAParameterNames says so, also where EC2 does not show it.
func TestWhatAParameterNames(t *testing.T) {
	own := func(name, value string) fakeaws.Parameter {
		return fakeaws.Parameter{Region: "us-east-1", Name: name, Value: value}
	}
	start(t, fakeaws.World{
		AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june, func(a *fakeaws.AMI) { a.Owner, a.Public = "444455556666", true })}, Parameters: []fakeaws.Parameter{own("/golden/a", id(1)), own("/golden/b", id(2)), own("/golden/c", id(7))},
	})
	out := run(t, call{config: `{"ssmParameter":["/golden/a","/golden/b","/golden/c"]}`, settings: map[string]any{"parameterPrefixes": []any{"/golden/"}}})
	out.noErrors(t)
	for i, name := range map[int]string{1: "/golden/a", 2: "/golden/b", 7: "/golden/c"} {
		img := out.find(t, id(i))
		if diff := cmp.Diff(&sdk.Reference{Kind: "ssm-parameter", Value: name}, img.Reference); diff != "" || img.Region != "us-east-1" || img.Provider != "aws" {
			t.Errorf("%s %+v", diff, img)
		}
		if p := img.Provenance["id"]; i != 7 && p != (sdk.Provenance{From: "api", Key: name}) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if a, b := out.find(t, id(1)), out.find(t, id(2)); a.Owner != "self" || a.Withheld != "" || b.Withheld != "AMI of account 444455556666, which is not among the owners (self); parameter /golden/b names it" {
		t.Errorf("%+v\n%+v", a, b)
	}
}

// TestVerifyReadsWhatItNeeds: the tags that the source names, and the regions of refs
// without one alone.
func TestVerifyReadsWhatItNeeds(t *testing.T) {
	w := regionsWorld()
	w.AMIs[0].Tags = map[string]string{"os": "Ubuntu 24.04"}
	fake := start(t, w)
	const text = `{"ami":{},"regions":"all-enabled","tagKeys":{"osName":"os"}}`
	out := runVerify(t, call{config: text, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}}})
	out.noErrors(t)
	if r := out.results[0]; r.Presence != sdk.Found || r.Image.OSName != "ubuntu" || count(fake.Calls(), "DescribeRegions") != 0 {
		t.Errorf("%+v", r)
	}
	fake = start(t, w)
	out = runVerify(t, call{config: text, refs: []sdk.Ref{{ID: id(9)}}})
	out.noErrors(t)
	if r := out.results[0]; r.Reason != "not in ap-east-1, eu-west-1, us-east-1, the only regions that were asked: name others in regions" || count(fake.Calls(), "DescribeRegions") != 1 {
		t.Errorf("%+v", r)
	}
	w.Faults = []fakeaws.Fault{{Action: "DescribeRegions", Kind: "deny"}}
	start(t, w)
	if d := runVerify(t, call{config: text, refs: []sdk.Ref{{ID: id(9)}}}).oneError(t); !strings.Contains(d.Summary, "ec2:DescribeRegions") {
		t.Errorf("%+v", d)
	}
	start(t, w)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if d := runVerify(t, call{config: text, refs: []sdk.Ref{{ID: id(9)}}}).oneError(t); !strings.Contains(d.Summary, "no AWS credentials") {
		t.Errorf("%+v", d)
	}
}

// TestCopiesOfSeveralRegions: each region that has what is copied is asked.
func TestCopiesOfSeveralRegions(t *testing.T) {
	from := func(region string, n int) func(*fakeaws.AMI) {
		return func(a *fakeaws.AMI) { a.SourceRegion, a.SourceImage = region, id(n) }
	}
	fake := start(t, fakeaws.World{
		AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), june, from("eu-west-1", 3)), amiOf("us-east-1", id(2), june, from("eu-west-2", 4)), amiOf("eu-west-1", id(3), june), amiOf("eu-west-2", id(4), june),
		},
		Builds: []fakeaws.Build{
			{Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}}},
			{Region: "us-east-1", Name: "golden", Version: "1.0.1", Build: 1, DateCreated: june, Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(2)}}},
		},
	})
	run(t, call{config: `{"imageBuilder":{"image":"golden"}}`}).noErrors(t)
	var regions []string
	for _, c := range fake.Calls() {
		if c.Action == "DescribeImages" {
			regions = append(regions, c.Region)
		}
	}
	if slices.Sort(regions); !slices.Equal(regions, []string{"eu-west-1", "eu-west-2", "us-east-1"}) {
		t.Errorf("asked in %q", regions)
	}
}

// TestABuildWithoutAMIs is told as that, and not by the regions.
func TestABuildWithoutAMIs(t *testing.T) {
	start(t, fakeaws.World{Builds: []fakeaws.Build{{Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Status: "BUILDING"}}})
	out := run(t, call{config: `{"imageBuilder":{"image":"golden"}}`})
	if got := summaries(out.diagnostics); got != "N imageBuilder 1 build has no AMI yet: golden 1.0.0/1 (BUILDING)" {
		t.Error(got)
	}
}

// TestStrangersOfAnUnknownAccount may be one's own.
func TestStrangersOfAnUnknownAccount(t *testing.T) {
	public := func(a *fakeaws.AMI) { a.Owner, a.Public, a.Name = "999999999999", true, "golden-1" }
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june, public)}, Faults: []fakeaws.Fault{{Service: "sts", Kind: "deny"}}})
	img := run(t, call{config: `{"ami":{"owners":"444455556666","namePattern":"golden-*"}}`}).find(t, id(1))
	if !strings.HasPrefix(img.Withheld, "public AMI of account 999999999999, ") || !strings.HasSuffix(img.Withheld, "; whether that account is your own could not be asked (sts:GetCallerIdentity)") {
		t.Error(img.Withheld)
	}
}

// TestVerifyOfMixedRefs: each ref counts, whatever stands before it.
func TestVerifyOfMixedRefs(t *testing.T) {
	build := func(version string, n int) fakeaws.Build {
		return fakeaws.Build{
			Region: "us-east-1", Pipeline: "p", Name: "golden", Version: version, Build: 1, DateCreated: june, Status: "DISABLED", Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(n)}},
		}
	}
	start(t, fakeaws.World{
		Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}}, Builds: []fakeaws.Build{build("1.0.0", 1), build("1.0.1", 2)},
		AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june)},
	})
	named := sdk.Ref{ID: id(2), Region: "us-east-1", Reference: &sdk.Reference{Kind: "arn", Value: strings.Replace(goldenARN, "1.0.0", "1.0.1", 1)}}
	bare := sdk.Ref{ID: id(1), Region: "us-east-1"}
	for _, refs := range [][]sdk.Ref{{bare, named}, {named, bare}} {
		out := runVerify(t, call{config: `{"imageBuilder":{"pipeline":"p"}}`, refs: refs})
		out.noErrors(t)
		for _, r := range out.results {
			if r.Image == nil || r.Image.State != sdk.Disabled {
				t.Errorf("%s first: %+v", refs[0].ID, r)
			}
		}
	}
}
