package palette

import (
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
)

const layerOS = "os"

// Layer is one pack of a profile.
type Layer struct {
	Name        string     `json:"name"`
	Layer       string     `json:"layer"`
	Type        string     `json:"type"`
	Tag         string     `json:"tag"`
	Version     string     `json:"version"`
	PackUID     string     `json:"packUid"`
	RegistryUID string     `json:"registryUid"`
	Values      string     `json:"values"`
	Manifests   []Manifest `json:"manifests"`
}

func (l Layer) entity() api.V1PackManifestEntity {
	return api.V1PackManifestEntity{
		Name: l.Name, Layer: l.Layer, Type: api.V1PackType(l.Type), Tag: l.Tag,
		Uid: l.PackUID, RegistryUid: l.RegistryUID, Values: l.Values,
	}
}

// equal compares two layers as far as both are known.
func (l Layer) equal(other Layer) bool {
	return l.Name == other.Name && l.Layer == other.Layer && l.samePack(other) &&
		sameValues(l.Values, other.Values) && sameManifests(l.Manifests, other.Manifests)
}

func (l Layer) samePack(other Layer) bool {
	return agree(l.Type, other.Type) && agree(l.Tag, other.Tag) && agree(l.Version, other.Version) &&
		agree(l.PackUID, other.PackUID) && agree(l.RegistryUID, other.RegistryUID)
}

// agree tells whether two texts are the same, as far as both are known.
func agree(a, b string) bool { return a == "" || b == "" || a == b }

// sameValues compares but for newlines at the ends, which Palette's pages and the
// Terraform provider drop.
func sameValues(a, b string) bool { return trimmed(a) == trimmed(b) }

func trimmed(values string) string { return strings.Trim(values, "\r\n") }

func layers(template api.V1ClusterProfileTemplate) []Layer {
	var all []Layer
	for _, ref := range template.Packs {
		l := Layer{
			Name: ref.Name, Layer: canonical(string(ref.Layer)), Type: string(ref.Type), Tag: ref.Tag, Version: ref.Version,
			PackUID: ref.PackUid, RegistryUID: ref.RegistryUid, Values: ref.Values,
		}
		for _, m := range ref.Manifests {
			l.Manifests = append(l.Manifests, Manifest{Name: m.Name, UID: m.Uid})
		}
		all = append(all, l)
	}
	return all
}

// ofPack tells of layers whether they are of a BYOOS pack. A profile that has one pack
// twice names it `<anything>--<pack>`.
func ofPack(pack string) func(Layer) bool {
	return func(l Layer) bool { return l.Name == pack || strings.HasSuffix(l.Name, "--"+pack) }
}

func isOS(l Layer) bool { return l.Layer == layerOS }

func first(all []Layer, is func(Layer) bool) (Layer, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return Layer{}, false
}

func named(all []Layer, name string) (Layer, bool) {
	return first(all, func(l Layer) bool { return l.Name == name })
}

// namesOf are the names of the layers that are so.
func namesOf(all []Layer, is func(Layer) bool) []string {
	var names []string
	for _, l := range all {
		if is(l) {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
}

// allNames are those of the layers of both, each once.
func allNames(a, b []Layer) []string {
	return slices.Compact(namesOf(slices.Concat(a, b), func(Layer) bool { return true }))
}

// differing names the layers that are not the same in both.
func differing(a, b []Layer) []string {
	return slices.DeleteFunc(allNames(a, b), func(name string) bool {
		others := func(l Layer) bool { return l.Name != name }
		return slices.EqualFunc(slices.DeleteFunc(slices.Clone(a), others), slices.DeleteFunc(slices.Clone(b), others), Layer.equal)
	})
}

// equalLayers compares layers in whatever order.
func equalLayers(a, b []Layer) bool { return len(differing(a, b)) == 0 }

// normal is a form of layers that only depends on what is compared.
func normal(all []Layer) []Layer {
	out := slices.Clone(all)
	for i := range out {
		out[i].Values = trimmed(out[i].Values)
		out[i].Manifests = nil
		for _, m := range all[i].Manifests {
			out[i].Manifests = append(out[i].Manifests, m.normal())
		}
		slices.SortFunc(out[i].Manifests, func(a, b Manifest) int { return strings.Compare(a.Name, b.Name) })
	}
	slices.SortStableFunc(out, func(a, b Layer) int { return strings.Compare(a.Name, b.Name) })
	return out
}
