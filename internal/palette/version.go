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

// highest returns the index of the highest version; ok is false when one cannot be
// compared with the others.
func highest(versions []string) (index int, ok bool) {
	var top *semver.Version
	for i, text := range versions {
		v, err := semver.NewVersion(text)
		if err != nil {
			return 0, len(versions) == 1
		}
		if top == nil || v.GreaterThan(top) {
			index, top = i, v
		}
	}
	return index, top != nil
}
