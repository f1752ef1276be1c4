package osrelease_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/osrelease"
)

func TestParse(t *testing.T) {
	got := osrelease.Parse([]byte("# comment\nID=ubuntu\n\nVERSION_ID=\"22.04\"\r\nNAME='it is \"it\"'\n" +
		`PRETTY="a \"b\" \\ \$c"` + "\nSINGLE='a\\$b'\nKEEP=\"a\\nb\"\nLAST=\"x\\\nbroken\nTWO=a b\nOPEN=\"x\nCAT=\"a\"\"b\"\n1X=y\nEMPTY=\n"))
	want := map[string]string{
		"ID": "ubuntu", "VERSION_ID": "22.04", "NAME": `it is "it"`, "PRETTY": `a "b" \ $c`, "SINGLE": `a\$b`, "KEEP": `a\nb`, "EMPTY": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOS(t *testing.T) {
	for _, tc := range []struct{ content, name, version, key string }{
		{"ID=ubuntu\nVERSION_ID=\"22.04\"", "ubuntu", "22.04", "ID"},
		{"ID=\"rhel\"\nVERSION_ID=\"8.10\"", "rhel", "8.10", "ID"},
		{"ID=\"opensuse-leap\"\nVERSION_ID=\"15.6\"", "opensuse-leap", "15.6", "ID"},
		{"ID=kairos\nKAIROS_FLAVOR=ubuntu\nKAIROS_FLAVOR_RELEASE=24.04", "ubuntu", "24.04", "KAIROS_FLAVOR"},
		{"KAIROS_FLAVOR=opensuse\nKAIROS_FLAVOR_RELEASE=leap-15.6", "opensuse-leap", "15.6", "KAIROS_FLAVOR"},
		{"ID=ubuntu\nVERSION_ID=22.04\nKAIROS_FLAVOR=ubuntu-22-lts", "ubuntu", "22.04", "KAIROS_FLAVOR"},
		{"ID=kairos\nVERSION_ID=v2.3.0\nKAIROS_FLAVOR=ubuntu-20-lts-arm-rpi", "ubuntu", "20.04", "KAIROS_FLAVOR"},
		{"ID=ubuntu\nVERSION_ID=22.04\nKAIROS_FLAVOR=ubuntu", "ubuntu", "22.04", "KAIROS_FLAVOR"},
		{"ID=debian\nVERSION_ID=12\nKAIROS_FLAVOR=ubuntu", "ubuntu", "", "KAIROS_FLAVOR"},
		{"ID=opensuse-leap\nVERSION_ID=15.5\nKAIROS_FLAVOR=opensuse-leap", "opensuse-leap", "15.5", "KAIROS_FLAVOR"},
		{"ID=sles\nVERSION_ID=\"15.5\"\nVERSION=\"15-SP5\"", "sles", "15.5", "ID"},
		{"KAIROS_FLAVOR=opensuse\nKAIROS_FLAVOR_RELEASE=15.6", "opensuse", "15.6", "KAIROS_FLAVOR"},
		{"KAIROS_FLAVOR=ubuntu\nKAIROS_FLAVOR_RELEASE=22-04", "ubuntu", "22.04", "KAIROS_FLAVOR"},
		{"KAIROS_FLAVOR=ubuntu\nVERSION_ID=22.04", "ubuntu", "", "KAIROS_FLAVOR"},
		{"ID=ol\nVERSION_ID=8.9", "oraclelinux", "8.9", "ID"},
		{"ID=kairos-core-ubuntu\nVERSION_ID=v2.4.0", "", "", ""},
		{"NAME=x\nKAIROS_FLAVOR_RELEASE=24.04", "", "", ""},
		// VERSION_ID is that of ID, and of nothing without one.
		{"VERSION_ID=v3.1.0\nKAIROS_FLAVOR=ubuntu\nKAIROS_FLAVOR_RELEASE=24.04", "ubuntu", "24.04", "KAIROS_FLAVOR"},
		{"VERSION_ID=debian-12\nKAIROS_FLAVOR=ubuntu", "ubuntu", "", "KAIROS_FLAVOR"},
		{"VERSION_ID=debian-12", "", "", ""},
	} {
		values := osrelease.Parse([]byte(tc.content))
		name, version := osrelease.OS(values)
		if name.Value != tc.name || version.Value != tc.version || name.Key != tc.key || name.Raw != values[tc.key] {
			t.Errorf("%q: %v %v", tc.content, name, version)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("ID=ubuntu\nVERSION_ID=\"22.04\"\nX='a'\nY=\"\\\"\""))
	f.Fuzz(func(t *testing.T, content []byte) {
		for key, value := range osrelease.Parse(content) {
			if key == "" || strings.ContainsAny(value, "\n") {
				t.Errorf("%q=%q", key, value)
			}
		}
		_, _ = osrelease.OS(osrelease.Parse(content))
	})
}
