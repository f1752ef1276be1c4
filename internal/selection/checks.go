package selection

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// check is one rule. fails returns why an image does not fit, or "".
type check struct {
	rule  string
	fails func(img *image.Image, now time.Time) string
}

// checksOf returns the rules of a selection, in the order they are reported.
func checksOf(sel spec.Select) ([]check, error) {
	checks := []check{
		{"state", failsState},
		{"deprecated", func(img *image.Image, now time.Time) string { return failsTime("deprecated", img.DeprecatedAt, now) }},
		{"endOfLife", func(img *image.Image, now time.Time) string {
			return failsTime("past its end of life", img.EndOfLifeAt, now)
		}},
		{"excludedFromLatest", failsExcluded},
	}
	add := func(wanted, rule string, fails func(*image.Image) string) {
		if wanted != "" {
			checks = append(checks, check{rule, func(img *image.Image, _ time.Time) string { return fails(img) }})
		}
	}
	add(sel.Provider, "provider", func(img *image.Image) string {
		return mismatch("provider", img.Provider, sel.Provider, sameProvider(img.Provider, sel.Provider))
	})
	add(sel.Region, "region", func(img *image.Image) string {
		return mismatch("region", img.Region, sel.Region, inRegion(img, sel.Region))
	})
	add(sel.Architecture, "architecture", func(img *image.Image) string {
		if img.Architecture == "" && isUnread(img) {
			return "the architecture is unknown: the source did not read this tag: " + readTags
		}
		return mismatch("architecture", img.Architecture, sel.Architecture, strings.EqualFold(img.Architecture, sel.Architecture))
	})
	// Images have the packs' spellings; a spec may have those of people.
	osName, osVersion := osname.Normalize(sel.OS.Name, sel.OS.Version)
	add(sel.OS.Name, "os.name", func(img *image.Image) string {
		fits := foldName(img.OS.Name) == foldName(osName) || foldName(img.OS.Name) == foldName(sel.OS.Name)
		return mismatch("OS name", img.OS.Name, sel.OS.Name, fits)
	})
	add(sel.OS.Version, "os.version", func(img *image.Image) string {
		fits := withinVersion(img.OS.Version, osVersion) || withinVersion(img.OS.Version, sel.OS.Version)
		return mismatch("OS version", img.OS.Version, sel.OS.Version, fits)
	})
	if sel.KubernetesVersion != "" {
		fails, err := kubernetesCheck(sel.KubernetesVersion)
		if err != nil {
			return nil, err
		}
		add(sel.KubernetesVersion, "kubernetesVersion", fails)
	}
	add(sel.K8sDistribution, "k8sDistribution", func(img *image.Image) string {
		got := img.Attributes[image.AttributeK8sDistribution]
		return mismatch("Kubernetes distribution", got, sel.K8sDistribution, strings.EqualFold(got, sel.K8sDistribution))
	})
	add(sel.CustomTag, "customTag", func(img *image.Image) string { return failsCustomTag(img, sel.CustomTag) })
	if sel.Name != "" {
		pattern := shellPattern(sel.Name)
		add(sel.Name, "name", func(img *image.Image) string {
			return mismatch("name", img.Name, sel.Name, pattern.MatchString(img.Name))
		})
	}
	if len(sel.Tags) > 0 {
		keys := slices.Sorted(maps.Keys(sel.Tags))
		add("tags", "tags", func(img *image.Image) string { return failsTags(img, keys, sel.Tags) })
	}
	return checks, nil
}

func failsState(img *image.Image, _ time.Time) string {
	if img.State == image.Available || img.State == image.StateUnset {
		return ""
	}
	reason := "it is " + string(img.State)
	if img.StateReason != "" {
		reason += ": " + img.StateReason
	}
	return reason
}

// failsCustomTag lets a custom tag be named with or without its platform.
func failsCustomTag(img *image.Image, wanted string) string {
	got := img.Attributes[image.AttributeCustomTag]
	switch {
	case got == wanted || img.Variant().CustomTag == wanted:
		return ""
	case got == "":
		return "it has no custom tag"
	}
	return fmt.Sprintf("custom tag is %s, not %s", got, wanted)
}

func failsTime(what string, at *time.Time, now time.Time) string {
	if at == nil || at.After(now) {
		return ""
	}
	return what + " since " + at.UTC().Format(time.RFC3339)
}

func failsExcluded(img *image.Image, _ time.Time) string {
	if !img.ExcludedFromLatest {
		return ""
	}
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
	readTags = "raise resolveLimit, or set resolve: all"
)

// isUnread tells whether an image is a tag of a registry of which nothing but the
// name was read: then it has no digest.
func isUnread(img *image.Image) bool { return isTag(img) && img.Digest == "" }

// isTag tells whether an image is a tag of a registry.
func isTag(img *image.Image) bool { return sameProvider(img.Provider, "oci") }

// mismatch says how a value differs from the one that is wanted. A value that is
// not known fits nothing, and the user can do something about that.
func mismatch(what, got, want string, fits bool) string {
	switch {
	case fits && got != "":
		return ""
	case got == "":
		return fmt.Sprintf("the %s is unknown: %s", what, declare)
	}
	return fmt.Sprintf("%s is %s, not %s", what, got, want)
}

func sameProvider(a, b string) bool { return strings.EqualFold(a, b) }

// inRegion tells whether an image is good in a region.
func inRegion(img *image.Image, region string) bool {
	return img.Region == image.GlobalRegion || sameRegion(img.Provider, img.Region, region)
}

func sameRegion(provider, a, b string) bool {
	return normalRegion(provider, a) == normalRegion(provider, b)
}

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
	return strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(name))
}

// withinVersion tells whether a version is the wanted one or a part of it: 8.8 is
// within 8, 80 is not.
func withinVersion(version, wanted string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(version), strings.ToLower(wanted))
	return ok && (rest == "" || rest[0] == '.')
}

// kubernetesCheck parses a semver range. As usual in semver, a pre-release only
// fits a range that names one: 1.31.0-rc.1 fits >=1.31.0-0, not ~1.31.
func kubernetesCheck(wanted string) (func(*image.Image) string, error) {
	constraint, err := semver.NewConstraint(wanted)
	if err != nil {
		return nil, failure.Usage(`write a range such as "~1.30" or ">=1.29 <1.31"`, "kubernetesVersion %q is not a semver range", wanted)
	}
	return func(img *image.Image) string {
		if img.KubernetesVersion == "" {
			return mismatch("Kubernetes version", "", wanted, false)
		}
		version, err := semver.NewVersion(img.KubernetesVersion)
		if err != nil {
			return fmt.Sprintf("Kubernetes version %q is not a version", img.KubernetesVersion)
		}
		if !constraint.Check(version) {
			return fmt.Sprintf("Kubernetes version is %s, not within %s", img.KubernetesVersion, wanted)
		}
		return ""
	}, nil
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
		got, ok := img.Tags[key]
		switch {
		case !ok:
			reasons = append(reasons, "it has no tag "+strconv.Quote(key))
		case got != wanted[key]:
			reasons = append(reasons, fmt.Sprintf("tag %s is %q, not %q", key, got, wanted[key]))
		}
	}
	return strings.Join(reasons, "; ")
}
