package pack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// Shapes and references of spec.Edge.
const (
	shapeSystem       = "system"
	shape10           = "1.0"
	referenceTemplate = "template"
	referenceTag      = "tag"
	referenceDigest   = "digest"

	// agentMode is what system.uri holds when no provider image is used.
	agentMode = "NA"

	// uriMacro is the content item that stands for the provider image.
	uriMacro = "{{.spectro.pack.edge-native-byoi.options.system.uri}}"
	// kubernetesMacro is what Palette fills in from the cluster's own layer.
	kubernetesMacro = "{{ .spectro.system.kubernetes.version }}"
)

// edge fills the values of edge-native-byoi.
func (b *builder) edge() {
	b.values.Pack = spec.EdgeNativeBYOI
	edge := spec.Edge{}
	if b.pack.Edge != nil {
		edge = *b.pack.Edge
	}
	b.contentImages(edge.ContentImages)
	b.refuseUnused(edge)
	if edge.AgentMode {
		b.add(options("uri"), agentMode, image.Provenance{From: "spec", Key: "packs[].edge.agentMode"})
		return
	}
	shape := orDefault(edge.Shape, shapeSystem)
	if shape != shapeSystem && shape != shape10 {
		b.refuse("set packs[].edge.shape to system or 1.0", "unknown edge.shape %q", shape)
		return
	}
	if b.image == nil {
		b.refuse("check that a source of packs[].sources has a fitting image, or set packs[].edge.agentMode: true",
			"no image was picked for system.uri")
		return
	}
	parts, ok := b.parts()
	if !ok {
		return
	}
	b.values.OwnImage = uriMacro
	switch reference := orDefault(edge.Reference, referenceTemplate); reference {
	case referenceTemplate:
		b.templated(shape, parts)
	case referenceTag, referenceDigest:
		b.literal(shape, reference, parts)
	default:
		b.refuse("set packs[].edge.reference to template, tag or digest", "unknown edge.reference %q", reference)
	}
	b.emptyRest(b.from("id"))
}

// refuseUnused refuses what the user sets and nothing reads: he takes it for done.
func (b *builder) refuseUnused(edge spec.Edge) {
	v := b.pack.Values
	parts := []struct{ key, value string }{{"k8sDistribution", v.K8sDistribution}, {"peVersion", v.PEVersion}, {"customTag", v.CustomTag}}
	switch reference := orDefault(edge.Reference, referenceTemplate); {
	case edge.AgentMode:
		for _, key := range []struct {
			name string
			set  bool
		}{
			{"shape", orDefault(edge.Shape, shapeSystem) != shapeSystem}, {"reference", reference != referenceTemplate},
			{"kubernetesVersions", edge.KubernetesVersions != nil},
		} {
			if key.set {
				b.refuse("remove packs[].edge."+key.name+", or packs[].edge.agentMode", "edge.%s has no effect with edge.agentMode: no image is used", key.name)
			}
		}
		parts = append(parts, []struct{ key, value string }{
			{"registry", v.Registry}, {"repo", v.Repo}, {"osName", v.OSName}, {"osVersion", v.OSVersion},
		}...)
		b.refuseValues(parts, "edge.agentMode: no image is used", "packs[].edge.agentMode")
	case reference == referenceTag || reference == referenceDigest:
		b.refuseValues(parts, "edge.reference: "+reference+", which takes the image's tag as it is", "set packs[].edge.reference: template")
	case edge.Shape == shape10:
		b.refuseValues(parts[:1], "edge.shape: 1.0, whose tags have no distribution", "set packs[].edge.shape: system")
	}
}

func (b *builder) refuseValues(values []struct{ key, value string }, with, instead string) {
	for _, v := range values {
		if v.value != "" {
			b.refuse("remove packs[].values."+v.key+", or "+instead, "values.%s has no effect with %s", v.key, with)
		}
	}
}

