package selection

import (
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// Against returns what a pack's rules say against an image that it was not picked as,
// whatever its state. Facts that nobody tells speak against nothing: architecture,
// kubernetesVersion, os.name, os.version.
func (r *Rule) Against(img *image.Image, untold []string, now time.Time) []Reason {
	e := newEntry(img, nil)
	var reasons []Reason
	for i := range r.checks {
		c := &r.checks[i]
		if !ofState(c.rule) && !slices.Contains(untold, c.rule) && !c.fits(&e, now) {
			reasons = append(reasons, c.reason(img, now))
		}
	}
	paths := make([][]string, len(untold))
	for i, fact := range untold {
		paths[i] = strings.Split(fact, ".")
	}
	if reasons != nil || r.where == nil || r.where.MayHold(img, paths, now) {
		return reasons
	}
	return []Reason{{"where", r.whyWhere(img, now)}}
}
