package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// Paths of a template, and of what it makes.
const (
	templateT = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.VirtualMachineImages/imageTemplates/t"
	madeOne   = inRG + "/images/one"
	madeD     = inRG + "/galleries/g/images/d/versions/1.0.0"
)

// templates is an Azure with a template, whose last run is as run says, and its outputs.
func templates(run string, outputs ...string) scripted {
	return scripted{
		templateT:                 `{"name":"t","properties":{"distribute":[{"runOutputName":"a"},{"runOutputName":"B"},{}],"lastRunStatus":` + run + `}}`,
		templateT + "/runOutputs": list(outputs...),
		madeOne:                   imageOne, madeD: versionOne, inRG + "/galleries/g/images/d": definitionD,
	}
}

// output is a run output of a template.
func output(name, artifact, address, state string) string {
	text, _ := json.Marshal(map[string]any{
		"id": templateT + "/runOutputs/" + name, "name": name,
		"properties": map[string]string{"artifactId": artifact, "artifactUri": address, "provisioningState": state},
	})
	return string(text)
}

// run is a template's last run.
func run(state, start, end string) string {
	if start != "" {
		start = fmt.Sprintf(`,"startTime":%q`, start)
	}
	if end != "" {
		end = fmt.Sprintf(`,"endTime":%q`, end)
	}
	return fmt.Sprintf(`{"runState":%q,"message":"it said so"%s%s}`, state, start, end)
}

// What is told of an image template and of its last run.
func TestWordsOfTemplates(t *testing.T) {
	c := config{Template: "t", ResourceGroup: "RG"}
	older := config{Template: "t", ResourceGroup: "RG", AllowOlderOutput: true}
	a, b := output("a", madeOne, "", "Succeeded"), output("b", madeD, "", "")
	const at = "2026-05-01T10:00:00Z"
	checkAnswers(t, "templates", map[string]answered{
		"succeeded":                   {config: c, azure: templates(run("Succeeded", at, at), a, b)},
		"succeeded without outputs":   {config: c, azure: templates(run("Succeeded", at, at))},
		"never run":                   {config: c, azure: templates(`null`)},
		"no word of the run":          {config: c, azure: templates(`null`, a)},
		"failed":                      {config: c, azure: templates(run("Failed", at, at), a, b)},
		"failed, without outputs":     {config: c, azure: templates(run("Failed", at, ""))},
		"failed, older asked for":     {config: older, azure: templates(run("Failed", at, at), a, b)},
		"in part":                     {config: c, azure: templates(run("PartiallySucceeded", at, at), a, b)},
		"in part, of the last run":    {config: c, azure: templates(run("PartiallySucceeded", "2025-12-31T00:00:00Z", at), a, b)},
		"in part, one is lost":        {config: c, azure: templates(run("PartiallySucceeded", at, at), b)},
		"in part, older asked for":    {config: older, azure: templates(run("PartiallySucceeded", at, at), a, b)},
		"in part, without a time":     {config: c, azure: templates(run("PartiallySucceeded", "", ""), a, b)},
		"not there":                   {config: c, azure: scripted{}},
		"outputs denied":              {config: c, azure: scripted{templateT: `{"name":"t"}`, templateT + "/runOutputs": "403 AuthorizationFailed"}},
		"output of another template":  {config: c, azure: templates(run("Succeeded", at, at), a, strings.Replace(b, "imageTemplates/t", "imageTemplates/u", 1))},
		"outputs of another group":    {config: c, azure: templates(run("Succeeded", at, at), strings.Replace(a, "resourceGroups/RG/providers/Microsoft.V", "resourceGroups/G2/providers/Microsoft.V", 1))},
		"an image without a region":   {config: c, azure: scripted{templateT: `{}`, templateT + "/runOutputs": list(a), madeOne: strings.Replace(imageOne, `"location":"westus2",`, "", 1)}},
		"an image denied":             {config: c, azure: scripted{templateT: `{}`, templateT + "/runOutputs": list(a), madeOne: "403 AuthorizationFailed"}},
		"a definition denied":         {config: c, azure: scripted{templateT: `{}`, templateT + "/runOutputs": list(b), madeD: versionOne, inRG + "/galleries/g/images/d": "403 AuthorizationFailed"}},
		"in another's gallery":        {config: c, azure: templates(run("Succeeded", at, at), output("a", "/CommunityGalleries/g/Images/d/Versions/1.0.0", "", ""))},
		"nothing that is an image":    {config: c, azure: templates(run("Succeeded", at, at), output("a", "/subscriptions/S/odd", "", ""), output("b", "", "https://u:p@h/v.vhd?sig=s#f", ""), output("c", "", "", ""), output("d", "", "https://h/%zz?sig=s", ""))},
		"outputs that are being made": {config: c, azure: templates(run("Running", at, ""), output("a", inRG+"/images/two", "", "Creating"), output("b", "", "", "Updating"), output("c", madeOne, "", "Creating"), output("d", "", "https://h/v.vhd", "Creating"))},
		"outputs that are gone":       {config: c, azure: templates(run("Succeeded", at, at), output("a", inRG+"/images/two", "", "Succeeded"), output("b", inRG+"/galleries/g/images/d/versions/2.0.0", "", ""))},
		"in part, of a region that is null": {config: c, azure: scripted{templateT: `{"properties":{"lastRunStatus":` + run("PartiallySucceeded", at, at) + `}}`, templateT + "/runOutputs": list(b),
			madeD: strings.Replace(versionOne, `"publishingProfile":{`, `"publishingProfile":{"targetRegions":[null],`, 1), inRG + "/galleries/g/images/d": definitionD}},
		"outputs that failed": {config: c, azure: templates(run("Succeeded", at, at), output("a", madeOne, "", "Failed"))},
	})
}

// What an output is beside its image: the whole of it, and of what only the record has.
func TestOutputsOfTemplates(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	outputs := []string{
		output("a", madeOne, "", "Succeeded"), output("b", inRG+"/images/two", "", "Succeeded"), output("c", "", "", ""),
		output("d", inRG+"/galleries/g/images/d/versions/2.0.0", "", "Creating"), output("e", "", "", "Creating"), output("f", "", "https://h/v.vhd", ""),
	}
	got := map[string][]string{}
	for name, status := range map[string]string{"succeeded": run("SUCCEEDED", "", "2026-05-01T10:00:00Z"), "unsaid": `{}`} {
		for _, c := range []config{
			{Template: "t", ResourceGroup: "RG"}, {Template: "t", ResourceGroup: "RG", NewestBy: "version", IDForm: "relative"},
		} {
			images, _, err := sdktest.Discover(t.Context(), templates(status, outputs...).source(), c, sdktest.Now(now()))
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(images, func(a, b sdk.Image) int { return strings.Compare(a.Attributes["runOutput"], b.Attributes["runOutput"]) })
			for _, i := range images {
				got[name+c.NewestBy] = append(got[name+c.NewestBy], wholeOf(t, i))
			}
		}
	}
	checkWords(t, "outputs", got)
}

// wholeOf is all that an image says.
func wholeOf(t *testing.T, i sdk.Image) string {
	t.Helper()
	text, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil || v == "" || v == false || v == "0001-01-01T00:00:00Z" })
	if text, err = json.Marshal(fields); err != nil {
		t.Fatal(err)
	}
	return string(text)
}
