package sdk_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

const (
	learned = "canary+learned/secret"
	signed  = "https://s.example/x?sv=2021&sig=canary%3D"
)

// leaky repeats secrets wherever it can.
type leaky struct{ panics bool }

func (leaky) Describe() sdk.Info {
	return sdk.Info{Name: "test", Version: "1.0.0", SecretEnvironment: []string{"LEAKY_HID*", "LEAKY_EXACT", "*"}}
}

func (l leaky) Discover(_ context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	req.Secrets.Add("", learned)
	if l.panics {
		panic("it has " + learned)
	}
	words := "it said " + learned + ", " + base64.StdEncoding.EncodeToString([]byte(learned)) + ", canary-of-the-environment, canary-hidden, canary-lower and " + signed + ", not a secret"
	req.Log.Warn(words, "error", errors.New(words), "text", words)
	req.Log.Warn("values", "list", []string{words}, "map", map[string]any{"a": []any{words}}, "bytes", []byte(learned),
		slog.Group("group", "struct", struct{ Text string }{words}), "errors", []error{errors.New(words)}, "number", 5, "nothing", nil)
	if err := out.Progress(1, 2, words); err != nil {
		return err
	}
	if err := out.Images(sdk.Image{
		ID: signed, FullID: signed, Name: signed, Provider: "aws", Region: signed, Architecture: signed, OSName: signed, OSVersion: signed,
		KubernetesVersion: signed, Version: signed, Owner: signed, OwnerID: signed, StateReason: words, Withheld: words,
		Tags: map[string]string{"a": signed, signed: "b"}, Attributes: map[string]string{"a": signed}, Reference: &sdk.Reference{Kind: "url", Value: signed},
		Provenance: map[string]sdk.Provenance{"id": {From: "api", Key: signed, Raw: signed}},
	}); err != nil {
		return err
	}
	// A text that is cut for its length keeps no half of a secret.
	if err := out.Report(sdk.Diagnostic{Severity: sdk.Warning, Summary: strings.Repeat("x", 64<<10-10) + learned, Detail: words}); err != nil {
		return err
	}
	return fmt.Errorf("it failed: %s", words)
}

func (leaky) Verify(_ context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	req.Secrets.Add(learned)
	image := sdk.Image{ID: "a", Provider: "aws", StateReason: learned}
	return out.Results(
		sdk.Result{Ref: req.Refs[0], Presence: sdk.Unknown, Reason: learned},
		sdk.Result{Ref: req.Refs[1], Presence: sdk.Found, Image: &image},
	)
}

func TestNoSecretIsSent(t *testing.T) {
	t.Setenv("LEAKY_TOKEN", "canary-of-the-environment")
	t.Setenv("LEAKY_HIDDEN", "canary-hidden")
	t.Setenv("leaky_hid_lower", "canary-lower")
	t.Setenv("LEAKY_EXACTLY", "not a secret")
	var log bytes.Buffer
	var said strings.Builder
	images, diagnostics, err := sdktest.Discover(t.Context(), func() sdk.Source[config] { return leaky{} }, nil,
		sdktest.Log(&log), sdktest.Progress(func(_, _ int64, message string) { said.WriteString(message) }))
	if err != nil || len(images) != 1 || len(diagnostics) != 2 || said.Len() == 0 || log.Len() == 0 {
		t.Fatalf("%d images, %d diagnostics, progress %q, log %q, error %v", len(images), len(diagnostics), said.String(), log.String(), err)
	}
	sent, err := json.Marshal([]any{images, diagnostics, said.String(), log.String()})
	if err != nil {
		t.Fatal(err)
	}
	hidden(t, string(sent))
	want := "https://s.example/x?sv=[redacted]&sig=[redacted]"
	if i := images[0]; i.ID != want || i.FullID != want || i.Tags["a"] != want || i.Tags[want] != "b" || i.Reference.Value != want {
		t.Errorf("the image is %+v", i)
	}
	if want := "it failed: it said [redacted], [redacted], [redacted], [redacted], [redacted] and " + want + ", not a secret"; diagnostics[1].Summary != want {
		t.Errorf("the error is %q, want %q", diagnostics[1].Summary, want)
	}
}

func TestNoSecretIsSentOfWhatWasVerified(t *testing.T) {
	results, _, err := sdktest.Verify(t.Context(), func() sdk.Source[config] { return leaky{} }, nil,
		[]sdk.Ref{{ID: "b", Provider: "aws"}, {ID: "a", Provider: "aws"}})
	if err != nil || len(results) != 2 || results[0].Reason != "[redacted]" || results[1].Image.StateReason != "[redacted]" {
		t.Errorf("%+v %v", results, err)
	}
}

func TestNoSecretOfAPanic(t *testing.T) {
	var log bytes.Buffer
	_, _, err := sdktest.Discover(t.Context(), func() sdk.Source[config] { return leaky{panics: true} }, nil, sdktest.Log(&log))
	if err == nil || !strings.Contains(err.Error(), "it has [redacted]") {
		t.Errorf("error %v", err)
	}
	hidden(t, log.String())
}

func hidden(t *testing.T, text string) {
	t.Helper()
	for _, part := range []string{"canary", base64.StdEncoding.EncodeToString([]byte(learned))[:8]} {
		if i := strings.Index(text, part); i >= 0 {
			t.Errorf("%q is shown: %s", part, text[max(0, i-60):min(len(text), i+60)])
		}
	}
}

// A plugin's own helper may be given no Secrets.
func TestNilSecrets(t *testing.T) {
	var s *sdk.Secrets
	s.Add("something-secret")
	if got := s.Clean("something-secret at " + signed); strings.Contains(got, "canary") {
		t.Error(got)
	}
}

// What has the form of a secret is one to Clean, and not to Holds.
func TestHolds(t *testing.T) {
	secrets := &sdk.Secrets{}
	secrets.Add(learned)
	for text, want := range map[string]bool{"token=" + learned: true, signed: false, "": false} {
		if secrets.Holds(text) != want || (*sdk.Secrets)(nil).Holds(text) {
			t.Errorf("%q: want %t", text, want)
		}
	}
}
