// Package freshness judges whether an image that was picked earlier is still
// good. It is pure: the time is passed in.
package freshness

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
)

// Expected is what was picked: empty fields are not compared.
type Expected struct {
	ID, Region, Architecture, Digest string
	OS                               image.OS
	KubernetesVersion                string
}

// Expect returns what is expected of an image that was picked.
func Expect(picked image.Image) Expected {
	return Expected{
		ID: picked.ID, Region: picked.Region, Architecture: picked.Architecture, Digest: picked.Digest, OS: picked.OS, KubernetesVersion: picked.KubernetesVersion,
	}
}

// Judge returns why the image, as its source has it now, is no longer good;
// nothing for one that is.
func Judge(want Expected, got image.Image, now time.Time) []string {
	var reasons []string
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if got.State != image.Available && got.State != image.StateUnset {
		text := "its state is " + string(got.State)
		if got.StateReason != "" {
			text += " (" + got.StateReason + ")"
		}
		add("%s", text)
	}
	if image.Reached(got.DeprecatedAt, now) {
		add("deprecated since %s", day(got.DeprecatedAt))
	}
	if image.Reached(got.EndOfLifeAt, now) {
		add("past its end of life since %s", day(got.EndOfLifeAt))
	}
	if got.ExcludedFromLatest {
		add("excluded from latest")
	}
	if differ(want.Region, got.Region) && got.Region != image.GlobalRegion {
		add("its region is %s, and %s was picked", got.Region, want.Region)
	}
	if differ(want.Architecture, got.Architecture) {
		add("its architecture is %s, and %s was picked", got.Architecture, want.Architecture)
	}
	if differ(want.Digest, got.Digest) {
		add("its digest is %s, and %s was picked", got.Digest, want.Digest)
	}
	// What is known less exactly (8 of 8.8) is not another thing.
	for _, fact := range []struct{ name, want, got string }{
		{"OS", want.OS.Name, got.OS.Name}, {"OS version", want.OS.Version, got.OS.Version}, {"Kubernetes version", want.KubernetesVersion, got.KubernetesVersion},
	} {
		if differ(fact.want, fact.got) && !osname.Within(fact.want, fact.got) && !osname.Within(fact.got, fact.want) {
			add("its %s is %s, and %s was picked", fact.name, fact.got, fact.want)
		}
	}
	return reasons
}

// Upcoming returns what will end the image's life later than now.
func Upcoming(got image.Image, now time.Time) []string {
	var notes []string
	if got.DeprecatedAt != nil && !image.Reached(got.DeprecatedAt, now) {
		notes = append(notes, "deprecated from "+day(got.DeprecatedAt))
	}
	if got.EndOfLifeAt != nil && !image.Reached(got.EndOfLifeAt, now) {
		notes = append(notes, "end of life on "+day(got.EndOfLifeAt))
	}
	return notes
}

// differ compares what is known on both sides; spelling of case and blanks does
// not count ("West US 2" is westus2).
func differ(want, got string) bool {
	return want != "" && got != "" && fold(want) != fold(got)
}

func fold(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

func day(at *time.Time) string { return at.UTC().Format(time.DateOnly) }
