package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/arm"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// echoing is an Azure that gives a new token each time, which ends at once or lasts, and
// repeats that of a request as the state of an image.
type echoing struct {
	lasts  int
	tokens *int
}

// Do answers one request.
func (e echoing) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		*e.tokens++
		token := fmt.Sprintf(`{"access_token":"canary-token-number-%d","token_type":"Bearer","expires_in":%d}`, *e.tokens, e.lasts)
		return azure{token: reply{200, token}}.Do(r)
	}
	repeated, _ := json.Marshal(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	return azure{arm: reply{200, strings.Replace(imageOne, `"Succeeded"`, string(repeated), 1)}}.Do(r)
}

// No token is shown: not a later one than that of the sign-in, nor in an answer that another
// call got, which this one takes without asking.
func TestTokensAreNotShown(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	for lasts, calls := range map[int]int{1: 1, 3600: 2} {
		z := source{getenv: os.Getenv, transport: echoing{lasts, new(int)}, credentials: &signin.Store{}, answers: &arm.Answers{}}
		for range calls {
			got, _, err := sdktest.Verify(t.Context(), func() sdk.Source[config] { return z }, config{ResourceGroup: "RG"},
				[]sdk.Ref{{ID: madeOne, Provider: "azure", Region: "westus2"}}, sdktest.Now(now()))
			if err != nil || len(got) != 1 || got[0].Image == nil {
				t.Fatalf("%v, got %+v", err, got)
			}
			if reason := got[0].Image.StateReason; !strings.Contains(reason, "redacted") || strings.Contains(reason, "canary") {
				t.Errorf("of tokens of %d s it shows %q", lasts, reason)
			}
		}
	}
}
