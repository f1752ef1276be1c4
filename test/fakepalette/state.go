package fakepalette

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// State is all that a fake Palette holds. It reads and writes as JSON.
type State struct {
	Projects   []Project  `json:"projects,omitempty"`
	Registries []Registry `json:"registries,omitempty"`
	Packs      []Pack     `json:"packs,omitempty"`
	Profiles   []*Profile `json:"profiles,omitempty"`
}

// Project is a scope that profiles are in.
type Project struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

// Registry has packs.
type Registry struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
	// Kind is spectro when it is empty.
	Kind string `json:"kind,omitempty"`
}

// Pack is one version of a pack in a registry.
type Pack struct {
	UID         string   `json:"uid"`
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	RegistryUID string   `json:"registryUid"`
	Type        string   `json:"type"`
	Layer       string   `json:"layer"`
	CloudTypes  []string `json:"cloudTypes,omitempty"`
	Values      string   `json:"values"`
	// Disabled packs are listed, with a status that the API description leaves open.
	Disabled bool `json:"disabled,omitempty"`
}

// Profile is one version of a cluster profile.
type Profile struct {
	UID     string `json:"uid"`
	Name    string `json:"name"`
	Version string `json:"version"`
	// ProjectUID is empty for a profile of the tenant; System makes it Palette's own.
	ProjectUID   string            `json:"projectUid,omitempty"`
	System       bool              `json:"system,omitempty"`
	CloudType    string            `json:"cloudType"`
	Type         string            `json:"type"`
	Labels       map[string]string `json:"labels,omitempty"`
	Published    []Layer           `json:"published,omitempty"`
	Draft        []Layer           `json:"draft,omitempty"`
	Variables    []Variable        `json:"variables,omitempty"`
	LastModified time.Time         `json:"lastModified"`
	Clusters     []Cluster         `json:"clusters,omitempty"`
}

// Variable is declared by a profile; each cluster gives it a value.
type Variable struct {
	Name         string `json:"name"`
	DefaultValue string `json:"defaultValue,omitempty"`
}

// scope is the annotation that says what a profile belongs to.
func (p *Profile) scope() string {
	switch {
	case p.System:
		return "system"
	case p.ProjectUID != "":
		return "project"
	}
	return "tenant"
}

// Layer is a pack of a profile.
type Layer struct {
	Name        string     `json:"name"`
	Layer       string     `json:"layer"`
	Type        string     `json:"type,omitempty"`
	Tag         string     `json:"tag,omitempty"`
	Version     string     `json:"version,omitempty"`
	PackUID     string     `json:"packUid,omitempty"`
	RegistryUID string     `json:"registryUid,omitempty"`
	Values      string     `json:"values,omitempty"`
	Manifests   []Manifest `json:"manifests,omitempty"`
}

// Manifest is attached to a layer. That of a draft has the uid of the published
// one, and content of its own.
type Manifest struct {
	Kind    string `json:"kind,omitempty"`
	Name    string `json:"name"`
	UID     string `json:"uid"`
	Content string `json:"content,omitempty"`
}

// Cluster uses a profile.
type Cluster struct {
	Kind       string `json:"kind,omitempty"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	ProjectUID string `json:"projectUid,omitempty"`
}

// working returns what an edit starts from.
func (p *Profile) working() []Layer {
	if p.Draft != nil {
		return p.Draft
	}
	return p.Published
}

// edit makes a draft of what is published, as Palette does at the first change.
func (p *Profile) edit() {
	if p.Draft == nil {
		p.Draft = cloneLayers(p.Published)
	}
}

func cloneLayers(layers []Layer) []Layer {
	out := slices.Clone(layers)
	for i := range out {
		out[i].Manifests = slices.Clone(out[i].Manifests)
	}
	return out
}

// Layer returns a layer of what is published or, if draft, of what an edit
// starts from; nil when there is none.
func (p *Profile) Layer(name string, draft bool) *Layer {
	layers := p.Published
	if draft {
		layers = p.working()
	}
	for i := range layers {
		if layers[i].Name == name {
			return &layers[i]
		}
	}
	return nil
}

// Profile returns a profile by name and version; nil when there is none.
func (s *State) Profile(name, version string) *Profile {
	for _, p := range s.Profiles {
		if p.Name == name && p.Version == version {
			return p
		}
	}
	return nil
}

// byUID finds a profile of any scope, as Palette does.
func (s *State) byUID(uid string) *Profile {
	for _, p := range s.Profiles {
		if p.UID == uid {
			return p
		}
	}
	return nil
}

func (s *State) inScope(name, version, scope string) *Profile {
	for _, p := range s.Profiles {
		if p.Name == name && p.Version == version && p.ProjectUID == scope {
			return p
		}
	}
	return nil
}

func (s *State) clone() State {
	out := State{Projects: slices.Clone(s.Projects), Registries: slices.Clone(s.Registries), Packs: slices.Clone(s.Packs)}
	for _, p := range s.Profiles {
		c := *p
		c.Published, c.Draft, c.Clusters = cloneLayers(p.Published), cloneLayers(p.Draft), slices.Clone(p.Clusters)
		c.Variables = slices.Clone(p.Variables)
		out.Profiles = append(out.Profiles, &c)
	}
	return out
}

// matches implements the filter grammar of GET /v1/packs as far as equality:
// spec.name=a AND spec.version=b, written with AND between the terms.
func (p Pack) matches(filters string) (bool, error) {
	if filters == "" {
		return true, nil
	}
	for _, term := range strings.Split(filters, "AND") {
		key, value, ok := strings.Cut(strings.TrimSpace(term), "=")
		if !ok {
			return false, fmt.Errorf("filter %q is not known", term)
		}
		have := map[string]string{
			"metadata.uid": p.UID, "spec.name": p.Name, "spec.version": p.Version, "spec.layer": p.Layer, "spec.registryUid": p.RegistryUID,
		}
		field, known := have[key]
		if !known {
			return false, fmt.Errorf("filter %q is not known", term)
		}
		if field != value {
			return false, nil
		}
	}
	return true, nil
}
