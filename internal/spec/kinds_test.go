package spec_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// TestPackKinds: each kind says what its readers go by.
func TestPackKinds(t *testing.T) {
	var known, keys []string
	for _, value := range (spec.Values{
		OSName: "a", OSVersion: "a", Registry: "a", Repo: "a", K8sDistribution: "a", PEVersion: "a", CustomTag: "a",
	}).Set() {
		known = append(known, value.Key)
	}
	for _, kind := range spec.PackKinds() {
		if kind.Kind.Traits().Kind != kind.Kind || kind.For == "" || len(kind.Image) != 2 || !slices.Contains(kind.Required, kind.Image[1]) {
			t.Errorf("%s: %+v", kind.Kind, kind)
		}
		for _, key := range kind.Required {
			if !slices.Contains(kind.Keys, key) {
				t.Errorf("%s requires %s, which it does not have", kind.Kind, key)
			}
		}
		keys = append(keys, kind.Keys...)
		if kind.HasEdge != (len(kind.Values) == len(known)) || kind.HasEdge != kind.Macros {
			t.Errorf("%s takes the values %v, and macros: %v", kind.Kind, kind.Values, kind.Macros)
		}
		for _, key := range kind.Values {
			if !slices.Contains(known, key) {
				t.Errorf("%s takes values.%s, which a spec does not have", kind.Kind, key)
			}
		}
	}
	if spec.PackKinds()[0].Cloud != "" {
		t.Error("the usual kind is for one cloud type alone")
	}
	if diff := cmp.Diff(keys, spec.KnownKeys()); diff != "" {
		t.Error(diff)
	}
	if unknown := spec.PackKind("x").Traits(); unknown.Kind != "" {
		t.Errorf("x is %s", unknown.Kind)
	}
}

func TestKindOfCloud(t *testing.T) {
	for cloud, want := range map[string]spec.PackKind{
		"aws": spec.GenericBYOI, "": spec.GenericBYOI, "mine": spec.GenericBYOI, "edge-native": spec.EdgeNativeBYOI,
	} {
		if got := spec.KindOfCloud(cloud).Kind; got != want {
			t.Errorf("%q: %s, want %s", cloud, got, want)
		}
	}
}

func TestValuesThatAreSet(t *testing.T) {
	got := spec.Values{OSName: "rhel", CustomTag: "demo"}.Set()
	if diff := cmp.Diff([]spec.Value{{Key: "osName", Text: "rhel"}, {Key: "customTag", Text: "demo"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestIsTemplate(t *testing.T) {
	for _, tt := range []struct {
		pack spec.Pack
		want bool
	}{
		{spec.Pack{Pack: spec.EdgeNativeBYOI}, true},
		{spec.Pack{Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{Reference: "template"}}, true},
		{spec.Pack{Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{Reference: "tag"}}, false},
		{spec.Pack{Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{AgentMode: true}}, false},
		{spec.Pack{Pack: spec.GenericBYOI}, false},
	} {
		if got := tt.pack.IsTemplate(); got != tt.want {
			t.Errorf("%+v: %v", tt.pack, got)
		}
	}
}
