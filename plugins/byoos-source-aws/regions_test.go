package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

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

func TestRegions(t *testing.T) {
	w := regionsWorld()
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
}

// regionsWorld has an AMI in each region, one of which is not enabled, and a build in two.
func regionsWorld() fakeaws.World {
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
	return w
}

func TestRegionThatIsNotEnabled(t *testing.T) {
	w := regionsWorld()
	start(t, w)
	out := run(t, call{config: `{"ami":{},"regions":["me-south-1","us-east-1"]}`})
	if d := out.oneError(t); d.Scope != "me-south-1" || !strings.Contains(d.NextStep, "enabled") {
		t.Errorf("%+v", d)
	}
	if len(out.usable(now())["us-east-1"]) != 1 {
		t.Error("the other region is missing")
	}
}

func TestRegionOfAnOldBuildThatIsNotEnabled(t *testing.T) {
	w := regionsWorld()
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
}

func TestNoRegion(t *testing.T) {
	w := regionsWorld()
	start(t, w)
	t.Setenv("AWS_REGION", "")
	if d := run(t, call{config: `{"ami":{}}`}).oneError(t); d.ConfigPath != "regions" {
		t.Errorf("%+v", d)
	}
}
