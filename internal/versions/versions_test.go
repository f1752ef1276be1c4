package versions_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

func TestVersionsInOrder(t *testing.T) {
	for _, ascending := range [][]string{
		{"", "0.3.9", "0.3.1714564800", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.2", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-rc", "1.0.0-rc.1", "1.0.0-RC2", "1.0.0-rc10", "1.0.0", "1.0.0-1", "1.0.0-9-g2414721", "1.0.0-10ubuntu1", "1.0.1", "1.9.0", "1.10.0", "2024-05-01", "2024-11-30", "99999999999999999999999999999999"},
		{"1.4.0-build9", "1.4.0-build.10", "1.4.0-BUILD_11"}, {"1.4-2", "1.4.1"}, {"20250101T115959Z", "20250101T120000Z", "20250102T000000Z"}, {"1.4.0-2025-01-01T11-59-59Z", "1.4.0-2025-01-01T12-00-00Z"}, {"1.4.0-1.el8", "1.4.0-2.el8", "1.4.0-10.el8"}, {"4.6.21-rc.1", "4.6.21", "4.6.21-patch.7", "4.6.21-patch10", "4.6.22"},
		{"1.34.3-k3s1", "1.34.3+k3s2", "1.34.4-rc1+k3s1", "1.34.4-rc2-k3s2", "1.34.4-k3s1", "1.34.4+k3s2"}, {"1.0.0-rc.1+lab", "1.0.0+prod", "1.0.1+a"}, {"1.34.3-k0s.0", "1.34.3+k0s.1"}, {"3.7.2-rc1+24.04·1.2", "3.7.2+22.04·1.1"}, {"1.4.0rc1", "1.4.0"}, {"build-9", "build-10"}, {"golden-ami-1.9", "golden-ami-1.10"},
		{"3.7.2-rc.1·1.35.0", "3.7.2·1.34.3", "3.7.2·1.34.4"}, {"1.4.0-rc·2", "1.4.0-rc.1·1", "1.4.0·1"}, {"1.4", "1.4·1"}, {"·1.2", "1·1"},
		{"1.4.0-lab", "1.4.0.1"}, {"1.4.0-build9-rc1", "1.4.0-build9", "1.4.0-build9.1"}, {"1.4.0-20250101", "1.4.0-20250102a"}, {"1.4.0-999999", "1.4.0-1000000000"}, {"1.4.0-lab-rc1", "1.4.0-lab-rc2", "1.4.0-lab"},
		{"k3s1", "k3s2"}, {"·1.2", "lab·1"}, {"", "lab"}, {"", "+x"}, {"lab-rc1", "lab"}, {"1.0.0-lab-rc-site5", "1.0.0-lab-rc-site6"}, {"1.0.0-rc.1", "1.0.0-rc.1.beta", "1.0.0-rc.1.beta-5"},
	} {
		for i, a := range ascending {
			for j, b := range ascending {
				if x, y := versions.Parse(a), versions.Parse(b); x.Order(y) != cmp.Compare(i, j) || x.Unordered(y) {
					t.Errorf("%q and %q: got %d (unordered: %t), want %d", a, b, x.Order(y), x.Unordered(y), cmp.Compare(i, j))
				}
			}
		}
	}
}

