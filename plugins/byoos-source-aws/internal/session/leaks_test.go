package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// withScript configures a credential_process that runs script.
func withScript(t *testing.T, script string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	configured(t, "[default]\ncredential_process = "+file+"\n")
}

// TestWordsWithoutSecrets: a program's words are shown, and not what is secret in
// them, whatever its form.
func TestWordsWithoutSecrets(t *testing.T) {
	tests := []struct{ name, script, shown, hidden string }{
		{"wrapped", `printf 'decoded:\n%s\n%s\n' wJalrXUtnFEMI/K7MDEN G/bPxRfiCYEXAMPLEKEY >&2; exit 1`, "decoded:", "wJalr EXAMPLEKEY"},
		{"after a word", "echo 'wrong password hunter2horse for me' >&2; exit 1", "for me", "hunter2horse"},
		{"after two words", "echo 'the passphrase is hunter2horse.' >&2; exit 1", "the passphrase", "hunter2horse"},
		{"an assertion", "echo 'SAMLResponse PHNhbWxwOlJlc3Bv refused' >&2; exit 1", "refused", "PHNhbWxw"},
		{"escaped in what was printed", `printf '{"SecretAccessKey":"canary\\/secretpart"'; echo 'bad: canary/secretpart' >&2; exit 1`, "bad:", "secretpart"},
		{"nothing secret", "echo 'no token found; run corp-login 2 times in /usr/local/bin' >&2; exit 1", "no token found; run corp-login 2 times in /usr/local/bin", ""},
	}
	for _, test := range tests {
		withScript(t, test.script)
		got := text(problem(t))
		if !strings.Contains(got, test.shown) {
			t.Errorf("%s: no %q in %s", test.name, test.shown, got)
		}
		for _, hidden := range strings.Fields(test.hidden) {
			if strings.Contains(got, hidden) {
				t.Errorf("%s: %q is shown in %s", test.name, hidden, got)
			}
		}
	}
}

// TestAProgramThatPrintsForEver is ended, and its output not kept.
func TestAProgramThatPrintsForEver(t *testing.T) {
	withScript(t, "while :; do echo canary-canary-canary; done")
	if d := problem(t); !strings.Contains(text(d), "more than 65536 bytes") {
		t.Error(text(d))
	}
}

// TestASlowProgramIsNamed and not the deadline that follows from it, as it has less
// time than a call.
func TestASlowProgramIsNamed(t *testing.T) {
	const command = "echo 'waiting for the browser' >&2; exec sleep 60"
	var got string
	// On a busy machine it may take long until the program speaks.
	for _, limit := range []time.Duration{2 * time.Second, 10 * time.Second, 50 * time.Second} {
		_, err := program{"corp", command, t.Context(), limit}.Retrieve(t.Context())
		var d *sdk.Diagnostic
		if !errors.As(err, &d) || !strings.Contains(text(d), `credential_process of the AWS profile "corp"`) {
			t.Fatalf("%v", err)
		}
		if got = text(d); strings.Contains(got, fmt.Sprintf("did not end within %s; it said: waiting", limit)) {
			break
		}
	}
	if !strings.Contains(got, "; it said: waiting") {
		t.Error(got)
	}
	s := &Session{Timeout: time.Minute}
	p, ok := s.chain(t.Context(), aws.Config{}, &config.SharedConfig{CredentialProcess: command}).(program)
	if !ok || p.limit > s.Timeout-time.Second {
		t.Errorf("a program has %s of the %s of a call", p.limit, s.Timeout)
	}
}

// TestURLsWithoutSecrets: what a URL of the user's environment holds beside its place.
func TestURLsWithoutSecrets(t *testing.T) {
	tests := []struct{ variable, value, shown string }{
		{"AWS_ENDPOINT_URL_STS", "https://user:hunter2%zzhorse@127.0.0.1:1", "127.0.0.1:1"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://user:hunter2horse@127.0.0.1:1/x?token=hunter2horse", "127.0.0.1:1"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://user:hunter2%zzhorse@127.0.0.1:1/x", "127.0.0.1:1/x"},
	}
	for _, test := range tests {
		configured(t, "")
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		if test.variable == "AWS_ENDPOINT_URL_STS" {
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAX")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "canary/secret")
		}
		t.Setenv(test.variable, test.value)
		s, err := Open(context.Background(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
		if err == nil {
			if _, err = s.Account(context.Background()); err == nil {
				t.Fatalf("%s: no error", test.variable)
			}
			err = trouble.Diagnose(err, trouble.Case{Clean: s.Redactor.Clean})
		}
		var d *sdk.Diagnostic
		if !errors.As(err, &d) || strings.Contains(text(d), "hunter2") || !strings.Contains(text(d), test.shown) {
			t.Errorf("%s: %v", test.variable, err)
		}
		t.Setenv(test.variable, "")
	}
}
