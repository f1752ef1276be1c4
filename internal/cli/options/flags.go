package options

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// specFlag is a flag that sets a part of a spec.
type specFlag struct {
	name, usage string
	// key is what it sets of the pack; empty for what is of the source.
	key string
	// value is where it goes: a text, a list, settings or pairs.
	value any
}

// settings are key=value, each as it was given: a comma is part of a value.
type settings []string

// flags are those that make a spec in memory.
func (s *Spec) flags() []specFlag {
	sel, matrix, values := &s.Pack.Select, &s.Pack.Matrix, &s.Pack.Values
	return []specFlag{
		{"source", "use one source of this type in place of a spec", "", &s.Source},
		{"set", `configuration of --source, key=value with dots for nested keys and \. for a dot within a key; [a,b] where the key takes a list, with \, for a comma within an item; may be repeated`, "", (*settings)(&s.Set)},
		{"pack", "pack for --source: " + strings.Join(spec.PackNames(), "|") + " (default " + spec.PackNames()[0] + ")", "pack", (*string)(&s.Pack.Pack)},
		{"provider", "select by provider, for --source", "select.provider", &sel.Provider},
		{"region", "select by region, for --source; several make one pack each", "select.region", &matrix.Region},
		{"architecture", "select by architecture (amd64, arm64), for --source; several make one pack each", "select.architecture", &matrix.Architecture},
		{"kubernetes-version", "select by Kubernetes version range, for --source", "select.kubernetesVersion", &sel.KubernetesVersion},
		{"k8s-distribution", "select by the Kubernetes distribution in an edge image's tag (k3s, rke2, ...), for --source", "select.k8sDistribution", &sel.K8sDistribution},
		{"custom-tag", "select by the custom tag at the end of an edge image's tag, for --source", "select.customTag", &sel.CustomTag},
		{"name", "select by name pattern (*, ?), for --source", "select.name", &sel.Name},
		{"tag", "select by tag, key=value, for --source; may be repeated", "select.tags", &sel.Tags},
		{"where", "select by CEL expression, for --source", "select.where", &sel.Where},
		{"os-name", "osName of the pack, for --source", "values.osName", &values.OSName},
		{"os-version", "osVersion of the pack, for --source", "values.osVersion", &values.OSVersion},
	}
}

func (f specFlag) add(flags *pflag.FlagSet) {
	switch value := f.value.(type) {
	case *string:
		flags.StringVar(value, f.name, "", f.usage)
	case *settings:
		flags.StringArrayVar((*[]string)(value), f.name, nil, f.usage)
	case *[]string:
		flags.StringSliceVar(value, f.name, nil, f.usage)
	case *map[string]string:
		flags.StringToStringVar(value, f.name, nil, f.usage)
	}
}

// isSet tells whether a flag was given: none takes an empty text.
func (f specFlag) isSet() bool { return !reflect.ValueOf(f.value).Elem().IsZero() }

// needSource refuses the flags that say more of --source, without it.
func (s *Spec) needSource() error {
	all := s.flags()
	i := slices.IndexFunc(all, specFlag.isSet)
	if i < 0 {
		return nil
	}
	where := "it"
	if key := all[i].key; key != "" {
		where = key + " of a pack"
	}
	return failure.Usage("add --source TYPE, or write "+where+" into the spec", "--%s needs --source", all[i].name)
}

// Made returns the spec that flags make: source and pack are named after the source's
// type. Values of --set stay text until CheckConfig knows the plugin's schema.
func (s *Spec) Made(dir string) (*spec.Document, error) {
	if lower := strings.ToLower(strings.TrimSpace(s.Source)); lower != s.Source {
		return nil, failure.Usage("write --source "+lower, "there is no source type %q; types are in lower case", s.Source)
	}
	config, err := parseSet(s.Set)
	if err != nil {
		return nil, err
	}
	pack := s.Pack
	pack.Name, pack.Pack = s.Source, cmp.Or(pack.Pack, spec.PackKind(spec.PackNames()[0]))
	oneOrMatrix(&pack.Select.Region, &pack.Matrix.Region)
	oneOrMatrix(&pack.Select.Architecture, &pack.Matrix.Architecture)
	document, problems := spec.Made(spec.ImageSet{
		APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: s.Source}, Dir: dir,
		Sources: []spec.Source{{Name: s.Source, Type: s.Source, Config: config}},
		Packs:   []spec.Pack{pack},
	})
	if len(problems) == 0 {
		return document, nil
	}
	e := &failure.Error{Code: failure.ExitUsage, Summary: "the flags do not make a valid spec", Next: "see the flags with --help"}
	for _, problem := range problems {
		problem.Path = s.flagOf(problem.Path)
		e.Details = append(e.Details, problem.Text())
	}
	return nil, e
}

// oneOrMatrix puts a single value of the matrix into the selection.
func oneOrMatrix(one *string, many *[]string) {
	if len(*many) == 1 {
		*one, *many = (*many)[0], nil
	}
}

// flagOf names the flag that a path of the spec was set by.
func (s *Spec) flagOf(path string) string {
	key, ofPack := strings.CutPrefix(path, "packs[0].")
	if strings.HasPrefix(path, "sources[0]") || key == "name" {
		return "--source"
	}
	key = strings.Replace(key, "matrix.", "select.", 1)
	for _, f := range s.flags() {
		if ofPack && f.key != "" && strings.HasPrefix(key, f.key) {
			return "--" + f.name
		}
	}
	return path
}

// parseSet reads key=value settings into schemacheck.Texts. A dotted key makes a
// mapping; a backslash keeps the dot after it. What the texts stand for is the
// plugin's schema to say, as is where dots do not make a mapping: see CheckConfig.
func parseSet(set []string) (map[string]any, error) {
	if len(set) == 0 {
		return nil, nil
	}
	config := map[string]any{}
	for _, setting := range set {
		key, value, ok := strings.Cut(setting, "=")
		if !ok || key == "" {
			return nil, failure.Usage("write --set manifest=packer-manifest.json", "--set %s: key=value is wanted", setting)
		}
		if err := put(config, schemacheck.SplitEscaped(key, '.'), value); err != nil {
			return nil, failure.Usage(`write \. for a dot within a key, in quotes: --set 'tags.example\.com=x'`, "--set %s: %s", setting, err)
		}
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
