package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// Progress counts what is read, of all that is to be read, and ends with all of it.
func TestProgress(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	const west = inS + "/locations/westus2/communityGalleries/g"
	z := templates(run("Succeeded", "", ""), output("a", madeOne, "", ""), output("b", madeD, "", ""), output("c", inRG+"/images/denied", "", ""))
	z[inRG+"/images/denied"] = "403 AuthorizationFailed"
	z[inRG+"/images"], z[inTG+"/images"] = list(imageOne), list()
	z[inRG+"/galleries"] = list(`{"name":"g"}`, `{"name":"h"}`)
	z[inRG+"/galleries/g/images"], z[inRG+"/galleries/g/images/d/versions"], z[inRG+"/galleries/h/images"] = list(definitionD), list(versionOne), list()
	z[west+"/images"], z[west+"/images/d/versions"] = list(definitionD), list(versionOne)
	for _, tt := range []struct {
		config config
		want   []string // one of which is last
	}{
		{config{Template: "t", ResourceGroup: "RG"}, []string{"3/3 read run output a", "3/3 read run output b", "3/3 read run output c"}},
		{config{Gallery: "*", ResourceGroup: "RG"}, []string{"2/2 read gallery g", "2/2 read gallery h"}},
		{config{CommunityGallery: "g", Locations: []string{"westus2"}}, []string{"1/1 read gallery g in westus2"}},
		{config{ResourceGroup: "RG"}, []string{"1/1 read the managed images of subscription S, resource group RG"}},
	} {
		last := ""
		told := sdktest.Progress(func(done, total int64, message string) { last = fmt.Sprintf("%d/%d %s", done, total, message) })
		if _, _, err := sdktest.Discover(t.Context(), z.source(), tt.config, sdktest.Now(now()), told); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(tt.want, last) {
			t.Errorf("progress ends with %q, want %q", last, tt.want)
		}
	}
}
