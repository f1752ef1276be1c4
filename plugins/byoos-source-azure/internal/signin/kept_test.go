package signin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// Twenty sources of one command start one program, and each of them has its token, or
// its error.
func TestOneSignIn(t *testing.T) {
	for name, ending := range map[string]string{
		"token":   `echo '{"accessToken":"t","expires_on":4102444800}'`,
		"failure": "exit 1",
	} {
		t.Run(name, func(t *testing.T) {
			calls := filepath.Join(t.TempDir(), "calls")
			getenv := settings(t, map[string]string{
				"PATH": programs(t, map[string]string{"az": "echo $* >> " + calls + "; " + ending}), envWays: cli,
			})
			store, at := &Store{}, private(t)
			var done sync.WaitGroup
			for i := range 40 {
				tenant := []string{"", "T"}[i%2]
				done.Go(func() {
					c, err := store.Get(at, tenant, func() (azcore.TokenCredential, error) { return New(Options{Cloud: at, Getenv: getenv}) })
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := c.SignIn(t.Context(), at); (err == nil) != (name == "token") {
						t.Error(err)
					}
				})
			}
			done.Wait()
			log, err := os.ReadFile(calls)
			if err != nil || strings.Count(string(log), "\n") != 2 {
				t.Errorf("%v, called: %s", err, log)
			}
		})
	}
}

type counted struct {
	calls   atomic.Int64
	tenants sync.Map
	lasts   time.Duration
}

func (c *counted) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.calls.Add(1)
	c.tenants.Store(o.TenantID, true)
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(c.lasts)}, nil
}

func TestTokensAreKept(t *testing.T) {
	for name, tt := range map[string]struct {
		lasts time.Duration
		want  int64
	}{"long": {time.Hour, 2}, "about to end": {time.Minute, 4}} {
		t.Run(name, func(t *testing.T) {
			inner := &counted{lasts: tt.lasts}
			c, err := (&Store{}).Get(private(t), "T", func() (azcore.TokenCredential, error) { return inner, nil })
			if err != nil {
				t.Fatal(err)
			}
			for _, claims := range []string{"", "", "", "challenge"} {
				if _, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Claims: claims}); err != nil {
					t.Fatal(err)
				}
			}
			if _, asked := inner.tenants.Load("T"); inner.calls.Load() != tt.want || !asked {
				t.Errorf("%d calls", inner.calls.Load())
			}
		})
	}
}

// numbered gives tokens of numbers, and none for claims that are refused.
type numbered struct {
	calls   int
	refused string
	asked   policy.TokenRequestOptions
}

func (n *numbered) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	n.calls++
	if n.asked = o; o.Claims == n.refused {
		return azcore.AccessToken{}, errors.New("refused")
	}
	return azcore.AccessToken{Token: strconv.Itoa(n.calls), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// A challenge refuses the token at hand: each is answered by a new one, which takes its
// place. One that is not answered takes nothing; a failure is kept.
func TestChallenges(t *testing.T) {
	inner := &numbered{refused: "more"}
	c, err := (&Store{}).Get(private(t), "T", func() (azcore.TokenCredential, error) { return inner, nil })
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		claims, token string
		calls         int
	}{{"", "1", 1}, {"", "1", 1}, {"x", "2", 2}, {"", "2", 2}, {"x", "3", 3}, {"more", "", 4}, {"", "3", 4}, {"more", "", 5}} {
		got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Claims: step.claims})
		if got.Token != step.token || (err == nil) != (step.token != "") || inner.calls != step.calls {
			t.Errorf("%d: token %q of call %d: %v", i, got.Token, inner.calls, err)
		}
	}
	inner.refused = ""
	other, err := (&Store{}).Get(private(t), "T", func() (azcore.TokenCredential, error) { return inner, nil })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := other.GetToken(t.Context(), policy.TokenRequestOptions{}); err == nil || inner.calls != 6 {
			t.Errorf("call %d: %v", inner.calls, err)
		}
	}
}

// The first token is for Resource Manager of the cloud, in the tenant, and Azure may take it
// back at once; what cannot be made is made anew.
func TestSignIn(t *testing.T) {
	at := private(t)
	store, inner := &Store{}, &numbered{refused: "-"}
	no := errors.New("no")
	if _, err := store.Get(at, "T", func() (azcore.TokenCredential, error) { return nil, no }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	c, err := store.Get(at, "T", func() (azcore.TokenCredential, error) { return inner, nil })
	if err != nil {
		t.Fatal(err)
	}
	if token, err := c.SignIn(t.Context(), at); token != "1" || err != nil {
		t.Errorf("token %q: %v", token, err)
	}
	want := policy.TokenRequestOptions{Scopes: []string{"https://arm.local/.default"}, EnableCAE: true, TenantID: "T"}
	if diff := cmp.Diff(want, inner.asked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again, err := store.Get(at, "T", func() (azcore.TokenCredential, error) { return nil, no })
	if again != c || err != nil {
		t.Errorf("another credential: %v", err)
	}
	other, err := store.Get(at, "T2", func() (azcore.TokenCredential, error) { return inner, nil })
	if other == c || err != nil {
		t.Errorf("the credential of another tenant: %v", err)
	}
}

// never gives no token until it is ended.
type never struct{ started, ended chan struct{} }

func (n never) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	n.started <- struct{}{}
	<-ctx.Done()
	n.ended <- struct{}{}
	return azcore.AccessToken{}, ctx.Err()
}

// A sign-in goes on as long as one waits for it, and the end of one call is no failure
// of the next.
func TestLastOneEndsSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := never{make(chan struct{}), make(chan struct{}, 1)}
		c, err := (&Store{}).Get(endpoint.Cloud{}, "", func() (azcore.TokenCredential, error) { return inner, nil })
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			first, leave := context.WithCancel(t.Context())
			second, leaveLast := context.WithCancel(t.Context())
			results := make(chan error)
			for _, ctx := range []context.Context{first, second} {
				go func() {
					_, err := c.GetToken(ctx, policy.TokenRequestOptions{})
					results <- err
				}()
			}
			<-inner.started
			synctest.Wait()
			leave()
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			synctest.Wait()
			leaveLast()
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			<-inner.ended
		}
	})
}
