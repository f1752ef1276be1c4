package palette_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
)

// A plan that shows a new version, which no cluster uses, is none for the version that
// clusters use, nor for another new one.
func TestPlanOfANewVersionIsOfThatOne(t *testing.T) {
	for name, goal := range map[string]palette.Goal{"in place": {Publish: true}, "draft": {}, "another": {NewVersion: "1.4.0"}, "that one": {NewVersion: "1.3.0"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			target := request(t, "rhel-prod", newAMI, atVersion("1.2.0"))
			shown := w.plan(t, target, palette.Goal{NewVersion: "1.3.0", Shows: true}).Difference(palette.SidePublished).Expect
			_, err := w.client.Apply(t.Context(), w.plan(t, target, goal), palette.Options{Expect: &shown})
			if goal.NewVersion == "1.3.0" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFailure(t, err, "the diff was of the new version 1.3.0")
			sameList(t, "writes", w.writes(), nil)
		})
	}
}
