package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	yaml3 "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
	"github.com/kubectl-byoos/kubectl-byoos/test/registry"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// built returns a folder with the host and its plugins. Only tests that run processes need it.
var built func() (string, error)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "byoos-oci-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	built = sync.OnceValues(func() (string, error) { return dir, build(dir) })
	return m.Run()
}

func build(dir string) error {
	root, err := binaries.Root()
	if err != nil {
		return err
	}
	for out, packages := range map[string][]string{
		dir + "/":         {"./cmd/kubectl-byoos"},
		dir + "/plugins/": {"./plugins/byoos-source-oci", "./plugins/byoos-source-packer"},
	} {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
		cmd := exec.Command("go", append([]string{"build", "-o", out}, packages...)...)
		cmd.Dir = root
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, output)
		}
	}
	return nil
}

// program is the real host with its real plugins, in a folder of its own.
type program struct {
	t    *testing.T
	bin  string
	dir  string
	host string
}

func newProgram(t *testing.T, host string) program {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program{t, filepath.Join(bin, "kubectl-byoos"), t.TempDir(), host}
}

// spec writes byoos.yaml, with HOST in it replaced.
func (p program) spec(content string) {
	p.t.Helper()
	writeFile(p.t, filepath.Join(p.dir, "byoos.yaml"), strings.ReplaceAll(content, "HOST", p.host))
}

// run returns what the program writes; the registry's address becomes HOST.
func (p program) run(wantCode int, args ...string) (stdout, stderr string) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.bin, args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "XDG_CACHE_HOME=" + filepath.Join(p.dir, "cache")}
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		p.t.Fatal(err)
	}
	if code != wantCode {
		p.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, wantCode, out.String(), talk.String())
	}
	clean := strings.NewReplacer(p.host, "HOST", p.dir, "DIR")
	return clean.Replace(out.String()), clean.Replace(talk.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		writeFile(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// narrow takes the padding out of a table: it depends on the registry's port.
func narrow(table string) string {
	return regexp.MustCompile(` +`).ReplaceAllString(table, " ")
}

const edgeSpec = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - name: edge
    type: oci
    config: {repository: HOST/edge/ubuntu, inspect: true}
packs:
  - name: template
    pack: edge-native-byoi
    select: {architecture: amd64, kubernetesVersion: ~1.30}
    edge: {kubernetesVersions: [1.30.10, 1.30.4], contentImages: ["HOST/tools/agent:v1"]}
  - name: shape-1.0
    pack: edge-native-byoi
    select: {architecture: arm64, kubernetesVersion: ~1.30}
    edge: {reference: tag, shape: "1.0"}
  - name: tag
    pack: edge-native-byoi
    select: {architecture: arm64, kubernetesVersion: ~1.30}
    edge: {reference: tag}
  - name: digest
    pack: edge-native-byoi
    select: {architecture: arm64, kubernetesVersion: ~1.30}
    edge: {reference: digest}
  - name: agent-mode
    pack: edge-native-byoi
    edge: {agentMode: true}
`

// fillEdge pushes the same images every time, so that digests are those of the
// golden files.
func fillEdge(t *testing.T, host string) {
	t.Helper()
	repo := host + "/edge/ubuntu"
	for _, tagName := range []string{"k3s-1.30.4-v4.7.0-demo", "k3s-1.30.10-v4.6.2-demo", "k3s-1.30.10-v4.7.0-rc.2-demo", "k3s-1.30.10-v4.7.0-demo"} {
		push(t, repo+":"+tagName, registry.Image{Architectures: both(), Layers: registry.Ubuntu("22.04")})
	}
	push(t, repo+":k3s-1.31.1-v4.7.0-demo", registry.Image{Layers: registry.Ubuntu("22.04")})
}

func TestHostRendersAllForms(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	p := newProgram(t, host)
	fillEdge(t, host)
	p.spec(edgeSpec)
	images, _ := p.run(0, "images", "-o", "custom-columns=ID:.id,ARCH:.architecture,OS:.os.version,K8S:.kubernetesVersion,STATE:.state")
	golden(t, "images.golden", narrow(images))
	values, _ := p.run(0, "render")
	golden(t, "render.golden", values)
	explained, _ := p.run(0, "explain")
	if !strings.Contains(explained, "file /etc/kairos-release KAIROS_FLAVOR") {
		t.Errorf("explain does not say where the OS comes from:\n%s", explained)
	}
	for document := range strings.SplitSeq(values, "---\n") {
		var first, second map[string]any
		if err := yaml.Unmarshal([]byte(document), &first); err != nil {
			t.Fatal(err)
		}
		if err := yaml3.Unmarshal([]byte(document), &second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("two YAML libraries differ: %s", diff)
		}
	}
}

func TestHostNamesMissingKubernetesVersions(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	p := newProgram(t, host)
	fillEdge(t, host)
	p.spec(strings.Replace(edgeSpec, "[1.30.10, 1.30.4]", "[1.30.10, 1.30.5, 1.30.6]", 1))
	_, talk := p.run(3, "render")
	for _, want := range []string{
		"pack template: none of 7 images fits", "its template leads to no image that fits: HOST/edge/ubuntu:k3s-1.30.5-v4.7.0-demo for Kubernetes 1.30.5, HOST/edge/ubuntu:k3s-1.30.6-v4.7.0-demo for Kubernetes 1.30.6",
		"next: build and push these images, or correct packs[].edge.kubernetesVersions",
	} {
		if !strings.Contains(talk, want) {
			t.Errorf("%q is missing in:\n%s", want, talk)
		}
	}
}

func TestHostVerifies(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	p := newProgram(t, host)
	repo := host + "/edge/ubuntu"
	spec := `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: edge, type: oci, config: {repository: HOST/edge/ubuntu}}]
