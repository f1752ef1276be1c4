package pack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestEditLongFile edits a values file as users have it: comments, stages,
// more images, maxPods, and checks that only the owned lines differ.
func TestEditLongFile(t *testing.T) {
	before, err := os.ReadFile(filepath.Join("testdata", "edge-300.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	img := provider("palette-demo")
	values, err := Build(Input{edgePack(&spec.Edge{ContentImages: []string{"docker.io/team/extra:v1.2.3", "docker.io/team/new:v1"}}, spec.Values{}), img})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"LF":               string(before),
		"CRLF":             strings.ReplaceAll(string(before), "\n", "\r\n"),
		"no final newline": strings.TrimRight(string(before), "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			after, changes, err := values.Edit([]byte(text), "edge.yaml")
			if err != nil {
				t.Fatal(err)
			}
			eol := "\n"
			if name == "CRLF" {
				eol = "\r\n"
			}
			want := strings.NewReplacer(
				"system.peVersion: v4.3.1 #", "system.peVersion: v4.4.0 #",
				"system.customTag: 'demo'", "system.customTag: 'palette-demo'",
				"2024.1   # pinned"+eol, "2024.1   # pinned"+eol+"      - image: \"docker.io/team/new:v1\""+eol,
				"system.repo: ubuntu", "system.repo: team/ubuntu",
				"system.osVersion: 22", "system.osVersion: \"22\"",
			).Replace(text)
			if diff := cmp.Diff(want, string(after)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if len(changes) != 5 {
				t.Errorf("changes = %+v", changes)
			}
		})
	}
}

func TestEditKeepsOtherForms(t *testing.T) {
	tagged, err := Build(Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), provider("demo")})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Build(Input{edgePack(nil, spec.Values{}), provider("")})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		values   *Values
		in, want string
	}{
		{"parts of a template stay true", tagged,
			own + "options:\n  system.uri: x\n  system.customTag: old\n",
			own + "options:\n  system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n  system.customTag: demo\n"},
		{"an unused custom tag is emptied", plain,
			string(plain.Render()) + "  system.customTag: 'old'\n", string(plain.Render()) + "  system.customTag: ''\n"},
		{"what << brings stays true", tagged,
			own + "o: &o {system.uri: x, system.customTag: old, drain: true}\noptions:\n  <<: *o\n",
			own + "o: &o {system.uri: x, system.customTag: old, drain: true}\noptions:\n  <<: *o\n  system.uri: \"ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\"\n  system.customTag: \"demo\"\n"},
		{"a key with a tag", tagged,
			own + "options:\n  !mine system.uri: x\n", own + "options:\n  !mine system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n"},
		{"misspelt own item", tagged,
			"pack:\n content:\n   images: \n    - image: ‘{{.spectro.pack.edge-native-byoi.options.system.uri}}’\n    - image: x\noptions:\n  system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n",
			"pack:\n content:\n   images: \n    - image: \"{{.spectro.pack.edge-native-byoi.options.system.uri}}\"\n    - image: x\noptions:\n  system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n"},
		{"the own item comes first", tagged,
			"pack:\n  content:\n    images:\n      - image: '{{ .spectro.var.more }}'\n      - image: a.io/options.system.uri:1\noptions:\n  system.uri: x\n",
			own + "      - image: '{{ .spectro.var.more }}'\n      - image: a.io/options.system.uri:1\noptions:\n  system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n"},
		{"trimmed macros", tagged,
			strings.Replace(string(tagged.Render()), "{{.spectro", "{{- .spectro", 1), strings.Replace(string(tagged.Render()), "{{.spectro", "{{- .spectro", 1)},
		{"white space in macros", tagged,
			strings.Replace(string(tagged.Render()), "{{.spectro", "{{  .spectro", 1), strings.Replace(string(tagged.Render()), "{{.spectro", "{{  .spectro", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := tt.values.Edit([]byte(tt.in), "v.yaml")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestEditHidesNothing: what << and aliases bring is neither hidden nor left as it was.
func TestEditHidesNothing(t *testing.T) {
	values, err := Build(Input{edgePack(&spec.Edge{Reference: "tag"}, spec.Values{}), provider("")})
	if err != nil {
		t.Fatal(err)
	}
	for in, at := range map[string]string{
		"c: &c\n  content: {images: [{image: busybox}]}\npack:\n  <<: *c\n":             "v.yaml:4:3: pack.content.images cannot be set here",
		"c: &c\n  pack: {stages: [a]}\n<<: *c\n":                                        "v.yaml:3:1: pack.content.images cannot be set here",
		"c: &c [{image: busybox}]\npack:\n  content:\n    images: *c\n":                 "v.yaml:4:13: pack.content.images cannot be set here",
		own + "o: &o {system: {uri: x, registry: old}}\noptions:\n  <<: *o\n":           "v.yaml:7:3: options.system.uri cannot be set here",
		own + "o: &o {system: {uri: x}}\noptions:\n  <<: *o\n  system.uri: a\n":         "is set here and on line",
		own + "o: &o {system: {repo: old}}\noptions:\n  <<: *o\n  system.uri: a\n":      "v.yaml:7:3: options.system.repo cannot be set here",
		own + "o: &o {repo: old}\noptions:\n  system.uri: a\n  system: *o\n":            "v.yaml:8:11: options.system.repo cannot be set here",
		own + "options: &o\n  system.uri: a\nother:\n  <<: *o\n  system.repo: theirs\n": "v.yaml:5:10: &o is repeated elsewhere",
	} {
		got, _, err := values.Edit([]byte(in), "v.yaml")
		var failed *failure.Error
		if !errors.As(err, &failed) || got != nil || !strings.Contains(err.Error(), at) || failed.Next == "" {
			t.Errorf("%s\nEdit = %s, %v", in, got, err)
		}
	}
}

// TestEditKeepsNothingOfThePreviousImage: what the new image does not tell is emptied.
func TestEditKeepsNothingOfThePreviousImage(t *testing.T) {
	edge := func(change func(*image.Image)) *image.Image {
		img := provider("")
		change(img)
		return img
	}
	silent := edge(func(i *image.Image) {
		i.OS = image.OS{}
		i.Attributes = map[string]string{"registry": "ttl.sh", "repository": "team/ubuntu", "tag": "nightly-7"}
		i.ID = "ttl.sh/team/ubuntu:nightly-7"
	})
	templated := edge(func(i *image.Image) { i.OS = image.OS{} })
	demo := &image.Image{ID: "ttl.sh/ubuntu:1.25.2-v3.3.3_demo", Provider: "oci", KubernetesVersion: "1.25.2", OS: image.OS{Name: "ubuntu", Version: "22.04"}}
	const parts = "system.k8sDistribution: rke2\n  system.osName: suse\n  system.peVersion: v1\n  system.customTag: old\n  system.osVersion: \"15\"\n"
	for _, tt := range []struct {
		name     string
		edge     *spec.Edge
		img      *image.Image
		in       string
		has, not []string
	}{
		{"tag", &spec.Edge{Reference: "tag"}, silent, "options:\n  system.uri: x\n  " + parts,
			[]string{"k8sDistribution: \"\"", "osName: \"\"", "peVersion: \"\"", "customTag: \"\"", "osVersion: \"\""}, []string{"rke2", "suse", "v1", "old", "15"}},
		{"tag of no registry", &spec.Edge{Reference: "tag"}, &image.Image{ID: "team/ubuntu:7", Provider: "oci"}, "options:\n  system.uri: x\n  system.registry: q.io\n  system.repo: a\n",
			[]string{"system.registry: q.io", "system.repo: team/ubuntu"}, nil},
		{"tag of what is known", &spec.Edge{Reference: "tag"}, edge(func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "22.04"} }), "options:\n  system.uri: x\n  " + parts,
			[]string{"k8sDistribution: k3s", "osName: ubuntu", "peVersion: v4.4.0", "customTag: \"\"", "osVersion: \"22.04\""}, []string{"rke2", "suse", "v1", "old", "15"}},
		{"template", nil, templated, "options:\n  system.uri: x\n  " + parts + "image:\n  registry: q.io\n  repo: a\n  version: v1\n  client.tag: old\n",
			[]string{"osName: \"\"", "osVersion: \"\"", "repo: team/ubuntu", "version: \"\"", "client.tag: \"\""}, []string{"suse", "15", "q.io", "v1", "old"}},
		{"1.0", &spec.Edge{Shape: "1.0"}, &image.Image{ID: "ttl.sh/ubuntu:1.25.2-v3.3.3_demo", Provider: "oci", KubernetesVersion: "1.25.2"},
			"options:\n  system.uri: x\n  system.registry: q.io\n  " + parts, []string{"system.registry: ttl.sh", "osName: \"\""}, []string{"q.io", "rke2", "suse", "old"}},
		{"1.0 of what is known", &spec.Edge{Shape: "1.0"}, demo, "options:\n  system.uri: x\n  " + parts,
			[]string{"osName: ubuntu", "osVersion: \"22.04\"", "k8sDistribution: \"\""}, []string{"rke2", "suse", "15", "old"}},
		{"1.0 as a tag", &spec.Edge{Shape: "1.0", Reference: "tag"}, demo, "options:\n  system.uri: x\n  " + parts,
			[]string{"osName: ubuntu", "osVersion: \"22.04\"", "k8sDistribution: \"\""}, []string{"rke2", "suse", "15", "old"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			values, err := Build(Input{edgePack(tt.edge, spec.Values{}), tt.img})
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := values.Edit([]byte(tt.in), "v.yaml")
			if err != nil {
				t.Fatal(err)
			}
			_, text, _ := strings.Cut(string(got), "options:") // the own image is another key
			text = strings.ReplaceAll(strings.ReplaceAll(text, "edge-native-byoi.image.version", ""), "''", `""`)
			for _, want := range tt.has {
				if !strings.Contains(text, want) {
					t.Errorf("no %s in\n%s", want, text)
				}
			}
			for _, old := range tt.not {
				if strings.Contains(text, ": "+old) || strings.Contains(text, ": \""+old) {
					t.Errorf("%s is left in\n%s", old, text)
				}
			}
		})
	}
}

// TestKeysThatNothingReads: those of the other shape say what is so in both shapes, and
// nothing else.
func TestKeysThatNothingReads(t *testing.T) {
	const uri = "ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo"
	for _, tt := range []struct{ shape, want string }{
		{"system", "system.uri: " + uri + "\n  system.registry: ttl.sh\n  system.repo: team/ubuntu\n  system.k8sDistribution: k3s\n  system.osName: ubuntu\n" +
			"  system.peVersion: v4.4.0\n  system.customTag: demo\n  system.osVersion: \"22\"\nimage:\n  registry: ttl.sh\n  repo: team/ubuntu\n  version: \"\"\n  client.tag: \"\"\n"},
		{"1.0", "system.uri: " + uri + "\n  system.registry: ttl.sh\n  system.repo: team/ubuntu\n  system.k8sDistribution: \"\"\n  system.osName: ubuntu\n" +
			"  system.peVersion: \"\"\n  system.customTag: \"\"\n  system.osVersion: \"22\"\nimage:\n  registry: ttl.sh\n  repo: team/ubuntu\n  version: v4.4.0\n  client.tag: demo\n"},
	} {
		values, err := Build(Input{edgePack(&spec.Edge{Shape: tt.shape, Reference: "tag"}, spec.Values{}), provider("demo")})
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := values.Edit([]byte(own+"options:\n  system.uri: x\n  system.registry: x\n  system.repo: x\n  system.k8sDistribution: x\n  system.osName: x\n"+
			"  system.peVersion: x\n  system.customTag: x\n  system.osVersion: x\nimage:\n  registry: x\n  repo: x\n  version: x\n  client.tag: x\n"), "v.yaml")
		if diff := cmp.Diff(own+"options:\n  "+tt.want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.shape, err, diff)
		}
	}
}

