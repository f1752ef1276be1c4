package session

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/signin"
	signintypes "github.com/aws/aws-sdk-go-v2/service/signin/types"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"golang.org/x/net/http/httpproxy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// doer is a network of one function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// TestSecretsOnTheWire: each that is sent for credentials, or answered.
func TestSecretsOnTheWire(t *testing.T) {
	a, b, c := aws.String("secret-a"), aws.String("secret-b"), aws.String("secret-c")
	three := "secret-a secret-b secret-c"
	keys := &ststypes.Credentials{AccessKeyId: a, SecretAccessKey: b, SessionToken: c}
	for _, test := range []struct {
		v    any
		want string
	}{
		{&sts.AssumeRoleInput{ExternalId: a}, "secret-a"}, {&sts.AssumeRoleWithWebIdentityInput{WebIdentityToken: a}, "secret-a"},
		{&sts.AssumeRoleOutput{Credentials: keys}, three}, {&sts.AssumeRoleOutput{}, ""}, {&sts.AssumeRoleWithWebIdentityOutput{Credentials: keys}, three}, {&sts.AssumeRoleWithWebIdentityOutput{}, ""},
		{&sso.GetRoleCredentialsInput{AccessToken: a}, "secret-a"}, {&sso.GetRoleCredentialsOutput{}, ""},
		{&sso.GetRoleCredentialsOutput{RoleCredentials: &ssotypes.RoleCredentials{AccessKeyId: a, SecretAccessKey: b, SessionToken: c}}, three},
		{&ssooidc.CreateTokenInput{ClientSecret: a, RefreshToken: b}, "secret-a secret-b"}, {&ssooidc.CreateTokenOutput{AccessToken: a, RefreshToken: b, IdToken: c}, three},
		{&signin.CreateOAuth2TokenInput{}, ""}, {&signin.CreateOAuth2TokenInput{TokenInput: &signintypes.CreateOAuth2TokenRequestBody{RefreshToken: a, Code: b, CodeVerifier: c}}, three},
		{&signin.CreateOAuth2TokenOutput{}, ""}, {&signin.CreateOAuth2TokenOutput{TokenOutput: &signintypes.CreateOAuth2TokenResponseBody{RefreshToken: a, IdToken: b}}, "secret-a secret-b"},
		{&signin.CreateOAuth2TokenOutput{TokenOutput: &signintypes.CreateOAuth2TokenResponseBody{AccessToken: &signintypes.AccessToken{AccessKeyId: a, SecretAccessKey: b, SessionToken: c}}}, three},
		{nil, ""}, {&sts.GetCallerIdentityInput{}, ""},
	} {
		if got := strings.TrimSpace(strings.Join(secretsOf(test.v), " ")); got != test.want {
			t.Errorf("%T: %q, want %q", test.v, got, test.want)
		}
	}
}

func TestRolesAndAnswersWithoutCredentials(t *testing.T) {
	role := aws.String("r")
	for want, in := range map[string][]any{
		"r": {&sts.AssumeRoleInput{RoleArn: role}, &sts.AssumeRoleWithWebIdentityInput{RoleArn: role}}, "r of account 1": {&sso.GetRoleCredentialsInput{RoleName: role, AccountId: aws.String("1")}},
		"": {nil, &sts.GetCallerIdentityInput{}, &sts.AssumeRoleInput{}},
	} {
		for _, v := range in {
			if got := roleOf(v); got != want {
				t.Errorf("%T: %q, want %q", v, got, want)
			}
		}
	}
	for want, out := range map[bool][]any{
		true:  {&sso.GetRoleCredentialsOutput{}, &ssooidc.CreateTokenOutput{}, &ssooidc.CreateTokenOutput{AccessToken: aws.String("")}},
		false: {&sso.GetRoleCredentialsOutput{RoleCredentials: &ssotypes.RoleCredentials{}}, &ssooidc.CreateTokenOutput{AccessToken: role}, nil, &sts.AssumeRoleOutput{}},
	} {
		for _, v := range out {
			if isWithoutCredentials(v) != want {
				t.Errorf("%T: want %v", v, want)
			}
		}
	}
}

// TestPartsOfAToken are secret as well, but for what all tokens begin with.
func TestPartsOfAToken(t *testing.T) {
	s := &Session{secrets: &sdk.Secrets{}}
	s.learn("header00.payload0.signatur", "one00000.two00000", "a0000000.b0000000.c0000000.d0000000")
	const text = "header00 payload0 signatur one00000 two00000 b0000000"
	if got := s.Clean(text); strings.Contains(got, "payload0") || strings.Contains(got, "signatur") || !strings.Contains(got, "header00") || !strings.Contains(got, "one00000 two00000 b0000000") {
		t.Error(got)
	}
}

