package palette

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

// tenantAt is a client of tenant scope of a server.
func tenantAt(t *testing.T, host string, adjust ...func(*Config)) *Client {
	t.Helper()
	config := Config{Host: host, Secret: Secret{text: testKey}, RetryWait: time.Millisecond}
	for _, f := range adjust {
		f(&config)
	}
	client, err := NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const testKey = "k3y+with/odd=signs-0123456789"

// What became of a write: refused is surely not done, and all else is not known.
func TestOutcomeOfAWrite(t *testing.T) {
	const page = "<html><title>proxy</title></html>"
	for name, c := range map[string]struct {
		status  int
		media   string
		body    string
		unknown bool
	}{
		"400": {400, "application/json", `{"code":"x"}`, false}, "401": {401, "", "", false}, "403 page": {403, "text/html", page, false}, "404": {404, "application/json", `{}`, false},
		"407 page": {407, "text/html", page, false}, "409": {409, "application/json", `{}`, false}, "413 page": {413, "text/html", page, false}, "421": {421, "text/html", page, false},
		"422": {422, "application/json", `{}`, false}, "425": {425, "", "", false}, "429": {429, "", "", false},
		"408": {408, "text/html", page, true}, "499": {499, "", "", true}, "500": {500, "application/json", `{"code":"x"}`, true}, "502 page": {502, "text/html", page, true},
		"503": {503, "", "", true}, "504": {504, "text/html", page, true}, "200 page": {200, "text/html", page, true}, "200 empty": {200, "", "", true},
		"200 JSON": {200, "application/json", `{}`, true}, "202": {202, "", "", true}, "302": {302, "text/html", page, true}, "304": {304, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n++
				w.Header().Set("Content-Type", c.media)
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer server.Close()
			err := tenantAt(t, server.URL).publish(t.Context(), "x")
			if err == nil || outcomeUnknown(err) != c.unknown {
				t.Errorf("got %v, unknown %t", err, !c.unknown)
			}
			if n != 1 {
				t.Errorf("a write was sent %d times", n)
			}
		})
	}
}

