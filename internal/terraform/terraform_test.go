package terraform_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/terraform"
)

var update = flag.Bool("update", false, "write the golden files")

func examplePacks() []terraform.Pack {
	return []terraform.Pack{
		{
			Name: "aws-east", Pack: "generic-byoi", Version: "1.0.0",
			Values:  "pack:\n  osImageOverride: \"ami-0aaaaaaaaaaaaaaaa\"\n  osName: \"rhel\"\n  osVersion: \"8\"\n",
			Profile: terraform.Profile{Context: terraform.ContextProject, Project: "Default", Name: "rhel-prod", Version: "1.2.0", Cloud: "aws", Create: true},
		},
		{
			Name: "edge", Pack: "edge-native-byoi", Version: "2.1.0", Registry: "Mirror",
			Values:  "options:\n  system.uri: \"{{ .spectro.pack.edge-native-byoi.options.system.registry }}/x:${not} %{a template}\"\n",
			Profile: terraform.Profile{Context: terraform.ContextTenant, Name: "stores", Version: "1.0.0", Cloud: "edge-native", Create: true},
		},
		{
			Name: "aws-west", Pack: "generic-byoi", RegistryUID: "reg-7",
			Values:  "pack:\n  osImageOverride: \"ami-0bbbbbbbbbbbbbbbb\"\n",
			Profile: terraform.Profile{Context: terraform.ContextProject, Project: "Team \"West\"", Name: "core", Cloud: "aws", Type: "infra", Create: true},
		},
		{
			Name: "aws-old", Pack: "generic-byoi", Version: "1.0.0",
			Values:  "pack:\n  osImageOverride: \"ami-0cccccccccccccccc\"\n",
			Profile: terraform.Profile{Context: terraform.ContextProject, Project: "Default", Name: "rhel-prod", Version: "1.1.0"},
		},
	}
}

func TestGolden(t *testing.T) {
	for _, shape := range terraform.Shapes() {
		for _, asJSON := range []bool{false, true} {
			name := shape + map[bool]string{false: ".tf", true: ".tf.json"}[asJSON]
			got, err := terraform.Render(examplePacks(), terraform.Options{Shape: terraform.Shape(shape), JSON: asJSON})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestExternal(t *testing.T) {
	got, err := terraform.External(examplePacks())
	if err != nil {
		t.Fatal(err)
	}
	// The protocol allows an object of strings only.
	var answer map[string]string
	if err := json.Unmarshal(got, &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer) != len(examplePacks()) || answer["edge"] != examplePacks()[1].Values {
		t.Errorf("got %q", answer)
	}
}

func TestRefusals(t *testing.T) {
	for name, packs := range map[string][]terraform.Pack{
		"not UTF-8":  {{Name: "a", Pack: "generic-byoi", Values: "x: \xff\n"}},
		"decomposed": {{Name: "a", Pack: "generic-byoi", Values: "x: e\u0301\n"}},
		"a BOM":      {{Name: "a", Pack: "generic-byoi", Values: "\ufeffx: y\n"}},
		"twice":      {{Name: "a", Pack: "generic-byoi"}, {Name: "a", Pack: "generic-byoi"}},
	} {
		if out, err := terraform.Render(packs, terraform.Options{}); err == nil || out != nil {
			t.Errorf("%s: got %q, %v", name, out, err)
		}
		if out, err := terraform.External(packs); name != "twice" && (err == nil || out != nil) {
			t.Errorf("%s, external: got %q, %v", name, out, err)
		}
	}
	_, err := terraform.Render(nil, terraform.Options{Shape: "nope"})
	if failure.Code(err) != failure.ExitUsage {
		t.Errorf("an unknown shape: got %v", err)
	}
	pattern := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Version: "1.0.x", Profile: terraform.Profile{Context: terraform.ContextTenant, Name: "p", Version: "1.0.0"}}}
	_, err = terraform.Render(pattern, terraform.Options{})
	if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), "1.0.x") {
		t.Errorf("a pattern for the pack's version: got %v", err)
	}
	created := slices.Clone(pattern)
	created[0].Profile.Create, created[0].Profile.Cloud = true, "aws"
	if _, err = terraform.Render(created, terraform.Options{Shape: terraform.ShapeProfile}); failure.Code(err) != failure.ExitUsage {
		t.Errorf("a pattern for a new profile: got %v", err)
	}
	// A profile that is there has its pack.
	named := []terraform.Pack{{Name: "a", Pack: "generic-byoi", Version: "1.0.0-x"}}
	for shape, packs := range map[terraform.Shape][]terraform.Pack{terraform.ShapeProfile: pattern, terraform.ShapeLocals: created, terraform.ShapeData: named} {
		if _, err = terraform.Render(packs, terraform.Options{Shape: shape}); err != nil {
			t.Errorf("a pattern that is not looked up by %s: got %v", shape, err)
		}
	}
}

