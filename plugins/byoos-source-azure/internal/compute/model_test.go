package compute

import (
	"cmp"
	"testing"
)

// Versions are compared by their numbers; what is no number, by its text.
func TestCompareVersions(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"1.9.0", "1.10.0", -1},
		{"0.3.1700000000", "0.3.999999999", 1},
		{"1.2.3", "1.2.3", 0},
		{"1.2.3", "1.2.03", 0},
		{"1.2", "1.2.0", -1},
		{"1.2.x", "1.2.0", 1},
		{"1.2.a", "1.2.b", -1},
		{"1.2.-1", "1.2.1", -1},
	} {
		if got := cmp.Compare(CompareVersions(tt.a, tt.b), 0); got != tt.want {
			t.Errorf("%s and %s: %d", tt.a, tt.b, got)
		}
		if got := cmp.Compare(CompareVersions(tt.b, tt.a), 0); got != -tt.want {
			t.Errorf("%s and %s: %d", tt.b, tt.a, got)
		}
	}
}

// A definition of no known family may be Linux.
func TestLinux(t *testing.T) {
	for family, want := range map[string]bool{"Linux": true, "linux": true, "": true, "Windows": false, "Plan9": false} {
		if got := (Definition{Properties: DefinitionProperties{OSType: family}}).Linux(); got != want {
			t.Errorf("%q: %t", family, got)
		}
	}
}
