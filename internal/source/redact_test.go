package source

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"

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
	a.tail = tailFor("A_TOKEN="+token, "A_KEY="+pem)

	a.meanwhile(&sourcev1.Progress{Message: "with " + token}, []*sourcev1.Diagnostic{{
		Summary: "denied for " + token, Detail: "the key is\n" + pem, NextStep: "replace " + token,
		Scope: token, ConfigPath: "tokens." + token,
	}})
	want := []Diagnostic{{
		Severity: SeverityError, Source: "golden", Plugin: "stub",
		Summary: "denied for [redacted]", Detail: "the key is\n[redacted]", NextStep: "replace [redacted]",
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

// A long text of a plugin is a diagnostic's own affair; only log lines are cut.
func TestRedactionKeepsTheRest(t *testing.T) {
	long := strings.Repeat("x", 2*tailLineSize) + "\nsecond line"
	if got := newTail(slog.New(slog.DiscardHandler), []string{token}).Text(long); got != long {
		t.Errorf("%q", got)
	}
}

// TestLinesOfASecretAreRedacted: stderr is read line by line, and a key has many.
func TestLinesOfASecretAreRedacted(t *testing.T) {
	tail := tailFor("A_KEY=" + pem)
	_, _ = tail.Write([]byte("cannot parse:\n" + pem + "really\n"))
	want := []string{"cannot parse:", "[redacted]", "[redacted]", "[redacted]", "BQ==", "[redacted]", "really"}
	if diff := cmp.Diff(want, tail.last()); diff != "" {
		t.Error(diff)
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

// tailFor is that of a plugin that declared A_* and gets these variables.
func tailFor(environ ...string) *tail {
	return newTail(slog.New(slog.DiscardHandler), secrets(environ, []string{"A_*"}, nil))
}

// TestSecretThatIsCutOff: a plugin that is ended in the middle of a line has
// written the beginning of a secret.
func TestSecretThatIsCutOff(t *testing.T) {
	for text, want := range map[string]string{
		"token is " + token[:len(token)-2]: "token is [redacted]",
		"token is " + token[:5]:            "token is [redacted]",
		"no hun":                           "no hun",
		"header " + base64.StdEncoding.EncodeToString([]byte(token))[:9]:        "header [redacted]",
		"url " + url.QueryEscape("a b c d " + token)[:9]:                        "url a+b+c+d+h",
		"whole " + token + "\nand more":                                         "whole [redacted]|and more",
		`{"@level":"warn","@message":"with ` + token[:8]:                        `with [redacted]`,
		"UTF-16 " + strings.Join(strings.Split(token[:8], ""), "\x00") + "\x00": "UTF-16 [redacted]",
	} {
		tail := tailFor("A_TOKEN=" + token)
		_, _ = tail.Write([]byte(text))
		got := strings.Join(tail.last(), "|")
		if strings.HasPrefix(text, "{") {
			_, got, _ = strings.Cut(got, `"@message":"`)
		}
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// TestSecretOfTheAuthorsOwn has a name that tells nothing.
func TestSecretOfTheAuthorsOwn(t *testing.T) {
	p := &Plugin{Description: &sourcev1.Description{Environment: []string{"A_*"}, SecretEnvironment: []string{"A_HIDDEN_*"}}}
	got := p.secrets([]string{"A_HIDDEN_X=" + token, "A_OTHER=something-else", "B_HIDDEN_X=not-its-own"})
	if diff := cmp.Diff([]string{token}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLogLinesThatAreTooLong: what there is of one is read, not shown as JSON.
func TestLogLinesThatAreTooLong(t *testing.T) {
	long := strings.Repeat("x", 70<<10)
	for name, line := range map[string]string{
		"text":              `{"@level":"warn","@message":"throttled","body":"` + long + `"}`,
		"message":           `{"@level":"warn","@module":"m","@message":"throttled ` + long + `"}`,
		"escape at the cut": `{"@level":"warn","@message":"throttled ` + strings.Repeat(`\u00e9`, 12<<10) + `"}`,
		"nested":            `{"@level":"warn","@message":"throttled","body":{"a":["` + long + `"]}}`,
	} {
		log := &lockedBuffer{}
		tail := newTail(slog.New(slog.NewTextHandler(log, nil)), nil)
		_, _ = tail.Write([]byte(line + "\n"))
		if last := tail.last(); len(last) != 1 || !strings.HasPrefix(last[0], "throttled") || !strings.Contains(log.String(), "level=WARN") {
			t.Errorf("%s: %.60q", name, last)
		}
	}
}
