package tag_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
)

func TestCanvOS(t *testing.T) {
	for _, tc := range []struct {
		name string
		want tag.Facts
	}{
		{"k3s-1.29.0-v4.4.0-demo", facts("k3s", "1.29.0", "v4.4.0", "demo")},
		{"k3s-1.29.0-v4.4.0", facts("k3s", "1.29.0", "v4.4.0", "")},
		{"kubeadm-1.30.4-v4.10.0-rc.2-demo", facts("kubeadm", "1.30.4", "v4.10.0-rc.2", "demo")},
		{"kubeadm-fips-1.30.4-v4.10.0", facts("kubeadm-fips", "1.30.4", "v4.10.0", "")},
		{"rke2-1.31.0-rc.1-v4.4.0-a-b.c_d", facts("rke2", "1.31.0-rc.1", "v4.4.0", "a-b.c_d")},
		{"canonical-1.32.1-v4.7.9-20260801", facts("canonical", "1.32.1", "v4.7.9", "20260801")},
		{"nodeadm-1.30.4-v4.7.9-rc.2", facts("nodeadm", "1.30.4", "v4.7.9-rc.2", "")},
		{"k3s-1.29.0-v4.4.0-rcx", facts("k3s", "1.29.0", "v4.4.0", "rcx")},
		{"k3s-1.29.0-v4.4.0-rc.1.2", facts("k3s", "1.29.0", "v4.4.0-rc.1.2", "")},
		{"latest", nil},
		{"k3s-1.29-v4.4.0", nil},
		{"microk8s-1.29.0-v4.4.0", nil},
		{"k3s-1.29.0-v4.4.0-", nil},
		{"k3s-v1.29.0-v4.4.0-demo", facts("k3s", "v1.29.0", "v4.4.0", "demo")},
		{"k3s-1.30.4-v4.6.21-patch.7-demo", facts("k3s", "1.30.4", "v4.6.21-patch.7", "demo")},
		{"k3s-1.30.4-v4.6.21-patch.7", facts("k3s", "1.30.4", "v4.6.21-patch.7", "")},
		{"k3s-1.30.4-v4.6.21-patch", facts("k3s", "1.30.4", "v4.6.21", "patch")},
		{"k3s-1.30.4-v4.8.10-alpha1-demo", facts("k3s", "1.30.4", "v4.8.10-alpha1", "demo")},
		{"k3s-1.30.4-v4.5.0-rc4-demo", facts("k3s", "1.30.4", "v4.5.0-rc4", "demo")},
		{"k3s-1.29.0-v4.4.0-dev1", facts("k3s", "1.29.0", "v4.4.0", "dev1")},
		{"k3s-1.29.0-v4.4.0-dev-2", facts("k3s", "1.29.0", "v4.4.0", "dev-2")},
		{"k3s-1.29.0-v4.4.0-dev-site1", facts("k3s", "1.29.0", "v4.4.0", "dev-site1")},
	} {
		got, ok := tag.CanvOS().Parse(tc.name)
		if ok != (tc.want != nil) || !cmp.Equal(got, tc.want) {
			t.Errorf("%s: %v, %v; want %v", tc.name, got, ok, tc.want)
		}
	}
}

func facts(distribution, kubernetes, agent, custom string) tag.Facts {
	f := tag.Facts{tag.K8sDistribution: distribution, tag.KubernetesVersion: kubernetes, tag.PEVersion: agent}
	if custom != "" {
		f[tag.CustomTag] = custom
	}
	return f
}

