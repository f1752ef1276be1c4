package pipeline

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Sources may leave out older images only when nothing but their hints decides.
func TestNewestOnly(t *testing.T) {
	hinted := spec.Select{
		Provider: "oci", Region: "global", Architecture: "amd64", KubernetesVersion: "~1.30",
		K8sDistribution: "k3s", CustomTag: "prod", Pick: spec.PickNewest,
	}
	pack := func(change func(p *spec.Pack)) spec.Pack {
		p := spec.Pack{Select: hinted}
		change(&p)
		return p
	}
	plain := pack(func(*spec.Pack) {})
	if !newestOnly([]spec.Pack{plain, pack(func(p *spec.Pack) { p.Select = spec.Select{}; p.Edge = &spec.Edge{} })}) {
		t.Error("nothing else is selected by")
	}
	if !newestOnly([]spec.Pack{pack(func(p *spec.Pack) { p.Pack, p.Values.OSName = spec.EdgeNativeBYOI, "ubuntu" })}) {
		t.Error("a name of the OS selects nothing")
	}
	for name, change := range map[string]func(p *spec.Pack){
		"suffix": func(p *spec.Pack) { p.Select.KubernetesVersion = "=1.30.4+rke2r1" },
		"name":   func(p *spec.Pack) { p.Select.Name = "*-v4.6.0" },
		"os":     func(p *spec.Pack) { p.Select.OS.Version = "22.04" },
		"tags":   func(p *spec.Pack) { p.Select.Tags = map[string]string{"team": "edge"} },
		"where":  func(p *spec.Pack) { p.Select.Where = "true" },
		"pick":   func(p *spec.Pack) { p.Select.Pick = spec.PickExactlyOne },
		"values": func(p *spec.Pack) {
			p.Pack, p.Values.PEVersion = spec.EdgeNativeBYOI, "v4.6.0"
		},
		"template": func(p *spec.Pack) { p.Edge = &spec.Edge{KubernetesVersions: []string{"1.30.1"}} },
	} {
		if newestOnly([]spec.Pack{plain, pack(change)}) {
			t.Errorf("%s decides, too", name)
		}
	}
}
