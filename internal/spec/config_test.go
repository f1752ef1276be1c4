package spec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func TestCheckConfig(t *testing.T) {
	document, err := spec.Parse("b", []byte(head+"  - name: other\n    type: packer\n    config:\n      manifst: x\n      endpoint: https://evil.example\n      depth: localhost\n      hostname: x\npacks:\n  - {name: a, pack: generic-byoi}\n"), "/")
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
		`b:10:14: sources[1].config.depth: localhost is text; a whole number is wanted`,
		`b:11:7: sources[1].config: unknown key "hostname": a spec never names where credentials go; set it in the environment or in your own configuration file`,
	}
	if diff := cmp.Diff(want, details(t, err)); diff != "" {
		t.Error(diff)
	}
	var failed *failure.Error
	if errors.As(err, &failed); failed.Next != "correct b; the command plugin describe packer lists the keys" {
		t.Errorf("got %+v", failed)
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
	_, err = document.CheckConfig("golden", `{"type": 1}`)
	if !errors.As(err, &failed) || failed.Code != failure.ExitSource || failed.Next != "report this to the plugin's author" || failed.Err == nil ||
		failed.Summary != "plugin byoos-source-packer describes its configuration by an invalid schema" {
		t.Errorf("got %+v for an invalid schema", err)
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
