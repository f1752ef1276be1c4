package compute

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// tagged are tags of a version and its definition, and what they say.
type tagged struct {
	version, definition map[string]string
	names               TagNames
	want                [3]string
	keys                [3]string
}

func (tt tagged) check(t *testing.T) {
	t.Helper()
	image := sdk.Image{Provenance: map[string]sdk.Provenance{}}
	describe(&image, tt.version, tt.definition, tt.names)
	got := [3]string{image.OSName, image.OSVersion, image.KubernetesVersion}
	keys := [3]string{
		image.Provenance["os.name"].Key, image.Provenance["os.version"].Key, image.Provenance["kubernetesVersion"].Key,
	}
	if got != tt.want || keys != tt.keys {
		t.Errorf("got %q from %q", got, keys)
	}
	for field, p := range image.Provenance {
		if from := p.Key; p.Raw == "" && field == "os.version" && tt.version[from] == "2404" {
			t.Errorf("%s: nothing tells that %s was another spelling", field, from)
		}
	}
}

func TestFacts(t *testing.T) {
	for name, tt := range map[string]tagged{
		"version's": {
			map[string]string{"distribution": "Ubuntu", "distribution_version": "2404", "kubernetes_version": "v1.31.4"}, nil, TagNames{},
			[3]string{"ubuntu", "24.04", "1.31.4"}, [3]string{"distribution", "distribution_version", "kubernetes_version"},
		},
		"definition's": {
			map[string]string{"kubernetes_version": "v1.31.4"}, map[string]string{"distribution": "rhel", "distribution_version": "8"}, TagNames{},
			[3]string{"rhel", "8", "1.31.4"}, [3]string{"definition:distribution", "definition:distribution_version", "kubernetes_version"},
		},
		"version of the same system": {
			map[string]string{"distribution": "rhel"}, map[string]string{"distribution": "rhel", "distribution_version": "8"}, TagNames{},
			[3]string{"rhel", "8", ""}, [3]string{"distribution", "definition:distribution_version", ""},
		},
		"never two systems": {
			map[string]string{"distribution": "flatcar"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2404"}, TagNames{},
			[3]string{"flatcar", "", ""}, [3]string{"distribution", "", ""},
		},
		"name of the definition, version of the version": {
			map[string]string{"distribution_version": "2404"}, map[string]string{"distribution": "ubuntu"}, TagNames{},
			[3]string{"ubuntu", "", ""}, [3]string{"definition:distribution", "", ""},
		},
		"and its own version": {
			map[string]string{"distribution_version": "2404"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, TagNames{},
			[3]string{"ubuntu", "", ""}, [3]string{"definition:distribution", "", ""},
		},
		"name of the version, version of the definition": {
			map[string]string{"distribution": "Ubuntu"}, map[string]string{"distribution_version": "2404"}, TagNames{},
			[3]string{"ubuntu", "", ""}, [3]string{"distribution", "", ""},
		},
		"Kubernetes of the definition": {
			map[string]string{"kubernetes_version": " "}, map[string]string{"Kubernetes_Version": "v1.31.4", "kubernetes_semver": ""}, TagNames{},
			[3]string{"", "", "1.31.4"}, [3]string{"", "", "definition:Kubernetes_Version"},
		},
		"Kubernetes of both": {
			map[string]string{"kubernetes_version": "1.30.0"}, map[string]string{"kubernetes_semver": "v1.31.4"}, TagNames{},
			[3]string{"", "", "1.30.0"}, [3]string{"", "", "kubernetes_version"},
		},
		"a tag without a name": {map[string]string{"": "v1.31.4"}, nil, TagNames{}, [3]string{}, [3]string{}},
	} {
		t.Run(name, tt.check)
	}
}

// Azure does not tell tags apart by letter case; where an answer has one in two, that in
// lower case wins, unless it is empty. The order of the answer changes nothing.
func TestTagsInTwoLetterCases(t *testing.T) {
	for range 20 {
		tagged{
			map[string]string{"distribution": "ubuntu", "Distribution": "rhel", "DISTRIBUTION": "flatcar", "distribution_version": "", "Distribution_Version": "22.04"}, nil, TagNames{},
			[3]string{"ubuntu", "22.04", ""}, [3]string{"distribution", "distribution_version", ""},
		}.check(t)
		tagged{
			map[string]string{"Distribution": "rhel", "a": "", "b": "", "c": "", "d": "", "e": ""}, nil, TagNames{},
			[3]string{"rhel", "", ""}, [3]string{"Distribution", "", ""},
		}.check(t)
	}
}

// Tags that the user names come before those of Kubernetes Image Builder.
func TestFactsOfOwnTags(t *testing.T) {
	own := TagNames{OSName: "osname", OSVersion: "osversion", KubernetesVersion: "k8s"}
	for name, tt := range map[string]tagged{
		"own tags": {
			map[string]string{"osname": "Ubuntu", "osversion": "2404", "k8s": "v1.30.1", "distribution": "rhel"}, nil, own,
			[3]string{"ubuntu", "24.04", "1.30.1"}, [3]string{"osname", "osversion", "k8s"},
		},
		"own name, and the version of another system": {
			map[string]string{"osname": "Ubuntu", "distribution": "rhel", "distribution_version": "8"}, nil, own,
			[3]string{"ubuntu", "", ""}, [3]string{"osname", "", ""},
		},
		"own name beside the same system": {
			map[string]string{"osname": "Ubuntu", "distribution": "ubuntu", "distribution_version": "2404"}, nil, own,
			[3]string{"ubuntu", "24.04", ""}, [3]string{"osname", "distribution_version", ""},
		},
		"own version": {
			map[string]string{"osversion": "2404"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, own,
			[3]string{"ubuntu", "", ""}, [3]string{"definition:distribution", "", ""},
		},
		"in another letter case": {
			map[string]string{"Distribution": "Ubuntu", "OSVersion": "2404", "Kubernetes_Version": "v1.31.4"}, nil, own,
			[3]string{"ubuntu", "24.04", "1.31.4"}, [3]string{"Distribution", "OSVersion", "Kubernetes_Version"},
		},
		"nothing": {map[string]string{"distribution": ""}, nil, own, [3]string{}, [3]string{}},
	} {
		t.Run(name, tt.check)
	}
}

// TestContradictions: what two places say of one system is told when it does not agree.
func TestContradictions(t *testing.T) {
	for name, tt := range map[string]struct {
		version, definition map[string]string
		want                string
		told                bool
	}{
		"agree":            {map[string]string{"distribution": "ubuntu", "distribution_version": "2404"}, map[string]string{"distribution": "Ubuntu"}, "ubuntu 24.04", false},
		"another version":  {map[string]string{"distribution_version": "2404"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, "ubuntu ", true},
		"another system":   {map[string]string{"distribution_version": "22.04"}, map[string]string{"distribution": "rhel", "distribution_version": "9"}, "rhel ", true},
		"no version there": {map[string]string{"distribution_version": "22.04"}, map[string]string{"distribution": "rhel"}, "rhel ", true},
		"two versions":     {map[string]string{"distribution_version": "22.04", "distro_version": "24.04"}, map[string]string{"distribution": "ubuntu"}, "ubuntu ", true},
		"the same version": {map[string]string{"distribution_version": "22.04"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2204"}, "ubuntu 22.04", false},
		"another name":     {map[string]string{"distribution": "flatcar"}, map[string]string{"distribution": "ubuntu", "distribution_version": "2404"}, "flatcar ", true},
		"text of two keys": {map[string]string{"os_name": "Ubuntu 22.04", "distribution": "rhel"}, nil, "rhel ", true},
	} {
		image := sdk.Image{}
		describe(&image, tt.version, tt.definition, TagNames{})
		if got := image.OSName + " " + image.OSVersion; got != tt.want || (image.Contradictions != nil) != tt.told {
			t.Errorf("%s: %q, told %q", name, got, image.Contradictions)
		}
	}
}