// A failure is one of the connection, or comes after the request was sent.
func TestOutcomeOfALostAnswer(t *testing.T) {
	held := make(chan struct{})
	defer close(held)
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	short := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"code"`)
	}))
	defer short.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-held:
		}
	}))
	defer slow.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	defer untrusted.Close()
	// A listener whose connections nobody accepts ends the handshake of TLS by the deadline.
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = deaf.Close() }()
	for name, c := range map[string]struct {
		host, want string
		unknown    bool
	}{
		"cut": {cut.URL, "EOF", true}, "cut in a refusal": {short.URL, "broke off", true}, "slow": {slow.URL, "no answer within LIMIT", true},
		"no server": {"http://127.0.0.1:1", "refused", false}, "not trusted": {untrusted.URL, "certificate", false},
		"no handshake": {"https://" + deaf.Addr().String(), "no connection within LIMIT", false},
	} {
		var err error
		told := false
		// On a busy machine all takes longer, a connection as well.
		for limit := 200 * time.Millisecond; !told && limit < time.Minute; limit *= 5 {
			client := tenantAt(t, c.host, func(config *Config) { config.RequestTimeout = limit })
			err = client.publish(t.Context(), "x")
			told = err != nil && strings.Contains(err.Error(), strings.ReplaceAll(c.want, "LIMIT", limit.String()))
		}
		if !told || outcomeUnknown(err) != c.unknown {
			t.Errorf("%s: got %v, unknown %t", name, err, outcomeUnknown(err))
		}
	}
}

// A uid that would make another path is not sent.
func TestPathOfACall(t *testing.T) {
	for _, uid := range []string{"", ".", ".."} {
		n := 0
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n++ }))
		err := tenantAt(t, server.URL).publish(t.Context(), uid)
		server.Close()
		if err == nil || outcomeUnknown(err) || n != 0 || err.Error() != fmt.Sprintf("%q is no uid to ask Palette for", uid) {
			t.Errorf("%q: got %v after %d requests", uid, err, n)
		}
	}
	got, err := read("/v1/clusterprofiles/{uid}/packs/{packName}/manifests", "a/b?", "../x").escapedPath()
	if want := "/v1/clusterprofiles/a%2Fb%3F/packs/..%2Fx/manifests"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestBackoff(t *testing.T) {
	now := time.Now()
	for header, want := range map[string]time.Duration{
		"":                        4 * time.Second, // none: the pause doubles
		"0":                       0,
		"7":                       7 * time.Second,
		" 7 ":                     7 * time.Second,
		"-1":                      4 * time.Second,
		"-9223372036854775808":    4 * time.Second,
		"soon":                    4 * time.Second,
		"3600":                    maxRetryAfter,
		"10000000000":             maxRetryAfter,
		"9223372036854775807":     maxRetryAfter,
		"18446744073709551616":    maxRetryAfter,
		"99999999999999999999999": maxRetryAfter,
		now.Add(time.Hour).UTC().Format(http.TimeFormat):  maxRetryAfter,
		now.Add(-time.Hour).UTC().Format(http.TimeFormat): 0,
	} {
		answer := &response{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {header}}}
		if got := backoff(time.Second, 2, answer); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
	for attempt, want := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 20: 30 * time.Second, 1000: 30 * time.Second} {
		if got := backoff(time.Second, attempt, nil); got != want {
			t.Errorf("attempt %d: got %s, want %s", attempt, got, want)
		}
	}
}

// The words of an error, in whatever form it comes.
func TestWordsOfAnError(t *testing.T) {
	const media = "application/json"
	for _, c := range []struct{ media, body, want string }{
		{media, `{"code":"InvalidSpec","message":"no","ref":"r-1","details":{}}`, "no (InvalidSpec), ref r-1"},
		{media, `{"code":"Invalid","message":"no","details":{"field":"values","errors":["a","b"]}}`, "no; a; b; values (Invalid)"},
		{media, `{"message":"no","details":["a",{"message":"b"}]}`, "no; a; b"},
		{media, `{"message":"no","details":"a"}`, "no; a"},
		{media, `{"message":["one","two"]}`, "one; two"},
		{media, `{"error":"no"}`, "no"},
		{media, `{"error":{"code":403,"message":"no"}}`, "no (403)"},
		{media, `{"error":{"code":400,"message":"no"}}`, "no"},
		{media, `{"errors":[{"message":"a","code":"X"},{"message":"b"}]}`, "a; b (X)"},
		{media, `{"errors":["a","b"]}`, "a; b"},
		{media, `{"code":3,"message":"no","details":[]}`, "no (3)"}, // grpc-gateway
		{media, `{"code":3,"error":"no","message":"no"}`, "no (3)"},
		{media, `"no"`, "no"}, {media, `["a","b"]`, "a; b"},
		{media, `null`, "bad request"}, {media, `{}`, "bad request"}, {media, `7`, "bad request"}, {media, "", "bad request"},
		{"text/plain", "upstream says\nno", "upstream says no"}, {media, `{"message":`, `{"message":`},
		{"text/html", "<html><head><TITLE lang=en>413 &lt;Too\nLarge&gt;</TITLE></head>...", `a web page titled "413 <Too Large>"`},
		{"text/html", "<html><body>no</body></html>", "a web page"}, {"", "  <!doctype html><p>no", "a web page"},
		{media, `{"message":"a\u001b[31mb\u001b]0;title\u0007c\u009b1md\u202ee\u2028f\u200bg\r\nh\u0000i"}`, "abcde fg h i"},
		{media, `{"message":"` + strings.Repeat("a", 600) + `"}`, strings.Repeat("a", 500) + "..."},
		{media, `{"error":{"error":{"error":{"error":"deep"}}}}`, "deep"}, {media, `{"error":{"error":{"error":{"error":{"error":"too deep"}}}}}`, "bad request"},
		{media, `{"details":{"a":{"details":{"b":"deep"}}}}`, "deep"}, {media, `{"message":" a "}`, "a"}, {media, `{"message":"a"} {}`, `{"message":"a"} {}`},
		{media, `{"error":{"error":{"error":{"error":{"error":{"error":"too deep"}}}}}}`, "bad request"},
		{media, `[[[["deep"]]]]`, "deep"}, {media, `[[[[["too deep"]]]]]`, "bad request"}, {media, `{"details":{"a":{"details":{"b":{"details":{"c":"too deep"}}}}}}`, "bad request"},
		{"text/html", "Please sign in", "a web page"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.media)
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, c.body)
		}))
		err := tenantAt(t, server.URL).publish(t.Context(), "x")
		server.Close()
		var answer *APIError
		if want := "palette answered 400 to PATCH /v1/clusterprofiles/x/publish: " + c.want; !errors.As(err, &answer) || err.Error() != want {
			t.Errorf("%s: got\n%v, want\n%s", c.body, err, want)
		}
	}
}

// The key is taken out in every form, before anything is cut.
func TestKeyInTheWordsOfAnError(t *testing.T) {
	quoted, err := json.Marshal(testKey)
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{
		"plain": testKey, "query": url.QueryEscape(testKey), "path": url.PathEscape(testKey), "twice": url.QueryEscape(url.QueryEscape(testKey)),
		"base64": base64.StdEncoding.EncodeToString([]byte(testKey)), "base64 in a text": base64.URLEncoding.EncodeToString([]byte("ApiKey: " + testKey))[11:],
		"hex": hex.EncodeToString([]byte(testKey)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(testKey))), "JSON": string(quoted),
		"coloured": testKey[:9] + "\x1b[1m" + testKey[9:], "invisible": testKey[:9] + "\u200b" + testKey[9:], "lines": testKey[:9] + "\r\n" + testKey[9:],
	} {
		for _, before := range []int{0, 480, 495, 64<<10 - 12} {
			line := Secret{text: testKey}.scrubber().line(strings.Repeat("a", before) + " " + text + " and more")
			for _, part := range []string{text[:min(10, len(text))], testKey[:9], testKey[len(testKey)-9:]} {
				if strings.Contains(line, part) {
					t.Errorf("%s after %d: %q shows in %q", form, before, part, line)
				}
			}
			if len(line) > maxLine+3 || strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("%s: the line is %q", form, line)
			}
		}
	}
}

// compressed serves what write writes by gzip, without being asked to.
func compressed(t *testing.T, status int, write func(io.Writer)) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		zip := gzip.NewWriter(w)
		write(zip)
		_ = zip.Close()
	}))
	t.Cleanup(server.Close)
	return server
}

func TestCompressedAnswers(t *testing.T) {
	said := compressed(t, http.StatusBadRequest, func(w io.Writer) { fmt.Fprint(w, `{"message":"no"}`) })
	if err := tenantAt(t, said.URL).publish(t.Context(), "x"); err == nil || !strings.HasSuffix(err.Error(), ": no") || outcomeUnknown(err) {
		t.Errorf("got %v", err)
	}
	n := 0
	bomb := compressed(t, http.StatusOK, func(w io.Writer) {
		n++
		for range maxBody>>20 + 1 {
			_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
		}
	})
	client := tenantAt(t, bomb.URL, func(c *Config) { c.Retries = 3 })
	if _, err := client.profile(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "more than 64 MiB") || n != 1 {
		t.Errorf("got %v after %d requests", err, n)
	}
}
