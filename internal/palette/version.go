package palette

import (
	"github.com/Masterminds/semver/v3"
)

const (
	// Latest as a target's version is the highest of a profile's versions.
	Latest = "latest"
	// firstVersion is that of a profile without one: it was made before there were
	// versions.
	firstVersion = "1.0.0"
)

// sameVersion compares versions of profiles by their numbers.
func sameVersion(a, b string) bool {
	if a == b {
		return true
	}
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	return errA == nil && errB == nil && va.Equal(vb) && va.Metadata() == vb.Metadata()
}
