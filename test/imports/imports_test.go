// Package imports holds the borders between packages: what may import what.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

const module = "github.com/kubectl-byoos/kubectl-byoos"

type pkg struct {
	ImportPath string
	Imports    []string
}

// deps returns the packages that the named ones reach, by import path.
func deps(t *testing.T, patterns ...string) map[string]pkg {
	t.Helper()
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-json=ImportPath,Imports"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string]pkg{}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// TestHostHasNoCloudSDK: a cloud SDK lives in a plugin.
func TestHostHasNoCloudSDK(t *testing.T) {
	forbidden := []string{
		"github.com/aws/", "github.com/Azure/", "cloud.google.com/", "google.golang.org/api/",
		"github.com/google/go-containerregistry", "oras.land/", "github.com/vmware/", "github.com/getkin/kin-openapi",
	}
	packages := deps(t, "./cmd/kubectl-byoos")
	if len(packages) < 100 {
		t.Fatalf("only %d packages: the list is not whole", len(packages))
	}
	for path := range packages {
		for _, prefix := range forbidden {
			if strings.HasPrefix(path, prefix) {
				t.Errorf("the host imports %s", path)
			}
		}
	}
}

// TestPurePackages: the middle does no I/O and knows no command line and no
// wire. What they import of this module is held to the same.
func TestPurePackages(t *testing.T) {
	pure := []string{
		"./internal/image", "./internal/selection", "./internal/pack", "./internal/spec", "./internal/lint",
		"./internal/freshness", "./internal/schemacheck", "./internal/yamldoc", "./internal/yamledit",
	}
	forbidden := []string{"os", "os/exec", "net", "net/http", "io/ioutil", "github.com/spf13/cobra", "google.golang.org/grpc", "github.com/hashicorp/go-plugin"}
	packages := deps(t, pure...)
	checked := 0
	for path, p := range packages {
		if !strings.HasPrefix(path, module) {
			continue
		}
		checked++
		for _, imported := range p.Imports {
			for _, name := range forbidden {
				if imported == name || strings.HasPrefix(imported, name+"/") && strings.Contains(name, ".") {
					t.Errorf("%s imports %s", path, imported)
				}
			}
		}
	}
	if checked < len(pure) {
		t.Fatalf("only %d packages of the module were checked", checked)
	}
	for path := range packages {
		if strings.HasPrefix(path, "github.com/spf13/cobra") || strings.HasPrefix(path, "google.golang.org/grpc") {
			t.Errorf("a pure package reaches %s", path)
		}
	}
}