// A label names one profile, whatever else is rendered and in which order: Terraform
// would rename a profile to another that takes its label.
func TestLabels(t *testing.T) {
	label := func(project, name, version string) string {
		t.Helper()
		scope := terraform.ContextTenant
		if project != "" {
			scope = terraform.ContextProject
		}
		out, err := terraform.Render([]terraform.Pack{{Name: "a", Pack: "generic-byoi", Profile: terraform.Profile{
			Context: scope, Project: project, Name: name, Version: version, Cloud: "aws", Create: true,
		}}}, terraform.Options{Shape: terraform.ShapeProfile})
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(out), `resource "spectrocloud_cluster_profile" "`)
		name, _, _ = strings.Cut(rest, `"`)
		if !hclsyntax.ValidIdentifier(name) {
			t.Errorf("%q is no name in Terraform", name)
		}
		return name
	}
	if got := label("Default", "rhel-prod", "1.2.0"); got != "Default_rhel-prod_1_2_0" {
		t.Errorf("got %s", got)
	}
	seen := map[string][]string{}
	for _, profile := range [][]string{
		{"", "rhel-prod", "1.2.0"}, {"", "rhel prod", "1.2.0"}, {"", "rhel.prod", "1.2.0"}, {"", "rhel_prod", "1.2.0"}, {"", "Rhel-prod", "1.2.0"},
		{"rhel", "prod", "1.2.0"}, {"prod", "east-rhel", "1.0.0"}, {"prod-east", "rhel", "1.0.0"}, {"prod_east", "rhel", "1.0.0"}, {"prod", "east_rhel", "1.0.0"},
		{"", "prod_east_rhel", "1.0.0"}, {"", "x/y", "1.0.0"}, {"x", "y", "1.0.0"}, {"", "日本", "1.0.0"}, {"", "韓国", "1.0.0"}, {"", "9", "1.0.0"}, {"", "-9", "1.0.0"},
		{"", "a", "1.0.0-1"}, {"", "a", "1.0.0.1"}, {"", "a_1", "0.0.1"}, {"a", "1", "0.0.1"},
	} {
		l := label(profile[0], profile[1], profile[2])
		if seen[l] != nil {
			t.Errorf("%q and %q are both %s", seen[l], profile, l)
		}
		seen[l] = profile
	}
}

// The label of a pack's data source is its name in small letters and digits.
func TestLabelsOfPacks(t *testing.T) {
	for name, want := range map[string]string{"AZaz09{/:`[@-": "azaz09_______", "9": "_9", "0a": "_0a", "": "_", "é": "__"} {
		out, err := terraform.Render([]terraform.Pack{{Name: name, Pack: "generic-byoi"}}, terraform.Options{})
		if err != nil || !strings.Contains(string(out), `data "spectrocloud_pack" "`+want+`" {`) {
			t.Errorf("%q: got %s, %v", name, out, err)
		}
	}
}