func TestEndpoints(t *testing.T) {
	if wrongWith(nil) != "" {
		t.Error("no endpoint is a wrong one")
	}
	for endpoint, want := range map[string]string{
		"https://host": "", "http://host:1/path": "", "https://": "is not the URL of a host", "ftp://host": "is not the URL of a host", "https://a b": "is not the URL of a host", "host": "is not the URL of a host",
		"https://u@host": "has a user name or a password, of which AWS has no use", "https://host?q": "has more than a host and a path", "https://host#f": "has more than a host and a path",
	} {
		if got := wrongWith(&endpoint); got != want {
			t.Errorf("%s %s, want: %s", endpoint, got, want)
		}
	}
	for _, service := range []string{"EC2", "IMAGEBUILDER", "SSM", "STS", "SSO", "SSO_OIDC"} {
		configured(t, "")
		t.Setenv("AWS_ENDPOINT_URL_"+service, "nowhere")
		s, err := testOpen(t.Context(), settingsOfAMI(), nil, nil)
		if err != nil || len(s.endpoints) != 1 {
			t.Fatalf("%s: %v, %v", service, err, s.endpoints)
		}
		for id, wrong := range s.endpoints {
			var barrier *trouble.BarrierError
			want := "AWS_ENDPOINT_URL_" + service + ", AWS_ENDPOINT_URL or endpoint_url of the profile is not the URL of a host"
			if strings.ReplaceAll(strings.ToUpper(id), " ", "_") != service || !errors.As(wrong, &barrier) || barrier.Kind != trouble.Endpoint || barrier.What != want {
				t.Errorf("%s, %s: %v", service, id, wrong)
			}
		}
		t.Setenv("AWS_ENDPOINT_URL_"+service, "")
	}
}

// TestProxies: the one of the scheme, and none that is no URL of a proxy.
func TestProxies(t *testing.T) {
	for _, test := range []struct{ to, https, http, want string }{
		{"https://ec2", "http://secure:1", "http://plain:1", "secure:1"}, {"http://ec2", "http://secure:1", "http://plain:1", "plain:1"}, {"https://ec2", "", "http://plain:1", ""},
		{"https://ec2", "secure:1", "", "secure:1"}, {"https://ec2", "127.0.0.1:3128", "", "127.0.0.1:3128"}, {"https://ec2", "socks5://secure:1", "", "secure:1"}, {"https://ec2", "socks5h://secure:1", "", "secure:1"}, {"https://ec2", "https://secure:1", "", "secure:1"},
		{"https://ec2", "ftp://secure:1", "", "! HTTPS_PROXY"}, {"http://ec2", "", "ftp://plain:1", "! HTTP_PROXY"}, {"https://ec2", "http://a%zz", "", "! HTTPS_PROXY"}, {"https://ec2", "", "http://a%zz", ""},
	} {
		to, err := url.Parse(test.to)
		if err != nil {
			t.Fatal(err)
		}
		got, err := proxyOf(&httpproxy.Config{HTTPSProxy: test.https, HTTPProxy: test.http})(to)
		text := ""
		var barrier *trouble.BarrierError
		if errors.As(err, &barrier) && barrier.Kind == trouble.Proxy {
			text = "! " + strings.Fields(barrier.What)[2]
		} else if got != nil {
			text = got.Host
		}
		if text != test.want {
			t.Errorf("%+v: %s, %v", test, text, err)
		}
	}
}

// TestWhatAProxyAnswers: what may pass is asked again.
func TestWhatAProxyAnswers(t *testing.T) {
	for status, again := range map[int]bool{403: false, 407: false, 499: false, 500: true, 502: true} {
		err := connected(t.Context(), &url.URL{Host: "proxy:1"}, nil, &http.Response{StatusCode: status})
		var barrier *trouble.BarrierError
		if errors.As(err, &barrier) == again || err == nil || !strings.HasPrefix(err.Error(), "the proxy proxy:1 answers ") {
			t.Errorf("%d: %v", status, err)
		}
	}
	if err := connected(t.Context(), nil, nil, &http.Response{StatusCode: http.StatusOK}); err != nil {
		t.Error(err)
	}
}

func TestBarriers(t *testing.T) {
	r := &http.Request{URL: &url.URL{Host: "ec2:1"}}
	other := errors.New("x")
	for _, test := range []struct {
		err  error
		kind trouble.Barrier
		what string
	}{
		{&net.OpError{Op: "proxyconnect", Err: other}, trouble.Proxy, "cannot connect to the proxy: x"}, {&net.OpError{Op: "dial", Err: other}, 0, ""},
		{&tls.CertificateVerificationError{Err: other}, trouble.Certificate, "ec2:1: x"}, {tls.RecordHeaderError{}, trouble.Endpoint, "ec2:1 does not speak TLS, and is asked by https"},
		{http.ErrSchemeMismatch, trouble.Endpoint, "ec2:1 does not speak TLS, and is asked by https"}, {other, 0, ""},
	} {
		err := barrier(r, test.err)
		var got *trouble.BarrierError
		if errors.As(err, &got) != (test.what != "") || !errors.Is(err, test.err) || got != nil && (got.Kind != test.kind || got.What != test.what) {
			t.Errorf("%v: %+v", test.err, err)
		}
	}
}

