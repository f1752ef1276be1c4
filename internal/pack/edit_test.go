package pack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
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
		{"misspelt own item", tagged,
			"pack:\n content:\n   images: \n    - image: ‘{{.spectro.pack.edge-native-byoi.options.system.uri}}’\n    - image: x\noptions:\n  system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n",
			"pack:\n content:\n   images: \n    - image: \"{{.spectro.pack.edge-native-byoi.options.system.uri}}\"\n    - image: x\noptions:\n  system.uri: ttl.sh/team/ubuntu:k3s-1.30.4-v4.4.0-demo\n"},
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

func TestEditNamesTheFile(t *testing.T) {
	values, err := Build(Input{spec.Pack{Name: "a", Pack: spec.GenericBYOI}, ami()})
	if err != nil {
		t.Fatal(err)
	}
	got, changes, err := values.Edit([]byte("pack:\n  osName: a\n  osName: b\n"), "current.yaml")
	var failed *failure.Error
	if !errors.As(err, &failed) || got != nil || changes != nil {
		t.Fatalf("Edit = %q, %v, %v", got, changes, err)
	}
	if !strings.HasPrefix(err.Error(), "current.yaml:3:3: ") || failed.Next == "" {
		t.Errorf("error %q, next %q", err, failed.Next)
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
