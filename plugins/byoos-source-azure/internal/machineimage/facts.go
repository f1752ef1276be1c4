package machineimage

import (
	"cmp"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// definitionPrefix marks, in provenance, a tag that is the definition's.
const definitionPrefix = "definition:"

// describe fills in OS and Kubernetes version from the tags of the version, and
// from those of its definition where the version's say nothing. What a version is
// spelled as depends on the name, so both are normalised together once they are found.
func describe(image *sdk.Image, own, definition map[string]string, names TagNames) {
	inner, outer := read(own, names, ""), read(definition, names, definitionPrefix)
	name, version := inner.name, inner.version
	switch {
	case name.value == "":
		name = outer.name
		if version.value == "" {
			version = outer.version
		}
	case version.value == "" && (outer.name.value == "" || sameName(name, outer.name)):
		version = outer.version // one of another name would be that of another system
	}
	image.OSName, image.OSVersion = osfacts.Normalize(name.value, version.value)
	note := func(field string, f fact, value string) {
		if value != "" {
			image.Provenance[field] = sdk.Provenance{From: "tag", Key: f.key, Raw: changed(f.raw, value)}
		}
	}
	note(osfacts.FieldOSName, name, image.OSName)
	note(osfacts.FieldOSVersion, version, image.OSVersion)
	kubernetes := inner.kubernetes
	if kubernetes.value == "" {
		kubernetes = outer.kubernetes
	}
	image.KubernetesVersion = kubernetes.value
	note(osfacts.FieldKubernetesVersion, kubernetes, image.KubernetesVersion)
}

func sameName(a, b fact) bool {
	x, _ := osfacts.Normalize(a.value, "")
	y, _ := osfacts.Normalize(b.value, "")
	return x == y
}

// fact is what one tag says.
type fact struct {
	value    string
	key, raw string
}

// facts are what one map of tags says.
type facts struct{ name, version, kubernetes fact }

// read returns the facts in one map of tags; a tag that the user named wins over
// Kubernetes Image Builder's. The version in one of Kubernetes Image Builder's tags
// belongs to the name in another one, and not to a name that the user's tag has.
func read(tags map[string]string, names TagNames, prefix string) facts {
	folded := foldKeys(tags)
	kib := osfacts.FromKIB(folded, "tag")
	of := func(field, value string) fact {
		if value == "" {
			return fact{}
		}
		key := kib.Provenance[field].Key
		return fact{value, prefix + spelledKey(tags, key), folded[key]}
	}
	f := facts{
		of(osfacts.FieldOSName, kib.OSName), of(osfacts.FieldOSVersion, kib.OSVersion),
		of(osfacts.FieldKubernetesVersion, kib.KubernetesVersion),
	}
	own := func(name string) fact {
		value := strings.TrimSpace(folded[strings.ToLower(name)])
		if name == "" || value == "" {
			return fact{}
		}
		return fact{value, prefix + spelledKey(tags, name), folded[strings.ToLower(name)]}
	}
	if name := own(names.OSName); name.value != "" {
		if f.name.value != "" && !sameName(name, f.name) {
			f.version = fact{}
		}
		f.name = name
	}
	if version := own(names.OSVersion); version.value != "" {
		f.version = version
	}
	if version := own(names.KubernetesVersion); version.value != "" {
		version.value = osfacts.KubernetesVersion(version.value)
		f.kubernetes = version
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
