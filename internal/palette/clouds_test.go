package palette

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// emitted are the providers of the images that the project's plugins find.
func emitted() []string {
	return []string{"aws", "azure", "gcp", "vsphere", "oci", "openstack", "nutanix", "proxmox", "oracle", "huaweicloud", "digitalocean", "hcloud", "outscale"}
}

// The tables of docs/palette.md are those of the code, read both ways.
func TestCloudTablesOfTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/palette.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{cloudTable(), providerTable()} {
		if !strings.Contains(string(text), table) {
			t.Errorf("docs/palette.md lacks this table:\n%s", table)
		}
	}
}

func cloudTable() string {
	table := "| cloud type | takes images of | with pack |\n| --- | --- | --- |\n"
	var none []string
	for _, c := range clouds() {
		if len(c.takes) == 0 {
			none = append(none, "`"+c.name+"`")
			continue
		}
		pack := "generic-byoi"
		if c.name == edgeNative {
			pack = string(spec.EdgeNativeBYOI)
		}
		table += fmt.Sprintf("| `%s` | `%s` | `%s` |\n", c.name, strings.Join(c.takes, "`, `"), pack)
	}
	return table + "| " + strings.Join(none, ", ") + " | none | `generic-byoi` |\n"
}

func providerTable() string {
	table := "| images of | go into cloud types |\n| --- | --- |\n"
	providers := emitted()
	for _, c := range clouds() {
		for _, p := range c.takes {
			if !slices.Contains(providers, p) {
				providers = append(providers, p)
			}
		}
	}
	var none []string
	for _, p := range providers {
		var names []string
		for _, c := range clouds() {
			if slices.Contains(c.takes, p) {
				names = append(names, "`"+c.name+"`")
			}
		}
		if len(names) == 0 {
			none = append(none, "`"+p+"`")
			continue
		}
		table += fmt.Sprintf("| `%s` | %s |\n", p, strings.Join(names, ", "))
	}
	return table + "| " + strings.Join(none, ", ") + ", any other | none of Palette's own |\n"
}

// A layer's kind counts in whatever letters Palette tells it.
func TestOSLayerInOtherLetters(t *testing.T) {
	all := layers(api.V1ClusterProfileTemplate{Packs: []api.V1PackRef{{Name: "generic-byoi", Layer: " OS", Version: "1.0.0"}}})
	if _, ok := first(all, isOS); !ok {
		t.Error("it is no OS layer")
	}
	p := &Plan{Target: Target{Name: "a", Pack: "generic-byoi"}}
	if err := p.checkLayer(all[0], templateKind{CloudType: "aws"}); err != nil {
		t.Error(err)
	}
}
