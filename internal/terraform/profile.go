package terraform

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

const (
	providerName = "spectrocloud"
	profileType  = "spectrocloud_cluster_profile"
	// packKind is the type of the BYOOS packs, defaultType that of a profile.
	packKind    = "spectro"
	defaultType = "cluster"
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
	// Cloud is the cloud type: aws, edge-native, ... Type is cluster, infra or add-on,
	// and cluster when empty. Of a profile that is there, these are checked where they
	// are said.
	Cloud, Type string
	// Misfits are cloud types that a profile that is there must not have: their
	// machines cannot have the image.
	Misfits []string
	// Create makes the profile, with the pack alone. Without it the profile is there
	// and is imported, and its other layers stay. Replace allows to put values in
	// place of variables of it, and of values that are not rendered.
	Create, Replace bool
}

// version is that of a new profile when none is said, for the provider as for
// apply.
func (p Profile) version() string { return cmp.Or(p.Version, "1.0.0") }

func (p Profile) texts() []string {
	return append([]string{p.Project, p.Name, p.Version, p.Cloud, p.Type}, p.Misfits...)
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

func (m *module) addProfile(p Pack) error {
	alias, err := m.provider(p.Profile.Project)
	if err != nil {
		return err
	}
	one := profile{Profile: p.Profile, pack: p, provider: alias, label: p.Profile.label()}
	for _, other := range m.profiles {
		if other.label == one.label {
			return failure.Usage("render the packs of each by themselves, by their names on the command line",
				"the profiles %q and %q would both be %s.%s in Terraform", other.Name, one.Name, profileType, one.label)
		}
	}
	if p.Profile.Create {
		if one.data, err = m.addPack(p, one.provider); err != nil {
			return err
		}
	} else {
		// The layer is one of several that an expression goes through.
		m.values = append(m.values, item{name: p.Name, value: text(p.Values)})
		if !p.Profile.Replace {
			m.lost = append(m.lost, item{name: p.Name, value: expression(one.lostExpression())})
		}
	}
	m.profiles = append(m.profiles, one)
	return nil
}

// label is what Terraform knows a profile by. It depends on the profile alone, and
// two profiles never have one: Terraform would rename a profile to the other. What
// a label cannot hold is told apart by a checksum.
func (p Profile) label() string {
	parts, plain := []string{p.Name}, regexp.MustCompile(`^[a-zA-Z0-9-]+$`)
	if p.Project != "" {
		parts = []string{p.Project, p.Name}
	}
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(p.version()) &&
		!slices.ContainsFunc(parts, func(part string) bool { return !plain.MatchString(part) })
	label := regexp.MustCompile(`[^a-zA-Z0-9-]`).ReplaceAllString(strings.Join(append(parts, p.version()), "_"), "_")
	if !regexp.MustCompile(`^[a-zA-Z]`).MatchString(label) {
		label = "_" + label
	}
	if !exact {
		sum := sha256.Sum256([]byte(strings.Join([]string{p.Project, p.Name, p.version()}, "\x00")))
		label += "_" + hex.EncodeToString(sum[:4])
	}
	return label
}

// provider returns the alias for a project. It must not depend on the order of
// packs: a profile would be looked for in another project.
func (m *module) provider(project string) (string, error) {
	if project == "" {
		return "", nil
	}
	alias := labelOf("byoos_" + project)
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

// identity is what a profile is found by.
func (p profile) identity() body {
	var b body
	b.setProvider(p.provider)
	b.set("name", text(p.Name))
	b.set("version", text(p.version()))
	b.set("context", text(p.Context))
	return b
}

func (p profile) created() body {
	b := p.identity()
	b.set("cloud", text(p.Cloud))
	b.set("type", text(cmp.Or(p.Type, defaultType)))
	b.set("skip_destroy", flag(true))
	layer := body{{name: "type", value: text(packKind)}}
	for _, attribute := range [][2]string{{"name", "name"}, {"tag", "version"}, {"uid", "id"}, {"registry_uid", "registry_uid"}} {
		layer.set(attribute[0], expression("data."+packType+"."+p.data+"."+attribute[1]))
	}
	layer.set("values", text(p.pack.Values))
	b.block(layer, "pack")
	b.block(p.lifecycle(), "lifecycle")
	return b
}

// lifecycle is the block of that name. A profile that Terraform would put in place of
// another one is made first, which Palette refuses: nothing is lost.
func (p profile) lifecycle() body {
	var b body
	if p.Create {
		b.set("create_before_destroy", flag(true))
	}
	if ignored := p.ignored(); ignored != nil {
		b.set("ignore_changes", addresses(ignored))
	}
	return b
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
