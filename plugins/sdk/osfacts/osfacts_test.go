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

type kib struct {
	name   string
	values map[string]string
	from   string
	want   Facts
}

func fromKIB(t *testing.T, tests ...kib) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, FromKIB(tt.values, tt.from)); diff != "" {
				t.Errorf("FromKIB (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromKIB(t *testing.T) {
	fromKIB(t,
		kib{
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
		kib{
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
		kib{
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
	)
}

func TestFromKIBOfLittle(t *testing.T) {
	fromKIB(t,
		kib{
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
		kib{
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
		kib{
			name:   "free text of another distribution lends no version",
			values: map[string]string{"distribution": "flatcar", "os_name": "Ubuntu 24.04"},
			from:   "tag",
			want: Facts{
				OSName:         "flatcar",
				Provenance:     map[string]sdk.Provenance{"os.name": {From: "tag", Key: "distribution"}},
				Contradictions: []string{"tag os_name says ubuntu 24.04, tag distribution says flatcar, and its version is not known"},
			},
		},
		kib{
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
		kib{
			name:   "names are never read",
			values: map[string]string{"Name": "capa-ami-ubuntu-24.04-v1.34.3", "build_name": "ubuntu-24.04"},
			from:   "tag",
			want:   Facts{Provenance: map[string]sdk.Provenance{}},
		},
		kib{name: "nothing", from: "tag", want: Facts{Provenance: map[string]sdk.Provenance{}}},
	)
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
