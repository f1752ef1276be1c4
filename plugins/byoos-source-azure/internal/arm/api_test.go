package arm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/wire"
)

func answer(r *http.Request, status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Request: r, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// thing is what the tests read.
type thing struct{ Name string }

// things are a list of them.
func things() Resource { return Resource{Path: "/subscriptions/S/things", Query: Version("1")} }

// asking returns an API with this transport.
func asking(t *testing.T, next transport) *API {
	t.Helper()
	return sharing(t, nil, 30*time.Second, next)
}

// sharing returns an API of one source, which shares answers with others.
func sharing(t *testing.T, answers *Answers, timeout time.Duration, next transport) *API {
	t.Helper()
	api, err := New(Options{
		Cloud:      endpoint.Cloud{Configuration: cloud.AzurePublic, Host: "management.azure.com"},
		Credential: &azfake.TokenCredential{}, Timeout: timeout, Transport: next, Answers: answers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// list returns the names in a list of an API with this transport.
func list(ctx context.Context, t *testing.T, next transport) (names []string, err error) {
	t.Helper()
	err = List(ctx, asking(t, next), things(), func(one thing) error {
		names = append(names, one.Name)
		return nil
	})
	return names, err
}

// A list whose links come back to one of its pages ends, and says so; the port of https
// in a link is nothing that tells it from others.
func TestRepeatedPages(t *testing.T) {
	const base = "https://management.azure.com"
	for name, links := range map[string][]string{
		"to itself":           {base + "/p2?a=1", base + "/p2?a=1"},
		"to one before":       {base + "/p2", base + "/p3", base + "/p2"},
		"with the port":       {base + ":443/p2", base + "/p2"},
		"in another case":     {base + "/p2", "https://Management.Azure.com/p2"},
		"that ends, for once": {base + ":443/p2", base + "/p3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			names, err := list(t.Context(), t, func(r *http.Request) (*http.Response, error) {
				if asked == len(links) {
					t.Fatalf("asked for %s", r.URL)
				}
				asked++
				return answer(r, 200, nil, fmt.Sprintf(`{"value":[{"name":"g%d"}],"nextLink":%q}`, asked, links[asked-1])), nil
			})
			ends := links[len(links)-1] == ""
			if len(names) != len(links) || (err == nil) != ends || !ends && !errors.Is(err, errRepeatedPage) {
				t.Errorf("%v, %v", names, err)
			}
		})
	}
}

// A link without TLS is the fault of the answer, and not of this machine's certificates.
func TestPageWithoutTLS(t *testing.T) {
	asked := 0
	names, err := list(t.Context(), t, func(r *http.Request) (*http.Response, error) {
		asked++
		return answer(r, 200, nil, `{"value":[{"name":"g"}],"nextLink":"http://management.azure.com/p2"}`), nil
	})
	d := Problem{Err: err}.Diagnostic()
	if asked != 1 || len(names) != 1 || !strings.Contains(d.Detail, "a page without TLS") || d.NextStep != checkBetween {
		t.Errorf("%d, %v, %v, next: %s", asked, names, d, d.NextStep)
	}
}

// Who is asked to wait for longer than the call lasts is told so, not that the time
// was over.
func TestWaitThatIsTooLong(t *testing.T) {
	for _, tt := range []struct {
		after string
		left  time.Duration
		calls int
	}{
		{"30", 20 * time.Second, 1},
		{"10", 20 * time.Second, 2},
		{"3600", 0, 1},
		{"90", 0, 1 + maxRetries},
	} {
		t.Run(tt.after, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.left > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.left)
					defer cancel()
				}
				calls := 0
				_, err := list(ctx, t, func(r *http.Request) (*http.Response, error) {
					calls++
					return answer(r, 429, http.Header{"Retry-After": {tt.after}}, `{"error":{"code":"TooManyRequests","message":"m"}}`), nil
				})
				var refused *azcore.ResponseError
				if !errors.As(err, &refused) || refused.StatusCode != http.StatusTooManyRequests || calls != tt.calls {
					t.Fatalf("%d calls: %v", calls, err)
				}
				d := Problem{Err: err}.Diagnostic()
				wait, _ := time.ParseDuration(tt.after + "s")
				if !strings.Contains(d.Error(), "asks to wait for "+wait.String()) || !strings.Contains(d.NextStep, "try again in "+wait.String()) {
					t.Errorf("said %s next: %s", d.Error(), d.NextStep)
				}
			})
		})
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			header, value string
			want          time.Duration
		}{
			{"Retry-After", "90", 90 * time.Second},
			{"Retry-After", time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat), 90 * time.Second},
			{"Retry-After", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 0},
			{"Retry-After", "soon", 0},
			{"Retry-After", "-1", 0},
			{"X-Ms-Retry-After-Ms", "1500", 1500 * time.Millisecond},
			{"Date", "1", 0},
			{"Retry-After-Ms", "99999999999999999999", 0},
		} {
			if got := wait(&http.Response{Header: http.Header{tt.header: {tt.value}}}); got != tt.want {
				t.Errorf("%s: %s: %s", tt.header, tt.value, got)
			}
		}
		for ms, want := range map[string]time.Duration{"1": time.Millisecond, "0": 5 * time.Second, "-1": 5 * time.Second, "soon": 5 * time.Second} {
			if got := wait(&http.Response{Header: http.Header{"Retry-After-Ms": {ms}, "Retry-After": {"5"}}}); got != want {
				t.Errorf("%s: %s", ms, got)
			}
		}
	})
}

