package terraform

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

const (
	providerName = "spectrocloud"
	profileType  = "spectrocloud_cluster_profile"
	// packKind is the type of the BYOOS packs, defaultType that of a profile.
	packKind    = "spectro"
	defaultType = "cluster"
	// variable is what values have that come from a variable of the profile.
	variable = ".spectro.var."
)

// Context is what a profile belongs to: its project, or the tenant. The provider
// takes project for one that is not said, so its zero value is neither.
// https://registry.terraform.io/providers/spectrocloud/spectrocloud/latest/docs/resources/cluster_profile
type Context string

// Contexts.
const (
	ContextProject Context = "project"
	ContextTenant  Context = "tenant"
)

// Profile is a cluster profile.
type Profile struct {
	// Context says whether Project has it.
	Context       Context
	Project       string
	Name, Version string
	// Cloud is the cloud type: aws, edge-native, ...
	Cloud string
	// Type is cluster, infra or add-on; cluster when empty.
	Type string
	// Create makes the profile, with the pack alone. Without it the profile is there
	// and is imported, and its other layers stay. Replace allows to put values in
	// place of variables of it.
	Create, Replace bool
}

// version is that of a new profile when none is said, for the provider as for
// apply.
func (p Profile) version() string { return cmp.Or(p.Version, "1.0.0") }

func (p Profile) texts() []string {
	return []string{p.Project, p.Name, p.Version, p.Cloud, p.Type}
}

// same tells whether two resources would be of one profile.
func (p Profile) same(other Profile) bool {
	return p.Context == other.Context && p.Project == other.Project && p.Name == other.Name && p.version() == other.version()
}

// importID names the profile for an import. The provider takes it apart at the
// colons and trims the parts.
// https://registry.terraform.io/providers/spectrocloud/spectrocloud/latest/docs/resources/cluster_profile#import
func (p Profile) importID() string {
	return strings.Join([]string{p.Name, string(p.Context), p.version()}, ":")
}

func (p Profile) check(pack string) error {
	switch {
	case p.Name == "":
		return failure.Usage("set target.profile, name the packs that have one on the command line, or use another --terraform-shape", "pack %q has no profile, which a profile resource needs", pack)
	case p.Context != ContextTenant && p.Context != ContextProject || (p.Context == ContextProject) != (p.Project != ""):
		return fmt.Errorf("pack %q: it was not chosen whether profile %q is a project's or the tenant's", pack, p.Name)
	case p.Version == "latest" || p.Version == "" && !p.Create:
		return failure.Usage("set target.version to three numbers, as 1.2.0",
			"pack %q: a profile resource is of one version, and target.version says which", pack)
	case p.Create && p.Cloud == "":
		return failure.Usage("set target.cloudType: aws, azure, gcp, vsphere, edge-native, ...",
			"pack %q: profile %q has to be created, and target.cloudType is missing", pack, p.Name)
	case !p.Create && (strings.Contains(p.Name, ":") || strings.TrimSpace(p.Name) != p.Name):
		return failure.Usage("write the resource by hand, import it by its uid, and take the values from --terraform-shape locals",
			"pack %q: profile %q cannot be imported by a name with \":\" or with space around it", pack, p.Name)
	}
	return nil
}

// provider is a configuration of the provider for one project: which one it works
// in is the provider's to say, not the resource's.
type provider struct{ alias, project string }

// profile is a resource.
type profile struct {
	label, provider string
	Profile
	// pack is our layer, data the label of its data source when the profile is
	// created.
	pack Pack
	data string
}

func (m *module) addProfile(labels labeller, p Pack) error {
	alias, err := m.provider(p.Profile.Project)
	if err != nil {
		return err
	}
	// Terraform knows a profile by its label. One that moves to another project or
	// version is another profile.
	name := p.Profile.Name + "_" + p.Profile.version()
	if p.Profile.Project != "" {
		name = p.Profile.Project + "_" + name
	}
	one := profile{Profile: p.Profile, pack: p, provider: alias, label: labels.label(profileType, name)}
	if p.Profile.Create {
		one.data = m.addPack(labels, p, one.provider)
	} else {
		// The layer is one of several that an expression goes through.
		m.locals = append(m.locals, local{p.Name, p.Values})
	}
	m.profiles = append(m.profiles, one)
	return nil
}

// provider returns the alias for a project. It must not depend on the order of
// packs: a profile would be looked for in another project.
func (m *module) provider(project string) (string, error) {
	if project == "" {
		return "", nil
	}
	alias := labeller{}.label(providerName, "byoos_"+project)
	for _, p := range m.providers {
		if p.project == project {
			return alias, nil
		}
		if p.alias == alias {
			return "", failure.Usage("render the packs of each by themselves, by their names on the command line",
				"the projects %q and %q would have one name in Terraform", p.project, project)
		}
	}
	m.providers = append(m.providers, provider{alias, project})
	return alias, nil
}

// ignored are attributes whose changes are left to others. A profile that is
// imported keeps its kind, of which a difference would make Terraform delete it, and
// what else no target knows. One that is created keeps the version of its pack when
// the target names none, as it does with apply, and the type of a pack of another
// registry, which only Palette knows: with its uid a pack is found by any.
func (p profile) ignored() []string {
	if !p.Create {
		return []string{"cloud", "description", "profile_variables", "tags", "type"}
	}
	var ignored []string
	if p.pack.Version == "" {
		ignored = append(ignored, "pack[0].tag", "pack[0].uid")
	}
	if p.pack.RegistryUID != "" || cmp.Or(p.pack.Registry, defaultRegistry) != defaultRegistry {
		ignored = append(ignored, "pack[0].type")
	}
	return ignored
}

// expressions of a profile that is imported. Its layers are those that it has; only
// our values are put in.
type expressions struct {
	layers, values string
	conditions     []condition
}

// condition is a precondition, with the sentence for one that does not hold.
type condition struct{ holds, message string }

func (p profile) expressions() expressions {
	layers := strings.Join([]string{"data", profileType, p.label, "pack"}, ".")
	name, key := quotedText(p.pack.Pack), quotedText(p.pack.Name)
	e := expressions{
		layers: layers,
		values: "pack.value.name == " + name + " ? local." + localName + "[" + key + "] : pack.value.values",
		conditions: []condition{{
			"contains(" + layers + "[*].name, " + name + ")",
			"Profile " + p.Name + " " + p.version() + " has no layer " + p.pack.Pack +
				", which would be left out. Check target.profile, or add the layer, by kubectl byoos apply with target.create: true.",
		}},
	}
	if !p.Replace && !strings.Contains(p.pack.Values, variable) {
		e.conditions = append(e.conditions, condition{
			"!anytrue([for layer in " + layers + " : layer.name == " + name + " && strcontains(layer.values, " + quotedText(variable) + ")])",
			"Layer " + p.pack.Pack + " of profile " + p.Name + " " + p.version() +
				" takes a value from a profile variable, which an image id would replace. Keep it, and give the variable a value, or set target.replace: true.",
		})
	}
	return e
}