// emptyRest keeps nothing of the previous image in a file: keys that say what an image
// is, and of which the new one tells nothing, are emptied where they are. registry and
// repo name a place, which other values may use.
func (b *builder) emptyRest(from image.Provenance) {
	known := slices.Concat(b.values.Fields, b.values.ifPresent)
	for _, path := range [][]string{
		options("k8sDistribution"), options("osName"), options("peVersion"), options("customTag"), options("osVersion"),
		{"image", "version"}, {"image", "client.tag"},
	} {
		if !slices.ContainsFunc(known, func(f Field) bool { return slices.Equal(f.Path, path) }) {
			b.keep(path, found{from: from})
		}
	}
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

func options(name string) []string { return []string{"options", "system." + name} }

func (b *builder) contentImages(refs []string) {
	for _, ref := range refs {
		if err := image.CheckOCI(ref); err != nil {
			b.refuse("correct packs[].edge.contentImages", "edge.contentImages: %s", err)
			continue
		}
		b.values.ContentImages = append(b.values.ContentImages, ref)
	}
}

// parts are what an edge image's reference consists of, each with its origin.
type parts struct {
	registry, repo, tag              found
	k8sDistribution, peVersion, tail found
	// overridden tells that the user set a part of the tag himself.
	overridden bool
}

// parts takes the reference apart; the source's attributes win over what the
// id alone says, the spec wins over both.
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
	attribute := func(key, users, name, fallback string) found {
		value := img.Attributes[name]
		if value == "" {
			value = fallback
		}
		return b.choose(key, users, value, "attributes."+name)
	}
	p := parts{
		registry:        attribute("registry", values.Registry, "registry", ref.Registry),
		repo:            attribute("repo", values.Repo, "repository", ref.Repo),
		tag:             attribute("", "", "tag", ref.Tag),
		k8sDistribution: attribute("k8sDistribution", values.K8sDistribution, "k8sDistribution", ""),
		peVersion:       attribute("peVersion", values.PEVersion, "peVersion", ""),
		tail:            attribute("customTag", values.CustomTag, "customTag", ""),
		overridden:      values.K8sDistribution != "" || values.PEVersion != "" || values.CustomTag != "",
	}
	b.mirror(&p)
	if p.repo.value == "" {
		b.refuse("set packs[].values.repo in the spec", "the repository of image %q is unknown", img.ID)
		return p, false
	}
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
	if p.registry.value == "" {
		return p.repo.value
	}
	return p.registry.value + "/" + p.repo.value
}

// literal renders a plain reference: registry/repo:tag, pinned by digest when
// asked.
func (b *builder) literal(shape, reference string, p parts) {
	if p.tag.value == "" && reference == referenceTag {
		b.refuse("select an image that has a tag, or set packs[].edge.reference: digest",
			"image %q has no tag for system.uri", b.image.ID)
		return
	}
	uri := p.name()
	if p.tag.value != "" {
		uri += ":" + p.tag.value
	}
	if reference == referenceDigest {
		digest := b.digest()
		if digest == "" {
			b.refuse("set packs[].edge.reference: tag, or use a source that tells digests",
				"the digest of image %q is unknown", b.image.ID)
			return
		}
		uri += "@" + digest
	}
	if err := image.CheckOCI(uri); err != nil {
		b.refuse("correct packs[].values.registry and packs[].values.repo", "system.uri: %s", err)
		return
	}
	b.add(options("uri"), uri, b.uriOrigin(p))
	b.keepParts(shape, p)
}

func (b *builder) digest() string {
	if b.image.Digest != "" {
		return b.image.Digest
	}
	ref, err := image.ParseOCI(b.image.ID)
	if err != nil {
		return ""
	}
	return ref.Digest
}

func (b *builder) uriOrigin(p parts) image.Provenance {
	for _, part := range []found{p.registry, p.repo} {
		if part.from.From == "spec" || part.from.From == fromUser {
			return part.from
		}
	}
	return b.from("id")
}

