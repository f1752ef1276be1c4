// Package spec holds byoos.yaml: its types, loading, validation with line
// numbers, matrix expansion and JSON Schema. It is pure: bytes in, no I/O.
//
// The comments of the types below are the descriptions in the JSON Schema and in
// docs/spec.md; run go generate after changing one.
package spec

import "github.com/kubectl-byoos/kubectl-byoos/internal/mirror"

// Version and kind of a spec.
const (
	APIVersion = "byoos.dev/v1alpha1"
	Kind       = "ImageSet"
)

// ImageSet is a whole spec: where images come from and which packs want one.
type ImageSet struct {
	// Version of the spec's format.
	APIVersion string `json:"apiVersion" jsonschema:"required,enum=byoos.dev/v1alpha1"`
	// Kind of the document.
	Kind string `json:"kind" jsonschema:"required,enum=ImageSet"`
	// Metadata of the spec.
	Metadata Metadata `json:"metadata,omitzero"`
	// Sources are the places to look for images. Only a spec whose packs are all in
	// agent mode needs none.
	Sources []Source `json:"sources,omitempty" jsonschema:"minItems=1"`
	// Packs each pick one image and render it.
	Packs []Pack `json:"packs" jsonschema:"required,minItems=1"`

	// Dir is the absolute directory that relative paths start from: that of the
	// spec's file, or the working directory for a spec built from flags.
	Dir string `json:"-"`
	// File is the name the spec was read by, for messages; empty for flags.
	File string `json:"-"`
	// Mirrors are where this machine reads and renders images of registries; they are
	// the user's, and no part of the spec.
	Mirrors []mirror.Rule `json:"-"`
}

// Metadata names a spec.
type Metadata struct {
	// Name of the spec, for people.
	Name string `json:"name,omitempty" jsonschema:"minLength=1"`
}

// Source is one place to look for images.
type Source struct {
	// Name, unique in the spec.
	Name string `json:"name" jsonschema:"required,pattern=^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$" jsonschema_extras:"patternErrorMessage=use letters and digits with . _ or - between them"`
	// Type is the plugin's: packer starts byoos-source-packer. It is never a path.
	Type string `json:"type" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" jsonschema_extras:"patternErrorMessage=it is the name of a plugin (packer for byoos-source-packer) and never a path"`
	// Config of the plugin, checked against its own schema (`kubectl byoos plugin
	// describe TYPE`). Relative paths in it start from the spec's directory.
	Config map[string]any `json:"config,omitempty"`
}

