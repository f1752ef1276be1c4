package compute

import (
	"cmp"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// definitionPrefix marks, in provenance, a tag that is the definition's.
const definitionPrefix = "definition:"

// describe fills in OS and Kubernetes version from the tags of the version, and
// from those of its definition where the version's say nothing. A version of an operating
// system that a tag has alone is not put to the name of the other.
func describe(image *sdk.Image, own, definition map[string]string, names TagNames) {
	inner, outer := read(own, names, ""), read(definition, names, definitionPrefix)
	osfacts.Together(append(inner.systems, outer.systems...)...).Describe(image)
	kubernetes := inner.kubernetes
	if kubernetes.value == "" {
		kubernetes = outer.kubernetes
	}
	image.KubernetesVersion = kubernetes.value
	if kubernetes.value != "" {
		image.Provenance[osfacts.FieldKubernetesVersion] = sdk.Provenance{From: "tag", Key: kubernetes.key, Raw: changed(kubernetes.raw, kubernetes.value)}
	}
}

// fact is what one tag says.
type fact struct {
	value    string
	key, raw string
}

// facts are what one map of tags says.
type facts struct {
	systems    []osfacts.Statement
	kubernetes fact
}

// read returns the facts in one map of tags; a tag that the user named wins over
// Kubernetes Image Builder's.
func read(tags map[string]string, names TagNames, prefix string) facts {
	folded := foldKeys(tags)
	keys := osfacts.Keys{OSName: strings.ToLower(names.OSName), OSVersion: strings.ToLower(names.OSVersion)}
	f := facts{systems: osfacts.In(folded, "tag", keys)}
	for i := range f.systems {
		for _, said := range []*osfacts.Said{&f.systems[i].Name, &f.systems[i].Version} {
			if said.From.Key != "" {
				said.From.Key = prefix + spelledKey(tags, said.From.Key)
			}
		}
	}
	for _, key := range []string{strings.ToLower(names.KubernetesVersion), "kubernetes_semver", "kubernetes_version"} {
		if raw := folded[key]; key != "" && strings.TrimSpace(raw) != "" {
			f.kubernetes = fact{osfacts.KubernetesVersion(raw), prefix + spelledKey(tags, key), raw}
			break
		}
	}
	return f
}

// foldKeys returns tags by their names in lower case: Azure does not tell names apart
// by letter case (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources).
func foldKeys(tags map[string]string) map[string]string {
	low := true
	for key := range tags {
		low = low && strings.ToLower(key) == key
	}
	if low {
		return tags
	}
	folded := make(map[string]string, len(tags))
	for key, value := range tags {
		if low := strings.ToLower(key); folded[low] == "" || key == low {
			folded[low] = cmp.Or(value, folded[low])
		}
	}
	return folded
}

// spelledKey returns a tag's name as Azure gives it.
func spelledKey(tags map[string]string, name string) string {
	if _, as := tags[name]; as {
		return name
	}
	for key := range tags {
		if strings.EqualFold(key, name) {
			return key
		}
	}
	return name
}
