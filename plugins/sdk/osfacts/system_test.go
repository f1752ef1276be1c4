package osfacts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// at returns the statement of one place.
func at(place, name, version string) osfacts.Statement {
	said := func(text, key string) osfacts.Said {
		if text == "" {
			return osfacts.Said{}
		}
		return osfacts.Said{Text: text, From: sdk.Provenance{From: place, Key: key}}
	}
	return osfacts.Statement{Name: said(name, "name"), Version: said(version, "version")}
}

// TestTogether: a version belongs to the name beside it, and what does not agree is told.
type togetherTest struct {
	name       string
	statements []osfacts.Statement
	want       string   // name and version
	from       string   // places of both
	told       []string // words of each contradiction
}

func together(t *testing.T, tests ...togetherTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := osfacts.Together(test.statements...)
			if got := s.Name + " " + s.Version; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := s.NameFrom.From + " " + s.VersionFrom.From; got != test.from {
				t.Errorf("from %q, want %q", got, test.from)
			}
			if len(s.Contradictions) != len(test.told) {
				t.Fatalf("told: %q", s.Contradictions)
			}
			for i, words := range test.told {
				if !strings.Contains(s.Contradictions[i], words) {
					t.Errorf("told: %q, want %q", s.Contradictions[i], words)
				}
			}
		})
	}
}

func TestTogether(t *testing.T) {
	together(t,
		togetherTest{"nothing", nil, " ", " ", nil},
		togetherTest{"one place", []osfacts.Statement{at("label", "Ubuntu", "2404")}, "ubuntu 24.04", "label label", nil},
		togetherTest{"the first place counts", []osfacts.Statement{at("label", "ubuntu", "22.04"), at("file", "ubuntu", "24.04")},
			"ubuntu 22.04", "label label", []string{"file name says ubuntu, file version says 24.04"}},
		togetherTest{"a name alone takes the version of the same name", []osfacts.Statement{at("tag", "ubuntu", ""), at("file", "Ubuntu", "24.04")},
			"ubuntu 24.04", "tag file", nil},
		togetherTest{"a name alone takes none of another", []osfacts.Statement{at("tag", "ubuntu", ""), at("file", "rhel", "8")},
			"ubuntu ", "tag ", []string{"file name says rhel, file version says 8, tag name says ubuntu, and its version is not known"}},
		togetherTest{"nor one that has no name", []osfacts.Statement{at("tag", "ubuntu", ""), at("label", "", "8")},
			"ubuntu ", "tag ", []string{"label version says 8 without a name"}},
		togetherTest{"whatever comes first", []osfacts.Statement{at("label", "", "8"), at("tag", "ubuntu", "")},
			"ubuntu ", "tag ", []string{"label version says 8 without a name"}},
		togetherTest{"nor gets one whose version is another", []osfacts.Statement{at("label", "", "8"), at("file", "ubuntu", "22.04")},
			"ubuntu ", "file ", []string{"label version says 8 without a name, file name says ubuntu, and its version is not known", "file name says ubuntu, file version says 22.04"}},
		togetherTest{"also behind it", []osfacts.Statement{at("file", "rhel", "9"), at("label", "", "22.04")},
			"rhel ", "file ", []string{"file version says 9", "label version says 22.04 without a name"}},
		togetherTest{"a code name may be that of the number", []osfacts.Statement{at("tag", "", "bookworm"), at("label", "debian", "12")}, "debian 12", "label label", nil},
		togetherTest{"but not of another code name", []osfacts.Statement{at("tag", "", "noble"), at("label", "ubuntu", "jammy")},
			"ubuntu ", "label ", []string{"tag version says noble", "label version says jammy"}},
		togetherTest{"Leap is one", []osfacts.Statement{at("tag", "", "leap-15.6"), at("label", "opensuse-leap", "15.6")}, "opensuse-leap 15.6", "label label", nil},
		togetherTest{"a version that is the same is no contradiction", []osfacts.Statement{at("label", "", "2204"), at("file", "ubuntu", "22.04")},
			"ubuntu 22.04", "file file", nil},
		togetherTest{"nobody tells a name", []osfacts.Statement{at("label", "", "22.04"), at("file", "", "22.04")}, " 22.04", " label", nil},
		togetherTest{"nor the same version", []osfacts.Statement{at("label", "", "22.04"), at("file", "", "8")}, " ", " ", []string{"label version says 22.04 without a name, and the version is not known", "file version says 8"}},
	)
}

