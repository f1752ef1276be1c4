// Package osfacts turns the many spellings that image builders use for an
// operating system, a Kubernetes version and an architecture into the ones that
// Palette packs and Go use. It reads declared values only: tags, labels and
// custom_data. It never guesses from the name of an image or a build.
package osfacts

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// labelVersion has the parts of a version whose dots and plus are dashes: numbers,
// pre-release, build of a distribution.
var labelVersion = regexp.MustCompile(`^[vV]?(\d+)-(\d+)-(\d+)(?:-((?:alpha|beta|rc)-?\d+))?(?:-((?:rke2r|k3s)\d+))?$`)

// Normalize returns a distribution and its version as packs spell them: "rhel"
// and "8" for "Red Hat Enterprise Linux" and "8", "ubuntu" and "24.04" for
// "Ubuntu" and "2404", "flatcar" and "3815.2.0" for "stable-3815.2.0", "sles" and
// "15.5" for "15 SP5". A code name in brackets behind a version is left out. A
// distribution that is not known is lower-cased with its spaces replaced by dashes;
// what is empty stays empty.
//
// The raw spellings are those of the tags, labels and custom_data that
// kubernetes-sigs/image-builder (images/capi/packer) writes, and of the osVersion
// of EC2 Image Builder. "rhel" is the one name that the pack's documentation
// gives; the others follow its form.
func Normalize(distribution, version string) (name, osVersion string) {
	return osname.Normalize(distribution, version)
}

// Architecture returns raw as Go and OCI spell it: amd64 for x86_64, X64 and
// x86_64_mac, arm64 for Arm64 and aarch64, and so on. What is not known is
// returned in lower case, so that selecting by it still works; empty stays empty.
func Architecture(raw string) string {
	arch := strings.ToLower(strings.TrimSpace(raw))
	switch arch {
	case "x86_64", "x64", "x86-64", "x86_64_mac", "amd64":
		return "amd64"
	case "aarch64", "arm64", "arm64_mac", "arm64/v8", "arm64v8":
		return "arm64"
	case "i386", "i486", "i586", "i686", "x86", "386":
		return "386"
	case "arm", "armhf", "armv7", "armv7l", "arm/v7":
		return "arm"
	case "ppc64le", "ppc64el":
		return "ppc64le"
	}
	return arch
}

// KubernetesVersion returns raw without the leading v. A label's dashes become
// dots and plus again, as Google Cloud's labels hold none: v1-30-1 is 1.30.1 and
// v1-30-4-rc-1-rke2r1 is 1.30.4-rc.1+rke2r1. Build and pre-release parts stay
// (1.30.1+rke2r1, 1.31.0-rc.1). Anything that is not a version is returned trimmed;
// so is a label whose dashes may stand for one or the other.
func KubernetesVersion(raw string) string {
	version := strings.TrimSpace(raw)
	if m := labelVersion.FindStringSubmatch(version); m != nil {
		return fromLabel(m[1:4], m[4], m[5])
	}
	if len(version) > 1 && (version[0] == 'v' || version[0] == 'V') && isDigit(version[1]) {
		version = version[1:]
	}
	return version
}

