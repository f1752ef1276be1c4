package terraform_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

// rule is something that the provider's schema does not say and that its apply
// needs, with the file of
// https://github.com/spectrocloud/terraform-provider-spectrocloud (v0.29.9) that
// asks for it.
type rule struct {
	source, needs string
	holds         func(resource) bool
}

func rules() []rule { return append(layerRules(), profileRules()...) }

func layerRules() []rule {
	return []rule{
		{
			"spectrocloud/schemas/pack.go, ValidatePackUIDOrResolutionFields",
			"a layer has uid, or name, tag and registry_uid or registry_name; of these two one at most",
			everyLayer(func(l layer) bool {
				resolved := l.Name != "" && l.Tag != "" && l.RegistryUID+l.RegistryName != ""
				return (l.UID != "" || resolved) && (l.RegistryUID == "" || l.RegistryName == "")
			}),
		},
		{
			"spectrocloud/resource_cluster_profile.go, toClusterProfilePackCreateWithResolution",
			"a layer has a type",
			everyLayer(func(l layer) bool { return slices.Contains([]string{"spectro", "oci", "helm", "manifest"}, l.Type) }),
		},
		{
			"spectrocloud/schemas/pack.go, PackSchema",
			"a layer's name is there once",
			func(r resource) bool {
				var names []string
				for _, l := range r.Packs {
					names = append(names, l.Name)
				}
				slices.Sort(names)
				return len(names) > 0 && len(slices.Compact(names)) == len(r.Packs)
			},
		},
	}
}

func profileRules() []rule {
	return []rule{
		{
			"spectrocloud/resource_cluster_profile.go, toClusterProfileBasic",
			"a new profile has a cloud and a type; without them it would be an add-on for all clouds",
			func(r resource) bool {
				return r.Import != "" || r.Cloud != "" && r.Cloud != "all" && slices.Contains([]string{"cluster", "infra"}, r.Type)
			},
		},
		{
			"spectrocloud/resource_cluster_profile.go, resourceClusterProfile (ForceNew)",
			"a profile that is taken over keeps its cloud and type; another would delete it",
			func(r resource) bool {
				return r.Import == "" || slices.Contains(r.Ignored, "cloud") && slices.Contains(r.Ignored, "type")
			},
		},
		{
			"spectrocloud/resource_cluster_profile.go, resourceClusterProfileDelete",
			"a profile is not deleted with its block: a higher version would delete the one before",
			func(r resource) bool { return r.SkipDestroy },
		},
		{
			"spectrocloud/resource_cluster_profile.go, resourceClusterProfile (ForceNew)",
			"a profile that another cloud or type would replace is kept when Palette refuses the other one",
			func(r resource) bool { return r.CreateFirst == (r.Import == "") },
		},
		{
			"spectrocloud/resource_cluster_profile.go, toClusterProfileUpdateWithResolution",
			"a profile that is taken over lists all its layers, as an update replaces them",
			func(r resource) bool { return r.Import == "" || len(r.Packs) == len(existing("")) },
		},
		{
			"spectrocloud/resource_cluster_profile_import.go, ParseClusterProfileImportID",
			"an import is NAME:CONTEXT:VERSION",
			func(r resource) bool {
				return r.Import == "" || slices.Equal(strings.Split(r.Import, ":"), []string{r.Name, r.Context, r.Version})
			},
		},
		{
			"spectrocloud/provider.go, providerConfigure, and spectrocloud/common_utils.go, getV1ClientWithResourceContext",
			"a profile of a project has a provider of that project, as the resource itself has none",
			func(r resource) bool { return (r.Context == "project") == (r.Project != "") },
		},
	}
}

func everyLayer(holds func(layer) bool) func(resource) bool {
	return func(r resource) bool { return !slices.ContainsFunc(r.Packs, func(l layer) bool { return !holds(l) }) }
}

func TestApplyRequires(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		out, err := terraform.Render(examplePacks(), terraform.Options{Shape: terraform.ShapeProfile, JSON: asJSON})
		if err != nil {
			t.Fatal(err)
		}
		read := readModule(t, providerSchema(t), parse(t, out, asJSON))
		if len(read.Profiles) != len(examplePacks()) {
			t.Fatalf("%d profiles", len(read.Profiles))
		}
		for _, profile := range read.Profiles {
			for _, rule := range rules() {
				if !rule.holds(profile) {
					t.Errorf("%s (%s):\n%+v", rule.needs, rule.source, profile)
				}
			}
		}
	}
}

