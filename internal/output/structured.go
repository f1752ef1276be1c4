package output

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"
)

// document is a list as Kubernetes has one; items keep the order of their fields.
type document struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion"`
	Items      []any  `json:"items"`
}

func (l List) document() document {
	// An empty list, not null, for whatever reads it.
	return document{l.Kind, APIVersion, append([]any{}, l.Items...)}
}

func printJSON(list List, to target) error {
	data, err := json.MarshalIndent(list.document(), "", "    ")
	if err != nil {
		return fmt.Errorf("cannot encode the list: %w", err)
	}
	_, err = to.out.Write(append(data, '\n'))
	return err
}

// printYAML prints as cli-runtime's does, and what YAML cannot hold as it is: the
// other gives up at a name with such a character.
func printYAML(list List, to target) error {
	data, err := json.Marshal(list.document())
	if err != nil {
		return fmt.Errorf("cannot encode the list: %w", err)
	}
	written, err := yaml.JSONToYAML([]byte(escaped(string(data))))
	if err != nil {
		return fmt.Errorf("cannot write YAML: %w", err)
	}
	_, err = to.out.Write(written)
	return err
}

// escaped writes those characters of a JSON text by their numbers that YAML refuses.
func escaped(words string) string {
	var b strings.Builder
	for _, r := range words {
		if r >= 0x7f && r <= 0x9f && r != 0x85 || r == '\ufeff' || r == '\ufffe' || r == '\uffff' {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ofFile reads the argument of a format from a file.
func ofFile(parse func(string) (printFunc, error)) func(string) (printFunc, error) {
	return func(file string) (printFunc, error) {
		data, err := os.ReadFile(file) //nolint:gosec // the user names it
		if err != nil {
			return nil, err
		}
		return parse(string(data))
	}
}

func goTemplate(template string) (printFunc, error) {
	p, err := printers.NewGoTemplatePrinter([]byte(template))
	if err != nil {
		return nil, err
	}
	return byPrinter(p), nil
}

func jsonPath(asJSON bool) func(string) (printFunc, error) {
	return func(path string) (printFunc, error) {
		p, err := printers.NewJSONPathPrinter(relaxedJSONPath(path))
		if err != nil {
			return nil, err
		}
		p.AllowMissingKeys(true)
		p.EnableJSONOutput(asJSON)
		return byPrinter(p), nil
	}
}

// byPrinter prints by one of cli-runtime.
func byPrinter(p printers.ResourcePrinter) printFunc {
	return func(list List, to target) error {
		values, err := list.values()
		if err != nil {
			return err
		}
		return p.PrintObj(&unstructured.Unstructured{Object: values}, to.out)
	}
}

// values are the list as maps, which paths and templates look into.
func (l List) values() (map[string]any, error) {
	data, err := json.Marshal(l.document())
	if err != nil {
		return nil, fmt.Errorf("cannot encode the list: %w", err)
	}
	values := map[string]any{}
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, fmt.Errorf("cannot encode the list: %w", err)
	}
	return values, nil
}
