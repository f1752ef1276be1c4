package palette

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

const (
	edgeNative = "edge-native"
	allClouds  = "all"
	edgePack   = "edge-native-byoi"
)

// clouds are the cloud types whose machines start from a provider's images.
func clouds(provider string) []string {
	switch provider {
	case "aws":
		return []string{"aws", "eks"}
	case "azure":
		return []string{"azure", "aks"}
	case "gcp":
		return []string{"gcp", "gke"}
	case "vsphere", "openstack", "maas":
		return []string{provider}
	case "oci":
		return []string{edgeNative}
	}
	return nil
}

// ownClouds are the cloud types of Palette's own: those of v1CloudType in its API
// description, and two that the Terraform provider's documentation and older profiles
// have. Any other was registered by somebody, and takes what it takes.
func ownClouds() []string {
	return []string{
		allClouds, "aws", "eks", "azure", "aks", "gcp", "gke", "vsphere", edgeNative, "edge", "maas",
		"nested", "baremetal", "generic", "apache-cloudstack", "virtual", "openstack",
	}
}

func judged(cloudType string) bool { return slices.Contains(ownClouds(), cloudType) }

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
	if t.Provider != "" && !judged(plainCloud(kind.CloudType)) {
		p.Notes = append(p.Notes, fmt.Sprintf("whether the image of %s is one for cloud type %q is not known", t.Provider, kind.CloudType))
	}
	return nil
}

// plainCloud is a cloud type as Palette writes it.
func plainCloud(cloudType string) string { return strings.ToLower(strings.TrimSpace(cloudType)) }

// CloudMisfit says why machines of a cloud type cannot have a target's pack or
// image, and what to do; nothing when they can, or when that is not known. The
// profile of an add-on may be for all clouds.
func CloudMisfit(t Target, cloudType string) (why, next string) {
	cloud := plainCloud(cloudType)
	if !judged(cloud) || cloud == allClouds && t.Type == typeAddOn {
		return "", ""
	}
	if t.Pack == edgePack && cloud != edgeNative {
		return fmt.Sprintf("pack %s needs a profile of cloud type %s; this one is of %s", t.Pack, edgeNative, cloudType),
			"use packs[].pack: generic-byoi for this profile"
	}
	if t.Provider != "" && !slices.Contains(clouds(t.Provider), cloud) {
		return fmt.Sprintf("the image of pack %s is one of %s, and the profile is of cloud type %s", t.Name, t.Provider, cloudType),
			"check packs[].select.provider, and target.profile or target.cloudType"
	}
	return "", ""
}

// MisfitClouds are the cloud types that CloudMisfit refuses for a target, whatever the
// type of its profile is.
func MisfitClouds(t Target) []string {
	t.Type = cmp.Or(t.Type, typeAddOn)
	return slices.DeleteFunc(ownClouds(), func(cloud string) bool {
		why, _ := CloudMisfit(t, cloud)
		return why == ""
	})
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

// CheckRequests refuses two packs that would write the same layer.
func CheckRequests(requests []Request, goal Goal) error {
	for i, r := range requests {
		for _, other := range requests[:i] {
			if sameLayer(r.Target, other.Target, goal) {
				return failure.Usage("give each its own target.profile or target.version, or name one of them on the command line",
					"packs %s and %s have the same target: profile %q", other.Target.Name, r.Target.Name, r.Target.Profile)
			}
		}
	}
	return nil
}

// sameLayer compares two targets. A profile has one OS layer, whatever its pack. A
// target without a version, or of the latest, may be any version, and new versions
// of one profile are the same.
func sameLayer(a, b Target, goal Goal) bool {
	if a.Scope != b.Scope || a.Profile != b.Profile {
		return false
	}
	open := func(version string) bool { return version == "" || version == Latest }
	return open(a.Version) || open(b.Version) || sameVersion(a.Version, b.Version) || goal.NewVersion != ""
}
