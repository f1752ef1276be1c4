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
	if reasons != nil || r.where == nil || r.mayHold(img, untold, now) {
		return reasons
	}
	return []Reason{{"where", r.whyWhere(img, now)}}
}

// mayHold tells whether the expression holds, whatever the facts are that nobody tells.
func (r *Rule) mayHold(img *image.Image, untold []string, now time.Time) bool {
	if len(untold) == 0 {
		holds, _ := r.where.Holds(img, now)
		return holds
	}
	paths := make([][]string, len(untold))
	for i, fact := range untold {
		paths[i] = strings.Split(fact, ".")
	}
	return r.where.MayHold(img, paths, now)
}