func TestTogetherOfRarerPlaces(t *testing.T) {
	together(t,
		togetherTest{"all that is believed is told", []osfacts.Statement{at("label", "ubuntu", "22.04"), at("file", "ubuntu", "24.04")},
			"ubuntu 22.04", "label label", []string{"file name says ubuntu, file version says 24.04, label name says ubuntu, label version says 22.04, which is believed"}},
		togetherTest{"a name alone is another", []osfacts.Statement{at("tag", "ubuntu", "22.04"), at("file", "rhel", "")}, "ubuntu 22.04", "tag tag", []string{"file name says rhel, tag name says ubuntu"}},
		togetherTest{"a part of a version", []osfacts.Statement{at("tag", "rhel", "8.8"), at("file", "rhel", "8")}, "rhel 8.8", "tag tag", nil},
		togetherTest{"more of a version", []osfacts.Statement{at("tag", "rhel", "8"), at("file", "rhel", "8.8")}, "rhel 8", "tag tag", nil},
		togetherTest{"a code name beside its name", []osfacts.Statement{at("tag", "debian", "12"), at("file", "debian", "bookworm")}, "debian 12", "tag tag", []string{"file version says bookworm"}},
		togetherTest{"one name twice", []osfacts.Statement{at("tag", "ubuntu", "Ubuntu 24.04")}, "ubuntu 24.04", "tag tag", nil},
		togetherTest{"a version that is a name", []osfacts.Statement{at("tag", "Acme", "ubuntu")}, "acme ubuntu", "tag tag", nil},
		togetherTest{"numbers in a name", []osfacts.Statement{at("tag", "Acme 5 or 6", "")}, "acme-5-or-6 ", "tag ", nil},
	)
}

func TestTogetherOfOneText(t *testing.T) {
	together(t,
		togetherTest{"two versions in a name", []osfacts.Statement{at("label", "Ubuntu 22.04 LTS or 24.04 LTS", "")},
			" ", " ", []string{`label name says "Ubuntu 22.04 LTS or 24.04 LTS", which is not one system`}},
		togetherTest{"with a version beside", []osfacts.Statement{at("label", "RHEL 8, 9", "8")},
			" 8", " label", []string{`label name says "RHEL 8, 9"`}},
		togetherTest{"two versions in a version", []osfacts.Statement{at("label", "rhel", "8 or 9")},
			"rhel ", "label ", []string{`label version says "8 or 9", which is not one system`}},
		togetherTest{"beside one in the name", []osfacts.Statement{at("label", "Ubuntu 22.04", "22.04 LTS, 24.04 LTS")},
			"ubuntu ", "label ", []string{`label version says "22.04 LTS, 24.04 LTS"`}},
		togetherTest{"two systems", []osfacts.Statement{at("label", "RHEL or CentOS", ""), at("file", "rhel", "9")},
			"rhel 9", "file file", []string{`label name says "RHEL or CentOS"`}},
		togetherTest{"a name of one's own", []osfacts.Statement{at("label", "Acme OS2 (hardened)", "5.1-rc.2 lab")}, "acme-os2-(hardened) 5.1-rc.2 lab", "label label", nil},
		togetherTest{"text in a name", []osfacts.Statement{at("label", "Ubuntu 22.04", "")}, "ubuntu 22.04", "label label", nil},
		togetherTest{"text in a version", []osfacts.Statement{at("label", "", "Red Hat Enterprise Linux 8")}, "rhel 8", "label label", nil},
		togetherTest{"text and version agree", []osfacts.Statement{at("label", "Ubuntu 22.04", "2204")}, "ubuntu 22.04", "label label", nil},
		togetherTest{"the version says more", []osfacts.Statement{at("label", "RHEL 8", "8.8")}, "rhel 8.8", "label label", nil},
		togetherTest{"text and version do not agree", []osfacts.Statement{at("label", "Ubuntu 22.04", "2404")},
			"ubuntu ", "label ", []string{"label name says ubuntu 22.04 but label version says 2404"}},
		togetherTest{"and another place knows", []osfacts.Statement{at("label", "Ubuntu 22.04", "2404"), at("file", "ubuntu", "24.04")},
			"ubuntu 24.04", "label file", []string{"label name says ubuntu 22.04"}},
		togetherTest{"names do not agree in one place", []osfacts.Statement{at("label", "ubuntu", "Red Hat Enterprise Linux 8")},
			"ubuntu ", "label ", []string{"label name says ubuntu but label version says rhel 8"}},
		togetherTest{"service packs are one", []osfacts.Statement{at("tag", "SLES", "15 SP5"), at("label", "sles", "15-SP5"), at("file", "sles", "15.5")},
			"sles 15.5", "tag tag", nil},
		togetherTest{"Oracle Linux is one", []osfacts.Statement{at("tag", "Oracle Linux", ""), at("file", "ol", "8.9")}, "oraclelinux 8.9", "tag file", nil},
		togetherTest{"a year is no release", []osfacts.Statement{at("api", "Ubuntu 24", ""), at("file", "ubuntu", "24.04")}, "ubuntu 24.04", "api file", nil},
		togetherTest{"a release of the year that has a name", []osfacts.Statement{at("tag", "", "2404"), at("api", "Ubuntu 24", "")}, "ubuntu 24.04", "api tag", nil},
		togetherTest{"but not two", []osfacts.Statement{at("tag", "", "24.04"), at("api", "Ubuntu 24", ""), at("label", "", "24.10")},
			"ubuntu ", "api ", []string{"tag version says 24.04 without a name", "api name says ubuntu 24", "label version says 24.10 without a name"}},
		togetherTest{"no name is lent", []osfacts.Statement{at("tag", "", "2404"), at("config", "ubuntu", "")},
			"ubuntu ", "config ", []string{"tag version says 2404 without a name"}},
	)
}

