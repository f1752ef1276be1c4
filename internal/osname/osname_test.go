package osname_test

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
)

// spellings are those of os-release, of Image Builder's and the clouds' labels, by the
// name that packs have.
func spellings() map[string][]string {
	return map[string][]string{
		"rhel":          {"RHEL", "Red Hat Enterprise Linux", "Red Hat Enterprise Linux Server", "RedHat Enterprise Linux", "Red Hat", "RedHat"},
		"ubuntu":        {"Ubuntu", "Ubuntu Linux", "Ubuntu Server"},
		"amazonlinux":   {"Amazon Linux", "Amazon Linux AMI", "amazon-linux", "AmazonLinux", "amzn"},
		"flatcar":       {"Flatcar", "Flatcar Container Linux", "Flatcar Container Linux by Kinvolk"},
		"azurelinux":    {"Azure Linux", "AzureLinux", "Microsoft Azure Linux"},
		"photon":        {"photon", "Photon OS", "VMware Photon", "VMware Photon OS"},
		"rockylinux":    {"rocky", "Rocky Linux", "RockyLinux"},
		"almalinux":     {"Alma Linux", "AlmaLinux"},
		"oraclelinux":   {"ol", "Oracle Linux", "Oracle Linux Server", "OracleLinux"},
		"centos":        {"CentOS", "CentOS Linux"},
		"centos-stream": {"CentOS Stream", "centos-stream"},
		"debian":        {"Debian", "Debian GNU/Linux"},
		"sles":          {"SLES", "SLE", "SUSE Linux Enterprise", "SUSE Linux Enterprise Server"},
		"opensuse-leap": {"openSUSE Leap", "opensuse-leap"},
		"bottlerocket":  {"bottlerocket", "Bottlerocket OS"},
		"fedora":        {"Fedora", "Fedora Linux"},
		"mariner":       {"Mariner", "CBL-Mariner", "CBL Mariner", "Common Base Linux Mariner"},
		"windows": {
			"Windows", "Windows Server", "Microsoft Windows", "Microsoft Windows Server", "Windows Server Core", "Microsoft Windows Server Core",
		},
	}
}

func TestSpellings(t *testing.T) {
	for want, all := range spellings() {
		for _, spelling := range all {
			for _, as := range []string{spelling, strings.ToUpper(spelling), "\t" + strings.ReplaceAll(spelling, " ", "  ") + " "} {
				if name, ok := osname.Known(as); name != want || !ok {
					t.Errorf("%q: got %q, %v, want %s", as, name, ok, want)
				}
				if name, _ := osname.Normalize(as, ""); name != want {
					t.Errorf("%q: got %q, want %s", as, name, want)
				}
			}
		}
	}
	if name, ok := osname.Known("amazon river"); name != "" || ok {
		t.Errorf("got %q, %v", name, ok)
	}
}

func TestNormalize(t *testing.T) {
	for in, want := range map[[2]string][2]string{
		{"Red Hat Enterprise Linux", "8"}: {"rhel", "8"},
		{"rhel", "2404"}:                  {"rhel", "2404"},
		{"rhel", "8 LTS"}:                 {"rhel", "8 LTS"},
		{"rhel", "9.4 (Plow)"}:            {"rhel", "9.4"},
		{"debian", "12 (bookworm) (x)"}:   {"debian", "12"},
		{"debian", "12\u00a0(bookworm)"}:  {"debian", "12"},
		{"debian", "(12) 13"}:             {"debian", "(12) 13"},
		{"Ubuntu", "2404"}:                {"ubuntu", "24.04"},
		{"ubuntu", "24-10"}:               {"ubuntu", "24.10"},
		{"ubuntu", "2405"}:                {"ubuntu", "2405"},
		{"ubuntu", "24.04 LTS"}:           {"ubuntu", "24.04"},
		{"ubuntu", "24.04-lts LTS"}:       {"ubuntu", "24.04"},
		{"ubuntu", "22.04  LTS"}:          {"ubuntu", "22.04"},
		{"ubuntu", "22.04 (Jammy) LTS"}:   {"ubuntu", "22.04"},
		{"ubuntu", "22 LTS"}:              {"ubuntu", "22.04"},
		{"ubuntu", "22-lts-gen2 x"}:       {"ubuntu", "22.04"},
		{"ubuntu", "22"}:                  {"ubuntu", "22"},
		{"flatcar", "Stable-3815.2.0"}:    {"flatcar", "3815.2.0"},
		{"flatcar", "alpha-3815.2.0"}:     {"flatcar", "3815.2.0"},
		{"flatcar", "beta-3815.2.0"}:      {"flatcar", "3815.2.0"},
		{"flatcar", "lts-3815.2.0"}:       {"flatcar", "3815.2.0"},
		{"flatcar", "edge-3815.2.0"}:      {"flatcar", "3815.2.0"},
		{"flatcar", "stable"}:             {"flatcar", "stable"},
		{"sles", "15 SP5"}:                {"sles", "15.5"},
		{"sles", "15-sp 6"}:               {"sles", "15.6"},
		{"sles", "15"}:                    {"sles", "15"},
		{"openSUSE Leap", "Leap-15.6"}:    {"opensuse-leap", "15.6"},
		{"rhel", "leap-15 sp6"}:           {"rhel", "leap-15 sp6"},
		{"My  Own OS", " 1 "}:             {"my-own-os", "1"},
		{"", ""}:                          {"", ""},
	} {
		name, version := osname.Normalize(in[0], in[1])
		if got := [2]string{name, version}; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// What is spelled as packs do stays as it is, whatever it was made of.
func FuzzNormalizeIsFinal(f *testing.F) {
	for name := range spellings() {
		f.Add(name, "22.04 (Jammy) LTS (x)")
	}
	f.Add("flatcar", "stable-stable-3815.2.0 lts")
	f.Add("sles", "15 SP5 SP6")
	f.Fuzz(func(t *testing.T, distribution, version string) {
		name, as := osname.Normalize(distribution, version)
		if again, same := osname.Normalize(name, as); again != name || same != as {
			t.Errorf("%q %q is %q %q, and that %q %q", distribution, version, name, as, again, same)
		}
	})
}

func TestPartial(t *testing.T) {
	for _, test := range []struct {
		name, version string
		want          bool
	}{{"ubuntu", "24", true}, {"ubuntu", "24.04", false}, {"ubuntu", "", false}, {"ubuntu", "noble", false}, {"rhel", "8", false}, {"", "24", false}} {
		if got := osname.Partial(test.name, test.version); got != test.want {
			t.Errorf("%s %s: %v", test.name, test.version, got)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, test := range []struct {
		version, wanted string
		want            bool
	}{
		{"8.8", "8", true}, {"8", "8", true}, {"Leap 15.6", "leap 15", true}, {"leap 15", "LEAP 15", true},
		{"80", "8", false}, {"8", "8.8", false}, {"8", "", false}, {"", "", false}, {"", "8", false}, {".8", "", false},
	} {
		if got := osname.Within(test.version, test.wanted); got != test.want {
			t.Errorf("%q within %q: %v", test.version, test.wanted, got)
		}
	}
}
