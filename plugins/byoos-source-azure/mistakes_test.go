package main_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

func TestMistakes(t *testing.T) {
	w := start(t, fakeazure.Options{}, nil)
	for name, tt := range map[string]struct {
		config config
		want   []string
	}{
		"nothing":           {config{}, []string{"does not say where the images are"}},
		"two places":        {config{"gallery": "g", "template": "t", "resourceGroup": "r"}, []string{"template and gallery are set"}},
		"useless key":       {config{"gallery": "g", "resourceGroup": "r", "namePattern": "x"}, []string{"namePattern means nothing for gallery"}},
		"no group":          {config{"template": "t"}, []string{"template t has no resource group"}},
		"no location":       {config{"communityGallery": "g"}, []string{"no region is given", "[westus2]"}},
		"pattern":           {config{"gallery": "[", "resourceGroup": "r"}, []string{`gallery "[" is not a pattern`}},
		"duration":          {config{"gallery": "g", "timeout": "soon"}, []string{`timeout "soon" is not a duration`}},
		"no such gallery":   {config{"gallery": "nope", "resourceGroup": "images"}, []string{"gallery nope: it does not exist"}},
		"no such name":      {config{"gallery": "nope"}, []string{`no gallery matches "nope"`, "az sig list"}},
		"no such template":  {config{"template": "nope", "resourceGroup": "images"}, []string{"image template nope: it does not exist"}},
		"cloud in a spec":   {config{"gallery": "g", "cloud": "AzureChina"}, []string{"cloud"}},
		"endpoint in spec":  {config{"gallery": "g", "resourceManagerEndpoint": "https://evil"}, []string{"resourceManagerEndpoint"}},
		"path in a name":    {config{"gallery": "a/../b"}, []string{"gallery"}},
		"dots for a name":   {config{"template": "..", "resourceGroup": "images"}, []string{`template ".." is no name in Azure`}},
		"dots for a group":  {config{"gallery": "g", "resourceGroup": ".."}, []string{`resourceGroup ".." is no name in Azure`}},
		"dots for a place":  {config{"communityGallery": "g", "locations": []any{".."}}, []string{`locations ".." is no name in Azure`}},
		"dots everywhere":   {config{"gallery": "g", "subscription": "S", "definition": "."}, []string{`definition "." is no name in Azure`}},
		"dots for an id":    {config{"gallery": "g", "subscriptions": []any{"S", ".."}}, []string{`subscription ".." is no id`}},
		"two names":         {config{"communityGallery": "g", "locations": []any{"westus2,eastus"}}, []string{`locations "westus2,eastus" has a comma`, "give one name"}},
		"two groups":        {config{"gallery": "g", "resourceGroup": "a,b"}, []string{`resourceGroup "a,b" has a comma`}},
		"id for a name":     {config{"template": "/subscriptions/S/resourceGroups/images"}, []string{"give the name alone"}},
		"address of portal": {config{"gallery": "https://portal.azure.com/#@t/resource/subscriptions/S"}, []string{"give the name alone"}},
		"foreign tenant":    {config{"gallery": "g", "tenant": "99999999-9999-9999-9999-999999999999"}, []string{"not for the tenant", "AZURE_ADDITIONALLY_ALLOWED_TENANTS"}},
		"useless newestBy":  {config{"resourceGroup": "r", "newestBy": "version"}, []string{"newestBy means nothing for managed images"}},
		"shell in a tenant": {config{"gallery": "g", "tenant": "a;touch x"}, []string{"tenant"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.discover(t.Context(), tt.config)
			if r.Err == nil {
				t.Fatalf("no error, but %d images", len(r.Images))
			}
			text, err := json.Marshal(r.Err)
			if err != nil {
				t.Fatal(err)
			}
			wants(t, r.Err.Error()+said(r)+string(text), tt.want...)
		})
	}
	for _, p := range w.Paths() {
		if !strings.HasPrefix(p, "GET ") {
			t.Errorf("the plugin sent %s", p)
		}
	}
}
