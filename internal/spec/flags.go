package spec

import (
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// FlagSpec is a spec of one source and one pack, as given by flags.
type FlagSpec struct {
	// Source is the source's type.
	Source string
	// Set is its configuration: key=value, dotted keys for what is nested, a
	// list as [a,b] or by repeating the key.
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
		pack.Pack = GenericBYOI
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
			text := problem.Path + ": " + problem.Message
			if problem.Suggestion != "" {
				text += ": " + problem.Suggestion
			}
			e.Details = append(e.Details, text)
		}
		return nil, e
	}
	document.Set.Sources, document.Set.File = sources, ""
	document.root = nil
	return document, nil
}

// flagOf names the flag that a path of the spec was set by.
func flagOf(path string) string {
	flags := []struct{ prefix, flag string }{
		{"sources[0]", "--source"}, {"packs[0].name", "--source"}, {"packs[0].pack", "--pack"}, {"packs[0].select.provider", "--provider"},
		{"packs[0].select.region", "--region"}, {"packs[0].matrix.region", "--region"},
		{"packs[0].select.architecture", "--architecture"}, {"packs[0].matrix.architecture", "--architecture"},
		{"packs[0].select.kubernetesVersion", "--kubernetes-version"},
		{"packs[0].select.k8sDistribution", "--k8s-distribution"}, {"packs[0].select.customTag", "--custom-tag"}, {"packs[0].select.name", "--name"},
		{"packs[0].select.tags", "--tag"}, {"packs[0].select.where", "--where"},
		{"packs[0].values.osName", "--os-name"}, {"packs[0].values.osVersion", "--os-version"},
	}
	for _, f := range flags {
		if strings.HasPrefix(path, f.prefix) {
			return f.flag
		}
	}
	return path
}

// parseSet reads key=value settings. A dotted key makes a mapping, [a,b] a list,
// and a repeated key adds to a list. A backslash keeps the dot or comma after it.
// Where the plugin's schema has a mapping of any keys, CheckConfig keeps the dots
// without one.
func parseSet(settings []string) (map[string]any, error) {
	config := map[string]any{}
	for _, setting := range settings {
		key, value, ok := strings.Cut(setting, "=")
		if !ok || key == "" {
			return nil, failure.Usage("write --set manifest=packer-manifest.json", "--set %s: key=value is wanted", setting)
		}
		if err := put(config, splitEscaped(key, '.'), parseValue(value)); err != nil {
			return nil, failure.Usage(`write \. for a dot within a key, in quotes: --set 'tags.example\.com=x'`, "--set %s: %s", setting, err)
		}
	}
	if len(config) == 0 {
		return nil, nil
	}
	return config, nil
}

// parseValue returns a list for [a,b] and the text itself for all else.
func parseValue(value string) any {
	inner, isList := strings.CutPrefix(value, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !isList || !closed {
		return value
	}
	list := []any{}
	if strings.TrimSpace(inner) == "" {
		return list
	}
	for _, item := range splitEscaped(inner, ',') {
		list = append(list, strings.TrimSpace(item))
	}
	return list
}

func put(config map[string]any, keys []string, value any) error {
	key := keys[0]
	if key == "" {
		return fmt.Errorf("a part of the key is empty")
	}
	if len(keys) == 1 {
		old, exists := config[key]
		if _, nested := old.(map[string]any); nested {
			return fmt.Errorf("%s is set and has keys of its own", key)
		}
		if exists {
			value = appendTo(old, value)
		}
		config[key] = value
		return nil
	}
	inner, ok := config[key].(map[string]any)
	if !ok {
		if config[key] != nil {
			return fmt.Errorf("%s is set and has keys of its own", key)
		}
		inner = map[string]any{}
		config[key] = inner
	}
	return put(inner, keys[1:], value)
}

// appendTo makes a list of what a repeated key was set to.
func appendTo(old, value any) any {
	list, ok := old.([]any)
	if !ok {
		list = []any{old}
	}
	if more, ok := value.([]any); ok {
		return append(list, more...)
	}
	return append(list, value)
}

// splitEscaped splits at a separator that has no backslash before it.
func splitEscaped(s string, separator byte) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == separator:
			i++
			part.WriteByte(s[i])
		case s[i] == separator:
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String())
}
