package osfacts

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func TestNormalize(t *testing.T) {
	tests := []struct{ distribution, version, wantName, wantVersion string }{
		{"Ubuntu", "24.04", "ubuntu", "24.04"},
		{"ubuntu", "2404", "ubuntu", "24.04"},
		{"ubuntu", "24.04", "ubuntu", "24.04"},
		{"ubuntu", "24.04 LTS", "ubuntu", "24.04"},
		{"ubuntu", "24.04.1", "ubuntu", "24.04.1"},
		{"rhel", "8", "rhel", "8"},
		{"rhel", "8.8", "rhel", "8.8"},
		{"RHEL", "9", "rhel", "9"},
		{"Red Hat  Enterprise Linux", " 8 ", "rhel", "8"},
		{"Amazon Linux", "2023", "amazonlinux", "2023"},
		{"Amazon Linux", "2", "amazonlinux", "2"},
		{"flatcar", "", "flatcar", ""},
		{"flatcar", "stable-3815.2.0", "flatcar", "3815.2.0"},
		{"flatcar", "stable", "flatcar", "stable"},
		{"azurelinux", "3", "azurelinux", "3"},
		{"photon", "5", "photon", "5"},
		{"rockylinux", "9", "rockylinux", "9"},
		{"windows", "2022", "windows", "2022"},
		{"windows", "2019", "windows", "2019"}, // four digits, but no dot: not Ubuntu
		{"Some Thing", "1", "some-thing", "1"},
		{"", "", "", ""},
		{"", "2404", "", "2404"},
		{"sles", "15 SP5", "sles", "15.5"},
		{"SLES", "15-SP5", "sles", "15.5"},
		{"sles", "15sp5", "sles", "15.5"},
		{"sles", "15.5", "sles", "15.5"},
		{"sle", "15", "sles", "15"},
		{"ol", "8.9", "oraclelinux", "8.9"},
		{"ubuntu", "22-lts", "ubuntu", "22.04"},
		{"ubuntu", "24-04", "ubuntu", "24.04"},
		{"ubuntu", "22.04.3 LTS (Jammy Jellyfish)", "ubuntu", "22.04.3"},
		{"rhel", "8.8 (Ootpa)", "rhel", "8.8"},
	}
	for _, tt := range tests {
		name, version := Normalize(tt.distribution, tt.version)
		if name != tt.wantName || version != tt.wantVersion {
			t.Errorf("Normalize(%q, %q) = %q, %q, want %q, %q",
				tt.distribution, tt.version, name, version, tt.wantName, tt.wantVersion)
		}
	}
}

