package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// TestVerifyOfAnotherSpelling: a reference may have been made by a source of the cloud,
// which knows shorter ids and other names of regions.
func TestVerifyOfAnotherSpelling(t *testing.T) {
	const short = "galleries/g/images/d/versions/1.0.0"
	const arm = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/" + short
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run1, build("az", "azure-arm", strings.Replace(arm, "/versions/", "/imageVersions/", 1), run1, 1700000000, "null")))
	got := verify(t, dir, map[string]any{"manifest": "m.json", "region": "West US 2"},
		&sourcev1.ImageRef{Provider: "azure", Id: short, FullId: arm, Region: "westus2"},
		&sourcev1.ImageRef{Provider: "azure", Id: short, FullId: strings.Replace(arm, "/S/", "/T/", 1), Region: "westus2"},
		&sourcev1.ImageRef{Provider: "azure", Id: arm, Region: "eastus"})
	var found []sourcev1.Presence
	for _, r := range got.Results {
		found = append(found, r.GetPresence())
	}
	want := []sourcev1.Presence{sourcev1.Presence_PRESENCE_FOUND, sourcev1.Presence_PRESENCE_NOT_FOUND, sourcev1.Presence_PRESENCE_FOUND}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	if region := got.Results[2].GetImage().GetRegion(); region != "West US 2" { // and the host tells that it is another one
		t.Errorf("region %q", region)
	}
}

func TestVerify(t *testing.T) {
	const arm = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/N"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2,
		build("web", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"),
		build("web", "amazon-ebs", "us-east-1:ami-0b1", run2, 1700009999, "null"),
		build("az", "azure-arm", arm, run1, 1700000000, "null"),
		build("az", "azure-arm", arm, run2, 1700009999, "null")))
	got := verify(t, dir, map[string]any{"manifest": "m.json"},
		refOf("aws", "ami-0b1", "us-east-1", run2),
		refOf("aws", "ami-0a1", "us-east-1", run1), // an older run's build is a record still
		refOf("aws", "ami-0a1", "us-east-1", ""),
		refOf("azure", strings.ToLower(arm), "westeurope", run2),
		refOf("aws", "ami-0a1", "us-east-1", run2),
		refOf("aws", "ami-0b1", "eu-west-1", run2),
		refOf("aws", "ami-0c1", "us-east-1", "cccccccc-0000-0000-0000-000000000003"),
		refOf("aws", "ami-0c1", "us-east-1", ""),
		refOf("azure", arm, "", ""), // built twice: the newer record
		refOf("azure", arm, "", run1),
	)
	var lines []string
	for _, r := range got.Results {
		if r.GetEvidence() != sourcev1.Evidence_EVIDENCE_RECORDED {
			t.Errorf("%d has evidence %s", r.GetIndex(), r.GetEvidence())
		}
		lines = append(lines, fmt.Sprintf("%d %s %s%s", r.GetIndex(), r.GetPresence(), r.GetImage().GetId(), r.GetReason()))
	}
	want := []string{
		"0 PRESENCE_FOUND ami-0b1",
		"1 PRESENCE_FOUND ami-0a1",
		"2 PRESENCE_FOUND ami-0a1",
		"3 PRESENCE_FOUND " + arm,
		"4 PRESENCE_NOT_FOUND run " + run2 + " in m.json has no build with this id",
		"5 PRESENCE_NOT_FOUND run " + run2 + " in m.json has no build with this id",
		"6 PRESENCE_NOT_FOUND m.json no longer holds run cccccccc-0000-0000-0000-000000000003",
		"7 PRESENCE_NOT_FOUND no build in m.json has this id",
		"8 PRESENCE_FOUND " + arm,
		"9 PRESENCE_FOUND " + arm + "it was built again, by run " + run2,
	}
	for _, twice := range []int{8, 9} {
		if run := got.Results[twice].GetImage().GetAttributes()["packerRunUuid"]; run != run2 {
			t.Errorf("of two records that of run %s is taken for %d", run, twice)
		}
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	const notice = "info [] verified against the manifest only: it is not told when an image is deleted -> " +
		"to ask the cloud, name a source of type aws, azure"
	if got.says() != notice {
		t.Errorf("got diagnostics %s, want %s", got.says(), notice)
	}
	if gone := verify(t, dir, map[string]any{"manifest": "m.json"}, refOf("aws", "ami-0c1", "us-east-1", "")); gone.says() != "" {
		t.Errorf("nothing is found, and it says %s", gone.says())
	}
}

