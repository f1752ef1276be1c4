package arm

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
