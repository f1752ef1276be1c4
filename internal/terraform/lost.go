package terraform

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

const lostName = "byoos_lost"

// tagged is what of an image's reference may change without another image: its tag
// and digest. A macro's text has none.
const tagged = `[:@][^/}]*$`

// lostExpression lists what values that are there have beside the rendered ones.
// Terraform has no recursion, but which keys are rendered is known here.
func (p profile) lostExpression() string {
	name := quotedText(p.pack.Pack)
	return "flatten([for there in [for layer in " + p.layers() + " : try(yamldecode(layer.values), null) if layer.name == " + name + "] : [\n" +
		strings.Join(lostOf("there", nil, decoded(p.pack.Values)), ",\n") + ",\n]])"
}

// decoded returns the rendered values; nil when they are no mapping.
func decoded(values string) map[string]any {
	node, _ := yamldoc.Read([]byte(values))
	if node == nil {
		return nil
	}
	out, _ := node.Interface().(map[string]any)
	return out
}

// lostOf returns an expression for the mapping at a path, and one for each mapping
// and list inside.
func lostOf(there string, path []string, ours map[string]any) []string {
	keys, texts, inside := slices.Sorted(maps.Keys(ours)), []string{}, []string{}
	for _, key := range keys {
		at, deeper := there+"["+quotedText(key)+"]", append(slices.Clone(path), key)
		switch value := ours[key].(type) {
		case map[string]any:
			inside = append(inside, lostOf(at, deeper, value)...)
		case []any:
			inside = append(inside, lostItems(at, deeper, value))
		default:
			texts = append(texts, key)
		}
	}
	lost := "!contains(" + list(keys) + ", key)"
	if len(texts) > 0 {
		lost += " || contains(" + list(texts) + ", key) && !can(tostring(value))"
	}
	found := "[for key, value in " + there + " : " + under(path) + " if " + lost + "]"
	return append([]string{orWhole(found, there, path)}, inside...)
}

// orWhole is an expression; or the path itself where something of another kind is
// there, and nothing where there is nothing.
func orWhole(found, there string, path []string) string {
	if path == nil {
		return "try(" + found + ", [])"
	}
	return "try(" + found + ", " + there + " == null ? [] : [" + quotedText(strings.Join(path, ".")) + "], [])"
}

// under is the path of a key.
func under(path []string) string {
	if path == nil {
		return "key"
	}
	prefix := quotedText(strings.Join(path, ".") + ".")
	return strings.TrimSuffix(prefix, `"`) + `${key}"`
}

// lostItems compares the items of a list. Those of images are told apart without
// their tags, so that a newer one is no loss.
func lostItems(there string, path []string, ours []any) string {
	names := make([]string, len(ours))
	for i, item := range ours {
		names[i] = itemName(item)
	}
	plain := func(text string) string {
		return "replace(replace(" + text + ", " + quotedText(`/\s/`) + ", \"\"), " + quotedText("/"+tagged+"/") + ", \"\")"
	}
	prefix := quotedText(strings.Join(path, ".") + ": ")
	label := strings.TrimSuffix(prefix, `"`) + `${try(item.image, jsonencode(item))}"`
	found := "[for item in " + there + " : " + label + " if !contains(" + list(names) + ", " + plain("try(item.image, jsonencode(item))") + ")]"
	return orWhole(found, there, path)
}

func itemName(item any) string {
	text := ""
	if fields, ok := item.(map[string]any); ok {
		text, _ = fields["image"].(string)
	}
	if text == "" {
		// An item that is no JSON is like no other.
		data, _ := json.Marshal(item)
		text = string(data)
	}
	text = regexp.MustCompile(`\s`).ReplaceAllString(text, "")
	return regexp.MustCompile(tagged).ReplaceAllString(text, "")
}
