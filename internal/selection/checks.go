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

// check is one rule. fits tells whether an image passes, and is asked of all; why
// gives the reason of one that does not.
type check struct {
	rule string
	// wanted is what is asked for: checks of one rule that want the same are equal.
	wanted string
	// timed says that the answer depends on the time.
	timed bool
	fits  func(e *entry, now time.Time) bool
	why   func(img *image.Image, now time.Time) string
}

// checksOf returns the rules of a selection, in the order they are reported.
func checksOf(sel spec.Select) ([]check, error) {
	checks := []check{
		{withheldRule, "", false, func(e *entry, _ time.Time) bool { return e.Withheld == "" }, func(img *image.Image, _ time.Time) string {
			if strings.HasPrefix(img.Withheld, "source ") {
				return img.Withheld // of several
			}
			return "its source withholds it: " + img.Withheld
		}},
		{"state", "", false, func(e *entry, _ time.Time) bool { return !e.State.Refuses() }, failsState},
		{"deprecated", "", true, func(e *entry, now time.Time) bool { return !image.Reached(e.DeprecatedAt, now) }, func(img *image.Image, _ time.Time) string {
			return since("deprecated", img.DeprecatedAt)
		}},
		{"endOfLife", "", true, func(e *entry, now time.Time) bool { return !image.Reached(e.EndOfLifeAt, now) }, func(img *image.Image, _ time.Time) string {
			return since("past its end of life", img.EndOfLifeAt)
		}},
		{"excludedFromLatest", "", false, func(e *entry, _ time.Time) bool { return !e.ExcludedFromLatest }, failsExcluded},
	}
	add := func(wanted, rule string, fits func(*entry) bool, why func(*image.Image) string) {
		if wanted != "" {
			checks = append(checks, check{
				rule: rule, wanted: wanted, fits: func(e *entry, _ time.Time) bool { return fits(e) },
				why: func(img *image.Image, _ time.Time) string { return why(img) },
			})
		}
	}
	add(sel.Provider, "provider", func(e *entry) bool { return sameProvider(e.Provider, sel.Provider) }, func(img *image.Image) string {
		return mismatch("provider", img.Provider, sel.Provider)
	})
	wanted := strings.ToLower(sel.Region)
	folded := normalRegion("azure", sel.Region)
	add(sel.Region, "region", func(e *entry) bool {
		return e.region == wanted && wanted != "" || e.Region == image.GlobalRegion || e.region == folded && image.FoldsCase(e.Provider)
	}, func(img *image.Image) string { return mismatch("region", img.Region, sel.Region) })
	add(sel.Architecture, "architecture", func(e *entry) bool { return strings.EqualFold(e.Architecture, sel.Architecture) }, func(img *image.Image) string {
		if img.Architecture == "" && isUnread(img) {
			return "the architecture is unknown: this tag was not read"
		}
		return mismatch("architecture", img.Architecture, sel.Architecture)
	})
	// Images have the packs' spellings; a spec may have those of people.
	osName, osVersion := osname.Normalize(sel.OS.Name, sel.OS.Version)
	names := []string{foldName(osName), foldName(sel.OS.Name)}
	add(sel.OS.Name, "os.name", func(e *entry) bool { return e.osName != "" && slices.Contains(names, e.osName) }, func(img *image.Image) string {
		return mismatch("OS name", img.OS.Name, sel.OS.Name)
	})
	add(sel.OS.Version, "os.version", func(e *entry) bool {
		return osname.Within(e.OS.Version, osVersion) || osname.Within(e.OS.Version, sel.OS.Version) ||
			osname.Partial(e.OS.Name, e.OS.Version) && osname.Within(osVersion, e.OS.Version)
	}, func(img *image.Image) string { return mismatch("OS version", img.OS.Version, sel.OS.Version) })
	if sel.OS.Name != "" { // what a version is normalised to depends on the name
		checks[len(checks)-1].wanted += "\x00" + sel.OS.Name
	}
	if sel.KubernetesVersion != "" {
		within, err := kubernetesRange(sel.KubernetesVersion)
		if err != nil {
			return nil, err
		}
		add(sel.KubernetesVersion, "kubernetesVersion", func(e *entry) bool { return e.kubernetes != nil && within(e.kubernetes) }, func(img *image.Image) string {
			return failsKubernetes(img, sel.KubernetesVersion)
		})
	}
	add(sel.K8sDistribution, "k8sDistribution", func(e *entry) bool { return strings.EqualFold(e.variant.K8sDistribution, sel.K8sDistribution) },
		func(img *image.Image) string {
			return mismatch("Kubernetes distribution", img.Attributes[image.AttributeK8sDistribution], sel.K8sDistribution)
		})
	add(sel.CustomTag, "customTag", func(e *entry) bool {
		return e.variant.CustomTag == sel.CustomTag || e.Attributes[image.AttributeCustomTag] == sel.CustomTag
	}, func(img *image.Image) string { return failsCustomTag(img, sel.CustomTag) })
	checks = append(checks, agentCheck(sel))
	if sel.Name != "" {
		pattern := shellPattern(sel.Name)
		add(sel.Name, "name", func(e *entry) bool { return e.Name != "" && pattern.MatchString(e.Name) }, func(img *image.Image) string {
			return mismatch("name", img.Name, sel.Name)
		})
	}
	if len(sel.Tags) > 0 {
		keys := slices.Sorted(maps.Keys(sel.Tags))
		var wanted strings.Builder
		for _, key := range keys {
			fmt.Fprintf(&wanted, "%q=%q ", key, sel.Tags[key])
		}
		add(wanted.String(), "tags", func(e *entry) bool {
			return !slices.ContainsFunc(keys, func(key string) bool { got, ok := e.Tag(key); return !ok || got != sel.Tags[key] })
		}, func(img *image.Image) string { return failsTags(img, keys, sel.Tags) })
	}
	return checks, nil
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
