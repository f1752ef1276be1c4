package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// numbers is a list of so many values.
func numbers(count int) string { return strings.TrimSuffix(repeated(count, "v%d, "), ", ") }

func repeated(count int, format string) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// problemCase is a spec and all that is wrong with it.
type problemCase struct {
	name string
	data string
	want []string
}

func checkProblems(t *testing.T, cases []problemCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := spec.Parse("b", []byte(test.data), "/")
			if diff := cmp.Diff(test.want, details(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseProblems(t *testing.T) {
	checkProblems(t, []problemCase{
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
	})
}

func TestParseProblemsOfPacks(t *testing.T) {
	checkProblems(t, []problemCase{
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
			"another kind of pack", head + "packs: [{name: a, pack: other, edge: {agentMode: true}, values: {osName: x}, select: {region: x}}]\n",
			[]string{`b:5:25: packs[0].pack: other is not one of generic-byoi, edge-native-byoi`},
		},
		{
			"what is wrong with an edge that is too much", valid + "    edge: {agentMode: true}\n    select: {region: x}\n",
			[]string{`b:8:5: packs[0].edge: edge is for pack edge-native-byoi: remove it, or change pack`},
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
	})
}

func TestParseProblemsOfMatrices(t *testing.T) {
	checkProblems(t, []problemCase{
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
			"values that no name can be made of", valid + "    matrix: {region: ['?', '!']}\n",
			[]string{
				`b:8:23: packs[0].matrix.region[0]: "?" has nothing that a pack's name can be made of`,
				`b:8:28: packs[0].matrix.region[1]: "!" has nothing that a pack's name can be made of`,
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
	})
}

func TestParseProblemsOfAgentMode(t *testing.T) {
	checkProblems(t, []problemCase{
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
	})
}

func TestParseProblemsOfTexts(t *testing.T) {
	checkProblems(t, []problemCase{
		{
			"one name of three", "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources: [{name: a, type: x}, {name: a, type: x}, {name: a, type: x}]\npacks: [{name: p, pack: generic-byoi}]\n",
			[]string{
				`b:3:38: sources[1].name: "a" is already the name of sources[0]: names are unique`,
				`b:3:58: sources[2].name: "a" is already the name of sources[0]: names are unique`,
			},
		},
		{
			"keys in other case", valid + "    Select: {where: image.ownr}\n",
			[]string{
				`b:6:5: packs[0].select.where: column 6 of the expression: undefined field 'ownr': did you mean "owner"?`,
				`b:8:5: packs[0]: unknown key "Select": did you mean "select"?`,
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
	})
}