func compile(t *testing.T, expr string) tag.Grammar {
	t.Helper()
	g, err := tag.Compile(expr)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCompile(t *testing.T) {
	const kairos = `(?P<osVersion>[^-]+)-(?:standard|core)-(?P<architecture>amd64|arm64)-generic-(?P<version>v\d+\.\d+\.\d+)(?:-k3s(?P<kubernetesVersion>v.+))?`
	g := compile(t, kairos)
	got, ok := g.Parse("24.04-standard-amd64-generic-v3.4.2-k3sv1.32.3-k3s1")
	want := tag.Facts{
		tag.OSVersion: "24.04", tag.Architecture: "amd64",
		tag.Version: "v3.4.2", tag.KubernetesVersion: "v1.32.3-k3s1",
	}
	if !ok || !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, ok := g.Parse("a-24.04-standard-amd64-generic-v3.4.2"); ok {
		t.Error("a part of a tag is taken for the whole")
	}
	for expr, want := range map[string]string{
		`(`:                     "not a regular expression",
		`v.*`:                   "no named group",
		`(?P<kubernetes>v.*)`:   `unknown group "kubernetes"`,
		`(?P<version>a)|b)(?:c`: "not a regular expression",
	} {
		if _, err := tag.Compile(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expr, err, want)
		}
	}
}

