// Package mirror replaces the beginning of a repository's name: where images are read
// and rendered instead. It is pure.
package mirror

import (
	"fmt"
	"strings"
)

// Key is where the user's own configuration has rules for images of registries.
const Key = "plugins.oci.rewrite"

// Rule says that what is below From is below To.
type Rule struct{ From, To string }

// Rewrite replaces the longest prefix of a repository's name that ends at a slash. Of
// two equally long ones the first counts.
func Rewrite(repository string, rules []Rule) string {
	best := Rule{}
	for _, rule := range rules {
		from := strings.TrimSuffix(rule.From, "/")
		if len(from) > len(best.From) && strings.HasPrefix(repository+"/", from+"/") {
			best = Rule{from, strings.TrimSuffix(rule.To, "/")}
		}
	}
	return best.To + repository[len(best.From):]
}

// Read takes the rules out of what the user's configuration says of the plugin:
// rewrite: [{from, to}].
func Read(settings map[string]any) ([]Rule, error) {
	value, ok := settings["rewrite"]
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("rewrite must be a list of {from, to}")
	}
	rules := make([]Rule, len(list))
	for i, item := range list {
		pair, _ := item.(map[string]any)
		rules[i].From, _ = pair["from"].(string)
		rules[i].To, _ = pair["to"].(string)
		if rules[i].From == "" || rules[i].To == "" || len(pair) != 2 {
			return nil, fmt.Errorf("rewrite[%d] must have from and to", i)
		}
	}
	return rules, nil
}
