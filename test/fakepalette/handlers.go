package fakepalette

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
	"go.yaml.in/yaml/v3"
)

// handle carries out a valid request; the server is locked.
func (s *Server) handle(w http.ResponseWriter, input *openapi3filter.RequestValidationInput, body []byte) {
	r := input.Request
	scope := r.Header.Get("ProjectUid")
	if scope != "" && !slices.ContainsFunc(s.state.Projects, func(p Project) bool { return p.UID == scope }) {
		s.fail(w, http.StatusForbidden, "ProjectNotFound", "the project is not there")
		return
	}
	query := r.URL.Query()
	switch input.Route.Operation.OperationID {
	case "v1ProjectsMetadata":
		s.projects(w, query.Get("name"))
	case "v1RegistriesMetadata":
		s.registries(w)
	case "v1PacksSummaryList":
		s.packs(w, query.Get("filters"), query.Get("limit"), query.Get("continue"))
	case "v1PacksUid":
		s.packTags(w, input.PathParams["uid"])
	case "v1PacksSearch":
		s.searchPacks(w, body)
	case "v1ClusterProfilesMetadata":
		s.profiles(w)
	case "v1ClusterProfilesCreate":
		s.create(w, scope, query.Get("publish") == "true", body)
	case "v1ClusterProfilesValidatePacks":
		s.validate(w, body)
	default:
		s.handleProfile(w, input, body)
	}
}

func (s *Server) handleProfile(w http.ResponseWriter, input *openapi3filter.RequestValidationInput, body []byte) {
	p := s.state.byUID(input.PathParams["uid"])
	if p == nil {
		s.fail(w, http.StatusNotFound, "ClusterProfileNotFound", "the cluster profile is not there")
		return
	}
	switch operation := input.Route.Operation.OperationID; operation {
	case "v1ClusterProfilesGet":
		write(w, http.StatusOK, s.show(p))
	case "v1ClusterProfilesUidPacksUidManifests":
		manifests(w, p, input.PathParams["packName"])
	case "V1ClusterProfilesUidVariablesGet":
		variables := p.Variables
		if variables == nil {
			variables = []Variable{}
		}
		write(w, http.StatusOK, object{"variables": variables})
	case "v1ClusterProfilesUidValidatePacks":
		s.validate(w, body)
	case "v1ClusterProfilesUpdate":
		s.replace(w, p, body)
	case "v1ClusterProfilesUidPacksAdd":
		s.addPack(w, p, body)
	case "v1ClusterProfilesUidPacksNameUpdate":
		s.updatePack(w, p, input.PathParams["packName"], body)
	case "v1ClusterProfilesPublish":
		if p.Draft != nil {
			p.Published, p.Draft, p.LastModified = p.Draft, nil, s.now()
		}
		write(w, http.StatusNoContent, nil)
	case "v1ClusterProfilesUidMetadataUpdate":
		s.describe(w, p, body)
	case "v1ClusterProfilesDelete":
		s.remove(w, p)
	case "v1ClusterProfilesUidClone":
		s.clone(w, p, body)
	default:
		s.fail(w, http.StatusNotImplemented, "NotImplemented", operation+" is not part of the fake")
	}
}

type object = map[string]any

func (s *Server) projects(w http.ResponseWriter, name string) {
	items := []object{}
	for _, p := range s.state.Projects {
		// Palette's filter is by prefix, so a client has to compare itself.
		if strings.HasPrefix(p.Name, name) {
			items = append(items, object{"metadata": object{"name": p.Name, "uid": p.UID}})
		}
	}
	write(w, http.StatusOK, object{"items": items})
}

func (s *Server) registries(w http.ResponseWriter) {
	items := []object{}
	for _, r := range s.state.Registries {
		items = append(items, object{"uid": r.UID, "name": r.Name, "kind": cmp.Or(r.Kind, "spectro"), "scope": "system", "isDefault": false, "isPrivate": false})
	}
	write(w, http.StatusOK, object{"items": items})
}

