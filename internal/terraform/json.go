package terraform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
)

type object map[string]any

// json writes the same module in Terraform's JSON syntax, in which every string
// is a template.
// https://developer.hashicorp.com/terraform/language/syntax/json
func (m *module) json() ([]byte, error) {
	file := object{}
	data := m.dataJSON()
	resources := tables{}
	var imports, providers []object
	for _, p := range m.profiles {
		if !p.Create {
			data.add(profileType, p.label, p.identityJSON())
			imports = append(imports, object{"to": profileType + "." + p.label, "id": escapeTemplate(p.importID())})
		}
		resources.add(profileType, p.label, p.json())
	}
	for _, p := range m.providers {
		providers = append(providers, object{"alias": p.alias, "project_name": escapeTemplate(p.project)})
	}
	locals := tables{}
	for _, l := range m.locals {
		locals.add(localName, escapeTemplate(l.key), escapeTemplate(l.value))
	}
	for _, l := range m.lost {
		locals.add(lostName, escapeTemplate(l.key), "${"+l.value+"}")
	}
	var removed []object
	for _, label := range m.removed {
		removed = append(removed, object{"from": profileType + "." + label, "lifecycle": object{"destroy": false}})
	}
	file.part("data", data, len(data))
	file.part("resource", resources, len(resources))
	file.part("import", imports, len(imports))
	file.part("provider", object{providerName: providers}, len(providers))
	file.part("removed", removed, len(removed))
	file.part("locals", locals, len(locals))
	return indented(file)
}

// dataJSON are the data sources of registries and packs.
func (m *module) dataJSON() tables {
	data := tables{}
	for _, r := range m.registries {
		one := object{"name": escapeTemplate(r.name)}
		optional(one, "provider", providerReference(r.provider))
		data.add(registryType, r.label, one)
	}
	for _, p := range m.packs {
		one := object{"name": escapeTemplate(p.name), "registry_uid": escapeTemplate(p.registryUID)}
		if p.registryUID == "" {
			one["registry_uid"] = reference("data", registryType, p.registry, "id")
		}
		optional(one, "version", p.version)
		optional(one, "provider", providerReference(p.provider))
		data.add(packType, p.label, one)
	}
	return data
}

// part adds a part of the file that has something in it.
func (o object) part(name string, value any, size int) {
	if size > 0 {
		o[name] = value
	}
}

// tables are blocks by type and label.
type tables map[string]object

func (t tables) add(typ, label string, block any) {
	if t[typ] == nil {
		t[typ] = object{}
	}
	t[typ][label] = block
}

func providerReference(alias string) string {
	if alias == "" {
		return ""
	}
	return providerName + "." + alias
}

func (p profile) identityJSON() object {
	one := object{"name": escapeTemplate(p.Name), "version": escapeTemplate(p.version()), "context": p.Context}
	optional(one, "provider", providerReference(p.provider))
	return one
}

func (p profile) json() object {
	one := p.identityJSON()
	lifecycle := object{}
	if ignored := p.ignored(); ignored != nil {
		lifecycle["ignore_changes"] = ignored
	}
	if p.Create {
		one["cloud"], one["type"] = escapeTemplate(p.Cloud), escapeTemplate(cmp.Or(p.Type, defaultType))
		lifecycle["create_before_destroy"] = true
		block := object{"type": packKind, "values": escapeTemplate(p.pack.Values)}
		for _, attribute := range packAttributes() {
			block[attribute.name] = reference("data", packType, p.data, attribute.of)
		}
		one["pack"] = []object{block}
	} else {
		e := p.expressions()
		one["dynamic"] = object{"pack": p.layersJSON(e)}
		for _, c := range e.conditions {
			all, _ := lifecycle[c.when].([]object)
			lifecycle[c.when] = append(all, object{"condition": "${" + c.holds + "}", "error_message": byTurns(c.message, escapeTemplate)})
		}
	}
	one["skip_destroy"], one["lifecycle"] = true, lifecycle
	return one
}

func (p profile) layersJSON(e expressions) object {
	content := object{"values": "${" + e.values + "}"}
	for _, name := range layerAttributes() {
		content[name] = reference("pack", "value", name)
	}
	manifest := object{}
	for _, name := range manifestAttributes() {
		manifest[name] = reference("manifest", "value", name)
	}
	content["dynamic"] = object{"manifest": object{"for_each": "${pack.value.manifest}", "content": manifest}}
	return object{"for_each": "${" + e.layers + "}", "content": content}
}

func optional(o object, name, value string) {
	if value != "" {
		o[name] = escapeTemplate(value)
	}
}

func reference(names ...string) string { return "${" + strings.Join(names, ".") + "}" }

// External returns the answer to Terraform's external data source: an object of
// strings, the values of each pack by its name.
// https://registry.terraform.io/providers/hashicorp/external/latest/docs/data-sources/external
func External(packs []Pack) ([]byte, error) {
	values := object{}
	for _, p := range packs {
		if err := check(p, ShapeLocals); err != nil {
			return nil, err
		}
		values[p.Name] = p.Values
	}
	return indented(values)
}

func indented(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	// Values hold < and > more often than a browser reads them.
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
