package palette

import (
	"cmp"
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
	// Variables are those that the profile declares, by name.
	Variables []api.V1Variable
	Clusters  []Cluster
	// Templates are the cluster templates that use the profile.
	Templates []Cluster

	scope, projectUID string
	belongs           belonging
	metadata          api.V1ObjectMeta
	// untold says which of the layers Palette did not tell, noVariables that it told
	// no variables.
	untold      string
	noVariables bool
	// pending are what a draft changes beside the layers.
	pending []change
	// nextVersion is the one that the draft has, as Palette tells it: empty where that
	// tells none.
	nextVersion string
}

// Cluster is one that uses a profile.
type Cluster struct {
	Name       string `json:"name"`
	UID        string `json:"uid"`
	ProjectUID string `json:"projectUid,omitempty"`
}

func newProfile(body *api.V1ClusterProfile) *Profile {
	published, draft := body.Spec.Published, body.Spec.Draft
	p := &Profile{
		UID: body.Metadata.Uid, Name: body.Metadata.Name,
		Version:      cmp.Or(body.Spec.Version, published.ProfileVersion, draft.ProfileVersion),
		Kind:         templateKind{CloudType: cmp.Or(draft.CloudType, published.CloudType), Type: cmp.Or(draft.Type, published.Type)},
		LastModified: body.Metadata.LastModifiedTimestamp,
		Published:    layers(published), Draft: layers(draft),
		Clusters: clusters(body.Status), Templates: templates(body.Status),
		scope: body.Metadata.Annotations[annotationScope], projectUID: body.Metadata.Annotations[annotationProject],
		metadata: body.Metadata, pending: pending(draft, published),
		nextVersion: cmp.Or(draft.ProfileVersion, body.Spec.Version, published.ProfileVersion),
	}
	switch {
	case isUntold(published) && isUntold(draft):
		p.untold = "what it holds"
	case body.Status.IsPublished && len(p.Published) == 0:
		p.untold = "what is published"
	case len(p.Published) > 0 && draft.Packs == nil && (draft.Uid != "" || draft.Name != "" || draft.CloudType != ""):
		p.untold = "what is in the draft"
	}
	return p
}

const pendingVersion = "the version of the profile"

// change is one of the profile itself, which both sides tell.
type change struct{ Name, Draft, Published string }

// pending are what a draft changes of the profile itself, as far as both sides are
// known.
func pending(draft, published api.V1ClusterProfileTemplate) []change {
	changes := []change{
		{"the cloud type of the profile", draft.CloudType, published.CloudType},
		{"the type of the profile", draft.Type, published.Type},
		{pendingVersion, draft.ProfileVersion, published.ProfileVersion},
	}
	return slices.DeleteFunc(changes, func(c change) bool { return agree(c.Draft, c.Published) })
}

// isUntold tells a template that an answer lacks from one without layers.
func isUntold(t api.V1ClusterProfileTemplate) bool {
	return t.Packs == nil && t.Uid+t.Name+t.CloudType+t.Type+t.ProfileVersion == ""
}

// usedBy names the clusters and cluster templates that use the profile, as far as
// Palette tells.
func (p *Profile) usedBy() string { return usersOf(p.Clusters, p.Templates) }

func usersOf(clusters, templates []Cluster) string {
	var users []string
	for _, c := range clusters {
		users = append(users, c.Name)
	}
	for _, t := range templates {
		users = append(users, "cluster template "+t.Name)
	}
	return strings.Join(users, ", ")
}

func clusters(status api.V1ClusterProfileStatus) []Cluster {
	var all []Cluster
	seen := map[string]bool{}
	for _, c := range status.InUseClusters {
		seen[c.Uid] = true
		all = append(all, Cluster{Name: cmp.Or(oneLine(c.Name), oneLine(c.Uid)), UID: c.Uid, ProjectUID: c.ProjectUid})
	}
	for _, uid := range status.InUseClusterUids {
		if !seen[uid] {
			all = append(all, Cluster{Name: oneLine(uid), UID: uid})
		}
	}
	slices.SortFunc(all, byName)
	return all
}

func templates(status api.V1ClusterProfileStatus) []Cluster {
	var all []Cluster
	for _, t := range status.InUseClusterTemplates {
		all = append(all, Cluster{Name: cmp.Or(oneLine(t.Name), oneLine(t.Uid)), UID: t.Uid, ProjectUID: t.ProjectUid})
	}
	slices.SortFunc(all, byName)
	return all
}

func byName(a, b Cluster) int { return strings.Compare(a.Name+a.UID, b.Name+b.UID) }

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

// equalLayers compares layers in whatever order.
func equalLayers(a, b []Layer) bool { return len(differing(a, b)) == 0 }

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
		Variables          []api.V1Variable
		Pending            []change `json:",omitempty"`
	}{p.Name, p.Version, normal(p.Published), normal(p.working()), p.Variables, p.pending})
}

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
		if isOfPack(l, pack) {
			return l, true
		}
	}
	return Layer{}, false
}

func isOfPack(l Layer, pack string) bool {
	return l.Name == pack || strings.HasSuffix(l.Name, "--"+pack)
}

// layersOf names the layers of a pack.
func layersOf(all []Layer, pack string) []string {
	var names []string
	for _, l := range all {
		if isOfPack(l, pack) {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
}

func osLayer(all []Layer) (Layer, bool) {
	for _, l := range all {
		if l.Layer == layerOS {
			return l, true
		}
	}
	return Layer{}, false
}

// osLayers names the layers of the OS.
func osLayers(all []Layer) []string {
	var names []string
	for _, l := range all {
		if l.Layer == layerOS {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
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
