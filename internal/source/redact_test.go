package source

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

const (
	token = "hunter2hunter2"
	pem   = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\r\nhkiG9w0BAQEFAASC\nBQ==\n-----END PRIVATE KEY-----\n"
)

// TestDiagnosticOfAPluginTellsNoSecret has a real plugin repeat a secret that it
// got in its environment.
func TestDiagnosticOfAPluginTellsNoSecret(t *testing.T) {
	for field, config := range map[string]map[string]any{
		"summary": {"mode": token},
		"detail":  {"wait": token},
	} {
		t.Run(field, func(t *testing.T) {
			h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}, Environ: func() []string {
				return []string{"STUB_SECRET=" + token, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR")}
			}})
			r := one(context.Background(), h, "stub", config)
			said := message(r.Err)
			for _, d := range r.Diagnostics {
				said += d.Text()
			}
			if len(r.Diagnostics) != 1 || !strings.Contains(said, "[redacted]") || strings.Contains(said, token) {
				t.Errorf("%d diagnostics:\n%s", len(r.Diagnostics), said)
			}
		})
	}
}

func TestWhatASourceSaysIsRedacted(t *testing.T) {
	var told Event
	a := &answer{source: "golden", typ: "stub", tell: func(e Event) { told = e }}
	a.words = run.NewTail(slog.New(slog.DiscardHandler), secrets([]string{"A_TOKEN=" + token, "A_KEY=" + pem}, []string{"A_*"}, nil))

	a.meanwhile(&sourcev1.Progress{Message: "with " + token}, []*sourcev1.Diagnostic{{
		Summary: "denied for " + token, Detail: "the key is\n" + pem, NextStep: "replace " + token,
		Scope: token, ConfigPath: "tokens." + token,
	}})
	want := []Diagnostic{{
		Severity: SeverityError, Source: "golden", Plugin: "stub",
		Summary: "denied for [redacted]", Detail: "the key is\n[redacted]\n", NextStep: "replace [redacted]",
		Scope: "[redacted]", ConfigPath: "tokens.[redacted]",
	}}
	if diff := cmp.Diff(want, a.diagnostics); diff != "" {
		t.Error(diff)
	}
	if told.Message != "with [redacted]" {
		t.Errorf("progress %q", told.Message)
	}

	verified := []Verified{{Ref: image.Ref{ID: "ami-1"}}}
	a.questions = protocol.NewQuestions(refsTo([]image.Ref{verified[0].Ref}))
	a.verified(verified, []*sourcev1.VerifyResult{{Index: proto.Uint32(0), Presence: sourcev1.Presence_PRESENCE_UNKNOWN, Reason: token + " has expired"}})
	if got := verified[0].Reason; got != "[redacted] has expired" {
		t.Errorf("reason %q", got)
	}

	images := a.images(nil, []*sourcev1.Image{{Id: "ami-1", Provider: "aws", StateReason: "not asked: " + token, Withheld: token + " is refused"}})
	if got := images[0]; got.StateReason != "not asked: [redacted]" || got.Withheld != "[redacted] is refused" {
		t.Errorf("state reason %q, withheld %q", got.StateReason, got.Withheld)
	}
	a.images(nil, []*sourcev1.Image{{Name: token}})
	if got := a.diagnostics[1].Detail; got != "it has no id (name [redacted])" {
		t.Errorf("detail %q", got)
	}
}

func TestSecrets(t *testing.T) {
	environ := []string{
		"A_TOKEN=" + token, "A_SHORT_KEY=1234567", "A_REGION=us-east-1", "B_TOKEN=undeclared-token",
		"A_PASSWORD=" + token + "-and-more",
		// A diagnostic about a file has to name it.
		"A_TOKEN_FILE=/run/token/file", "A_KEY_PATH=/run/key.pem", "GOOGLE_APPLICATION_CREDENTIALS=/home/me/key.json",
		"A_KEY_IN_LINES=  first line\n1234567\n",
	}
	want := []string{
		token + "-and-more", // before what it begins with
		"first line\n1234567", token, "first line",
	}
	got := secrets(environ, []string{"A_*", "GOOGLE_APPLICATION_CREDENTIALS"}, nil)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSecretOfTheAuthorsOwn has a name that tells nothing.
func TestSecretOfTheAuthorsOwn(t *testing.T) {
	h := newHost(t, Options{Environ: func() []string {
		return []string{"A_HIDDEN_X=" + token, "A_OTHER=something-else", "B_HIDDEN_X=not-its-own"}
	}})
	p := &Plugin{Description: &sourcev1.Description{Environment: []string{"A_*"}, SecretEnvironment: []string{"A_HIDDEN_*"}}}
	_, got := h.program(p).Environment()
	if diff := cmp.Diff([]string{token}, got); diff != "" {
		t.Error(diff)
	}
}
