package main

import (
	"maps"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// What is told of managed images.
func TestWordsOfManagedImages(t *testing.T) {
	named := func(id, name string) string {
		return strings.NewReplacer(inRG+"/images/one", id, `"name":"one"`, `"name":"`+name+`"`).Replace(imageOne)
	}
	checkAnswers(t, "managed", map[string]answered{
		"one":                    {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(imageOne)}},
		"no match in a group":    {config: config{ResourceGroup: "RG", NamePattern: "two"}, azure: scripted{inRG + "/images": list(imageOne)}},
		"no match at all":        {config: config{Tags: map[string]string{"team": "Platform"}}, azure: scripted{inS + "/images": list(imageOne)}},
		"by tags":                {config: config{Tags: map[string]string{"TEAM": "platform"}}, azure: scripted{inS + "/images": list(imageOne)}},
		"by two tags":            {config: config{Tags: map[string]string{"TEAM": "platform", "a": "b"}}, azure: scripted{inS + "/images": list(imageOne)}},
		"no group":               {config: config{ResourceGroup: "RG"}, azure: scripted{}},
		"no subscription":        {config: config{NamePattern: "*", Subscriptions: []string{"S", "T"}}, azure: scripted{inS + "/images": list(imageOne), inT + "/images": "403 AuthorizationFailed"}},
		"no group in one of two": {config: config{ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}, azure: scripted{inRG + "/images": list(imageOne)}},
		"no group in both":       {config: config{ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}, azure: scripted{}},
		"no group in one, and one cannot be asked": {config: config{ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}, azure: scripted{inTG + "/images": "403 AuthorizationFailed"}},
		"without a name":              {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(named("", ""), imageOne)}},
		"without a name, but an id":   {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(named(inRG+"/images/two", ""))}},
		"without an id":               {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(named("", "two"))}},
		"without an id, somewhere":    {config: config{NamePattern: "*"}, azure: scripted{inS + "/images": list(named("", "two"), named("", "three"))}},
		"of another place":            {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(named(inTG+"/images/one", "one"), named("/subscriptions/S/resourceGroups/G2/providers/Microsoft.Compute/images/one", "one"))}},
		"without a region":            {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(strings.Replace(imageOne, `"location":"westus2",`, "", 1))}},
		"by the value of another tag": {config: config{Tags: map[string]string{"x": "platform"}}, azure: scripted{inS + "/images": list(imageOne)}},
		"with the id of a version":    {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(named(inRG+"/galleries/g/images/d/versions/1.0.0", "one"))}},
		"with an odd id":              {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(named("odd", "one"))}},
		"with a date that is none":    {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(strings.Replace(imageOne, `"tags":{`, `"tags":{"build_timestamp":"x",`, 1))}},
		"failed, without a region":    {config: config{ResourceGroup: "RG"}, azure: scripted{inRG + "/images": list(strings.NewReplacer(`"location":"westus2",`, "", "Succeeded", "Failed").Replace(imageOne))}},
	})
}

// Paths of a gallery in two subscriptions.
const (
	inG  = inRG + "/galleries/g"
	inTh = inTG + "/galleries/g"
)

// withG is an Azure with a gallery that has one version, and more.
func withG(more scripted) scripted {
	all := scripted{inG + "/images": list(definitionD), inG + "/images/d/versions": list(versionOne), inG + "/images/d/versions/1.0.0": versionOne, inG + "/images/d": definitionD}
	maps.Copy(all, more)
	return all
}

// What is told of galleries, and of what is in them.
func TestWordsOfGalleries(t *testing.T) {
	own := config{Gallery: "g", ResourceGroup: "RG"}
	both := config{Gallery: "g", ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}
	gallery := `{"id":"` + inG + `","name":"g"}`
	tests := map[string]answered{
		"one":                                    {config: own, azure: withG(nil)},
		"of a pattern":                           {config: config{Gallery: "G*"}, azure: withG(scripted{inS + "/galleries": list(gallery)})},
		"of a pattern without any":               {config: config{Gallery: "x*"}, azure: withG(scripted{inS + "/galleries": list(gallery)})},
		"of a pattern without any in a group":    {config: config{Gallery: "x*", ResourceGroup: "RG"}, azure: withG(scripted{inRG + "/galleries": list(gallery)})},
		"of a name without any":                  {config: config{Gallery: "x"}, azure: withG(scripted{inS + "/galleries": list(gallery)})},
		"of a name in one of two":                {config: config{Gallery: "g", Subscriptions: []string{"S", "T"}}, azure: withG(scripted{inS + "/galleries": list(gallery), inT + "/galleries": list()})},
		"of two subscriptions":                   {config: both, azure: withG(nil)},
		"of two subscriptions, one denied":       {config: both, azure: withG(scripted{inTh + "/images": "403 AuthorizationFailed"})},
		"of a pattern, one gone":                 {config: config{Gallery: "*", ResourceGroup: "RG"}, azure: withG(scripted{inRG + "/galleries": list(gallery, `{"name":"h"}`)})},
		"of a pattern in two groups":             {config: config{Gallery: "*", ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}, azure: withG(scripted{inRG + "/galleries": list(gallery)})},
		"the list denied":                        {config: config{Gallery: "*", Subscriptions: []string{"S", "T"}}, azure: scripted{inS + "/galleries": "403 AuthorizationFailed", inT + "/galleries": list()}},
		"without names":                          {config: config{Gallery: "*"}, azure: withG(scripted{inS + "/galleries": list(gallery, `{"name":"h"}`, `{}`)})},
		"of another subscription":                {config: config{Gallery: "*"}, azure: withG(scripted{inS + "/galleries": list(gallery, `{"id":"`+inTh+`","name":"g"}`)})},
		"not there":                              {config: own, azure: scripted{}},
		"denied":                                 {config: own, azure: scripted{inG + "/images": "403 AuthorizationFailed"}},
		"a pattern of a group that is not there": {config: config{Gallery: "*", ResourceGroup: "RG"}, azure: scripted{}},
		"a name, and a list denied":              {config: config{Gallery: "g", Subscriptions: []string{"S", "T"}}, azure: scripted{inS + "/galleries": "403 AuthorizationFailed", inT + "/galleries": list()}},
		"not of this provider":                   {config: own, azure: withG(nil), hints: sdk.Hints{Providers: []string{"aws"}}},
		"of this provider too":                   {config: own, azure: withG(nil), hints: sdk.Hints{Providers: []string{"aws", "azure"}}},
	}
	maps.Copy(tests, definitions(own, gallery))
	checkAnswers(t, "galleries", tests)
}

