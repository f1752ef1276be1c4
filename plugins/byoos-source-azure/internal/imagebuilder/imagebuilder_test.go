package imagebuilder

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	sdkarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm/armtest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// An image without a time of its own is as old as the run that made it, where that is
// known.
func TestRunDatesItsImages(t *testing.T) {
	start := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	end, published := start.Add(time.Hour), start.Add(30*time.Minute)
	started, ended := arm.Date{Time: start}, arm.Date{Time: end}
	for name, tt := range map[string]struct {
		run    Run
		has    time.Time
		output string
		want   time.Time
		key    string
	}{
		"succeeded":           {Run{RunState: "Succeeded", StartTime: started, EndTime: ended}, time.Time{}, "Succeeded", end, "lastRunStatus.endTime"},
		"without an end":      {Run{RunState: "Succeeded", StartTime: started}, time.Time{}, "", start, "lastRunStatus.startTime"},
		"the version's stays": {Run{RunState: "Succeeded", StartTime: started, EndTime: ended}, published, "", published, ""},
		"of which run":        {Run{RunState: "PartiallySucceeded", StartTime: started, EndTime: ended}, time.Time{}, "", time.Time{}, ""},
		"of an earlier run":   {Run{RunState: "Failed", StartTime: started, EndTime: ended}, time.Time{}, "", time.Time{}, ""},
		"not done":            {Run{RunState: "Succeeded", StartTime: started, EndTime: ended}, time.Time{}, "Creating", time.Time{}, ""},
		"no times":            {Run{RunState: "Succeeded"}, time.Time{}, "", time.Time{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			image := sdk.Image{CreatedAt: tt.has, Provenance: map[string]sdk.Provenance{}}
			var o Output
			o.Properties.ProvisioningState = tt.output
			tt.run.Date(&image, o)
			if from := image.Provenance["createdAt"]; !image.CreatedAt.Equal(tt.want) || from.Key != tt.key || (from.From == "api") != (tt.key != "") {
				t.Errorf("got %v from %+v", image.CreatedAt, image.Provenance)
			}
		})
	}
}

// A template is read as Azure's own models write it, in any letter case.
func TestTemplate(t *testing.T) {
	start := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	text, err := json.Marshal(&vmib.ImageTemplate{Name: to.Ptr("golden"), Properties: &vmib.ImageTemplateProperties{
		LastRunStatus: &vmib.ImageTemplateLastRunStatus{
			RunState: to.Ptr(vmib.RunState("PARTIALLYsucceeded")), Message: to.Ptr("m"), StartTime: &start, EndTime: to.Ptr(start.Add(time.Hour)),
		},
		Distribute: []vmib.ImageTemplateDistributorClassification{
			&vmib.ImageTemplateSharedImageDistributor{RunOutputName: to.Ptr("gallery")}, &vmib.ImageTemplateVhdDistributor{RunOutputName: to.Ptr("disk")},
			&vmib.ImageTemplateManagedImageDistributor{RunOutputName: to.Ptr("Managed")}, &vmib.ImageTemplateVhdDistributor{},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var template Template
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	run := template.Properties.LastRunStatus
	if !run.Partial() || run.Good() || run.Message != "m" || run.String() != "PartiallySucceeded at 2026-05-01T11:00:00Z" {
		t.Errorf("got %+v, %s", run, run)
	}
	if fresh, known := run.Made(start.Add(-time.Minute)); fresh || !known {
		t.Error("an image from before the run is of it")
	}
	if lost := template.Lost([]Output{{Name: "managed"}}); !slices.Equal(lost, []string{"disk", "gallery"}) {
		t.Errorf("lost %v", lost)
	}
}

// A status is an optional field, and so is what is in it: what is not said speaks against
// nothing, and tells nothing.
func TestRuns(t *testing.T) {
	for state, want := range map[string]struct {
		good, partial bool
		text          string
	}{
		"": {true, false, ""}, "succeeded": {true, false, "Succeeded"}, "PartiallySucceeded": {false, true, "PartiallySucceeded"},
		"FAILED": {false, false, "Failed"}, "canceled": {false, false, "Canceled"}, "canceling": {false, false, "Canceling"},
		"running": {false, false, "Running"}, "Odd": {false, false, "Odd"},
	} {
		if r := (Run{RunState: state}); r.Good() != want.good || r.Partial() != want.partial || r.String() != want.text || r.State() != want.text {
			t.Errorf("%q: %t, %t, %s", state, r.Good(), r.Partial(), r)
		}
	}
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		start, made  time.Time
		fresh, known bool
	}{
		{at, at, true, true},
		{at, at.Add(time.Second), true, true},
		{at, at.Add(-time.Second), false, true},
		{at, time.Time{}, true, false},
		{time.Time{}, at, true, false},
	} {
		if fresh, known := (Run{StartTime: arm.Date{Time: tt.start}}).Made(tt.made); fresh != tt.fresh || known != tt.known {
			t.Errorf("started %s, made %s: %t, %t", tt.start, tt.made, fresh, known)
		}
	}
}

// A template that made nothing yet may have a list without items.
func TestNoOutputs(t *testing.T) {
	api := armtest.Open(t, &armtest.Transport{Body: `{}`})
	if err := Outputs(t.Context(), api, ID("S", "RG", "T"), func(Output) error { return errors.New("an output") }); err != nil {
		t.Error(err)
	}
}

// An output is read as Azure's own models write it.
func TestOutput(t *testing.T) {
	for state, want := range map[vmib.ProvisioningState][2]bool{
		"": {true, false}, "SUCCEEDED": {true, false}, "updating": {false, true}, "Creating": {false, true}, "Failed": {false, false},
	} {
		text, err := json.Marshal(&vmib.RunOutput{Name: to.Ptr("o"), ID: to.Ptr("/i"), Properties: &vmib.RunOutputProperties{
			ArtifactID: to.Ptr("a"), ArtifactURI: to.Ptr("u"), ProvisioningState: &state,
		}})
		if err != nil {
			t.Fatal(err)
		}
		var o Output
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{o.Done(), o.UnderWay()}; got != want || o.Properties.ArtifactID != "a" || o.Properties.ArtifactURI != "u" || o.ID != "/i" {
			t.Errorf("%s: %v, %+v", state, got, o)
		}
	}
}

// The addresses that are asked for, and the version of the API in them, are those of the
// SDK's own client. An output has a name, if only in its id.
func TestRequestsAreTheSDKs(t *testing.T) {
	const two = `{"value":[{"name":"one"},{"id":"/runOutputs/two"}]}`
	ours, theirs := armtest.Transport{Body: two}, armtest.Transport{Body: two}
	api := armtest.Open(t, &ours)
	client, err := vmib.NewVirtualMachineImageTemplatesClient("S", &azfake.TokenCredential{}, &sdkarm.ClientOptions{ClientOptions: policy.ClientOptions{Transport: &theirs}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	_, one := Get(t.Context(), api, ID("S", "my group", "T"))
	several := Outputs(t.Context(), api, ID("S", "my group", "T"), func(o Output) error {
		names = append(names, o.Name)
		return nil
	})
	_, theirOne := client.Get(t.Context(), "my group", "T", nil)
	_, theirSeveral := client.NewListRunOutputsPager("my group", "T", nil).NextPage(t.Context())
	if err := errors.Join(one, several, theirOne, theirSeveral); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ours.URLs, theirs.URLs) || !slices.Equal(names, []string{"one", "two"}) {
		t.Errorf("outputs %v\nours:  %v\nSDK's: %v", names, ours.URLs, theirs.URLs)
	}
}
