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
	for _, tests := range []map[string]verified{verifiedOwn(), verifiedShort(), verifiedElsewhere(), verifiedForeign()} {
		for name, tt := range tests {
			for i := range tt.refs {
				tt.refs[i].Provider = "azure"
			}
			got[name] = tt.lines(t)
		}
	}
	checkWords(t, "verify", got)
}

// Paths of what is verified.
const (
	inD    = inRG + "/galleries/g/images/d"
	inTD   = inTG + "/galleries/g/images/d"
	short  = "galleries/g/images/d/versions/1.0.0"
	public = "/CommunityGalleries/g/Images/d/Versions/1.0.0"
	unique = "/SharedGalleries/u/Images/d/Versions/1.0.0"
	inWest = inS + "/locations/westus2/communityGalleries/g/images/d"
	inEast = inS + "/locations/eastus/communityGalleries/g/images/d"
	mineS  = inS + "/locations/westus2/sharedGalleries/u/images/d"
	mineT  = inT + "/locations/westus2/sharedGalleries/u/images/d"
	denied = "403 AuthorizationFailed"
)

func ref(id, region string) []sdk.Ref { return []sdk.Ref{{ID: id, Region: region}} }

// inBoth is a gallery of two subscriptions.
func inBoth() config {
	return config{Gallery: "g", ResourceGroup: "RG", Subscriptions: []string{"S", "T"}}
}

// estateS has a version in two regions, one of which is not done, and a managed image.
func estateS() scripted {
	return scripted{inD: definitionD, inD + "/versions/1.0.0": twoRegions("Completed", "Replicating"), inRG + "/images/one": imageOne}
}

func verifiedOwn() map[string]verified {
	own, all := config{Gallery: "g", ResourceGroup: "RG"}, estateS()
	return map[string]verified{
		"in a region":                  {own, all, ref(inD+"/versions/1.0.0", "West US 2")},
		"in a region that is not done": {own, all, ref(inD+"/versions/1.0.0", "eastus")},
		"in no such region":            {own, all, ref(inD+"/versions/1.0.0", "northeurope")},
		"anywhere":                     {own, all, ref(inD+"/versions/1.0.0", "")},
		"anywhere, the last is good":   {own, scripted{inD: definitionD, inD + "/versions/1.0.0": twoRegions("Failed", "Completed")}, ref(inD+"/versions/1.0.0", "")},
		"anywhere, none is good":       {own, scripted{inD: definitionD, inD + "/versions/1.0.0": twoRegions("Failed", "Failed")}, ref(inD+"/versions/1.0.0", "")},
		"somewhere":                    {own, scripted{inD: definitionD, inD + "/versions/1.0.0": strings.Replace(versionOne, `"location":"westus2",`, "", 1)}, ref(inD+"/versions/1.0.0", "West US 2")},
		"somewhere, and failed":        {own, scripted{inD: definitionD, inD + "/versions/1.0.0": strings.NewReplacer(`"location":"westus2",`, "", "Succeeded", "Failed", "Completed", "Failed").Replace(versionOne)}, ref(inD+"/versions/1.0.0", "westus2")},
		"gone":                         {own, scripted{}, ref(inD+"/versions/1.0.0", "westus2")},
		"gone, anywhere":               {own, scripted{}, ref(inD+"/versions/1.0.0", "")},
		"in a region that is null":     {own, scripted{inD: definitionD, inD + "/versions/1.0.0": strings.Replace(versionOne, `"publishingProfile":{`, `"publishingProfile":{"targetRegions":[null],`, 1)}, ref(inD+"/versions/1.0.0", "")},
		"a slash":                      {own, all, ref("/", "")},
		"odd ones first":               {own, all, []sdk.Ref{{ID: "ami-1"}, {ID: public}, {ID: inRG + "/images/one", Region: "westus2"}}},
		"its definition is gone":       {own, scripted{inD + "/versions/1.0.0": versionOne}, ref(inD+"/versions/1.0.0", "westus2")},
		"denied":                       {own, scripted{inD + "/versions/1.0.0": denied}, ref(inD+"/versions/1.0.0", "westus2")},
		"denied elsewhere":             {own, scripted{inTD + "/versions/1.0.0": denied}, ref(inTD+"/versions/1.0.0", "westus2")},
		"a managed image":              {own, all, ref(inRG+"/images/one", "westus2")},
		"a managed image elsewhere":    {own, all, ref(inRG+"/images/one", "eastus")},
		"no id of Azure":               {own, all, ref("ami-1", "")},
		"an odd path":                  {own, all, ref("/subscriptions/S/odd", "")},
		"one thing in all spellings":   {own, all, []sdk.Ref{{ID: inD + "/versions/1.0.0", Region: "westus2"}, {ID: strings.ToUpper(inD + "/versions/1.0.0"), Region: "westus2"}, {ID: short, Region: "westus2"}}},
	}
}

