// Package images turns builds of a Packer manifest into images. It is pure.
package images

import (
	"maps"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/artifact"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// ReferenceKind is the kind of an image's Reference; its value is the run's uuid.
const ReferenceKind = "packer-run-uuid"

// Attributes of an image.
const (
	AttributeBuilderType = "builderType"
	AttributeRunUUID     = "packerRunUuid"
	AttributeBuildName   = "buildName"
	AttributeAzureKind   = "azureImageKind"
)

// Defaults are what the configuration says of images whose build does not.
type Defaults struct {
	Region, Project, Datacenter, Folder string
	Architecture                        string
	OSName, OSVersion                   string
	KubernetesVersion                   string
}

// Keys are the names of the keys in custom_data that hold facts.
type Keys struct {
	OSName            string `json:"osName,omitempty" jsonschema_description:"Key of the distribution, or of free text such as Ubuntu 24.04."`
	OSVersion         string `json:"osVersion,omitempty" jsonschema_description:"Key of the distribution's version."`
	Architecture      string `json:"architecture,omitempty" jsonschema_description:"Key of the architecture."`
	KubernetesVersion string `json:"kubernetesVersion,omitempty" jsonschema_description:"Key of the Kubernetes version."`
	Version           string `json:"version,omitempty" jsonschema_description:"Key of the image's own version."`
	Region            string `json:"region,omitempty" jsonschema_description:"Key of the region, for artifact ids that do not say it."`
	Project           string `json:"project,omitempty" jsonschema_description:"Key of the Google Cloud project."`
	Datacenter        string `json:"datacenter,omitempty" jsonschema_description:"Key of the vSphere datacenter."`
	Folder            string `json:"folder,omitempty" jsonschema_description:"Key of the vSphere folder."`
}

// Mapped returns the keys that are set, by the name of their setting.
func (k Keys) Mapped() map[string]string {
	all := map[string]string{
		"osName": k.OSName, "osVersion": k.OSVersion, "architecture": k.Architecture,
		"kubernetesVersion": k.KubernetesVersion, "version": k.Version, "region": k.Region,
		"project": k.Project, "datacenter": k.Datacenter, "folder": k.Folder,
	}
	maps.DeleteFunc(all, func(_, key string) bool { return key == "" })
	return all
}

// Origins of values, for Provenance. FromArtifactID is that of what an artifact's id says itself.
const (
	FromArtifactID = "artifact_id"
	fromCustomData = "custom_data"
	fromConfig     = "config"
)

// FromBuild returns the images of one build: one for each region of its
// artifact, also those that no pack can use, with state Unusable and the reason.
// All are records of the time of the build.
//
// A fact comes from, in this order: the artifact id, the custom_data key that
// keys names, a custom_data key of Kubernetes Image Builder, defaults.
func FromBuild(build manifest.Build, keys Keys, defaults Defaults) []sdk.Image {
	r := reader{custom: build.CustomData, artifactID: build.ArtifactID, provenance: map[string]sdk.Provenance{}}
	place := artifact.Place{
		Project:    r.text("", keys.Project, defaults.Project, "project"),
		Datacenter: r.text("", keys.Datacenter, defaults.Datacenter, "datacenter"),
		Folder:     r.text("", keys.Folder, defaults.Folder, "folder"),
	}
	base := r.base(build, keys, defaults)
	region := r.text("region", keys.Region, defaults.Region, "region")
	version := r.text("version", keys.Version, "", "")

	var images []sdk.Image
	for _, a := range artifact.Parse(build.BuilderType, build.ArtifactID, place) {
		img := base
		img.Tags = maps.Clone(build.CustomData)
		img.Attributes = maps.Clone(base.Attributes)
		img.Provenance = maps.Clone(r.provenance)
		img.ID, img.Provider, img.Region, img.Version = a.ID, a.Provider, a.Region, a.Version
		img.Provenance["id"] = sdk.Provenance{From: FromArtifactID}.Of(build.ArtifactID, a.ID)
		if img.Region == "" {
			img.Region = region
		} else {
			img.Provenance["region"] = r.regionProvenance(a, keys)
		}
		switch {
		case version != "":
			img.Version = version
		case a.Version != "":
			img.Provenance["version"] = sdk.Provenance{From: FromArtifactID}
		}
		if a.Kind != "" {
			img.Attributes[AttributeAzureKind] = a.Kind
		}
		img.SpansRegions = a.Kind == artifact.GalleryImageVersion
		img.State = sdk.Available
		if a.Problem != "" {
			img.State, img.StateReason = sdk.Unusable, a.Problem
		}
		images = append(images, img)
	}
	return images
}

// regionProvenance: the region of a vSphere template is its datacenter.
func (r *reader) regionProvenance(a artifact.Artifact, keys Keys) sdk.Provenance {
	switch {
	case a.Provider != artifact.VSphere || a.ID == r.artifactID:
		return sdk.Provenance{From: FromArtifactID}
	case keys.Datacenter != "" && r.custom[keys.Datacenter] != "":
		return sdk.Provenance{From: fromCustomData, Key: keys.Datacenter}
	}
	return sdk.Provenance{From: fromConfig, Key: "datacenter"}
}

// reader takes facts of one build and notes where they came from.
type reader struct {
	custom     map[string]string
	artifactID string
	provenance map[string]sdk.Provenance
}

func (r *reader) base(build manifest.Build, keys Keys, defaults Defaults) sdk.Image {
	kib := osfacts.FromKIB(build.CustomData, fromCustomData)
	maps.Copy(r.provenance, kib.Provenance)
	img := sdk.Image{
		Name: build.Name, CreatedAt: build.BuildTime, Owner: "self",
		Evidence: sdk.Recorded, ObservedAt: build.BuildTime,
		Provenance: r.provenance,
		Architecture: r.fact(osfacts.FieldArchitecture, keys.Architecture, kib.Architecture,
			defaults.Architecture, "architecture", osfacts.Architecture),
		KubernetesVersion: r.fact(osfacts.FieldKubernetesVersion, keys.KubernetesVersion, kib.KubernetesVersion,
			defaults.KubernetesVersion, "kubernetesVersion", osfacts.KubernetesVersion),
		Attributes: map[string]string{
			AttributeBuilderType: build.BuilderType, AttributeRunUUID: build.RunUUID, AttributeBuildName: build.Name,
		},
	}
	r.system(keys, defaults).Describe(&img)
	if build.RunUUID != "" {
		img.Reference = &sdk.Reference{Kind: ReferenceKind, Value: build.RunUUID}
	}
	return img
}

// system asks the configuration only where the build does not say all. A default
// that is of another system is told then, and not used.
func (r *reader) system(keys Keys, defaults Defaults) osfacts.System {
	told := osfacts.In(r.custom, fromCustomData, osfacts.Keys{OSName: keys.OSName, OSVersion: keys.OSVersion})
	system := osfacts.Together(told...)
	if system.Name != "" && system.Version != "" {
		return system
	}
	said := func(text, setting string) osfacts.Said {
		return osfacts.Said{Text: text, From: sdk.Provenance{From: fromConfig, Key: setting}}
	}
	return osfacts.Together(append(told, osfacts.Statement{
		Name: said(defaults.OSName, "os.name"), Version: said(defaults.OSVersion, "os.version"),
	})...)
}

// fact is the value of the key in custom_data, else known, else the default.
func (r *reader) fact(field, key, known, fallback, setting string, normal func(string) string) string {
	if raw := r.custom[key]; key != "" && raw != "" {
		value := normal(raw)
		r.note(field, fromCustomData, key, raw, value)
		return value
	}
	if known != "" {
		return known
	}
	value := normal(fallback)
	r.note(field, fromConfig, setting, fallback, value)
	return value
}

// text is a fact that needs no normalising. With field "" nothing is noted.
func (r *reader) text(field, key, fallback, setting string) string {
	return r.fact(field, key, "", fallback, setting, func(s string) string { return s })
}

func (r *reader) note(field, from, key, raw, value string) {
	if field != "" && value != "" {
		r.provenance[field] = sdk.Provenance{From: from, Key: key}.Of(raw, value)
	}
}
