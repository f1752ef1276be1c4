// Package terraform writes pack values as Terraform configuration for the
// provider spectrocloud/spectrocloud, in HCL and in JSON, and as the answer to
// Terraform's external data source. It is pure: values in, bytes out.
//
// The data sources and resources are those of
// https://registry.terraform.io/providers/spectrocloud/spectrocloud/latest/docs
package terraform

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
	// Registry is the name of the registry that has the pack; empty is Public Repo.
	Registry string
	// Values are the pack values, YAML.
	Values string
	// Profile is the cluster profile that the pack is for; only Shape profile needs
	// it.
	Profile Profile
}

// Profile is a cluster profile.
type Profile struct {
	// Project is the project that has it; empty for tenant scope.
	Project       string
	Name, Version string
	// Cloud is the cloud type: aws, edge-native, ...
	Cloud string
}

// context is the scope of the resource, which the provider takes for project when
// it is not said.
// https://registry.terraform.io/providers/spectrocloud/spectrocloud/latest/docs/resources/cluster_profile
func (p Profile) context() string {
	if p.Project == "" {
		return "tenant"
	}
	return "project"
}

// Shape says how much is written.
type Shape string

// Shapes.
const (
	// ShapeData is the data sources of registry and pack, and the values.
	ShapeData Shape = "data"
	// ShapeProfile is the data sources and a resource for each profile.
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
}

const (
	defaultRegistry = "Public Repo"
	localName       = "byoos_values"
	registryType    = "spectrocloud_registry"
	packType        = "spectrocloud_pack"
	profileType     = "spectrocloud_cluster_profile"
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
	if options.JSON {
		return m.json()
	}
	return m.hcl(), nil
}

// module is a file before it has a syntax.
type module struct {
	locals     []local
	registries []registry
	packs      []packData
	profiles   []profile
}

type local struct{ key, value string }

type registry struct{ label, name string }

type packData struct {
	label, name, version string
	registry             string // label
}

type profile struct {
	label string
	Profile
	packs []profilePack
}

// profilePack is a pack block; data is the label of its data source.
type profilePack struct{ data, values string }

func newModule(packs []Pack, shape Shape) (*module, error) {
	m := &module{}
	labels := labeller{}
	seen := map[string]bool{}
	for _, p := range packs {
		if err := check(p, shape); err != nil {
			return nil, err
		}
		if seen[p.Name] {
			return nil, failure.Usage("name each pack once", "two packs are named %q", p.Name)
		}
		seen[p.Name] = true
		if shape != ShapeProfile {
			m.locals = append(m.locals, local{p.Name, p.Values})
		}
		if shape == ShapeLocals {
			continue
		}
		data := packData{
			label: labels.label(packType, p.Name), name: p.Pack, version: p.Version, registry: m.registry(labels, p.Registry),
		}
		m.packs = append(m.packs, data)
		if shape == ShapeProfile {
			m.addToProfile(labels, p, data.label)
		}
	}
	return m, nil
}

// check refuses what Terraform would change or cannot say.
func check(p Pack, shape Shape) error {
	for _, text := range []string{p.Name, p.Values, p.Registry, p.Version, p.Profile.Name, p.Profile.Version, p.Profile.Cloud} {
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
	if shape == ShapeProfile && p.Profile.Name == "" {
		return failure.Usage("set target.profile, or use another shape", "pack %q has no profile, which a profile resource needs", p.Name)
	}
	return nil
}

func (m *module) registry(labels labeller, name string) string {
	if name == "" {
		name = defaultRegistry
	}
	for _, r := range m.registries {
		if r.name == name {
			return r.label
		}
	}
	label := labels.label(registryType, name)
	m.registries = append(m.registries, registry{label, name})
	return label
}

func (m *module) addToProfile(labels labeller, p Pack, data string) {
	block := profilePack{data, p.Values}
	for i := range m.profiles {
		if m.profiles[i].Profile == p.Profile {
			m.profiles[i].packs = append(m.profiles[i].packs, block)
			return
		}
	}
	name := p.Profile.Name
	if p.Profile.Version != "" {
		name += "_" + p.Profile.Version
	}
	m.profiles = append(m.profiles, profile{label: labels.label(profileType, name), Profile: p.Profile, packs: []profilePack{block}})
}

// labeller makes names of Terraform out of names, each once for its type.
type labeller map[string]bool

func (l labeller) label(typ, name string) string {
	label := []byte(strings.ToLower(name))
	for i, c := range label {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			label[i] = '_'
		}
	}
	base := string(label)
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = "_" + base
	}
	unique := base
	for n := 2; l[typ+"."+unique]; n++ {
		unique = fmt.Sprintf("%s_%d", base, n)
	}
	l[typ+"."+unique] = true
	return unique
}
