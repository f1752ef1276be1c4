// Package spec holds byoos.yaml: its types, loading, validation with line
// numbers, matrix expansion and JSON Schema.
package spec

// Version and kind of a spec.
const (
	APIVersion = "byoos.dev/v1alpha1"
	Kind       = "ImageSet"
)

// ImageSet is a whole spec: where images come from and which packs want one.
type ImageSet struct {
	APIVersion string   `json:"apiVersion" jsonschema:"required,enum=byoos.dev/v1alpha1,description=Version of the spec's format."`
	Kind       string   `json:"kind" jsonschema:"required,enum=ImageSet"`
	Metadata   Metadata `json:"metadata,omitempty"`
	// Sources are the places to look for images.
	Sources []Source `json:"sources" jsonschema:"required,minItems=1"`
	// Packs each pick one image and render it.
	Packs []Pack `json:"packs" jsonschema:"required,minItems=1"`

	// Dir is the absolute directory that relative paths start from: that of the
	// spec's file, or the working directory for a spec built from flags.
	Dir string `json:"-"`
	// File is the name the spec was read by, for messages; empty for flags.
	File string `json:"-"`
}

// Metadata names a spec.
type Metadata struct {
	Name string `json:"name,omitempty"`
}

// Source is one place to look for images.
type Source struct {
	// Name is unique in the spec.
	Name string `json:"name" jsonschema:"required,pattern=^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$"`
	// Type is the plugin's: byoos-source-<type>. Never a path.
	Type string `json:"type" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"`
	// Config is checked against the plugin's own JSON Schema.
	Config map[string]any `json:"config,omitempty"`
}

// PackKind is the BYOOS pack that is rendered.
type PackKind string

// The BYOOS packs of Palette.
const (
	GenericBYOI    PackKind = "generic-byoi"
	EdgeNativeBYOI PackKind = "edge-native-byoi"
)

// Pack picks one image and renders it into the values of one BYOOS pack.
type Pack struct {
	// Name is unique in the spec, after matrix expansion too.
	Name string   `json:"name" jsonschema:"required,pattern=^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$"`
	Pack PackKind `json:"pack" jsonschema:"required,enum=generic-byoi,enum=edge-native-byoi"`
	// Sources to pick from, by name; all when empty.
	Sources []string `json:"sources,omitempty"`
	Select  Select   `json:"select,omitempty"`
	// Matrix makes one pack per combination, named <name>-<value>...
	Matrix Matrix `json:"matrix,omitempty"`
	// Values are the user's own; they win over what was discovered.
	Values Values `json:"values,omitempty"`
	// Edge says how an edge-native-byoi pack refers to its image.
	Edge   *Edge   `json:"edge,omitempty"`
	Target *Target `json:"target,omitempty"`

	// Base is the name before matrix expansion; Expand sets it.
	Base string `json:"-"`
}

// NeedsImage tells whether an image is picked for the pack; an edge pack in
// agent mode names none.
func (p Pack) NeedsImage() bool { return p.Edge == nil || !p.Edge.AgentMode }

// Pick is the rule that ends selection.
type Pick string

// Pick rules.
const (
	PickNewest     Pick = "newest"
	PickExactlyOne Pick = "exactlyOne"
)

// Select says which images a pack may use. Empty fields allow everything.
type Select struct {
	Provider     string `json:"provider,omitempty"`
	Region       string `json:"region,omitempty"`
	Architecture string `json:"architecture,omitempty"`
	OS           OS     `json:"os,omitempty"`
	// KubernetesVersion is a semver range: ~1.30, >=1.29 <1.31.
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// Name is a shell pattern (*, ?) on the image's or build's name.
	Name string `json:"name,omitempty"`
	// Tags that an image must have, with these values.
	Tags map[string]string `json:"tags,omitempty"`
	// Where is a CEL expression over image, age and now.
	Where string `json:"where,omitempty"`
	Pick  Pick   `json:"pick,omitempty" jsonschema:"enum=newest,enum=exactlyOne,default=newest"`
}

// OS selects by operating system.
type OS struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Matrix lists values of select fields; a key may not be in both.
type Matrix struct {
	Provider          []string `json:"provider,omitempty"`
	Region            []string `json:"region,omitempty"`
	Architecture      []string `json:"architecture,omitempty"`
	KubernetesVersion []string `json:"kubernetesVersion,omitempty"`
}

// Values are pack parameters that the user sets.
type Values struct {
	OSName    string `json:"osName,omitempty"`
	OSVersion string `json:"osVersion,omitempty"`
	// The following are for edge-native-byoi.
	Registry        string `json:"registry,omitempty"`
	Repo            string `json:"repo,omitempty"`
	K8sDistribution string `json:"k8sDistribution,omitempty"`
	PEVersion       string `json:"peVersion,omitempty"`
	CustomTag       string `json:"customTag,omitempty"`
}

// Edge says how an edge-native-byoi pack refers to its image.
type Edge struct {
	// Shape of the values: "system" (system.registry, system.repo, ...) or "1.0"
	// (image.registry, image.repo, ... as the pack's 1.0 documentation).
	Shape string `json:"shape,omitempty" jsonschema:"enum=system,enum=1.0,default=system"`
	// Reference: "template" lets Palette fill in the Kubernetes version, "tag" is
	// registry/repo:tag, "digest" is registry/repo:tag@sha256:...
	Reference string `json:"reference,omitempty" jsonschema:"enum=template,enum=tag,enum=digest,default=template"`
	// AgentMode renders system.uri: NA; no image is picked.
	AgentMode bool `json:"agentMode,omitempty"`
	// ContentImages are further images of the content bundle.
	ContentImages []string `json:"contentImages,omitempty"`
	// KubernetesVersions must each exist as a tag when reference is template.
	KubernetesVersions []string `json:"kubernetesVersions,omitempty"`
}

// Target is the Palette cluster profile that diff and apply work on.
type Target struct {
	Project string `json:"project,omitempty"`
	Profile string `json:"profile" jsonschema:"required"`
	Version string `json:"version,omitempty"`
	// Create makes the profile, or adds the OS layer, when it is not there.
	Create bool `json:"create,omitempty"`
	// CloudType of a profile that is created: aws, azure, edge-native, ...
	CloudType string `json:"cloudType,omitempty"`
	// Registry that has the pack.
	Registry string `json:"registry,omitempty" jsonschema:"default=Public Repo"`
	// PackVersion of the BYOOS pack, when it is added.
	PackVersion string `json:"packVersion,omitempty"`
}