func TestVersionsWithoutOrder(t *testing.T) {
	for _, pair := range [][2]string{
		{"1.4.0-lab", "1.4.0-prod"}, {"1.4.0-lab", "1.4.0"}, {"1.4.0-lab", "1.4.0-rc.1"}, {"blue-7", "green-1"}, {"1.4.0-build9", "1.4.0-build9-lab"}, {"blue-7", "1.0"}, {"1.4.0-a1", "1.4.0-b1"}, {"1.4.0-rcsite", "1.4.0"},
		{"1.4.0-3fabc12", "1.4.0-9abcdef"}, {"1.4.0-3fabc12", "1.4.0-1234567"}, {"1.4.0-1234567", "1.4.0-7654321"}, {"1.4.0-12345678", "1.4.0"}, {"1.4.0-abc1234.1", "1.4.0-abc1234.2"}, {"1.4.0-5-g3fabc12", "1.4.0-5-g9abcdef"}, {"1.4.0-rc.1-3fabc12", "1.4.0-rc.1-9abcdef"}, {"1.4.0-dev.3fabc12", "1.4.0-dev.12345678"}, {"1.4.0-20250101a", "1.4.0-20250101b"}, {"v3fabc12", "v9abcdef"}, {"1.4.0-e2e", "1.4.0-e3e"},
		{"1.30.4+k3s1", "1.30.4+rke2r1"}, {"1.30.4", "1.30.4+k3s1"}, {"1.4.0+5", "1.4.0+6"}, {"1.4.0+9abcdef", "1.4.0+3fabc12"}, {"1.4.0+rc1", "1.4.0"}, {"1.34.3-k3s1", "1.34.3-k0s.0"},
		{"1.4.0-us-east-1", "1.4.0-us-east-2"}, {"1.4.0-us-east1", "1.4.0-us-east2"}, {"1.4.0-eastus", "1.4.0-eastus2"}, {"us-east-1-1.4.0", "us-east-2-1.4.0"}, {"1.4.0-x86_64", "1.4.0-arm64"}, {"3.7.2+24.04·1.34.3", "3.7.2+22.04·1.34.4"},
		{"1.30.4-k3s1+x", "1.30.4-k3s1+y"}, {"1.30.4+x.k3s1", "1.30.4+x.k3s2"}, {"1.30.4-xk3s1", "1.30.4+k3s1"}, {"1.30.4-xk3s1", "1.30.4-x+k3s1"}, {"1.30.4-k3s", "1.30.4+k3s0"}, {"1.4-v", "1.4"}, {"1.4.0-b\u0080x", "1.4.0-b-x"}, {"4.6.1-patch", "4.6.1"}, {"patch-5", "5"}, {"1.0-lab-patch.7", "1.0-lab-patch.8"},
		{"1.0-us-east-1.3fabc12", "1.0-us-east-2.3fabc12"}, {"1.0-rc-lab5", "1.0-rc-lab"}, {"1.4.0-1gabc1234", "1.4.0-1gabc1235"}, {"1.4.0-bĭ5", "1.4.0-b5"},
	} {
		a, b := versions.Parse(pair[0]), versions.Parse(pair[1])
		if !a.Unordered(b) || a.Order(b) != 0 {
			t.Errorf("%s and %s have an order", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"v1.2.3", "1.2.3"}, {"1.02.3", "1.2.3"}, {"1.2.3-RC.1", "1.2.3-rc1"}, {"1_2_3", "1.2.3"}, {"1.4", "1.4.0.0"}, {"1.34.3-k0s.0", "1.34.3+k0s.0"}, {"1.4·", "1.4"},
		{"2024-05-01", "2024.5.1"}, {"1000-5", "1000.5"}, {"999-5", "999.0.0.5"}, {"v4rc1", "4.rc1"}, {"1.4-1", "1.4.0.1"}, {"4.6-patch.7", "4.6.0.7"}, {"1.30.4-rke2r-v1", "1.30.4+rke2r01"}, {"1.4.0~5", "1.4.0.5"}} {
		if a, b := versions.Parse(pair[0]), versions.Parse(pair[1]); a.Compare(b) != 0 || a.Unordered(b) || a.String() != b.String() {
			t.Errorf("%s (%s) and %s (%s) differ", pair[0], a, pair[1], b)
		}
	}
}

func TestPreRelease(t *testing.T) {
	for text, want := range map[string]string{
		"v4.8.0-rc.1": "rc", "v4.8.0-RC1": "rc", "4.8.0-canary.1": "canary", "4.8.0-lab-nightly": "nightly", "lab-rc1": "rc", "4.8.0rc1": "rc",
		"v4.6.21-patch.7": "", "v4.8.0-rcsite": "", "v4.8.0-prerelease": "", "v4.8.0": "", "": "", "4.8.0-abc1234-rc1": "", "rc-1": "", "1.31.0·4.8.0-rc.1": "rc",
	} {
		if got := versions.Parse(text).PreRelease(); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	for _, of := range versions.PreReleaseWords() {
		if versions.Parse("1.0.0-"+of).Order(versions.Parse("1.0.0")) >= 0 {
			t.Errorf("%s is no word of a pre-release", of)
		}
	}
}

// TestLongVersions: a text of twice the length costs about twice as much.
func TestLongVersions(t *testing.T) {
	cost := func(parts int) uint64 {
		text := strings.Repeat("1.a-", parts)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		versions.Parse(text)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if one, two := cost(4000), cost(8000); two > 3*one {
		t.Errorf("4000 parts take %d bytes, 8000 take %d", one, two)
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]bool{
		"*-rc*": true, "*-rc.1": true, `image.attributes.peVersion == "v4.8.0-RC1"`: true, "4.8.0rc1": true, "4.8.0.rc": true, "*-rc-site": true,
		"*-rcsite": false, "*-arc": false, `image.tags.rc == "x"`: false, "rc": false, "": false, "*-betaville-rcx": false, "-rcx-rc": true,
		"rc-rc": true, "-rc": true, ".rc": false, "4.8.0_rc": true, "4.8.0+rc": true, "4.8.0xrc": false, "-rcé": false, "-rc\x80": false, "-rcz": false, "-rca": false, "-rcA": false, "-rc~": true,
	} {
		if got := versions.Names(text, "rc"); got != want {
			t.Errorf("%s: got %t", text, got)
		}
	}
}

func TestWithoutCommit(t *testing.T) {
	for text, want := range map[string]string{
		"1.4.0-3fabc12": "1.4.0", "1.4.0-12-g3FABC12-lab": "1.4.0-12", "1.4.0-20250101": "1.4.0-20250101", "1.4.0-rc.1_abc1234": "1.4.0-rc.1", "abc1234": "", "1.4.0": "1.4.0", "1.4.0-1234567": "1.4.0", "1.4.0-12345678": "1.4.0", "1.4.0-123456": "1.4.0-123456", "1.4.0-123456789": "1.4.0-123456789",
		"1.4.0-20250102a": "1.4.0-20250102a", "1.4.0.1234567": "1.4.0.1234567", "build-1234567": "build-1234567", "1.4.0-facade": "1.4.0-facade",
		"1.4.0--abc1234": "1.4.0", "1.4.0Zabc1234": "1.4.0Zabc1234", "1.4.0zabc1234": "1.4.0zabc1234", "1.4.0-" + strings.Repeat("a", 40): "1.4.0", "1.4.0-" + strings.Repeat("1", 40): "1.4.0",
		"1.4.0-" + strings.Repeat("a", 41): "1.4.0-" + strings.Repeat("a", 41), "1-1234567": "1", "21234567-1-1234567": "21234567-1", "x1-1234567": "x1", "-1234567": "-1234567",
	} {
		if got := versions.WithoutCommit(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestString(t *testing.T) {
	for text, want := range map[string]string{
		"v1.4": "1.4.0", "1.4.0.0.2": "1.4.0.0.2", "1.4.0-RC_02": "1.4.0-rc.2", "lab": "lab", "Lab5-x": "lab.5-x", "1.4-rc00": "1.4.0-rc.0", "1.4.0x+Y": "1.4.0-x+y", "": "", "·1": "·1.0.0",
		"1.34.3-k0s.00": "1.34.3+k0s.0", "1.34.3-k3s01": "1.34.3+k3s1", "1.34.3+k3s0": "1.34.3+k3s0", "3.7·1.34+rke2r1": "3.7.0·1.34.0+rke2r1",
	} {
		if v := versions.Parse(text); v.String() != want || v.IsZero() != (want == "") {
			t.Errorf("%q: got %s, want %s", text, v, want)
		}
	}
}

func TestSplitPlatform(t *testing.T) {
	for tag, want := range map[string][2]string{
		"k3s-1.30.9-demo_linux_amd64": {"k3s-1.30.9-demo", "amd64"}, "demo_linux_arm64_v8": {"demo", "arm64"}, "_linux_linux_arm": {"_linux", "arm"},
		"demo_linux_sparc": {"demo_linux_sparc", ""}, "demo_linux_amd64-x": {"demo_linux_amd64-x", ""}, "demo": {"demo", ""}, "": {"", ""},
	} {
		if rest, architecture := versions.SplitPlatform(tag); rest != want[0] || architecture != want[1] {
			t.Errorf("%s: got %q, %q", tag, rest, architecture)
		}
	}
}

// TestOrderOfPreReleases holds pre-releases of known words to semver.org, by another
// implementation of it.
func TestOrderOfPreReleases(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 4))
	text := func() string {
		text := fmt.Sprintf("%d.%d.%d", random.IntN(2), random.IntN(2), 9+random.IntN(2))
		for i := range random.IntN(4) {
			text += string("-."[min(i, 1)])
			if i == 0 || random.IntN(2) == 0 {
				text += versions.PreReleaseWords()[random.IntN(11)]
			} else {
				text += strconv.Itoa(random.IntN(12))
			}
		}
		return text
	}
	for range 3_000 {
		a, b := text(), text()
		want := semver.MustParse(a).Compare(semver.MustParse(b))
		if got := versions.Parse(a).Order(versions.Parse(b)); got != want {
			t.Fatalf("%s and %s: got %d, semver says %d", a, b, got, want)
		}
	}
}

// randomText is a text of parts that mean something.
func randomText(random *rand.Rand) string {
	parts := []string{"1", "4", "0", "10", "00", "2025", ".", ".", "-", "-", "_", "+", "·", " ", "rc", "RC", "beta", "lab", "prod", "build", "patch", "v", "3fabc12", "1234567", "20250102a", "g3fabc12", "abcdefa", "k3s", "rke2r1", "k0s", "us-east", "é", "a", "x86", "t"}
	var text strings.Builder
	for range random.IntN(9) {
		text.WriteString(parts[random.IntN(len(parts))])
	}
	return text.String()
}

func checkLaws(t *testing.T, a, b, c string) {
	t.Helper()
	x, y, z := versions.Parse(a), versions.Parse(b), versions.Parse(c)
	if x.Compare(y) != -y.Compare(x) || x.Order(y) != -y.Order(x) || x.Unordered(y) != y.Unordered(x) {
		t.Errorf("%q and %q: not antisymmetric", a, b)
	}
	if x.Order(y) < 0 && y.Order(z) < 0 && x.Order(z) >= 0 {
		t.Errorf("%q, %q and %q: the order is not transitive", a, b, c)
	}
	if x.Compare(y) <= 0 && y.Compare(z) <= 0 && x.Compare(z) > 0 {
		t.Errorf("%q, %q and %q: sorting is not transitive", a, b, c)
	}
	if x.Order(y) != 0 && x.Order(y) != x.Compare(y) || x.Compare(y) == 0 && x.Order(z) != y.Order(z) {
		t.Errorf("%q, %q and %q: sorting is no order", a, b, c)
	}
	again := versions.Parse(x.String())
	if x.Compare(again) != 0 || again.String() != x.String() || x.Compare(y) == 0 && x.String() != y.String() {
		t.Errorf("%q is %q, and that %q", a, x, again)
	}
}

func TestLawsOfOrder(t *testing.T) {
	for seed := range uint64(5_000) {
		random := rand.New(rand.NewPCG(seed, 9))
		a := randomText(random)
		b, c := a+randomText(random), a+randomText(random)
		checkLaws(t, a, b, c)
		checkLaws(t, b, c, randomText(random))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzLaws(f *testing.F) {
	f.Add("1.0.0", "v1.0.0-rc.1", "1.0.0+x")
	f.Add("", "k3s-1.29.0-v4.4.0-demo", "-")
	f.Fuzz(func(t *testing.T, a, b, c string) { checkLaws(t, a, b, c) })
}
