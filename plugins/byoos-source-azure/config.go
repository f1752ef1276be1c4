package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// config is the configuration in a spec. It names no endpoint and no cloud:
// those come from the environment or the user's own settings.
type config struct {
	Subscription  string   `json:"subscription,omitempty" jsonschema:"pattern=^[0-9A-Za-z][0-9A-Za-z-]*$,description=Subscription id. Default: AZURE_SUBSCRIPTION_ID." jsonschema_extras:"patternErrorMessage=give the id of the subscription alone"`
	Subscriptions []string `json:"subscriptions,omitempty" jsonschema:"description=Several subscription ids in place of subscription. Galleries and managed images of all of them are read."`
	Tenant        string   `json:"tenant,omitempty" jsonschema:"pattern=^[0-9A-Za-z][0-9A-Za-z.-]*$,description=Tenant to ask a token for. It must be the credential's own or allowed by the user in AZURE_ADDITIONALLY_ALLOWED_TENANTS."`
	ResourceGroup string   `json:"resourceGroup,omitempty" jsonschema:"pattern=^[^/?#%]+$,description=Resource group of the template or gallery or managed images." jsonschema_extras:"patternErrorMessage=give the name alone and no id or address of it"`

	Template         string `json:"template,omitempty" jsonschema:"pattern=^[^/?#%]+$,description=Image template of Azure VM Image Builder whose outputs are read. Needs resourceGroup." jsonschema_extras:"patternErrorMessage=give the name alone and no id or address of it"`
	AllowOlderOutput bool   `json:"allowOlderOutput,omitempty" jsonschema:"description=Offer outputs of an earlier run when the template's last run did not succeed."`

	Gallery          string   `json:"gallery,omitempty" jsonschema:"pattern=^[^/#%]+$,description=Azure Compute Gallery by name or shell pattern." jsonschema_extras:"patternErrorMessage=give the name alone and no id or address of it"`
	CommunityGallery string   `json:"communityGallery,omitempty" jsonschema:"pattern=^[^/?#%]+$,description=Public name of a community gallery. Needs locations." jsonschema_extras:"patternErrorMessage=give the name alone and no id or address of it"`
	SharedGallery    string   `json:"sharedGallery,omitempty" jsonschema:"pattern=^[^/?#%]+$,description=Unique name of a directly shared gallery. Needs locations." jsonschema_extras:"patternErrorMessage=give the name alone and no id or address of it"`
	Definition       string   `json:"definition,omitempty" jsonschema:"pattern=^[^/#%]+$,description=Image definition by name or shell pattern. Default: all." jsonschema_extras:"patternErrorMessage=give the name alone and no id or address of it"`
	Locations        []string `json:"locations,omitempty" jsonschema:"description=Regions to ask for a community or directly shared gallery."`

	NamePattern string            `json:"namePattern,omitempty" jsonschema:"description=Shell pattern that the name of a managed image must match."`
	Tags        map[string]string `json:"tags,omitempty" jsonschema:"description=Tags that a managed image must have with these values."`

	NewestBy string           `json:"newestBy,omitempty" jsonschema:"enum=created,enum=version,default=created,description=What makes one version newer than another: when it was published or its number. Azure's own latest goes by the number."`
	IDForm   string           `json:"idForm,omitempty" jsonschema:"enum=full,enum=relative,default=full,description=Form of a gallery version's id: the full resource id or galleries/G/images/D/versions/V."`
	TagNames compute.TagNames `json:"tagNames,omitempty" jsonschema:"description=Your own tags that hold facts of the operating system."`
	Timeout  string           `json:"timeout,omitempty" jsonschema:"default=30s,description=How long Azure may take to answer one request such as 30s or 2m."`
}

// mode is the kind of place that images come from.
type mode string

const (
	modeTemplate  mode = "template"
	modeGallery   mode = "gallery"
	modeCommunity mode = "communityGallery"
	modeShared    mode = "sharedGallery"
	modeManaged   mode = "managed images"
)

// plan is a config that was checked.
type plan struct {
	config
	mode          mode
	subscriptions []string
	timeout       time.Duration
}

const defaultTimeout = 30 * time.Second

// check returns the plan that c describes, or what is wrong with c.
func (c config) check(getenv func(string) string) (*plan, *sdk.Diagnostic) {
	p := &plan{config: c, timeout: defaultTimeout}
	for _, step := range []func() *sdk.Diagnostic{
		p.setMode, p.checkNames, p.checkKeys, p.checkPatterns, p.setTimeout,
		func() *sdk.Diagnostic { return p.setSubscriptions(getenv) },
	} {
		if d := step(); d != nil {
			return nil, d
		}
	}
	return p, nil
}

func wrong(key, next, format string, args ...any) *sdk.Diagnostic {
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: fmt.Sprintf(format, args...), ConfigPath: key, NextStep: next,
	}
}

func (p *plan) setMode() *sdk.Diagnostic {
	var named []string
	for _, m := range []struct {
		mode  mode
		value string
	}{
		{modeTemplate, p.Template},
		{modeGallery, p.Gallery},
		{modeCommunity, p.CommunityGallery},
		{modeShared, p.SharedGallery},
	} {
		if m.value != "" {
			p.mode = m.mode
			named = append(named, string(m.mode))
		}
	}
	switch {
	case len(named) > 1:
		return wrong(named[1], "make one source for each",
			"one source reads one kind of place, and %s are set", strings.Join(named, " and "))
	case len(named) == 1:
		return nil
	case p.ResourceGroup == "" && p.NamePattern == "" && len(p.Tags) == 0:
		return wrong("", "set template, gallery, communityGallery or sharedGallery;"+
			" for managed images set resourceGroup, namePattern or tags",
			"the configuration does not say where the images are")
	}
	p.mode = modeManaged
	return nil
}

