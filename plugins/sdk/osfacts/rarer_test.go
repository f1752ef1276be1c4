package osfacts

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestRarerTexts: what stands beside a system and its version.
func TestRarerTexts(t *testing.T) {
	fromText(t,
		textTest{"Ubuntu release 22.04 with kubernetes 1.30", "ubuntu", "22.04", true},
		textTest{"Acme 5 kernel web01", "acme", "5", true},
		textTest{"Windows Server 2012 SP1 x86_64", "windows", "2012", true},
	)
	noSystem(t,
		"Acme 5 or later", "Acme 5 R2", "Ubuntu Debian 12", "Ubuntu 22.04, k8s 1, 1.30", "RHEL 8 SP 5", "SLES 15 with 5", "Windows Server 2019 8",
	)
}

// TestSeveralVersions of one text leave none.
func TestSeveralVersions(t *testing.T) {
	for text, want := range map[string]bool{
		"8": false, "8.8 (Ootpa)": false, "15 SP5": false, "15 SP 5": false, "22.04 64-bit": false, "9.4 kernel-5.15": false,
		"8 or later": true, "8->9": true, "8/9": true, "15 SP5 SP6": true, "15 SP 5 SP 6": true, "8 el9": true, "8 9": true,
	} {
		s := Together(Statement{Name: Said{"acme", sdk.Provenance{From: "tag"}}, Version: Said{text, sdk.Provenance{From: "tag"}}})
		if s.Name != "acme" || (s.Version == "") != want || (len(s.Contradictions) == 1) != want {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

// TestStatementsOfAMap: what has no name beside it belongs to the first name of the map,
// wherever that stands, and is told from there.
func TestStatementsOfAMap(t *testing.T) {
	said := func(text, key, raw string) Said { return Said{text, sdk.Provenance{From: "tag", Key: key, Raw: raw}} }
	for name, tt := range map[string]struct {
		values map[string]string
		keys   Keys
		want   []Statement
	}{
		"nothing":          {nil, Keys{OSName: "os", OSVersion: "release"}, nil},
		"blanks":           {map[string]string{"os": " ", "release": "\t", "os_name": ""}, Keys{OSName: "os", OSVersion: "release"}, nil},
		"a key of no name": {map[string]string{"": "rhel 8"}, Keys{}, nil},
		"a version alone":  {map[string]string{"distro_version": "8"}, Keys{}, []Statement{{Version: said("8", "distro_version", "")}}},
		"a name in the key of a version": {map[string]string{"release": "Ubuntu 24.04", "distribution_version": "24.04"}, Keys{OSVersion: "release"}, []Statement{
			{Version: said("Ubuntu 24.04", "release", "")},
			{Name: said("ubuntu", "release", "Ubuntu 24.04"), Version: said("24.04", "distribution_version", "")},
		}},
		"the user's key, and others": {map[string]string{"release": "2404", "distribution": "Ubuntu", "distro_version": "24.04"}, Keys{OSVersion: "release"}, []Statement{
			{Name: said("ubuntu", "distribution", "Ubuntu"), Version: said("2404", "release", "")},
			{Name: said("Ubuntu", "distribution", "")},
			{Name: said("ubuntu", "distribution", "Ubuntu"), Version: said("24.04", "distro_version", "")},
		}},
	} {
		got := In(tt.values, "tag", tt.keys)
		if len(got)+len(tt.want) == 0 {
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestASystemWithoutAName takes out the name that stood there, and adds to what is doubted.
func TestASystemWithoutAName(t *testing.T) {
	image := sdk.Image{OSName: "rhel", Provenance: map[string]sdk.Provenance{FieldOSName: {From: "old"}}, Contradictions: []string{"first"}}
	system := Together(Statement{Version: Said{"8", sdk.Provenance{From: "tag", Key: "v"}}})
	system.Contradictions = []string{"second"}
	system.Describe(&image)
	want := sdk.Image{OSVersion: "8", Provenance: map[string]sdk.Provenance{FieldOSVersion: {From: "tag", Key: "v"}}, Contradictions: []string{"first", "second"}}
	if diff := cmp.Diff(want, image); diff != "" {
		t.Error(diff)
	}
}

// TestOnePlaceOfNameAndVersion is named once, as of a file that has both.
func TestOnePlaceOfNameAndVersion(t *testing.T) {
	file, label := sdk.Provenance{From: "file", Key: "/etc/os-release"}, sdk.Provenance{From: "label", Key: "os"}
	got := Together(Statement{Name: Said{"rhel", label}}, Statement{Name: Said{"Ubuntu", file}, Version: Said{"2404", file}}).Contradictions
	want := []string{"file /etc/os-release says ubuntu 24.04, label os says rhel, and its version is not known"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
