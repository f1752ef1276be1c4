package session

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// asked asks EC2 with all the time and attempts there are, and returns what is said.
func asked(t *testing.T) *sdk.Diagnostic {
	t.Helper()
	s, err := testOpen(context.Background(), settings.Config{AMI: &settings.AMI{}, CallTimeout: "10m"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Do(context.Background(), func(ctx context.Context) error {
		_, err := s.EC2("us-east-1").DescribeImages(ctx, &ec2.DescribeImagesInput{})
		return err
	})
	if err == nil {
		t.Fatal("no error")
	}
	return trouble.Diagnose(err, trouble.Case{Region: "us-east-1", Timeout: s.Timeout})
}

// TestBarriersAreToldAtOnce: what no repetition changes is asked once, or a few times,
// and the message has its cause.
func TestBarriersAreToldAtOnce(t *testing.T) {
	status := func(code int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	const page = "<html><body>Blocked by ACME</body></html>"
	tests := []struct {
		name, variable string
		handler        http.HandlerFunc
		calls          int32
		want           []string
	}{
		{"a proxy refuses", "HTTPS_PROXY", status(403, "", page), 1, []string{"could not ask ec2 in us-east-1 (ec2:DescribeImages): the proxy does not let it through", "answers 403 Forbidden", "HTTPS_PROXY"}},
		{"a proxy wants a login", "HTTPS_PROXY", status(407, "", page), 1, []string{"the proxy", "answers 407 Proxy Authentication Required"}},
		{"a proxy sends elsewhere", "HTTPS_PROXY", status(302, "Location: http://login.example/", ""), 1, []string{"the proxy", "answers 302 Found"}},
		{"a plain proxy refuses", "HTTP_PROXY", status(403, "", page), 1, []string{"could not ask ec2", "somebody else answers", "a web page (403), through the proxy 127.0.0.1:"}},
		{"a plain proxy refuses without a word", "HTTP_PROXY", status(403, "", ""), 1, []string{"could not ask ec2", "not one of AWS (403), through the proxy 127.0.0.1:"}},
		{"a plain proxy refuses in text", "HTTP_PROXY", status(403, "", "forbidden"), 1, []string{"could not ask ec2", "not one of AWS (403)"}},
		{"a plain proxy refuses in JSON", "HTTP_PROXY", status(403, "", `{"error":"forbidden"}`), 1, []string{"could not ask ec2", "somebody else answers"}},
		{"a plain proxy wants a login", "HTTP_PROXY", status(407, "", page), 1, []string{"the proxy 127.0.0.1:", "answers 407 Proxy Authentication Required"}},
		{"a plain proxy sends elsewhere", "HTTP_PROXY", status(302, "Location: http://login.example/", page), 1, []string{"could not ask ec2", "a web page (302)"}},
		{"an empty answer", "AWS_ENDPOINT_URL", status(200, "", ""), maxHopeless, []string{"ec2:DescribeImages failed in us-east-1", "the answer is empty"}},
		{"a wait that is too long", "AWS_ENDPOINT_URL", status(429, "Retry-After: 7200", "slow"), 1, []string{"asks to wait 2h0m0s before ec2:DescribeImages in us-east-1 is called again"}},
		{"a wait until a time that is too long", "AWS_ENDPOINT_URL", status(503, "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT", "<Response/>"), 1, []string{"asks to wait"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				test.handler(w, r)
			}))
			defer server.Close()
			networkOf(t)
			set := server.URL
			switch test.variable {
			case "HTTPS_PROXY":
				set = strings.Replace(set, "//", "//user:hunter2horse@", 1)
			case "HTTP_PROXY":
				t.Setenv("AWS_ENDPOINT_URL", "http://ec2.us-east-1.amazonaws.com")
				set = strings.Replace(set, "//", "//user:hunter2horse@", 1)
			}
			t.Setenv(test.variable, set)
			d := asked(t)
			for _, want := range test.want {
				if !strings.Contains(text(d), want) {
					t.Errorf("no %q in %s", want, text(d))
				}
			}
			if calls.Load() != test.calls || strings.Contains(text(d), "hunter2") {
				t.Errorf("%d calls, want %d: %s", calls.Load(), test.calls, text(d))
			}
		})
	}
}

// networkOf clears what says where to go, and sets keys.
func networkOf(t *testing.T) {
	t.Helper()
	configured(t, "")
	keyPair(t)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUEST_METHOD", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		environ(t, name+"=", strings.ToLower(name)+"=")
	}
}

// TestProxiesThatAreNone, and certificates.
func TestProxiesThatAreNone(t *testing.T) {
	tests := []struct{ name, proxy, want string }{
		{"nobody there", "http://user:hunter2horse@127.0.0.1:1", "cannot connect to the proxy: dial tcp 127.0.0.1:1"},
		{"no URL", "http://user:hunter2%zzhorse@127.0.0.1:1", "the variable HTTPS_PROXY does not hold the URL of a proxy"},
		{"another kind", "ftp://user:hunter2horse@127.0.0.1:1", "the variable HTTPS_PROXY does not hold the URL of a proxy"},
	}
	for _, test := range tests {
		networkOf(t)
		t.Setenv("HTTPS_PROXY", test.proxy)
		if d := asked(t); !strings.Contains(d.Summary, "the proxy does not let it through") || !strings.Contains(d.Detail, test.want) || strings.Contains(text(d), "hunter2") {
			t.Errorf("%s: %s", test.name, text(d))
		}
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	tests := []struct{ name, url, summary, detail string }{
		{"not trusted", server.URL, "a certificate that is not trusted", "unknown authority"},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "the endpoint that is set cannot be used", "does not speak TLS"},
	}
	for _, test := range tests {
		networkOf(t)
		t.Setenv("AWS_ENDPOINT_URL", test.url)
		if d := asked(t); !strings.Contains(d.Summary, test.summary) || !strings.Contains(d.Detail, test.detail) {
			t.Errorf("%s: %s", test.name, text(d))
		}
	}
	networkOf(t)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	if d := told(t, settings.Config{}); !strings.Contains(d.Detail, "AWS_CA_BUNDLE or ca_bundle has no certificates in PEM") {
		t.Error(text(d))
	}
}
