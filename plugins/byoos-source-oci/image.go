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
	set := func(field *string, name, value, raw, group string) {
		if raw == "" {
			return
		}
		*field = value
		img.Provenance[name] = provenance(fromTag, group, value, raw)
	}
	set(&img.KubernetesVersion, "kubernetesVersion", t.Kubernetes, t.Facts[tag.KubernetesVersion], tag.KubernetesVersion)
	set(&img.Architecture, "architecture",
		osfacts.Architecture(t.Facts[tag.Architecture]), t.Facts[tag.Architecture], tag.Architecture)
	osfacts.Together(systemIn(t.Facts, fromTag, tag.OSName, tag.OSVersion)).Describe(img)
}

// systemIn is what one place says of the operating system.
func systemIn(values map[string]string, from, name, version string) osfacts.Statement {
	said := func(key string) osfacts.Said {
		return osfacts.Said{Text: values[key], From: sdk.Provenance{From: from, Key: key}}
	}
	return osfacts.Statement{Name: said(name), Version: said(version)}
}

func provenance(from, key, value, raw string) sdk.Provenance {
	p := sdk.Provenance{From: from, Key: key}
	if value != raw {
		p.Raw = raw
	}
	return p
}

// listed returns the images of a tag: what was read of it, or its name alone.
func (b builder) listed(t tag.Tag, read *reading) []sdk.Image {
	m, ok := read.byTag[t.Name]
	switch {
	case !ok:
		return []sdk.Image{b.unresolved(t)}
	case read.refused[t.Name] != nil:
		img := b.unresolved(t)
		img.Withheld = "the registry does not hand it out: " + diagnose(read.refused[t.Name], "", "").Detail
		return []sdk.Image{img}
	case m == nil:
		img := b.unresolved(t)
		img.State, img.StateReason = sdk.Gone, "the tag is listed, but the registry has no manifest for it"
		return []sdk.Image{img}
	}
	return b.resolved(t, m)
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
	statements := b.systems(t, m, p)
	if b.inspector != nil {
		if os, found := b.inspector.found(p.Digest); found {
			statements = append(statements, systemInside(os))
		}
	}
	b.addSystem(&img, statements)
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
		img.Provenance["architecture"] = provenance(fromAPI, attrPlatform, img.Architecture, p.Architecture)
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
	b.addLabels(img, m, p)
}

// systems are what the tag, labels and annotations say of the operating system, the
// most trusted first.
func (b builder) systems(t tag.Tag, m *registry.Manifest, p registry.Platform) []osfacts.Statement {
	return []osfacts.Statement{
		systemIn(t.Facts, fromTag, tag.OSName, tag.OSVersion),
		systemIn(p.Labels, fromLabel, b.Labels.OSName, b.Labels.OSVersion),
		systemIn(p.Annotations, fromAnnotation, b.Labels.OSName, b.Labels.OSVersion),
		systemIn(m.Annotations, fromAnnotation, b.Labels.OSName, b.Labels.OSVersion),
	}
}

// systemInside is what a file in the image says.
func systemInside(os layer.OS) osfacts.Statement {
	said := func(f osrelease.Fact, file string) osfacts.Said {
		return osfacts.Said{Text: f.Value, From: sdk.Provenance{From: fromFile, Key: file + " " + f.Key, Raw: f.Raw}}
	}
	return osfacts.Statement{Name: said(os.Name, os.File), Version: said(os.Version, os.VersionFile)}
}

// addSystem makes one system of all that tells one.
func (b builder) addSystem(img *sdk.Image, statements []osfacts.Statement) {
	img.Contradictions = nil
	osfacts.Together(statements...).Describe(img)
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

// addLabels fills in what the tag does not say.
func (b builder) addLabels(img *sdk.Image, m *registry.Manifest, p registry.Platform) {
	find := func(key string) (value, from string) {
		if v := p.Labels[key]; v != "" {
			return v, fromLabel
		}
		if v := p.Annotations[key]; v != "" {
			return v, fromAnnotation
		}
		return m.Annotations[key], fromAnnotation
	}
	raw, from := find(b.Labels.KubernetesVersion)
	k8s := tag.Kubernetes(osfacts.KubernetesVersion(raw))
	fill(img, &img.KubernetesVersion, "kubernetesVersion", k8s, provenance(from, b.Labels.KubernetesVersion, k8s, raw))
}

func fill(img *sdk.Image, field *string, name, value string, p sdk.Provenance) {
	if *field != "" || value == "" {
		return
	}
	*field = value
	img.Provenance[name] = p
}
