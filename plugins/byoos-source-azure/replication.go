package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/compute"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// statusesAsked bounds the versions of a definition whose replication status is
// asked for: each takes a request. In most galleries the newest is complete.
const statusesAsked = 25

// listed is a version of a gallery with its images, one for each region.
type listed struct {
	id     resourceid.ID
	name   string
	images []sdk.Image
	// said is what the list has of it.
	said  compute.Version
	asked bool
}

// newestFirst orders versions as the host does: by time, an unknown one last,
// then by number; or by number first.
func newestFirst(byVersion bool) func(a, b listed) int {
	return func(a, b listed) int {
		time, number := b.created().Compare(a.created()), compute.CompareVersions(b.name, a.name)
		if byVersion {
			return cmp.Or(number, time)
		}
		return cmp.Or(time, number)
	}
}

func (v listed) created() time.Time {
	if len(v.images) == 0 {
		return time.Time{}
	}
	return v.images[0].CreatedAt
}

// offered lists the images of v that the host may pick at that time.
func (v listed) offered(now time.Time) []*sdk.Image {
	var some []*sdk.Image
	for i := range v.images {
		image := &v.images[i]
		ended := !image.EndOfLifeAt.IsZero() && !image.EndOfLifeAt.After(now)
		if (image.State == sdk.Available || image.State == sdk.StateUnknown) && !image.ExcludedFromLatest && !ended {
			some = append(some, image)
		}
	}
	return some
}

// withdraw gives what was offered another state. No version of a list is available: the list
// does not tell.
func (v listed) withdraw(state sdk.State, reason string) {
	for i := range v.images {
		if v.images[i].State == sdk.StateUnknown {
			v.images[i].State, v.images[i].StateReason = state, reason
		}
	}
}

// settle asks for the replication status of the newest version, which the list of
// a gallery does not have, then of older ones, until one is ready for each wish of
// the host. It sorts versions, and changes their images.
func (d *discovery) settle(ctx context.Context, of imageDefinition, versions []listed) error {
	slices.SortStableFunc(versions, newestFirst(d.byVersion()))
	wishes := d.wishes()
	open := map[wish]bool{}
	for _, v := range versions {
		for _, image := range v.offered(d.now) {
			for _, w := range wishes.of(image) {
				open[w] = true
			}
		}
	}
	ready, unread := d.ask(ctx, of, versions, wishes, open)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := d.withhold(of, versions, wishes, ready); err != nil || unread != nil {
		return cmp.Or(err, unread)
	}
	return d.tellOpen(of, versions, wishes, open)
}

// ask closes the wishes that are open with the newest version that is ready, and
// returns the places of those versions. One whose status cannot be read costs itself;
// a second one ends it, as each may have taken its whole time.
func (d *discovery) ask(ctx context.Context, of imageDefinition, versions []listed, wishes wishes, open map[wish]bool) (ready map[wish]int, unread error) {
	ready = map[wish]int{}
	for i, asked := 0, 0; i < len(versions) && asked < statusesAsked; i++ {
		v := &versions[i]
		if !slices.ContainsFunc(v.offered(d.now), func(image *sdk.Image) bool { return wishes.anyOf(image, open) }) {
			continue
		}
		asked++
		v.asked = true
		answer, err := of.Version(ctx, d.api, of.name, v.name)
		switch {
		case arm.NotFound(err):
			const deleted = "was deleted while the gallery was read"
			v.withdraw(sdk.Gone, "it "+deleted)
			if err := d.report(sdk.Diagnostic{
				Severity: sdk.Notice, Scope: of.scope(), Summary: "version " + v.name + " " + deleted,
			}); err != nil {
				return ready, err
			}
			continue
		case err != nil:
			v.withdraw(sdk.StateUnknown, "its replication status could not be read")
			if unread != nil || ctx.Err() != nil {
				return ready, cmp.Or(unread, err)
			}
			unread = err
			continue
		}
		v.images = of.Asked(v.id, of.definition, answer.CompletedBy(v.said), d.opt)
		for _, image := range v.offered(d.now) {
			for _, w := range wishes.of(image) {
				if open[w] && image.State == sdk.Available {
					ready[w] = i
					delete(open, w)
				}
			}
		}
	}
	return ready, unread
}

