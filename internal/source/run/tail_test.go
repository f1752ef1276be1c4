package run

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
)

const (
	token = "hunter2hunter2"
	pem   = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\r\nhkiG9w0BAQEFAASC\nBQ==\n-----END PRIVATE KEY-----\n"
)

// A long text of a plugin is a diagnostic's own affair; only log lines are cut.
func TestRedactionKeepsTheRest(t *testing.T) {
	long := strings.Repeat("x", 2*tailLineSize) + "\nsecond line"
	if got := NewTail(slog.New(slog.DiscardHandler), []string{token}).Text(long); got != long {
		t.Errorf("%q", got)
	}
}

// TestLinesOfASecretAreRedacted: stderr is read line by line, and a key has many.
func TestLinesOfASecretAreRedacted(t *testing.T) {
	tail := tailFor("A_KEY=" + pem)
	_, _ = tail.Write([]byte("cannot parse:\n" + pem + "really\n"))
	want := []string{"cannot parse:", "[redacted]", "[redacted]", "[redacted]", "BQ==", "[redacted]", "really"}
	if diff := cmp.Diff(want, tail.Last()); diff != "" {
		t.Error(diff)
	}
}

// tailFor is that of a plugin that gets these variables.
func tailFor(environ ...string) *Tail {
	return NewTail(slog.New(slog.DiscardHandler), redact.Environment(environ, redact.NamesSecret))
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
		got := strings.Join(tail.Last(), "|")
		if strings.HasPrefix(text, "{") {
			_, got, _ = strings.Cut(got, `"@message":"`)
		}
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
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
		log := &bytes.Buffer{}
		tail := NewTail(slog.New(slog.NewTextHandler(log, nil)), nil)
		_, _ = tail.Write([]byte(line + "\n"))
		if last := tail.Last(); len(last) != 1 || !strings.HasPrefix(last[0], "throttled") || !strings.Contains(log.String(), "level=WARN") {
			t.Errorf("%s: %.60q", name, last)
		}
	}
}

func FuzzTail(f *testing.F) {
	f.Add([]byte(`{"@message":"x","@level":"warn","a":1}`+"\n"), 3)
	f.Add([]byte("panic: \x1b[31m\xff\n\n\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		tail := NewTail(slog.New(slog.DiscardHandler), []string{"secret-value"})
		n = min(max(n, 0), len(b))
		_, _ = tail.Write(b[:n])
		_, _ = tail.Write(b[n:])
		lines := tail.Last()
		if len(lines) > tailLines {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			if strings.ContainsAny(line, "\x1b\n\r\x00") || strings.Contains(line, "secret-value") {
				t.Errorf("line %q", line)
			}
		}
	})
}

// TestTailTakesOutWhatIsTurnedRound: what is shown of a line is without what steers a
// terminal, and so was a secret with that between its letters.
func TestTailTakesOutWhatIsTurnedRound(t *testing.T) {
	tail := NewTail(slog.New(slog.DiscardHandler), []string{"hunter2/hunter2"})
	_, _ = tail.Write([]byte("it is hunt\u202eer2/hun\x00ter2\n"))
	if got := tail.Last(); len(got) != 1 || got[0] != "it is [redacted]" {
		t.Errorf("got %q", got)
	}
}

// TestTailTakesOutWhatGoesOn: programs write base64 in lines, none of which need have all
// of a secret.
func TestTailTakesOutWhatGoesOn(t *testing.T) {
	tail := NewTail(slog.New(slog.DiscardHandler), []string{"hunter2/hunter2"})
	encoded := base64.StdEncoding.EncodeToString([]byte("ab hunter2/hunter2 cd"))
	_, _ = tail.Write([]byte("before\n" + encoded[:8] + "\n" + encoded[8:16] + "\n  " + encoded[16:] + "\nafter\n"))
	got := tail.Last()
	if len(got) < 3 || got[0] != "before" || got[len(got)-1] != "after" || !strings.Contains(strings.Join(got, ""), redact.Removed) {
		t.Errorf("got %q", got)
	}
	for _, line := range got {
		if strings.Contains(line, encoded[8:16]) {
			t.Errorf("got %q", got)
		}
	}
	if none := NewTail(slog.New(slog.DiscardHandler), nil).Last(); len(none) > 0 {
		t.Errorf("got %q of nothing", none)
	}
}

// TestTailTakesOutALongSecret, which has more lines than are shown.
func TestTailTakesOutALongSecret(t *testing.T) {
	token := strings.Repeat("hunter2/", 256)
	tail := NewTail(slog.New(slog.DiscardHandler), []string{token})
	encoded := base64.StdEncoding.EncodeToString([]byte("ab" + token))
	_, _ = tail.Write([]byte(strings.Repeat("before\n", 2*tailLines)))
	for len(encoded) > 0 {
		n := min(len(encoded), 76)
		_, _ = tail.Write([]byte(encoded[:n] + "\n"))
		encoded = encoded[n:]
	}
	got := tail.Last()
	if len(got) != tailLines || got[0] != "before" || !strings.HasSuffix(got[tailLines-1], redact.Removed) && !strings.HasSuffix(got[tailLines-2], redact.Removed) {
		t.Errorf("got %q", got)
	}
}
