// Package terraform writes pack values as Terraform configuration for the
// provider spectrocloud/spectrocloud, in HCL and in JSON, and as the answer to
// Terraform's external data source. It is pure: values in, bytes out.
//
// The data sources and resources are those of
// https://registry.terraform.io/providers/spectrocloud/spectrocloud/latest/docs
package terraform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"golang.org/x/text/unicode/norm"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// Pack is one rendered pack.
type Pack struct {
	// Name is unique; it is the key of the values.
	Name string
	// Pack is generic-byoi or edge-native-byoi; Version is its version, the newest
	// of the registry when it is empty.
	Pack, Version string
	// Registry is the name of the registry that has the pack, or RegistryUID its uid;
	// without both it is Public Repo.
	Registry, RegistryUID string
	// Values are the pack values, YAML.
	Values string
	// Profile is the cluster profile that the pack is for; only Shape profile needs
	// it.
	Profile Profile
}

// Shape says how much is written.
type Shape string

// Shapes.
const (
	// ShapeData is the data sources of registry and pack, and the values.
	ShapeData Shape = "data"
	// ShapeProfile is a resource for each profile with what it needs.
	ShapeProfile Shape = "profile"
	// ShapeLocals is the values alone, for those who have a profile resource.
	ShapeLocals Shape = "locals"
)

// Shapes returns all shapes.
func Shapes() []string {
	return []string{string(ShapeData), string(ShapeProfile), string(ShapeLocals)}
}

// Options say what is written.
type Options struct {
	// Shape is ShapeData when empty.
	Shape Shape
	// JSON writes .tf.json in place of HCL.
	JSON bool
	// Former is the earlier output that this one takes the place of, if there is one:
	// Terraform is told to leave the profiles in place that it has more.
	Former []byte
	// Note is told what that does to profiles; nil for nobody.
	Note func(string)
}

const (
	defaultRegistry = "Public Repo"
	localName       = "byoos_values"
	registryType    = "spectrocloud_registry"
	packType        = "spectrocloud_pack"
)

// Render returns a Terraform file of the packs, in their order.
func Render(packs []Pack, options Options) ([]byte, error) {
	if options.Shape == "" {
		options.Shape = ShapeData
	}
	if !slices.Contains(Shapes(), string(options.Shape)) {
		return nil, failure.Usage("use one of "+strings.Join(Shapes(), ", "), "unknown shape %q of Terraform output", options.Shape)
	}
	m, err := newModule(packs, options.Shape)
	if err != nil {
		return nil, err
	}
	former := readFormer(options.Former, options.JSON)
	if err := m.keepsLayers(former); err != nil {
		return nil, err
	}
	note := func(text string) {
		if options.Note != nil {
			options.Note(text)
		}
	}
	m.letGo(former, note)
	return m.body().written(options.JSON), nil
}

// External returns the answer to Terraform's external data source: an object of
// strings, the values of each pack by its name.
// https://registry.terraform.io/providers/hashicorp/external/latest/docs/data-sources/external
func External(packs []Pack) ([]byte, error) {
	values := map[string]string{}
	for _, p := range packs {
		if err := check(p, ShapeLocals); err != nil {
			return nil, err
		}
		values[p.Name] = p.Values
	}
	return indented(values), nil
}

// module is what a file has.
type module struct {
	providers  []provider
	registries []registry
	profiles   []profile
	// packs are their data sources.
	packs body
	// values are those of packs; lost are expressions that list what a layer would lose.
	values, lost object
	// removed are labels of resources that Terraform forgets.
	removed []string
}

// registry is a data source; provider is the alias of the one that reads it, empty for
// the module's own.
type registry struct{ label, provider, name string }

// body is the file, each kind of block by itself.
func (m *module) body() body {
	var file body
	for _, p := range m.providers {
		file.block(body{{name: "alias", value: text(p.alias)}, {name: "project_name", value: text(p.project)}}, "provider", providerName)
	}
	for _, r := range m.registries {
		var data body
		data.setProvider(r.provider)
		data.set("name", text(r.name))
		file.block(data, "data", registryType, r.label)
	}
	file = append(file, m.packs...)
	for _, p := range m.profiles {
		if p.Create {
			file.block(p.created(), "resource", profileType, p.label)
			continue
		}
		file.block(p.identity(), "data", profileType, p.label)
		file.block(body{{name: "to", value: address(profileType + "." + p.label)}, {name: "id", value: text(p.importID())}}, "import")
		file.block(p.imported(), "resource", profileType, p.label)
	}
	for _, label := range m.removed {
		forget := body{{name: "from", value: address(profileType + "." + label)}}
		forget.block(body{{name: "destroy", value: flag(false)}}, "lifecycle")
		file.block(forget, "removed")
	}
	var locals body
	if len(m.values) > 0 {
		locals.set(localName, m.values)
	}
	if len(m.lost) > 0 {
		locals.set(lostName, m.lost)
	}
	if len(locals) > 0 {
		file.block(locals, "locals")
	}
	return file
}

