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

// Judge returns why the image, as its source has it now, is no longer good; nothing for
// one that is. Of what was picked, facts that are empty are not compared.
func Judge(picked, got image.Image, now time.Time) []string {
	var reasons []string
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if got.State.Refuses() {
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
	for _, fact := range []struct {
		name, words string
		exact       bool // else what is known less exactly (8 of 8.8) is not another thing
	}{
		{"region", "region", true}, {"architecture", "architecture", true}, {"digest", "digest", true},
		{"os.name", "OS", false}, {"os.version", "OS version", false}, {"kubernetesVersion", "Kubernetes version", false},
	} {
		was, is := *picked.Fact(fact.name), *got.Fact(fact.name)
		everywhere := fact.name == "region" && is == image.GlobalRegion
		if differ(was, is) && !everywhere && (fact.exact || !osname.Within(was, is) && !osname.Within(is, was)) {
			add("its %s is %s, and %s was picked", fact.words, is, was)
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
func differ(was, is string) bool {
	return was != "" && is != "" && fold(was) != fold(is)
}

func fold(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

func day(at *time.Time) string { return at.UTC().Format(time.DateOnly) }
