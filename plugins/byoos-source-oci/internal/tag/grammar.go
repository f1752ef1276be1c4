// Package tag reads what the tag of a provider image says: which Kubernetes
// distribution and version it holds, and which of two tags is newer. It is pure.
package tag

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
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
	expr  *regexp.Regexp
	width int
}

// canvos is <k8sDistribution>-<k8sVersion>-<peVersion>[-<customTag>], as
// IMAGE_PATH in the Earthfile of github.com/spectrocloud/CanvOS composes it. The
// distributions are those its Earthfile accepts. Both versions may end in a
// pre-release part; alternation tries the longer distribution first, and a
// pre-release part wins over a custom tag that looks like one.
const canvos = `(?P<k8sDistribution>kubeadm-fips|kubeadm|canonical|nodeadm|k3s|rke2|k0s)` +
	`-(?P<kubernetesVersion>v?\d+\.\d+\.\d+(?:-` + preRelease + `)?)` +
	`-(?P<peVersion>v?\d+\.\d+\.\d+(?:-` + preRelease + `)?)` +
	`(?:-(?P<customTag>[\w.-]+))?`

const preRelease = `(?:alpha|beta|rc|dev)(?:[.-]?\d+)*`

// CanvOS returns the grammar of the tags that CanvOS builds.
func CanvOS() Grammar {
	return Grammar{regexp.MustCompile(`^(?:` + canvos + `)$`), canvosWidth}
}

// Compile returns the grammar that a regular expression (RE2) with named groups
// describes. It must match a whole tag, so it needs no anchors.
func Compile(expr string) (Grammar, error) {
	if _, err := regexp.Compile(expr); err != nil {
		return Grammar{}, fmt.Errorf("not a regular expression: %w", err)
	}
	re, err := regexp.Compile(`^(?:` + expr + `)$`)
	if err != nil {
		return Grammar{}, fmt.Errorf("not a regular expression: %w", err)
	}
	named := 0
	for _, group := range re.SubexpNames() {
		if group == "" {
			continue
		}
		if !slices.Contains(Groups(), group) {
			return Grammar{}, fmt.Errorf("unknown group %q, known are %s",
				group, strings.Join(Groups(), ", "))
		}
		named++
	}
	if named == 0 {
		return Grammar{}, fmt.Errorf("no named group such as (?P<%s>...)", KubernetesVersion)
	}
	return Grammar{re, customWidth}, nil
}

// Parse returns the parts of tag, and whether it follows the grammar.
func (g Grammar) Parse(tag string) (Facts, bool) {
	match := g.expr.FindStringSubmatch(tag)
	if match == nil {
		return nil, false
	}
	facts := Facts{}
	for i, group := range g.expr.SubexpNames() {
		if group != "" && match[i] != "" {
			facts[group] = match[i]
		}
	}
	return facts, true
}
