package main

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// wanted is what the host may select, by its hints. A part that is empty stands
// for everything.
type wanted struct {
	architectures, distributions, customTags []string
	kubernetes                               []*semver.Constraints
	// newestOnly says that of a line whose newest tags have all architectures the
	// others are not selected.
	newestOnly bool
}

func newWanted(h sdk.Hints) *wanted {
	w := &wanted{architectures: h.Architectures, distributions: h.K8sDistributions, customTags: h.CustomTags}
	w.newestOnly = h.NewestOnly && len(w.architectures) > 0
	for _, text := range h.KubernetesVersions {
		within, err := semver.NewConstraint(text)
		if err != nil {
			// What this plugin cannot read lifts the hint; the host selects anyway.
			w.kubernetes = nil
			break
		}
		w.kubernetes = append(w.kubernetes, within)
	}
	return w
}

// skim leaves out, before they are parsed, tags that say themselves that no pack
// can select them. All that it leaves out follow the grammar.
func (w *wanted) skim(grammar tag.Grammar, names []string) []string {
	known := map[string]bool{}
	left := make([]string, 0, len(names))
	for _, name := range names {
		distribution, kubernetes, ok := grammar.Skim(name)
		if !ok || w.isDistribution(distribution) && w.withinKnown(known, kubernetes) {
			left = append(left, name)
		}
	}
	return left
}

// narrow leaves out the tags that say themselves that no pack can select them.
func (w *wanted) narrow(tags []tag.Tag) []tag.Tag {
	known := map[string]bool{} // by version of Kubernetes, which many tags share
	var some []tag.Tag
	for _, t := range tags {
		if w.withinKnown(known, t.Kubernetes) && w.mayFit(t) {
			some = append(some, t)
		}
	}
	return some
}

func (w *wanted) withinKnown(known map[string]bool, version string) bool {
	fits, ok := known[version]
	if !ok {
		fits = w.within(version)
		known[version] = fits
	}
	return fits
}

func (w *wanted) isDistribution(name string) bool {
	return len(w.distributions) == 0 || slices.ContainsFunc(w.distributions, func(wanted string) bool { return strings.EqualFold(wanted, name) })
}

// within is true for an unknown version: a label of the image may tell it.
func (w *wanted) within(version string) bool {
	if len(w.kubernetes) == 0 || version == "" {
		return true
	}
	parsed, err := semver.NewVersion(version)
	return err == nil && slices.ContainsFunc(w.kubernetes, func(c *semver.Constraints) bool { return c.Check(parsed) })
}

// mayFit compares the parts of a tag. Nothing but the tag tells the distribution
// and the custom tag; the architecture may stand in the image.
func (w *wanted) mayFit(t tag.Tag) bool {
	isCustomTag := func(name string) bool { return name == t.Facts[tag.CustomTag] || name == t.CustomTag() }
	architecture := osfacts.Architecture(t.Facts[tag.Architecture])
	return w.isDistribution(t.Facts[tag.K8sDistribution]) &&
		(len(w.customTags) == 0 || slices.ContainsFunc(w.customTags, isCustomTag)) &&
		(len(w.architectures) == 0 || architecture == "" || slices.Contains(w.architectures, architecture))
}
