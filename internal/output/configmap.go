package output

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// ConfigMap holds files in Kubernetes.
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

// Manifest is that of a ConfigMap with one key for each file.
func (c ConfigMap) Manifest(files map[string]string) ([]byte, error) {
	metadata := map[string]any{"name": c.Name}
	if c.Namespace != "" {
		metadata["namespace"] = c.Namespace
	}
	return yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files})
}