// Only Resource Manager's own words say that something is not there. azcore takes a
// code out of a header, XML and pages as well.
func TestNotFoundIsAzuresWord(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":{"code":"ResourceNotFound","message":"m"}}`:      true,
		`{"error":{"code":"NotFound"}}`:                            true,
		`{"error":{"code":"ResourceGroupNotFound","message":"m"}}`: true,
		`{"error":{"code":"SubscriptionNotFound","message":"m"}}`:  false,
		`{"error":{"code":"InvalidResourceType","message":"m"}}`:   false,
		`{"error":{"code":"NoRegisteredProviderFound"}}`:           false,
		`{"error":{"code":"InvalidApiVersionParameter"}}`:          false,
		`{"code":"NotFound"}`:                                      false,
		`{"error":"NotFound"}`:                                     false,
		`<html><body><code>NotFound</code></body></html>`:          false,
		`<Error><Code>ResourceNotFound</Code></Error>`:             false,
		`<html>the code is {"error":{"code":"ResourceNotFound"}}`:  false,
		``: false,
	} {
		if got := NotFound(refusalOf(t, 404, "/x", body)); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
	if NotFound(refusalOf(t, 403, "/x", `{"error":{"code":"ResourceNotFound"}}`)) {
		t.Error("a refusal is an absence")
	}
	_, err := list(t.Context(), t, func(r *http.Request) (*http.Response, error) {
		return answer(r, 404, http.Header{"X-Ms-Error-Code": {"ResourceNotFound"}}, "<html>"), nil
	})
	if err == nil || NotFound(err) {
		t.Errorf("by a header alone: %v", err)
	}
}

// What is no JSON is none of Azure's, whatever its status.
func TestForeignAnswers(t *testing.T) {
	for body, want := range map[string]string{
		"<html>sign in to this network</html>": "the answer is no JSON, as Azure's are",
		`"ok"`:                                 "the answer is no JSON, as Azure's are",
		`[]`:                                   "the answer is no JSON, as Azure's are",
		"":                                     "the answer of Azure is empty",
		`{}`:                                   "the answer of Azure is no list",
	} {
		_, err := list(t.Context(), t, func(r *http.Request) (*http.Response, error) { return answer(r, 200, nil, body), nil })
		d := Problem{Err: err}.Diagnostic()
		if !strings.Contains(d.Error(), want) || d.NextStep != checkBetween {
			t.Errorf("%q: %s next: %s", body, d.Error(), d.NextStep)
		}
	}
}

// foreignHost is what comes of a link to a host that is not Azure's.
func foreignHost(host string) error {
	_, err := guard{host: "w"}.Do(&http.Request{URL: &url.URL{Scheme: "https", Host: host}}) //nolint:bodyclose // there is none
	return err
}

// Errors of one cause are told together, and those of two causes each.
func TestKinds(t *testing.T) {
	const group = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/"
	network := func(path string, err error) error {
		return &url.Error{Op: "Get", URL: "https://arm.local" + path, Err: err}
	}
	denied := `{"error":{"code":"AuthorizationFailed"}}`
	for name, tt := range map[string]struct {
		a, b error
		same bool
	}{
		"one permission":      {refusalOf(t, 403, group+"a/images", denied), refusalOf(t, 403, group+"b/images", denied), true},
		"two permissions":     {refusalOf(t, 403, group+"a/images", denied), refusalOf(t, 403, group+"a/images/d/versions", denied), false},
		"Azure and a page":    {refusalOf(t, 403, group+"a/images", denied), refusalOf(t, 403, group+"a/images", "<html>"), false},
		"one proxy":           {network("/a", wire.ProxyError{Host: "p", Status: 407}), network("/b", wire.ProxyError{Host: "p", Status: 407}), true},
		"proxy and no server": {network("/a", wire.ProxyError{Host: "p", Status: 407}), network("/a", io.EOF), false},
		"two foreign hosts":   {foreignHost("a"), foreignHost("b"), false},
		"time and emptiness":  {context.DeadlineExceeded, errNoList, false},
	} {
		if got := Kind(tt.a) == Kind(tt.b); got != tt.same {
			t.Errorf("%s: %q and %q", name, Kind(tt.a), Kind(tt.b))
		}
	}
}
