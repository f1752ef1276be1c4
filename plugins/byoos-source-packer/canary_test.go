package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
	"github.com/kubectl-byoos/kubectl-byoos/test/canary"
)

// TestCanaries: what gives access and stands in a manifest, and the parts of a
// manifest that cannot be read, are not shown.
func TestCanaries(t *testing.T) {
	quoted := func(text string) string { raw, _ := json.Marshal(text); return string(raw) }
	custom := func(value string) string {
		return manifestOf(run1, build("golden", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, fmt.Sprintf(`{"note": %s}`, value)))
	}
	builders := []string{"azure-arm", "amazon-ebs", "googlecompute", "vsphere-iso", "qemu", "file", "openstack", "x"}
	canary.Run(t, 2000,
		canary.Place{Name: "artifact id", Try: func(t *testing.T, a *canary.Answer) string {
			id := canary.Pick(a, "", "Azure.ResourceManagement.VMImage:\n\nOSDiskUriReadOnlySas: ", "us-east-1:ami-0a1,") + a.Signed()
			return read(t, manifestOf(run1, build("golden", canary.Pick(a, builders...), id, run1, 1700000000, "null")))
		}},
		canary.Place{Name: "address in custom_data", Try: func(t *testing.T, a *canary.Answer) string {
			return read(t, custom(quoted(a.Words(a.Signed()))))
		}},
		canary.Place{Name: "address in the key of custom_data", Try: func(t *testing.T, a *canary.Answer) string {
			return read(t, manifestOf(run1, build("golden", "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, fmt.Sprintf(`{%s: %s}`, quoted(a.Signed()), canary.Pick(a, `""`, "1")))))
		}},
		canary.Place{Name: "custom_data that is no text", Try: func(t *testing.T, a *canary.Answer) string {
			return read(t, custom(fmt.Sprintf(canary.Pick(a, `{"token": %s}`, `[%s]`, `{"a": [{"b": %s}]}`), quoted(a.Words(a.Form(a.Key()))))))
		}},
		canary.Place{Name: "manifest with a fault beside a secret", Try: func(t *testing.T, a *canary.Answer) string {
			text := custom(quoted(a.Form(a.Key())))
			at := strings.Index(text, `"note"`) + a.IntN(len(text)-strings.Index(text, `"note"`))
			faulty := text[:at] + canary.Pick(a, "", "\"", "}", "x", "\n", "\x00", "\\", "]") + text[min(len(text), at+a.IntN(3)):]
			if json.Valid([]byte(faulty)) { // the user's own word, and a tag
				faulty = text[:at]
			}
			return read(t, faulty)
		}},
		canary.Place{Name: "name of a build", Try: func(t *testing.T, a *canary.Answer) string {
			return read(t, manifestOf(run2, build(a.Signed(), "amazon-ebs", "us-east-1:ami-0a1", run1, 1700000000, "null"),
				build("golden", "amazon-ebs", "us-east-1:ami-0a2", run2, 1700000000, "null")))
		}},
		canary.Place{Name: "address in place of a manifest", Try: func(t *testing.T, a *canary.Answer) string {
			return answered(t, t.TempDir(), a.Signed())
		}},
	)
}

func read(t *testing.T, manifest string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.json"), manifest)
	return answered(t, dir, "m.json")
}

// answered is all that the host gets of a manifest.
func answered(t *testing.T, dir, manifest string) string {
	t.Helper()
	var said strings.Builder
	newSource := func() sdk.Source[config] { return newSource() }
	c := map[string]any{"manifest": manifest, "wait": "0s"}
	options := []sdktest.Option{sdktest.BaseDir(dir), sdktest.Log(&said), sdktest.Progress(func(_, _ int64, message string) { said.WriteString(message) })}
	images, found, err := sdktest.Discover(t.Context(), newSource, c, options...)
	if err != nil {
		t.Fatal(err)
	}
	refs := []sdk.Ref{{ID: "ami-0a1", Provider: "aws", Region: "us-east-1"}}
	for _, img := range images {
		refs = append(refs, sdk.Ref{ID: img.ID, Provider: img.Provider, Region: img.Region, Reference: img.Reference})
	}
	results, unsure, err := sdktest.Verify(t.Context(), newSource, c, refs, options...)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal([]any{images, found, results, unsure})
	if err != nil {
		t.Fatal(err)
	}
	return string(shown) + said.String()
}