// keepParts keeps the parts of a template true in a file that has them, though
// a plain reference does not read them.
func (b *builder) keepParts(shape string, p parts) {
	b.keepKnown(options("registry"), p.registry)
	b.keepKnown(options("repo"), p.repo)
	b.keepKnown([]string{"image", "registry"}, p.registry)
	b.keepKnown([]string{"image", "repo"}, p.repo)
	if shape == shape10 {
		p = b.parts10(p)
		b.keepKnown([]string{"image", "version"}, p.peVersion)
		b.keepKnown([]string{"image", "client.tag"}, p.tail)
		b.keepKnown(options("osName"), b.osName())
		b.keepKnown(options("osVersion"), b.osVersion())
		return
	}
	b.keepKnown(options("k8sDistribution"), p.k8sDistribution)
	b.keepKnown(options("osName"), b.osName())
	b.keepKnown(options("peVersion"), p.peVersion)
	b.keepKnown(options("customTag"), p.tail)
	b.keepKnown(options("osVersion"), b.osVersion())
}

func (b *builder) keepKnown(path []string, f found) {
	if f.value != "" {
		b.keep(path, f)
	}
}

// templated renders system.uri as a template that Palette fills in with the
// cluster's Kubernetes version.
func (b *builder) templated(shape string, p parts) {
	t := &template{name: p.name(), distribution: p.k8sDistribution.value, agent: p.peVersion.value, tail: p.tail.value, separator: "-"}
	if shape == shape10 {
		p = b.parts10(p)
		t = &template{name: p.name(), agent: p.peVersion.value, tail: p.tail.value, separator: "_"}
	}
	complete := b.need("registry", p.registry, p)
	if shape == shapeSystem {
		complete = b.need("k8sDistribution", p.k8sDistribution, p) && complete
	}
	complete = b.need("peVersion", p.peVersion, p) && complete
	t.readFrom = image.Repository(b.image.ID)
	if !complete || !b.templateFits(shape, t, p) {
		return
	}
	if err := image.CheckOCI(t.name + ":" + t.tag("1.30.0")); err != nil {
		b.refuse("correct packs[].values", "what the template of system.uri leads to: %s", err)
		return
	}
	b.values.template = t
	b.add(options("uri"), t.text(shape), image.Provenance{From: "template", Key: "packs[].edge.shape " + shape})
	if shape == shape10 {
		b.optional([]string{"image", "registry"}, p.registry)
		b.optional([]string{"image", "repo"}, p.repo)
		b.optional([]string{"image", "version"}, p.peVersion)
		b.optional([]string{"image", "client.tag"}, p.tail)
		b.keepKnown(options("registry"), p.registry)
		b.keepKnown(options("repo"), p.repo)
		b.keepKnown(options("osName"), b.osName())
		b.keepKnown(options("osVersion"), b.osVersion())
		return
	}
	// The order is that of the block that CanvOS prints.
	b.optional(options("registry"), p.registry)
	b.optional(options("repo"), p.repo)
	b.optional(options("k8sDistribution"), p.k8sDistribution)
	b.optional(options("osName"), b.osName())
	b.optional(options("peVersion"), p.peVersion)
	b.optional(options("customTag"), p.tail)
	b.optional(options("osVersion"), b.osVersion())
	b.keepKnown([]string{"image", "registry"}, p.registry)
	b.keepKnown([]string{"image", "repo"}, p.repo)
}

// parts10 reads the tag as the 1.0 documentation builds it,
// kubernetes-version[_tag], which sources for the newer grammar do not do.
func (b *builder) parts10(p parts) parts {
	kubernetes := b.image.KubernetesVersion
	rest, ok := strings.CutPrefix(p.tag.value, kubernetes+"-")
	if p.overridden || kubernetes == "" || !ok {
		return p
	}
	version, tail := rest, ""
	if i := strings.LastIndex(rest, "_"); i > 0 {
		version, tail = rest[:i], rest[i+1:]
	}
	p.peVersion = found{version, p.tag.from}
	p.tail = found{tail, p.tag.from}
	return p
}

