package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// A source that waits for less than another does not fail that one.
func TestPatienceIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		counted := func(r *http.Request) (*http.Response, error) {
			asked++
			return slow(10*time.Second, `{"name":"i"}`)(r)
		}
		var answers Answers
		if _, err := Get[thing](t.Context(), sharing(t, &answers, time.Second, counted), things()); err == nil {
			t.Error("nothing ended the wait")
		}
		for range 2 {
			if _, err := Get[thing](t.Context(), sharing(t, &answers, time.Minute, counted), things()); err != nil || asked != 2 {
				t.Errorf("%d requests: %v", asked, err)
			}
		}
	})
}

// A source that is cancelled while it asks takes nothing from others that wait for the
// answer.
func TestAnswerOfOneThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers
		asked := 0
		counted := func(r *http.Request) (*http.Response, error) {
			asked++
			return slow(10*time.Second, `{"name":"i"}`)(r)
		}
		ctx, leave := context.WithCancel(t.Context())
		first, second := make(chan error), make(chan error)
		get := func(ctx context.Context, over chan<- error) {
			got, err := Get[thing](ctx, sharing(t, &answers, time.Minute, counted), things())
			if err == nil && got.Name != "i" {
				err = errors.New("got " + got.Name)
			}
			over <- err
		}
		go get(ctx, first)
		synctest.Wait()
		go get(t.Context(), second)
		synctest.Wait()
		leave()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that left has %v", err)
		}
		if err := <-second; err != nil || asked != 1 {
			t.Errorf("the other has %v of %d requests", err, asked)
		}
	})
}

// A refusal that sources share is read by all of them at a time: the race detector tells.
func TestSharedRefusal(t *testing.T) {
	var answers Answers
	var readers sync.WaitGroup
	for range 4 {
		api := sharing(t, &answers, time.Minute, func(r *http.Request) (*http.Response, error) {
			return answer(r, 404, nil, `{"error":{"code":"ResourceNotFound","message":"m"}}`), nil
		})
		readers.Go(func() {
			_, err := Get[thing](t.Context(), api, things())
			if d := (Problem{Err: err}).Diagnostic(); !NotFound(err) || d.Detail != "ResourceNotFound: m" {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
	readers.Wait()
}

// A source that breaks off while it asks leaves others to ask for themselves.
func TestAnswerThatNobodyBrings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers
		waits := make(chan error, 1)
		broken := sharing(t, &answers, time.Minute, func(*http.Request) (*http.Response, error) {
			go func() {
				_, err := Get[thing](t.Context(), sharing(t, &answers, time.Minute, func(r *http.Request) (*http.Response, error) {
					return answer(r, 200, nil, `{"name":"i"}`), nil
				}), things())
				waits <- err
			}()
			synctest.Wait()
			panic("broken")
		})
		func() {
			defer func() { _ = recover() }()
			_, _ = Get[thing](t.Context(), broken, things())
		}()
		if err := <-waits; err != nil {
			t.Error(err)
		}
	})
}

// What a shared answer is told to wait for is compared with the end of the call, as that of
// a list is.
func TestSharedWaitThatIsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := Get[thing](ctx, asking(t, func(r *http.Request) (*http.Response, error) {
			return answer(r, 429, http.Header{"Retry-After": {"30"}}, `{"error":{"code":"TooManyRequests","message":"m"}}`), nil
		}), things())
		if d := (Problem{Err: err}).Diagnostic(); !strings.Contains(d.Error(), "asks to wait for 30s") {
			t.Errorf("got %s", d.Error())
		}
	})
}

// Who shares an answer and has more time than the one that asked for it gets it, though
// Azure is out of order when the other's time is over.
func TestAnswerAfterTheEndOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers
		asked := 0
		by := func(r *http.Request) (*http.Response, error) {
			if asked++; asked == 1 {
				<-time.After(10 * time.Second)
				return answer(r, 503, nil, ""), nil
			}
			return answer(r, 200, nil, `{"name":"i"}`), nil
		}
		get := func(patience time.Duration, over chan<- error) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := Get[thing](ctx, sharing(t, &answers, time.Minute, by), things())
			over <- err
		}
		first, second := make(chan error), make(chan error)
		go get(5*time.Second, first)
		synctest.Wait()
		go get(time.Hour, second)
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the first has %v", err)
		}
		if err := <-second; err != nil || asked != 2 {
			t.Errorf("the second has %v of %d requests", err, asked)
		}
	})
}

// What Azure said is asked for again after a minute, and before in no other tenant or cloud.
func TestAnswersGrowOld(t *testing.T) {
	var answers Answers
	asked := 0
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		after        time.Duration
		tenant, host string
		asked        int
	}{
		{0, "T", "management.azure.com", 1},
		{fresh - 1, "t", "Management.azure.com", 1},
		{0, "T2", "management.azure.com", 2},
		{0, "T", "other.azure.com", 3},
		{fresh, "T", "management.azure.com", 4},
	} {
		api, err := New(Options{
			Cloud: endpoint.Cloud{Configuration: cloud.Configuration{
				Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Audience: "a", Endpoint: "https://" + tt.host}},
			}, Host: tt.host},
			Credential: &azfake.TokenCredential{}, Timeout: time.Minute, Answers: &answers, Tenant: tt.tenant, Now: at.Add(tt.after),
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				asked++
				return answer(r, 200, nil, `{"name":"i"}`), nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Get[thing](t.Context(), api, things()); err != nil || got.Name != "i" || asked != tt.asked {
			t.Errorf("%+v: %d requests: %v", tt, asked, err)
		}
	}
}
