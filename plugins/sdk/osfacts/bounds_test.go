package osfacts

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestSpellingsOfArchitectures are all that services and tools write.
func TestSpellingsOfArchitectures(t *testing.T) {
	for want, raw := range map[string]string{
		"amd64": "x86_64 x64 x86-64 x86_64_mac amd64", "arm64": "aarch64 arm64 arm64_mac arm64/v8 arm64v8", "386": "i386 i486 i586 i686 x86 386",
		"arm": "arm armhf armv7 armv7l arm/v7", "ppc64le": "ppc64le ppc64el", "arm64be": "arm64be",
	} {
		for _, spelling := range strings.Fields(raw) {
			if got := Architecture(spelling); got != want {
				t.Errorf("Architecture(%q) = %q, want %q", spelling, got, want)
			}
		}
	}
}

func TestKubernetesVersionsThatBeginOddly(t *testing.T) {
	for raw, want := range map[string]string{
		"V1.30.1": "1.30.1", "v0.9.0": "0.9.0", "v9.1": "9.1", "x1.30.1": "x1.30.1", "v/1": "v/1", "v:1": "v:1", "V": "V", "Vx": "Vx",
	} {
		if got := KubernetesVersion(raw); got != want {
			t.Errorf("KubernetesVersion(%q) = %q, want %q", raw, got, want)
		}
	}
}

// TestLongTexts name no system: they are prose.
func TestLongTexts(t *testing.T) {
	const text = "Ubuntu 22.04"
	for n, ok := range map[int]bool{maxText: true, maxText + 1: false} {
		long := text + strings.Repeat(" ", n-len(text))
		if _, _, got := FromText(long); got != ok {
			t.Errorf("%d bytes are a system: %t", n, got)
		}
		if got := several(long); got == ok {
			t.Errorf("%d bytes are several: %t", n, got)
		}
		if got := unclear(long); got == ok {
			t.Errorf("%d bytes are unclear: %t", n, got)
		}
	}
}

// TestWordsBehindAVersion belong to it, or do not.
func TestWordsBehindAVersion(t *testing.T) {
	fromText(t,
		textTest{"SLES 15 SP", "sles", "15", true},
		textTest{"SLES 15 SP 5", "sles", "15.5", true},
		textTest{"SLES 15 SP five", "sles", "15", true},
		textTest{"SLES 15 SP 5 SP", "sles", "15.5", true},
		textTest{"Windows Server 2012 SP1", "windows", "2012", true},
		textTest{"Windows Server 2012 R2 SP1", "windows", "2012-r2", true},
		textTest{"Windows Server 2012 R2", "windows", "2012-r2", true},
		textTest{"Windows Server 2012", "windows", "2012", true},
		textTest{"Some Thing release 1", "some-thing", "1", true},
		textTest{"version 1", "", "", false},
		textTest{"1", "", "", false},
		textTest{"Thing 7 8", "", "", false},
		textTest{"Ubuntu", "ubuntu", "", true},
		textTest{"Ubuntu 22.04 version", "ubuntu", "22.04", true},
		textTest{"kernel version 5.15 Ubuntu 22.04", "ubuntu", "22.04", true},
		textTest{"Ubuntu 22.04, k8s 1.30, 1.31", "ubuntu", "22.04", true},
	)
	noSystem(t, "Ubuntu 22.04, k8s 1.30, 8", "Ubuntu 22.04 24.04", "Ubuntu 22.04 Rocky Linux 9", "Ubuntu 22.04 and Debian")
}

// TestASystemGoesIntoAnImage with where it was found, and leaves nothing there of another.
func TestASystemGoesIntoAnImage(t *testing.T) {
	image := sdk.Image{OSVersion: "7", Provenance: map[string]sdk.Provenance{FieldOSName: {From: "old"}, FieldOSVersion: {From: "old"}, "id": {From: "api"}}}
	system := Together(Statement{Name: Said{"Ubuntu", sdk.Provenance{From: "tag", Key: "os"}}})
	system.Describe(&image)
	if image.OSName != "ubuntu" || image.OSVersion != "" || image.Provenance[FieldOSName].Key != "os" || image.Provenance["id"].From != "api" || len(image.Provenance) != 2 {
		t.Errorf("%+v", image)
	}
	image = sdk.Image{}
	system.Describe(&image)
	if image.OSName != "ubuntu" || len(image.Provenance) != 1 {
		t.Errorf("%+v", image)
	}
}
