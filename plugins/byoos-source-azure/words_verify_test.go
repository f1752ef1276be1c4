package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// verified is what is asked of a scripted Azure after images were picked.
type verified struct {
	config config
	azure  scripted
	refs   []sdk.Ref
}

// lines are all that the host gets: what is told, then the answers.
func (v verified) lines(t *testing.T) []string {
	t.Helper()
	results, said, err := sdktest.Verify(t.Context(), v.azure.source(), v.config, v.refs, sdktest.Now(now()))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range results {
		presence := map[sdk.Presence]string{sdk.Found: "found", sdk.NotFound: "not found", sdk.NotVisible: "not visible", sdk.Unknown: "unknown"}[r.Presence]
		evidence := map[sdk.Evidence]string{sdk.Asked: "asked", sdk.EvidenceUnknown: "?"}[r.Evidence]
		line := strings.Join([]string{r.Ref.ID, r.Ref.Region, presence, evidence, r.Reason}, " | ")
		if i := r.Image; i != nil {
			line += strings.Join([]string{"-> " + i.ID, i.Region, stateNames()[i.State], i.StateReason}, " | ")
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return append(toldLines(said), lines...)
}

// What Verify answers, and what it tells.
func TestWordsOfVerify(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	got := map[string][]string{}
	for name, tt := range verifications() {
		for i := range tt.refs {
			tt.refs[i].Provider = "azure"
		}
		got[name] = tt.lines(t)
	}
	checkWords(t, "verify", got)
}

func verifications() map[string]verified {
	const (
		d      = inRG + "/galleries/g/images/d"
		dT     = inTG + "/galleries/g/images/d"
		short  = "galleries/g/images/d/versions/1.0.0"
		public = "/CommunityGalleries/g/Images/d/Versions/1.0.0"
		unique = "/SharedGalleries/u/Images/d/Versions/1.0.0"
		west   = inS + "/locations/westus2/communityGalleries/g/images/d"
		east   = inS + "/locations/eastus/communityGalleries/g/images/d"
		mine   = inS + "/locations/westus2/sharedGalleries/u/images/d"
		mineT  = inT + "/locations/westus2/sharedGalleries/u/images/d"
		denied = "403 AuthorizationFailed"
	)
	own := config{Gallery: "g", ResourceGroup: "RG"}
	both := config{Gallery: "g", ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}
	community := config{CommunityGallery: "g", Locations: []string{"West US 2", "eastus"}}
	all := scripted{d: definitionD, d + "/versions/1.0.0": twoRegions("Completed", "Replicating"), inRG + "/images/one": imageOne}
	ref := func(id, region string) []sdk.Ref { return []sdk.Ref{{ID: id, Region: region}} }
	full := func(id, fullID string) []sdk.Ref { return []sdk.Ref{{ID: id, FullID: fullID}} }
	of := func(kind, value string) []sdk.Ref {
		return []sdk.Ref{{ID: short, Reference: &sdk.Reference{Kind: kind, Value: value}}}
	}
	return map[string]verified{
		"in a region":                  {own, all, ref(d+"/versions/1.0.0", "West US 2")},
		"in a region that is not done": {own, all, ref(d+"/versions/1.0.0", "eastus")},
		"in no such region":            {own, all, ref(d+"/versions/1.0.0", "northeurope")},
		"anywhere":                     {own, all, ref(d+"/versions/1.0.0", "")},
		"anywhere, the last is good":   {own, scripted{d: definitionD, d + "/versions/1.0.0": twoRegions("Failed", "Completed")}, ref(d+"/versions/1.0.0", "")},
		"anywhere, none is good":       {own, scripted{d: definitionD, d + "/versions/1.0.0": twoRegions("Failed", "Failed")}, ref(d+"/versions/1.0.0", "")},
		"somewhere":                    {own, scripted{d: definitionD, d + "/versions/1.0.0": strings.Replace(versionOne, `"location":"westus2",`, "", 1)}, ref(d+"/versions/1.0.0", "West US 2")},
		"somewhere, and failed":        {own, scripted{d: definitionD, d + "/versions/1.0.0": strings.NewReplacer(`"location":"westus2",`, "", "Succeeded", "Failed", "Completed", "Failed").Replace(versionOne)}, ref(d+"/versions/1.0.0", "westus2")},
		"gone":                         {own, scripted{}, ref(d+"/versions/1.0.0", "westus2")},
		"its definition is gone":       {own, scripted{d + "/versions/1.0.0": versionOne}, ref(d+"/versions/1.0.0", "westus2")},
		"denied":                       {own, scripted{d + "/versions/1.0.0": denied}, ref(d+"/versions/1.0.0", "westus2")},
		"denied elsewhere":             {own, scripted{dT + "/versions/1.0.0": denied}, ref(dT+"/versions/1.0.0", "westus2")},
		"a managed image":              {own, all, ref(inRG+"/images/one", "westus2")},
		"a managed image elsewhere":    {own, all, ref(inRG+"/images/one", "eastus")},
		"no id of Azure":               {own, all, ref("ami-1", "")},
		"an odd path":                  {own, all, ref("/subscriptions/S/odd", "")},
		"one thing in all spellings":   {own, all, []sdk.Ref{{ID: d + "/versions/1.0.0", Region: "westus2"}, {ID: strings.ToUpper(d + "/versions/1.0.0"), Region: "westus2"}, {ID: short, Region: "westus2"}}},

		"short":                            {own, all, ref(short, "westus2")},
		"short, with slashes":              {own, all, full("/"+short+"/", d+"/versions/1.0.0")},
		"short, with a slash alone":        {own, all, ref("/"+short, "")},
		"short, and the whole beside it":   {config{Gallery: "h", ResourceGroup: "RG"}, all, full(strings.ToUpper(short), d+"/versions/1.0.0")},
		"short, and another beside it":     {config{Gallery: "h", ResourceGroup: "RG"}, all, full(short, d+"/versions/2.0.0")},
		"short, and a reference":           {config{Gallery: "h", ResourceGroup: "RG"}, all, of(compute.ReferenceKind, d+"/versions/1.0.0")},
		"short, and another's reference":   {config{Gallery: "h", ResourceGroup: "RG"}, all, of("image-template", d+"/versions/1.0.0")},
		"short, in two":                    {both, scripted{d: definitionD, d + "/versions/1.0.0": versionOne, dT: definitionD, dT + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, in the second":             {both, scripted{dT: definitionD, dT + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, in the first of two":       {both, scripted{d: definitionD, d + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, in the first, denied":      {both, scripted{d: definitionD, d + "/versions/1.0.0": versionOne, dT + "/versions/1.0.0": denied}, ref(short, "westus2")},
		"short, first denied":              {both, scripted{d + "/versions/1.0.0": denied, dT: definitionD, dT + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, none and denied":           {both, scripted{dT + "/versions/1.0.0": denied}, ref(short, "westus2")},
		"short, both denied differently":   {both, scripted{d + "/versions/1.0.0": denied, dT + "/versions/1.0.0": "400 Odd"}, ref(short, "westus2")},
		"short, in none":                   {both, scripted{}, ref(short, "westus2")},
		"short, without a group":           {config{Gallery: "g"}, all, ref(short, "westus2")},
		"short, of another gallery":        {config{Gallery: "h", ResourceGroup: "RG"}, all, ref(short, "westus2")},
		"short, of a template":             {config{Template: "t", ResourceGroup: "RG"}, all, ref(short, "westus2")},
		"short, of a template elsewhere":   {config{Template: "t", ResourceGroup: "G2"}, all, ref(short, "westus2")},
		"denied, of a template":            {config{Template: "t", ResourceGroup: "G2"}, scripted{d + "/versions/1.0.0": denied}, ref(d+"/versions/1.0.0", "westus2")},
		"denied, of another's template":    {config{Template: "t", ResourceGroup: "G2"}, scripted{dT + "/versions/1.0.0": denied}, ref(dT+"/versions/1.0.0", "westus2")},
		"denied, a managed image":          {config{ResourceGroup: "RG"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
		"denied, another group's":          {config{ResourceGroup: "G2"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
		"denied, in any group":             {config{NamePattern: "*"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
		"denied, of managed images":        {config{ResourceGroup: "RG"}, scripted{d + "/versions/1.0.0": denied}, ref(d+"/versions/1.0.0", "westus2")},
		"denied, of another definition":    {config{Gallery: "g", Definition: "e*"}, scripted{d + "/versions/1.0.0": denied}, ref(d+"/versions/1.0.0", "westus2")},
		"denied, a managed one of gallery": {config{Gallery: "g"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},

		"public":                     {community, scripted{west: definitionD, west + "/versions/1.0.0": versionOne}, ref(public, "westus2")},
		"public, anywhere":           {community, scripted{east: definitionD, east + "/versions/1.0.0": strings.Replace(versionOne, "westus2", "eastus", 1)}, ref(public, "")},
		"public, gone":               {community, scripted{}, ref(public, "West US 2")},
		"public, gone everywhere":    {community, scripted{}, ref(public, "")},
		"public, one denied":         {community, scripted{west + "/versions/1.0.0": denied}, ref(public, "")},
		"public, the other denied":   {community, scripted{east + "/versions/1.0.0": denied}, ref(public, "")},
		"public, both denied":        {community, scripted{west + "/versions/1.0.0": denied, east + "/versions/1.0.0": "400 Odd"}, ref(public, "")},
		"public, of another, denied": {config{CommunityGallery: "h", Locations: []string{"westus2"}}, scripted{west + "/versions/1.0.0": denied}, ref(public, "westus2")},
		"public, without a region":   {own, scripted{}, ref(public, "")},
		"shared":                     {config{SharedGallery: "U", Locations: []string{"westus2"}, Subscription: "S"}, scripted{mine: definitionD, mine + "/versions/1.0.0": versionOne}, ref(unique, "westus2")},
		"shared with the second":     {both, scripted{mineT: definitionD, mineT + "/versions/1.0.0": versionOne}, ref(unique, "westus2")},
		"shared no more":             {both, scripted{}, ref(unique, "westus2")},
		"shared, denied":             {config{SharedGallery: "U", Locations: []string{"westus2"}}, scripted{mine + "/versions/1.0.0": denied}, ref(unique, "westus2")},
		"shared, another's, denied":  {config{SharedGallery: "V", Locations: []string{"westus2"}}, scripted{mine + "/versions/1.0.0": denied}, ref(unique, "westus2")},
	}
}

// twoRegions is a version in two regions, with a state of its replication in each.
func twoRegions(west, east string) string {
	status := `"replicationStatus":{"summary":[{"region":"West US 2","state":"` + west + `"},{"region":"East US","state":"` + east + `"}]}`
	return strings.NewReplacer(`"publishingProfile":{`, `"publishingProfile":{"targetRegions":[{"name":"West US 2"},{"name":"East US"}],`,
		`"replicationStatus":{"aggregatedState":"Completed"}`, status).Replace(versionOne)
}