func TestFromText(t *testing.T) {
	tests := []struct {
		text, wantName, wantVersion string
		wantOK                      bool
	}{
		{"Red Hat Enterprise Linux 8", "rhel", "8", true},
		{"Red Hat Enterprise Linux release 8.8", "rhel", "8.8", true},
		{"Red Hat Enterprise Linux Server release 7.9 (Maipo)", "rhel", "7.9", true},
		{"CentOS Linux Release 7.9.2009 (Core)", "centos", "7.9.2009", true},
		{"AlmaLinux version 9.3", "almalinux", "9.3", true},
		{"release 8.8", "", "", false},
		{"Amazon Linux 2", "amazonlinux", "2", true},
		{"Ubuntu 18", "ubuntu", "18", true},
		{"Ubuntu 24.04 LTS", "ubuntu", "24.04", true},
		{"Ubuntu 2404", "ubuntu", "24.04", true},
		{"Microsoft Windows Server 2019", "windows", "2019", true},
		{"Windows Server 2012 R2", "windows", "2012-r2", true},
		{"RHEL 9", "rhel", "9", true},
		{"Debian GNU/Linux 12 (bookworm)", "debian", "12", true},
		{"ubuntu", "ubuntu", "", true},
		{"Flatcar", "flatcar", "", true},
		{"k8s 1.30 on Ubuntu 22.04", "ubuntu", "22.04", true},
		{"Ubuntu 22.04 with Kubernetes 1.30", "ubuntu", "22.04", true},
		{"Kubernetes v1.30.1, containerd 1.7.2, Red Hat Enterprise Linux 9.4", "rhel", "9.4", true},
		{"kubernetes 1.30", "", "", false},
		{"My OS 5 with k8s 1.30", "", "", false},
		{"Ubuntu 22.04 or Rocky Linux 9", "", "", false},
		{"RHEL 8 or 9", "", "", false},
		{"Ubuntu 22.04 / 24.04", "", "", false},
		{"RHEL 8 with k8s 1.30 / 1.31", "rhel", "8", true},
		{"Ubuntu 22.04 and kernel 5.15", "ubuntu", "22.04", true},
		{"Ubuntu 22.04 (Ubuntu 22.04)", "ubuntu", "22.04", true},
		{"SUSE Linux Enterprise Server 15 SP5", "sles", "15.5", true},
		{"SLES 15-SP5", "sles", "15.5", true},
		{"SLES 15.5", "sles", "15.5", true},
		{"SLES 15", "sles", "15", true},
		{"openSUSE Leap 15.6", "opensuse-leap", "15.6", true},
		{"Oracle Linux Server 8.9", "oraclelinux", "8.9", true},
		{"ol", "oraclelinux", "", true},
		{"Ubuntu 22 LTS", "ubuntu", "22.04", true},
		{"ubuntu-22-lts", "ubuntu", "22.04", true},
		{"ubuntu-22.04", "ubuntu", "22.04", true},
		{"rhel8", "rhel", "8", true},
		{"centos-stream-9", "centos-stream", "9", true},
		{"golden-7", "", "", false},
		{"Some Thing 1", "some-thing", "1", true},
		{"something", "", "", false},

		// Documented forms and words beside them.
		{"Ubuntu 22.04.3 LTS (Jammy Jellyfish)", "ubuntu", "22.04.3", true},
		{"Canonical, Ubuntu, 22.04 LTS, amd64", "ubuntu", "22.04", true},
		{"Ubuntu: 22.04", "ubuntu", "22.04", true},
		{"Ubuntu - 22.04", "ubuntu", "22.04", true},
		{"Ubuntu-22.04-LTS", "ubuntu", "22.04", true},
		{"ubuntu-20-lts-arm-rpi", "ubuntu", "20.04", true},
		{"debian-12-bookworm", "debian", "12", true},
		{"fedora-39-x86_64", "fedora", "39", true},
		{"Ubuntu 22-04", "ubuntu", "22.04", true},
		{"Ubuntu 22.04 LTS 64-bit", "ubuntu", "22.04", true},
		{"RHEL 9.4 x86_64", "rhel", "9.4", true},
		{"RHEL 9.4 arm64 web01", "rhel", "9.4", true},
		{"Red Hat Enterprise Linux (RHEL) 9.4 (Plow).", "rhel", "9.4", true},
		{"Red Hat Enterprise Linux-8", "rhel", "8", true},
		{"SLES 15 SP 5", "sles", "15.5", true},
		{"SLES 15 sp5", "sles", "15.5", true},
		{"sles-15sp5", "sles", "15.5", true},
		{"Windows Server 2012R2", "windows", "2012-r2", true},
		{"Windows Server 2012 R2 Datacenter", "windows", "2012-r2", true},
		{"Windows Server 2008 R2 SP1", "windows", "2008-r2", true},
		{"SUSE Linux Enterprise Server for SAP Applications 15 SP5", "suse-linux-enterprise-server-for-sap-applications", "15 SP5", true},
		{"RHEL 9 STIG V1R2", "rhel", "9", true},
		{"Oracle Linux 8 U9", "oraclelinux", "8", true},
		{"Bottlerocket OS 1.19.2 (aws-k8s-1.28)", "bottlerocket", "1.19.2", true},
		{"Ubuntu 22.04 kernel-5.15.0-91-generic", "ubuntu", "22.04", true},
		{"Ubuntu 22.04, kernel version 5.15, cri-o: 1.30.2", "ubuntu", "22.04", true},
		{"k8s 1.30,1.31 on RHEL 8", "rhel", "8", true},
		{"Golden rhel8", "rhel", "8", true},
		{"ubuntu 24.04 ubuntu 24.04 LTS", "ubuntu", "24.04", true},
		{"SLE Micro 5.5", "sle-micro", "5.5", true},
		{"Red Hat Enterprise Linux CoreOS 415.92", "red-hat-enterprise-linux-coreos", "415.92", true},

		// Two versions, whatever stands between them.
		{"RHEL 8, 9", "", "", false},
		{"RHEL 8 9", "", "", false},
		{"RHEL 8/9", "", "", false},
		{"RHEL 8-9", "", "", false},
		{"RHEL 8..9", "", "", false},
		{"RHEL 8 to 9", "", "", false},
		{"RHEL 8 → 9", "", "", false},
		{"RHEL 8 + 9", "", "", false},
		{"RHEL 8 and/or 9", "", "", false},
		{"RHEL 8 (9)", "", "", false},
		{"RHEL 8, v9", "", "", false},
		{"RHEL 8 el9", "", "", false},
		{"RHEL 8, ９", "", "", false},
		{"RHEL 8 with k8s 1.30, 9", "", "", false},
		{"Ubuntu 22.04 LTS or 24.04 LTS", "", "", false},
		{"Ubuntu 22.04 LTS/24.04 LTS", "", "", false},
		{"Ubuntu 22.04 (jammy),24.04", "", "", false},
		{"Ubuntu 22.04 to-24.04", "", "", false},
		{"Ubuntu 20.04 upgraded to 22.04", "", "", false},
		{"Ubuntu 20.04 (now 22.04)", "", "", false},
		{"20.04 to Ubuntu 22.04", "", "", false},
		{"Ubuntu version 22.04 version 24.04", "", "", false},
		{"SLES 15 SP5 or 15 SP6", "", "", false},
		{"SLES 15 SP5, SP6", "", "", false},
		{"SLES 15 SP5/SP6", "", "", false},
		{"SLES for SAP 15 SP5, 15 SP6", "", "", false},
		{"SLES for SAP 15 SP5, SP6", "", "", false},
		{"SLES SP5 15", "", "", false},
		{"RHEL8 RHEL9", "", "", false},
		{"rhel-8-9", "", "", false},
		{"rhel-8-to-9", "", "", false},
		{"ubuntu-22.04-server-20240501", "", "", false},
		{"ubuntu-22-24", "", "", false},
		{strings.Repeat("Ubuntu 22.04 ", 100), "", "", false},
		// More than one, as it says.
		{"RHEL 8 or later", "", "", false},
		{"RHEL >= 8", "", "", false},
		{"RHEL <9", "", "", false},
		{"RHEL 8+", "", "", false},
		{"RHEL 8.x", "", "", false},
		// Two systems.
		{"CentOS 7 on Rocky Linux 9", "", "", false},
		{"CentOS or RHEL 9", "", "", false},
		{"RHEL 9 for Ubuntu", "", "", false},
		{"My OS 5 based on Ubuntu", "", "", false},
		{"8", "", "", false},
		{"", "", "", false},
		{"  ", "", "", false},
	}
	for _, tt := range tests {
		name, version, ok := FromText(tt.text)
		if name != tt.wantName || version != tt.wantVersion || ok != tt.wantOK {
			t.Errorf("FromText(%q) = %q, %q, %v, want %q, %q, %v",
				tt.text, name, version, ok, tt.wantName, tt.wantVersion, tt.wantOK)
		}
	}
}

