package selection

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// check is one rule, an entry of checksOf: what an image has to be, and why one is not.
type check struct {
	rule string
	// wanted is what is asked for, beside what its meaning depends on: checks of one rule
	// that have the same are equal.
	wanted, beside string
	fits           func(e *entry, now time.Time) bool
	// what is the name, in sentences, of the one fact that a rule is on, and get that fact
	// where it is not the one that an image has by the rule's name.
	what string
	get  func(*image.Image) string
	// why gives the reason of an image that does not fit, where the fact alone does not.
	why func(img *image.Image, now time.Time) string
}

// of is the fact of an image that the rule is on.
func (c *check) of(img *image.Image) string {
	if c.get != nil {
		return c.get(img)
	}
	return *img.Fact(c.rule)
}

// reason is why an image does not fit.
func (c *check) reason(img *image.Image, now time.Time) Reason {
	if c.why != nil {
		return Reason{c.rule, c.why(img, now)}
	}
	return Reason{c.rule, mismatch(c.what, c.of(img), c.wanted)}
}

// checksOf returns the rules of a selection, in the order they are reported.
func checksOf(sel spec.Select) ([]check, error) {
	within, err := kubernetesRange(sel.KubernetesVersion)
	if err != nil {
		return nil, err
	}
	all := append(factChecks(sel, within), agentCheck(sel), nameCheck(sel.Name), tagsCheck(sel.Tags))
	return append(stateChecks(), slices.DeleteFunc(all, func(c check) bool { return c.wanted == "" })...), nil
}

// stateChecks are the rules on what an image is, whatever is asked for.
func stateChecks() []check {
	return []check{
		{rule: withheldRule, fits: is(func(e *entry) bool { return e.Withheld == "" }), why: failsOffer},
		{rule: "state", fits: is(func(e *entry) bool { return !e.State.Refuses() }), why: failsState},
		{
			rule: "deprecated",
			fits: func(e *entry, now time.Time) bool { return !image.Reached(e.DeprecatedAt, now) },
			why:  func(img *image.Image, _ time.Time) string { return since("deprecated", img.DeprecatedAt) },
		},
		{
			rule: "endOfLife",
			fits: func(e *entry, now time.Time) bool { return !image.Reached(e.EndOfLifeAt, now) },
			why:  func(img *image.Image, _ time.Time) string { return since("past its end of life", img.EndOfLifeAt) },
		},
		{rule: "excludedFromLatest", fits: is(func(e *entry) bool { return !e.ExcludedFromLatest }), why: failsExcluded},
	}
}

// ofState tells whether a rule is on what an image is, and not on what is asked for.
func ofState(rule string) bool {
	return slices.ContainsFunc(stateChecks(), func(c check) bool { return c.rule == rule })
}

func is(fits func(*entry) bool) func(*entry, time.Time) bool {
	return func(e *entry, _ time.Time) bool { return fits(e) }
}

// factChecks are the rules on one fact each.
func factChecks(sel spec.Select, within within) []check {
	region, folded := strings.ToLower(sel.Region), normalRegion("azure", sel.Region)
	// Images have the packs' spellings; a spec may have those of people.
	osName, osVersion := osname.Normalize(sel.OS.Name, sel.OS.Version)
	names := []string{foldName(osName), foldName(sel.OS.Name)}
	return []check{
		{rule: "provider", what: "provider", wanted: sel.Provider, fits: is(func(e *entry) bool { return sameProvider(e.Provider, sel.Provider) })},
		{
			rule: "region", what: "region", wanted: sel.Region,
			fits: is(func(e *entry) bool {
				return e.region == region || e.Region == image.GlobalRegion || e.region == folded && image.FoldsCase(e.Provider)
			}),
			get: func(i *image.Image) string { return normalRegion(i.Provider, i.Region) },
			why: func(i *image.Image, _ time.Time) string { return mismatch("region", i.Region, sel.Region) },
		},
		{
			rule: "architecture", what: "architecture", wanted: sel.Architecture,
			fits: is(func(e *entry) bool { return strings.EqualFold(e.Architecture, sel.Architecture) }),
			why: func(i *image.Image, _ time.Time) string {
				if i.Architecture == "" && isUnread(i) {
					return "the architecture is unknown: this tag was not read"
				}
				return mismatch("architecture", i.Architecture, sel.Architecture)
			},
		},
		{rule: "os.name", what: "OS name", wanted: sel.OS.Name, fits: is(func(e *entry) bool { return slices.Contains(names, e.osName) })},
		{
			rule: "os.version", what: "OS version", wanted: sel.OS.Version, beside: sel.OS.Name,
			fits: is(func(e *entry) bool {
				return osname.Within(e.OS.Version, osVersion) || osname.Within(e.OS.Version, sel.OS.Version) ||
					osname.Partial(e.OS.Name, e.OS.Version) && osname.Within(osVersion, e.OS.Version)
			}),
		},
		{
			rule: "kubernetesVersion", what: "Kubernetes version", wanted: sel.KubernetesVersion,
			fits: is(func(e *entry) bool { return e.kubernetes != nil && within(e.kubernetes) }),
			why:  func(i *image.Image, _ time.Time) string { return failsKubernetes(i, sel.KubernetesVersion) },
		},
		{
			rule: "k8sDistribution", what: "Kubernetes distribution", wanted: sel.K8sDistribution,
			fits: is(func(e *entry) bool { return strings.EqualFold(e.variant.K8sDistribution, sel.K8sDistribution) }),
			get:  func(i *image.Image) string { return i.Variant().K8sDistribution },
			why: func(i *image.Image, _ time.Time) string {
				return mismatch("Kubernetes distribution", i.Attributes[image.AttributeK8sDistribution], sel.K8sDistribution)
			},
		},
		{
			rule: "customTag", what: "custom tag", wanted: sel.CustomTag,
			fits: is(func(e *entry) bool {
				return e.variant.CustomTag == sel.CustomTag || e.Attributes[image.AttributeCustomTag] == sel.CustomTag
			}),
			get: func(i *image.Image) string { return i.Variant().CustomTag },
			why: func(i *image.Image, _ time.Time) string { return failsCustomTag(i, sel.CustomTag) },
		},
	}
}