// TestWhoseRefusal: an answer of AWS goes on to the SDK, and another's is told as that.
func TestWhoseRefusal(t *testing.T) {
	const foreign = "the answer is not one of AWS"
	for _, test := range []struct {
		status       int
		header, body string
		want         string
	}{
		{403, "", "<Response/>", ""}, {403, "", `{"a":1}`, ""}, {403, "AccessDenied", "", ""}, {400, "", " <Response/>", ""}, {403, "", "", foreign + " (403), through the proxy proxy:1"}, {404, "", "no", foreign + " (404), through the proxy proxy:1"},
		{403, "AccessDenied", "<html>", "the answer is a web page (403), through the proxy proxy:1"}, {302, "", "<Response/>", foreign + " (302), through the proxy proxy:1"}, {399, "", "{}", foreign + " (399), through the proxy proxy:1"},
		{407, "", "{}", "the proxy proxy:1 answers 407 Proxy Authentication Required"}, {429, "", "<html>", ""}, {500, "", "", ""}, {503, "", "no", ""},
		{502, "", "<html>", "the answer is a web page (502), through the proxy proxy:1"}, {199, "", "{}", foreign + " (199), through the proxy proxy:1"},
		{200, "", "<html>" + strings.Repeat(" ", 600), "the answer is a web page, through the proxy proxy:1"}, {200, "", `{"a":"` + strings.Repeat(" ", 600) + `"}`, ""},
		{200, "", `{"a":1}`, ""}, {201, "", `{"a":1}`, foreign + ", through the proxy proxy:1"}, {200, "", "", "the answer is empty: unexpected EOF"},
	} {
		closed := false
		c := steady{doer(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: test.status, Header: http.Header{"X-Amzn-Errortype": {test.header}}, Body: closing{strings.NewReader(test.body), &closed}}, nil
		}), func(*url.URL) (*url.URL, error) { return &url.URL{Host: "proxy:1", User: url.User("secret")}, nil }}
		response, err := c.Do(&http.Request{URL: &url.URL{Host: "ec2"}, Header: http.Header{}})
		if err == nil {
			if body, readErr := io.ReadAll(response.Body); readErr != nil || string(body) != test.body || test.want != "" || closed {
				t.Errorf("%+v: %q, %v", test, body, readErr)
			}
			if response.Body.Close(); !closed {
				t.Errorf("%+v: left open", test)
			}
			continue
		}
		if err.Error() != test.want || !closed || response != nil {
			t.Errorf("%+v: %v, closed: %v", test, err, closed)
		}
	}
}

type closing struct {
	io.Reader
	closed *bool
}

func (c closing) Close() error { *c.closed = true; return nil }

// TestEachRequestHasItsBody: it can be sent again, and one that cannot be read is not sent.
func TestEachRequestHasItsBody(t *testing.T) {
	var sent []string
	c := steady{HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
		for range 2 {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			text, err := io.ReadAll(body)
			sent = append(sent, string(text))
			if err != nil {
				return nil, err
			}
		}
		text, err := io.ReadAll(r.Body)
		sent = append(sent, string(text))
		return &http.Response{StatusCode: http.StatusNoContent}, err
	})}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://ec2", io.NopCloser(bytes.NewBufferString("body")))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := c.Do(r); err != nil || response.Body != nil || //nolint:bodyclose // it has none
		!slices.Equal(sent, []string{"body", "body", "body"}) {
		t.Errorf("%v, sent %q", err, sent)
	}
	broken := errors.New("broken")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("b"), readerOf(broken)))
	if _, err := c.Do(r); !errors.Is(err, broken) || len(sent) != 3 { //nolint:bodyclose // it is not sent
		t.Errorf("%v, sent %q", err, sent)
	}
}

func readerOf(err error) io.Reader { r, w := io.Pipe(); w.CloseWithError(err); return r }

// TestVia: no proxy is named where there is none.
func TestVia(t *testing.T) {
	r := &http.Request{URL: &url.URL{Host: "ec2"}}
	for _, proxy := range []func(*url.URL) (*url.URL, error){
		nil, func(*url.URL) (*url.URL, error) { return nil, nil }, func(*url.URL) (*url.URL, error) { return &url.URL{Host: "x"}, errors.New("x") },
	} {
		if got := (steady{proxy: proxy}).via(r); got != "" {
			t.Errorf("via %q", got)
		}
	}
}
