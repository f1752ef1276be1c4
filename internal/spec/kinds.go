package spec

import (
	"slices"
	"strings"
)

// PackKind is the BYOOS pack that is rendered.
type PackKind string

// The BYOOS packs of Palette.
const (
	GenericBYOI    PackKind = "generic-byoi"
	EdgeNativeBYOI PackKind = "edge-native-byoi"
)

// Traits are all that sets a kind of pack apart, but for how package pack renders it
// and what package lint checks of it beside its keys.
type Traits struct {
	Kind PackKind
	// For is what it is for.
	For string
	// Cloud is the one cloud type of Palette that takes it; empty for all that have no
	// kind of their own.
	Cloud string
	// Values are the keys of packs[].values that it takes, HasEdge that it takes
	// packs[].edge.
	Values  []string
	HasEdge bool
	// Image leads to the image in the pack's own values, which is a sign of the kind. A
	// dotted key is one element.
	Image []string
	// Macros says that its values hold macros that read them.
	Macros bool
	// Keys are the pack's parameters, of which it does not work without Required.
	Keys, Required []string
}

// PackKinds are the kinds of packs, the usual one first.
func PackKinds() []Traits {
	generic := []string{"osImageOverride", "osName", "osVersion"}
	return []Traits{
		{
			Kind: GenericBYOI, For: "clouds and data centres", Values: []string{"osName", "osVersion"},
			Image: []string{"pack", "osImageOverride"}, Keys: generic, Required: generic,
		},
		{
			Kind: EdgeNativeBYOI, For: "edge clusters", Cloud: "edge-native", HasEdge: true, Macros: true,
			Values: []string{"osName", "osVersion", "registry", "repo", "k8sDistribution", "peVersion", "customTag"},
			Image:  []string{"options", "system.uri"}, Required: []string{"system.uri"},
			Keys: []string{
				"system.uri", "system.registry", "system.repo", "system.k8sDistribution",
				"system.osName", "system.peVersion", "system.customTag", "system.osVersion",
			},
		},
	}
}

// Traits of the kind; those of no kind when it is unknown.
func (k PackKind) Traits() Traits {
	for _, t := range PackKinds() {
		if t.Kind == k {
			return t
		}
	}
	return Traits{}
}

// MacroPrefix starts the macros that read the kind's values.
func (k PackKind) MacroPrefix() string { return ".spectro.pack." + string(k) + "." }

// KindOfCloud is the kind that machines of a cloud type take: the usual one, unless the
// type has its own.
func KindOfCloud(cloudType string) Traits {
	kinds := PackKinds()
	own := slices.IndexFunc(kinds, func(t Traits) bool { return t.Cloud == cloudType })
	return kinds[max(own, 0)]
}

// PackNames are the names of the kinds.
func PackNames() []string {
	var names []string
	for _, t := range PackKinds() {
		names = append(names, string(t.Kind))
	}
	return names
}

// Value is one key of packs[].values.
type Value struct{ Key, Text string }

// Set returns the values that are set.
func (v Values) Set() []Value {
	all := []Value{
		{"osName", v.OSName}, {"osVersion", v.OSVersion}, {"registry", v.Registry}, {"repo", v.Repo},
		{"k8sDistribution", v.K8sDistribution}, {"peVersion", v.PEVersion}, {"customTag", v.CustomTag},
	}
	return slices.DeleteFunc(all, func(value Value) bool { return value.Text == "" })
}

// Shapes and references of Edge.
const (
	ShapeSystem       = "system"
	Shape10           = "1.0"
	ReferenceTemplate = "template"
	ReferenceTag      = "tag"
	ReferenceDigest   = "digest"
)

// EdgeOrDefault is how an edge pack refers to its image, with what the schema gives as
// defaults.
func (p Pack) EdgeOrDefault() Edge {
	edge := Edge{}
	if p.Edge != nil {
		edge = *p.Edge
	}
	if edge.Shape == "" {
		edge.Shape = ShapeSystem
	}
	if edge.Reference == "" {
		edge.Reference = ReferenceTemplate
	}
	return edge
}

// IsTemplate tells whether the pack stands for one image of each Kubernetes version.
func (p Pack) IsTemplate() bool {
	return p.Pack.Traits().HasEdge && p.NeedsImage() && p.EdgeOrDefault().Reference == ReferenceTemplate
}

// Lead is where the template of a pack leads with an image.
type Lead struct {
	// Agent is the version of the agent in the images that it leads to.
	Agent string
	// Own says that it leads to the image itself, and Kubernetes for which version, where
	// that is known.
	Own        bool
	Kubernetes string
	// Elsewhere is the repository that the user names in place of the image's: a mirror.
	Elsewhere string
	// ID returns the id of the image for a version of Kubernetes in the repository that
	// the image is from.
	ID func(kubernetesVersion string) string
}

// checkKind refuses what is for other kinds of packs.
func (v *validator) checkKind(at path, pack Pack) {
	kind := pack.Pack.Traits()
	if kind.Kind == "" {
		return // the schema says it
	}
	switch {
	case pack.Edge == nil:
	case kind.HasEdge:
		v.edge(at, pack)
	default:
		with := slices.IndexFunc(PackKinds(), func(t Traits) bool { return t.HasEdge })
		v.report(at.to("edge"), "edge is for pack "+PackNames()[with], "remove it, or change pack")
	}
	for _, value := range pack.Values.Set() {
		if !slices.Contains(kind.Values, value.Key) {
			v.report(at.to("values", value.Key), "pack "+string(kind.Kind)+" has no value "+value.Key, "it has "+strings.Join(kind.Values, " and "))
		}
	}
}

// KnownKeys are the parameters of all kinds.
func KnownKeys() []string {
	var keys []string
	for _, t := range PackKinds() {
		keys = append(keys, t.Keys...)
	}
	return keys
}
