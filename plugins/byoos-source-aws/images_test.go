package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

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
