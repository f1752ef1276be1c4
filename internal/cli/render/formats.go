package render

import (
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/options"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

// Formats of --format.
const (
	FormatValues        = "values"
	FormatConfigMap     = "configmap"
	FormatTerraform     = "terraform"
	FormatTerraformJSON = "terraform-json"
	FormatTFExternal    = "tfexternal"
	FormatProfile       = "profile"
)

// format is one form of what is rendered.
type format struct {
	// file is its file in --out-dir; empty for what is only printed.
	file string
	text func(*Options, *options.Rendered) ([]byte, error)
}

// eachPack stands for a file of each pack, named after it.
const eachPack = "*.yaml"

func formats() map[string]format {
	return map[string]format{
		FormatValues:        {eachPack, documents},
		FormatConfigMap:     {"", configMap},
		FormatTerraform:     {"byoos.tf", (*Options).terraform},
		FormatTerraformJSON: {"byoos.tf.json", (*Options).terraform},
		FormatTFExternal:    {"", external},
		FormatProfile:       {"", profile},
	}
}

// formatNames are in the order in which help has them.
func formatNames() []string {
	return []string{FormatValues, FormatConfigMap, FormatTerraform, FormatTerraformJSON, FormatTFExternal, FormatProfile}
}

// flagFormats are the formats that a flag is for; others would pass it over.
type flagFormats struct {
	flag    string
	formats []string
}

func formatsOfFlags() []flagFormats {
	return []flagFormats{
		{"configmap-name", []string{FormatConfigMap}},
		{"namespace", []string{FormatConfigMap}},
		{"terraform-shape", []string{FormatTerraform, FormatTerraformJSON}},
	}
}

// documents returns one YAML document for each pack; several, or those that are
// left of several, are separated and named by a comment.
func documents(_ *Options, rendered *options.Rendered) ([]byte, error) {
	if len(rendered.Packs) == 1 && rendered.Left == nil {
		return rendered.Packs[0].Values.Render(), nil
	}
	var all []byte
	for i, r := range rendered.Packs {
		if i > 0 {
			all = append(all, "---\n"...)
		}
		all = append(all, "# "+r.Pick.Pack.Name+"\n"...)
		all = append(all, r.Values.Render()...)
	}
	return all, nil
}

func configMap(o *Options, rendered *options.Rendered) ([]byte, error) {
	data := map[string]string{}
	for _, r := range rendered.Packs {
		data[r.Pick.Pack.Name+".yaml"] = string(r.Values.Render())
	}
	return o.ConfigMap.Manifest(data)
}

func external(_ *Options, rendered *options.Rendered) ([]byte, error) {
	return terraform.External(terraformPacks(rendered.Packs))
}

func profile(o *Options, rendered *options.Rendered) ([]byte, error) {
	packs := rendered.Packs
	if len(packs) != 1 {
		return nil, failure.Usage("name one: render PACK --format profile", "--format profile takes one pack, and the spec has %d", len(packs))
	}
	target, err := o.target(packs[0])
	if err != nil {
		return nil, err
	}
	return palette.ProfileJSON(target, string(packs[0].Values.Render()))
}