func definitions(own config, gallery string) map[string]answered {
	noRegion := strings.Replace(versionOne, `"location":"westus2",`, "", 1)
	like := func(names, one string) string {
		var all []string
		for _, name := range strings.Split(names, "") {
			all = append(all, strings.Replace(one, one[8:11], `"`+name+`"`, 1))
		}
		return list(all...)
	}
	return map[string]answered{
		"no definition":                         {config: config{Gallery: "g", ResourceGroup: "RG", Definition: "d"}, azure: scripted{}},
		"a definition denied":                   {config: config{Gallery: "g", ResourceGroup: "RG", Definition: "d"}, azure: scripted{inG + "/images/d": "403 AuthorizationFailed"}},
		"a definition of two galleries":         {config: config{Gallery: "*", Definition: "D"}, azure: withG(scripted{inS + "/galleries": list(gallery, `{"id":"`+inRG+`/galleries/h","name":"h"}`), inG + "/images/D": definitionD})},
		"no definition matches":                 {config: config{Gallery: "g", ResourceGroup: "RG", Definition: "x*"}, azure: withG(nil)},
		"a definition by pattern":               {config: config{Gallery: "g", ResourceGroup: "RG", Definition: "D?"}, azure: withG(scripted{inG + "/images": list(definitionD, strings.Replace(definitionD, `"d"`, `"d2"`, 1)), inG + "/images/d2/versions": list()})},
		"definitions denied, of a pattern":      {config: config{Gallery: "g", ResourceGroup: "RG", Definition: "x*"}, azure: scripted{inG + "/images": "403 AuthorizationFailed"}},
		"a definition by its id alone":          {config: own, azure: withG(scripted{inG + "/images": list(strings.Replace(definitionD, `"name":"d"`, `"id":"`+inG+`/images/d"`, 1))})},
		"five are not Linux":                    {config: own, azure: withG(scripted{inG + "/images": like("abcef", windows)})},
		"six are not Linux":                     {config: own, azure: withG(scripted{inG + "/images": like("abcefg", windows)})},
		"a version deleted meanwhile":           {config: own, azure: withG(scripted{inG + "/images/d/versions/1.0.0": "404 ResourceNotFound"})},
		"a version denied":                      {config: own, azure: withG(scripted{inG + "/images/d/versions/1.0.0": "403 AuthorizationFailed"})},
		"a version in no region yet":            {config: own, azure: withG(scripted{inG + "/images/d/versions": list(noRegion)}), hints: sdk.Hints{Regions: []string{"westus2"}}},
		"a version of no region, and not known": {config: own, azure: withG(scripted{inG + "/images/d/versions": list(noRegion), inG + "/images/d/versions/1.0.0": "403 AuthorizationFailed"})},
		"a published date that is none":         {config: own, azure: withG(scripted{inG + "/images/d/versions": list(strings.Replace(versionOne, "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", 1))})},
		"without a Kubernetes version":          {config: own, azure: withG(nil), hints: sdk.Hints{KubernetesVersions: []string{"~1.30"}}},
		"a range that is none":                  {config: own, azure: withG(nil), hints: sdk.Hints{KubernetesVersions: []string{"x y", "~1.30"}}},
		"not Linux":                             {config: own, azure: withG(scripted{inG + "/images": list(windows, definitionD)})},
		"nothing is Linux":                      {config: own, azure: withG(scripted{inG + "/images": list(windows)})},
		"definitions of another gallery":        {config: own, azure: withG(scripted{inG + "/images": list(definitionD, `{"id":"`+inRG+`/galleries/h/images/e","name":"e"}`, `{}`)})},
		"versions of another definition":        {config: own, azure: withG(scripted{inG + "/images/d/versions": list(versionOne, `{"id":"`+inG+`/images/e/versions/2.0.0","name":"2.0.0"}`, `{}`)})},
		"a version by its id alone":             {config: own, azure: withG(scripted{inG + "/images/d/versions": list(strings.Replace(versionOne, `"name":"1.0.0"`, `"id":"`+inG+`/images/d/versions/1.0.0"`, 1))})},
		"deleted meanwhile":                     {config: own, azure: scripted{inG + "/images": list(definitionD)}},
		"versions denied":                       {config: own, azure: withG(scripted{inG + "/images/d/versions": "403 AuthorizationFailed"})},
		"versions of six denied": {config: own, azure: scripted{inG + "/images": list(definitionD, strings.Replace(definitionD, `"d"`, `"e"`, 1), strings.Replace(definitionD, `"d"`, `"f"`, 1),
			strings.Replace(definitionD, `"d"`, `"h"`, 1), strings.Replace(definitionD, `"d"`, `"i"`, 1), strings.Replace(definitionD, `"d"`, `"j"`, 1), strings.Replace(definitionD, `"d"`, `"k"`, 1)),
			inG + "/images/d/versions": "403 AuthorizationFailed", inG + "/images/e/versions": "403 AuthorizationFailed", inG + "/images/f/versions": "403 AuthorizationFailed",
			inG + "/images/h/versions": "403 AuthorizationFailed", inG + "/images/i/versions": "403 AuthorizationFailed", inG + "/images/j/versions": "403 AuthorizationFailed", inG + "/images/k/versions": "400 Bad"}},
		"a version without a region": {config: own, azure: withG(scripted{inG + "/images/d/versions": list(strings.Replace(versionOne, `"location":"westus2",`, "", 1)), inG + "/images/d/versions/1.0.0": strings.Replace(versionOne, `"location":"westus2",`, "", 1)})},
	}
}