func newModule(packs []Pack, shape Shape) (*module, error) {
	m := &module{}
	for _, p := range packs {
		if shape == ShapeProfile {
			// The provider sends no white space around values.
			p.Values = strings.TrimSpace(p.Values)
		}
		if err := check(p, shape); err != nil {
			return nil, err
		}
		switch shape {
		case ShapeProfile:
			if err := m.addProfile(p); err != nil {
				return nil, err
			}
		case ShapeData:
			if _, err := m.addPack(p, ""); err != nil {
				return nil, err
			}
			m.values = append(m.values, item{name: p.Name, value: text(p.Values)})
		case ShapeLocals:
			m.values = append(m.values, item{name: p.Name, value: text(p.Values)})
		}
	}
	return m, nil
}

// check refuses what Terraform would change or cannot say.
func check(p Pack, shape Shape) error {
	texts := append([]string{p.Name, p.Values, p.Registry, p.RegistryUID, p.Version}, p.Profile.texts()...)
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return fmt.Errorf("pack %q has values that are not UTF-8, which Terraform cannot hold", p.Name)
		}
		if strings.HasPrefix(text, "\ufeff") {
			return fmt.Errorf("pack %q has text that begins with a byte order mark, which Terraform would drop", p.Name)
		}
		// https://developer.hashicorp.com/terraform/language/expressions/strings
		if !norm.NFC.IsNormalString(text) {
			return fmt.Errorf("pack %q has text with decomposed characters, which Terraform would change (it stores strings in Unicode form NFC)", p.Name)
		}
	}
	looksUp := shape == ShapeData || shape == ShapeProfile && p.Profile.Create
	if looksUp && strings.HasSuffix(p.Version, ".x") {
		return failure.Usage("write all numbers of it, as 1.0.0, or use --terraform-shape locals",
			"pack %q: Terraform looks up one version of a pack, not target.packVersion %s", p.Name, p.Version)
	}
	if shape == ShapeProfile {
		return p.Profile.check(p.Name)
	}
	return nil
}

// addPack adds the data source of a pack and returns its label. It must not depend
// on the order of packs, as the user's own resources name it.
func (m *module) addPack(p Pack, alias string) (string, error) {
	label := labelOf(p.Name)
	if slices.ContainsFunc(m.packs, func(other item) bool { return other.labels[1] == label }) {
		return "", failure.Usage("rename one of them", "pack %q and another one would both be %s.%s in Terraform", p.Name, packType, label)
	}
	var data body
	data.setProvider(alias)
	data.set("name", text(p.Pack))
	data.setOptional("version", p.Version)
	if p.RegistryUID != "" {
		data.set("registry_uid", text(p.RegistryUID))
	} else {
		registry, err := m.registry(cmp.Or(p.Registry, defaultRegistry), alias)
		if err != nil {
			return "", err
		}
		data.set("registry_uid", expression("data."+registryType+"."+registry+".id"))
	}
	m.packs.block(data, "data", packType, label)
	return label, nil
}

// registry returns the label of a registry's data source. Each provider has its own.
func (m *module) registry(name, alias string) (string, error) {
	one := registry{labelOf(name), alias, name}
	if alias != "" {
		one.label += "_" + alias
	}
	for _, other := range m.registries {
		if other == one {
			return one.label, nil
		}
		if other.label == one.label {
			return "", failure.Usage("set target.registryUid in place of target.registry for one of them",
				"the registries %q and %q would both be %s.%s in Terraform", other.name, one.name, registryType, one.label)
		}
	}
	m.registries = append(m.registries, one)
	return one.label, nil
}

// labelOf makes a name of Terraform out of a name.
func labelOf(name string) string {
	label := []byte(strings.ToLower(name))
	for i, c := range label {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			label[i] = '_'
		}
	}
	base := string(label)
	if !hclsyntax.ValidIdentifier(base) { // it is empty, or begins with a digit
		base = "_" + base
	}
	return base
}