// checkKeys refuses keys that would do nothing: they are a mistake.
func (p *plan) checkKeys() *sdk.Diagnostic {
	only := func(key string, set bool, modes ...mode) *sdk.Diagnostic {
		if !set || slices.Contains(modes, p.mode) {
			return nil
		}
		return wrong(key, "remove it, or see docs/sources/azure.md for the keys of each kind of place",
			"%s means nothing for %s", key, p.mode)
	}
	for _, d := range []*sdk.Diagnostic{
		only("allowOlderOutput", p.AllowOlderOutput, modeTemplate),
		only("definition", p.Definition != "", modeGallery, modeCommunity, modeShared),
		only("locations", len(p.Locations) > 0, modeCommunity, modeShared),
		only("namePattern", p.NamePattern != "", modeManaged),
		only("tags", len(p.Tags) > 0, modeManaged),
		only("resourceGroup", p.ResourceGroup != "", modeTemplate, modeGallery, modeManaged),
		only("subscriptions", len(p.Subscriptions) > 0, modeGallery, modeManaged),
		only("newestBy", p.byVersion(), modeTemplate, modeGallery, modeCommunity, modeShared),
		only("idForm", p.IDForm == "relative", modeTemplate, modeGallery),
	} {
		if d != nil {
			return d
		}
	}
	if p.mode == modeTemplate && p.ResourceGroup == "" {
		return wrong("resourceGroup", "set resourceGroup to that of the image template",
			"template %s has no resource group", p.Template)
	}
	if (p.mode == modeCommunity || p.mode == modeShared) && len(p.Locations) == 0 {
		return wrong("locations", "set locations to the regions you need, such as [westus2]",
			"a gallery of this kind is asked for in each region, and no region is given")
	}
	return nil
}

// checkNames refuses what is no name in Azure, or would lead a request elsewhere
// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
func (p *plan) checkNames() *sdk.Diagnostic {
	names := []struct {
		key    string
		values []string
	}{
		{"resourceGroup", []string{p.ResourceGroup}},
		{"template", []string{p.Template}},
		{"gallery", []string{p.Gallery}},
		{"communityGallery", []string{p.CommunityGallery}},
		{"sharedGallery", []string{p.SharedGallery}},
		{"definition", []string{p.Definition}},
		{"locations", p.Locations},
	}
	for _, n := range names {
		for _, value := range n.values {
			switch {
			case value == "." || value == ".." || strings.ContainsAny(value, "/#%;:\"") || n.key == "locations" && strings.TrimSpace(value) == "":
				return wrong(n.key, "give the name alone, and no id or address of it", "%s %q is no name in Azure", n.key, value)
			case strings.Contains(value, ","):
				return wrong(n.key, "give one name, or make one source for each", "%s %q has a comma, which no name in Azure has", n.key, value)
			}
		}
	}
	return nil
}

func (p *plan) checkPatterns() *sdk.Diagnostic {
	for _, of := range []struct{ key, pattern string }{
		{"gallery", p.Gallery}, {"definition", p.Definition}, {"namePattern", p.NamePattern},
	} {
		if _, err := path.Match(of.pattern, ""); err != nil {
			return wrong(of.key, "use * for any text and ? for one character", "%s %q is not a pattern", of.key, of.pattern)
		}
	}
	return nil
}

func (p *plan) setTimeout() *sdk.Diagnostic {
	if p.Timeout == "" {
		return nil
	}
	timeout, err := time.ParseDuration(p.Timeout)
	if err != nil || timeout <= 0 {
		return wrong("timeout", "write a duration such as 30s or 2m", "timeout %q is not a duration above zero", p.Timeout)
	}
	p.timeout = timeout
	return nil
}

func (p *plan) setSubscriptions(getenv func(string) string) *sdk.Diagnostic {
	switch {
	case p.Subscription != "" && len(p.Subscriptions) > 0:
		return wrong("subscriptions", "keep one of the two", "subscription and subscriptions are both set")
	case len(p.Subscriptions) > 0:
		p.subscriptions = p.Subscriptions
	case p.Subscription != "":
		p.subscriptions = []string{p.Subscription}
	case getenv(envSubscription) != "":
		p.subscriptions = []string{getenv(envSubscription)}
	default:
		return wrong("subscription", "set subscription, or the variable "+envSubscription, "no subscription is given")
	}
	seen := map[string]bool{}
	for _, s := range p.subscriptions {
		if strings.ContainsAny(s, "/?#%\\ ,:") || s == "" || s == "." || s == ".." || seen[strings.ToLower(s)] {
			return wrong("subscriptions", "give each subscription once, by its id", "subscription %q is no id, or there twice", s)
		}
		seen[strings.ToLower(s)] = true
	}
	return nil
}

// own returns the subscriptions whose images are the user's.
func (p *plan) own() map[string]bool {
	own := map[string]bool{}
	for _, s := range p.subscriptions {
		own[strings.ToLower(s)] = true
	}
	return own
}

func (p *plan) byVersion() bool { return sdk.NewestBy(p.NewestBy) == sdk.NewestByVersion }

func (p *plan) options() compute.Options {
	return compute.Options{
		Relative: p.IDForm == "relative", Tags: p.TagNames, Own: p.own(), NewestBy: sdk.NewestBy(p.NewestBy),
	}
}

// isPattern says whether a name is a shell pattern.
func isPattern(name string) bool { return strings.ContainsAny(name, `*?[\`) }

// matches compares a name with a pattern as Azure compares names: without
// regard to case. An empty pattern matches all.
func matches(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(name)) // checkPatterns has checked it
	return ok
}
