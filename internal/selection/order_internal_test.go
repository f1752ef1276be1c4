package selection

import (
	"cmp"
	"testing"
)

func TestCompareVersions(t *testing.T) {
	ascending := []string{
		"", "0.3.9", "0.3.1714564800", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.2", "1.0.0-alpha.beta", "1.0.0-alpha.beta-x.1", "1.0.0-beta", "1.0.0-rc", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0-rc.10",
		"1.0.0", "1.0.0+build", "1.0.0-1", "1.0.0-9-g2414721", "1.0.0-10ubuntu1", "1.0.1", "1.9.0", "1.10.0", "2024-05-01", "2024-11-30",
		"99999999999999999999999999999999",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := compareVersions(a, b); got != cmp.Compare(i, j) {
				t.Errorf("%q and %q: got %d, want %d", a, b, got, cmp.Compare(i, j))
			}
		}
	}
	for _, same := range [][2]string{{"v1.2.3", "1.2.3"}, {"1.02.3", "1.2.3"}, {"1.2.3-RC.1", "1.2.3-rc.1"}, {"1_2_3", "1.2.3"}} {
		if compareVersions(same[0], same[1]) != 0 {
			t.Errorf("%q and %q differ", same[0], same[1])
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("1.0.0", "v1.0.0-rc.1", "1.0.0+x")
	f.Add("", "k3s-1.29.0-v4.4.0-demo", "-")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, bc, ac := compareVersions(a, b), compareVersions(b, c), compareVersions(a, c)
		if ab != -compareVersions(b, a) {
			t.Errorf("%q and %q: not antisymmetric", a, b)
		}
		if ab <= 0 && bc <= 0 && ac > 0 || ab >= 0 && bc >= 0 && ac < 0 {
			t.Errorf("%q, %q and %q: not transitive", a, b, c)
		}
	})
}
