package palette

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

const (
	edgeNative = "edge-native"
	allClouds  = "all"
)

// cloud is a cloud type, with the providers whose images its machines start from.
type cloud struct {
	name  string
	takes []string
}

// clouds are Palette's own cloud types: those of v1CloudType in its API description,
// then those that the Terraform provider's documentation has beside. Any other was
// registered by somebody, and takes what it takes. docs/palette.md shows them.
func clouds() []cloud {
	return []cloud{
		{"aws", []string{"aws"}}, {"eks", []string{"aws"}},
		{"azure", []string{"azure"}}, {"aks", []string{"azure"}},
		{"gcp", []string{"gcp"}}, {"gke", []string{"gcp"}},
		{"vsphere", []string{"vsphere"}}, {"maas", []string{"maas"}},
		{edgeNative, []string{"oci"}},
		{allClouds, nil}, {"edge", nil}, {"nested", nil}, {"baremetal", nil}, {"generic", nil}, {"apache-cloudstack", nil},
		{"openstack", []string{"openstack"}},
		{"virtual", nil}, {"libvirt", nil}, {"tencent", nil}, {"tke", nil}, {"coxedge", nil},
	}
}

// ownCloud returns one of Palette's cloud types, in whatever letters it is written.
func ownCloud(name string) (cloud, bool) {
	all := clouds()
	i := slices.IndexFunc(all, func(c cloud) bool { return c.name == canonical(name) })
	if i < 0 {
		return cloud{}, false
	}
	return all[i], true
}

// firstCloud is the first cloud type whose machines start from a provider's images;
// empty for none.
func firstCloud(provider string) string {
	for _, c := range clouds() {
		if slices.Contains(c.takes, canonical(provider)) {
			return c.name
		}
	}
	return ""
}

// canonical is a word as Palette writes it: a cloud type, a provider, a layer.
func canonical(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// checkLayer checks what the packs' documentation asks for, as far as the API
// tells: an OS layer, version 1.0.0 or later, a cloud that the image fits.
// https://docs.spectrocloud.com/integrations/packs/?pack=generic-byoi
func (p *Plan) checkLayer(l Layer, kind templateKind) error {
	t := p.Target
	if l.Layer != layerOS && l.Layer != "" {
		return refused("check the pack in Palette", "pack %s is of layer %s, not of the OS layer", l.Name, l.Layer)
	}
	if version := packVersion(l.Version, l.Tag); version != nil && version.LessThan(semver.New(1, 0, 0, "", "")) {
		return refused("move the layer to version 1.0.0 or later in Palette",
			"pack %s is of version %s; 1.0.0 is the first that is supported", l.Name, version)
	}
	t.Type = cmp.Or(kind.Type, t.Type)
	if why, next := CloudMisfit(t, kind.CloudType); why != "" {
		return refused(next, "%s", why)
	}
	if _, known := ownCloud(kind.CloudType); t.Provider != "" && !known {
		p.Notes = append(p.Notes, fmt.Sprintf("whether the image of %s is one for cloud type %q is not known", t.Provider, kind.CloudType))
	}
	return nil
}

// CloudMisfit says why machines of a cloud type cannot have a target's pack or
// image, and what to do; nothing when they can, or when that is not known. The
// profile of an add-on may be for all clouds.
func CloudMisfit(t Target, cloudType string) (why, next string) {
	own, known := ownCloud(cloudType)
	if !known || own.name == allClouds && canonical(t.Type) == typeAddOn {
		return "", ""
	}
	kind, taken := spec.PackKind(t.Pack).Traits(), spec.KindOfCloud(own.name)
	next = fmt.Sprintf("use packs[].pack: %s for this profile", taken.Kind)
	switch {
	case kind.Cloud != taken.Cloud && kind.Cloud != "":
		return fmt.Sprintf("pack %s needs a profile of cloud type %s; this one is of %s", t.Pack, kind.Cloud, cloudType), next
	case kind.Cloud != taken.Cloud:
		return fmt.Sprintf("pack %s is for %s, and the profile is of cloud type %s", t.Pack, kind.For, cloudType), next
	case t.Provider != "" && !slices.Contains(own.takes, canonical(t.Provider)):
		return fmt.Sprintf("the image is one of %s, and the profile is of cloud type %s", t.Provider, cloudType),
			"check packs[].select.provider, and target.profile or target.cloudType"
	}
	return "", ""
}

// MisfitClouds are the cloud types that CloudMisfit refuses for a target, whatever the
// type of its profile is.
func MisfitClouds(t Target) []string {
	t.Type = cmp.Or(t.Type, typeAddOn)
	var names []string
	for _, c := range clouds() {
		if why, _ := CloudMisfit(t, c.name); why != "" {
			names = append(names, c.name)
		}
	}
	return names
}

// packVersion parses a version such as 1.0.0; a tag such as 1.0.x counts as
// 1.0.0. Nil for what is no version.
func packVersion(texts ...string) *semver.Version {
	for _, text := range texts {
		if v, err := semver.NewVersion(strings.ReplaceAll(text, "x", "0")); err == nil {
			return v
		}
	}
	return nil
}

// CheckRequests refuses two packs that would write the same layer, or that no profile
// can have both of.
func CheckRequests(requests []Request, goal Goal) error {
	for i, r := range requests {
		for _, other := range requests[:i] {
			if err := apart(other.Target, r.Target, goal); err != nil {
				return err
			}
		}
	}
	return nil
}

// apart compares two targets. A profile has one OS layer, whatever its pack, and is of
// one cloud type in all its versions.
func apart(a, b Target, goal Goal) error {
	const next = ", or name one of the packs on the command line"
	switch {
	case a.Scope != b.Scope || canonical(a.Profile) != canonical(b.Profile):
		return nil
	case a.Profile != b.Profile:
		return failure.Usage("write one name in both"+next,
			"packs %s and %s have profiles whose names differ in capitals or spaces alone: %q and %q", a.Name, b.Name, a.Profile, b.Profile)
	case sameLayer(a, b, goal):
		return failure.Usage("give each its own target.profile or target.version, or name one of them on the command line",
			"packs %s and %s have the same target: profile %q", a.Name, b.Name, b.Profile)
	case a.Pack != b.Pack:
		return failure.Usage("give each its own target.profile"+next,
			"packs %s and %s are of %s and %s, and profile %q can be for one of these", a.Name, b.Name, a.Pack, b.Pack, b.Profile)
	}
	return nil
}

// sameLayer compares the versions of one profile. A target without a version, or of
// the latest, may be any version, and new versions of one profile are the same.
func sameLayer(a, b Target, goal Goal) bool {
	open := func(version string) bool { return version == "" || version == Latest }
	return open(a.Version) || open(b.Version) || sameVersion(a.Version, b.Version) || goal.NewVersion != ""
}
