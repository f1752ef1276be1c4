package spec

import (
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
)

// FlagSpec is a spec of one source and one pack, as given by flags.
type FlagSpec struct {
	// Source is the source's type.
	Source string
	// Set is its configuration: key=value, dotted keys for what is nested. Where the
	// plugin's schema has a list, [a,b] and a repeated key make one.
	Set []string
	// Pack is the kind of pack; generic-byoi when empty.
	Pack string
	// Provider ... Where are as in Select. More than one region or architecture
	// makes a matrix.
	Provider          string
	Regions           []string
	Architectures     []string
	KubernetesVersion string
	K8sDistribution   string
	CustomTag         string
	Name              string
	Tags              map[string]string
	Where             string
	// OSName and OSVersion are values of the pack.
	OSName    string
	OSVersion string
	// Dir is the absolute directory that relative paths start from.
	Dir string
}

// FirstSet returns the name of a flag that is set and needs --source, or "".
func (f FlagSpec) FirstSet() string {
	set := []struct {
		flag string
		is   bool
	}{
		{"set", len(f.Set) > 0}, {"pack", f.Pack != ""}, {"provider", f.Provider != ""}, {"region", len(f.Regions) > 0},
		{"architecture", len(f.Architectures) > 0}, {"kubernetes-version", f.KubernetesVersion != ""},
		{"k8s-distribution", f.K8sDistribution != ""}, {"custom-tag", f.CustomTag != ""}, {"name", f.Name != ""},
		{"tag", len(f.Tags) > 0}, {"where", f.Where != ""}, {"os-name", f.OSName != ""}, {"os-version", f.OSVersion != ""},
	}
	for _, s := range set {
		if s.is {
			return s.flag
		}
	}
	return ""
}

// FromFlags builds a spec from flags: source and pack are named after the
// source's type. Values of Set stay text until CheckConfig knows the plugin's
// schema. The error is a *failure.Error with ExitUsage.
func FromFlags(f FlagSpec) (*Document, error) {
	if lower := strings.ToLower(strings.TrimSpace(f.Source)); lower != f.Source {
		return nil, failure.Usage("write --source "+lower, "there is no source type %q; types are in lower case", f.Source)
	}
	config, err := parseSet(f.Set)
	if err != nil {
		return nil, err
	}
	pack := Pack{
		Name: f.Source, Pack: PackKind(f.Pack),
		Select: Select{
			Provider: f.Provider, KubernetesVersion: f.KubernetesVersion,
			K8sDistribution: f.K8sDistribution, CustomTag: f.CustomTag,
			Name: f.Name, Tags: f.Tags, Where: f.Where,
		},
		Values: Values{OSName: f.OSName, OSVersion: f.OSVersion},
	}
	if pack.Pack == "" {
		pack.Pack = PackKinds()[0].Kind
	}
	oneOrMatrix(f.Regions, &pack.Select.Region, &pack.Matrix.Region)
	oneOrMatrix(f.Architectures, &pack.Select.Architecture, &pack.Matrix.Architecture)
	set := ImageSet{
		APIVersion: APIVersion, Kind: Kind, Metadata: Metadata{Name: f.Source}, Dir: f.Dir,
		Sources: []Source{{Name: f.Source, Type: f.Source, Config: config}},
		Packs:   []Pack{pack},
	}
	return checkFlags(set, f)
}

// oneOrMatrix puts one value into the selection and several into the matrix.
func oneOrMatrix(values []string, one *string, many *[]string) {
	if len(values) == 1 {
		*one = values[0]
		return
	}
	*many = values
}

// checkFlags validates a spec from flags the way a file is: it is written out and
// read back, so that no rule has to be said twice.
func checkFlags(set ImageSet, f FlagSpec) (*Document, error) {
	sources := set.Sources
	set.Sources = []Source{{Name: f.Source, Type: f.Source}}
	text, err := set.Marshal()
	if err != nil {
		return nil, err
	}
	document, problems, err := check("flags", text, set.Dir)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		e := &failure.Error{Code: failure.ExitUsage, Summary: "the flags do not make a valid spec", Next: "see the flags with --help"}
		for _, problem := range problems {
			problem.Path = flagOf(problem.Path)
			e.Details = append(e.Details, problem.Text())
		}
		return nil, e
	}
	document.Set.Sources, document.Set.File = sources, ""
	document.root = nil
	return document, nil
}

// flagOf names the flag that a path of the spec was set by.
func flagOf(path string) string {
	for _, f := range flagPaths() {
		if strings.HasPrefix(path, f.prefix) {
			return f.flag
		}
	}
	return path
}

// Key names the key of a spec that a flag stands for: select.region.
func (FlagSpec) Key(flag string) string {
	for _, f := range flagPaths() {
		if key, ofPack := strings.CutPrefix(f.prefix, "packs[0]."); ofPack && f.flag == "--"+flag {
			return key + " of a pack"
		}
	}
	return "it"
}

type flagPath struct{ prefix, flag string }

func flagPaths() []flagPath {
	return []flagPath{
		{"sources[0]", "--source"}, {"packs[0].name", "--source"}, {"packs[0].pack", "--pack"}, {"packs[0].select.provider", "--provider"},
		{"packs[0].select.region", "--region"}, {"packs[0].matrix.region", "--region"},
		{"packs[0].select.architecture", "--architecture"}, {"packs[0].matrix.architecture", "--architecture"},
		{"packs[0].select.kubernetesVersion", "--kubernetes-version"},
		{"packs[0].select.k8sDistribution", "--k8s-distribution"}, {"packs[0].select.customTag", "--custom-tag"}, {"packs[0].select.name", "--name"},
		{"packs[0].select.tags", "--tag"}, {"packs[0].select.where", "--where"},
		{"packs[0].values.osName", "--os-name"}, {"packs[0].values.osVersion", "--os-version"},
	}
}

// parseSet reads key=value settings into schemacheck.Texts. A dotted key makes a
// mapping; a backslash keeps the dot after it. What the texts stand for is the
// plugin's schema to say, as is where dots do not make a mapping: see CheckConfig.
func parseSet(settings []string) (map[string]any, error) {
	config := map[string]any{}
	for _, setting := range settings {
		key, value, ok := strings.Cut(setting, "=")
		if !ok || key == "" {
			return nil, failure.Usage("write --set manifest=packer-manifest.json", "--set %s: key=value is wanted", setting)
		}
		if err := put(config, schemacheck.SplitEscaped(key, '.'), value); err != nil {
			return nil, failure.Usage(`write \. for a dot within a key, in quotes: --set 'tags.example\.com=x'`, "--set %s: %s", setting, err)
		}
	}
	if len(config) == 0 {
		return nil, nil
	}
	return config, nil
}

func put(config map[string]any, keys []string, value string) error {
	key := keys[0]
	if key == "" {
		return fmt.Errorf("a part of the key is empty")
	}
	inner, nested := config[key].(map[string]any)
	texts, set := config[key].(schemacheck.Texts)
	if nested && len(keys) == 1 || set && len(keys) > 1 {
		return fmt.Errorf("%s is set and has keys of its own", key)
	}
	if len(keys) == 1 {
		config[key] = append(texts, value)
		return nil
	}
	if !nested {
		inner = map[string]any{}
		config[key] = inner
	}
	return put(inner, keys[1:], value)
}
