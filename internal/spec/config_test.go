package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

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
