package osfacts

import (
	"strings"
	"testing"
)

type textTest struct {
	text, wantName, wantVersion string
	wantOK                      bool
}

func fromText(t *testing.T, tests ...textTest) {
	t.Helper()
	for _, tt := range tests {
		name, version, ok := FromText(tt.text)
		if name != tt.wantName || version != tt.wantVersion || ok != tt.wantOK {
			t.Errorf("FromText(%q) = %q, %q, %v, want %q, %q, %v",
				tt.text, name, version, ok, tt.wantName, tt.wantVersion, tt.wantOK)
		}
	}
}

func noSystem(t *testing.T, texts ...string) {
	t.Helper()
	for _, of := range texts {
		fromText(t, textTest{text: of})
	}
}

func TestFromText(t *testing.T) {
	fromText(t,
		textTest{"Red Hat Enterprise Linux 8", "rhel", "8", true},
		textTest{"Red Hat Enterprise Linux release 8.8", "rhel", "8.8", true},
		textTest{"Red Hat Enterprise Linux Server release 7.9 (Maipo)", "rhel", "7.9", true},
		textTest{"CentOS Linux Release 7.9.2009 (Core)", "centos", "7.9.2009", true},
		textTest{"AlmaLinux version 9.3", "almalinux", "9.3", true},
		textTest{"release 8.8", "", "", false},
		textTest{"Amazon Linux 2", "amazonlinux", "2", true},
		textTest{"Ubuntu 18", "ubuntu", "18", true},
		textTest{"Ubuntu 24.04 LTS", "ubuntu", "24.04", true},
		textTest{"Ubuntu 2404", "ubuntu", "24.04", true},
		textTest{"Microsoft Windows Server 2019", "windows", "2019", true},
		textTest{"Windows Server 2012 R2", "windows", "2012-r2", true},
		textTest{"RHEL 9", "rhel", "9", true},
		textTest{"Debian GNU/Linux 12 (bookworm)", "debian", "12", true},
		textTest{"ubuntu", "ubuntu", "", true},
		textTest{"Flatcar", "flatcar", "", true},
		textTest{"k8s 1.30 on Ubuntu 22.04", "ubuntu", "22.04", true},
		textTest{"Ubuntu 22.04 with Kubernetes 1.30", "ubuntu", "22.04", true},
		textTest{"Kubernetes v1.30.1, containerd 1.7.2, Red Hat Enterprise Linux 9.4", "rhel", "9.4", true},
		textTest{"kubernetes 1.30", "", "", false},
		textTest{"My OS 5 with k8s 1.30", "", "", false},
		textTest{"Ubuntu 22.04 or Rocky Linux 9", "", "", false},
		textTest{"RHEL 8 or 9", "", "", false},
		textTest{"Ubuntu 22.04 / 24.04", "", "", false},
		textTest{"RHEL 8 with k8s 1.30 / 1.31", "rhel", "8", true},
		textTest{"Ubuntu 22.04 and kernel 5.15", "ubuntu", "22.04", true},
		textTest{"Ubuntu 22.04 (Ubuntu 22.04)", "ubuntu", "22.04", true},
		textTest{"SUSE Linux Enterprise Server 15 SP5", "sles", "15.5", true},
		textTest{"SLES 15-SP5", "sles", "15.5", true},
		textTest{"SLES 15.5", "sles", "15.5", true},
		textTest{"SLES 15", "sles", "15", true},
		textTest{"openSUSE Leap 15.6", "opensuse-leap", "15.6", true},
		textTest{"Oracle Linux Server 8.9", "oraclelinux", "8.9", true},
		textTest{"ol", "oraclelinux", "", true},
		textTest{"Ubuntu 22 LTS", "ubuntu", "22.04", true},
		textTest{"ubuntu-22-lts", "ubuntu", "22.04", true},
		textTest{"ubuntu-22.04", "ubuntu", "22.04", true},
		textTest{"rhel8", "rhel", "8", true},
		textTest{"centos-stream-9", "centos-stream", "9", true},
		textTest{"golden-7", "", "", false},
		textTest{"Some Thing 1", "some-thing", "1", true},
		textTest{"something", "", "", false},
	)
}

