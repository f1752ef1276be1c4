package output

import (
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// ConfigMap prints files as a Kubernetes ConfigMap.
type ConfigMap struct{ Name, Namespace string }

// Check returns a usage error for names that Kubernetes would refuse.
func (c ConfigMap) Check() error {
	if problems := validation.IsDNS1123Subdomain(c.Name); len(problems) > 0 {
		return failure.Usage("", "%q cannot be a ConfigMap's name: %s", c.Name, strings.Join(problems, "; "))
	}
	if c.Namespace == "" {
		return nil
	}
	if problems := validation.IsDNS1123Label(c.Namespace); len(problems) > 0 {
		return failure.Usage("", "%q cannot be a namespace: %s", c.Namespace, strings.Join(problems, "; "))
	}
	return nil
}

// Print writes the manifest of a ConfigMap with one key for each file.
func (c ConfigMap) Print(files map[string]string, out io.Writer) error {
	metadata := map[string]any{"name": c.Name}
	if c.Namespace != "" {
		metadata["namespace"] = c.Namespace
	}
	data, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files})
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}
