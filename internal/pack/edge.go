package pack

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

const (
	// agentMode is what system.uri holds when no provider image is used.
	agentMode = "NA"
	// kubernetesMacro is what Palette fills in from the cluster's own layer.
	kubernetesMacro = "{{ .spectro.system.kubernetes.version }}"
)

// uriMacro is the content item that stands for the provider image.
func uriMacro() string { return "{{" + spec.EdgeNativeBYOI.MacroPrefix() + "options.system.uri}}" }

// edge fills the values of edge-native-byoi.
func (b *builder) edge() {
	edge := b.pack.EdgeOrDefault()
	b.contentImages(edge.ContentImages)
	b.refuseUnused(edge)
	if edge.AgentMode {
		b.add(options("uri"), agentMode, image.Provenance{From: "spec", Key: "packs[].edge.agentMode"})
		return
	}
	if b.image == nil {
		b.refuse("check that a source of packs[].sources has a fitting image, or set packs[].edge.agentMode: true",
			"no image was picked for system.uri")
		return
	}
	p, ok := b.parts()
	if !ok {
		return
	}
	if edge.Shape == spec.Shape10 {
		p = b.parts10(p)
	}
	b.values.OwnImage = uriMacro()
	isTemplate := edge.Reference == spec.ReferenceTemplate
	if isTemplate {
		b.templated(edge.Shape, p)
	} else {
		b.literal(edge.Reference, p)
	}
	b.hold(edge.Shape, isTemplate, p)
}

// refuseUnused refuses what the user sets and nothing reads: he takes it for done.
func (b *builder) refuseUnused(edge spec.Edge) {
	read := []string{"osName", "osVersion", "registry", "repo"}
	switch {
	case edge.AgentMode:
		b.refuseUnusedKeys(edge)
		b.refuseValues(nil, "edge.agentMode: no image is used", "packs[].edge.agentMode")
	case edge.Reference != spec.ReferenceTemplate:
		b.refuseValues(read, "edge.reference: "+edge.Reference+", which takes the image's tag as it is", "set packs[].edge.reference: template")
	case edge.Shape == spec.Shape10:
		b.refuseValues(append(read, "peVersion", "customTag"), "edge.shape: 1.0, whose tags have no distribution", "set packs[].edge.shape: system")
	}
}

// refuseUnusedKeys refuses keys of edge that say something of an image where none is used.
func (b *builder) refuseUnusedKeys(edge spec.Edge) {
	for _, key := range []struct {
		name string
		set  bool
	}{
		{"shape", edge.Shape != spec.ShapeSystem}, {"reference", edge.Reference != spec.ReferenceTemplate},
		{"kubernetesVersions", edge.KubernetesVersions != nil},
	} {
		if key.set {
			b.refuse("remove packs[].edge."+key.name+", or packs[].edge.agentMode", "edge.%s has no effect with edge.agentMode: no image is used", key.name)
		}
	}
}

// refuseValues refuses values that are not among those which are read.
func (b *builder) refuseValues(read []string, with, instead string) {
	for _, v := range b.pack.Values.Set() {
		if !slices.Contains(read, v.Key) {
			b.refuse("remove packs[].values."+v.Key+", or "+instead, "values.%s has no effect with %s", v.Key, with)
		}
	}
}

func options(name string) []string { return []string{"options", "system." + name} }

func (b *builder) contentImages(refs []string) {
	for _, ref := range refs {
		if err := image.CheckOCI(ref); err != nil {
			b.refuse("correct packs[].edge.contentImages", "edge.contentImages: %s", err)
		}
		b.values.ContentImages = append(b.values.ContentImages, ref)
	}
}

// parts are what an edge image's reference consists of, each with its origin.
type parts struct {
	registry, repo, tag              found
	k8sDistribution, peVersion, tail found
	digest                           string
	// overridden tells that the user set a part of the tag himself.
	overridden bool
}

// parts takes the reference apart; the spec wins over what the source tells.
func (b *builder) parts() (parts, bool) {
	img, values := b.image, b.pack.Values
	if img.Provider != oci {
		b.refuse("select images of a registry: packs[].select.provider: oci, or use packs[].pack: generic-byoi",
			"image %q of provider %q is no OCI image, and edge-native-byoi takes no other", img.ID, img.Provider)
		return parts{}, false
	}
	ref, err := image.ParseOCI(img.ID)
	if err != nil {
		b.refuse("correct the output of source \""+img.Source+"\"", "image id %s", err)
		return parts{}, false
	}
	attribute := func(name, users string) found {
		return b.choose(name, users, img.Attributes[name], "attributes."+name)
	}
	p := parts{
		registry:        b.choose("registry", values.Registry, ref.Registry, "attributes.registry"),
		repo:            b.choose("repo", values.Repo, ref.Repo, "attributes.repository"),
		tag:             found{ref.Tag, b.from("attributes.tag")},
		k8sDistribution: attribute(image.AttributeK8sDistribution, values.K8sDistribution),
		peVersion:       attribute(image.AttributePEVersion, values.PEVersion),
		tail:            attribute(image.AttributeCustomTag, values.CustomTag),
		digest:          cmp.Or(img.Digest, ref.Digest),
		overridden:      values.K8sDistribution != "" || values.PEVersion != "" || values.CustomTag != "",
	}
	b.mirror(&p)
	return p, true
}

