package spec_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
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
	data, err := os.ReadFile("specdoc/example.yaml")
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
	line, column := document.Position("packs", 0, "select", "os", "version")
	if want := strings.Split(string(data), "\n")[line-1][column-1:]; !strings.HasPrefix(want, `"8"`) {
		t.Errorf("position %d:%d is at %q", line, column, want)
	}
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