// TestIn: all of a map stands beside each other, and each kind of keys by itself.
func TestIn(t *testing.T) {
	tests := []struct {
		name   string
		values map[string]string
		want   string
		told   bool
	}{
		{"own keys", map[string]string{"os": "RHEL", "release": "9"}, "rhel 9", false},
		{"own text", map[string]string{"os": "Red Hat Enterprise Linux 8"}, "rhel 8", false},
		{"text in a distribution", map[string]string{"distro_name": "Ubuntu 24.04"}, "ubuntu 24.04", false},
		{"an own version beside the name of others", map[string]string{"release": "2404", "distribution": "Ubuntu"}, "ubuntu 24.04", false},
		{"and beside their version", map[string]string{"release": "2404", "distribution": "Ubuntu", "distribution_version": "2204"}, "ubuntu 24.04", true},
		{"an own name beside the version of others", map[string]string{"os": "ubuntu", "distribution_version": "2404"}, "ubuntu 24.04", false},
		{"an own name beside another system", map[string]string{"os": "ubuntu", "distribution": "rhel", "distribution_version": "8"}, "ubuntu ", true},
		{"two kinds of keys", map[string]string{"distribution": "ubuntu", "distro_name": "rhel", "distro_version": "8"}, "ubuntu ", true},
		{"a version of neither kind", map[string]string{"distribution_version": "24.04", "distro_name": "rhel", "distro_version": "8"}, "rhel ", true},
		{"two versions without a name", map[string]string{"distribution_version": "22.04", "distro_version": "24.04"}, " ", true},
		{"and with one elsewhere", map[string]string{"distribution_version": "22.04", "distro_version": "24.04", "os_name": "ubuntu"}, "ubuntu ", true},
		{"the same version twice", map[string]string{"distribution_version": "2404", "distro_version": "24.04", "os_name": "ubuntu"}, "ubuntu 24.04", false},
		{"two letter cases", map[string]string{"distro_name": "ubuntu", "DISTRO_NAME": "rhel", "DISTRO_VERSION": "8"}, "ubuntu ", true},
		{"a text of two versions", map[string]string{"distro_name": "RHEL 8 or 9", "distribution": "rhel"}, "rhel ", true},
		{"and the version beside it", map[string]string{"distro_name": "RHEL 8 or 9", "distro_version": "8", "distribution": "rhel"}, "rhel ", true},
		{"a text of two versions alone", map[string]string{"os": "RHEL 8 or 9"}, " ", true},
		{"nothing", map[string]string{"": "rhel 8", "os": " "}, " ", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := osfacts.Together(osfacts.In(test.values, "tag", osfacts.Keys{OSName: "os", OSVersion: "release"})...)
			if got := s.Name + " " + s.Version; got != test.want || (s.Contradictions != nil) != test.told {
				t.Errorf("got %q, told %q", got, s.Contradictions)
			}
		})
	}
	with := osfacts.Together(osfacts.In(map[string]string{"release": "2404", "distribution": "Ubuntu"}, "tag", osfacts.Keys{OSVersion: "release"})...)
	want := []sdk.Provenance{{From: "tag", Key: "distribution", Raw: "Ubuntu"}, {From: "tag", Key: "release", Raw: "2404"}}
	if diff := cmp.Diff(want, []sdk.Provenance{with.NameFrom, with.VersionFrom}); diff != "" {
		t.Error(diff)
	}
}

// TestTogetherOfAll: whatever places say, name and version are those of one place, and a
// version without a name that is another leaves none.
func TestTogetherOfAll(t *testing.T) {
	names, versions := []string{"", "ubuntu", "Ubuntu 22.04", "rhel"}, []string{"", "8", "2204", "24.04"}
	var all []osfacts.Statement
	for _, name := range names {
		for _, version := range versions {
			all = append(all, at("x", name, version))
		}
	}
	for _, a := range all {
		for _, b := range all {
			for _, c := range all {
				s := osfacts.Together(a, b, c)
				if s.Name == "" || s.Version == "" {
					continue
				}
				if !slices.ContainsFunc([]osfacts.Statement{a, b, c}, func(one osfacts.Statement) bool {
					alone := osfacts.Together(one)
					return alone.Name == s.Name && alone.Version == s.Version
				}) {
					t.Fatalf("%v %v %v: %s %s", a, b, c, s.Name, s.Version)
				}
				if slices.ContainsFunc([]osfacts.Statement{a, b, c}, func(one osfacts.Statement) bool {
					alone := osfacts.Together(one)
					_, version := osfacts.Normalize(s.Name, alone.Version)
					return alone.Name == "" && version != "" && version != s.Version
				}) {
					t.Fatalf("%v %v %v: %s %s beside a version of no name", a, b, c, s.Name, s.Version)
				}
			}
		}
	}
}