// What is told of somebody else's gallery.
func TestWordsOfForeignGalleries(t *testing.T) {
	community := config{CommunityGallery: "g", Locations: []string{"West US 2", "eastus"}}
	shared := config{SharedGallery: "u", Locations: []string{"westus2"}}
	const west, east, mine = inS + "/locations/westus2/communityGalleries/g", inS + "/locations/eastus/communityGalleries/g", inS + "/locations/westus2/sharedGalleries/u"
	version := strings.Replace(versionOne, `"location":"westus2",`, `"location":"West US 2",`, 1)
	here := scripted{west + "/images": list(definitionD), west + "/images/d/versions": list(version)}
	checkAnswers(t, "foreign", map[string]answered{
		"in one of two":         {config: community, azure: here},
		"in none":               {config: community, azure: scripted{}},
		"denied in one":         {config: community, azure: scripted{west + "/images": list(definitionD), west + "/images/d/versions": list(version), east + "/images": "403 AuthorizationFailed"}},
		"versions denied":       {config: config{CommunityGallery: "g", Locations: []string{"westus2"}}, azure: scripted{west + "/images": list(definitionD), west + "/images/d/versions": "403 AuthorizationFailed"}},
		"not selected":          {config: community, azure: here, hints: sdk.Hints{Regions: []string{"northeurope"}}},
		"selected":              {config: community, azure: here, hints: sdk.Hints{Regions: []string{"West us 2"}}},
		"a definition":          {config: config{CommunityGallery: "g", Definition: "d", Locations: []string{"westus2"}}, azure: scripted{west + "/images/d": definitionD, west + "/images/d/versions": list(version)}},
		"a definition denied":   {config: config{CommunityGallery: "g", Definition: "d", Locations: []string{"westus2"}}, azure: scripted{west + "/images/d": "403 AuthorizationFailed"}},
		"no definition":         {config: config{CommunityGallery: "g", Definition: "d", Locations: []string{"westus2"}}, azure: scripted{}},
		"no definition matches": {config: config{CommunityGallery: "g", Definition: "x*", Locations: []string{"westus2"}}, azure: here},
		"of another gallery": {config: config{CommunityGallery: "g", Locations: []string{"westus2"}}, azure: scripted{
			west + "/images":            list(definitionD, `{"identifier":{"uniqueId":"/CommunityGalleries/h/Images/e"},"name":"e"}`),
			west + "/images/d/versions": list(version, `{"identifier":{"uniqueId":"/CommunityGalleries/h/Images/d/Versions/3.0.0"},"name":"3.0.0"}`, `{}`),
		}},
		"deleted meanwhile": {config: config{CommunityGallery: "g", Locations: []string{"westus2"}}, azure: scripted{west + "/images": list(definitionD)}},
		"shared":            {config: shared, azure: scripted{mine + "/images": list(definitionD), mine + "/images/d/versions": list(version)}},
		"shared no more":    {config: shared, azure: scripted{}},
		"shared, denied":    {config: shared, azure: scripted{mine + "/images": "403 AuthorizationFailed"}},
	})
}
