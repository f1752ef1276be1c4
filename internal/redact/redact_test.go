package redact

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// with knows the secrets of a program that gets these variables.
func with(environ ...string) *Redactor { return New(Environment(environ, NamesSecret)...) }

// TestFormsOfASecret: a program prints a value as its libraries spell it.
func TestFormsOfASecret(t *testing.T) {
	const secret = `p/ss"w<rd +é&1@:%;,=$`
	inURL := url.URL{Scheme: "https", Host: "h", User: url.UserPassword("u", secret)}
	r := with("A_TOKEN=" + secret)
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
		"HTML":               html.EscapeString(secret),
		"HTML, all numbers":  `p&#x2F;ss&#34;w&#60;rd +&#233;&#x26;1&#64;&#58;%;,=$`,
		"indented lines":     secret[:5] + "\r\n  " + secret[5:],
		"quoted lines":       secret[:5] + `\r\n  ` + secret[5:],
		"lines quoted twice": secret[:5] + `\\n` + secret[5:],
		"lines in a URL":     secret[:5] + "%0D%0A%250a" + secret[5:],
		"lines in JSON":      secret[:5] + `\u000A` + secret[5:],
		"continued line":     secret[:5] + "\\\n  " + secret[5:],
		"turned round":       secret[:5] + "\u202e\u200b" + secret[5:],
		"UTF-16":             strings.Join(strings.Split(secret, ""), "\x00"),
		"base64 in lines":    base64.StdEncoding.EncodeToString([]byte(secret))[:12] + "\r\n" + base64.StdEncoding.EncodeToString([]byte(secret))[12:],
	} {
		got := r.Text("with <" + form + ">")
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
		r := with("A_TOKEN=" + secret)
		for name, form := range map[string]string{
			"plain": secret, "query": url.QueryEscape(secret), "URL in a URL": url.QueryEscape(url.QueryEscape(secret)),
			"JSON": inJSON(secret), "JSON, quoted": strconv.Quote(inJSON(secret)), "quoted as ASCII": strconv.QuoteToASCII(secret),
			"UTF-16": strings.Join(strings.Split(secret, ""), "\x00"),
		} {
			got := r.Text("with " + form)
			if strings.NewReplacer(`"`, "", `\`, "").Replace(got) != "with [redacted]" {
				t.Errorf("%s: %q became %q", name, form, got)
			}
		}
	}
}

// TestLongRuns: a text that is quoted again and again has many backslashes, and is
// read once; to read it from each of them on would take hours.
func TestLongRuns(t *testing.T) {
	r := with("A_TOKEN=-hunter2\\hunter2", "A_KEY=\n\n<hunter2hunter2")
	for _, some := range []string{`\`, "%5c", "%255C", "\\\x00", "\n", "-\n"} {
		run := strings.Repeat(some, 1<<18)
		if got := r.Text(run); got != run {
			t.Errorf("%q: something became [redacted]", some)
		}
		secret := `\u002dhunter2\` + run + `hunter2 \u003Chunter2hunter2`
		if strings.Contains(some, "-") {
			secret = `-hunter2\hunter2 <hunter2hunter2`
		}
		if got := r.Text(run + secret); !strings.HasSuffix(got, "[redacted] [redacted]") {
			t.Errorf("%q: it ends with %q", some, got[max(0, len(got)-50):])
		}
	}
}

// TestLongRunsOfBreaks: an escaped line break ends with a letter that a secret may begin
// with, and its run is not read from each of them on either.
func TestLongRunsOfBreaks(t *testing.T) {
	r := with("A_TOKEN=n12-34567", "B_TOKEN=a12-34567", "C_TOKEN=c12-34567")
	for _, some := range []string{`\n`, "%0a", `\u000a`, `\r\n`, "%5C"} {
		run := strings.Repeat(some, 1<<18)
		const want = " [redacted] [redacted]"
		if got := r.Text(run + ` n12-34567 a12-` + strings.Repeat(`\r\n`, 8) + `34567`); got != run+want {
			t.Errorf("%q: it ends with %q", some, got[max(0, len(got)-50):])
		}
	}
}

func TestNamesOfSecrets(t *testing.T) {
	for name, want := range map[string]bool{
		"AZURE_CLIENT_SECRET": true, "AZUREDEVOPS_PAT": true, "A_PASS": true, "DBPASS": true, "CORP_CRED": true, "GIT_CREDS": true, "A_CREDO": false, "MYSQL_PWD": true, "AZURE_STORAGE_SAS": true,
		"SENTRY_DSN": true, "REGISTRY_AUTH": true, "DOCKER_AUTH_CONFIG": true, "SESSION_COOKIE": true, "AZURE_STORAGE_CONNECTION_STRING": true,
		"IDENTITY_HEADER": true, "SSH_PASSPHRASE": true, "AWS_CONTAINER_AUTHORIZATION_TOKEN": true, "aws_session_token": true,
		"PATH": false, "PWD": false, "OLDPWD": false, "SSH_AUTH_SOCK": false, "AUTH_TYPE": false, "AZURE_AUTHORITY_HOST": false,
		"AWS_REGION": false, "AWS_WEB_IDENTITY_TOKEN_FILE": false, "A_BYPASS": false, "A_COMPASS_X": false, "AZURE_TOKEN_CREDENTIALS": false,
		"": false,
	} {
		if got := NamesSecret(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestSecretPartsOfValues(t *testing.T) {
	r := with(
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
		if got := r.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// TestBeginning: of a text that was cut off, the beginning of a secret is one.
func TestBeginning(t *testing.T) {
	const secret = "hunter2/hunter2"
	r := New(secret)
	for text, want := range map[string]string{
		"it is " + secret + " whole": "it is [redacted] whole",
		"it is hunter2/hun":          "it is [redacted]",
		"it is hunter2%2Fhu":         "it is [redacted]",
		"it is hunter2%2":            "it is [redacted]",
		"it is hun":                  "it is hun",
		"hunter2/hu is not the end":  "hunter2/hu is not the end",
	} {
		if got := r.Beginning(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := r.Text("it is hunter2/hun"); got != "it is hunter2/hun" {
		t.Errorf("a whole text became %q", got)
	}
}

// What goes on behind a secret is of the same value: a longer one begins with it.
func TestRestOfAValue(t *testing.T) {
	r := New("hunter2/hunter2")
	for text, want := range map[string]string{
		"password=hunter2/hunter2-rest":   "password=[redacted]",
		"/?sig=hunter2/hunter2-rest&sv=1": "/?sig=[redacted]&sv=[redacted]",
		`/?sig="part"-rest`:               "/?sig=[redacted]",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// What is no part of a secret between its letters is none behind it either.
func TestWhatFollowsASecret(t *testing.T) {
	r := New("hunter2/hunter2")
	for _, rest := range []string{"\n  b: 1\n", "\r\n\r\nmore", `\nmore`, `\temp`, "%0amore", "\x1b[0m", "\u200bmore", "\n"} {
		want := "a: [redacted]" + rest
		if got := r.Text("a: hunter2/hunter2" + rest); got != want {
			t.Errorf("got %q, not %q", got, want)
		}
		if got := r.Lines("a: hunter2/\n  hunter2" + rest); got != "a: [redacted]\n"+rest {
			t.Errorf("in lines %q comes after %q", got, rest)
		}
	}
}

// What has the form of a credential holds a secret only when it is one of those known.
func TestHolds(t *testing.T) {
	r := New("hunter2/hunter2")
	for text, want := range map[string]bool{
		"":                         false,
		"password=correct-horse":   false,
		"it is hunter2%2Fhunter2":  true,
		"password=hunter2/hunter2": true,
		"/?sig=hunter2/hunter2":    true,
		"password=hunter2/hunter":  false, // cut off, it may be another
	} {
		if got := r.Holds(text); got != want {
			t.Errorf("%q holds it: %t", text, got)
		}
	}
}

// A text that is compared line by line keeps their number, and all that is no known value.
func TestLines(t *testing.T) {
	const text = "a: hunter2/\n  hunt\n  er2\nb: hunter2/hunter2\npassword: correct-horse\n"
	const want = "a: [redacted]\n\n\nb: [redacted]\npassword: correct-horse\n"
	if got := New("hunter2/hunter2").Lines(text); got != want {
		t.Errorf("got %q", got)
	}
}

// Whatever a text is: the secret is not in it afterwards, and a second time changes nothing.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "it is %s", `{"a":"\u0063%s\\"}`, "https://u:p@h/?sig=%s&sv=1", "%25253a%s==", "Bearer eyJ%s.a.b", "\x00%s\xff\\", `0?sig="A"0`} {
		f.Add(seed)
	}
	const secret = "hunter2/hunter2"
	r := New(secret)
	f.Fuzz(func(t *testing.T, text string) {
		got := r.Text(strings.ReplaceAll(text, "%s", secret))
		if strings.Contains(got, secret) {
			t.Fatalf("%q became %q", text, got)
		}
		if fact := Fact(text); Fact(fact) != fact {
			t.Fatalf("%q is %q, and then %q", text, fact, Fact(fact))
		}
	})
}