func refOf(provider, id, region, run string) *sourcev1.ImageRef {
	r := &sourcev1.ImageRef{Id: id, Provider: provider, Region: region}
	if run != "" {
		r.Reference = &sourcev1.Reference{Kind: "packer-run-uuid", Value: run}
	}
	return r
}

// TestVerifyOfUnreadable: nobody knows what a manifest holds that cannot be read.
func TestVerifyOfUnreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run2, build("web", "amazon-ebs", "us-east-1:ami-0b1", run2, 1700009999, "null")))
	unreadable := verify(t, dir, map[string]any{"manifests": []any{"m.json", "gone.json"}},
		refOf("aws", "ami-0b1", "us-east-1", run2), refOf("aws", "ami-0c1", "us-east-1", run2))
	if p := unreadable.Results[0].GetPresence(); p != sourcev1.Presence_PRESENCE_FOUND {
		t.Errorf("what the readable manifest holds is %s", p)
	}
	if p := unreadable.Results[1].GetPresence(); p != sourcev1.Presence_PRESENCE_UNKNOWN {
		t.Errorf("what the unreadable manifest may hold is %s", p)
	}
	if !strings.Contains(unreadable.says(), "error [manifests[1]] gone.json: the manifest does not exist") {
		t.Errorf("diagnostics:\n%s", unreadable.says())
	}
}

// TestVerifyOfNameUsedAgain: what stands later in a manifest is later, also without times,
// with wrong ones, and in another region.
func TestVerifyOfNameUsedAgain(t *testing.T) {
	dir := t.TempDir()
	config := map[string]any{"manifest": "m.json", "customData": map[string]any{"region": "loc"}}
	of := func(run string) *sourcev1.ImageRef {
		ref := &sourcev1.ImageRef{Provider: "azure", Id: managedImage, Region: "westus"}
		if run != "" {
			ref.Reference = &sourcev1.Reference{Kind: "packer-run-uuid", Value: run}
		}
		return ref
	}
	for _, times := range [][2]int{{0, 0}, {1700000000, 0}, {1700009999, 1700000000}} {
		for _, loc := range []string{"westus", "eastus", ""} {
			write(t, filepath.Join(dir, "m.json"), manifestOf(run2, build("a", "azure-arm", managedImage, run1, times[0], `{"loc": "westus"}`),
				build("b", "azure-arm", managedImage, run2, times[1], `{"loc": "`+loc+`"}`)))
			got := verify(t, dir, config, of(run1), of(run2), of(""))
			for i, reason := range []string{"it was built again, by run " + run2, "", ""} {
				if r := got.Results[i]; r.GetReason() != reason || r.GetImage().GetName() != "b" || r.GetImage().GetRegion() != loc {
					t.Errorf("%v %q %d: %s %q", times, loc, i, r.GetImage(), r.GetReason())
				}
			}
		}
	}
}

// TestVerifyUsesWholeManifests: what stands in front of a fault counts no more than what is behind it.
func TestVerifyUsesWholeManifests(t *testing.T) {
	dir := t.TempDir()
	whole := manifestOf(run1, build("a", "azure-arm", managedImage, run1, 0, "null"))
	write(t, filepath.Join(dir, "a.json"), whole)
	write(t, filepath.Join(dir, "b.json"), strings.ReplaceAll(whole, run1, run2)[:len(whole)-2])
	got := verify(t, dir, map[string]any{"manifests": []any{"a.json", "b.json"}, "wait": "0s"},
		&sourcev1.ImageRef{Provider: "azure", Id: managedImage}, &sourcev1.ImageRef{Provider: "azure", Id: managedImage, Reference: &sourcev1.Reference{Kind: "packer-run-uuid", Value: run2}})
	if r := got.Results[0]; r.GetImage().GetReference().GetValue() != run1 {
		t.Errorf("found %s", r.GetImage())
	}
	if r := got.Results[1]; r.GetPresence() != sourcev1.Presence_PRESENCE_UNKNOWN {
		t.Errorf("a run of a broken manifest: %s", r)
	}
}