func fromLabel(numbers []string, preRelease, build string) string {
	version := strings.Join(numbers, ".")
	if preRelease != "" {
		version += "-" + strings.Replace(preRelease, "-", ".", 1)
	}
	if build != "" {
		version += "+" + build
	}
	return version
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// Names of facts in Facts.Provenance, as in the JSON output of an image.
const (
	FieldOSName            = "os.name"
	FieldOSVersion         = "os.version"
	FieldKubernetesVersion = "kubernetesVersion"
	FieldArchitecture      = "architecture"
)

// Facts are what a map of tags, labels or custom_data says of an image. A field
// is empty when nothing is said.
type Facts struct {
	OSName, OSVersion, KubernetesVersion, Architecture string
	// Provenance has an entry for each field that is not empty. Raw is set when
	// the value was changed.
	Provenance map[string]sdk.Provenance
	// Contradictions are for Image.Contradictions.
	Contradictions []string
}

// FromKIB reads the keys that Kubernetes Image Builder writes: distribution,
// distribution_version, distro_name, distro_version, distro_arch, os_name, arch,
// kubernetes_semver, kubernetes_version, each also in upper case as in OVF
// properties. Empty values count as absent, because Packer turns an undefined
// variable into one. from is what values are: tag, custom_data, label.
//
// Source: the manifest post-processors, tags and labels in
// kubernetes-sigs/image-builder : images/capi/packer/*/packer*.json.
func FromKIB(values map[string]string, from string) Facts {
	facts := Facts{Provenance: map[string]sdk.Provenance{}}
	facts.readOS(values, from)
	if key, raw, ok := first(values, "kubernetes_semver", "kubernetes_version"); ok {
		facts.KubernetesVersion = KubernetesVersion(raw)
		facts.note(FieldKubernetesVersion, from, key, raw, facts.KubernetesVersion)
	}
	if key, raw, ok := first(values, "distro_arch", "arch", "architecture"); ok {
		facts.Architecture = Architecture(raw)
		facts.note(FieldArchitecture, from, key, raw, facts.Architecture)
	}
	return facts
}

func (f *Facts) readOS(values map[string]string, from string) {
	system := Together(In(values, from, Keys{})...)
	f.OSName, f.OSVersion, f.Contradictions = system.Name, system.Version, system.Contradictions
	system.note(f.Provenance)
}

// Keys are the names of the keys in which a user keeps a system.
type Keys struct{ OSName, OSVersion string }

// In returns what a map of tags, labels or custom_data says of a system: first in the
// keys that the user names, then in those of Kubernetes Image Builder (FromKIB). All of
// a map stands beside each other, so a version that has no name beside it in its own
// kind of keys belongs to the first name of the map, unless it holds two.
func In(values map[string]string, from string, keys Keys) []Statement {
	said := func(key string) Said {
		if key == "" || strings.TrimSpace(values[key]) == "" {
			return Said{}
		}
		return Said{values[key], sdk.Provenance{From: from, Key: key}}
	}
	all := []Statement{{Name: said(keys.OSName), Version: said(keys.OSVersion)}}
	for _, spell := range []func(string) string{strings.ToLower, strings.ToUpper} {
		all = append(all,
			Statement{Name: said(spell("distribution")), Version: said(spell("distribution_version"))},
			Statement{Name: said(spell("distro_name")), Version: said(spell("distro_version"))},
			Statement{Name: said(spell("os_name"))})
	}
	none := func(s Statement) bool { return s == Statement{} }
	all = slices.DeleteFunc(all, none)
	named := slices.IndexFunc(all, func(s Statement) bool { return read(s).name != "" })
	if named < 0 {
		return all
	}
	name := all[named].Name
	if name.Text == "" {
		name = all[named].Version // "Ubuntu 24.04" in the key of a version
	}
	name.From.Raw, name.Text = name.Text, read(all[named]).name
	var bare, rest []Statement
	for i, s := range all {
		if read(s).name != "" || s.Name.Text != "" {
			continue
		}
		bareVersion := s
		s.Name = name
		if keys.OSVersion != "" && s.Version.From.Key == keys.OSVersion { // the user's word on this very key
			all[i] = s
			continue
		}
		all[i] = Statement{}
		bare, rest = append(bare, bareVersion), append(rest, s)
	}
	if versionsDisagree(append(slices.Clone(all), rest...)) { // nobody knows which of them is the name's
		rest = bare
	}
	return slices.DeleteFunc(append(all, rest...), none)
}

func versionsDisagree(statements []Statement) bool {
	for i, s := range statements {
		if slices.ContainsFunc(statements[:i], func(other Statement) bool { return disagree(read(s).version, read(other).version) }) {
			return true
		}
	}
	return false
}

func (f *Facts) note(field, from, key, raw, value string) {
	if value != "" {
		f.Provenance[field] = sdk.Provenance{From: from, Key: key}.Of(raw, value)
	}
}

// first returns the first of keys, in lower or upper case, that has a value.
func first(values map[string]string, keys ...string) (key, value string, ok bool) {
	for _, key := range keys {
		for _, spelling := range []string{key, strings.ToUpper(key)} {
			if value := strings.TrimSpace(values[spelling]); value != "" {
				return spelling, values[spelling], true
			}
		}
	}
	return "", "", false
}
