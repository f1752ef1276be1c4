package palette

import (
	"bytes"
	"encoding/json"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// ProfileJSON returns the body of POST /v1/clusterprofiles that makes the profile
// of a target with its BYOOS layer. The uids of registry and pack are Palette's
// own and are left to the one who sends it. It is pure.
func ProfileJSON(t Target, values string) ([]byte, error) {
	if t.Profile == "" {
		return nil, failure.Usage("add packs[].target with a profile", "pack %s has no target", t.Name)
	}
	if why, next := CloudMisfit(t, CloudType(t)); why != "" {
		return nil, failure.Usage(next, "pack %s: %s", t.Name, why)
	}
	version := t.Version
	if version == Latest {
		version = ""
	}
	layer := Layer{Name: t.Pack, Layer: layerOS, Type: string(api.V1PackTypeSpectro), Tag: t.PackVersion, Values: values}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(newEntity(t.Profile, version, newKind(t).with(layer)))
	return out.Bytes(), err
}

// newEntity is a profile that is to be created.
func newEntity(name, version string, template api.V1ClusterProfileTemplateDraft) api.V1ClusterProfileEntity {
	var body api.V1ClusterProfileEntity
	body.Metadata.Name, body.Spec.Version, body.Spec.Template = name, version, template
	return body
}

// CloudType returns the cloud type of a target: its own word, one of Palette's as
// Palette writes it, else the first that machines with the image's provider are of;
// empty when unknown. An add-on profile is for all of them.
func CloudType(t Target) string {
	if own, known := ownCloud(t.CloudType); known {
		return own.name
	}
	if t.CloudType != "" {
		return t.CloudType
	}
	if cloud := spec.PackKind(t.Pack).Traits().Cloud; cloud != "" {
		return cloud
	}
	if t.Type == typeAddOn {
		return allClouds
	}
	return firstCloud(t.Provider)
}
