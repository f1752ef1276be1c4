package source

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"strconv"
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
			said := text(r.Err)
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
	if got := newTail(slog.New(slog.DiscardHandler), []string{token}).redact(long); got != long {
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
	got := secrets(environ, []string{"A_*", "GOOGLE_APPLICATION_CREDENTIALS"}, namesSecret)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// tailFor is that of a plugin that declared A_* and gets these variables.
func tailFor(environ ...string) *tail {
	return newTail(slog.New(slog.DiscardHandler), secrets(environ, []string{"A_*"}, namesSecret))
}

// TestFormsOfASecret: a program prints a value as its libraries spell it.
func TestFormsOfASecret(t *testing.T) {
	const secret = `p/ss"w<rd +é&1@:%;,=$`
	inURL := url.URL{Scheme: "https", Host: "h", User: url.UserPassword("u", secret)}
	tail := tailFor("A_TOKEN=" + secret)
	for name, form := range map[string]string{
		"plain":              secret,
		"query":              url.QueryEscape(secret),
		"path":               url.PathEscape(secret),
		"lower-case percent": strings.ToLower(url.QueryEscape(secret)),
		"user of a URL":      strings.TrimSuffix(strings.TrimPrefix(inURL.String(), "https://u:"), "@h"),
		"whole path":         (&url.URL{Path: secret}).EscapedPath(),
		"Python's quote":     strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"), "%2F", "/"),
		"URL in a URL":       url.QueryEscape(url.QueryEscape(secret)),
		"JSON":               `p/ss\"w\u003crd +é\u00261@:%;,=$`,
		"JSON without HTML":  `p/ss\"w<rd +é&1@:%;,=$`,
		"PHP's JSON":         `p\/ss\"w<rd +\u00e9&1@:%;,=$`,
		"JSON, quoted":       strconv.Quote(`p/ss\"w\u003crd +é\u00261@:%;,=$`),
		"base64 in a URL":    url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
		"quoted":             strconv.Quote(secret),
		"quoted as ASCII":    strconv.QuoteToASCII(secret),
		"base64":             base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 for URLs":    base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"basic auth":         base64.StdEncoding.EncodeToString([]byte("u:" + secret)),
		"in base64":          base64.StdEncoding.EncodeToString([]byte("a" + secret + "\n")),
		"UTF-16":             strings.Join(strings.Split(secret, ""), "\x00"),
		"base64 in lines":    base64.StdEncoding.EncodeToString([]byte(secret))[:12] + "\r\n" + base64.StdEncoding.EncodeToString([]byte(secret))[12:],
	} {
		got := tail.clean("with <" + form + ">")
		rest := strings.Replace(strings.TrimSuffix(strings.TrimPrefix(got, "with <"), ">"), "[redacted]", "", 1)
		if len(rest) > len(`""`)+len("dTp")+len("==") || !strings.Contains(got, "[redacted]") {
			t.Errorf("%s: %s became %s", name, form, got)
		}
	}
}

// TestBackslashesOfASecret: of several in a row, some are of what follows them.
func TestBackslashesOfASecret(t *testing.T) {
	inJSON := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, secret := range []string{`hunter\>2&\<3`, `DOMAIN\\user\é`, `ends with \\`, `\\begins with \`, "in\\\nlines"} {
		tail := tailFor("A_TOKEN=" + secret)
		for name, form := range map[string]string{
			"plain": secret, "query": url.QueryEscape(secret), "URL in a URL": url.QueryEscape(url.QueryEscape(secret)),
			"JSON": inJSON(secret), "JSON, quoted": strconv.Quote(inJSON(secret)), "quoted as ASCII": strconv.QuoteToASCII(secret),
			"UTF-16": strings.Join(strings.Split(secret, ""), "\x00"),
		} {
			got := tail.redact("with " + form)
			if strings.NewReplacer(`"`, "", `\`, "").Replace(got) != "with [redacted]" {
				t.Errorf("%s: %q became %q", name, form, got)
			}
		}
	}
}

