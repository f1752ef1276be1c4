package palette

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
)

// Layer is one pack of a profile.
type Layer struct {
	Name        string   `json:"name"`
	Layer       string   `json:"layer"`
	Type        string   `json:"type"`
	Tag         string   `json:"tag"`
	Version     string   `json:"version"`
	PackUID     string   `json:"packUid"`
	RegistryUID string   `json:"registryUid"`
	Values      string   `json:"values"`
	Manifests   []string `json:"manifests"`
}

func (l Layer) entity() api.V1PackManifestEntity {
	return api.V1PackManifestEntity{
		Name: l.Name, Layer: l.Layer, Type: api.V1PackType(l.Type), Tag: l.Tag,
		Uid: l.PackUID, RegistryUid: l.RegistryUID, Values: l.Values,
	}
}

func (l Layer) equal(other Layer) bool {
	return l.Name == other.Name && l.Layer == other.Layer && l.Type == other.Type &&
		l.Tag == other.Tag && l.Version == other.Version &&
		l.PackUID == other.PackUID && l.RegistryUID == other.RegistryUID && l.Values == other.Values &&
		slices.Equal(l.Manifests, other.Manifests)
}

// templateKind is what a profile is made for.
type templateKind struct{ CloudType, Type string }

// with is the template of a profile that has one layer.
func (k templateKind) with(layer Layer) api.V1ClusterProfileTemplateDraft {
	return api.V1ClusterProfileTemplateDraft{
		CloudType: k.CloudType, Type: api.V1ProfileType(k.Type), Packs: []api.V1PackManifestEntity{layer.entity()},
	}
}

// Profile is one version of a cluster profile, as it was read.
type Profile struct {
	UID, Name, Version string
	Kind               templateKind
	LastModified       time.Time
	// Published are the layers that clusters get; Draft the ones of an unpublished
	// edit. Either may be empty.
	Published, Draft []Layer
	Clusters         []Cluster
}

// Cluster is one that uses a profile.
type Cluster struct {
	Name       string `json:"name"`
	UID        string `json:"uid"`
	ProjectUID string `json:"projectUid,omitempty"`
}

func newProfile(body *api.V1ClusterProfile) *Profile {
	p := &Profile{
		UID: body.Metadata.Uid, Name: body.Metadata.Name, Version: body.Spec.Version,
		LastModified: body.Metadata.LastModifiedTimestamp,
		Published:    layers(body.Spec.Published), Draft: layers(body.Spec.Draft),
	}
	for _, template := range []api.V1ClusterProfileTemplate{body.Spec.Published, body.Spec.Draft} {
		if template.CloudType != "" {
			p.Kind = templateKind{CloudType: template.CloudType, Type: template.Type}
		}
	}
	for _, c := range body.Status.InUseClusters {
		p.Clusters = append(p.Clusters, Cluster{Name: oneLine(c.Name), UID: c.Uid, ProjectUID: c.ProjectUid})
	}
	slices.SortFunc(p.Clusters, func(a, b Cluster) int { return strings.Compare(a.Name+a.UID, b.Name+b.UID) })
	return p
}

func layers(template api.V1ClusterProfileTemplate) []Layer {
	var all []Layer
	for _, ref := range template.Packs {
		l := Layer{
			Name: ref.Name, Layer: string(ref.Layer), Type: string(ref.Type), Tag: ref.Tag, Version: ref.Version,
			PackUID: ref.PackUid, RegistryUID: ref.RegistryUid, Values: ref.Values,
		}
		for _, m := range ref.Manifests {
			// An edit of a manifest gives it a new uid.
			l.Manifests = append(l.Manifests, m.Name+"@"+m.Uid)
		}
		all = append(all, l)
	}
	return all
}

// working returns the layers that an edit starts from: the draft if there is
// one, since a write goes into it.
func (p *Profile) working() []Layer {
	if len(p.Draft) > 0 {
		return p.Draft
	}
	return p.Published
}

// hasDraft tells whether something is unpublished. Publishing sets the draft to
// null; status.isPublished does not say whether there is one.
func (p *Profile) hasDraft() bool {
	return len(p.Draft) > 0 && !equalLayers(p.Draft, p.Published)
}

func equalLayers(a, b []Layer) bool { return slices.EqualFunc(a, b, Layer.equal) }

// fingerprint identifies what was read: two reads have the same one exactly when
// the same layers are published and the same ones would be next. The time of
// modification is no part of it, as Palette moves it for labels as well; nor is
// the uid, so that the fingerprint of what will be created is known before.
func (p *Profile) fingerprint() string {
	if p == nil {
		return digest("absent")
	}
	return digest(struct {
		Name, Version      string
		Published, Working []Layer
	}{p.Name, p.Version, p.Published, p.working()})
}

func digest(v any) string {
	// Structs of strings, numbers and slices always marshal.
	data, _ := json.Marshal(v)
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// findLayer returns the layer of a BYOOS pack. A profile that has one pack twice
// names it `<anything>--<pack>`.
func findLayer(all []Layer, pack string) (Layer, bool) {
	for _, l := range all {
		if l.Name == pack || strings.HasSuffix(l.Name, "--"+pack) {
			return l, true
		}
	}
	return Layer{}, false
}

func osLayer(all []Layer) (Layer, bool) {
	for _, l := range all {
		if l.Layer == layerOS {
			return l, true
		}
	}
	return Layer{}, false
}

const layerOS = "os"

// differing names the layers that are not the same in both.
func differing(a, b []Layer) []string {
	byName := func(all []Layer) map[string]Layer {
		m := map[string]Layer{}
		for _, l := range all {
			m[l.Name] = l
		}
		return m
	}
	inA, inB := byName(a), byName(b)
	var names []string
	for name, l := range inA {
		if other, ok := inB[name]; !ok || !l.equal(other) {
			names = append(names, name)
		}
	}
	for name := range inB {
		if _, ok := inA[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
