package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/layer"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/osrelease"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

const provider = "oci"

// Attributes of an image. Registry and repository are those of its id, so after the
// spec's rewrite, and not the user's: they are the same on every machine. The reference
// has the name in the spec.
const (
	attrRegistry       = "registry"
	attrRepository     = "repository"
	attrTag            = "tag"
	attrDistribution   = "k8sDistribution"
	attrPEVersion      = "peVersion"
	attrCustomTag      = "customTag"
	attrPlatform       = "platform"
	attrPlatformDigest = "platformDigest"
	attrMediaType      = "mediaType"
)

// fromTag is the provenance of what an image's tag says. It is not "tag", which
// is a key with a value.
const (
	fromTag        = "image-tag"
	fromAPI        = "api"
	fromLabel      = "label"
	fromAnnotation = "annotation"
	fromFile       = "file"
)

// builder makes images of one repository.
type builder struct {
	*plan
	repo *registry.Repository
	name repositoryName
	now  time.Time // the host's clock
	// inspector is nil where no image is looked into.
	inspector *inspector
}

// access is what the images of a call are read with.
type access struct {
	*plan
	client *registry.Client
	now    time.Time // the host's clock
}

func (a access) open(name repositoryName) (builder, error) {
	repo, err := a.client.Repository(name.actual)
	return builder{plan: a.plan, repo: repo, name: name, now: a.now}, err
}

// unresolved returns the image for a tag of which nothing but the name was read.
func (b builder) unresolved(t tag.Tag) sdk.Image {
	host, path, _ := strings.Cut(b.name.name, "/")
	img := sdk.Image{
		ID:        b.name.name + ":" + t.Name,
		Provider:  provider,
		Name:      t.Name,
		Region:    sdk.Global,
		Version:   t.Version(),
		NewestBy:  b.NewestBy,
		Evidence:  sdk.Asked, // the registry lists it
		Reference: &sdk.Reference{Kind: "oci", Value: b.name.original + ":" + t.Name},
		Attributes: map[string]string{
			attrRegistry: host, attrRepository: path, attrTag: t.Name,
		},
		Provenance: map[string]sdk.Provenance{"id": {From: fromAPI, Key: "tags/list"}},
	}
	b.addTag(&img, t)
	return img
}

func (b builder) addTag(img *sdk.Image, t tag.Tag) {
	for group, attr := range map[string]string{
		tag.K8sDistribution: attrDistribution, tag.PEVersion: attrPEVersion, tag.CustomTag: attrCustomTag,
	} {
		if value := t.Facts[group]; value != "" {
			img.Attributes[attr] = value
			img.Provenance["attributes."+attr] = sdk.Provenance{From: fromTag, Key: group}
		}
	}
	if img.Version != "" {
		img.Provenance["version"] = sdk.Provenance{From: fromTag, Raw: t.Name}
	}
	fill(img, &img.KubernetesVersion, osfacts.FieldKubernetesVersion, t.Kubernetes,
		sdk.Provenance{From: fromTag, Key: tag.KubernetesVersion}.Of(t.Facts[tag.KubernetesVersion], t.Kubernetes))
	architecture := osfacts.Architecture(t.Facts[tag.Architecture])
	fill(img, &img.Architecture, osfacts.FieldArchitecture, architecture,
		sdk.Provenance{From: fromTag, Key: tag.Architecture}.Of(t.Facts[tag.Architecture], architecture))
	osfacts.Together(systemIn(t.Facts, fromTag, tag.OSName, tag.OSVersion)).Describe(img)
}

// systemIn is what one place says of the operating system.
func systemIn(values map[string]string, from, name, version string) osfacts.Statement {
	said := func(key string) osfacts.Said {
		return osfacts.Said{Text: values[key], From: sdk.Provenance{From: from, Key: key}}
	}
	return osfacts.Statement{Name: said(name), Version: said(version)}
}

// images returns the images of a tag: what was read of it, or its name alone.
func (b builder) images(t tag.Tag, read *reading) []sdk.Image {
	images := []sdk.Image{b.unresolved(t)}
	a, known := read.answers[t.Name]
	switch {
	case !known:
	case a.refused != nil:
		images[0].Withheld = "the registry does not hand it out: " + diagnose(a.refused, "", "").Detail
	case a.manifest == nil:
		images[0].State, images[0].StateReason = sdk.Gone, "the tag is listed, but the registry has no manifest for it"
	default:
		images = b.resolved(t, a.manifest)
	}
	for i := range images {
		if read.serves(t, images[i].Architecture) {
			images[i].Withheld = fmt.Sprintf("it is the image for one platform of the tag %s, which is offered instead", t.Edition)
		}
	}
	return images
}