func TestFromTextOfDocumentedForms(t *testing.T) {
	fromText(t,
		textTest{"Ubuntu 22.04.3 LTS (Jammy Jellyfish)", "ubuntu", "22.04.3", true},
		textTest{"Canonical, Ubuntu, 22.04 LTS, amd64", "ubuntu", "22.04", true},
		textTest{"Ubuntu: 22.04", "ubuntu", "22.04", true},
		textTest{"Ubuntu - 22.04", "ubuntu", "22.04", true},
		textTest{"Ubuntu-22.04-LTS", "ubuntu", "22.04", true},
		textTest{"ubuntu-20-lts-arm-rpi", "ubuntu", "20.04", true},
		textTest{"debian-12-bookworm", "debian", "12", true},
		textTest{"fedora-39-x86_64", "fedora", "39", true},
		textTest{"Ubuntu 22-04", "ubuntu", "22.04", true},
		textTest{"Ubuntu 22.04 LTS 64-bit", "ubuntu", "22.04", true},
		textTest{"RHEL 9.4 x86_64", "rhel", "9.4", true},
		textTest{"RHEL 9.4 arm64 web01", "rhel", "9.4", true},
		textTest{"Red Hat Enterprise Linux (RHEL) 9.4 (Plow).", "rhel", "9.4", true},
		textTest{"Red Hat Enterprise Linux-8", "rhel", "8", true},
		textTest{"SLES 15 SP 5", "sles", "15.5", true},
		textTest{"SLES 15 sp5", "sles", "15.5", true},
		textTest{"sles-15sp5", "sles", "15.5", true},
		textTest{"Windows Server 2012R2", "windows", "2012-r2", true},
		textTest{"Windows Server 2012 R2 Datacenter", "windows", "2012-r2", true},
		textTest{"Windows Server 2008 R2 SP1", "windows", "2008-r2", true},
		textTest{"SUSE Linux Enterprise Server for SAP Applications 15 SP5", "suse-linux-enterprise-server-for-sap-applications", "15 SP5", true},
		textTest{"RHEL 9 STIG V1R2", "rhel", "9", true},
		textTest{"Oracle Linux 8 U9", "oraclelinux", "8", true},
		textTest{"Bottlerocket OS 1.19.2 (aws-k8s-1.28)", "bottlerocket", "1.19.2", true},
		textTest{"Ubuntu 22.04 kernel-5.15.0-91-generic", "ubuntu", "22.04", true},
		textTest{"Ubuntu 22.04, kernel version 5.15, cri-o: 1.30.2", "ubuntu", "22.04", true},
		textTest{"k8s 1.30,1.31 on RHEL 8", "rhel", "8", true},
		textTest{"Golden rhel8", "rhel", "8", true},
		textTest{"ubuntu 24.04 ubuntu 24.04 LTS", "ubuntu", "24.04", true},
		textTest{"SLE Micro 5.5", "sle-micro", "5.5", true},
		textTest{"Red Hat Enterprise Linux CoreOS 415.92", "red-hat-enterprise-linux-coreos", "415.92", true},
	)
}

// Two versions are none, whatever stands between them.
func TestFromTextOfTwoVersions(t *testing.T) {
	noSystem(t,
		"RHEL 8, 9",
		"RHEL 8 9",
		"RHEL 8/9",
		"RHEL 8-9",
		"RHEL 8..9",
		"RHEL 8 to 9",
		"RHEL 8 → 9",
		"RHEL 8 + 9",
		"RHEL 8 and/or 9",
		"RHEL 8 (9)",
		"RHEL 8, v9",
		"RHEL 8 el9",
		"RHEL 8, ９",
		"RHEL 8 with k8s 1.30, 9",
		"Ubuntu 22.04 LTS or 24.04 LTS",
		"Ubuntu 22.04 LTS/24.04 LTS",
		"Ubuntu 22.04 (jammy),24.04",
		"Ubuntu 22.04 to-24.04",
		"Ubuntu 20.04 upgraded to 22.04",
		"Ubuntu 20.04 (now 22.04)",
		"20.04 to Ubuntu 22.04",
		"Ubuntu version 22.04 version 24.04",
		"SLES 15 SP5 or 15 SP6",
		"SLES 15 SP5, SP6",
		"SLES 15 SP5/SP6",
		"SLES for SAP 15 SP5, 15 SP6",
		"SLES for SAP 15 SP5, SP6",
		"SLES SP5 15",
		"RHEL8 RHEL9",
		"rhel-8-9",
		"rhel-8-to-9",
		"ubuntu-22.04-server-20240501",
		"ubuntu-22-24",
		strings.Repeat("Ubuntu 22.04 ", 100),
	)
}

func TestFromTextOfMoreThanOneSystem(t *testing.T) {
	noSystem(t,
		"RHEL 8 or later",
		"RHEL >= 8",
		"RHEL <9",
		"RHEL 8+",
		"RHEL 8.x",
		"CentOS 7 on Rocky Linux 9",
		"CentOS or RHEL 9",
		"RHEL 9 for Ubuntu",
		"My OS 5 based on Ubuntu",
		"8",
		"",
		"  ",
	)
}
