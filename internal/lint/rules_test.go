package lint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type ruleCase struct {
	name, cloud, in string
	want            []string
	fixed           string
}

// checkRules lints and fixes each text; * as the fixed text is any.
func checkRules(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Name: "v.yaml", Data: []byte(tt.in), Cloud: tt.cloud}
			findings := mustLint(t, in)
			if diff := cmp.Diff(tt.want, show(findings)); diff != "" {
				for _, f := range findings {
					t.Log(f.Line, f.Column, f.Rule, f.Message)
				}
				t.Errorf("-want +got\n%s", diff)
			}
			fixed := mustFix(t, in)
			want := tt.fixed
			if want == "" {
				want = tt.in
			}
			if diff := cmp.Diff(want, fixed); diff != "" && want != "*" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestRulesOfText(t *testing.T) {
	generic := func(id string) string {
		return "pack:\n  osImageOverride: " + id + "\n  osName: rhel\n  osVersion: \"8\"\n"
	}
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	checkRules(t, []ruleCase{
		{"clean", "aws", generic("ami-1a2b3c4d"), nil, ""},
		{"clean edge", "edge-native", edge("ttl.sh/a:1"), nil, ""},
		{"agent mode", "", "options:\n  system.uri: NA\n", nil, ""},
		{"extension points", "", edge("ttl.sh/a:1") + "maxPods: 1\nstages:\n  boot:\n  - name: “x”y\n    commands: |\n      echo “it’s” # {{ .Foo.Bar }}\n", nil, ""},
		{"quote inside", "", "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: ‘it's’\n  osVersion: “a\"'b” # “c”\n",
			[]string{"3:11 error typographic-quote +", "4:14 error typographic-quote +"},
			"pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: 'it''s'\n  osVersion: \"a\\\"'b\" # “c”\n"},
		{"half quote", "", generic("\"ami-1a2b3c4d”") + "x: “y\"\n", []string{"2:20 error typographic-quote +", "5:4 error typographic-quote +"},
			generic("\"ami-1a2b3c4d\"") + "x: \"y\"\n"},
		{"no-break space", "", "pack:\n  osImageOverride:\u00a0ami-1a2b3c4d\n\u00a0 osName: a\u00a0b\n  osVersion: \"8\"\n",
			[]string{"2:19 error no-break-space +", "3:1 error no-break-space +"},
			"pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: a\u00a0b\n  osVersion: \"8\"\n"},
		{"tab", "", "pack:\n\tosImageOverride: ami-1a2b3c4d\n\tosName: a\n  osVersion: \"8\"\n", []string{"2:1 error tab", "2:1 error syntax", "3:1 error tab"}, ""},
		{"tab, depth unknown", "", "pack:\n    osName: x\n\tosVersion: \"8\"\n", []string{"3:1 error tab", "3:1 error syntax"}, ""},
		{"tab of a text below the fault", "", generic("@ami") + "x: \"a\n\tb\"\n", []string{"2:20 error syntax"}, ""},
		{"tab on both sides of the fault", "", "x: \"a\n\tb\"\npack:\n\tosName: x\n\tosVersion: 8\n", []string{"4:1 error tab", "4:1 error syntax", "5:1 error tab"}, ""},
		{"tab of a list that has no end", "", "a: {b: \"c\"\n\td: e}\n", []string{"1:1 error syntax"}, ""},
		{"tab of a text below a second colon", "", "a: b: c\nx: \"a\n\tb\"\n", []string{"1:1 error syntax"}, ""},
		{"tab before the sign that is refused", "", "a: [b,\n\t@c]\n", []string{"2:2 error syntax"}, ""},
		{"tab that the parser does not tell", "", "pack:\n  osName: x\n   \tosVersion: 8\n", []string{"3:1 error syntax", "3:4 error tab"}, ""},
	})
}