// resolved returns an image for each architecture of a tag, or one that says why
// there is none. Of several platforms of one architecture it is the first that
// can be used: they have one id, so the others are no choice.
func (b builder) resolved(t tag.Tag, m *registry.Manifest) []sdk.Image {
	if len(m.Platforms) == 0 {
		img := b.unresolved(t)
		b.addManifest(&img, m)
		img.State, img.StateReason = sdk.Unusable, m.Unusable
		if m.Unknown != "" {
			img.State, img.StateReason = sdk.StateUnknown, m.Unknown
		}
		return []sdk.Image{img}
	}
	images := make([]sdk.Image, 0, len(m.Platforms))
	for _, p := range m.Platforms {
		img := b.platform(t, m, p)
		at := slices.IndexFunc(images, func(i sdk.Image) bool { return i.Architecture == img.Architecture })
		switch {
		case at < 0:
			images = append(images, img)
		case images[at].State != sdk.Available && img.State == sdk.Available:
			images[at] = img
		}
	}
	return images
}

// platform returns the image of one platform.
func (b builder) platform(t tag.Tag, m *registry.Manifest, p registry.Platform) sdk.Image {
	img := b.unresolved(t)
	b.addManifest(&img, m)
	b.addPlatform(&img, m, p)
	// The most trusted comes first.
	statements := []osfacts.Statement{systemIn(t.Facts, fromTag, tag.OSName, tag.OSVersion)}
	for _, at := range []struct {
		values map[string]string
		from   string
	}{{p.Labels, fromLabel}, {p.Annotations, fromAnnotation}, {m.Annotations, fromAnnotation}} {
		statements = append(statements, systemIn(at.values, at.from, b.Labels.OSName, b.Labels.OSVersion))
		key := b.Labels.KubernetesVersion
		k8s := tag.Kubernetes(osfacts.KubernetesVersion(at.values[key]))
		fill(&img, &img.KubernetesVersion, osfacts.FieldKubernetesVersion, k8s, sdk.Provenance{From: at.from, Key: key}.Of(at.values[key], k8s))
	}
	if b.inspector != nil {
		if os := b.inspector.images.Known(p.Digest); os != nil {
			statements = append(statements, systemInside(*os))
		}
	}
	img.Contradictions = nil // those of the tag alone
	osfacts.Together(statements...).Describe(&img)
	return img
}

func (b builder) addManifest(img *sdk.Image, m *registry.Manifest) {
	img.State = sdk.Available
	img.Digest = m.Digest
	img.Attributes[attrMediaType] = m.MediaType
	img.Provenance["digest"] = sdk.Provenance{From: fromAPI, Key: "manifest"}
}

func (b builder) addPlatform(img *sdk.Image, m *registry.Manifest, p registry.Platform) {
	if p.Architecture != "" {
		named := img.Architecture
		img.Architecture = osfacts.Architecture(p.Architecture)
		if named != "" && named != img.Architecture { // nobody who lists it by its tag would look for that
			img.Withheld = fmt.Sprintf("its tag says %s, and it is an image for %s", named, img.Architecture)
		}
		img.Provenance["architecture"] = sdk.Provenance{From: fromAPI, Key: attrPlatform}.Of(p.Architecture, img.Architecture)
	}
	if name := p.String(); name != "" {
		img.Attributes[attrPlatform] = name
	}
	img.Attributes[attrPlatformDigest] = p.Digest
	if b.meansSomething(p.Created) {
		img.CreatedAt = p.Created
		img.Provenance["createdAt"] = sdk.Provenance{From: fromAPI, Key: "config.created"}
	}
	switch {
	case p.Missing:
		img.State, img.StateReason = sdk.Gone, "the index names "+p.String()+", but its manifest is gone"
	case p.Unusable != "":
		img.State, img.StateReason = sdk.Unusable, p.Unusable
	case p.Unknown != "":
		img.State, img.StateReason = sdk.StateUnknown, p.Unknown
	case !p.Usable():
		img.State, img.StateReason = sdk.Unusable, "an edge host runs linux, this is "+p.String()
	}
	img.Tags = metadata(m.Annotations, p.Annotations, p.Labels)
}

// systemInside is what a file in the image says.
func systemInside(os layer.OS) osfacts.Statement {
	said := func(f osrelease.Fact, file string) osfacts.Said {
		return osfacts.Said{Text: f.Value, From: sdk.Provenance{From: fromFile, Key: file + " " + f.Key, Raw: f.Raw}}
	}
	return osfacts.Statement{Name: said(os.Name, os.File), Version: said(os.Version, os.VersionFile)}
}

// firstImage is before the first image that can exist (Docker came out in March
// 2013); earlier times are the fixed ones of reproducible builds.
var firstImage = time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)

func (b builder) meansSomething(created time.Time) bool {
	return created.After(firstImage) && (b.now.IsZero() || created.Before(b.now.Add(24*time.Hour)))
}

// Bounds of the labels that travel to the host. Real ones are far below.
const (
	maxLabels     = 128
	maxLabelBytes = 4 << 10
)

// metadata merges annotations and labels; later ones win.
func metadata(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, m := range all {
		maps.Copy(merged, m)
	}
	maps.DeleteFunc(merged, func(k, v string) bool { return len(k)+len(v) > maxLabelBytes })
	if len(merged) > maxLabels {
		for _, k := range slices.Sorted(maps.Keys(merged))[maxLabels:] {
			delete(merged, k)
		}
	}
	return merged
}

// fill sets what is not known yet.
func fill(img *sdk.Image, field *string, name, value string, p sdk.Provenance) {
	if *field != "" || value == "" {
		return
	}
	*field = value
	img.Provenance[name] = p
}
