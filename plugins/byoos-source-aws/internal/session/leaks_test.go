package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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

// TestAProgramThatPrintsForEver is ended, and its output not kept.
func TestAProgramThatPrintsForEver(t *testing.T) {
	withScript(t, "while :; do echo canary-canary-canary; done")
	if d := problem(t); !strings.Contains(text(d), "more than 65536 bytes") {
		t.Error(text(d))
	}
}

// TestNoShellToRunAProgram is told as that: the program printed nothing as it never ran.
func TestNoShellToRunAProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("cmd.exe is found without PATH there")
	}
	withScript(t, "echo canary")
	t.Setenv("PATH", t.TempDir())
	if d := problem(t); !strings.Contains(text(d), `it cannot be started: exec: "sh": executable file not found in $PATH`) {
		t.Error(text(d))
	}
}

// TestASlowProgramIsNamed and not the deadline that follows from it, as it has less
// time than a call.
func TestASlowProgramIsNamed(t *testing.T) {
	const command = "exec sleep 60"
	limit := time.Second
	_, err := program{profile: "corp", command: command, environment: "PATH=" + os.Getenv("PATH"), limit: limit}.retrieve(t.Context())
	var d *sdk.Diagnostic
	if !errors.As(err, &d) || !strings.Contains(text(d), `credential_process of the AWS profile "corp" (exec)`) || !strings.Contains(text(d), "did not end within 1s") {
		t.Errorf("%v", err)
	}
	s := &Session{Timeout: time.Minute}
	p, ok := s.chain(t.Context(), aws.Config{}, &config.SharedConfig{CredentialProcess: command}).(once)
	if !ok || p.limit != 54*time.Second {
		t.Errorf("a program has %s of the %s of a call", p.limit, s.Timeout)
	}
}

// TestURLsWithoutSecrets: what a URL of the user's environment holds beside its place.
func TestURLsWithoutSecrets(t *testing.T) {
	tests := []struct{ variable, value, shown string }{
		{"AWS_ENDPOINT_URL_STS", "https://user:hunter2%zzhorse@127.0.0.1:1", "AWS_ENDPOINT_URL_STS"},
		{"AWS_ENDPOINT_URL_STS", "https://user:hunter2horse@127.0.0.1:1", "a user name or a password"},
		{"AWS_ENDPOINT_URL", "127.0.0.1:1/hunter2horse", "AWS_ENDPOINT_URL"},
		{"AWS_ENDPOINT_URL", "http://127.0.0.1:1?key=hunter2horse", "more than a host and a path"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://user:hunter2horse@127.0.0.1:1/x?token=hunter2horse", "127.0.0.1:1"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://user:hunter2%zzhorse@127.0.0.1:1/x", "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
	}
	for _, test := range tests {
		configured(t, "")
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		if strings.HasPrefix(test.variable, "AWS_ENDPOINT_URL") {
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIAX")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "canary/secret")
		}
		t.Setenv(test.variable, test.value)
		s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}}, nil, nil)
		if err == nil {
			if _, err = s.Account(context.Background()); err == nil {
				t.Fatalf("%s: no error", test.variable)
			}
			err = trouble.Diagnose(err, trouble.Case{})
		}
		var d *sdk.Diagnostic
		if !errors.As(err, &d) || strings.Contains(text(d), "hunter2") || !strings.Contains(text(d), test.shown) {
			t.Errorf("%s: %v", test.variable, err)
		}
		t.Setenv(test.variable, "")
	}
}

// TestAProgramIsRunOnce for equal sources of a process, at the same time as well, and
// again when the one who had started it was ended.
func TestAProgramIsRunOnce(t *testing.T) {
	for _, answer := range []string{`{"Version":1,"AccessKeyId":"AKIAX","SecretAccessKey":"s"}`, "broken"} {
		runs := filepath.Join(t.TempDir(), "runs")
		withScript(t, "echo x >>"+runs+"; "+printing(answer))
		shared := &Shared{}
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				s, err := shared.Open(t.Context(), settings.Config{AMI: &settings.AMI{}}, nil, nil, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Authenticate(t.Context()); (err == nil) == (answer == "broken") {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if data, err := os.ReadFile(runs); err != nil || string(data) != "x\n" {
			t.Errorf("%s: runs %q, %v", answer, data, err)
		}
	}
}

func TestAProgramThatWasEndedIsRunAgain(t *testing.T) {
	withScript(t, printing(`{"Version":1,"AccessKeyId":"AKIAX","SecretAccessKey":"s"}`))
	shared := &Shared{}
	ended, end := context.WithCancel(t.Context())
	end()
	for _, ctx := range []context.Context{ended, t.Context()} {
		s, err := shared.Open(ctx, settings.Config{AMI: &settings.AMI{}}, nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Authenticate(ctx); (err == nil) != (ctx != ended) {
			t.Error(err)
		}
	}
}

// TestWhatAProgramGets: what any program needs, what the user lists, and none of the
// keys and tokens that the plugin has.
func TestWhatAProgramGets(t *testing.T) {
	got := filepath.Join(t.TempDir(), "got")
	withScript(t, "env >"+got+"; exit 1")
	environ(t, "AWS_SESSION_TOKEN="+canaryToken, "AWS_CONTAINER_AUTHORIZATION_TOKEN="+canaryToken, "CORP_LOGIN=listed", "CORP_OTHER=not listed")
	s, err := testOpen(t.Context(), settings.Config{AMI: &settings.AMI{}}, map[string]any{"environment": []any{"CORP_LOGIN"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Authenticate(t.Context()); err == nil {
		t.Fatal("no error")
	}
	data, err := os.ReadFile(got)
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]bool{"CORP_LOGIN=listed": true, "PATH=": true, "AWS_CONFIG_FILE=": true, "CORP_OTHER": false, canaryToken: false} {
		if strings.Contains(string(data), part) != want {
			t.Errorf("%s: want %v in %s", part, want, data)
		}
	}
}