func TestRulesOfMacros(t *testing.T) {
	generic := func(id string) string {
		return "pack:\n  osImageOverride: " + id + "\n  osName: rhel\n  osVersion: \"8\"\n"
	}
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	checkRules(t, []ruleCase{
		{"unquoted macro", "", strings.ReplaceAll(edge("{{.spectro.system.cluster.name}}/x:y # c"), "'", ""), []string{"4:16 error unquoted-macro +", "6:15 error unquoted-macro +"}, clean + "options:\n  system.uri: '{{.spectro.system.cluster.name}}/x:y' # c\n"},
		{"braces", "", edge("'a/{.spectro.system.cluster.name}}:{{.spectro.system.cluster.uid }-{{ .spectro.system.cloud.type'"),
			[]string{"6:19 error macro-braces +", "6:52 error macro-braces +", "6:85 error macro-braces +"}, edge("'a/{{.spectro.system.cluster.name}}:{{.spectro.system.cluster.uid }}-{{ .spectro.system.cloud.type}}'")},
		{"macro words", "", edge("'{{ .sepctro.system.cluster.name | upper }}:{{.spectro.sytem.x}}-{{.spectro.pack.edge-native-byo.x}}-{{.spectro.system.nothing}}-{{.spectro.var.Mine}}'"),
			[]string{"6:20 error macro-name +", "6:70 error macro-name +", "6:96 warning macro-name", "6:134 warning macro-name"}, "*"},
		{"own macro", "", edge("'a/b:{{.spectro.pack.edge-native-byoi.options.system.customTg}}'") + "  system.customTag: x\n", []string{"6:53 error macro-name +"},
			edge("'a/b:{{.spectro.pack.edge-native-byoi.options.system.customTag}}'") + "  system.customTag: x\n"},
		{"empty custom tag", "", edge("'a/b:1-{{.spectro.pack.edge-native-byoi.options.system.customTag}}'") + "  system.customTag: ''\n", []string{"6:15 warning empty-tag-part"}, ""},
		{"duplicate", "", generic("ami-1a2b3c4d") + "  osName: x\n", []string{"5:3 error duplicate-key"}, ""},
		{"misspelt key", "", "pack:\n  osImageOveride: ami-1a2b3c4d\n  'OSName': a\n  osVersion: \"8\"\n", []string{"2:3 error unknown-key +", "3:3 error unknown-key +"}, "pack:\n  osImageOverride: ami-1a2b3c4d\n  'osName': a\n  osVersion: \"8\"\n"},
		{"the second macro holds an invisible character", "", generic("ami-1a2b3c4d") + "x: 'ab-{{.spectro.var.a}}{{.spectro.var.\u200cb}}'\n", []string{"5:4 error invisible-character"}, ""},
		{"macro without its first dot", "", generic("ami-1a2b3c4d") + "x: '{{ spectro.system.cluster.name }} {{spectro.pack.my-own.a | upper}} {{ spectro }} {{ other.system.name }}'\n", []string{"5:8 error macro-name +", "5:41 error macro-name +"}, generic("ami-1a2b3c4d") + "x: '{{ .spectro.system.cluster.name }} {{.spectro.pack.my-own.a | upper}} {{ spectro }} {{ other.system.name }}'\n"},
	})
}

