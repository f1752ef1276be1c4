package spec_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
	"github.com/kubectl-byoos/kubectl-byoos/internal/schemacheck"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

const head = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: golden, type: packer, config: {manifest: m.json}}
`

const valid = head + `packs:
  - name: aws
    pack: generic-byoi
`

func details(t *testing.T, err error) []string {
	t.Helper()
	var failed *failure.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want a *failure.Error", err)
	}
	if failed.Code != failure.ExitUsage {
		t.Errorf("got exit code %d, want %d", failed.Code, failure.ExitUsage)
	}
	if failed.Next == "" {
		t.Errorf("%v has no next step", failed)
	}
	return failed.Details
}

func TestParseExample(t *testing.T) {
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, err := spec.Parse("byoos.yaml", data, "/repo")
	if err != nil {
		t.Fatal(err, details(t, err))
	}
	if got := document.Set.Packs[0].Select.OS; got != (spec.OS{Name: "rhel", Version: "8"}) {
		t.Errorf("got os %+v", got)
	}
	if document.Set.Dir != "/repo" || document.Set.File != "byoos.yaml" {
		t.Errorf("got dir %q, file %q", document.Set.Dir, document.Set.File)
	}
}

func TestParseWindows(t *testing.T) {
	data := "\uFEFF" + strings.ReplaceAll(valid, "\n", "\r\n")
	data = strings.Replace(data, "manifest: m.json", `manifest: out\packer.json`, 1)
	document, err := spec.Parse("b", []byte(data), "/")
	if err != nil {
		t.Fatal(err, details(t, err))
	}
	if got := document.Set.Sources[0].Config["manifest"]; got != `out\packer.json` {
		t.Errorf("got %q", got)
	}
}

func TestReportIsCapped(t *testing.T) {
	for keys, want := range map[int]string{100: "and 75 more", 25: `b:32:5: packs[0]: unknown key "x24": valid are edge, matrix, name, pack, select, sources, target, values`} {
		_, err := spec.Parse("b", []byte(valid+repeated(keys, "    x%d: 1\n")), "/")
		if got := details(t, err); len(got) != min(keys, 26) || got[len(got)-1] != want {
			t.Errorf("got %d lines, the last %q", len(got), got[len(got)-1])
		}
	}
}

func TestExpand(t *testing.T) {
	set := spec.ImageSet{Mirrors: []mirror.Rule{{}}, Packs: []spec.Pack{
		{Name: "aws", Pack: spec.GenericBYOI, Matrix: spec.Matrix{Region: []string{"us-east-1", "eu-west-1"}, Architecture: []string{"amd64", "arm64"}}},
		{Name: "azure", Pack: spec.GenericBYOI, Matrix: spec.Matrix{Region: []string{"West US 2", "-A Z?a-z_09."}, KubernetesVersion: []string{">=1.29 <1.31"}}},
		{Name: "edge", Pack: spec.EdgeNativeBYOI},
	}}
	packs, err := set.Expand()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range packs {
		got = append(got, strings.Join([]string{p.Name, p.Base, p.Select.Region, p.Select.Architecture, p.Select.KubernetesVersion, string(p.Select.Pick)}, "|"))
	}
	want := []string{
		"aws-us-east-1-amd64|aws|us-east-1|amd64||newest",
		"aws-us-east-1-arm64|aws|us-east-1|arm64||newest",
		"aws-eu-west-1-amd64|aws|eu-west-1|amd64||newest",
		"aws-eu-west-1-arm64|aws|eu-west-1|arm64||newest",
		"azure-West-US-2-1.29-1.31|azure|West US 2||>=1.29 <1.31|newest",
		"azure-A-Z-a-z_09-1.29-1.31|azure|-A Z?a-z_09.||>=1.29 <1.31|newest",
		"edge|edge||||newest",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&spec.Edge{Shape: "system", Reference: "template"}, packs[6].Edge); diff != "" {
		t.Error(diff)
	}
	if len(packs[0].Mirrors) != 1 || packs[0].Mirrors[0] != set.Mirrors[0] {
		t.Errorf("the mirrors of a pack are %v", packs[0].Mirrors)
	}
	if set.Packs[0].Select.Region != "" || set.Packs[2].Edge != nil {
		t.Error("Expand changed the set")
	}
}

// Each pack of a matrix has a target of its own, which its templates make.
func TestTargetsOfAMatrix(t *testing.T) {
	const head = "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources: [{name: a, type: packer}]\npacks:\n- name: p\n  pack: generic-byoi\n"
	for name, c := range map[string]struct {
		pack string
		want []string // project/profile/version/cloudType
		err  string
	}{
		"no matrix":    {"  target: {profile: rhel}", []string{"/rhel//"}, ""},
		"of select":    {"  select: {region: West US 2}\n  target: {profile: 'rhel-{{region}}', project: '{{ region }}-team'}", []string{"West-US-2-team/rhel-West-US-2//"}, ""},
		"of a matrix":  {"  matrix: {region: [us-east-1, West US 2]}\n  target: {profile: 'rhel-{{region}}'}", []string{"/rhel-us-east-1//", "/rhel-West-US-2//"}, ""},
		"one value":    {"  matrix: {region: [us-east-1]}\n  target: {profile: rhel}", []string{"/rhel//"}, ""},
		"a project":    {"  matrix: {region: [a, b]}\n  target: {profile: rhel, project: 'team-{{region}}'}", []string{"team-a/rhel//", "team-b/rhel//"}, ""},
		"versions":     {"  matrix: {kubernetesVersion: ['1.30.4', '~1.31.2']}\n  target: {profile: rhel, version: '{{kubernetesVersion}}'}", []string{"/rhel/1.30.4/", "/rhel/1.31.2/"}, ""},
		"cloud types":  {"  matrix: {provider: [aws, azure]}\n  target: {profile: 'rhel-{{provider}}', create: true, cloudType: '{{provider}}'}", []string{"/rhel-aws//aws", "/rhel-azure//azure"}, ""},
		"one target":   {"  matrix: {region: [a, b]}\n  target: {profile: rhel}", nil, "b:8:3: packs[0].target: the matrix makes packs p-a and p-b, and both would go into profile \"rhel\": have the target say what the matrix varies, as in profile: \"rhel-{{region}}\"; project and version take it, too"},
		"not all keys": {"  matrix: {region: [a, b], architecture: [amd64, arm64]}\n  target: {profile: 'rhel-{{region}}'}", nil, "as in profile: \"rhel-{{region}}-{{architecture}}\""},
		"no version":   {"  matrix: {kubernetesVersion: ['~1.30', '~1.31']}\n  target: {profile: rhel, version: '{{kubernetesVersion}}'}", nil, "version \"{{kubernetesVersion}}\" is \"1.30\" for pack p-1.30, which is not a version of a profile"},
		"latest":       {"  select: {provider: latest}\n  target: {profile: rhel, version: '{{provider}}'}", []string{"/rhel/latest/"}, ""},
		"not opened":   {"  select: {region: a}\n  target: {profile: 'rhel-region}}'}", nil, "has braces that open or close nothing"},
		"no key":       {"  matrix: {region: [a, b]}\n  target: {profile: 'rhel-{{reigon}}'}", nil, "packs[0].target.profile: {{reigon}} stands for nothing: write {{provider}}, {{region}}"},
		"no value":     {"  target: {profile: 'rhel-{{region}}'}", nil, "{{region}} has no value: add region to matrix or select"},
		"not closed":   {"  select: {region: a}\n  target: {profile: 'rhel-{{region}'}", nil, "has braces that open or close nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			document, err := spec.Parse("b", []byte(head+c.pack+"\n"), "/x")
			if c.err != "" {
				var f *failure.Error
				if !errors.As(err, &f) || f.Code != failure.ExitUsage || !strings.Contains(strings.Join(f.Details, "\n"), c.err) {
					t.Errorf("got %+v", f)
				}
				return
			}
			if err != nil {
				t.Fatalf("%+v", err)
			}
			packs, err := document.Set.Expand()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range packs {
				got = append(got, strings.Join([]string{p.Target.Project, p.Target.Profile, p.Target.Version, p.Target.CloudType}, "/"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is no version of a profile never gets into a request.
func TestVersionOfATarget(t *testing.T) {
	for version, good := range map[string]bool{
		"1.2.0": true, "latest": true, "": false, "x/../y": false, "1.2": false, "v1.2.0": false, "1.2.0/..": false, " 1.2.0": false,
		"1.2.0?x": false, "1.2.0#": false, "1.2.0%2f": false, "LATEST": false, "1.2.0.0": false, "1.2.0\\n": false, "01.2.0": false,
	} {
		text := "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources: [{name: a, type: packer}]\npacks:\n- name: p\n  pack: generic-byoi\n  target: {profile: p, version: \"" + version + "\"}\n"
		if _, err := spec.Parse("b", []byte(text), "/x"); (err == nil) != good || err != nil && failure.Code(err) != failure.ExitUsage {
			t.Errorf("%q: got %v", version, err)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	most := spec.ImageSet{Packs: []spec.Pack{{Name: "a", Matrix: spec.Matrix{Region: many[:100], Architecture: many[:100]}}}}
	if packs, err := most.Expand(); len(packs) != spec.MaxPacks {
		t.Errorf("%d packs, %v", len(packs), err)
	}
	for name, packs := range map[string][]spec.Pack{
		"both in select and in matrix": {{Name: "a", Select: spec.Select{Region: "x"}, Matrix: spec.Matrix{Region: []string{"x"}}}},
		"two packs named \"a-x\"":      {{Name: "a", Matrix: spec.Matrix{Region: []string{"x"}}}, {Name: "a-x"}},
		"the spec has 40000 packs":     {{Name: "a", Matrix: spec.Matrix{Region: many, Architecture: many}}},
		"nothing that a name can":      {{Name: "a", Matrix: spec.Matrix{Region: []string{"?"}}}},
	} {
		set := spec.ImageSet{Packs: packs}
		_, err := set.Expand()
		if failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, err := spec.Parse("b", data, "/")
	if err != nil {
		t.Fatal(err)
	}
	written, err := document.Set.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := spec.Parse("b", written, "/")
	if err != nil {
		t.Fatal(err, details(t, err), string(written))
	}
	if diff := cmp.Diff(document.Set, again.Set); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"version: \"8\"\n", "kubernetesVersion: ~1.30\n", "      - name: golden\n"[4:]} {
		if !strings.Contains(string(written), want) {
			t.Errorf("%q is not in\n%s", want, written)
		}
	}
}

func TestEmptyMarshalHasNoEmptyKeys(t *testing.T) {
	set := spec.ImageSet{APIVersion: spec.APIVersion, Kind: spec.Kind, Sources: []spec.Source{{Name: "a", Type: "packer"}}, Packs: []spec.Pack{{Name: "a", Pack: spec.GenericBYOI}}}
	got, err := set.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	unwritable := spec.ImageSet{Sources: []spec.Source{{Config: map[string]any{"a": func() {}}}}}
	if text, err := unwritable.Marshal(); err == nil {
		t.Errorf("a function is written as %q", text)
	}
	want := "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n  - name: a\n    type: packer\npacks:\n  - name: a\n    pack: generic-byoi\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

const pluginSchema = `{"$ref": "#/$defs/config", "$defs": {"config": {"type": "object", "additionalProperties": false, "required": ["manifest"], "properties": {
	"manifest": {"type": "string"}, "runs": {"type": "string", "enum": ["latest", "all"]}, "depth": {"type": "integer"},
	"follow": {"type": "boolean"}, "regions": {"type": "array", "items": {"type": "string"}}, "vsphere": {"type": "object", "properties": {"folder": {"type": "string"}}}
}}}}`

// A set that is in no file is held to what a file is.
func TestMade(t *testing.T) {
	set := spec.ImageSet{
		APIVersion: spec.APIVersion, Kind: spec.Kind, Dir: "/w",
		Sources: []spec.Source{{Name: "a", Type: "packer", Config: map[string]any{"manifst": schemacheck.Texts{"x"}, "depth": schemacheck.Texts{"deep"}}}},
		Packs:   []spec.Pack{{Name: "a", Pack: spec.GenericBYOI, Select: spec.Select{Name: "a\x7f\u2028\u00a0*"}}},
	}
	document, problems := spec.Made(set)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(set, document.Set); diff != "" {
		t.Error(diff)
	}
	_, err := document.CheckConfig("a", pluginSchema)
	want := []string{"depth: deep is text; a whole number is wanted", `unknown key "manifst": did you mean "manifest"?`}
	if diff := cmp.Diff(want, details(t, err)); diff != "" || !strings.Contains(err.Error(), "the configuration of --source packer is not valid") {
		t.Error(err, diff)
	}
	set.Sources[0].Config = map[string]any{"manifest": schemacheck.Texts{"a\x7f\u00a0"}}
	document, _ = spec.Made(set)
	if config, err := document.CheckConfig("a", pluginSchema); err != nil || config["manifest"] != "a\x7f\u00a0" {
		t.Errorf("got %v, %v", config, err)
	}
	set.Packs[0].Pack, set.Packs[0].Select.Where = "generic", "image.ownr"
	_, problems = spec.Made(set)
	if len(problems) != 2 || problems[0].Path != "packs[0].pack" || problems[1].Path != "packs[0].select.where" {
		t.Errorf("got %v", problems)
	}
	for range 200 {
		set.Sources[0].Config = map[string]any{"a": set.Sources[0].Config}
	}
	if document, problems := spec.Made(set); document != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "nested deeper") {
		t.Errorf("got %v", problems)
	}
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte(valid))
	f.Add([]byte("\uFEFF" + strings.ReplaceAll(valid, "\n", "\r\n") + "    select: {<<: {region: x}, where: 'age < duration(\"1h\")'}\r\n    matrix: {region: [a, b]}\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		document, err := spec.Parse("b", data, "/")
		if err != nil {
			if failure.Code(err) != failure.ExitUsage {
				t.Fatalf("got %v, which is no usage error", err)
			}
			return
		}
		packs, err := document.Set.Expand()
		if err != nil {
			t.Fatalf("a valid spec does not expand: %v", err)
		}
		names := map[string]bool{}
		for _, p := range packs {
			if names[p.Name] {
				t.Fatalf("two packs named %q", p.Name)
			}
			names[p.Name] = true
		}
		written, err := document.Set.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := spec.Parse("b", written, "/")
		if err != nil {
			t.Fatalf("what was written does not parse: %v\n%s", err, written)
		}
		if diff := cmp.Diff(document.Set, again.Set); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	example, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"small": []byte(valid), "example": example} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := spec.Parse("b", data, "/"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestValidSpecs: what has no problem, such as packs that all name no image, and so
// need no sources.
func TestValidSpecs(t *testing.T) {
	const noSources = "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\n"
	for _, text := range []string{
		noSources + "packs: [{name: a, pack: edge-native-byoi, edge: {agentMode: true}}]\n",
		noSources + "packs: [{name: a, pack: edge-native-byoi, select: {tags: {}}, edge: {agentMode: true}}]\n",
		head + "packs: [{name: a, pack: edge-native-byoi, edge: {kubernetesVersions: [1.30.4]}}]\n",
		valid + "    target: {profile: p, registry: r}\n", valid + "    target: {profile: p, registryUid: r}\n",
	} {
		if _, err := spec.Parse("b", []byte(text), "/"); err != nil {
			t.Errorf("%s%v %q", text, err, details(t, err))
		}
	}
}

func TestInvalidSpecSaysWhereTheKeysAre(t *testing.T) {
	_, err := spec.Parse("b.yaml", []byte("kind: Pod\n"), "/")
	want := "correct b.yaml; the command schema lists every key, and " +
		"https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/spec.md explains them"
	var failed *failure.Error
	if !errors.As(err, &failed) || failed.Next != want || failed.Summary != "b.yaml is not a valid spec" {
		t.Errorf("got %+v, want %s", failed, want)
	}
}
