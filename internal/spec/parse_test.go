package spec_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
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

// numbers is a list of so many values.
func numbers(count int) string { return strings.TrimSuffix(repeated(count, "v%d, "), ", ") }

func repeated(count int, format string) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestParseProblems(t *testing.T) {
	tests := []struct {
		name string
		data string
		want []string
	}{
		{
			"unknown keys and the nearest", head + "packs:\n  - name: aws\n    pack: generic-byoi\n    select: {regoin: us-east-1}\n    region: us-east-1\n    Values: {osName: rhel}\n",
			[]string{
				`b:8:14: packs[0].select: unknown key "regoin": did you mean "region"?`,
				`b:9:5: packs[0]: unknown key "region": it is a key of matrix or select, one level deeper`,
				`b:10:5: packs[0]: unknown key "Values": did you mean "values"?`,
			},
		},
		{
			"numbers that are text", head + "packs:\n  - name: aws\n    pack: generic-byoi\n    select:\n      kubernetesVersion: 1.30\n    values:\n      osVersion: 8\n  - name: b\n    pack: generic-byoi\n    values: {osVersion: 24.10}\n",
			[]string{
				`b:9:26: packs[0].select.kubernetesVersion: 1.30 (read as 1.3) is a number; text is wanted: quote it: "1.30"`,
				`b:11:18: packs[0].values.osVersion: 8 is a number; text is wanted: quote it: "8"`,
				`b:14:25: packs[1].values.osVersion: 24.10 (read as 24.1) is a number; text is wanted: quote it: "24.10"`,
			},
		},
		{
			"names", "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n  - {name: a, type: packer}\n  - {name: a, type: ./evil}\npacks:\n  - {name: x, pack: generic-byoi, sources: [goldn, a]}\n  - {name: x, pack: generic-byoi}\n  - {name: -x, pack: generic}\n",
			[]string{
				`b:5:12: sources[1].name: "a" is already the name of sources[0]: names are unique`,
				`b:5:21: sources[1].type: "./evil" is not valid: it is the name of a plugin (packer for byoos-source-packer) and never a path`,
				`b:7:45: packs[0].sources[0]: there is no source "goldn": valid are a`,
				`b:8:12: packs[1].name: "x" is already the name of packs[0]: names are unique`,
				`b:9:12: packs[2].name: "-x" is not valid: use letters and digits with . _ or - between them`,
				`b:9:22: packs[2].pack: generic is not one of generic-byoi, edge-native-byoi: did you mean "generic-byoi"?`,
			},
		},
		{
			"select and matrix", valid + "    select: {region: us-east-1, architecture: x86_64}\n    matrix:\n      region: [us-east-1, eu-west-1]\n      architecture: [amd64, aarch64, '~']\n",
			[]string{
				`b:8:47: packs[0].select.architecture: "x86_64" is not how architectures are spelled here: write amd64`,
				`b:10:7: packs[0].matrix.region: region is in select too: keep it in one of them`,
				`b:11:7: packs[0].matrix.architecture: architecture is in select too: keep it in one of them`,
				`b:11:29: packs[0].matrix.architecture[1]: "aarch64" is not how architectures are spelled here: write arm64`,
				`b:11:38: packs[0].matrix.architecture[2]: "~" has nothing that a pack's name can be made of`,
			},
		},
		{
			"ranges and expressions", valid + "    select:\n      kubernetesVersion: about 1.30\n      where: image.ownr == \"self\"\n      pick: first\n  - name: b\n    pack: generic-byoi\n    select:\n      where: age < duration(\"90d\")\n    matrix: {kubernetesVersion: [~1.30, 1.x.y]}\n",
			[]string{
				`b:9:26: packs[0].select.kubernetesVersion: "about 1.30" is not a semver range: write "~1.30" or ">=1.29 <1.31"`,
				`b:10:14: packs[0].select.where: column 6 of the expression: undefined field 'ownr': did you mean "owner"?`,
				`b:11:13: packs[0].select.pick: first is not one of newest, exactlyOne`,
				`b:15:14: packs[1].select.where: column 16 of the expression: invalid duration argument: write hours, minutes or seconds: 90 days are duration("2160h")`,
				`b:16:41: packs[1].matrix.kubernetesVersion[1]: "1.x.y" is not a semver range: write "~1.30" or ">=1.29 <1.31"`,
			},
		},
		{
			"packs that do not have it", valid + "    edge: {shape: 1.0}\n    values: {peVersion: v4.4.0}\n  - name: b\n    pack: edge-native-byoi\n    select: {provider: oci}\n    sources: [golden]\n    edge: {agentMode: true}\n  - name: c\n    pack: edge-native-byoi\n    edge: {reference: digest, kubernetesVersions: [~1.30]}\n",
			[]string{
				`b:8:19: packs[0].edge.shape: 1.0 (read as 1) is a number; text is wanted: quote it: "1.0"`,
			},
		},
		{
			"edge", valid + "    edge: {shape: '1.0'}\n    values: {peVersion: v4.4.0}\n  - name: b\n    pack: edge-native-byoi\n    select: {provider: oci}\n    sources: [golden]\n    edge: {agentMode: true}\n  - name: c\n    pack: edge-native-byoi\n    edge: {reference: digest, kubernetesVersions: [~1.30]}\n",
			[]string{
				`b:8:5: packs[0].edge: edge is for pack edge-native-byoi: remove it, or change pack`,
				`b:9:25: packs[0].values.peVersion: pack generic-byoi has no value peVersion: it has osName and osVersion`,
				`b:12:5: packs[1].select: edge.agentMode needs no image, so nothing is selected: remove select or edge.agentMode`,
				`b:13:5: packs[1].sources: edge.agentMode needs no image, so nothing is selected: remove sources or edge.agentMode`,
				`b:17:31: packs[2].edge.kubernetesVersions: it has no effect with reference: digest: remove it, or use reference: template`,
				`b:17:52: packs[2].edge.kubernetesVersions[0]: "~1.30" is not a version: write versions such as 1.30.4, not ranges`,
			},
		},
		{
			"shapes and references that are none", valid + "  - {name: b, pack: edge-native-byoi, edge: {shape: '2', reference: x}}\n",
			[]string{
				`b:8:53: packs[1].edge.shape: 2 is not one of system, 1.0`,
				`b:8:69: packs[1].edge.reference: x is not one of template, tag, digest`,
			},
		},
		{
			"target", valid + "    target: {profile: p, version: '1.2', cloudType: aws}\n  - {name: b, pack: generic-byoi, target: {version: 1.2.0}}\n",
			[]string{
				`b:8:35: packs[0].target.version: "1.2" is not a version of a profile: write three numbers, as 1.2.0, or latest`,
				`b:9:35: packs[1].target: the key "profile" is missing: add profile: ... (Profile by name)`,
			},
		},
		{
			"target's scope, registry and pack version",
			valid + "    target: {profile: p, version: latest, scope: tenant, project: x, registry: r, registryUid: u, packVersion: 1.x.0}\n" +
				"  - {name: b, pack: generic-byoi, target: {profile: p, packVersion: 1.0.x, scope: tenant, replace: true, type: infra}}\n",
			[]string{
				`b:8:67: packs[0].target.project: a profile of the tenant is in no project: remove project, or scope: tenant`,
				`b:8:96: packs[0].target.registryUid: registry names the registry already: keep one of them`,
				`b:8:112: packs[0].target.packVersion: "1.x.0" is not a version of a pack: write 1.0.0, or 1.0.x for the newest of these`,
			},
		},
		{
			"names that clash after expansion", valid + "    matrix: {region: [east]}\n  - {name: aws-east, pack: generic-byoi}\n",
			[]string{`b:9:12: packs[1].name: the matrix makes two packs named "aws-east": of aws with region "east", and of aws-east: rename one`},
		},
		{
			"values of a matrix that are one",
			valid + "    matrix: {provider: [aws, AWS], region: [US-EAST-1, eu-west-1, us-east-1, West US 2, westus2], kubernetesVersion: [~1.30, '1.30'], architecture: [s390x, S390X]}\n",
			[]string{
				`b:8:30: packs[0].matrix.provider[1]: "aws" and "AWS" are one provider: keep one of them`,
				`b:8:67: packs[0].matrix.region[2]: "US-EAST-1" and "us-east-1" are one region: keep one of them`,
				`b:8:89: packs[0].matrix.region[4]: "West US 2" and "westus2" are one region: keep one of them`,
				`b:8:126: packs[0].matrix.kubernetesVersion[1]: "~1.30" and "1.30" give packs one name, with "1.30" in it: keep one of them, or make a pack of its own`,
				`b:8:157: packs[0].matrix.architecture[1]: "s390x" and "S390X" are one architecture: keep one of them`,
			},
		},
		{
			"combinations of a matrix that make one name", valid + "    matrix: {region: [a, a-b], architecture: [b-c, c]}\n",
			[]string{`b:8:5: packs[0].matrix: the matrix makes two packs named "aws-a-b-c": of aws with region "a", architecture "b-c", and of aws with region "a-b", architecture "c": rename one`},
		},
		{
			"too many packs", valid + "    matrix: {region: [" + numbers(1000) + "], architecture: [" + numbers(1000) + "], kubernetesVersion: [" + numbers(1000) + "]}\n",
			[]string{`b:8:5: packs[0].matrix: the spec has 1000000000 packs with what the matrix makes, and 10000 are allowed: make it smaller, or split the spec`},
		},
		{
			"too many packs of many matrices", head + "packs:\n" + repeated(1000, "  - {name: p%d, pack: generic-byoi, matrix: {region: ["+numbers(20)+"], architecture: ["+numbers(20)+"], provider: ["+numbers(20)+"]}}\n"),
			[]string{`b:7:36: packs[1].matrix: the spec has 16000 packs with what the matrix makes, and 10000 are allowed: make it smaller, or split the spec`},
		},
		{
			"nothing in it", "apiVersion: byoos.dev/v1\nkind: ImageSet\n",
			[]string{
				`b:1:1: the key "packs" is missing: add packs: ... (Packs each pick one image and render it)`,
				`b:1:13: apiVersion: byoos.dev/v1 is not allowed: write byoos.dev/v1alpha1`,
			},
		},
		{
			"no sources for packs that need an image", "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\npacks:\n" +
				"  - {name: a, pack: edge-native-byoi, edge: {agentMode: true}}\n" +
				"  - {name: b, pack: edge-native-byoi}\n  - {name: c, pack: generic-byoi, sources: [golden]}\n",
			[]string{
				`b:5:5: packs[1]: pack b needs an image, and the spec has no sources: add sources, or set edge.agentMode: true`,
				`b:6:5: packs[2]: pack c needs an image, and the spec has no sources: add sources`,
			},
		},
		{
			"parts of a tag selected in agent mode", "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\npacks:\n" +
				"  - {name: a, pack: edge-native-byoi, select: {customTag: x}, edge: {agentMode: true}}\n" +
				"  - {name: b, pack: edge-native-byoi, select: {k8sDistribution: k3s}, edge: {agentMode: true}}\n",
			[]string{
				`b:4:39: packs[0].select: edge.agentMode needs no image, so nothing is selected: remove select or edge.agentMode`,
				`b:5:39: packs[1].select: edge.agentMode needs no image, so nothing is selected: remove select or edge.agentMode`,
			},
		},
		{
			"lists of sources that are empty", "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources: []\npacks:\n" +
				"  - {name: a, pack: edge-native-byoi, sources: [], edge: {agentMode: true}}\n",
			[]string{
				`b:3:1: sources: must have at least one item`,
				`b:5:39: packs[0].sources: must have at least one item`,
			},
		},
		{
			"selections that an empty value would widen", valid + "    select: {region: '', provider: , tags: {'': x}}\n    matrix: {architecture: []}\n",
			[]string{
				`b:8:14: packs[0].select.region: must not be empty: give it a value or remove the key`,
				`b:8:26: packs[0].select.provider: has no value; text is wanted: give it a value or remove the key`,
				`b:8:38: packs[0].select.tags: a tag has no name: write name: value`,
				`b:9:14: packs[0].matrix.architecture: must have at least one item`,
			},
		},
		{"a Windows editor", "\uFEFF" + strings.ReplaceAll(valid, "\n", "\r\n") + "    select:\r\n\t  region: us-east-1\r\n", []string{`b:9:1: a tab indents this line: YAML wants spaces`}},
		{"two documents", valid + "---\n" + valid, []string{`b:9:1: a second document begins here: keep one document in a file; drop the --- or split the file`}},
		{"empty", "", []string{`b:1:1: the file is empty`}},
		{"another kind of document", "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {}}\nspec: {}\n", []string{
			`b:1:1: the key "packs" is missing: add packs: ... (Packs each pick one image and render it)`,
			`b:1:13: apiVersion: v1 is not allowed: write byoos.dev/v1alpha1`,
			`b:2:7: kind: Pod is not allowed: write ImageSet`,
			`b:3:21: metadata: unknown key "labels": valid are name`,
			`b:4:1: unknown key "spec": valid are apiVersion, kind, metadata, packs, sources`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := spec.Parse("b", []byte(test.data), "/")
			if diff := cmp.Diff(test.want, details(t, err)); diff != "" {
				t.Error(diff)
			}
		})
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
	data := valid
	for i := range 100 {
		data += fmt.Sprintf("    x%d: 1\n", i)
	}
	_, err := spec.Parse("b", []byte(data), "/")
	got := details(t, err)
	if len(got) != 26 || got[25] != "and 75 more" {
		t.Errorf("got %d lines, the last %q", len(got), got[len(got)-1])
	}
}

func TestExpand(t *testing.T) {
	set := spec.ImageSet{Packs: []spec.Pack{
		{Name: "aws", Pack: spec.GenericBYOI, Matrix: spec.Matrix{Region: []string{"us-east-1", "eu-west-1"}, Architecture: []string{"amd64", "arm64"}}},
		{Name: "azure", Pack: spec.GenericBYOI, Matrix: spec.Matrix{Region: []string{"West US 2"}, KubernetesVersion: []string{">=1.29 <1.31"}}},
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
		"edge|edge||||newest",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&spec.Edge{Shape: "system", Reference: "template"}, packs[5].Edge); diff != "" {
		t.Error(diff)
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
	want := "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n  - name: a\n    type: packer\npacks:\n  - name: a\n    pack: generic-byoi\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

const pluginSchema = `{"$ref": "#/$defs/config", "$defs": {"config": {"type": "object", "additionalProperties": false, "required": ["manifest"], "properties": {
	"manifest": {"type": "string"}, "runs": {"type": "string", "enum": ["latest", "all"]}, "depth": {"type": "integer"},
	"follow": {"type": "boolean"}, "regions": {"type": "array", "items": {"type": "string"}}, "vsphere": {"type": "object", "properties": {"folder": {"type": "string"}}}
}}}}`

func TestCheckConfig(t *testing.T) {
	document, err := spec.Parse("b", []byte(head+"  - name: other\n    type: packer\n    config:\n      manifst: x\n      endpoint: https://evil.example\n      depth: deep\npacks:\n  - {name: a, pack: generic-byoi}\n"), "/")
	if err != nil {
		t.Fatal(err, details(t, err))
	}
	config, err := document.CheckConfig("golden", pluginSchema)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"manifest": "m.json"}, config); diff != "" {
		t.Error(diff)
	}
	_, err = document.CheckConfig("other", pluginSchema)
	want := []string{
		`b:8:7: sources[1].config: unknown key "manifst": did you mean "manifest"?`,
		`b:9:7: sources[1].config: unknown key "endpoint": a spec never names where credentials go; set it in the environment or in your own configuration file`,
		`b:10:14: sources[1].config.depth: deep is text; a whole number is wanted`,
	}
	if diff := cmp.Diff(want, details(t, err)); diff != "" {
		t.Error(diff)
	}
	const huge = "  - name: huge\n    type: packer\n    config: {manifest: a, depth: 9007199254740993, more: [{n: -9007199254740993}, 99999999999999999999, 9007199254740992, 1e20]}\n"
	document, err = spec.Parse("b", []byte(head+huge+"packs:\n  - {name: a, pack: generic-byoi}\n"), "/")
	if err != nil {
		t.Fatal(err, details(t, err))
	}
	_, err = document.CheckConfig("huge", `{}`)
	const tooLarge = " is too large a whole number: it would arrive as another one: whole numbers go up to 9007199254740992; quote it if text is meant"
	want = []string{
		"b:7:34: sources[1].config.depth: 9007199254740993" + tooLarge,
		"b:7:63: sources[1].config.more[0].n: -9007199254740993" + tooLarge,
		"b:7:83: sources[1].config.more[1]: 99999999999999999999" + tooLarge,
	}
	if diff := cmp.Diff(want, details(t, err)); diff != "" {
		t.Error(diff)
	}
	if _, err := document.CheckConfig("golden", `{"type": 1}`); failure.Code(err) != failure.ExitSource {
		t.Errorf("got %v for an invalid schema", err)
	}
}

func TestCheckConfigOfNone(t *testing.T) {
	document, err := spec.Parse("b", []byte("apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources: [{name: a, type: packer}]\npacks: [{name: a, pack: generic-byoi}]\n"), "/")
	if err != nil {
		t.Fatal(err, details(t, err))
	}
	_, err = document.CheckConfig("a", pluginSchema)
	if got := strings.Join(details(t, err), ""); got != `b:3:11: sources[0].config: the key "manifest" is missing: add manifest: ...` {
		t.Errorf("got %s", got)
	}
}

// A set that is in no file is held to what a file is.
func TestMade(t *testing.T) {
	set := spec.ImageSet{
		APIVersion: spec.APIVersion, Kind: spec.Kind, Dir: "/w",
		Sources: []spec.Source{{Name: "a", Type: "packer", Config: map[string]any{"manifst": schemacheck.Texts{"x"}, "depth": schemacheck.Texts{"deep"}}}},
		Packs:   []spec.Pack{{Name: "a", Pack: spec.GenericBYOI, Select: spec.Select{Name: "a\x7f\u2028\u00a0*"}}},
	}
	document, problems, err := spec.Made(set)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if diff := cmp.Diff(set, document.Set); diff != "" {
		t.Error(diff)
	}
	_, err = document.CheckConfig("a", pluginSchema)
	want := []string{"depth: deep is text; a whole number is wanted", `unknown key "manifst": did you mean "manifest"?`}
	if diff := cmp.Diff(want, details(t, err)); diff != "" {
		t.Error(diff)
	}
	set.Sources[0].Config = map[string]any{"manifest": schemacheck.Texts{"a\x7f\u00a0"}}
	if document, _, err = spec.Made(set); err != nil {
		t.Fatal(err)
	}
	if config, err := document.CheckConfig("a", pluginSchema); err != nil || config["manifest"] != "a\x7f\u00a0" {
		t.Errorf("got %v, %v", config, err)
	}
	set.Packs[0].Pack, set.Packs[0].Select.Where = "generic", "image.ownr"
	_, problems, err = spec.Made(set)
	if err != nil || len(problems) != 2 || problems[0].Path != "packs[0].pack" || problems[1].Path != "packs[0].select.where" {
		t.Errorf("got %v, %v", err, problems)
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

// TestAgentModeNeedsNoSources has a spec whose packs all name no image.
func TestAgentModeNeedsNoSources(t *testing.T) {
	const head, pack = "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\n", "packs: [{name: a, pack: edge-native-byoi, edge: {agentMode: true}}]\n"
	if _, err := spec.Parse("b", []byte(head+pack), "/"); err != nil {
		t.Errorf("%v %q", err, details(t, err))
	}
}

func TestInvalidSpecSaysWhereTheKeysAre(t *testing.T) {
	_, err := spec.Parse("b.yaml", []byte("kind: Pod\n"), "/")
	want := "correct b.yaml; the command schema lists every key, and " +
		"https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/spec.md explains them"
	var failed *failure.Error
	if !errors.As(err, &failed) || failed.Next != want {
		t.Errorf("got %+v, want %s", failed, want)
	}
}
