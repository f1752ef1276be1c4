package machineimage

import (
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// definitionPrefix marks, in provenance, a tag that is the definition's.
const definitionPrefix = "definition:"

// describe fills in OS and Kubernetes version from the tags of the version, and
// from those of its definition where the version's say nothing. A name and a
// version of different operating systems are never put together.
func describe(image *sdk.Image, own, definition map[string]string, names TagNames) {
	facts := read(own, names, "")
	outer := read(definition, names, definitionPrefix)
	if facts.OSName == "" || facts.OSName == outer.OSName {
		take(&facts, outer, osfacts.FieldOSName, osfacts.FieldOSVersion)
	}
	take(&facts, outer, osfacts.FieldKubernetesVersion)
	image.OSName, image.OSVersion = facts.OSName, facts.OSVersion
	image.KubernetesVersion = facts.KubernetesVersion
	for _, field := range []string{osfacts.FieldOSName, osfacts.FieldOSVersion, osfacts.FieldKubernetesVersion} {
		if p, ok := facts.Provenance[field]; ok {
			image.Provenance[field] = p
		}
	}
}

// take copies the fields that facts lacks from outer.
func take(facts *osfacts.Facts, outer osfacts.Facts, fields ...string) {
	for _, field := range fields {
		to, from := value(facts, field), value(&outer, field)
		if *to != "" || *from == "" {
			continue
		}
		*to = *from
		facts.Provenance[field] = outer.Provenance[field]
	}
}

func value(f *osfacts.Facts, field string) *string {
	switch field {
	case osfacts.FieldOSName:
		return &f.OSName
	case osfacts.FieldOSVersion:
		return &f.OSVersion
	default:
		return &f.KubernetesVersion
	}
}

// read returns the facts in one map of tags; a tag that the user named wins over
// Kubernetes Image Builder's.
func read(tags map[string]string, names TagNames, prefix string) osfacts.Facts {
	facts := osfacts.FromKIB(tags, "tag")
	if prefix != "" {
		for field, p := range facts.Provenance {
			p.Key = prefix + p.Key
			facts.Provenance[field] = p
		}
	}
	set := func(field, key, now string) {
		facts.Provenance[field] = sdk.Provenance{From: "tag", Key: prefix + key, Raw: changed(tags[key], now)}
	}
	rawName, rawVersion := facts.OSName, facts.OSVersion
	if v := tags[names.OSName]; names.OSName != "" && v != "" {
		rawName = v
	}
	if v := tags[names.OSVersion]; names.OSVersion != "" && v != "" {
		rawVersion = v
	}
	name, version := osfacts.Normalize(rawName, rawVersion)
	if rawName != facts.OSName {
		set(osfacts.FieldOSName, names.OSName, name)
	}
	if rawVersion != facts.OSVersion {
		set(osfacts.FieldOSVersion, names.OSVersion, version)
	}
	facts.OSName, facts.OSVersion = name, version
	if v := tags[names.KubernetesVersion]; names.KubernetesVersion != "" && v != "" {
		facts.KubernetesVersion = osfacts.KubernetesVersion(v)
		set(osfacts.FieldKubernetesVersion, names.KubernetesVersion, facts.KubernetesVersion)
	}
	return facts
}