func TestRulesOfKeys(t *testing.T) {
	generic := func(id string) string {
		return "pack:\n  osImageOverride: " + id + "\n  osName: rhel\n  osVersion: \"8\"\n"
	}
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	checkRules(t, []ruleCase{
		{"misspelt beside", "", generic("ami-1a2b3c4d") + "  osNames: x\n", []string{"5:3 warning unknown-key"}, ""},
		{"misspelt twice", "", "pack:\n  osImageOveride: ami-1a2b3c4d\n  osImageOverrid: ami-1a2b3c4d\n  osName: a\n  osVersion: \"8\"\n", []string{"2:3 error unknown-key", "3:3 error unknown-key"}, ""},
		{"unknown option", "", edge("a/b:1") + "  system.foo: x\n  system.pVersion: v1\n  mine: 1\n", []string{"7:3 warning unknown-key", "8:3 error unknown-key +"}, "*"},
		{"misplaced", "", "osImageOverride: ami-1a2b3c4d\npack:\n  osName: a\n  osVersion: \"8\"\n", []string{"1:1 error misplaced-key"}, ""},
		{"content not below pack", "", "pack:\ncontent:\n  images:\n  - image: '{{.spectro.pack.edge-native-byoi.options.system.uri}}'\noptions:\n  system.uri: a.io/b:1\n", []string{"2:1 error misplaced-key"}, ""},
		{"missing", "", "pack:\n  osName:\n", []string{"1:1 error missing-key", "1:1 error missing-key", "2:10 error missing-key"}, ""},
		{"missing uri", "", clean, []string{"1:1 error missing-key", "4:50 warning undefined-macro"}, ""},
		{"no own image", "", "options:\n  system.uri: a.io/b:1\n", []string{"1:1 warning missing-key"}, ""},
		{"numbers", "", "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: true\n  osVersion: 24.10 # c\n", []string{"3:11 error wrong-type +", "4:14 error wrong-type +"}, "pack:\n  osImageOverride: ami-1a2b3c4d\n  osName: \"true\"\n  osVersion: \"24.10\" # c\n"},
		{"edge number", "", edge("a/b:1") + "  system.osVersion: 22\n", []string{"7:21 warning wrong-type +"}, edge("a/b:1") + "  system.osVersion: \"22\"\n"},
		{"list", "", "pack:\n  osImageOverride: [a]\n  osName: a\n  osVersion: \"8\"\n", []string{"2:20 error wrong-type"}, ""},
	})
}

func TestRulesOfImages(t *testing.T) {
	generic := func(id string) string {
		return "pack:\n  osImageOverride: " + id + "\n  osName: rhel\n  osVersion: \"8\"\n"
	}
	edge := func(uri string) string { return clean + "options:\n  system.uri: " + uri + "\n" }
	arm := "/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/d"
	checkRules(t, []ruleCase{
		{"short ami", "", generic("ami-123"), []string{"2:20 error image-id"}, ""},
		{"ami in azure", "aks", generic("ami-1a2b3c4d"), []string{"2:20 error image-id"}, ""},
		{"imageversions", "azure", generic(arm + "/imageVersions/1.2.3"), []string{"2:20 error image-id +"}, generic(arm + "/versions/1.2.3")},
		{"vsphere", "vsphere", generic("/dc/folder/x"), []string{"2:20 error image-id"}, ""},
		{"uuid of another cloud", "", generic("d7a1b5e0-0000"), nil, ""},
		{"macro as id", "aws", generic("'{{.spectro.var.ami}}'"), nil, ""},
		{"edge without tag", "", edge("a.io/b"), []string{"6:15 error image-reference"}, ""},
		{"edge latest", "", edge("a.io/b:latest"), []string{"6:15 warning image-reference"}, ""},
		{"content image", "", strings.Replace(edge("a.io/b:1"), "\noptions", "\n      - image: container://a.io/c\n      - image: a.io/d:v<versionNumber>\noptions", 1), []string{"5:16 error image-reference", "6:16 error placeholder"}, ""},
		{"placeholders", "", "pack:\n  osImageOverride: <ami id>\n  osName: CHANGEME\n  osVersion: \"your-version\"\n", []string{"2:20 error placeholder", "3:11 error placeholder", "4:14 error placeholder"}, ""},
		{"wrong cloud", "edge-native", generic("ami-1a2b3c4d"), []string{"1:1 error pack-cloud"}, ""},
		{"unknown pack", "", "a: 1\n", []string{"1:1 warning unknown-pack"}, ""},
		{"syntax", "", "pack:\n  osName: [\n", []string{"2:1 error syntax"}, ""},
		{"CRLF and BOM", "", "\ufeffpack:\r\n  osImageOverride: ‘ami-1a2b3c4d’\r\n  osName: rhel\r\n  osVersion: 8\r\n", []string{"2:20 error typographic-quote +", "4:14 error wrong-type +"}, "\ufeffpack:\r\n  osImageOverride: 'ami-1a2b3c4d'\r\n  osName: rhel\r\n  osVersion: \"8\"\r\n"},
	})
}
