package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// documentedActions are those of the IAM policy in docs/sources/aws.md.
func documentedActions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "sources", "aws.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```json\n{\n  \"Version\": \"2012-10-17\"")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/sources/aws.md holds no policy")
	}
	var policy struct {
		Statement []struct {
			Effect string
			Action []string
		}
	}
	if err := json.Unmarshal([]byte("{\n  \"Version\": \"2012-10-17\""+block), &policy); err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, s := range policy.Statement {
		actions = append(actions, s.Action...)
	}
	return actions
}

// TestPolicyIsEnoughAndNotTooMuch: every mode works with the documented policy,
// and every action in it is used.
func TestPolicyIsEnoughAndNotTooMuch(t *testing.T) {
	policy := documentedActions(t)
	w := pipelineWorld()
	w.Allow = policy
	w.Parameters = []fakeaws.Parameter{{Region: "us-east-1", Name: "/aws/service/x/image_id", Value: id(10)}}
	fake := start(t, w)
	for _, c := range []string{
		`{"imageBuilder":{"pipeline":"Golden RHEL"}}`,
		`{"imageBuilder":{"pipeline":"arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/golden-rhel"}}`,
		`{"imageBuilder":{"image":"golden","version":"1.2.x"}}`,
		`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.2.0/1"}}`,
		`{"ami":{"owners":["self","444455556666"],"namePattern":"golden-*","tags":{"a":"b"}},"regions":"all-enabled"}`,
		`{"ssmParameter":"/aws/service/x/image_id"}`,
	} {
		run(t, call{config: c}).noErrors(t)
	}
	runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(10), Region: "us-east-1"}, {ID: id(77777), Region: "us-east-1"}}}).noErrors(t)
	used := map[string]bool{}
	for _, c := range fake.Calls() {
		used[c.Service+":"+c.Action] = true
	}
	delete(used, "sts:GetCallerIdentity") // needs no permission
	for action := range used {
		if !slices.Contains(policy, action) {
			t.Errorf("%s is called, but not in the policy", action)
		}
	}
	for _, action := range policy {
		if !used[action] {
			t.Errorf("%s is in the policy, but not called", action)
		}
	}
}

// TestDeniedActionNamesPolicyLine takes each action of the policy away.
func TestDeniedActionNamesPolicyLine(t *testing.T) {
	configs := map[string]string{
		"ec2:DescribeImages":                   `{"ami":{}}`,
		"ec2:DescribeRegions":                  `{"ami":{},"regions":"all-enabled"}`,
		"imagebuilder:ListImagePipelines":      `{"imageBuilder":{"pipeline":"Golden RHEL"}}`,
		"imagebuilder:ListImagePipelineImages": `{"imageBuilder":{"pipeline":"Golden RHEL"}}`,
		"imagebuilder:ListImages":              `{"imageBuilder":{"image":"golden"}}`,
		"imagebuilder:ListImageBuildVersions":  `{"imageBuilder":{"image":"golden"}}`,
		"imagebuilder:GetImage":                `{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.2.0/1"}}`,
		"ssm:GetParameters":                    `{"ssmParameter":"/aws/service/x/image_id"}`,
	}
	policy := documentedActions(t)
	for _, action := range policy {
		c, ok := configs[action]
		if !ok {
			t.Errorf("no case for %s", action)
			continue
		}
		w := pipelineWorld()
		w.Allow = slices.DeleteFunc(slices.Clone(policy), func(a string) bool { return a == action })
		start(t, w)
		d := run(t, call{config: c}).oneError(t)
		if !strings.Contains(d.Summary, "access denied to "+action) || !strings.Contains(d.NextStep, `"`+action+`"`) {
			t.Errorf("%s: %+v", action, d)
		}
	}
}
