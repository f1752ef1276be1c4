package terraform

import (
	"bytes"
	"encoding/json"
	"strings"
)

type object = map[string]any

// json writes the same module in Terraform's JSON syntax, in which every string
// is a template.
// https://developer.hashicorp.com/terraform/language/syntax/json
func (m *module) json() ([]byte, error) {
	file := object{}
	data := object{}
	if len(m.registries) > 0 {
		all := object{}
		for _, r := range m.registries {
			all[r.label] = object{"name": escapeTemplate(r.name)}
		}
		data[registryType] = all
	}
	if len(m.packs) > 0 {
		all := object{}
		for _, p := range m.packs {
			one := object{"name": escapeTemplate(p.name), "registry_uid": reference("data", registryType, p.registry, "id")}
			optional(one, "version", p.version)
			all[p.label] = one
		}
		data[packType] = all
	}
	if len(data) > 0 {
		file["data"] = data
	}
	if len(m.profiles) > 0 {
		all := object{}
		for _, p := range m.profiles {
			all[p.label] = p.json()
		}
		file["resource"] = object{profileType: all}
	}
	if len(m.locals) > 0 {
		values := object{}
		for _, l := range m.locals {
			values[escapeTemplate(l.key)] = escapeTemplate(l.value)
		}
		file["locals"] = object{localName: values}
	}
	return indented(file)
}

func (p profile) json() object {
	one := object{"name": escapeTemplate(p.Name), "type": "cluster", "context": p.context()}
	optional(one, "version", p.Version)
	optional(one, "cloud", p.Cloud)
	var packs []object
	for _, pack := range p.packs {
		block := object{"values": escapeTemplate(pack.values)}
		for _, attribute := range packAttributes() {
			block[attribute.name] = reference("data", packType, pack.data, attribute.of)
		}
		packs = append(packs, block)
	}
	one["pack"] = packs
	return one
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
