package fakepalette

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// input is a pack as requests have it.
type input struct {
	Name, UID, RegistryUID, Tag, Type, Layer, Values string
	Manifests                                        []struct{ Name, UID, Content string }
}

func (s *Server) layer(in input) Layer {
	l := Layer{
		Name: in.Name, Layer: in.Layer, Type: cmp.Or(in.Type, "spectro"), Tag: in.Tag, Version: in.Tag,
		PackUID: in.UID, RegistryUID: in.RegistryUID, Values: s.kept(in.Values),
	}
	for _, m := range in.Manifests {
		uid := m.UID
		if uid == "" {
			uid = s.uid()
		}
		l.Manifests = append(l.Manifests, Manifest{Kind: "manifest", Name: m.Name, UID: uid, Content: m.Content})
	}
	return s.known(l)
}

// kept is what of values is kept.
func (s *Server) kept(values string) string {
	if s.Trims {
		return strings.Trim(values, "\r\n")
	}
	return values
}

// edit makes a draft of a profile that has none.
func (s *Server) edit(p *Profile) {
	fresh := p.Draft == nil
	p.edit()
	if !fresh || !s.FreshManifests {
		return
	}
	for i := range p.Draft {
		for j := range p.Draft[i].Manifests {
			p.Draft[i].Manifests[j].UID = s.uid()
		}
	}
}

func (s *Server) knownPack(w http.ResponseWriter, in input) bool {
	if in.Type == "manifest" || slices.ContainsFunc(s.state.Packs, func(p Pack) bool { return p.UID == in.UID && strings.HasSuffix(in.Name, p.Name) }) {
		return true
	}
	s.fail(w, http.StatusBadRequest, "PackNotFound", "pack "+in.Name+" is not in a registry")
	return false
}

func (s *Server) create(w http.ResponseWriter, scope string, publish bool, body []byte) {
	var in struct {
		Metadata struct{ Name string }
		Spec     struct {
			Version  string
			Template struct {
				CloudType, Type string
				Packs           []input
			}
		}
	}
	if !s.decode(w, body, &in) {
		return
	}
	if s.state.inScope(in.Metadata.Name, in.Spec.Version, scope) != nil {
		s.fail(w, http.StatusConflict, "ClusterProfileExists", "a cluster profile of that name and version is there already")
		return
	}
	p := &Profile{
		UID: s.uid(), Name: in.Metadata.Name, Version: in.Spec.Version, ProjectUID: scope,
		CloudType: in.Spec.Template.CloudType, Type: in.Spec.Template.Type, LastModified: s.now(), Draft: []Layer{},
	}
	for _, pack := range in.Spec.Template.Packs {
		if !s.knownPack(w, pack) {
			return
		}
		p.Draft = append(p.Draft, s.layer(pack))
	}
	if publish {
		p.Published, p.Draft = p.Draft, nil
	}
	s.state.Profiles = append(s.state.Profiles, p)
	write(w, http.StatusCreated, object{"uid": p.UID})
}

func (s *Server) clone(w http.ResponseWriter, p *Profile, body []byte) {
	var in struct {
		Metadata struct{ Name, Version string }
	}
	if !s.decode(w, body, &in) {
		return
	}
	if s.state.inScope(in.Metadata.Name, in.Metadata.Version, p.ProjectUID) != nil {
		s.fail(w, http.StatusConflict, "ClusterProfileExists", "a cluster profile of that name and version is there already")
		return
	}
	c := &Profile{
		UID: s.uid(), Name: in.Metadata.Name, Version: in.Metadata.Version, ProjectUID: p.ProjectUID,
		CloudType: p.CloudType, Type: p.Type, LastModified: s.now(), Draft: cloneLayers(p.working()),
		Labels: p.Labels, Variables: slices.Clone(p.Variables),
	}
	if s.ClonesWithoutDraft && p.Published != nil {
		c.Draft = cloneLayers(p.Published)
	}
	for i := range c.Draft {
		for j := range c.Draft[i].Manifests {
			c.Draft[i].Manifests[j].UID = s.uid()
		}
	}
	if s.ClonesPublished {
		c.Published, c.Draft = c.Draft, nil
	}
	s.state.Profiles = append(s.state.Profiles, c)
	write(w, http.StatusCreated, object{"uid": c.UID})
}

func (s *Server) addPack(w http.ResponseWriter, p *Profile, body []byte) {
	var in struct{ Pack input }
	if !s.decode(w, body, &in) || !s.knownPack(w, in.Pack) {
		return
	}
	if p.Layer(in.Pack.Name, true) != nil {
		s.fail(w, http.StatusConflict, "PackExists", "the profile has that pack already")
		return
	}
	s.edit(p)
	p.Draft = append(p.Draft, s.layer(in.Pack))
	p.LastModified = s.now()
	write(w, http.StatusCreated, object{"uid": p.UID})
}

func (s *Server) updatePack(w http.ResponseWriter, p *Profile, name string, body []byte) {
	var in struct{ Pack input }
	if !s.decode(w, body, &in) {
		return
	}
	if p.Layer(name, true) == nil || in.Pack.Name != name {
		s.fail(w, http.StatusNotFound, "PackNotFound", "the profile has no such pack")
		return
	}
	if !s.knownPack(w, in.Pack) {
		return
	}
	s.edit(p)
	l := p.Layer(name, true)
	l.PackUID, l.Values = in.Pack.UID, s.kept(in.Pack.Values)
	if in.Pack.Tag != "" {
		l.Tag = in.Pack.Tag
	}
	p.LastModified = s.now()
	write(w, http.StatusNoContent, nil)
}

// replace takes the layers of a whole profile, as PUT does.
func (s *Server) replace(w http.ResponseWriter, p *Profile, body []byte) {
	var in struct {
		Metadata struct{ Labels map[string]string }
		Spec     struct{ Template struct{ Packs []input } }
	}
	if !s.decode(w, body, &in) {
		return
	}
	draft := []Layer{}
	for _, pack := range in.Spec.Template.Packs {
		if !s.knownPack(w, pack) {
			return
		}
		draft = append(draft, s.layer(pack))
	}
	p.Draft, p.Labels, p.LastModified = draft, in.Metadata.Labels, s.now()
	write(w, http.StatusNoContent, nil)
}

// validate complains about values that are no YAML or lack the key that every
// BYOOS pack needs.
func (s *Server) validate(w http.ResponseWriter, body []byte) {
	var in struct{ Packs []input }
	if !s.decode(w, body, &in) {
		return
	}
	results := []object{}
	for _, pack := range in.Packs {
		problems := []object{}
		var values map[string]any
		if err := yaml.Unmarshal([]byte(pack.Values), &values); err != nil {
			problems = append(problems, object{"code": "InvalidValues", "message": "values are not valid yaml"})
		} else if values["pack"] == nil && values["options"] == nil {
			problems = append(problems, object{"code": "MissingKey", "message": "values have no pack section"})
		}
		results = append(results, object{"name": pack.Name, "displayName": pack.Name, "errors": problems})
	}
	write(w, http.StatusOK, object{"packs": object{"results": results}})
}
