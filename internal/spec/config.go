package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// CheckConfig checks the configuration of one of the spec's sources against its plugin's JSON
// Schema and returns it as JSON values. Settings from --set, which are text, are
// first turned into the types that the schema wants. The error is a
// *failure.Error with ExitUsage and places as of Parse.
func (d *Document) CheckConfig(sourceName, jsonSchema string) (map[string]any, error) {
	i := slices.IndexFunc(d.Set.Sources, func(s Source) bool { return s.Name == sourceName })
	source := d.Set.Sources[i]
	schema, err := schemacheck.Compile([]byte(jsonSchema))
	if err != nil {
		return nil, &failure.Error{
			Code: failure.ExitSource, Summary: fmt.Sprintf("plugin byoos-source-%s describes its configuration by an invalid schema", source.Type),
			Next: "report this to the plugin's author", Err: err,
		}
	}
	if d.root == nil {
		return checkSet(source, schema)
	}
	node, found := d.root.At("sources", strconv.Itoa(i), "config")
	if !found {
		node = node.Missing("config")
	}
	if problems := checkValues(node, schema); len(problems) > 0 {
		return nil, invalidConfig(d.Set.File, source.Type, problems)
	}
	config := map[string]any{}
	return config, node.Decode(&config)
}

// checkValues finds what a schema refuses, and what JSON would change.
func checkValues(node *yamldoc.Node, schema *schemacheck.Schema) []yamldoc.Problem {
	return yamldoc.Sort(append(schema.Check(node), schemacheck.Inexact(node)...))
}

// invalidConfig makes one error of the problems of a source's configuration. To a
// key that looks like an endpoint it says why no plugin has one.
func invalidConfig(file, typ string, problems []yamldoc.Problem) error {
	for i, problem := range problems {
		if key := strings.ToLower(problem.Message); strings.HasPrefix(key, "unknown key") &&
			(strings.Contains(key, "endpoint") || strings.Contains(key, "host")) {
			problems[i].Suggestion = "a spec never names where credentials go; set it in the environment or in your own configuration file"
		}
	}
	e := invalid(file, problems)
	e.Next = fmt.Sprintf("correct %s; the command plugin describe %s lists the keys", file, typ)
	return e
}

// checkSet checks configuration that came from --set.
func checkSet(source Source, schema *schemacheck.Schema) (map[string]any, error) {
	config := schema.Coerce(source.Config)
	node, problems := yamldoc.Of(config)
	if node != nil {
		problems = checkValues(node, schema)
	}
	if len(problems) == 0 {
		return config, nil
	}
	e := &failure.Error{
		Code: failure.ExitUsage, Summary: fmt.Sprintf("the configuration of --source %s is not valid", source.Type),
		Next: `set it with --set key=value, in quotes with \. for a dot within a key; the plugin describe command lists the keys`,
	}
	for _, p := range problems {
		e.Details = append(e.Details, p.Text())
	}
	return nil, e
}