func TestArchitecture(t *testing.T) {
	tests := map[string]string{
		"x86_64": "amd64", "X64": "amd64", "x64": "amd64", "amd64": "amd64", "x86_64_mac": "amd64",
		"Arm64": "arm64", "arm64": "arm64", "aarch64": "arm64", "arm64_mac": "arm64",
		"i386": "386", "ppc64le": "ppc64le", "RISCV64": "riscv64", " s390x ": "s390x", "": "",
	}
	for raw, want := range tests {
		if got := Architecture(raw); got != want {
			t.Errorf("Architecture(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestKubernetesVersion(t *testing.T) {
	tests := map[string]string{
		"v1.30.1": "1.30.1", "1.30.1": "1.30.1", " v1.30.1 ": "1.30.1", "v1-30-1": "1.30.1",
		"v1.30.1+rke2r1": "1.30.1+rke2r1", "v1.31.0-rc.1": "1.31.0-rc.1",
		"v1-31-0-rc-1": "1.31.0-rc.1", "v1-30-1-rke2r1": "1.30.1+rke2r1", "v1-30-1-k3s1": "1.30.1+k3s1",
		"v1-30-4-rc-1-rke2r1": "1.30.4-rc.1+rke2r1", "v1-30-4-rc1-rke2r1": "1.30.4-rc1+rke2r1", "v1-30-4-beta-0-k3s2": "1.30.4-beta.0+k3s2",
		// A dash of these may be a dot, a plus or itself.
		"v1-30-4-gke-1234": "1-30-4-gke-1234", "v1-30-4-1": "1-30-4-1", "v1-30-4-rke2r1-rc-1": "1-30-4-rke2r1-rc-1", "v1-30-4-": "1-30-4-",
		"": "", "v": "v", "vanilla": "vanilla",
	}
	for raw, want := range tests {
		if got := KubernetesVersion(raw); got != want {
			t.Errorf("KubernetesVersion(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestFromKIB(t *testing.T) {
	tests := []struct {
		name   string
		values map[string]string
		from   string
		want   Facts
	}{
		{
			name: "tags of an AMI",
			values: map[string]string{
				"arch": "x86_64", "distribution": "Ubuntu", "distribution_release": "noble",
				"distribution_version": "24.04", "kubernetes_version": "v1.34.3",
			},
			from: "tag",
			want: Facts{
				OSName: "ubuntu", OSVersion: "24.04", KubernetesVersion: "1.34.3", Architecture: "amd64",
				Provenance: map[string]sdk.Provenance{
					"os.name":           {From: "tag", Key: "distribution", Raw: "Ubuntu"},
					"os.version":        {From: "tag", Key: "distribution_version"},
					"kubernetesVersion": {From: "tag", Key: "kubernetes_version", Raw: "v1.34.3"},
					"architecture":      {From: "tag", Key: "arch", Raw: "x86_64"},
				},
			},
		},
		{
			name: "labels on Google Cloud",
			values: map[string]string{
				"distribution": "ubuntu", "distribution_version": "2404", "kubernetes_version": "v1-30-1",
			},
			from: "label",
			want: Facts{
				OSName: "ubuntu", OSVersion: "24.04", KubernetesVersion: "1.30.1",
				Provenance: map[string]sdk.Provenance{
					"os.name":           {From: "label", Key: "distribution"},
					"os.version":        {From: "label", Key: "distribution_version", Raw: "2404"},
					"kubernetesVersion": {From: "label", Key: "kubernetes_version", Raw: "v1-30-1"},
				},
			},
		},
		{
			name: "custom_data of an OVA",
			values: map[string]string{
				"distro_name": "rhel", "distro_version": "9", "distro_arch": "amd64", "os_name": "RHEL 9",
				"kubernetes_semver": "v1.34.3", "kubernetes_typed_version": "kube-v1.34.3",
			},
			from: "custom_data",
			want: Facts{
				OSName: "rhel", OSVersion: "9", KubernetesVersion: "1.34.3", Architecture: "amd64",
				Provenance: map[string]sdk.Provenance{
					"os.name":           {From: "custom_data", Key: "distro_name"},
					"os.version":        {From: "custom_data", Key: "distro_version"},
					"kubernetesVersion": {From: "custom_data", Key: "kubernetes_semver", Raw: "v1.34.3"},
					"architecture":      {From: "custom_data", Key: "distro_arch"},
				},
			},
		},
		{
			name:   "custom_data on Azure has an empty os_name",
			values: map[string]string{"os_name": "", "kubernetes_semver": "v1.34.3"},
			from:   "custom_data",
			want: Facts{
				KubernetesVersion: "1.34.3",
				Provenance: map[string]sdk.Provenance{
					"kubernetesVersion": {From: "custom_data", Key: "kubernetes_semver", Raw: "v1.34.3"},
				},
			},
		},
		{
			name:   "free text",
			values: map[string]string{"os_name": "Ubuntu 24.04"},
			from:   "custom_data",
			want: Facts{
				OSName: "ubuntu", OSVersion: "24.04",
				Provenance: map[string]sdk.Provenance{
					"os.name":    {From: "custom_data", Key: "os_name", Raw: "Ubuntu 24.04"},
					"os.version": {From: "custom_data", Key: "os_name", Raw: "Ubuntu 24.04"},
				},
			},
		},
		{
			name:   "free text of another distribution lends no version",
			values: map[string]string{"distribution": "flatcar", "os_name": "Ubuntu 24.04"},
			from:   "tag",
			want: Facts{
				OSName:         "flatcar",
				Provenance:     map[string]sdk.Provenance{"os.name": {From: "tag", Key: "distribution"}},
				Contradictions: []string{"tag os_name says ubuntu 24.04, tag distribution says flatcar, and its version is not known"},
			},
		},
		{
			name:   "OVF properties",
			values: map[string]string{"DISTRO_NAME": "photon", "DISTRO_VERSION": "5", "DISTRO_ARCH": "amd64"},
			from:   "tag",
			want: Facts{
				OSName: "photon", OSVersion: "5", Architecture: "amd64",
				Provenance: map[string]sdk.Provenance{
					"os.name":      {From: "tag", Key: "DISTRO_NAME"},
					"os.version":   {From: "tag", Key: "DISTRO_VERSION"},
					"architecture": {From: "tag", Key: "DISTRO_ARCH"},
				},
			},
		},
		{
			name:   "names are never read",
			values: map[string]string{"Name": "capa-ami-ubuntu-24.04-v1.34.3", "build_name": "ubuntu-24.04"},
			from:   "tag",
			want:   Facts{Provenance: map[string]sdk.Provenance{}},
		},
		{name: "nothing", from: "tag", want: Facts{Provenance: map[string]sdk.Provenance{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, FromKIB(tt.values, tt.from)); diff != "" {
				t.Errorf("FromKIB (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("Ubuntu", "2404")
	f.Add("flatcar", "stable-3815.2.0")
	f.Add("sles", "15 SP5 (x) (y)")
	f.Add("ubuntu", "22 LTS lts")
	f.Fuzz(func(t *testing.T, distribution, version string) {
		name, osVersion := Normalize(distribution, version)
		again, versionAgain := Normalize(name, osVersion)
		if again != name || versionAgain != osVersion {
			t.Errorf("Normalize is not stable: %q %q, then %q %q", name, osVersion, again, versionAgain)
		}
	})
}

// FuzzFromText: what is read of a text is no longer read when a second version follows.
func FuzzFromText(f *testing.F) {
	f.Add("Ubuntu 22.04 LTS", " or ", "24.04")
	f.Add("rhel-8", "/", "9.4")
	f.Add("SLES 15 SP5", ", ", "15 SP6")
	f.Fuzz(func(t *testing.T, text, between, number string) {
		name, version, ok := FromText(text)
		if !ok && name+version != "" {
			t.Errorf("%q: %q %q", text, name, version)
		}
		if _, known := osname.Known(name); !ok || !known || version == "" || !regexp.MustCompile(`^[1-9]\d?\.\d\d$`).MatchString(number) {
			return
		}
		if strings.ContainsFunc(between, func(r rune) bool { return !strings.ContainsRune(" ,;/|&+-()→", r) }) || between == "" {
			return
		}
		if _, again, ok := FromText(text + between + number); ok && again == version {
			t.Errorf("%q: %q", text+between+number, again)
		}
	})
}