func TestEditNamesTheFile(t *testing.T) {
	values, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, ami()})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"pack:\n  osName: a\n  osName: b\n": `current.yaml:3:3: the key "osName" is already on line 2`,
		"pack:\n\tosName: a\n":              "current.yaml:2:1: not valid YAML: a tab indents this line",
		"\xff\xfea\x00":                     "current.yaml: the text is encoded in UTF-16",
	} {
		got, changes, err := values.Edit([]byte(in), "current.yaml")
		var failed *failure.Error
		if !errors.As(err, &failed) || got != nil || changes != nil {
			t.Fatalf("Edit = %q, %v, %v", got, changes, err)
		}
		if err.Error() != want || failed.Next == "" || failed.Code != failure.ExitFailure {
			t.Errorf("error %q, next %q, code %d", err, failed.Next, failed.Code)
		}
	}
}

func TestEditRefusesTheOtherPack(t *testing.T) {
	generic, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, ami()})
	if err != nil {
		t.Fatal(err)
	}
	edge, err := Build(Input{edgePack(nil, spec.Values{}), provider("")})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		values, file *Values
		want         string
	}{
		{generic, edge, "v.yaml:6:15: these are values of edge-native-byoi"},
		{edge, generic, "v.yaml:2:20: these are values of generic-byoi"},
	} {
		got, _, err := tt.values.Edit(tt.file.Render(), "v.yaml")
		if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) || failure.Code(err) != failure.ExitUsage {
			t.Errorf("Edit = %q, %v", got, err)
		}
	}
}
