package compute

import (
	"cmp"
	"slices"
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
	systems := slices.Concat(systemsIn(own, names, ""), systemsIn(definition, names, definitionPrefix))
	osfacts.Together(systems...).Describe(image)
	version, from := kubernetesIn(own, names, "")
	if version == "" {
		version, from = kubernetesIn(definition, names, definitionPrefix)
	}
	if image.KubernetesVersion = version; version != "" {
		image.Provenance[osfacts.FieldKubernetesVersion] = from
	}
}

// systemsIn returns the operating systems in one map of tags; a tag that the user named wins
// over Kubernetes Image Builder's, here and below.
func systemsIn(tags map[string]string, names TagNames, prefix string) []osfacts.Statement {
	keys := osfacts.Keys{OSName: strings.ToLower(names.OSName), OSVersion: strings.ToLower(names.OSVersion)}
	systems := osfacts.In(foldKeys(tags), "tag", keys)
	for i := range systems {
		for _, said := range []*osfacts.Said{&systems[i].Name, &systems[i].Version} {
			if said.From.Key != "" {
				said.From.Key = prefix + spelledKey(tags, said.From.Key)
			}
		}
	}
	return systems
}

// kubernetesIn returns the Kubernetes version in one map of tags, and the tag that has it.
func kubernetesIn(tags map[string]string, names TagNames, prefix string) (string, sdk.Provenance) {
	folded := foldKeys(tags)
	for _, key := range []string{strings.ToLower(names.KubernetesVersion), "kubernetes_semver", "kubernetes_version"} {
		if raw := folded[key]; key != "" && strings.TrimSpace(raw) != "" {
			version := osfacts.KubernetesVersion(raw)
			return version, sdk.Provenance{From: "tag", Key: prefix + spelledKey(tags, key)}.Of(raw, version)
		}
	}
	return "", sdk.Provenance{}
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
