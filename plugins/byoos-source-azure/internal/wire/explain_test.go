package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func of(err error) error {
	return &url.Error{Op: "Get", URL: "https://arm.local/subscriptions/S?x=y", Err: err}
}

func untrusted(err error) error { return of(&tls.CertificateVerificationError{Err: err}) }

func TestExplain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		err       error
		env       map[string]string
		why, next string
		permanent bool
	}{
		"proxy wants a password": {of(ProxyError{"proxy:3128", 407}), nil, "the proxy proxy:3128 asks for a user and a password", "HTTPS_PROXY", true},
		"proxy refuses":          {of(ProxyError{"proxy:3128", 403}), nil, "the proxy proxy:3128 does not let requests to arm.local through (HTTP status 403)", "allow the host", true},
		"proxy is out of order":  {of(ProxyError{"proxy:3128", 500}), nil, "HTTP status 500", "", false},
		"proxy knows no such":    {of(ProxyError{"proxy:3128", 499}), nil, "HTTP status 499", "", true},
		"proxy is tired":         {of(ProxyError{"proxy:3128", 503}), nil, "HTTP status 503", "", false},
		"no proxy there":         {of(&net.OpError{Op: "proxyconnect", Err: errors.New("refused")}), nil, "the proxy for arm.local cannot be reached: refused", "HTTPS_PROXY", false},
		"unknown name":           {of(&net.DNSError{Name: "arm.local", IsNotFound: true}), nil, "the name arm.local is unknown", "the name of the host", true},
		"name not looked up":     {of(&net.DNSError{Name: "arm.local", Err: "server misbehaving", IsTemporary: true}), nil, "arm.local cannot be reached", "network", false},
		"refused":                {of(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), nil, "arm.local cannot be reached: connection refused", "network", false},
		"broken off":             {of(io.ErrUnexpectedEOF), nil, "arm.local cannot be reached: unexpected EOF", "network", false},
		"plain HTTP":             {of(tls.RecordHeaderError{Msg: "first record does not look like TLS"}), nil, "arm.local does not speak TLS", "endpoint", true},
		"certificate":            {untrusted(x509.UnknownAuthorityError{}), nil, "the certificate of arm.local is signed by nobody that this machine trusts", "SSL_CERT_FILE", true},
		"of Python only":         {untrusted(x509.UnknownAuthorityError{}), map[string]string{"REQUESTS_CA_BUNDLE": file}, "certificate", "REQUESTS_CA_BUNDLE is read by az, not by this program: set SSL_CERT_FILE to the same file", true},
		"with a file":            {untrusted(x509.UnknownAuthorityError{}), map[string]string{"REQUESTS_CA_BUNDLE": file, "SSL_CERT_FILE": file}, "certificate", "add its certificate to the file that SSL_CERT_FILE names", true},
		"file missing":           {untrusted(x509.UnknownAuthorityError{}), map[string]string{"SSL_CERT_FILE": file + "x"}, "certificate", "SSL_CERT_FILE names a file that cannot be read", true},
		"another name":           {untrusted(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "arm.local"}), nil, "is for another name", "endpoint", true},
		"expired":                {untrusted(x509.CertificateInvalidError{Reason: x509.Expired}), nil, "has expired", "clock", true},
		"not to sign with":       {untrusted(x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}), nil, "is signed by nobody that this machine trusts", "SSL_CERT_FILE", true},
		"an answer":              {StatusError{"arm.local", 503}, nil, "arm.local answers HTTP status 503", "later", false},
	} {
		t.Run(name, func(t *testing.T) {
			why, next, ok := Explain(tt.err, func(name string) string { return tt.env[name] })
			if !ok || !strings.Contains(why, tt.why) || !strings.Contains(next, tt.next) {
				t.Errorf("got %v: %s next: %s", ok, why, next)
			}
			if Permanent(tt.err) != tt.permanent {
				t.Errorf("permanent: %v", !tt.permanent)
			}
		})
	}
	if _, _, ok := Explain(errors.New("json"), nil); ok {
		t.Error("what is none of the network's is explained")
	}
	if _, next, _ := Explain(untrusted(x509.UnknownAuthorityError{}), nil); !strings.Contains(next, "SSL_CERT_FILE") {
		t.Errorf("without an environment the next step is %s", next)
	}
}

// A redirect of a token server would take the request's body, and so the credential,
// along (RFC 9110, 15.4.8).
func TestRedirectIsNotFollowed(t *testing.T) {
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/other" {
			followed = true
			return
		}
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("client_secret=x"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if followed || response.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("followed %v: %s", followed, response.Status)
	}
}
