package mirror_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/mirror"
)

func TestRewrite(t *testing.T) {
	rules := []mirror.Rule{
		{From: "docker.io", To: "mirror.example.com/hub/"},
		{From: "docker.io/team/", To: "own.example.com/team"},
		{From: "docker.io/team", To: "second.example.com"},
		{From: "whole.example.com/os", To: "other.example.com/os"},
	}
	for name, want := range map[string]string{
		"docker.io/library/ubuntu":    "mirror.example.com/hub/library/ubuntu",
		"docker.io/team/ubuntu":       "own.example.com/team/ubuntu",
		"docker.io/teams/ubuntu":      "mirror.example.com/hub/teams/ubuntu",
		"docker.io.example.com/x":     "docker.io.example.com/x",
		"whole.example.com/os":        "other.example.com/os",
		"whole.example.com/os-2":      "whole.example.com/os-2",
		"mirror.example.com/hub/team": "mirror.example.com/hub/team",
		"ttl.sh/ubuntu/":              "ttl.sh/ubuntu/",
		"whole.example.com/os/":       "other.example.com/os/",
	} {
		if got := mirror.Rewrite(name, rules); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	for _, none := range []map[string]any{nil, {"registries": 1}} {
		if rules, err := mirror.Read(none); rules != nil || err != nil {
			t.Errorf("%v, %v", rules, err)
		}
	}
	for _, bad := range []any{nil, "x", []any{map[string]any{"from": "", "to": "b"}}, []any{map[string]any{"from": "a", "to": ""}}, []any{map[string]any{"from": "a", "x": "b"}}, []any{map[string]any{"to": "b", "x": "c"}}, []any{"x"}, []any{map[string]any{"from": "a"}}, []any{map[string]any{"from": "a", "to": "b", "x": "c"}}} {
		if _, err := mirror.Read(map[string]any{"rewrite": bad}); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	rules, err := mirror.Read(map[string]any{"registries": 1, "rewrite": []any{map[string]any{"from": "a", "to": "b"}}})
	if err != nil || len(rules) != 1 || rules[0] != (mirror.Rule{From: "a", To: "b"}) {
		t.Errorf("%v, %v", rules, err)
	}
}