// Earthly pushes the image of each platform beside the index.
func TestPlatformSuffix(t *testing.T) {
	for _, tc := range []struct{ name, edition, architecture, custom string }{
		{"k3s-1.30.1-v4.4.0-demo_linux_amd64", "k3s-1.30.1-v4.4.0-demo", "amd64", "demo_linux_amd64"},
		{"k3s-1.30.1-v4.4.0-demo_linux_arm_v7", "k3s-1.30.1-v4.4.0-demo", "arm", "demo_linux_arm_v7"},
		{"k3s-1.30.1-v4.4.0_linux_arm64", "k3s-1.30.1-v4.4.0", "arm64", ""},
		{"k3s-1.30.1-v4.4.0-demo_linux_mips", "k3s-1.30.1-v4.4.0-demo_linux_mips", "", "demo_linux_mips"},
	} {
		got := compile(t, "canvos").Read(tc.name)
		if got.Edition != tc.edition || got.Facts[tag.Architecture] != tc.architecture || got.Facts[tag.CustomTag] != tc.custom ||
			got.Version() != "1.30.1-4.4.0" {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
	own := compile(t, `(?P<version>.+)_linux_(?P<architecture>[a-z0-9]+)`).Read("v1.2.3_linux_arm64")
	if own.Edition != own.Name || !cmp.Equal(own.Facts, tag.Facts{tag.Version: "v1.2.3", tag.Architecture: "arm64"}) {
		t.Errorf("the suffix is of the grammar: %+v", own)
	}
}

func TestIsTag(t *testing.T) {
	longest := strings.Repeat("a", 128)
	for name, want := range map[string]bool{
		"v1": true, "_": true, "A.b-C_9": true, longest: true,
		"": false, ".a": false, "-a": false, "a b": false, "a/b": false, longest + "a": false,
	} {
		if tag.IsTag(name) != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
}

// The tags are those of quay.io/kairos in 2026, and of Kairos 3.4.
func TestKairos(t *testing.T) {
	g := compile(t, "kairos")
	for name, want := range map[string]string{
		"24.04-standard-amd64-generic-v3.7.2-k0s-v1.34.3-k0s.0":   "24.04 amd64 generic v3.7.2 k0s 1.34.3+k0s.0",
		"v0.5.1-standard-arm64-rpi4-v4.2.0-k3s-v1.36.3-k3s1":      "v0.5.1 arm64 rpi4 v4.2.0 k3s 1.36.3+k3s1",
		"24.04-standard-amd64-generic-v3.4.2-k3sv1.32.3-k3s1":     "24.04 amd64 generic v3.4.2 k3s 1.32.3+k3s1",
		"24.04-standard-amd64-generic-v3.5.0-rc1-k3sv1.33.1-k3s1": "24.04 amd64 generic v3.5.0-rc1 k3s 1.33.1+k3s1",
		"leap-15.6-core-arm64-nvidia-jetson-agx-orin-v3.7.2":      "leap-15.6 arm64 nvidia-jetson-agx-orin v3.7.2  ",
	} {
		r := g.Read(name)
		got := strings.Join([]string{
			r.Facts[tag.OSVersion], r.Facts[tag.Architecture], r.Facts[tag.CustomTag],
			r.Facts[tag.Version], r.Facts[tag.K8sDistribution], r.Kubernetes,
		}, " ")
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	newer, older := g.Read("24.04-standard-amd64-generic-v3.7.2-k0s-v1.34.3-k0s.1"), g.Read("24.04-standard-amd64-generic-v3.7.2-k0s-v1.34.3-k0s.0")
	if tag.Newer(newer, older) >= 0 || newer.Line() == older.Line() {
		t.Errorf("k0s.1 is not after k0s.0: %s, %s", newer.Version(), older.Version())
	}
}

func TestFilter(t *testing.T) {
	signed := "sha256-" + strings.Repeat("0a", 32)
	all := []string{"k3s-1", "rke2-1", "k3s-1-debug", "sha-1", signed + ".sig", signed}
	for _, tc := range []struct{ patterns, want []string }{
		{nil, []string{"k3s-1", "rke2-1", "k3s-1-debug", "sha-1"}},
		{[]string{"k3s-*"}, []string{"k3s-1", "k3s-1-debug"}},
		{[]string{"!*-debug"}, []string{"k3s-1", "rke2-1", "sha-1"}},
		{[]string{"!*-debug", "/^k3s/"}, []string{"k3s-1"}},
		{[]string{"/", "/rke2-1", "rke2-1/"}, nil},
		{[]string{"/e2/"}, []string{"rke2-1"}},
		{[]string{"*.sig", "rke2-?"}, []string{"rke2-1"}},
	} {
		f, err := tag.NewFilter(tc.patterns)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range all {
			if f.Match(name) {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%v: %s", tc.patterns, diff)
		}
	}
	for _, bad := range []string{"[", "/(/", "", "!"} {
		if _, err := tag.NewFilter([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"k3s-1.30.10-v4.10.0-rc.2-demo", "v1.4.5", "latest", "k3s-99999999999999999999.1.1-v1.1.1"} {
		f.Add(seed, "k3s-1.30.10-v4.10.0_linux_amd64")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := tag.CanvOS().Read(a), tag.CanvOS().Read(b)
		if tag.Newer(x, y) != -tag.Newer(y, x) {
			t.Errorf("%q and %q have no order", a, b)
		}
		if x.Facts == nil {
			return
		}
		whole := x.Facts[tag.K8sDistribution] + "-" + x.Facts[tag.KubernetesVersion] + "-" + x.Facts[tag.PEVersion]
		if custom := x.Facts[tag.CustomTag]; custom != "" {
			whole += "-" + custom
		} else {
			whole += a[len(x.Edition):]
		}
		if whole != a {
			t.Errorf("the parts of %q make %q", a, whole)
		}
	})
}

// Skim never says more than Read, and knows the tags that most are.
func TestSkimAgreesWithRead(t *testing.T) {
	parts := [][]string{
		{"k3s", "rke2", "kubeadm", "kubeadm-fips", "nodeadm", "k0s", "K3s", "own", ""},
		{"-1.30.10", "-v1.30.10", "-1.30", "-1.30.10-rc.1", "-1.30.10.4", "-1..10", "-1.30.x", "_1.30.10", "1.30.10"},
		{"-v4.7.0", "-4.7.0", "-4.7.0-beta.2", "-4.7.0-patch.2", "-4.7", ""},
		{"", "-demo", "-rc.1", "-a_b.c", "-", "_linux_amd64", "-demo_linux_amd64", "-a b", ".1"},
	}
	skimmed, grammar := 0, compile(t, "")
	for _, a := range parts[0] {
		for _, b := range parts[1] {
			for _, c := range parts[2] {
				for _, d := range parts[3] {
					name := a + b + c + d
					distribution, kubernetes, ok := grammar.Skim(name)
					read := grammar.Read(name)
					if !ok {
						continue
					}
					skimmed++
					if distribution != read.Facts[tag.K8sDistribution] || kubernetes != read.Kubernetes {
						t.Errorf("%s: skimmed %s %s, read %+v", name, distribution, kubernetes, read)
					}
				}
			}
		}
	}
	if skimmed != 6*2*27 {
		t.Errorf("%d tags are skimmed", skimmed)
	}
	kairos := compile(t, "kairos")
	if _, _, ok := kairos.Skim("k3s-1.30.10-v4.7.0"); ok {
		t.Error("a tag of CanvOS in the grammar of Kairos")
	}
}
