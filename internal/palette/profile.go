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
	Users

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
		Users: usersOf(body.Status),
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

// Users are the clusters and cluster templates that use a profile, as far as Palette
// tells.
type Users struct {
	Clusters  []Cluster `json:"clusters"`
	Templates []Cluster `json:"templates,omitempty"`
}

func usersOf(status api.V1ClusterProfileStatus) Users {
	users := Users{Clusters: []Cluster{}}
	for _, c := range status.InUseClusters {
		users.Clusters = append(users.Clusters, newCluster(c.Name, c.Uid, c.ProjectUid))
	}
	for _, uid := range status.InUseClusterUids {
		if !slices.ContainsFunc(users.Clusters, func(c Cluster) bool { return c.UID == uid }) {
			users.Clusters = append(users.Clusters, newCluster("", uid, ""))
		}
	}
	for _, t := range status.InUseClusterTemplates {
		users.Templates = append(users.Templates, newCluster(t.Name, t.Uid, t.ProjectUid))
	}
	slices.SortFunc(users.Clusters, byName)
	slices.SortFunc(users.Templates, byName)
	return users
}

// usedBy names all of them.
func (u Users) usedBy() string {
	var names []string
	for _, c := range u.Clusters {
		names = append(names, c.Name)
	}
	for _, t := range u.Templates {
		names = append(names, "cluster template "+t.Name)
	}
	return strings.Join(names, ", ")
}

func newCluster(name, uid, projectUID string) Cluster {
	return Cluster{Name: cmp.Or(oneLine(name), oneLine(uid)), UID: uid, ProjectUID: projectUID}
}

func byName(a, b Cluster) int { return strings.Compare(a.Name+a.UID, b.Name+b.UID) }

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

// modified is when a profile was changed last; none for one that is not there.
func (p *Profile) modified() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.LastModified
}

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

func digest(v any) string {
	// Structs of strings, numbers and slices always marshal.
	data, _ := json.Marshal(v)
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:16])
}

// isCloneOf compares the variables, and all layers but those excepted. Manifests
// get new uids in a clone, so it is their content that counts.
func isCloneOf(clone, original *Profile, except func(Layer) bool) bool {
	plain := func(all []Layer) []Layer { return slices.DeleteFunc(slices.Clone(all), except) }
	layers := plain(clone.working())
	return digest(clone.Variables) == digest(original.Variables) &&
		(equalLayers(layers, plain(original.Published)) || equalLayers(layers, plain(original.Draft)))
}

func nobody(Layer) bool { return false }