func (b *builder) need(key string, f found, p parts) bool {
	if f.value != "" {
		return true
	}
	b.refuse("set packs[].values."+key+" in the spec, or packs[].edge.reference: tag for a plain reference",
		"%s is unknown, and the template of system.uri needs it: tag %q of %s does not tell it", key, p.tag.value, p.name())
	return false
}

// templateFits refuses a template that does not lead to the image that was picked. That is
// only told when leads are asked for.
func (b *builder) templateFits(shape string, t *template, p parts) bool {
	b.lead = Lead{Agent: t.agent, Elsewhere: b.elsewhere(t), ID: t.id}
	kubernetes := b.image.KubernetesVersion
	if p.tag.value == "" { // what it would be, the parts say
		b.lead.Own, b.lead.Kubernetes = b.partsAgree(), kubernetes
	} else {
		b.lead.Kubernetes, b.lead.Own = t.leadsTo(p.tag.value, kubernetes)
	}
	if b.lead.Own {
		return true
	}
	if b.lead.Kubernetes = ""; b.leading {
		return true
	}
	if kubernetes == "" {
		kubernetes = "VERSION"
	}
	next := "set packs[].edge.reference: tag for a plain reference, or the parts in packs[].values (k8sDistribution, peVersion, customTag)"
	if p.overridden {
		next = "correct packs[].values (k8sDistribution, peVersion, customTag); an image from a lock is picked anew by update"
	}
	b.refuse(next, "the template of edge.shape %s gives tag %q for Kubernetes %s, but the image's tag is %q",
		shape, t.tag(kubernetes), kubernetes, p.tag.value)
	return false
}

// partsAgree tells whether the parts of the tag that the user set are those of the image,
// as far as its source tells them.
func (b *builder) partsAgree() bool {
	v, has := b.pack.Values, b.image.Attributes
	for _, part := range [][2]string{
		{v.K8sDistribution, has[image.AttributeK8sDistribution]}, {v.PEVersion, has[image.AttributePEVersion]}, {v.CustomTag, has[image.AttributeCustomTag]},
	} {
		if part[0] != "" && part[1] != "" && part[0] != part[1] {
			return false
		}
	}
	return true
}

// elsewhere returns the repository that the user names in place of the image's own, and
// that no rule of this machine reads it from.
func (b *builder) elsewhere(t *template) string {
	users := b.pack.Values.Registry != "" || b.pack.Values.Repo != ""
	if !users || t.name == t.readFrom || t.name == mirror.Rewrite(t.readFrom, b.pack.Mirrors) {
		return ""
	}
	return t.name
}

// template is the tag grammar of a system.uri: that of CanvOS,
// distribution-kubernetes-agent[-tail], or that of the pack's 1.0
// documentation, kubernetes-agent[_tail].
type template struct {
	name, distribution, agent, tail, separator string
	// readFrom is the repository of the picked image; name may be a mirror of it.
	readFrom string
}

func (t *template) tag(kubernetes string) string {
	tag := kubernetes + "-" + t.agent
	if t.distribution != "" {
		tag = t.distribution + "-" + tag
	}
	if t.tail != "" {
		tag += t.separator + t.tail
	}
	return tag
}

// id is the image for a version of Kubernetes, in the repository that the pick is from.
func (t *template) id(kubernetes string) string {
	return t.readFrom + ":" + t.tag(strings.TrimPrefix(kubernetes, "v"))
}

// plainVersion is what Palette fills in, but for pre-releases.
var plainVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)