packs:
`
	for _, name := range []string{"stays", "moved", "deleted", "lost"} {
		spec += fmt.Sprintf("  - {name: %s, pack: edge-native-byoi, select: {name: '*-%s', architecture: arm64}, edge: {reference: digest}}\n", name, name)
		push(t, repo+":k3s-1.30.1-v4.7.0-"+name, registry.Image{Architectures: both(), Labels: map[string]string{"name": name}})
	}
	p.spec(spec)
	before := discover(t, call{config: config{Repository: repo}})
	p.run(0, "lock")
	p.run(0, "verify")

	push(t, repo+":k3s-1.30.1-v4.7.0-moved", registry.Image{Architectures: both(), Labels: map[string]string{"name": "other"}})
	remove(t, repo, before.find(t, "k3s-1.30.1-v4.7.0-deleted", "arm64").Digest)
	remove(t, repo, before.find(t, "k3s-1.30.1-v4.7.0-lost", "arm64").Attributes["platformDigest"])
	table, _ := p.run(1, "verify", "-o", "custom-columns=PACK:.pack,STATUS:.status,REASON:.reasons")
	golden(t, "verify.golden", narrow(table))
}

func TestHostRendersCloudAndEdgeInOneRun(t *testing.T) {
	host := registry.Start(t, registry.Options{})
	p := newProgram(t, host)
	fillEdge(t, host)
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile(filepath.Join(root, "examples", "oci", "byoos.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(root, "examples", "packer-aws", "packer-manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(p.dir, "packer-manifest.json"), string(manifest))
	p.spec(strings.NewReplacer("registry.example.com", host, "../packer-aws/", "").Replace(string(spec)))
	values, _ := p.run(0, "render")
	golden(t, "cloud-and-edge.golden", values)
}

func TestHostPassesTheUsersSettings(t *testing.T) {
	certFile, keyFile := certificate(t, time.Now().Add(24*time.Hour))
	host := registry.Start(t, registry.Options{CertFile: certFile, KeyFile: keyFile, HTPasswd: htpasswd})
	pushTLS(t, host+"/edge/ubuntu:k3s-1.30.1-v4.7.0", certFile)
	p := newProgram(t, host)
	writeFile(t, filepath.Join(p.dir, ".docker", "config.json"),
		fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(canary)))
	p.spec(edgeSpec)
	_, talk := p.run(4, "images")
	if !strings.Contains(talk, "does not trust") {
		t.Errorf("without the CA: %s", talk)
	}
	writeFile(t, filepath.Join(p.dir, ".config", "byoos", "config.yaml"),
		fmt.Sprintf("apiVersion: byoos.dev/v1alpha1\nkind: Config\nplugins:\n  oci:\n    registries:\n      %q:\n        caFile: %s\n", host, certFile))
	out, _ := p.run(0, "images", "-o", "name")
	if !strings.Contains(out, "HOST/edge/ubuntu:k3s-1.30.1-v4.7.0") {
		t.Errorf("with the CA: %s", out)
	}
}

func TestHostShowsTheDiagnostic(t *testing.T) {
	host := registry.Start(t, registry.Options{HTPasswd: htpasswd})
	p := newProgram(t, host)
	p.spec(edgeSpec)
	writeFile(t, filepath.Join(p.dir, ".docker", "config.json"),
		fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, basic(canary+"-wrong")))
	for _, args := range [][]string{{"render"}, {"images", "-o", "json"}, {"explain", "-vv"}} {
		out, talk := p.run(4, args...)
		for _, want := range []string{"HOST refused the credentials from DIR/.docker/config.json", "docker login HOST"} {
			if !strings.Contains(talk, want) {
				t.Errorf("%v: %q is missing in:\n%s", args, want, talk)
			}
		}
		for _, form := range []string{canary, basic(canary + "-wrong")} {
			if strings.Contains(out+talk, form) {
				t.Errorf("%v shows the password:\n%s%s", args, out, talk)
			}
		}
	}
}
