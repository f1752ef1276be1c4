package schemacheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// explainMapping explains keys that are missing or that nobody knows; nil for
// errors about anything else.
func (c *checker) explainMapping(err *jsonschema.ValidationError, node *yamldoc.Node) []fault {
	switch k := err.ErrorKind.(type) {
	case *kind.Required:
		return c.missing(err, node, k.Missing, "")
	case *kind.DependentRequired:
		return c.missing(err, node, k.Missing, k.Prop)
	case *kind.Dependency:
		return c.missing(err, node, k.Missing, k.Prop)
	case *kind.AdditionalProperties:
		return unknown(node, k.Properties, c.properties(err.SchemaURL))
	case *kind.FalseSchema:
		return c.unevaluated(err)
	case *kind.MinProperties:
		return faultOf(node, "must have at least "+counted(k.Want, "key"), "")
	case *kind.MaxProperties:
		return faultOf(node, "must have at most "+counted(k.Want, "key"), "")
	}
	return nil
}

// missing reports keys that are required, or that another one needs.
func (c *checker) missing(err *jsonschema.ValidationError, node *yamldoc.Node, keys []string, neededBy string) []fault {
	properties := c.properties(err.SchemaURL)
	var faults []fault
	for _, key := range keys {
		text := fmt.Sprintf(missingKey+"%q is missing", key)
		if neededBy != "" {
			text += ", which " + neededBy + " needs"
		}
		faults = append(faults, faultOf(node, text, addKey(key, properties))...)
	}
	return faults
}

// addKey says how to add a key that is missing.
func addKey(key string, properties map[string]*jsonschema.Schema) string {
	property := properties[key]
	switch {
	case property == nil:
	case property.Enum != nil && len(property.Enum.Values) == 1:
		return "add " + key + ": " + show(property.Enum.Values[0])
	case property.Description != "":
		return "add " + key + ": ... (" + strings.TrimSuffix(property.Description, ".") + ")"
	}
	return "add " + key + ": ..."
}

// unknown reports keys that a mapping must not have.
func unknown(node *yamldoc.Node, keys []string, properties map[string]*jsonschema.Schema) []fault {
	var faults []fault
	for _, key := range keys {
		if field := node.Field(key); field != nil {
			p := field.Name().Problem(fmt.Sprintf("unknown key %q", key), meantKey(key, properties))
			p.Path = node.Path()
			faults = append(faults, fault{Problem: p, node: node})
		}
	}
	return faults
}

// unevaluated reports a key that no part of a schema knows; nil for what is
// refused in another way.
func (c *checker) unevaluated(err *jsonschema.ValidationError) []fault {
	schema, ok := strings.CutSuffix(err.SchemaURL, "/unevaluatedProperties")
	if !ok || len(err.InstanceLocation) == 0 {
		return nil
	}
	last := len(err.InstanceLocation) - 1
	mapping, _ := c.root.At(err.InstanceLocation[:last]...)
	return unknown(mapping, err.InstanceLocation[last:], propertiesOf(forms(c.schema.parts[schema])))
}

// propertiesOf are those of any of a value's forms.
func propertiesOf(forms []*jsonschema.Schema) map[string]*jsonschema.Schema {
	all := map[string]*jsonschema.Schema{}
	for _, form := range forms {
		maps.Copy(all, form.Properties)
	}
	return all
}

func (c *checker) properties(location string) map[string]*jsonschema.Schema {
	if schema := c.schema.parts[location]; schema != nil {
		return schema.Properties
	}
	return nil
}

// meantKey says which key was probably meant.
func meantKey(key string, properties map[string]*jsonschema.Schema) string {
	suggestion := text.DidYouMean(key, slices.Collect(maps.Keys(properties)))
	if parents := parentsOf(key, properties); parents != "" && !strings.HasPrefix(suggestion, "did you") {
		return "it is a key of " + parents + ", one level deeper"
	}
	return suggestion
}

// parentsOf names the properties whose own properties have the key.
func parentsOf(key string, properties map[string]*jsonschema.Schema) string {
	var found []string
	for name, property := range properties {
		if property.Ref != nil {
			property = property.Ref
		}
		if property.Properties[key] != nil {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " or ")
}
