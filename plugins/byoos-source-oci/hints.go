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
}

func newWanted(h sdk.Hints) *wanted {
	w := &wanted{architectures: h.Architectures, distributions: h.K8sDistributions, customTags: h.CustomTags}
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

// narrow leaves out the tags that say themselves that no pack can select them.
func (w *wanted) narrow(tags []tag.Tag) []tag.Tag {
	known := map[string]bool{} // by version of Kubernetes, which many tags share
	var some []tag.Tag
	for _, t := range tags {
		fits, ok := known[t.Kubernetes]
		if !ok {
			fits = w.within(t.Kubernetes)
			known[t.Kubernetes] = fits
		}
		if fits && w.mayFit(t) {
			some = append(some, t)
		}
	}
	return some
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
	isDistribution := func(name string) bool { return strings.EqualFold(name, t.Facts[tag.K8sDistribution]) }
	isCustomTag := func(name string) bool { return name == t.Facts[tag.CustomTag] || name == t.CustomTag() }
	architecture := osfacts.Architecture(t.Facts[tag.Architecture])
	return (len(w.distributions) == 0 || slices.ContainsFunc(w.distributions, isDistribution)) &&
		(len(w.customTags) == 0 || slices.ContainsFunc(w.customTags, isCustomTag)) &&
		(len(w.architectures) == 0 || architecture == "" || slices.Contains(w.architectures, architecture))
}