// Pack picks one image and renders it into the values of one BYOOS pack.
type Pack struct {
	// Name, unique in the spec, after matrix expansion too.
	Name string `json:"name" jsonschema:"required,pattern=^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$" jsonschema_extras:"patternErrorMessage=use letters and digits with . _ or - between them"`
	// Pack of Palette: generic-byoi for clouds and data centres, edge-native-byoi
	// for edge hosts.
	Pack PackKind `json:"pack" jsonschema:"required"`
	// Sources to pick from, by name; all when absent.
	Sources []string `json:"sources,omitempty" jsonschema:"minItems=1,uniqueItems=true"`
	// Select says which images fit.
	Select Select `json:"select,omitzero"`
	// Matrix makes one pack for each combination of its values, named
	// NAME-VALUE-...; a key may not be in select too.
	Matrix Matrix `json:"matrix,omitzero"`
	// Values of the pack that win over what was discovered.
	Values Values `json:"values,omitzero"`
	// Edge says how an edge-native-byoi pack refers to its image.
	Edge *Edge `json:"edge,omitempty"`
	// Target is the cluster profile of Palette that diff and apply work on.
	Target *Target `json:"target,omitempty"`

	// Base is the name before matrix expansion; Expand sets it.
	Base string `json:"-"`
	// Mirrors are the set's.
	Mirrors []mirror.Rule `json:"-"`
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

// Select says which images a pack may use. An absent key allows everything.
type Select struct {
	// Provider of the image: aws, azure, gcp, vsphere, oci, ...
	Provider string `json:"provider,omitempty" jsonschema:"minLength=1"`
	// Region that the image must be in. Azure's display names and names are the
	// same; an image that is good everywhere fits every region.
	Region string `json:"region,omitempty" jsonschema:"minLength=1"`
	// Architecture as Go and OCI spell it: amd64, arm64.
	Architecture string `json:"architecture,omitempty" jsonschema:"minLength=1"`
	// Operating system in the image.
	OS OS `json:"os,omitzero"`
	// KubernetesVersion is a semver range: ~1.30, >=1.29 <1.31.
	KubernetesVersion string `json:"kubernetesVersion,omitempty" jsonschema:"minLength=1"`
	// K8sDistribution in the tag of an edge image: k3s, rke2, kubeadm, ...
	K8sDistribution string `json:"k8sDistribution,omitempty" jsonschema:"minLength=1"`
	// CustomTag at the end of an edge image's tag, without the platform that Earthly
	// may add to it.
	CustomTag string `json:"customTag,omitempty" jsonschema:"minLength=1"`
	// Name is a shell pattern (*, ?) on the image's or build's name.
	Name string `json:"name,omitempty" jsonschema:"minLength=1"`
	// Tags that an image must have, with these values.
	Tags map[string]string `json:"tags,omitempty"`
	// Where is a CEL expression over image, age and now, for what the keys above
	// cannot say.
	Where string `json:"where,omitempty" jsonschema:"minLength=1"`
	// Pick says which of several images is taken.
	Pick Pick `json:"pick,omitempty" jsonschema:"enum=newest,enum=exactlyOne,default=newest"`
}

// OS selects by operating system.
type OS struct {
	// Name of the distribution: rhel, ubuntu, ...
	Name string `json:"name,omitempty" jsonschema:"minLength=1"`
	// Version, or the first parts of it: 8 fits 8.8.
	Version string `json:"version,omitempty" jsonschema:"minLength=1"`
}

// Matrix lists values of select keys.
type Matrix struct {
	// Provider values.
	Provider []string `json:"provider,omitempty" jsonschema:"minItems=1,uniqueItems=true"`
	// Region values. An AMI id is good in one region only.
	Region []string `json:"region,omitempty" jsonschema:"minItems=1,uniqueItems=true"`
	// Architecture values.
	Architecture []string `json:"architecture,omitempty" jsonschema:"minItems=1,uniqueItems=true"`
	// KubernetesVersion ranges.
	KubernetesVersion []string `json:"kubernetesVersion,omitempty" jsonschema:"minItems=1,uniqueItems=true"`
}

// Values are pack parameters that the user sets.
type Values struct {
	// OSName of the pack.
	OSName string `json:"osName,omitempty" jsonschema:"minLength=1"`
	// OSVersion of the pack.
	OSVersion string `json:"osVersion,omitempty" jsonschema:"minLength=1"`
	// Registry of the image; edge-native-byoi only, as are the following.
	Registry string `json:"registry,omitempty" jsonschema:"minLength=1"`
	// Repo of the image in the registry.
	Repo string `json:"repo,omitempty" jsonschema:"minLength=1"`
	// K8sDistribution in the image's tag: k3s, rke2, kubeadm, ... Like the following, of a template it is a condition of the pick.
	K8sDistribution string `json:"k8sDistribution,omitempty" jsonschema:"minLength=1"`
	// PEVersion is the version of the Palette edge software in the image's tag.
	PEVersion string `json:"peVersion,omitempty" jsonschema:"minLength=1"`
	// CustomTag at the end of the image's tag.
	CustomTag string `json:"customTag,omitempty" jsonschema:"minLength=1"`
}

// Edge says how an edge-native-byoi pack refers to its image.
type Edge struct {
	// Shape of the values: "system" (system.registry, system.repo, ...) or "1.0"
	// (image.registry, image.repo, ... as the pack's 1.0 documentation has it).
	Shape string `json:"shape,omitempty" jsonschema:"enum=system,enum=1.0,default=system"`
	// Reference: "template" lets Palette fill in the Kubernetes version, "tag" is
	// registry/repo:tag, "digest" is registry/repo:tag@sha256:...
	Reference string `json:"reference,omitempty" jsonschema:"enum=template,enum=tag,enum=digest,default=template"`
	// AgentMode renders system.uri: NA; no image is picked.
	AgentMode bool `json:"agentMode,omitempty"`
	// ContentImages are further images of the content bundle.
	ContentImages []string `json:"contentImages,omitempty" jsonschema:"uniqueItems=true"`
	// KubernetesVersions are those of the clusters: the template must lead to an image
	// for each that the pack accepts.
	KubernetesVersions []string `json:"kubernetesVersions,omitempty" jsonschema:"uniqueItems=true"`
}

// TargetScope says whether a profile is a project's or the tenant's.
type TargetScope string

// Scopes of a target.
const (
	ScopeProject TargetScope = "project"
	ScopeTenant  TargetScope = "tenant"
)

// ProfileType is Palette's kind of a cluster profile.
type ProfileType string

// Types of profiles: all layers, the core ones, or those on top.
const (
	ProfileCluster ProfileType = "cluster"
	ProfileInfra   ProfileType = "infra"
	ProfileAddOn   ProfileType = "add-on"
)

// VersionLatest as a target's version is the highest that the profile has.
const VersionLatest = "latest"

// Target is the Palette cluster profile that diff and apply work on. project, profile,
// version and cloudType may hold {{provider}}, {{region}}, {{architecture}} and
// {{kubernetesVersion}}: the pack's own of select or matrix, spelled as in names that a
// matrix makes (West-US-2). Each pack of a matrix needs a target of its own.
type Target struct {
	// Scope is tenant for a profile of the whole tenant, also when the environment
	// names a project. Without it a target is in its project, else in the one that
	// the environment names, else in the tenant.
	Scope TargetScope `json:"scope,omitempty" jsonschema:"enum=project,enum=tenant"`
	// Project of the profile, by name.
	Project string `json:"project,omitempty" jsonschema:"minLength=1"`
	// Profile by name.
	Profile string `json:"profile" jsonschema:"required,minLength=1"`
	// Version of the profile: three numbers (1.2.0), or latest for the highest that
	// is there. It may be left out when the profile has one version.
	Version string `json:"version,omitempty" jsonschema:"minLength=1"`
	// Type of the profile: cluster has all layers, infra the operating system,
	// Kubernetes, network and storage, add-on those on top. A profile that is created
	// gets it; one of another type is refused.
	Type ProfileType `json:"type,omitempty" jsonschema:"enum=cluster,enum=infra,enum=add-on"`
	// Create makes the profile, or adds the OS layer, when it is not there.
	Create bool `json:"create,omitempty"`
	// Replace allows to put the pack in place of an OS layer of another pack, a value
	// in place of a macro such as {{.spectro.var.ami}}, and, in Terraform, the rendered
	// values in place of all that the layer has.
	Replace bool `json:"replace,omitempty"`
	// CloudType of the profile: aws, azure, edge-native, ... A profile that is created
	// gets it; one of another cloud type is refused.
	CloudType string `json:"cloudType,omitempty" jsonschema:"minLength=1"`
	// Registry that has the pack, by name; Public Repo when there is no registryUid
	// either.
	Registry string `json:"registry,omitempty" jsonschema:"minLength=1"`
	// RegistryUID names the registry by its uid, where several have one name.
	RegistryUID string `json:"registryUid,omitempty" jsonschema:"minLength=1"`
	// PackVersion of the BYOOS pack, when it is added: 1.0.0, or 1.0.x for the newest
	// of these.
	PackVersion string `json:"packVersion,omitempty" jsonschema:"minLength=1"`
}
