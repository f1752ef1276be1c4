package azureapi

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// sharing returns an API of one source, which shares answers with others.
func sharing(answers *Answers, timeout time.Duration, next transport) *API {
	return New(Options{
		Cloud:      endpoint.Cloud{Configuration: cloud.AzurePublic, Host: "management.azure.com"},
		Credential: fixedToken{}, Timeout: timeout, Transport: next, Answers: answers,
	})
}

// A source that waits for less than another does not fail that one.
func TestPatienceIsNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		slow := func(r *http.Request) (*http.Response, error) {
			asked++
			select {
			case <-time.After(10 * time.Second):
				return answer(r, 200, nil, `{"name":"i"}`), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		var answers Answers
		if _, err := sharing(&answers, time.Second, slow).ManagedImage(t.Context(), "S", "RG", "i"); err == nil {
			t.Error("nothing ended the wait")
		}
		for range 2 {
			if _, err := sharing(&answers, time.Minute, slow).ManagedImage(t.Context(), "S", "RG", "i"); err != nil || asked != 2 {
				t.Errorf("%d requests: %v", asked, err)
			}
		}
	})
}

// A source that breaks off while it asks leaves others to ask for themselves.
func TestAnswerThatNobodyBrings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers Answers
		waits := make(chan error, 1)
		broken := sharing(&answers, time.Minute, func(*http.Request) (*http.Response, error) {
			go func() {
				_, err := sharing(&answers, time.Minute, func(r *http.Request) (*http.Response, error) {
					return answer(r, 200, nil, `{"name":"i"}`), nil
				}).ManagedImage(t.Context(), "S", "RG", "i")
				waits <- err
			}()
			synctest.Wait()
			panic("broken")
		})
		func() {
			defer func() { _ = recover() }()
			_, _ = broken.ManagedImage(t.Context(), "S", "RG", "i")
		}()
		if err := <-waits; err != nil {
			t.Error(err)
		}
	})
}