// A profile that is not what its target says stops the plan.
func TestImportPreconditions(t *testing.T) {
	byVariable := existing("generic-byoi")
	byVariable[0].Values = "pack:\n  osImageOverride: '{{.spectro.var.ami}}'\n"
	byMacro := existing("generic-byoi")
	byMacro[0].Values = "pack:\n  osImageOverride: '{{ .spectro.macro.ami }}'\n"
	byFunction := existing("generic-byoi")
	byFunction[0].Values = "pack:\n  osImageOverride: '{{- trim $.spectro.var.ami }}'\n"
	byOthers := existing("generic-byoi")
	byOthers[0].Values = "pack:\n  uri: '{{.spectro.pack.generic-byoi.x}}'\n"
	with := func(layers ...layer) []layer { return append(existing("generic-byoi"), layers...) }
	of := func(name, uid string, manifests ...manifest) layer {
		return layer{Name: name, UID: uid, Manifests: manifests}
	}
	plain := "pack:\n  osImageOverride: ami-1\n"
	for name, test := range map[string]struct {
		values  string
		replace bool
		layers  []layer
		want    string
	}{
		"as it should be":               {plain, false, existing("generic-byoi"), ""},
		"without the layer":             {plain, false, existing("ubuntu-maas"), "has no layer generic-byoi"},
		"a value of a variable":         {plain, false, byVariable, "profile variable"},
		"which may be replaced":         {plain, true, byVariable, ""},
		"and is written by a pick":      {byVariable[0].Values, false, byVariable, ""},
		"a value of a macro":            {plain, false, byMacro, "or a macro"},
		"a value made of a macro":       {plain, false, byFunction, "or a macro"},
		"where another one is picked":   {byVariable[0].Values, false, byMacro, "or a macro"},
		"a value that packs come with":  {"pack:\n  uri: x\n", false, byOthers, ""},
		"layers of manifests":           {plain, false, with(of("a", "u-1", manifest{"x", "1"}, manifest{"y", "2"}), of("b", "u-2", manifest{"z", "3"})), ""},
		"of one pack, read as one":      {plain, true, with(of("a", "u", manifest{"x", "2"}), of("b", "u", manifest{"z", "3"})), "with one pack"},
		"of one name, written as one":   {plain, false, with(of("a", "u-1", manifest{"x", "2"}), of("b", "u-2", manifest{"x", "3"})), "of one name"},
		"a manifest that is indented":   {plain, true, with(of("a", "u-1", manifest{"x", "\n  a: 1\n  b: 2\n"})), "is indented"},
		"one after a line":              {plain, false, with(of("a", "u-1", manifest{"x", "\n\na:\n  b: 1\n"})), ""},
		"values that are indented":      {plain, false, append(existing("generic-byoi"), layer{Name: "cni", UID: "u", Values: " a: 1\n b: 2"}), "is indented"},
		"a manifest that was not read":  {plain, false, with(of("a", "u-1", manifest{"x", ""})), "reads as empty"},
		"layers of one pack without":    {plain, false, with(of("a", "u"), of("b", "u")), ""},
		"a variable of another's layer": {plain, false, append(existing("generic-byoi"), layer{Name: "cni", UID: "u", Values: "x: '{{.spectro.var.y}}'"}), ""},
	} {
		profile := terraform.Profile{Context: terraform.ContextTenant, Name: "p", Version: "1.0.0", Replace: test.replace}
		packs := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: test.values, Profile: profile}}
		for _, asJSON := range []bool{false, true} {
			out, err := terraform.Render(packs, terraform.Options{Shape: terraform.ShapeProfile, JSON: asJSON})
			if err != nil {
				t.Fatal(err)
			}
			read := readModuleBeside(t, providerSchema(t), parse(t, out, asJSON), test.layers, "aws", "cluster")
			refused := strings.Join(read.Profiles[0].Refused, "; ")
			if (test.want == "") != (refused == "") || !strings.Contains(refused, test.want) {
				t.Errorf("%s: refused %q, want %q", name, refused, test.want)
			}
		}
	}
}

