package pack

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// templated renders system.uri as a template that Palette fills in with the
// cluster's Kubernetes version.
func (b *builder) templated(shape string, p parts) {
	complete := true
	for _, part := range []struct {
		key string
		found
	}{{"registry", p.registry}, {"k8sDistribution", p.k8sDistribution}, {"peVersion", p.peVersion}} {
		if part.value == "" && (shape == spec.ShapeSystem || part.key != "k8sDistribution") {
			b.refuse("set packs[].values."+part.key+" in the spec, or packs[].edge.reference: tag for a plain reference",
				"%s is unknown, and the template of system.uri needs it: tag %q of %s does not tell it", part.key, p.tag.value, p.name())
			complete = false
		}
	}
	t := templateOf(shape, p)
	t.readFrom = image.Repository(b.image.ID)
	if complete {
		b.templateFits(shape, t, p)
	}
	if err := image.CheckOCI(t.name + ":" + t.tag("1.30.0")); err != nil {
		b.refuse("correct packs[].values", "what the template of system.uri leads to: %s", err)
	}
	b.values.template = t
	b.add(options("uri"), t.text(), image.Provenance{From: "template", Key: "packs[].edge.shape " + shape})
}

// templateFits refuses a template that does not lead to the image that was picked. That is
// only told when leads are asked for.
func (b *builder) templateFits(shape string, t *template, p parts) {
	b.lead = spec.Lead{Agent: t.agent, Elsewhere: b.elsewhere(t), ID: t.id}
	kubernetes := b.image.KubernetesVersion
	if p.tag.value == "" { // what it would be, the parts say
		b.lead.Own, b.lead.Kubernetes = b.partsAgree(), kubernetes
	} else {
		b.lead.Kubernetes, b.lead.Own = t.leadsTo(p.tag.value, kubernetes)
	}
	if b.lead.Own {
		return
	}
	if b.lead.Kubernetes = ""; b.leading {
		return
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
	if t.name == t.readFrom || t.name == mirror.Rewrite(t.readFrom, b.pack.Mirrors) {
		return ""
	}
	return t.name
}

// grammar says how a tag is made, and which keys of the values hold its parts.
type grammar struct {
	separator               string
	keys, agentKey, tailKey string
}

// template is a system.uri of the grammar of CanvOS, distribution-kubernetes-agent[-tail],
// or of the pack's 1.0 documentation, kubernetes-agent[_tail].
type template struct {
	grammar
	name, distribution, agent, tail string
	// readFrom is the repository of the picked image; name may be a mirror of it.
	readFrom string
}

// templateOf is the template of a shape over parts.
func templateOf(shape string, p parts) *template {
	t := &template{name: p.name(), agent: p.peVersion.value, tail: p.tail.value}
	if shape == spec.Shape10 {
		t.grammar = grammar{"_", "image.", "version", "client.tag"}
		return t
	}
	t.grammar = grammar{"-", "options.system.", "peVersion", "customTag"}
	t.distribution = p.k8sDistribution.value
	return t
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

// plainVersion is what Palette fills in, but for pre-releases, and what versions of
// gallery images are.
var plainVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)

// leadsTo tells for which version of Kubernetes the template leads to a tag: that of its
// image, where it is known. What a distribution adds to that (+k3s1) may be of the tag's rest.
func (t *template) leadsTo(tag, kubernetes string) (version string, ok bool) {
	const mark = "\x00"
	before, after, _ := strings.Cut(t.tag(mark), mark)
	tag, begins := strings.CutPrefix(tag, before)
	version, ends := strings.CutSuffix(tag, after)
	if !begins || !ends {
		return "", false
	}
	core, _, _ := strings.Cut(kubernetes, "+")
	return version, version != "" && version == kubernetes || plainVersion.MatchString(version) && (core == "" || core == version)
}

// text is the template over the keys that hold the parts.
func (t *template) text() string {
	key := func(name, value string) string {
		if value == "" {
			return ""
		}
		return "{{ " + spec.EdgeNativeBYOI.MacroPrefix() + t.keys + name + " }}"
	}
	over := template{
		name: key("registry", t.name) + "/" + key("repo", t.name), distribution: key("k8sDistribution", t.distribution),
		agent: key(t.agentKey, t.agent), tail: key(t.tailKey, t.tail), grammar: t.grammar,
	}
	return over.name + ":" + over.tag(kubernetesMacro)
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

var errNoTemplate = errors.New("its values are no template")

// Leads returns where the template of a pack leads with an image, which need not be to the
// image itself where the user set parts of its tag. The error says why there is none.
func Leads(in Input) (spec.Lead, error) {
	b := &builder{pack: in.Pack, image: in.Image, leading: true}
	values, err := b.build()
	switch {
	case err != nil:
		return spec.Lead{}, err
	case values.template == nil:
		return spec.Lead{}, errNoTemplate
	}
	return b.lead, nil
}

// Moving returns the references of the values that name no image for long: their tag is
// latest, and no digest pins them.
func (v *Values) Moving() []string {
	var moving []string
	uri, _ := v.Reference("")
	for _, text := range append([]string{uri}, v.ContentImages...) {
		ref, _ := image.ParseOCI(image.WithoutScheme(text)) // that of no image has no tag
		if ref.Tag == "latest" && ref.Digest == "" {
			moving = append(moving, text)
		}
	}
	return moving
}
