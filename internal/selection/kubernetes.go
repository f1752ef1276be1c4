package selection

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// within tells whether a version fits a range.
type within func(*semver.Version) bool

// kubernetesRange compiles a semver range. As usual in semver, a pre-release only
// fits a range that names one: 1.31.0-rc.1 fits >=1.31.0-0, not ~1.31. Semver passes
// over build metadata, which is what tells Kubernetes distributions apart
// (1.30.4+rke2r1), so a term that names some compares it, too.
func kubernetesRange(wanted string) (within, error) {
	if wanted == "" {
		return nil, nil
	}
	var either []within
	for alternative := range strings.SplitSeq(wanted, "||") {
		fits, err := alternativeRange(alternative)
		if err != nil {
			return nil, failure.Usage(`write a range such as "~1.30" or ">=1.29 <1.31"`, "kubernetesVersion %q is not a semver range", wanted)
		}
		either = append(either, fits)
	}
	return func(v *semver.Version) bool {
		return slices.ContainsFunc(either, func(fits within) bool { return fits(v) })
	}, nil
}

var (
	// hyphenRange is "1.30.1 - 1.30.9".
	hyphenRange = regexp.MustCompile(`^\s*(\S+)\s+-\s+(\S+)\s*$`)
	// rangeTerm is one comparison of a range.
	rangeTerm = regexp.MustCompile(`([=!<>~^]*)\s*([^\s,=!<>~^]+)`)
)

// alternativeRange compiles what must hold together.
func alternativeRange(text string) (within, error) {
	whole, err := semver.NewConstraint(text)
	if err != nil || !strings.Contains(text, "+") {
		return func(v *semver.Version) bool { return whole.Check(v) }, err
	}
	text = hyphenRange.ReplaceAllString(text, ">=$1 <=$2")
	var all []within
	terms := rangeTerm.FindAllStringSubmatch(text, -1)
	preReleases := false
	for _, term := range terms {
		version, _, _ := strings.Cut(term[2], "+")
		preReleases = preReleases || strings.Contains(version, "-")
	}
	for _, term := range terms {
		fits, err := termRange(term[1], term[2], preReleases)
		if err != nil {
			return nil, err
		}
		all = append(all, fits)
	}
	return func(v *semver.Version) bool {
		return !slices.ContainsFunc(all, func(fits within) bool { return !fits(v) })
	}, nil
}

// termRange compiles one comparison. One that names build metadata is for that kind
// of it only (rke2r), and where the versions before it are equal it decides.
func termRange(operator, wanted string, preReleases bool) (within, error) {
	number, suffix, named := strings.Cut(wanted, "+")
	constraint, err := semver.NewConstraint(operator + number)
	if err != nil {
		return nil, err
	}
	constraint.IncludePrerelease = preReleases
	if !named {
		return constraint.Check, nil
	}
	core, err := semver.NewVersion(number)
	if err != nil {
		return nil, fmt.Errorf("%s is not a whole version: %w", wanted, err)
	}
	return func(v *semver.Version) bool {
		equal, order := v.Equal(core), compareVersions(v.Metadata(), suffix)
		switch operator {
		case "", "=":
			return equal && v.Metadata() == suffix
		case "!=":
			return constraint.Check(v) || equal && v.Metadata() != suffix
		}
		if suffixKind(v.Metadata()) != suffixKind(suffix) {
			return false
		}
		if !equal {
			return constraint.Check(v)
		}
		switch operator {
		case ">":
			return order > 0
		case "<":
			return order < 0
		case "<=", "=<":
			return order <= 0
		}
		return order >= 0
	}, nil
}

// suffixKind is build metadata without the number at its end: rke2r of rke2r1.
func suffixKind(suffix string) string { return strings.TrimRight(suffix, "0123456789") }

func failsKubernetes(img *image.Image, wanted string) string {
	if img.KubernetesVersion == "" {
		return mismatch("Kubernetes version", "", wanted)
	}
	if _, err := semver.NewVersion(img.KubernetesVersion); err != nil {
		return fmt.Sprintf("Kubernetes version %q is not a version", img.KubernetesVersion)
	}
	return fmt.Sprintf("Kubernetes version is %s, not within %s", img.KubernetesVersion, wanted)
}