// mirror lets this machine's rules say where the image is, unless the spec does.
func (b *builder) mirror(p *parts) {
	values, name := b.pack.Values, p.name()
	to := mirror.Rewrite(name, b.pack.Mirrors)
	if values.Registry != "" || values.Repo != "" || p.registry.value == "" || to == name {
		return
	}
	from := image.Provenance{From: fromUser, Key: mirror.Key, Raw: name}
	p.registry.from, p.repo.from = from, from
	p.registry.value, p.repo.value, _ = strings.Cut(to, "/")
}

// fromUser is the provenance of what the user's own configuration says.
const fromUser = "configuration"

// name is registry/repo without a tag.
func (p parts) name() string {
	return image.OCIReference{Registry: p.registry.value, Repo: p.repo.value}.Name()
}

// literal renders a plain reference: registry/repo:tag, pinned by digest when
// asked.
func (b *builder) literal(reference string, p parts) {
	if p.tag.value == "" && reference == spec.ReferenceTag {
		b.refuse("select an image that has a tag, or set packs[].edge.reference: digest",
			"image %q has no tag for system.uri", b.image.ID)
		return
	}
	uri := p.name()
	if p.tag.value != "" {
		uri += ":" + p.tag.value
	}
	if reference == spec.ReferenceDigest {
		if p.digest == "" {
			b.refuse("set packs[].edge.reference: tag, or use a source that tells digests",
				"the digest of image %q is unknown", b.image.ID)
			return
		}
		uri += "@" + p.digest
	}
	if err := image.CheckOCI(uri); err != nil {
		b.refuse("correct packs[].values.registry and packs[].values.repo", "system.uri: %s", err)
	}
	b.add(options("uri"), uri, b.uriOrigin(p))
}

func (b *builder) uriOrigin(p parts) image.Provenance {
	for _, part := range []found{p.registry, p.repo} {
		if part.from.From == "spec" || part.from.From == fromUser {
			return part.from
		}
	}
	return b.from("id")
}

// held is a key of the values that may hold a part of the reference.
type held struct {
	path []string
	found
	// shape is that whose templates read the key.
	shape string
	// lasting says that the value is the same in both shapes.
	lasting bool
}

// held are the keys in the order of the block that CanvOS prints.
func (b *builder) held(p parts) []held {
	system := func(name string, f found, lasting bool) held {
		return held{options(name), f, spec.ShapeSystem, lasting}
	}
	image := func(name string, f found, lasting bool) held {
		return held{[]string{"image", name}, f, spec.Shape10, lasting}
	}
	return []held{
		system("registry", p.registry, true), system("repo", p.repo, true), system("k8sDistribution", p.k8sDistribution, false),
		system("osName", b.osName(), true), system("peVersion", p.peVersion, false), system("customTag", p.tail, false),
		system("osVersion", b.osVersion(), true),
		image("registry", p.registry, true), image("repo", p.repo, true), image("version", p.peVersion, false), image("client.tag", p.tail, false),
	}
}

// hold writes what a template of the shape reads, and keeps the other keys true in a file
// that has them, though nothing reads them. Nothing of the previous image stays: of what
// the new one tells nothing is emptied, but for the registry, which other values may use.
func (b *builder) hold(shape string, isTemplate bool, p parts) {
	for _, h := range b.held(p) {
		switch own := h.shape == shape; {
		case h.value == "" && strings.HasSuffix(h.path[1], "registry"):
		case h.value == "" || !own && !h.lasting:
			b.keep(h.path, "")
		case own && isTemplate:
			b.add(h.path, h.value, h.from)
		default:
			b.keep(h.path, h.value)
		}
	}
}

// parts10 reads the tag as the 1.0 documentation builds it,
// kubernetes-version[_tag], which sources for the newer grammar do not do.
func (b *builder) parts10(p parts) parts {
	rest, ok := strings.CutPrefix(p.tag.value, b.image.KubernetesVersion+"-")
	if p.overridden || !ok {
		return p
	}
	version, tail, _ := strings.Cut(rest, "_")
	p.peVersion = found{version, p.tag.from}
	p.tail = found{tail, p.tag.from}
	return p
}

var macroForm = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)

// sameMacros tells whether two texts are equal but for white space inside the
// braces of their macros.
func sameMacros(a, b string) bool {
	return macroForm.ReplaceAllString(a, "{{$1}}") == macroForm.ReplaceAllString(b, "{{$1}}")
}

// isOwnImage tells whether a content item stands for the provider image, also
// when it is misspelt as in the pack's 1.0 documentation.
func isOwnImage(text string) bool {
	return strings.Contains(text, "{{") && strings.Contains(text, "options.system.uri")
}

// imageOfURI is the image of options.system.uri.
func imageOfURI(uri string) (*image.Image, error) {
	switch {
	case uri == agentMode:
		return nil, errors.New("system.uri is NA: the pack is in agent mode")
	case strings.Contains(uri, "{{"):
		return nil, errors.New("system.uri is a template, which Palette fills in")
	}
	if err := image.CheckOCI(uri); err != nil {
		return nil, fmt.Errorf("system.uri: %w", err)
	}
	id, digest, _ := strings.Cut(image.WithoutScheme(uri), "@")
	return &image.Image{ID: id, Provider: oci, Digest: digest}, nil
}
