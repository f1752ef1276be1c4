// Package tag reads what the tag of a provider image says: which Kubernetes
// distribution and version it holds, and which of two tags is newer. It is pure.
package tag

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// Names of the groups that a grammar may have. They are also the keys of
// provenance.
const (
	K8sDistribution   = "k8sDistribution"
	KubernetesVersion = "kubernetesVersion"
	PEVersion         = "peVersion"
	CustomTag         = "customTag"
	OSName            = "osName"
	OSVersion         = "osVersion"
	Architecture      = "architecture"
	Version           = "version"
)

// Groups returns the names that a grammar may use.
func Groups() []string {
	return []string{
		K8sDistribution, KubernetesVersion, PEVersion, CustomTag,
		OSName, OSVersion, Architecture, Version,
	}
}

// Facts are the parts of a tag by group name, as they are spelt in the tag. A
// part that is not there is absent.
type Facts map[string]string

// Grammar is the way tags of a repository are built.
type Grammar struct {
	expr *regexp.Regexp
	// groups are the names of expr's groups, by index.
	groups []string
	// own tells that its versions have any number of parts, and any word behind them.
	own bool
	// skims tells that Skim knows the grammar.
	skims bool
}

// canvosDistributions returns what CanvOS's Earthfile accepts, the longer first.
func canvosDistributions() []string {
	return []string{"kubeadm-fips", "kubeadm", "canonical", "nodeadm", "k3s", "rke2", "k0s"}
}

// canvos is <k8sDistribution>-<k8sVersion>-<peVersion>[-<customTag>], as
// IMAGE_PATH in the Earthfile of github.com/spectrocloud/CanvOS composes it, after
// the distribution. Both versions may end in a pre-release part, and the agent's in
// that of a patch; they win over a custom tag that looks like one. The releases of
// CanvOS have alpha1, rc4, rc.2 and patch.7, and none has dev: that is the name of
// an environment, which is what its README takes custom tags for.
const canvos = `-(?P<kubernetesVersion>v?\d+\.\d+\.\d+(?:-` + canvosPreRelease + `)?)` +
	`-(?P<peVersion>v?\d+\.\d+\.\d+(?:-` + canvosPreRelease + `|-patch\.\d+)?)` +
	`(?:-(?P<customTag>[\w.-]+))?`

// kairos returns the tag of an artifact of github.com/kairos-io/kairos: release of the
// flavor, variant, architecture, model, version of Kairos, and but for the
// variant core the distribution and version of Kubernetes; up to Kairos 3.4 the
// last two without a dash between them. The model is a variant of its own, which
// is what customTag stands for.
func kairos() string {
	preRelease := `(?i:` + strings.Join(versions.PreReleaseWords(), "|") + `)` + numbers
	return `(?P<osVersion>[\w.-]+?)-(?:core|standard)-(?P<architecture>amd64|arm64|riscv64)` +
		`-(?P<customTag>[\w.-]+?)` +
		`-(?P<version>v?\d+\.\d+\.\d+(?:-` + preRelease + `)?)` +
		`(?:-(?P<k8sDistribution>k3s|k0s)-?(?P<kubernetesVersion>v?\d+\.\d+\.\d+(?:-` + preRelease + `)?(?:-` + build + `)?))?`
}

const (
	canvosPreRelease = `(?i:alpha|beta|rc)` + numbers
	numbers          = `(?:[.-]?\d+)+`
	// build is what a distribution adds to the version of Kubernetes, where a tag
	// cannot have the plus sign that belongs before it: v1.34.3-k0s.0 is
	// v1.34.3+k0s.0, and no pre-release.
	build = `(?:k3s\d+|rke2r\d+|k0s\.\d+)`
)

// distributionBuild finds build at the end of a version.
var distributionBuild = regexp.MustCompile(`-(` + build + `)$`)

// CanvOS returns the grammar of the tags that CanvOS builds.
func CanvOS() Grammar {
	distributions := strings.Join(canvosDistributions(), "|")
	g := grammar(regexp.MustCompile(`^(?P<k8sDistribution>`+distributions+`)`+canvos+`$`), false)
	g.skims = true
	return g
}

// Skim returns the distribution and the version of Kubernetes of a tag in a
// hundredth of the time that Read takes. It knows the most common tags of CanvOS,
// without pre-release parts; ok is false for all others, also such as Read knows.
func (g Grammar) Skim(name string) (distribution, kubernetes string, ok bool) {
	if !g.skims {
		return "", "", false
	}
	for _, distribution := range canvosDistributions() {
		rest, ok := strings.CutPrefix(name, distribution)
		if !ok {
			continue
		}
		kubernetes, rest, _ := skimVersion(rest)
		_, rest, ok = skimVersion(rest)
		return distribution, kubernetes, ok && (rest == "" || rest[0] == '-' && isWord(rest[1:]))
	}
	return "", "", false
}

// skimVersion cuts a dash and three numbers off a tag; where they are not, nothing is left.
func skimVersion(text string) (version, rest string, ok bool) {
	if text, ok = strings.CutPrefix(text, "-"); !ok {
		return "", "", false
	}
	text = strings.TrimPrefix(text, "v")
	rest = text
	for _, before := range []string{"", ".", "."} {
		rest = strings.TrimPrefix(rest, before)
		behind := strings.TrimLeft(rest, "0123456789")
		if behind == rest {
			return "", "", false
		}
		rest = behind
	}
	return text[:len(text)-len(rest)], rest, true
}

const (
	maxLength = 128
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
)

// IsTag tells whether a name can be a tag: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
// (distribution-spec, "Pulling manifests").
func IsTag(name string) bool {
	return isWord(name) && name[0] != '.' && name[0] != '-' && len(name) <= maxLength
}

// isWord tells whether text has what a tag may have, and at least one character.
func isWord(text string) bool { return text != "" && strings.Trim(text, letters) == "" }

func grammar(expr *regexp.Regexp, own bool) Grammar {
	return Grammar{expr: expr, groups: expr.SubexpNames(), own: own}
}

// Compile returns the grammar of a name, canvos (the default) or kairos, or the one that a
// regular expression (RE2) with named groups describes. It must match a whole tag, so it
// needs no anchors.
func Compile(expr string) (Grammar, error) {
	switch expr {
	case "", "canvos":
		return CanvOS(), nil
	case "kairos":
		expr = kairos()
	}
	re, err := regexp.Compile(expr) // as it stands: a bracket too many would end that below
	if err == nil {
		re, err = regexp.Compile(`^(?:` + expr + `)$`)
	}
	if err != nil {
		return Grammar{}, fmt.Errorf("not a regular expression: %w", err)
	}
	for _, group := range re.SubexpNames() {
		if group != "" && !slices.Contains(Groups(), group) {
			return Grammar{}, fmt.Errorf("unknown group %q, known are %s",
				group, strings.Join(Groups(), ", "))
		}
	}
	if slices.Max(re.SubexpNames()) == "" {
		return Grammar{}, fmt.Errorf("no named group such as (?P<%s>...)", KubernetesVersion)
	}
	return grammar(re, true), nil
}

// Parse returns the parts of tag, and whether it follows the grammar.
func (g Grammar) Parse(tag string) (Facts, bool) {
	match := g.expr.FindStringSubmatchIndex(tag)
	if match == nil {
		return nil, false
	}
	facts := make(Facts, len(g.groups))
	for i, group := range g.groups {
		if group != "" && match[2*i] < match[2*i+1] {
			facts[group] = tag[match[2*i]:match[2*i+1]]
		}
	}
	return facts, true
}
