package freshness_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/freshness"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	past, future := now.AddDate(0, -1, 0), now.AddDate(0, 1, 0)
	want := image.Image{ID: "x", Region: "West US 2", Architecture: "amd64", Digest: "sha256:a", OS: image.OS{Name: "rhel", Version: "8.8"}}
	good := image.Image{ID: "x", State: image.Available, Region: "westus2", Architecture: "amd64", Digest: "sha256:a"}
	tests := map[string]struct {
		change func(*image.Image)
		want   []string
	}{
		"good":             {func(*image.Image) {}, nil},
		"unknown fields":   {func(i *image.Image) { i.Region, i.Architecture, i.Digest = "", "", "" }, nil},
		"global":           {func(i *image.Image) { i.Region = image.GlobalRegion }, nil},
		"later end":        {func(i *image.Image) { i.DeprecatedAt, i.EndOfLifeAt = &future, &future }, nil},
		"deprecated":       {func(i *image.Image) { i.DeprecatedAt = &past }, []string{"deprecated since 2026-10-01"}},
		"deprecated today": {func(i *image.Image) { i.DeprecatedAt = &now }, []string{"deprecated since 2026-11-01"}},
		"end of life":      {func(i *image.Image) { i.EndOfLifeAt = &past }, []string{"past its end of life since 2026-10-01"}},
		"excluded":         {func(i *image.Image) { i.ExcludedFromLatest = true }, []string{"excluded from latest"}},
		"disabled":         {func(i *image.Image) { i.State, i.StateReason = image.Disabled, "by its owner" }, []string{"its state is disabled (by its owner)"}},
		"region":           {func(i *image.Image) { i.Region = "eastus" }, []string{"its region is eastus, and West US 2 was picked"}},
		"architecture":     {func(i *image.Image) { i.Architecture = "arm64" }, []string{"its architecture is arm64, and amd64 was picked"}},
		"a system": {func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "22.04"} }, []string{
			"its OS is ubuntu, and rhel was picked", "its OS version is 22.04, and 8.8 was picked",
		}},
		"a part of the version":    {func(i *image.Image) { i.OS = image.OS{Name: "rhel", Version: "8"} }, nil},
		"more of the version":      {func(i *image.Image) { i.OS = image.OS{Name: "rhel", Version: "8.8.1"} }, nil},
		"another, alike at first":  {func(i *image.Image) { i.OS = image.OS{Name: "rhel", Version: "8.80"} }, []string{"its OS version is 8.80, and 8.8 was picked"}},
		"a region, alike at first": {func(i *image.Image) { i.Region = "West US 2.1" }, []string{"its region is West US 2.1, and West US 2 was picked"}},
		"less of a region":         {func(i *image.Image) { i.Region, i.Architecture = "westus", "global" }, []string{"its region is westus, and West US 2 was picked", "its architecture is global, and amd64 was picked"}},
		"what was not known":       {func(i *image.Image) { i.KubernetesVersion = "1.30.4" }, nil},
		"gone":                     {func(i *image.Image) { i.State = image.Gone }, []string{"its state is gone"}},
		"not known":                {func(i *image.Image) { i.State = image.StateUnset }, nil},
		"moved tag":                {func(i *image.Image) { i.Digest = "sha256:b" }, []string{"its digest is sha256:b, and sha256:a was picked"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := good
			test.change(&got)
			if diff := cmp.Diff(test.want, freshness.Judge(want, got, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUpcoming(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	past, future := now.AddDate(0, -1, 0), now.AddDate(0, 1, 0)
	east := future.In(time.FixedZone("", -3600))
	for _, tt := range []struct {
		deprecated, end *time.Time
		want            []string
	}{
		{nil, nil, nil}, {&past, &past, nil}, {&now, &now, nil},
		{&past, &future, []string{"end of life on 2026-12-01"}},
		{&future, nil, []string{"deprecated from 2026-12-01"}},
		{&east, nil, []string{"deprecated from 2026-12-01"}},
		{&future, &future, []string{"deprecated from 2026-12-01", "end of life on 2026-12-01"}},
	} {
		got := freshness.Upcoming(image.Image{DeprecatedAt: tt.deprecated, EndOfLifeAt: tt.end}, now)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Error(diff)
		}
	}
}
