package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// tellFailed names the sources of each pick that failed. That a pack has no image
// is then the failure of its source, not what is there.
func tellFailed(picks []Pick, results []source.Result) {
	for i := range picks {
		pick := &picks[i]
		for _, result := range results {
			if result.Err != nil && picksFrom(pick.Pack, result.Source) {
				pick.FailedSources = append(pick.FailedSources, result.Source)
			}
		}
		var none *failure.Error
		if len(pick.FailedSources) > 0 && pick.Outcome.Verdict == selection.NoImage && errors.As(pick.Err, &none) {
			pick.Err = &failure.Error{
				Code: failure.ExitSource, Summary: fmt.Sprintf("pack %s has no image: %s", pick.Pack.Name, pick.failedSources()),
				Details: none.Details, Next: "fix what failed, which is told above",
			}
		}
	}
}

// picksFrom tells whether a pack may take an image of a source.
func picksFrom(pack spec.Pack, name string) bool {
	return pack.NeedsImage() && (len(pack.Sources) == 0 || slices.Contains(pack.Sources, name))
}

func (p Pick) failedSources() string {
	if len(p.FailedSources) > 1 {
		return "its sources " + strings.Join(p.FailedSources, ", ") + " failed"
	}
	return "its source " + p.FailedSources[0] + " failed"
}

// Heard splits picks into those to go on with and the failures of packs that have
// no image because a source failed, which --allow-partial leaves behind.
func Heard(picks []Pick) (heard []Pick, failed error) {
	var errs []error
	for _, pick := range picks {
		if pick.Err != nil && failure.Code(pick.Err) == failure.ExitSource {
			errs = append(errs, pick.Err)
			continue
		}
		heard = append(heard, pick)
	}
	return heard, failure.Join(errs...)
}