func nameCheck(wanted string) check {
	c := check{rule: "name", what: "name", wanted: wanted}
	if wanted != "" {
		pattern := shellPattern(wanted)
		c.fits = is(func(e *entry) bool { return e.Name != "" && pattern.MatchString(e.Name) })
	}
	return c
}

func tagsCheck(wanted map[string]string) check {
	keys := slices.Sorted(maps.Keys(wanted))
	var text strings.Builder
	for _, key := range keys {
		fmt.Fprintf(&text, "%q=%q ", key, wanted[key])
	}
	return check{
		rule: "tags", wanted: text.String(),
		fits: is(func(e *entry) bool {
			return !slices.ContainsFunc(keys, func(key string) bool { got, ok := e.Tag(key); return !ok || got != wanted[key] })
		}),
		why: func(img *image.Image, _ time.Time) string { return failsTags(img, keys, wanted) },
	}
}

// selectable are the rules on the facts that can tell images apart.
func selectable() []check {
	return append(factChecks(spec.Select{}, nil), nameCheck(""))
}

// withheldRule is the rule on what no source offers.
const withheldRule = "withheld"

// agentRule is the rule on the version of the agent in edge images.
const agentRule = "peVersion"

// agentCheck drops pre-releases of the agent, as a range drops those of Kubernetes that
// it does not name. One is named by its word in where or name (-rc).
func agentCheck(sel spec.Select) check {
	named := sel.Where + "\x00" + sel.Name
	return check{
		rule: agentRule, wanted: named,
		fits: func(e *entry, _ time.Time) bool { return e.preRelease == "" || versions.Names(named, e.preRelease) },
		why: func(img *image.Image, _ time.Time) string {
			version := img.Attributes[image.AttributePEVersion]
			return fmt.Sprintf("its agent %s is a pre-release: name it to have it, as in where: 'image.attributes.peVersion == %q'", version, version)
		},
	}
}

func failsOffer(img *image.Image, _ time.Time) string {
	if strings.HasPrefix(img.Withheld, "source ") {
		return img.Withheld // of several
	}
	return "its source withholds it: " + img.Withheld
}

func failsState(img *image.Image, _ time.Time) string {
	reason := "it is " + string(img.State)
	if img.StateReason != "" {
		reason += ": " + img.StateReason
	}
	return reason
}

// failsCustomTag lets a custom tag be named with or without its platform.
func failsCustomTag(img *image.Image, wanted string) string {
	got := img.Attributes[image.AttributeCustomTag]
	if got == "" {
		return "it has no custom tag"
	}
	return fmt.Sprintf("custom tag is %s, not %s", got, wanted)
}

func since(what string, at *time.Time) string {
	return what + " since " + at.UTC().Format(time.RFC3339)
}

func failsExcluded(img *image.Image, _ time.Time) string {
	const excluded = "excluded from latest"
	switch {
	case strings.HasPrefix(img.StateReason, excluded):
		return "it is " + img.StateReason
	case img.StateReason != "":
		return "it is " + excluded + ": " + img.StateReason
	}
	return "it is " + excluded
}

// What to do about a fact that is not known.
const (
	declare  = "declare it at the source (a tag, its configuration), or do not select by it"
	readTags = "set resolve: newest at the source"
)

// isUnread tells whether an image is a tag of a registry of which nothing but the
// name was read: then it has no digest, and nobody says what became of it.
func isUnread(img *image.Image) bool {
	told := img.State.Refuses() || img.State == image.StateUnset && img.StateReason != ""
	return isTag(img) && img.Digest == "" && !told
}

// isTag tells whether an image is a tag of a registry.
func isTag(img *image.Image) bool { return sameProvider(img.Provider, "oci") }

// mismatch says how a value differs from the one that is wanted. A value that is
// not known fits nothing, and the user can do something about that.
func mismatch(what, got, want string) string {
	if got == "" {
		return fmt.Sprintf("the %s is unknown: %s", what, declare)
	}
	return fmt.Sprintf("%s is %s, not %s", what, got, want)
}

func sameProvider(a, b string) bool { return strings.EqualFold(a, b) }

// normalRegion makes Azure's display names ("West US 2") and names ("westus2")
// the same.
func normalRegion(provider, region string) string {
	region = strings.ToLower(region)
	if sameProvider(provider, "azure") {
		region = strings.ReplaceAll(region, " ", "")
	}
	return region
}

// foldName makes spellings of one distribution equal: Amazon Linux, amazon-linux
// and amazonlinux.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// shellPattern compiles a pattern in which * stands for any text and ? for one
// character.
func shellPattern(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted)
	return regexp.MustCompile(`(?s)^` + quoted + `$`)
}

func failsTags(img *image.Image, keys []string, wanted map[string]string) string {
	var reasons []string
	for _, key := range keys {
		got, ok := img.Tag(key)
		switch {
		case !ok:
			reasons = append(reasons, "it has no tag "+strconv.Quote(key))
		case got != wanted[key]:
			reasons = append(reasons, fmt.Sprintf("tag %s is %q, not %q", key, got, wanted[key]))
		}
	}
	return strings.Join(reasons, "; ")
}
