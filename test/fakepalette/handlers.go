package fakepalette

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
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

func (s *Server) decode(w http.ResponseWriter, body []byte, into any) bool {
	if err := json.Unmarshal(body, into); err != nil {
		s.fail(w, http.StatusBadRequest, "InvalidBody", err.Error())
		return false
	}
	return true
}
