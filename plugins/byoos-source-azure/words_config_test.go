package main

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// What is told of a configuration that is a mistake, or of an environment that is.
func TestWordsOfMistakes(t *testing.T) {
	group := config{ResourceGroup: "RG"}
	with := func(change func(*config)) config {
		c := group
		change(&c)
		return c
	}
	tests := map[string]answered{
		"nothing":                   {config: config{}},
		"all places":                {config: config{Template: "t", Gallery: "g", CommunityGallery: "c", SharedGallery: "s"}},
		"template without a group":  {config: config{Template: "t"}},
		"community without regions": {config: config{CommunityGallery: "c"}},
		"shared without regions":    {config: config{SharedGallery: "s"}},
		"older of managed images":   {config: with(func(c *config) { c.AllowOlderOutput = true })},
		"older of a gallery":        {config: config{Gallery: "g", AllowOlderOutput: true}},
		"definition of images":      {config: with(func(c *config) { c.Definition = "d" })},
		"definition of a template":  {config: config{Template: "t", ResourceGroup: "RG", Definition: "d"}},
		"locations of a gallery":    {config: config{Gallery: "g", Locations: []string{"westus2"}}},
		"locations of images":       {config: with(func(c *config) { c.Locations = []string{"westus2"} })},
		"name pattern of a gallery": {config: config{Gallery: "g", NamePattern: "x"}},
		"tags of a gallery":         {config: config{Gallery: "g", Tags: map[string]string{"a": "b"}}},
		"group of a community":      {config: config{CommunityGallery: "c", ResourceGroup: "RG", Locations: []string{"westus2"}}},
		"group of a shared":         {config: config{SharedGallery: "s", ResourceGroup: "RG", Locations: []string{"westus2"}}},
		"two for a template":        {config: config{Template: "t", ResourceGroup: "RG", Subscriptions: []string{"S"}}},
		"two for a community":       {config: config{CommunityGallery: "c", Locations: []string{"westus2"}, Subscriptions: []string{"S"}}},
		"newestBy of images":        {config: with(func(c *config) { c.NewestBy = "version" })},
		"idForm of images":          {config: with(func(c *config) { c.IDForm = "relative" })},
		"idForm of a community":     {config: config{CommunityGallery: "c", IDForm: "relative", Locations: []string{"westus2"}}},
		"idForm of a shared":        {config: config{SharedGallery: "c", IDForm: "relative", Locations: []string{"westus2"}}},
		"blank location":            {config: config{SharedGallery: "c", Locations: []string{"westus2", " "}}},
		"no location":               {config: config{SharedGallery: "c", Locations: []string{""}}},
		"odd location":              {config: config{SharedGallery: "c", Locations: []string{"west/us"}}},
		"dot":                       {config: config{Gallery: "."}},
		"dots":                      {config: config{CommunityGallery: "..", Locations: []string{"westus2"}}},
		"dots of a shared":          {config: config{SharedGallery: "..", Locations: []string{"westus2"}}},
		"comma":                     {config: config{Gallery: "a,b"}},
		"no pattern":                {config: config{Gallery: "["}},
		"no pattern of definitions": {config: config{Gallery: "g", Definition: "["}},
		"no pattern of names":       {config: config{NamePattern: "["}},
		"timeout of nothing":        {config: config{Gallery: "g", Timeout: "0s"}},
		"timeout below nothing":     {config: config{Gallery: "g", Timeout: "-1s"}},
		"timeout":                   {config: config{Gallery: "g", Timeout: "soon"}},
		"subscription twice":        {config: config{Gallery: "g", Subscriptions: []string{"S", "s"}}},
		"subscription and more":     {config: config{Gallery: "g", Subscription: "S", Subscriptions: []string{"T"}}},
		"empty subscription":        {config: config{Gallery: "g", Subscriptions: []string{"S", ""}}},
		"dot for a subscription":    {config: config{Gallery: "g", Subscriptions: []string{"."}}},
		"path of a subscription":    {config: config{Gallery: "g", Subscriptions: []string{"/subscriptions/S"}}},
	}
	maps.Copy(tests, oddNames())
	checkAnswers(t, "mistakes", tests)
}

// oddNames are those of things that no thing of Azure has.
func oddNames() map[string]answered {
	tests := map[string]answered{}
	for name, key := range map[string]func(*config, string){
		"template": func(c *config, v string) { c.Template, c.ResourceGroup = v, "RG" },
		"gallery":  func(c *config, v string) { c.Gallery = v },
		"group":    func(c *config, v string) { c.ResourceGroup = v },
		"defined":  func(c *config, v string) { c.Gallery, c.Definition = "g", v },
	} {
		for what, value := range map[string]string{"semicolon": "a;b", "colon": "a:b", "quote": `a"b`, "dots": ".."} {
			var c config
			key(&c, value)
			tests[name+" with "+what] = answered{config: c}
		}
	}
	return tests
}

// What the keys of each place are is no mistake.
func TestKeysOfEachPlace(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	west := []string{"westus2"}
	for name, c := range map[string]config{
		"template":         {Template: "t", ResourceGroup: "RG", AllowOlderOutput: true, NewestBy: "version", IDForm: "relative", Timeout: "1ns"},
		"gallery":          {Gallery: "g", ResourceGroup: "RG", Definition: "d?", NewestBy: "version", IDForm: "relative", Subscriptions: []string{"S"}},
		"community":        {CommunityGallery: "g", Locations: west, Definition: "[d]", NewestBy: "version", Subscription: "S"},
		"shared":           {SharedGallery: "g", Locations: west, Definition: "d", NewestBy: "version"},
		"managed images":   {ResourceGroup: "RG", NamePattern: "*", Tags: map[string]string{"a": "b"}, Subscriptions: []string{"S", "T"}, NewestBy: "created", IDForm: "full"},
		"images by a name": {NamePattern: "*"},
		"images by a tag":  {Tags: map[string]string{"a": "b"}},
	} {
		p, wrong := c.check(func(string) string { return "S" })
		if wrong != nil {
			t.Fatalf("%s: %s", name, wrong.Error())
		}
		want := 30 * time.Second
		if c.Timeout != "" {
			want = time.Nanosecond
		}
		if p.timeout != want {
			t.Errorf("%s: timeout %s", name, p.timeout)
		}
	}
}

// What is told of an environment that is a mistake, and what the plugin says of itself.
func TestWordsOfEnvironment(t *testing.T) {
	got := map[string][]string{}
	for name, variables := range map[string]map[string]string{
		"no subscription": {"AZURE_SUBSCRIPTION_ID": ""}, "no such cloud": {"AZURE_CLOUD": "Mars"}, "no such way": {"AZURE_TOKEN_CREDENTIALS": "Mars"},
	} {
		signsIn(t, "EnvironmentCredential", variables)
		got[name] = scripted{}.discover(t, config{Gallery: "g"}, sdk.Hints{})
		got[name+", of verify"] = verified{config{Gallery: "g"}, scripted{}, []sdk.Ref{{ID: madeOne, Provider: "azure"}}}.lines(t)
	}
	text, err := json.MarshalIndent(source{}.Describe(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got["describe"] = strings.Split(string(text), "\n")
	checkWords(t, "environment", got)
}
