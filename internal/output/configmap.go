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

// Print writes the manifest of a ConfigMap with one key for each file. A name
// that Kubernetes would refuse is a usage error.
func (c ConfigMap) Print(files map[string]string, out io.Writer) error {
	if problems := validation.IsDNS1123Subdomain(c.Name); len(problems) > 0 {
		return failure.Usage("", "%q cannot be a ConfigMap's name: %s", c.Name, strings.Join(problems, "; "))
	}
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