func verifiedShort() map[string]verified {
	own, all := config{Gallery: "g", ResourceGroup: "RG"}, estateS()
	full := func(id, fullID string) []sdk.Ref { return []sdk.Ref{{ID: id, FullID: fullID}} }
	of := func(kind, value string) []sdk.Ref {
		return []sdk.Ref{{ID: short, Reference: &sdk.Reference{Kind: kind, Value: value}}}
	}
	return map[string]verified{
		"short":                          {own, all, ref(short, "westus2")},
		"short, with slashes":            {own, all, full("/"+short+"/", inD+"/versions/1.0.0")},
		"short, with a slash alone":      {own, all, ref("/"+short, "")},
		"short, and the whole beside it": {config{Gallery: "h", ResourceGroup: "RG"}, all, full(strings.ToUpper(short), inD+"/versions/1.0.0")},
		"short, and another beside it":   {config{Gallery: "h", ResourceGroup: "RG"}, all, full(short, inD+"/versions/2.0.0")},
		"short, and a reference":         {config{Gallery: "h", ResourceGroup: "RG"}, all, of(compute.ReferenceKind, inD+"/versions/1.0.0")},
		"short, and another's reference": {config{Gallery: "h", ResourceGroup: "RG"}, all, of("image-template", inD+"/versions/1.0.0")},
		"short, in two":                  {inBoth(), scripted{inD: definitionD, inD + "/versions/1.0.0": versionOne, inTD: definitionD, inTD + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, in the second":           {inBoth(), scripted{inTD: definitionD, inTD + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, in the first of two":     {inBoth(), scripted{inD: definitionD, inD + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, in the first, denied":    {inBoth(), scripted{inD: definitionD, inD + "/versions/1.0.0": versionOne, inTD + "/versions/1.0.0": denied}, ref(short, "westus2")},
		"short, first denied":            {inBoth(), scripted{inD + "/versions/1.0.0": denied, inTD: definitionD, inTD + "/versions/1.0.0": versionOne}, ref(short, "westus2")},
		"short, none and denied":         {inBoth(), scripted{inTD + "/versions/1.0.0": denied}, ref(short, "westus2")},
		"short, both denied differently": {inBoth(), scripted{inD + "/versions/1.0.0": denied, inTD + "/versions/1.0.0": "400 Odd"}, ref(short, "westus2")},
		"short, in none":                 {inBoth(), scripted{}, ref(short, "westus2")},
		"short, without a group":         {config{Gallery: "g"}, all, ref(short, "westus2")},
		"short, of another gallery":      {config{Gallery: "h", ResourceGroup: "RG"}, all, ref(short, "westus2")},
		"short, of a template":           {config{Template: "t", ResourceGroup: "RG"}, all, ref(short, "westus2")},
		"short, of a template, denied":   {config{Template: "t", ResourceGroup: "RG"}, scripted{inD + "/versions/1.0.0": denied}, ref(short, "westus2")},
		"short, of a template elsewhere": {config{Template: "t", ResourceGroup: "G2"}, all, ref(short, "westus2")},
	}
}

// verifiedElsewhere has what another source may have: to be denied there is no failure.
func verifiedElsewhere() map[string]verified {
	return map[string]verified{
		"denied, of a template":            {config{Template: "t", ResourceGroup: "G2"}, scripted{inD + "/versions/1.0.0": denied}, ref(inD+"/versions/1.0.0", "westus2")},
		"denied, of another's template":    {config{Template: "t", ResourceGroup: "G2"}, scripted{inTD + "/versions/1.0.0": denied}, ref(inTD+"/versions/1.0.0", "westus2")},
		"denied, a managed image":          {config{ResourceGroup: "RG"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
		"denied, another group's":          {config{ResourceGroup: "G2"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
		"denied, in any group":             {config{NamePattern: "*"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
		"denied, of managed images":        {config{ResourceGroup: "RG"}, scripted{inD + "/versions/1.0.0": denied}, ref(inD+"/versions/1.0.0", "westus2")},
		"denied, of another definition":    {config{Gallery: "g", Definition: "e*"}, scripted{inD + "/versions/1.0.0": denied}, ref(inD+"/versions/1.0.0", "westus2")},
		"denied, a managed one of gallery": {config{Gallery: "g"}, scripted{inRG + "/images/one": denied}, ref(inRG+"/images/one", "westus2")},
	}
}

func verifiedForeign() map[string]verified {
	community := config{CommunityGallery: "g", Locations: []string{"West US 2", "eastus"}}
	return map[string]verified{
		"public":                     {community, scripted{inWest: definitionD, inWest + "/versions/1.0.0": versionOne}, ref(public, "westus2")},
		"public, anywhere":           {community, scripted{inEast: definitionD, inEast + "/versions/1.0.0": strings.Replace(versionOne, "westus2", "eastus", 1)}, ref(public, "")},
		"public, gone":               {community, scripted{}, ref(public, "West US 2")},
		"public, gone everywhere":    {community, scripted{}, ref(public, "")},
		"public, one denied":         {community, scripted{inWest + "/versions/1.0.0": denied}, ref(public, "")},
		"public, the other denied":   {community, scripted{inEast + "/versions/1.0.0": denied}, ref(public, "")},
		"public, both denied":        {community, scripted{inWest + "/versions/1.0.0": denied, inEast + "/versions/1.0.0": "400 Odd"}, ref(public, "")},
		"public, of another, denied": {config{CommunityGallery: "h", Locations: []string{"westus2"}}, scripted{inWest + "/versions/1.0.0": denied}, ref(public, "westus2")},
		"public, without a region":   {config{Gallery: "g", ResourceGroup: "RG"}, scripted{}, ref(public, "")},
		"shared":                     {config{SharedGallery: "U", Locations: []string{"westus2"}, Subscription: "S"}, scripted{mineS: definitionD, mineS + "/versions/1.0.0": versionOne}, ref(unique, "westus2")},
		"shared with the second":     {inBoth(), scripted{mineT: definitionD, mineT + "/versions/1.0.0": versionOne}, ref(unique, "westus2")},
		"shared no more":             {inBoth(), scripted{}, ref(unique, "westus2")},
		"shared, denied":             {config{SharedGallery: "U", Locations: []string{"westus2"}}, scripted{mineS + "/versions/1.0.0": denied}, ref(unique, "westus2")},
		"shared, another's, denied":  {config{SharedGallery: "V", Locations: []string{"westus2"}}, scripted{mineS + "/versions/1.0.0": denied}, ref(unique, "westus2")},
	}
}

// twoRegions is a version in two regions, with a state of its replication in each.
func twoRegions(west, east string) string {
	status := `"replicationStatus":{"summary":[{"region":"West US 2","state":"` + west + `"},{"region":"East US","state":"` + east + `"}]}`
	return strings.NewReplacer(`"publishingProfile":{`, `"publishingProfile":{"targetRegions":[{"name":"West US 2"},{"name":"East US"}],`,
		`"replicationStatus":{"aggregatedState":"Completed"}`, status).Replace(versionOne)
}