func (s *Server) packs(w http.ResponseWriter, filters, limitText, token string) {
	var matching []Pack
	for _, p := range s.state.Packs {
		ok, err := p.matches(filters)
		if err != nil {
			s.fail(w, http.StatusBadRequest, "InvalidFilter", err.Error())
			return
		}
		if ok {
			matching = append(matching, p)
		}
	}
	limit, _ := strconv.Atoi(limitText)
	if limit <= 0 {
		limit = 50
	}
	if s.PageSize > 0 {
		limit = min(limit, s.PageSize)
	}
	if s.EmptyPages && !strings.HasPrefix(token, "full-") {
		next := "full-" + cmp.Or(token, "page-0")
		write(w, http.StatusOK, object{"items": []object{}, "listmeta": object{"continue": next}})
		return
	}
	offset, _ := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(token, "full-"), "page-"))
	offset = min(offset, len(matching))
	end := min(offset+limit, len(matching))
	next := ""
	if end < len(matching) {
		next = "page-" + strconv.Itoa(end)
	}
	items := []object{}
	for _, p := range matching[offset:end] {
		items = append(items, object{
			"apiVersion": "v1", "kind": "pack",
			"metadata": object{"uid": p.UID, "name": p.Name},
			"spec": object{
				"name": p.Name, "version": p.Version, "registryUid": p.RegistryUID, "type": p.Type, "layer": p.Layer,
				"cloudTypes": p.CloudTypes, "values": p.Values,
			},
		})
		if p.Disabled {
			items[len(items)-1]["status"] = object{"disabled": true}
		}
		if p.CloudTypes == nil {
			items[len(items)-1]["spec"].(object)["cloudTypes"] = []string{}
		}
	}
	write(w, http.StatusOK, object{"items": items, "listmeta": object{"continue": next, "count": len(matching), "limit": limit, "offset": offset}})
}

// profiles lists those of all scopes, mixed: a client has to look at each.
func (s *Server) profiles(w http.ResponseWriter) {
	items := []object{}
	for _, p := range s.state.Profiles {
		items = append(items, object{
			"metadata": object{"name": p.Name, "uid": p.UID},
			"spec":     object{"cloudType": p.CloudType, "version": p.Version},
		})
	}
	write(w, http.StatusOK, object{"items": items})
}

// manifests answers the contents of a layer's manifests, published and draft under
// one uid where they have one.
func manifests(w http.ResponseWriter, p *Profile, pack string) {
	var uids []string
	specs := map[string]object{}
	for side, layers := range map[string][]Layer{"published": p.Published, "draft": p.Draft} {
		for _, l := range layers {
			if l.Name != pack {
				continue
			}
			for _, m := range l.Manifests {
				if specs[m.UID] == nil {
					uids = append(uids, m.UID)
					specs[m.UID] = object{"name": m.Name}
				}
				specs[m.UID][side] = object{"content": m.Content}
			}
		}
	}
	slices.Sort(uids)
	items := []object{}
	for _, uid := range uids {
		spec := specs[uid]
		name := spec["name"]
		delete(spec, "name")
		items = append(items, object{"metadata": object{"uid": uid, "name": name}, "spec": spec})
	}
	write(w, http.StatusOK, object{"items": items})
}

func (s *Server) show(p *Profile) object {
	spec := object{"version": p.Version}
	if p.Published != nil {
		spec["published"] = template(p, p.Published)
	}
	switch {
	case p.Draft != nil:
		spec["draft"] = template(p, p.Draft)
	case s.DraftAlways:
		spec["draft"] = template(p, p.Published)
	}
	versions := []object{}
	for _, other := range s.state.Profiles {
		if other.Name == p.Name && other.ProjectUID == p.ProjectUID {
			versions = append(versions, object{"uid": other.UID, "version": other.Version})
		}
	}
	spec["versions"] = versions
	labels := p.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	clusters := p.Clusters
	if clusters == nil {
		clusters = []Cluster{}
	}
	return object{
		"apiVersion": "v1", "kind": "clusterprofile",
		"metadata": object{
			"uid": p.UID, "name": p.Name, "lastModifiedTimestamp": p.LastModified, "labels": labels,
			"annotations": object{"scope": p.scope(), "projectUid": p.ProjectUID},
		},
		"spec":   spec,
		"status": object{"isPublished": p.Published != nil, "inUseClusters": clusters, "hasUserMacros": false},
	}
}

func template(p *Profile, layers []Layer) object {
	shown := cloneLayers(layers)
	for i := range shown {
		for j := range shown[i].Manifests {
			shown[i].Manifests[j].Content = ""
		}
	}
	return object{"name": p.Name, "cloudType": p.CloudType, "type": p.Type, "profileVersion": p.Version, "packs": shown}
}

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

func (s *Server) decode(w http.ResponseWriter, body []byte, into any) bool {
	if err := json.Unmarshal(body, into); err != nil {
		s.fail(w, http.StatusBadRequest, "InvalidBody", err.Error())
		return false
	}
	return true
}
