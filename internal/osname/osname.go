// Package osname spells operating systems and their versions as Palette packs do.
// It is pure, so that both source plugins and selection use it.
package osname

import (
	"regexp"
	"strings"
)

// Names of the distributions whose versions need work.
const (
	ubuntu  = "ubuntu"
	flatcar = "flatcar"
	sles    = "sles"
	leap    = "opensuse-leap"
)

// distribution returns the name used in packs for a spelling (lower case, single
// spaces): one lower-case word, as Kubernetes Image Builder's tags spell it; "" for one
// that is not known.
func distribution(spelling string) string {
	switch spelling {
	case "red hat enterprise linux", "red hat enterprise linux server", "redhat enterprise linux", "red hat", "redhat", "rhel":
		return "rhel"
	case "ubuntu", "ubuntu linux", "ubuntu server":
		return ubuntu
	case "amazon linux", "amazon linux ami", "amazon-linux", "amazonlinux", "amzn":
		return "amazonlinux"
	case "flatcar", "flatcar container linux", "flatcar container linux by kinvolk":
		return flatcar
	case "azure linux", "azurelinux", "microsoft azure linux":
		return "azurelinux"
	case "photon", "photon os", "vmware photon", "vmware photon os":
		return "photon"
	case "rocky", "rocky linux", "rockylinux":
		return "rockylinux"
	case "alma linux", "almalinux":
		return "almalinux"
	case "oracle linux", "oracle linux server", "oraclelinux", "ol":
		return "oraclelinux"
	case "centos", "centos linux":
		return "centos"
	case "debian", "debian gnu/linux":
		return "debian"
	case "sles", "sle", "suse linux enterprise", "suse linux enterprise server":
		return sles
	case "windows", "windows server", "microsoft windows server", "microsoft windows", "windows server core", "microsoft windows server core":
		return "windows"
	case "opensuse leap", "opensuse-leap":
		return leap
	case "centos stream", "centos-stream":
		return "centos-stream"
	case "bottlerocket", "bottlerocket os":
		return "bottlerocket"
	case "fedora", "fedora linux":
		return "fedora"
	case "mariner", "cbl-mariner", "common base linux mariner", "cbl mariner":
		return "mariner"
	}
	return ""
}

var (
	// yearMonth is how labels that hold no dot write Ubuntu's.
	yearMonth   = regexp.MustCompile(`^(\d\d)-?(04|10)$`)
	servicePack = regexp.MustCompile(`(?i)^(\d+)[ _-]?sp ?(\d+)$`)
	codeName    = regexp.MustCompile(`(?:\s*\([^()]*\))+$`)
	// ltsYear is a year alone, all of whose long-term releases came out in April.
	ltsYear        = regexp.MustCompile(`(?i)^(\d\d)[ -]lts(?:[ -].*)?$`)
	longTerm       = regexp.MustCompile(`(?i)(?:[ -]lts)+$`)
	flatcarChannel = regexp.MustCompile(`(?i)^(?:alpha|beta|stable|lts|edge)-(\d.*)$`)
)

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
	name, known := Known(distribution)
	if !known {
		name = strings.Join(strings.Fields(strings.ToLower(distribution)), "-")
	}
	osVersion = release(name, version)
	for again := release(name, osVersion); again != osVersion; again = release(name, osVersion) {
		osVersion = again // "22.04 (Jammy) LTS" has one word behind another
	}
	return name, osVersion
}

// release leaves out or spells anew the last words of a distribution's version.
func release(name, version string) string {
	version = codeName.ReplaceAllString(strings.TrimSpace(version), "")
	switch name {
	case ubuntu:
		version = ltsYear.ReplaceAllString(version, "$1.04")
		version = longTerm.ReplaceAllString(version, "")
		version = yearMonth.ReplaceAllString(version, "$1.$2")
	case leap: // Kairos' tags have "leap-15.6"
		version = strings.TrimPrefix(strings.ToLower(version), "leap-")
	case sles:
		version = servicePack.ReplaceAllString(version, "$1.$2")
	case flatcar:
		version = flatcarChannel.ReplaceAllString(version, "$1")
	}
	return version
}

// Partial tells whether a version, as Normalize gives it, names no release: Ubuntu's
// are a year and a month, and EC2 Image Builder names the year alone.
func Partial(name, version string) bool {
	return name == ubuntu && version != "" && strings.Trim(version, "0123456789") == ""
}

// Within tells whether a version is the wanted one or a part of it: 8.8 is within 8,
// 80 is not.
func Within(version, wanted string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(version), strings.ToLower(wanted))
	return ok && (rest == "" || rest[0] == '.') && wanted != ""
}

// Known returns the name of a distribution whose spelling is known, in any case.
func Known(spelling string) (name string, ok bool) {
	name = distribution(strings.ToLower(strings.Join(strings.Fields(spelling), " ")))
	return name, name != ""
}