// withhold keeps a version that Azure was asked for, and does not call ready, from
// being picked above an older one that is; its state stays unknown. Where a wish has
// none it stays offered: not known is not unusable.
func (d *discovery) withhold(of imageDefinition, versions []listed, wishes wishes, ready map[wish]int) error {
	var withheld []string
	for i := range versions {
		if !versions[i].asked {
			continue
		}
		for _, image := range versions[i].offered(d.now) {
			instead, found := olderReady(i, wishes.of(image), ready)
			if image.State != sdk.StateUnknown || !found {
				continue
			}
			image.Withheld = fmt.Sprintf("%s, and version %s is ready there", image.StateReason, versions[instead].name)
			withheld = append(withheld, versions[i].name+" in "+image.Region)
		}
	}
	if withheld == nil {
		return nil
	}
	slices.Sort(withheld)
	return d.report(sdk.Diagnostic{
		Severity: sdk.Warning, Scope: of.scope(),
		Summary: "not offered, since Azure does not say that they are ready, and an older version is: " +
			abbreviated(withheld),
	})
}

// olderReady returns the place of the oldest version that is ready in place of the one
// at a place. There is none where a wish has no version that is ready, nor where each has
// a newer one.
func olderReady(of int, wanted []wish, ready map[wish]int) (place int, found bool) {
	for _, w := range wanted {
		at, some := ready[w]
		if !some {
			return 0, false
		}
		place = max(place, at)
	}
	return place, place > of
}

// tellOpen tells of wishes that no version is ready for among those asked for,
// when there are others.
func (d *discovery) tellOpen(of imageDefinition, versions []listed, wishes wishes, open map[wish]bool) error {
	var regions []string
	for _, v := range versions {
		if v.asked {
			continue
		}
		for _, image := range v.offered(d.now) {
			if wishes.anyOf(image, open) {
				regions = append(regions, image.Region)
			}
		}
	}
	if regions == nil {
		return nil
	}
	slices.Sort(regions)
	return d.report(sdk.Diagnostic{
		Severity: sdk.Warning, Scope: of.scope(),
		Summary: fmt.Sprintf("none of its %d newest versions is ready in %s", statusesAsked,
			abbreviated(slices.Compact(regions))),
		NextStep: "the state of older versions was not asked for: check the pick with `kubectl byoos verify`",
	})
}

// wish is what a pack may pick from a definition: a version in a region, and of a
// range of Kubernetes versions when the pack names one.
type wish struct{ region, kubernetes string }

// wishes are what the host selects by.
type wishes struct {
	regions    map[string]bool // empty means all
	kubernetes map[string]*semver.Constraints
	// any is set where a pack takes any Kubernetes version, or none at all.
	any bool
}

func (d *discovery) wishes() wishes {
	w := wishes{regions: map[string]bool{}, kubernetes: map[string]*semver.Constraints{}, any: len(d.hints.KubernetesVersions) == 0}
	for _, region := range d.hints.Regions {
		w.regions[resourceid.Region(region)] = true
	}
	for _, text := range slices.Concat(d.hints.KubernetesVersions, d.ranges) {
		within, err := semver.NewConstraint(text)
		if err != nil { // the host has checked it
			w.kubernetes, w.any = nil, true
			break
		}
		w.kubernetes[text] = within
	}
	return w
}

// of returns the wishes that an image would fulfil. One of an unknown region is
// asked for: the answer may tell.
func (w wishes) of(image *sdk.Image) []wish {
	if len(w.regions) > 0 && image.Region != "" && !w.regions[image.Region] {
		return nil
	}
	var some []wish
	if w.any {
		some = append(some, wish{region: image.Region})
	}
	version, err := semver.NewVersion(image.KubernetesVersion)
	if err != nil {
		return some
	}
	for text, within := range w.kubernetes {
		if within.Check(version) {
			some = append(some, wish{image.Region, text})
		}
	}
	return some
}

func (w wishes) anyOf(image *sdk.Image, open map[wish]bool) bool {
	return slices.ContainsFunc(w.of(image), func(one wish) bool { return open[one] })
}
