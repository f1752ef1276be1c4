package terraform

import "strings"

// macro is what values have that come from a variable of the profile, or from a
// macro of its project or tenant, wherever in a template's action it stands;
// Terraform's expressions are Go's.
const (
	macro = `\{\{(?:[^}]|\}[^}])*?\.spectro\.(?:var|macro)\b(?:[^}]|\}[^}])*\}\}`
	// content is what values have that are more than comments.
	content = `(?m)^\s*[^#\s]`
	// inset is text whose first line is indented.
	inset = `^\s*[ \t]+\S`
)

// condition is a condition of a resource, before or after it was planned, with the
// sentence for one that does not hold.
type condition struct {
	when, holds string
	message     message
}

const (
	before = "precondition"
	after  = "postcondition"
)

func (p profile) layers() string {
	return "data." + profileType + "." + p.label + ".pack"
}

// imported is the resource of a profile that is there, which Terraform did not make. Its
// layers are those that it has; only our values are put in. Terraform 1.5 has import
// blocks, and the provider skip_destroy since 0.29.5.
func (p profile) imported() body {
	resource := p.identity()
	resource.set("skip_destroy", flag(true))
	content := valuesOf("pack", "name", "type", "tag", "uid")
	content.set("values", expression("pack.value.name == "+quotedText(p.pack.Pack)+" ? "+entry(localName, p.pack.Name)+" : pack.value.values"))
	content.block(dynamic("pack.value.manifest", valuesOf("manifest", "name", "content")), "dynamic", "manifest")
	resource.block(dynamic(p.layers(), content), "dynamic", "pack")
	lifecycle := p.lifecycle()
	for _, c := range p.conditions() {
		lifecycle.block(body{{name: "condition", value: expression(c.holds)}, {name: "error_message", value: c.message}}, c.when)
	}
	resource.block(lifecycle, "lifecycle")
	return resource
}

// dynamic is a block for each element.
func dynamic(each string, content body) body {
	b := body{{name: "for_each", value: expression(each)}}
	b.block(content, "content")
	return b
}

// valuesOf are attributes as an element has them.
func valuesOf(element string, names ...string) body {
	var b body
	for _, name := range names {
		b.set(name, expression(element+".value."+name))
	}
	return b
}

func (p profile) conditions() []condition {
	layers, name := p.layers(), quotedText(p.pack.Pack)
	profile := "rofile " + p.Name + " " + p.version()
	all := append([]condition{{
		before, "contains(" + layers + "[*].name, " + name + ")",
		message{"P" + profile + " has no layer " + p.pack.Pack +
			", which would be left out. Check target.profile, or add the layer, by kubectl byoos apply with target.create: true."},
	}}, manifestsApart(layers, "P"+profile)...)
	if !p.Replace {
		all = append(all, p.nothingLost(layers, "p"+profile)...)
	}
	all = append(all, condition{
		before, "alltrue([for text in flatten([for layer in " + layers + " : concat([layer.name == " + name + " ? \"\" : layer.values], layer.manifest[*].content)]) : " +
			"!can(regex(" + quotedText(inset) + ", text))])",
		message{"P" + profile + " has values or a manifest whose first line is indented. The provider would write it without the indentation. Use kubectl byoos apply."},
	})
	return append(all, p.ofKind("P"+profile)...)
}

// nothingLost are what it needs that no value of the user's goes for ours.
func (p profile) nothingLost(layers, profile string) []condition {
	name, ours, lost := quotedText(p.pack.Pack), entry(localName, p.pack.Name), entry(lostName, p.pack.Name)
	found := func(values string) string { return "regexall(" + quotedText(macro) + ", " + values + ")" }
	of := func(holds string) string {
		return "alltrue([for layer in " + layers + " : " + holds + " if layer.name == " + name + "])"
	}
	const instead = " Use kubectl byoos apply, which keeps it, or set target.replace: true."
	return []condition{{
		before, of("length(setsubtract(" + found("layer.values") + ", " + found(ours) + ")) == 0"),
		message{"Layer " + p.pack.Pack + " of " + profile +
			" takes a value from a profile variable or a macro, which an image id would replace. Keep it, and give the variable a value, or set target.replace: true."},
	}, {
		before, of("can(keys(yamldecode(layer.values))) || !can(regex(" + quotedText(content) + ", layer.values))"),
		message{"Terraform cannot read the values of layer " + p.pack.Pack + " of " + profile +
			" as YAML, so what they hold beside the rendered ones would go unseen. Use kubectl byoos apply, or set target.replace: true."},
	}, {
		before, "length(" + lost + ") == 0",
		message{"Layer " + p.pack.Pack + " of " + profile + " has what the rendered values lack, and would lose it: ",
			"join(\", \", " + lost + ")", "." + instead},
	}}
}

// ofKind are what it needs that the profile is of the cloud and type that its target
// says, or that the image is for. The data source does not tell these.
func (p profile) ofKind(profile string) []condition {
	var conditions []condition
	is := func(attribute, what, key, said string) {
		conditions = append(conditions, condition{
			after, "lower(self." + attribute + ") == " + quotedText(strings.ToLower(said)),
			message{profile + " is of " + what + " ", "self." + attribute, ", not " + said + ". Check target.profile and target." + key + "."},
		})
	}
	if p.Cloud != "" {
		is("cloud", "cloud type", "cloudType", p.Cloud)
	} else if len(p.Misfits) > 0 {
		conditions = append(conditions, condition{
			after, "!contains(" + list(p.Misfits) + ", lower(self.cloud))",
			message{profile + " is of cloud type ", "self.cloud", ", whose machines cannot have the image of pack " + p.pack.Name +
				". Check packs[].select.provider and target.profile."},
		})
	}
	if p.Type != "" {
		is("type", "type", "type", p.Type)
	}
	return conditions
}

// entry is one of an object of locals.
func entry(object, name string) string { return "local." + object + "[" + quotedText(name) + "]" }

func list(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quotedText(text)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// manifestsApart are what it needs that the provider reads and writes each manifest
// as itself. It keeps what it reads by the uid of the layer's pack, which all layers
// of plain manifests share, and writes by the name of the manifest.
// https://github.com/spectrocloud/terraform-provider-spectrocloud: getPacksContent,
// flattenPacksWithRegistryMaps, getManifestUID.
func manifestsApart(layers, profile string) []condition {
	once := func(list string) string { return "length(distinct(" + list + ")) == length(" + list + ")" }
	of := func(what string) string {
		return "flatten([for layer in " + layers + " : layer.manifest[*]." + what + "])"
	}
	const instead = " Use kubectl byoos apply."
	return []condition{{
		before, once("[for layer in " + layers + " : layer.uid if length(layer.manifest) > 0]"),
		message{profile + " has several layers of manifests with one pack. The provider mixes these up, and would empty manifests." + instead},
	}, {
		before, once(of("name")),
		message{profile + " has manifests of one name in several layers. The provider would write one over the other." + instead},
	}, {
		before, "!contains(" + of("content") + ", \"\")",
		message{profile + " has a manifest that the provider reads as empty, and would write so." + instead},
	}}
}