// A user's resource names the data source of a pack: which one, must not depend on
// the order of packs.
func TestPacksThatLookAlike(t *testing.T) {
	packs := []terraform.Pack{{Name: "aws-east", Pack: "generic-byoi"}, {Name: "AWS.east", Pack: "edge-native-byoi"}}
	out, err := terraform.Render(packs, terraform.Options{})
	if failure.Code(err) != failure.ExitUsage || out != nil || !strings.Contains(told(err), "rename") {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := terraform.Render(packs, terraform.Options{Shape: terraform.ShapeLocals}); err != nil {
		t.Errorf("without data sources: got %v", err)
	}
}

// A label is the same in whichever order packs are, and what has one label is refused:
// registries, too, which each provider reads for itself.
func TestLabelsKeepTheirMeaning(t *testing.T) {
	of := func(name, project, registry string) terraform.Pack {
		p := terraform.Profile{Context: terraform.ContextProject, Project: project, Name: name, Version: "1.0.0", Cloud: "aws", Create: true}
		if project == "" {
			p.Context = terraform.ContextTenant
		}
		return terraform.Pack{Name: name, Pack: "generic-byoi", Registry: registry, Profile: p}
	}
	blocks := func(packs ...terraform.Pack) []string {
		t.Helper()
		out, err := terraform.Render(packs, terraform.Options{Shape: terraform.ShapeProfile})
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Split(string(out), "\n\n")
		for i := range all {
			all[i] = strings.TrimSpace(all[i])
		}
		slices.Sort(all)
		return all
	}
	packs := []terraform.Pack{of("a", "x", ""), of("b", "y", ""), of("c", "", ""), of("d", "", "Mirror"), of("e", "x", "Mirror")}
	want := blocks(packs...)
	slices.Reverse(packs)
	if diff := cmp.Diff(want, blocks(packs...)); diff != "" {
		t.Errorf("in another order (-one +other):\n%s", diff)
	}
	for _, shape := range []terraform.Shape{terraform.ShapeData, terraform.ShapeProfile} {
		alike := []terraform.Pack{of("a", "", "My Mirror"), of("b", "", "my-mirror")}
		out, err := terraform.Render(alike, terraform.Options{Shape: shape})
		if failure.Code(err) != failure.ExitUsage || out != nil || !strings.Contains(told(err), "target.registryUid") {
			t.Errorf("registries that look alike: got %q, %v", out, err)
		}
	}
}

// What a profile resource cannot say is refused: it would be another profile.
func TestProfileRefusals(t *testing.T) {
	const tenant, project = terraform.ContextTenant, terraform.ContextProject
	created := terraform.Profile{Context: tenant, Name: "p", Version: "1.0.0", Cloud: "aws", Create: true}
	for name, test := range map[string]struct {
		profiles []terraform.Profile
		want     string
	}{
		"no profile":                     {[]terraform.Profile{{}}, "target.profile"},
		"the latest version":             {[]terraform.Profile{{Context: tenant, Name: "p", Version: "latest"}}, "target.version"},
		"any version of what exists":     {[]terraform.Profile{{Context: tenant, Name: "p"}}, "target.version"},
		"no cloud for a new one":         {[]terraform.Profile{{Context: tenant, Name: "p", Create: true}}, "target.cloudType"},
		"a name that no import can have": {[]terraform.Profile{{Context: tenant, Name: "a:b", Version: "1.0.0"}}, `":"`},
		"one with space around it":       {[]terraform.Profile{{Context: tenant, Name: "a ", Version: "1.0.0"}}, "space around it"},
		"two packs of one target":        {[]terraform.Profile{created, created}, "by themselves"},
		"of one target, by default":      {[]terraform.Profile{created, {Context: tenant, Name: "p", Cloud: "aws", Create: true}}, "by themselves"},
		"of one target, of two clouds":   {[]terraform.Profile{created, {Context: tenant, Name: "p", Version: "1.0.0", Cloud: "eks", Create: true}}, "by themselves"},
		"projects that look alike": {
			[]terraform.Profile{{Context: project, Project: "a b", Name: "p", Version: "1.0.0"}, {Context: project, Project: "A-b", Name: "p", Version: "1.0.0"}}, "by themselves",
		},
		"of one target, created or not": {[]terraform.Profile{created, {Context: tenant, Name: "p", Version: "1.0.0"}}, "by themselves"},
	} {
		var packs []terraform.Pack
		for i, p := range test.profiles {
			packs = append(packs, terraform.Pack{Name: fmt.Sprint("pack-", i), Pack: "generic-byoi", Profile: p})
		}
		out, err := terraform.Render(packs, terraform.Options{Shape: terraform.ShapeProfile})
		if failure.Code(err) != failure.ExitUsage || out != nil || !strings.Contains(told(err), test.want) {
			t.Errorf("%s: got %q, %v", name, out, err)
		}
	}
	for _, p := range []terraform.Profile{{}, {Context: project}, {Context: tenant, Project: "x"}, {Context: "system"}} {
		p.Name, p.Version = "p", "1.0.0"
		if out, err := terraform.Render([]terraform.Pack{{Name: "a", Profile: p}}, terraform.Options{Shape: terraform.ShapeProfile}); err == nil {
			t.Errorf("%+v is of nobody, and is written:\n%s", p, out)
		}
	}
	apart := []terraform.Pack{
		{Name: "a", Pack: "generic-byoi", Profile: created},
		{Name: "b", Pack: "generic-byoi", Profile: terraform.Profile{Context: terraform.ContextProject, Project: "x", Name: "p", Version: "1.0.0", Cloud: "aws", Create: true}},
		{Name: "c", Pack: "generic-byoi", Profile: terraform.Profile{Context: tenant, Name: "p", Version: "1.1.0", Cloud: "aws", Create: true}},
	}
	apart[2].Profile.Name = " p:1 " // which no import needs
	if out, err := terraform.Render(apart, terraform.Options{Shape: terraform.ShapeProfile}); err != nil || strings.Contains(string(out), "locals") {
		t.Errorf("three targets: got %s, %v", out, err)
	}
}

func parse(t *testing.T, data []byte, asJSON bool) *hcl.File {
	t.Helper()
	if asJSON {
		file, diags := hcljson.Parse(data, "x.tf.json")
		if diags.HasErrors() {
			t.Fatalf("%s\n%s", diags, data)
		}
		return file
	}
	file, diags := hclsyntax.ParseConfig(data, "x.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags, data)
	}
	return file
}

// told is an error as a user reads it.
func told(err error) string {
	var e *failure.Error
	if errors.As(err, &e) {
		return e.Error() + "; " + e.Next
	}
	return fmt.Sprint(err)
}
