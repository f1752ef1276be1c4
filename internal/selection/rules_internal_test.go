package selection

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// A key of select is one entry of the rules, and a row of docs/selection.md: one that is
// forgotten would select nothing without a word.
func TestEveryKeyOfSelectIsARule(t *testing.T) {
	docs, err := os.ReadFile("../../docs/selection.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(docs), "\n## 2. ")
	section, _, _ = strings.Cut(section, "\n## ")
	rules := map[string]bool{"where": true, valuesRule: true, versionsRule: true}
	for key, sel := range selections(t) {
		checks, err := checksOf(sel)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			rules[c.rule] = true
		}
		if !rules[key] && key != "pick" {
			t.Errorf("select.%s makes no rule", key)
		}
	}
	for rule := range rules {
		if !slices.ContainsFunc(strings.Split(section, "\n"), func(line string) bool {
			name, _, row := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
			return row && slices.Contains(strings.Split(name, ", "), "`"+rule+"`")
		}) {
			t.Errorf("docs/selection.md has no row for the rule %s", rule)
		}
	}
}

// selections ask for one thing each, by the key that says so.
func selections(t *testing.T) map[string]spec.Select {
	t.Helper()
	all := map[string]spec.Select{}
	var sel spec.Select
	var ask func(of reflect.Value, under string)
	ask = func(of reflect.Value, under string) {
		for _, field := range reflect.VisibleFields(of.Type()) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			value := of.FieldByIndex(field.Index)
			switch value.Kind() {
			case reflect.Struct:
				ask(value, name+".")
				continue
			case reflect.String:
				value.SetString("1")
			case reflect.Map:
				value.Set(reflect.ValueOf(map[string]string{"stage": "prod"}))
			default:
				t.Fatalf("select.%s%s is a %s, which this test cannot set", under, name, value.Kind())
			}
			all[under+name] = sel
			value.SetZero()
		}
	}
	ask(reflect.ValueOf(&sel).Elem(), "")
	return all
}
