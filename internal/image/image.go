// Package image holds the host's model of a machine image: what sources find,
// selection compares and packs are rendered from. It is pure: no I/O, no clock.
package image

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/versions"
)

// State is what the service says of an image's usability, and nothing of what its
// source thinks of it.
type State string

// States, as they are printed and compared in expressions.
const (
	Available  State = "available"
	Pending    State = "pending"
	Failed     State = "failed"
	Disabled   State = "disabled"
	Gone       State = "gone"
	Unusable   State = "unusable" // a volume, a local file, a bare name: nothing a pack can use
	StateUnset State = ""
)

// GlobalRegion is the region of an image that is good in every region.
const GlobalRegion = "global"

// RegionKey is the same for all spellings of a region: letter case is no part of a
// name, and Azure's display names have blanks ("West US 2" is westus2).
func RegionKey(region string) string {
	return strings.ToLower(strings.ReplaceAll(region, " ", ""))
}

// Image is one machine image in one region. Its JSON names are API: additive
// only.
type Image struct {
	// ID is what goes into a pack: AMI id, ARM id, inventory path, OCI reference.
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Name     string `json:"name,omitempty"`
	// Region is spelled as the provider does; GlobalRegion when the image is
	// good everywhere, empty when unknown.
	Region string `json:"region,omitempty"`
	// Architecture is spelled as Go and OCI do: amd64, arm64.
	Architecture string `json:"architecture,omitempty"`
	OS           OS     `json:"os"`
	// KubernetesVersion has no leading v.
	KubernetesVersion  string     `json:"kubernetesVersion,omitempty"`
	CreatedAt          *time.Time `json:"createdAt,omitempty"`
	Version            string     `json:"version,omitempty"`
	State              State      `json:"state,omitempty"`
	StateReason        string     `json:"stateReason,omitempty"`
	DeprecatedAt       *time.Time `json:"deprecatedAt,omitempty"`
	EndOfLifeAt        *time.Time `json:"endOfLifeAt,omitempty"`
	ExcludedFromLatest bool       `json:"excludedFromLatest,omitempty"`
	// Owner is "self", the provider's alias, or the owner's id.
	Owner   string            `json:"owner,omitempty"`
	OwnerID string            `json:"ownerId,omitempty"`
	Public  bool              `json:"public,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
	Digest  string            `json:"digest,omitempty"`
	// Reference is the source's own handle: a run uuid, an ARN, a URL.
	Reference *Reference `json:"reference,omitempty"`
	// Provenance tells, by JSON field name, where a value came from.
	Provenance map[string]Provenance `json:"provenance,omitempty"`
	// Attributes are provider-specific facts.
	Attributes map[string]string `json:"attributes,omitempty"`
	// NewestBy is what makes one image of its source newer than another.
	NewestBy NewestBy `json:"newestBy,omitempty"`
	// Withheld is why the sources that know it do not offer it to packs, by their own
	// policy; empty when one does. It says nothing of the image itself.
	Withheld string `json:"withheld,omitempty"`
	// Evidence is how the source knows the state and the facts.
	Evidence Evidence `json:"evidence,omitempty"`
	// ObservedAt is when the service was asked or the record was written.
	ObservedAt *time.Time `json:"observedAt,omitempty"`
	// FullID is the whole id, when ID is a shorter form of it that packs use.
	FullID string `json:"fullId,omitempty"`
	// SpansRegions says that the id is good in every region that the image is listed
	// for: one image with a state in each.
	SpansRegions bool `json:"spansRegions,omitempty"`
	// Source is the name of the spec's source that found it.
	Source string `json:"source,omitempty"`
}

// Evidence is how a source knows what it says of an image.
type Evidence string

// Kinds of evidence. What is not said to be asked counts as recorded.
const (
	Asked    Evidence = "asked"
	Recorded Evidence = "recorded"
)

// NewestBy is what ranks the images of a source.
type NewestBy string

// What ranks images first. The empty value, which is what is printed and locked,
// means the creation time.
const (
	NewestByCreated NewestBy = ""
	NewestByVersion NewestBy = "version"
)

// OS is the operating system inside the image, as Palette packs spell it.
type OS struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Attributes of edge images that selection reads: parts of the tag that CanvOS
// gives them.
const (
	AttributeK8sDistribution = "k8sDistribution"
	AttributeCustomTag       = "customTag"
	AttributePEVersion       = "peVersion"
)

// Variant is what tells images apart of which none is newer than the other.
type Variant struct{ K8sDistribution, CustomTag string }

// Variant returns the variant of an edge image, and an empty one for others. The
// platform at the end of a tag is no part of it.
func (i Image) Variant() Variant {
	customTag, _ := versions.SplitPlatform(i.Attributes[AttributeCustomTag])
	return Variant{K8sDistribution: strings.ToLower(i.Attributes[AttributeK8sDistribution]), CustomTag: customTag}
}

// Edition returns an id of an edge image without the platform at the end of its tag,
// whether that has a custom tag before it or not. Of a tag that tells no variant the end
// may mean anything.
func (i Image) Edition(id string) string {
	if i.Variant() == (Variant{}) {
		return id
	}
	rest, _ := versions.SplitPlatform(id)
	return rest
}

// Tag returns the value of a tag. Where the provider does not tell names of tags apart
// by letter case, nor does it: Azure keeps the case of values only
// (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources).
func (i *Image) Tag(name string) (value string, has bool) {
	if value, has = i.Tags[name]; has || !FoldsCase(i.Provider) {
		return value, has
	}
	for _, key := range slices.Sorted(maps.Keys(i.Tags)) { // several sources may spell it in several ways
		if strings.EqualFold(key, name) {
			return i.Tags[key], true
		}
	}
	return "", false
}

// Reference is the source's own handle of an image.
type Reference struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// IsBuild tells whether outputs of one build share the reference: a Packer run, the
// ARN of an EC2 Image Builder build version, or an image template of Azure VM Image
// Builder. References of other kinds (the URL of a repository) say nothing of that.
func (r *Reference) IsBuild() bool {
	return r != nil && r.Value != "" && (r.Kind == "packer-run-uuid" || r.Kind == "arn" || r.Kind == "image-template")
}

// Provenance tells where the value of one field came from.
type Provenance struct {
	// Source is the spec's source that told it, when it is not that of the image.
	Source string `json:"source,omitempty"`
	// From is api, tag, custom_data, artifact_id, config, name, spec, ...
	From string `json:"from"`
	Key  string `json:"key,omitempty"`
	// Raw is the value as found, when it was normalised.
	Raw string `json:"raw,omitempty"`
}

// Self is the owner of an image that belongs to the account its source reads with.
const Self = "self"

// Ref names an image that was picked earlier, for verification.
type Ref struct {
	ID           string     `json:"id"`
	FullID       string     `json:"fullId,omitempty"`
	Provider     string     `json:"provider"`
	Region       string     `json:"region,omitempty"`
	Architecture string     `json:"architecture,omitempty"`
	Digest       string     `json:"digest,omitempty"`
	Reference    *Reference `json:"reference,omitempty"`
	// OwnerID is the account that it belongs to, when it was picked with credentials
	// of that account.
	OwnerID string `json:"ownerId,omitempty"`
}

// String returns "rhel 8", or what of it is known.
func (o OS) String() string {
	return strings.TrimSpace(o.Name + " " + o.Version)
}

// Condition returns the state in one word for people: the state that the source
// gave, unless no source offers the image, or it is deprecated or past its end of life
// at now; unknown when nobody asked for it.
func (i Image) Condition(now time.Time) string {
	switch {
	case i.State.Refuses():
	case i.Withheld != "":
		return "withheld"
	case Reached(i.EndOfLifeAt, now):
		return "end-of-life"
	case Reached(i.DeprecatedAt, now):
		return "deprecated"
	case i.ExcludedFromLatest:
		return "excluded"
	case i.State == StateUnset:
		return "unknown"
	}
	return string(i.State)
}

// Reached tells whether a time that may be unknown has come.
func Reached(at *time.Time, now time.Time) bool { return at != nil && !at.After(now) }

// Fact returns where an image has a fact that is one text, by its JSON name; nil for
// another name. What compares, merges or corrects facts goes over names.
func (i *Image) Fact(name string) *string {
	switch name {
	case "id":
		return &i.ID
	case "provider":
		return &i.Provider
	case "name":
		return &i.Name
	case "region":
		return &i.Region
	case "architecture":
		return &i.Architecture
	case "os.name":
		return &i.OS.Name
	case "os.version":
		return &i.OS.Version
	case "kubernetesVersion":
		return &i.KubernetesVersion
	case "version":
		return &i.Version
	case "stateReason":
		return &i.StateReason
	case "owner":
		return &i.Owner
	case "ownerId":
		return &i.OwnerID
	case "digest":
		return &i.Digest
	case "source":
		return &i.Source
	}
	return nil
}
