package main

import (
	"testing"
)

func TestConfigErrors(t *testing.T) {
	for _, tc := range []struct {
		c    config
		key  string
		want string
	}{
		{config{}, "repository", "no repository is named"},
		{config{Repository: "ubuntu"}, "repository", "does not begin with a registry"},
		{config{Repository: "team/ubuntu"}, "repository", "does not begin with a registry"},
		{config{Repository: "ttl.sh/ubuntu:tag"}, "repository", "has a tag or a digest"},
		{config{Repository: "ttl.sh/Ubuntu"}, "repository", "is not a repository name"},
		{config{Repository: "ttl.sh/ubuntu/"}, "repository", "is not a repository name"},
		{config{Repository: "ttl.sh//ubuntu"}, "repository", "is not a repository name"},
		{config{Repository: "https://ttl.sh/ubuntu"}, "repository", "write ttl.sh/ubuntu"},
		{config{Repository: "user:" + canary + "@ttl.sh/ubuntu"}, "repository", `"...@ttl.sh/ubuntu" does not begin with a registry`},
		{config{Repository: "user:p@" + canary + "@ttl.sh/ubuntu@sha256:1"}, "repository", `"...@ttl.sh/ubuntu@sha256:1" does not begin`},
		{config{Repository: "https://user:" + canary + "@ttl.sh/ubuntu"}, "repository", "write ...@ttl.sh/ubuntu"},
		{config{Repository: "../x.y/ubuntu"}, "repository", "does not begin with a registry"},
		{config{Repository: "ttl.sh/a", Repositories: []string{"ttl.sh/b", "c"}}, "repositories[1]", `"c"`},
		{config{Repository: "ttl.sh/a", Tags: []string{"["}}, "tags", `"["`},
		{config{Repository: "ttl.sh/a", Grammar: "("}, "grammar", "not a regular expression"},
		{config{Repository: "ttl.sh/a", NewestBy: "created", Resolve: "none"}, "newestBy", "resolve: none"},
		{config{Repository: "ttl.sh/a", Inspect: true, Resolve: "none"}, "inspect", "resolve: none"},
	} {
		out := discover(t, call{config: tc.c})
		says(t, out, tc.want)
		noCanary(t, out)
		if out.diagnostics[0].ConfigPath != tc.key || out.diagnostics[0].NextStep == "" {
			t.Errorf("%+v: %+v", tc.c, out.diagnostics[0])
		}
	}
}

func TestSettingsErrors(t *testing.T) {
	for want, user := range map[string]map[string]any{
		`unknown key "endpoint"`:                    {"endpoint": "x"},
		"must be an absolute path":                  {"registries": map[string]any{"r.example": map[string]any{"caFile": "ca.pem"}}},
		"true or false":                             {"registries": map[string]any{"r.example": map[string]any{"plainHTTP": "yes"}}},
		"unknown key registries.r.example.insecure": {"registries": map[string]any{"r.example": map[string]any{"insecure": true}}},
		"rewrite[0] must have from and to":          {"rewrite": []any{map[string]any{"from": "a"}}},
	} {
		says(t, discover(t, call{config: config{Repository: "ttl.sh/a"}, settings: user}), want, "docs/sources/oci.md")
	}
}
