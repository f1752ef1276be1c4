package fakepalette

import (
	"cmp"
	"net/http"
	"slices"
)

// What the vendor's Terraform provider asks beside what our own client does:
// https://github.com/spectrocloud/terraform-provider-spectrocloud, and its client,
// https://github.com/spectrocloud/palette-sdk-go.

func (s *Server) pack(uid string) *Pack {
	if i := slices.IndexFunc(s.state.Packs, func(p Pack) bool { return p.UID == uid }); i >= 0 {
		return &s.state.Packs[i]
	}
	return nil
}

// known completes a layer by what it is of.
func (s *Server) known(l Layer) Layer {
	if pack := s.pack(l.PackUID); pack != nil {
		l.Layer, l.RegistryUID = cmp.Or(l.Layer, pack.Layer), cmp.Or(l.RegistryUID, pack.RegistryUID)
	}
	if l.Type == "manifest" {
		// Manifests alone are of no pack in a registry.
		l.Layer = cmp.Or(l.Layer, "addon")
	}
	return l
}

// describe changes what is not a layer.
func (s *Server) describe(w http.ResponseWriter, p *Profile, body []byte) {
	var in struct {
		Metadata struct {
			Name   string
			Labels map[string]string
		}
		Spec struct{ Version string }
	}
	if !s.decode(w, body, &in) {
		return
	}
	p.Name, p.Version = cmp.Or(in.Metadata.Name, p.Name), cmp.Or(in.Spec.Version, p.Version)
	p.Labels, p.LastModified = in.Metadata.Labels, s.now()
	write(w, http.StatusNoContent, nil)
}

func (s *Server) remove(w http.ResponseWriter, p *Profile) {
	if len(p.Clusters) > 0 {
		s.fail(w, http.StatusConflict, "ClusterProfileInUse", "the cluster profile is in use")
		return
	}
	s.state.Profiles = slices.DeleteFunc(s.state.Profiles, func(other *Profile) bool { return other == p })
	write(w, http.StatusNoContent, nil)
}

// packTags answers the pack of a uid with all its versions.
func (s *Server) packTags(w http.ResponseWriter, uid string) {
	pack := s.pack(uid)
	if pack == nil {
		s.fail(w, http.StatusNotFound, "PackNotFound", "the pack is not there")
		return
	}
	tags := []object{}
	for _, p := range s.state.Packs {
		if p.Name == pack.Name && p.RegistryUID == pack.RegistryUID {
			tags = append(tags, object{"packUid": p.UID, "version": p.Version, "tag": p.Version})
		}
	}
	write(w, http.StatusOK, object{"name": pack.Name, "layer": pack.Layer, "registryUid": pack.RegistryUID, "tags": tags})
}

// searchPacks answers a pack once, with the newest version that each registry has.
// Of the filter it knows the name and the registry.
func (s *Server) searchPacks(w http.ResponseWriter, body []byte) {
	var in struct {
		Filter struct {
			Name        struct{ Eq string }
			RegistryUID []string
		}
	}
	if !s.decode(w, body, &in) {
		return
	}
	newest := map[string]Pack{}
	for _, p := range s.state.Packs {
		asked := len(in.Filter.RegistryUID) == 0 || slices.Contains(in.Filter.RegistryUID, p.RegistryUID)
		if p.Name == in.Filter.Name.Eq && asked && p.Version > newest[p.RegistryUID].Version {
			newest[p.RegistryUID] = p
		}
	}
	items, registries := []object{}, []object{}
	for _, r := range s.state.Registries {
		if p, ok := newest[r.UID]; ok {
			registries = append(registries, object{"uid": r.UID, "name": r.Name, "latestVersion": p.Version, "latestPackUid": p.UID})
		}
	}
	if len(registries) > 0 {
		items = append(items, object{"spec": object{"name": in.Filter.Name.Eq, "registries": registries}})
	}
	write(w, http.StatusOK, object{"items": items})
}
