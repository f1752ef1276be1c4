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

// leaky is an Azure that gives one token, and answers as scripted.
type leaky struct{ scripted }

const leakyToken = "canary-0123456789-0123456789"

// Do answers one request.
func (l leaky) Do(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		return azure{token: reply{200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, leakyToken)}}.Do(r)
	}
	return l.scripted.Do(r)
}

// Nor is the first half of a token shown, where a text is cut within it: that of a last run,
// and what stands for a date.
func TestHalfATokenIsNotShown(t *testing.T) {
	signsIn(t, "EnvironmentCredential", nil)
	for name, status := range map[string]string{
		"last run":        `{"runState":"Failed","message":%q}`,
		"what is no date": `{"runState":"Succeeded","startTime":%q}`,
	} {
		// The token stands at the end of the 1000 bytes that are told, what leads to it included.
		before := map[string]int{"last run": 985, "what is no date": 985 - len(`startTime of "t" is "`)}[name]
		status = fmt.Sprintf(status, strings.Repeat("x", before)+" "+leakyToken)
		z := source{getenv: os.Getenv, transport: leaky{templates(status, output("a", madeOne, "", ""))}, credentials: &signin.Store{}, answers: &arm.Answers{}}
		_, told, err := sdktest.Discover(t.Context(), func() sdk.Source[config] { return z }, config{Template: "t", ResourceGroup: "RG"}, sdktest.Now(now()))
		if all := fmt.Sprint(told); err != nil || !strings.Contains(all, "xxx") || strings.Contains(all, "canary") {
			t.Errorf("%s: %v, told %s", name, err, all)
		}
	}
}