// TestLongRuns: a text that is quoted again and again has many backslashes, and is
// read once; to read it from each of them on would take hours.
func TestLongRuns(t *testing.T) {
	tail := tailFor("A_TOKEN=-hunter2\\hunter2", "A_KEY=\n\n<hunter2hunter2")
	for _, some := range []string{`\`, "%5c", "%255C", "\\\x00", "\n", "-\n"} {
		run := strings.Repeat(some, 1<<18)
		if got := tail.redact(run); got != run {
			t.Errorf("%q: something became [redacted]", some)
		}
		secret := `\u002dhunter2\` + run + `hunter2 \u003Chunter2hunter2`
		if strings.Contains(some, "-") {
			secret = `-hunter2\hunter2 <hunter2hunter2`
		}
		if got := tail.redact(run + secret); !strings.HasSuffix(got, "[redacted] [redacted]") {
			t.Errorf("%q: it ends with %q", some, got[max(0, len(got)-50):])
		}
	}
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

func TestNamesOfSecrets(t *testing.T) {
	for name, want := range map[string]bool{
		"AZURE_CLIENT_SECRET": true, "AZUREDEVOPS_PAT": true, "A_PASS": true, "DBPASS": true, "MYSQL_PWD": true, "AZURE_STORAGE_SAS": true,
		"SENTRY_DSN": true, "REGISTRY_AUTH": true, "DOCKER_AUTH_CONFIG": true, "SESSION_COOKIE": true, "AZURE_STORAGE_CONNECTION_STRING": true,
		"IDENTITY_HEADER": true, "SSH_PASSPHRASE": true, "AWS_CONTAINER_AUTHORIZATION_TOKEN": true, "aws_session_token": true,
		"PATH": false, "PWD": false, "OLDPWD": false, "SSH_AUTH_SOCK": false, "AUTH_TYPE": false, "AZURE_AUTHORITY_HOST": false,
		"AWS_REGION": false, "AWS_WEB_IDENTITY_TOKEN_FILE": false, "A_BYPASS": false, "A_COMPASS_X": false, "AZURE_TOKEN_CREDENTIALS": false,
		"": false,
	} {
		if got := namesSecret(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestSecretPartsOfValues(t *testing.T) {
	tail := tailFor(
		"HTTPS_PROXY=http://proxyuser01:p%40ss-word-1@proxy.example:3128", "http_proxy=bob:pw@proxy.example",
		"A_STORE=DefaultEndpointsProtocol=https;AccountName=store;AccountKey=bWFueSBieXRlcw==;EndpointSuffix=core.windows.net",
		"A_BLOB=https://store.example/c?sv=2024&sig=abc%2Bdefghij", `A_LOGINS={"auths":{"r.example":{"auth":"dXNlcjpwYXNz"}},"private_key":"one line of it\nand another"}`,
		"A_MODE_AUTH=disabled", "LC_ALL=en_US.UTF-8@variant", "A_MAIL=jonathan@example.com", "A_HOST=https://api.example/v1",
	)
	for text, want := range map[string]string{
		"proxyconnect http://proxyuser01:p%40ss-word-1@proxy.example:3128: refused": "proxyconnect http://[redacted]proxy.example:3128: refused",
		"user proxyuser01, password p@ss-word-1":                                    "user [redacted], password [redacted]",
		"via bob:pw@proxy.example, bob":                                             "via [redacted]proxy.example, bob",
		"key bWFueSBieXRlcw== of store.core.windows.net":                            "key [redacted] of store.core.windows.net",
		"sig=abc%2Bdefghij, abc+defghij":                                            "sig=[redacted], [redacted]",
		"login dXNlcjpwYXNz, one line of it":                                        "login [redacted], [redacted]",
		"access is disabled":                                                        "access is disabled",
		"en_US.UTF-8 jonathan":                                                      "en_US.UTF-8 jonathan",
		"https://api.example/v1 fails":                                              "https://api.example/v1 fails",
	} {
		if got := tail.clean(text); got != want {
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
