package source

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/azureapi"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/machineimage"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/resourceid"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// statusesAsked bounds the versions of a definition whose replication status is
// asked for: each takes a request, and in most galleries the newest is complete.
const statusesAsked = 3

// listed is a version of a gallery with its images, one for each region.
type listed struct {
	id     resourceid.ID
	name   string
	images []sdk.Image
}

// newestFirst orders versions as the host does: by time, an unknown one last,
// then by number.
func newestFirst(a, b listed) int {
	return cmp.Or(b.created().Compare(a.created()), compareNumbers(b.name, a.name))
}

func (v listed) created() time.Time {
	if len(v.images) == 0 {
		return time.Time{}
	}
	return v.images[0].CreatedAt
}

// compareNumbers compares versions as Azure writes them, MAJOR.MINOR.PATCH.
func compareNumbers(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, errM := strconv.ParseUint(x, 10, 64)
		n, errN := strconv.ParseUint(y, 10, 64)
		if errM != nil || errN != nil {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(m, n)
	})
}

// offered lists the regions in which the host may pick v at that time.
func (v listed) offered(now time.Time) []string {
	var regions []string
	for _, i := range v.images {
		ended := !i.EndOfLifeAt.IsZero() && !i.EndOfLifeAt.After(now)
		if i.State == sdk.Available && !i.ExcludedFromLatest && !ended {
			regions = append(regions, i.Region)
		}
	}
	return regions
}

// withdraw gives what was available another state.
func (v listed) withdraw(state sdk.State, reason string) {
	for i := range v.images {
		if v.images[i].State == sdk.Available {
			v.images[i].State, v.images[i].StateReason = state, reason
		}
	}
}

// settle asks, for each region that the host looks in, for the replication status
// of the newest version there, which the list of a gallery does not have; then of
// older ones until one is complete. It sorts versions, and changes their images.
func (d *discovery) settle(ctx context.Context, p place, definition string, of machineimage.Definition, versions []listed) error {
	slices.SortStableFunc(versions, newestFirst)
	open := d.regionsOf(versions)
	for i, asked := 0, 0; i < len(versions) && len(open) > 0 && asked < statusesAsked; i++ {
		v := &versions[i]
		if !slices.ContainsFunc(v.offered(d.now), func(region string) bool { return open[region] }) {
			continue
		}
		asked++
		answer, err := d.api.Version(ctx, p.subscription, p.group, p.gallery, definition, v.name)
		switch {
		case err != nil && azureapi.NotFound(err):
			v.withdraw(sdk.Gone, "it was deleted while the gallery was read")
			continue
		case err != nil:
			v.withdraw(sdk.StateUnknown, "its replication status could not be read")
			return err
		}
		v.images = machineimage.FromVersion(v.id, of, answer, d.opt)
		for _, region := range v.offered(d.now) {
			delete(open, region)
		}
	}
	return nil
}

// regionsOf returns the regions in which any of versions is offered, without
// those that the host does not look in.
func (d *discovery) regionsOf(versions []listed) map[string]bool {
	open := map[string]bool{}
	for _, v := range versions {
		for _, region := range locations(v.offered(d.now), d.hinted) {
			open[region] = true
		}
	}
	return open
}
