package arm

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/wire"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// said is a diagnostic of the gallery prod.
func said(configPath, summary, detail, next string) *sdk.Diagnostic {
	return &sdk.Diagnostic{Severity: sdk.Error, Scope: "gallery prod", ConfigPath: configPath, Summary: summary, Detail: detail, NextStep: next}
}

// compute is where the images are, in paths.
const compute = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/"

// worded is an error and what is said of it.
type worded struct {
	err  error
	want *sdk.Diagnostic
}

func (tt worded) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(tt.want, Problem{Subject: "gallery prod", ConfigPath: "gallery", Err: tt.err}.Diagnostic()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Each answer of Azure with an error is told whole: what it is, in whose words, what to do
// next, and which key to change.
func TestWordsOfAnswers(t *testing.T) {
	const register = "register it, which takes some minutes: az provider register --namespace Microsoft.Compute --subscription S"
	for name, tt := range map[string]worded{
		"not registered": {
			refusalOf(t, 409, compute+"images", `{"error":{"code":"MissingSubscriptionRegistration"}}`),
			said("subscription", "the subscription is not registered for Microsoft.Compute", "MissingSubscriptionRegistration", register),
		},
		"registered no longer": {
			refusalOf(t, 409, "/subscriptions/S/providers/Microsoft.Compute/images", `{"error":{"code":"subscriptionnotregistered","message":"m"}}`),
			said("subscription", "the subscription is not registered for Microsoft.Compute", "subscriptionnotregistered: m", register),
		},
		"not registered, of no subscription": {
			refusalOf(t, 409, "/providers/Microsoft.Compute/images", `{"error":{"code":"MissingSubscriptionRegistration"}}`),
			said("subscription", "the subscription is not registered for Microsoft.Compute", "MissingSubscriptionRegistration", strings.TrimSuffix(register, "S")),
		},
		"missing": {
			refusalOf(t, 404, compute+"images/I", `{"error":{"code":"ResourceNotFound","message":"m"}}`),
			said("gallery", "it does not exist", "ResourceNotFound: m", "check the name, the resource group and the subscription"),
		},
		"missing in odd words": {
			refusalOf(t, 404, compute+"images/I", `{"error":{"code":"Odd","message":"m"}}`),
			said("gallery", "reading it failed with HTTP status 404, and not in Azure's words", "Odd: m", checkBetween),
		},
		"missing without words": {
			refusalOf(t, 404, compute+"images/I", ""),
			said("gallery", "reading it failed with HTTP status 404, and not in Azure's words", "Not Found", checkBetween),
		},
		"another": {
			refusalOf(t, 400, compute+"images/I", `{"error":{"code":"Odd","message":"m"}}`),
			said("gallery", "reading it failed with HTTP status 400", "Odd: m", "check the configuration against docs/sources/azure.md"),
		},
		"out of order": {
			refusalOf(t, 500, compute+"images/I", `{"error":{"code":"InternalServerError","message":"m"}}`),
			said("gallery", "reading it failed with HTTP status 500 after several tries", "InternalServerError: m", "try again later; https://status.azure.com has the state of Azure"),
		},
	} {
		t.Run(name, tt.check)
	}
}

// So is a refusal: by which permission is missing, and which role has it.
func TestWordsOfRefusals(t *testing.T) {
	const scope = ", or the custom role in docs/sources/azure.md, at the scope /subscriptions/S/resourceGroups/RG"
	for name, tt := range map[string]worded{
		"token": {
			refusalOf(t, 401, compute+"images/I", `{"error":{"code":"AuthorizationFailed","message":"m"}}`),
			said("gallery", "Azure does not accept the token", "AuthorizationFailed: m", "sign in again; for a subscription of another tenant set the configuration key tenant"),
		},
		"images denied": {
			refusalOf(t, 403, compute+"images", `{"error":{"code":"AuthorizationFailed","message":"m"}}`),
			said("gallery", "access denied: your account lacks the permission Microsoft.Compute/images/read", "AuthorizationFailed: m", `assign the role "Reader"`+scope),
		},
		"definitions denied": {
			refusalOf(t, 403, compute+"galleries/G/images", `{"error":{"code":"AuthorizationFailed","message":"m"}}`),
			said("gallery", "access denied: your account lacks the permission Microsoft.Compute/galleries/images/read", "AuthorizationFailed: m", `assign the role "Compute Gallery Image Reader"`+scope),
		},
		"versions denied": {
			refusalOf(t, 403, compute+"galleries/G/images/D/versions/1.0.0", `{"error":{"code":"AuthorizationFailed","message":"m"}}`),
			said("gallery", "access denied: your account lacks the permission Microsoft.Compute/galleries/images/versions/read", "AuthorizationFailed: m", `assign the role "Compute Gallery Image Reader"`+scope),
		},
		"throttled": {
			refusalOf(t, 429, compute+"images", `{"error":{"code":"TooManyRequests","message":"m"}}`),
			said("gallery", "Azure still throttles after several tries", "TooManyRequests: m", "try again later, or ask for less: name the definition, or one gallery"),
		},
	} {
		t.Run(name, tt.check)
	}
}

// What has no answer of Azure in it is told as far as it goes.
func TestWordsOfNoAnswer(t *testing.T) {
	proxy := &url.Error{Op: "Get", URL: "https://arm.local", Err: wire.ProxyError{Host: "proxy.local", Status: 407}}
	why, next, _ := wire.Explain(proxy, nil)
	for name, tt := range map[string]worded{
		"an error without its answer": {
			&azcore.ResponseError{StatusCode: http.StatusTooManyRequests},
			said("gallery", "Azure still throttles after several tries", "Too Many Requests", "try again later, or ask for less: name the definition, or one gallery"),
		},
		"an answer without a body": {
			&azcore.ResponseError{StatusCode: http.StatusForbidden, RawResponse: &http.Response{StatusCode: http.StatusForbidden}},
			said("gallery", "reading it failed with HTTP status 403, and not in Azure's words", "Forbidden", checkBetween),
		},
		"a proxy": {
			proxy, said("gallery", "reading it failed", why, next),
		},
	} {
		t.Run(name, tt.check)
	}
}

// A sign-in that failed has the advice of each way that was tried, once.
func TestWordsOfASignIn(t *testing.T) {
	for name, tt := range map[string]struct {
		failed []*signin.Failure
		want   sdk.Diagnostic
	}{
		"no advice": {
			[]*signin.Failure{{Way: "az", Why: "it hangs"}},
			sdk.Diagnostic{NextStep: "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (docs/sources/azure.md lists every way)"},
		},
		"advice": {
			[]*signin.Failure{{Way: "az", Why: "it hangs", Next: "wait"}, {Way: "azd", Why: "no", Next: "wait"}, {Way: "x", Why: "y"}, {Way: "x", Why: "y", Next: "log in"}},
			sdk.Diagnostic{NextStep: "wait; or log in"},
		},
		"tenant": {
			[]*signin.Failure{{Way: "az", Why: "another", Tenant: true, Next: "log in"}},
			sdk.Diagnostic{Summary: "your credential is not for the tenant that the configuration asks for", ConfigPath: "tenant", NextStep: "log in"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			failed := &signin.Error{Failed: tt.failed}
			want := tt.want
			if want.Severity, want.Detail = sdk.Error, failed.Error(); want.Summary == "" {
				want.Summary = "no token from Azure: the sign-in failed"
			}
			got := Problem{Subject: "gallery prod", ConfigPath: "gallery", Err: failed}.Diagnostic()
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