// The rendered values go in place of those that are there as a whole: a plan stops
// when these have more.
func TestNothingIsLostInSilence(t *testing.T) {
	const generic = "pack:\n  osImageOverride: \"ami-1\"\n  osName: \"rhel\"\n"
	const edge = "pack:\n  content:\n    images:\n      - image: \"{{ .spectro.pack.edge-native-byoi.options.system.uri }}\"\n      - image: \"quay.io:443/a/b:v2\"\n" +
		"options:\n  system.uri: \"x\"\n"
	for name, test := range map[string]struct{ ours, there, want string }{
		"the same keys":            {generic, "# mine\npack:\n  osName: ubuntu # old\n  osImageOverride: ''\n", ""},
		"fewer":                    {generic, "pack: {osName: x}", ""},
		"none":                     {generic, "", ""},
		"comments alone":           {generic, "\n  # pack:\n\n#x: y\n", ""},
		"nothing below":            {generic, "pack:\n", ""},
		"a key of the user's":      {generic, "pack: {osName: x}\nstages: {boot: []}\nmaxPods: 3\n", "lose it: maxPods, stages."},
		"one below":                {generic, "pack:\n  osName: x\n  drain: {cordon: true}\n", "lose it: pack.drain."},
		"one that is null":         {generic, "pack:\n  extra:\n", "lose it: pack.extra."},
		"text for keys":            {generic, "pack: none\n", "lose it: pack."},
		"a list for keys":          {generic, "pack: [a]\n", "lose it: pack.0."},
		"keys for text":            {generic, "pack: {osName: {a: b}}\n", "lose it: pack.osName."},
		"a name that is a number":  {generic, "1: x\n", "lose it: 1."},
		"a name like a template":   {generic, "'${x}': y\n", "lose it: ${x}."},
		"no YAML":                  {generic, "pack: {{.spectro.pack.x}}\n", "cannot read"},
		"two documents":            {generic, "pack: {}\n---\nstages: {}\n", "cannot read"},
		"a list":                   {generic, "- pack\n", "cannot read"},
		"text":                     {generic, "pack\n", "cannot read"},
		"images as rendered":       {edge, "pack:\n  content:\n    images:\n      - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\n      - image: quay.io:443/a/b:v2\n", ""},
		"another version of one":   {edge, "pack: {content: {images: [{image: 'quay.io:443/a/b:v1@sha256:00'}]}}", ""},
		"an image of the user's":   {edge, "pack: {content: {images: [{image: 'quay.io:443/a/c:v2'}]}}", "lose it: pack.content.images: quay.io:443/a/c:v2."},
		"an item of another kind":  {edge, "pack: {content: {images: [x, {k: z}]}}", `lose it: pack.content.images: "x", pack.content.images: {"k":"z"}.`},
		"one of a macro":           {edge, "pack: {content: {images: [{image: '{{.spectro.pack.edge-native-byoi.options.x}}'}]}}", "options.x}}."},
		"text for images":          {edge, "pack: {content: {images: x}}", "lose it: pack.content.images."},
		"no images":                {edge, "pack: {content: }\noptions: {system.uri: y}", ""},
		"another option":           {edge, "options: {system.uri: y, system.extra: z}", "lose it: options.system.extra."},
		"where ours are no values": {"x", "a: b", "lose it: a."},
		"a list of other things":   {"a: ['x:1', {k: 'y: 1'}, 3]\n", "a: [3, 'x:2', {k: 'y: 1'}]\n", ""},
		"and another one in it":    {"a: ['x:1', {k: 'y: 1'}, 3]\n", "a: ['x:2', {k: 'y: 2'}, 4]\n", `lose it: a: {"k":"y: 2"}, a: 4.`},
	} {
		for _, replace := range []bool{false, true} {
			packs := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Values: test.ours, Profile: terraform.Profile{
				Context: terraform.ContextTenant, Name: "p", Version: "1.0.0", Replace: replace,
			}}}
			there := existing("generic-byoi")
			there[0].Values = test.there
			want := test.want
			if replace {
				want = ""
			}
			refusedBoth(t, name, packs, there, want)
		}
	}
}

// refusedBoth compares the conditions that do not hold, in both syntaxes.
func refusedBoth(t *testing.T, name string, packs []terraform.Pack, there []layer, want string) {
	t.Helper()
	for _, asJSON := range []bool{false, true} {
		out, err := terraform.Render(packs, terraform.Options{Shape: terraform.ShapeProfile, JSON: asJSON})
		if err != nil {
			t.Fatal(err)
		}
		read := readModuleBeside(t, providerSchema(t), parse(t, out, asJSON), there, "aws", "cluster")
		refused := strings.Join(read.Profiles[0].Refused, "; ")
		if (want == "") != (refused == "") || !strings.Contains(refused, want) {
			t.Errorf("%s: refused %q, want %q", name, refused, want)
		}
	}
}

// A profile that is there is of the cloud and type that the target says, or that the
// image is for.
func TestKindOfWhatIsThere(t *testing.T) {
	misfits := []string{"azure", "aks"}
	for name, test := range map[string]struct {
		profile          terraform.Profile
		cloud, typ, want string
	}{
		"nothing said":           {terraform.Profile{}, "azure", "infra", ""},
		"as said":                {terraform.Profile{Cloud: "aws", Type: "cluster"}, "AWS", "cluster", ""},
		"another cloud":          {terraform.Profile{Cloud: "aws"}, "eks", "cluster", "is of cloud type eks, not aws. Check target.profile and target.cloudType."},
		"another type":           {terraform.Profile{Type: "infra"}, "eks", "cluster", "is of type cluster, not infra. Check target.profile and target.type."},
		"one that fits":          {terraform.Profile{Misfits: misfits}, "eks", "cluster", ""},
		"one that nobody judges": {terraform.Profile{Misfits: misfits}, "nutanix", "cluster", ""},
		"one that does not fit":  {terraform.Profile{Misfits: misfits}, "AKS", "cluster", "is of cloud type AKS, whose machines cannot have the image of pack a."},
	} {
		test.profile.Context, test.profile.Name, test.profile.Version = terraform.ContextTenant, "p", "1.0.0"
		packs := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Profile: test.profile}}
		for _, asJSON := range []bool{false, true} {
			out, err := terraform.Render(packs, terraform.Options{Shape: terraform.ShapeProfile, JSON: asJSON})
			if err != nil {
				t.Fatal(err)
			}
			read := readModuleBeside(t, providerSchema(t), parse(t, out, asJSON), existing("generic-byoi"), test.cloud, test.typ)
			refused := strings.Join(read.Profiles[0].Refused, "; ")
			if (test.want == "") != (refused == "") || !strings.Contains(refused, test.want) {
				t.Errorf("%s: refused %q, want %q", name, refused, test.want)
			}
		}
	}
}