// leadsTo tells for which version of Kubernetes the template leads to a tag: that of its
// image, where it is known. What a distribution adds to that (+k3s1) may be of the tag's rest.
func (t *template) leadsTo(tag, kubernetes string) (version string, ok bool) {
	const mark = "\x00"
	before, after, _ := strings.Cut(t.tag(mark), mark)
	if len(tag) < len(before)+len(after) || !strings.HasPrefix(tag, before) || !strings.HasSuffix(tag, after) {
		return "", false
	}
	version = tag[len(before) : len(tag)-len(after)]
	core, _, _ := strings.Cut(kubernetes, "+")
	return version, version != "" && version == kubernetes || plainVersion.MatchString(version) && (core == "" || core == version)
}

func packMacro(key string) string {
	return "{{ .spectro.pack.edge-native-byoi." + key + " }}"
}

// text is the template over the keys that hold the parts.
func (t *template) text(shape string) string {
	if shape == shape10 {
		text := packMacro("image.registry") + "/" + packMacro("image.repo") + ":" + kubernetesMacro + "-" + packMacro("image.version")
		if t.tail != "" {
			text += t.separator + packMacro("image.client.tag")
		}
		return text
	}
	text := packMacro("options.system.registry") + "/" + packMacro("options.system.repo") + ":" +
		packMacro("options.system.k8sDistribution") + "-" + kubernetesMacro + "-" + packMacro("options.system.peVersion")
	if t.tail != "" {
		text += t.separator + packMacro("options.system.customTag")
	}
	return text
}

// Reference returns the image that the values lead to on a cluster of the given
// Kubernetes version (without a leading v); false when there is none, as in
// agent mode.
func (v *Values) Reference(kubernetesVersion string) (string, bool) {
	if v.template != nil {
		return v.template.name + ":" + v.template.tag(kubernetesVersion), true
	}
	for _, field := range v.Fields {
		if slices.Equal(field.Path, options("uri")) && field.Value != agentMode {
			return field.Value, true
		}
	}
	return "", false
}

// Lead is where the template of a pack leads with an image.
type Lead struct {
	// Agent is the version of the agent in the images that it leads to.
	Agent string
	// Own says that it leads to the image itself, and Kubernetes for which version, where
	// that is known.
	Own        bool
	Kubernetes string
	// Elsewhere is the repository that the user names in place of the image's: a mirror.
	Elsewhere string
	// ID returns the id of the image for a version of Kubernetes in the repository that
	// the image is from.
	ID func(kubernetesVersion string) string
}

// Leads returns where the template of a pack leads with an image, which need not be to the
// image itself where the user set parts of its tag. false is for a pack that is no template.
func Leads(in Input) (Lead, bool, error) {
	b := &builder{pack: in.Pack, image: in.Image, leading: true}
	values, err := b.build()
	if err != nil || values.template == nil {
		return Lead{}, false, err
	}
	return b.lead, true, nil
}

// Moving returns the references of the values that name no image for long: their tag is
// latest, and no digest pins them.
func (v *Values) Moving() []string {
	var moving []string
	uri, _ := v.Reference("")
	for _, text := range append([]string{uri}, v.ContentImages...) {
		ref, err := image.ParseOCI(image.WithoutScheme(text))
		if err == nil && ref.Tag == "latest" && ref.Digest == "" {
			moving = append(moving, text)
		}
	}
	return moving
}

var macroForm = regexp.MustCompile(`\{\{-?\s*(.*?)\s*-?\}\}`)

// sameMacros tells whether two texts are equal but for white space inside the
// braces of their macros.
func sameMacros(a, b string) bool {
	return a == b || macroForm.ReplaceAllString(a, "{{$1}}") == macroForm.ReplaceAllString(b, "{{$1}}")
}

// isOwnImage tells whether a content item stands for the provider image, also
// when it is misspelt as in the pack's 1.0 documentation.
func isOwnImage(text string) bool {
	return strings.Contains(text, "{{") && strings.Contains(text, "options.system.uri")
}
