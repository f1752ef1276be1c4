package options

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// loaded is the spec that a command line makes.
func loaded(t *testing.T, args ...string) (*spec.Document, error) {
	t.Helper()
	var s Spec
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return s.Load(t.Context(), testInvocation("/w"))
}

func TestSpecOfFlags(t *testing.T) {
	document, err := loaded(t, "--source=packer", "--provider=aws", "--region=us-east-1,eu-west-1", "--region=eu-west-2", "--architecture=amd64",
		"--kubernetes-version=~1.30", "--k8s-distribution=k3s", "--custom-tag=demo", "--name=golden-*", "--tag=team=platform", "--where=image.public",
		"--os-name=rhel", "--os-version=8",
		`--set=manifest=out\packer.json`, "--set=depth=3", "--set=follow=true", "--set=regions=a", "--set=regions=[b]", "--set=vsphere.folder=[x=y, z]")
	if err != nil {
		t.Fatal(err)
	}
	want := []spec.Pack{{
		Name: "packer", Pack: spec.GenericBYOI,
		Select: spec.Select{
			Provider: "aws", Architecture: "amd64", KubernetesVersion: "~1.30", K8sDistribution: "k3s", CustomTag: "demo",
			Name: "golden-*", Tags: map[string]string{"team": "platform"}, Where: "image.public",
		},
		Matrix: spec.Matrix{Region: []string{"us-east-1", "eu-west-1", "eu-west-2"}},
		Values: spec.Values{OSName: "rhel", OSVersion: "8"},
	}}
	if diff := cmp.Diff(want, document.Set.Packs); diff != "" {
		t.Error(diff)
	}
	if document.Set.Dir != "/w" || document.Set.File != "" || document.Set.Metadata.Name != "packer" {
		t.Errorf("got %+v", document.Set)
	}
	config, err := document.CheckConfig("packer", `{"properties": {
		"manifest": {"type": "string"}, "depth": {"type": "integer"}, "follow": {"type": "boolean"},
		"regions": {"type": "array", "items": {"type": "string"}}, "vsphere": {"properties": {"folder": {"type": "string"}}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	wantConfig := map[string]any{
		"manifest": `out\packer.json`, "depth": int64(3), "follow": true, "regions": []any{"a", "b"}, "vsphere": map[string]any{"folder": "[x=y, z]"},
	}
	if diff := cmp.Diff(wantConfig, config); diff != "" {
		t.Error(diff)
	}
	if document, err = loaded(t, "--source=oci", "--pack=edge-native-byoi"); err != nil || document.Set.Packs[0].Pack != spec.EdgeNativeBYOI {
		t.Errorf("got %v, %v", document, err)
	}
}

// What is wrong is told by the flag that says it, once.
func TestWrongFlagsOfASpec(t *testing.T) {
	const escape = `write \. for a dot within a key, in quotes: --set 'tags.example\.com=x'`
	for args, want := range map[string]string{
		"--source=Packer":                                 "there is no source type \"Packer\"; types are in lower case\nwrite --source packer",
		"--source=../evil":                                `--source: "../evil" is not valid: it is the name of a plugin`,
		"--source=packer --pack=generic":                  `--pack: generic is not one of generic-byoi, edge-native-byoi: did you mean "generic-byoi"?`,
		"--source=packer --where=image.ownr":              `--where: column 6 of the expression`,
		"--source=packer --architecture=x86_64":           `--architecture: "x86_64" is not how architectures are spelled here: write amd64`,
		"--source=packer --architecture=x86_64,arm64":     `--architecture: "x86_64" is not how architectures are spelled here: write amd64`,
		"--source=packer --kubernetes-version=about":      `--kubernetes-version: "about" is not a semver range`,
		"--source=packer --region=a,a":                    `--region: items 0 and 1 are the same`,
		"--source=packer --tag==x":                        `--tag: a tag has no name`,
		"--source=packer --set=manifest":                  `--set manifest: key=value is wanted`,
		"--source=packer --set=a=1 --set=a.b=2":           "a is set and has keys of its own\n" + escape,
		"--source=packer --set=a.b=2 --set=a=1":           "a is set and has keys of its own\n" + escape,
		"--source=packer --set=.=1":                       "a part of the key is empty\n" + escape,
		"--source=packer -f=byoos.yaml":                   "-f and --source exclude each other\ndrop one of them",
		"--set=a=1":                                       "--set needs --source\nadd --source TYPE, or write it into the spec",
		"--pack=generic-byoi":                             "--pack needs --source\nadd --source TYPE, or write pack of a pack into the spec",
		"--tag=a=b":                                       "--tag needs --source\nadd --source TYPE, or write select.tags of a pack into the spec",
		"--region=a --os-name=rhel":                       "--region needs --source\nadd --source TYPE, or write select.region of a pack into the spec",
		"--os-version=8 --kubernetes-version=1 -f=x.yaml": "--kubernetes-version needs --source\nadd --source TYPE, or write select.kubernetesVersion of a pack",
	} {
		_, err := loaded(t, strings.Fields(args)...)
		var failed *failure.Error
		if !errors.As(err, &failed) || failed.Code != failure.ExitUsage {
			t.Errorf("%s: got %v", args, err)
			continue
		}
		if told := strings.Join(append(failed.Details, failed.Error(), failed.Next), "\n"); !strings.Contains(told, want) {
			t.Errorf("%s: got %q, want %q in it", args, told, want)
		}
	}
}