// TestVerifyInSeveralFiles: of records in several files the newer one counts, and the later
// file where times do not tell.
func TestVerifyInSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	const early, late = 1700000000, 1700009999
	for _, tt := range []struct {
		first, second int
		run, any      string
	}{
		{early, late, "it was built again, by run " + run2, run2},
		{late, early, "", run1},
		{late, late, "", run2},
		{0, late, "", run2},
		{late, 0, "", run1},
		{0, 0, "", run2},
	} {
		write(t, filepath.Join(dir, "a.json"), manifestOf(run1, build("a", "azure-arm", managedImage, run1, tt.first, "null")))
		write(t, filepath.Join(dir, "b.json"), manifestOf(run2, build("b", "azure-arm", managedImage, run2, tt.second, "null")))
		got := verify(t, dir, map[string]any{"manifests": []any{"a.json", "b.json"}}, refOf("azure", managedImage, "", run1), refOf("azure", managedImage, "", ""))
		if reason := got.Results[0].GetReason(); reason != tt.run {
			t.Errorf("%d and %d, of the first run: %q", tt.first, tt.second, reason)
		}
		if run := got.Results[1].GetImage().GetAttributes()["packerRunUuid"]; run != tt.any {
			t.Errorf("%d and %d, of any run: that of %s", tt.first, tt.second, run)
		}
	}
	// A file that holds both tells which is later.
	write(t, filepath.Join(dir, "a.json"), manifestOf(run1,
		build("b", "azure-arm", managedImage, run2, late, "null"), build("a", "azure-arm", managedImage, run1, early, "null")))
	write(t, filepath.Join(dir, "b.json"), "{}")
	got := verify(t, dir, map[string]any{"manifests": []any{"b.json", "a.json"}}, refOf("azure", managedImage, "", run1), refOf("azure", "x", "", ""))
	if r := got.Results[0]; r.GetReason() != "" || r.GetImage().GetName() != "a" {
		t.Errorf("of one file: %s", r)
	}
	if r := got.Results[1]; r.GetIndex() != 1 || r.GetReason() != "a manifest could not be read" || r.GetEvidence() != sourcev1.Evidence_EVIDENCE_UNSPECIFIED {
		t.Errorf("of a broken file: %s", r)
	}
}

// TestVerifyByReference: what a reference leaves out may be anything, and what it names must be.
func TestVerifyByReference(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifestOf(run1, build("a", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"),
		build("b", "proxmox-iso", "100", run1, 1700000000, "null"), build("c", "azure-arm", managedImage, run1, 1700000000, "null")))
	other := refOf("aws", "ami-0a1", "", run2)
	other.Reference.Kind = "pipeline"
	for name, tt := range map[string]struct {
		refs  []*sourcev1.ImageRef
		found bool
		says  string
	}{
		"the id alone":        {[]*sourcev1.ImageRef{refOf("", "ami-0a1", "", "")}, true, "name a source of type aws"},
		"another provider":    {[]*sourcev1.ImageRef{refOf("outscale", "ami-0a1", "us-east-1", "")}, false, ""},
		"another's reference": {[]*sourcev1.ImageRef{other}, true, "aws"},
		"no cloud":            {[]*sourcev1.ImageRef{refOf("proxmox", "100", "", "")}, true, "it is not told when an image is deleted -> "},
		"several clouds":      {[]*sourcev1.ImageRef{refOf("azure", managedImage, "", ""), refOf("aws", "ami-0a1", "", ""), refOf("", "ami-0a1", "", "")}, true, "of type aws, azure"},
	} {
		got := verify(t, dir, map[string]any{"manifest": "m.json"}, tt.refs...)
		if found := got.Results[0].GetPresence() == sourcev1.Presence_PRESENCE_FOUND; found != tt.found || !strings.HasSuffix(got.says(), tt.says) {
			t.Errorf("%s: %s, %s", name, got.Results[0], got.says())
		}
	}
	if got := verify(t, dir, map[string]any{}, other); len(got.Results) > 0 || !strings.Contains(got.says(), "no manifest is named") {
		t.Errorf("without a manifest: %v, %s", got.Results, got.says())
	}
}
