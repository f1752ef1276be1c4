package selection

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
)

// FuzzKubernetesRange holds ranges that name no suffix to semver's own answer, and all
// of them to not panicking.
func FuzzKubernetesRange(f *testing.F) {
	f.Add("~1.30", "1.30.4+rke2r1")
	f.Add(">=1.30.4+rke2r1 <1.31 || =1.31.0-rc.1+k3s1", "1.31.0-rc.1+k3s1")
	f.Add("1.30.1+a - 1.30.4+a", "1.30.2+a")
	f.Fuzz(func(t *testing.T, wanted, text string) {
		version, err := semver.NewVersion(text)
		if err != nil {
			return
		}
		fits, err := kubernetesRange(wanted)
		if err != nil {
			return
		}
		got := fits(version)
		constraint, err := semver.NewConstraint(wanted)
		if err != nil {
			t.Fatalf("%q is taken, and semver refuses it: %s", wanted, err)
		}
		if !strings.Contains(wanted, "+") && got != constraint.Check(version) {
			t.Errorf("%q of %q: got %t", text, wanted, got)
		}
	})
}
