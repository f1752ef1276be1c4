package azureapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// maxDetail bounds what is repeated of Azure's own words.
const maxDetail = 1000

// Problem is an error of Azure, ready for the user.
type Problem struct {
	// Subject is what was read: "gallery prod".
	Subject string
	// Err is what the API or the credential returned.
	Err error
	// ConfigPath is the key that names Subject.
	ConfigPath string
	// Timeout is the bound on one try, for the message of a service that hangs.
	Timeout time.Duration
	// Secrets are what no message may hold.
	Secrets *sdk.Secrets
}

// NotFound says whether Azure was asked and has no such thing. A refusal is no such
// answer: Resource Manager looks at the role first. Nor is a 404 in other words than
// the service's own, which may be a proxy's
// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found).
func NotFound(err error) bool {
	return status(err) == http.StatusNotFound && absent.MatchString(code(err))
}

// absent has the codes for a resource, what it is in, and a part of a gallery.
var absent = regexp.MustCompile(`(?i)^((parent|nested)?resource|resourcegroup|(community|shared)?gallery[a-z]*|image|imagetemplate|)notfound$`)

// notRegistered says whether the subscription lacks the resource provider, so that
// nothing of it can be asked for
// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider).
func notRegistered(code string) bool {
	return strings.EqualFold(code, "MissingSubscriptionRegistration") || strings.EqualFold(code, "SubscriptionNotRegistered")
}

// Kind returns a key that is the same for errors with the same cause.
func Kind(err error) string { return fmt.Sprintf("%d %s", status(err), code(err)) }

func status(err error) int {
	var r *azcore.ResponseError
	if errors.As(err, &r) {
		return r.StatusCode
	}
	return 0
}

func code(err error) string {
	var r *azcore.ResponseError
	if errors.As(err, &r) {
		return r.ErrorCode
	}
	return ""
}

// Diagnostic says what failed, why, and what to do next.
func (p Problem) Diagnostic() *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, Summary: "reading it failed", ConfigPath: p.ConfigPath, Scope: p.Subject,
	}
	var failed *azidentity.AuthenticationFailedError
	var response *azcore.ResponseError
	var foreign errForeignHost
	switch {
	case errors.As(p.Err, &failed), p.noCredential():
		p.signIn(d)
	case errors.As(p.Err, &response):
		p.response(d, response)
	case errors.As(p.Err, &foreign):
		d.Detail = foreign.Error()
		d.NextStep = "check a proxy in between, and the configured endpoint"
	case errors.Is(p.Err, context.DeadlineExceeded):
		d.Summary = "Azure does not answer"
		d.Detail = fmt.Sprintf("no answer within %s", p.Timeout)
		d.NextStep = "try again, or allow more time with the configuration key timeout"
	default:
		d.Detail = p.Clean(p.Err.Error())
		d.NextStep = "check the network, the proxy variables and the certificates that this machine trusts"
	}
	return d
}

func (p Problem) noCredential() bool {
	// azidentity does not export the type of this error.
	var unavailable interface{ NonRetriable() }
	return errors.As(p.Err, &unavailable) && strings.Contains(p.Err.Error(), "DefaultAzureCredential")
}

func (p Problem) signIn(d *sdk.Diagnostic) {
	d.Summary, d.Scope = "no token from Azure: the sign-in failed", ""
	d.Detail = p.Clean(refusal(p.Err))
	d.NextStep = "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET" +
		" (docs/sources/azure.md lists every way)"
	// azidentity goes on to the next credential only where the metadata service does
	// not answer, or answers as that of Docker Desktop does.
	if text := p.Err.Error(); strings.Contains(text, "ManagedIdentityCredential authentication failed") && !strings.Contains(text, "AzureCLICredential") {
		d.Summary = "no token from Azure: this machine's metadata service gives none, and the sign-in ends there"
		d.NextStep = "to go on to `az login`, set AZURE_TOKEN_CREDENTIALS=dev; else give the machine a managed identity," +
			" or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
	}
	if strings.Contains(p.Err.Error(), "isn't configured to acquire tokens for tenant") {
		d.ConfigPath = "tenant"
		d.Summary = "your credential is not for the tenant that the configuration asks for"
		d.NextStep = "if you trust the configuration, add the tenant to AZURE_ADDITIONALLY_ALLOWED_TENANTS"
	}
}

// refusal returns the identity service's own words, not its whole answer.
func refusal(err error) string {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return err.Error()
	}
	var document struct {
		Description string `json:"error_description"`
	}
	body, readErr := runtime.Payload(failed.RawResponse)
	if readErr != nil || json.Unmarshal(body, &document) != nil || document.Description == "" {
		return err.Error()
	}
	return document.Description
}

func (p Problem) response(d *sdk.Diagnostic, r *azcore.ResponseError) {
	path := ""
	if r.RawResponse != nil && r.RawResponse.Request != nil {
		path = r.RawResponse.Request.URL.Path
	}
	d.Detail = p.Clean(message(r))
	switch {
	case notRegistered(r.ErrorCode):
		namespace, subscription := providerOf(path)
		d.Summary = "the subscription is not registered for " + namespace
		d.ConfigPath = "subscription"
		d.NextStep = fmt.Sprintf("register it, which takes some minutes: az provider register --namespace %s --subscription %s", namespace, subscription)
	case r.ErrorCode == "SubscriptionNotFound":
		d.Summary = "the subscription is unknown to your account"
		d.ConfigPath = "subscription"
		d.NextStep = "check the id, the tenant you are signed in to (`az account list`), and the cloud"
	case r.StatusCode == http.StatusForbidden:
		action, scope := readAction(path), scopeOf(path)
		d.Summary = "access denied: your account lacks the permission " + action
		d.NextStep = fmt.Sprintf("assign the role %q, or the custom role in docs/sources/azure.md, at the scope %s",
			roleFor(action), scope)
	case r.StatusCode == http.StatusUnauthorized:
		d.Summary = "Azure does not accept the token"
		d.NextStep = "sign in again; for a subscription of another tenant set the configuration key tenant"
	case NotFound(r):
		d.Summary = "it does not exist"
		d.NextStep = "check the name, the resource group and the subscription"
	case r.StatusCode == http.StatusTooManyRequests:
		d.Summary = "Azure still throttles after several tries"
		d.NextStep = "try again later, or ask for less: name the definition, or one gallery"
		if after := retryAfter(r.RawResponse); after != "" {
			d.NextStep = "try again in " + after + " seconds, or ask for less: name the definition, or one gallery"
		}
	case r.StatusCode >= http.StatusInternalServerError:
		d.Summary = fmt.Sprintf("reading it failed with HTTP status %d after several tries", r.StatusCode)
		d.NextStep = "try again later; https://status.azure.com has the state of Azure"
	case r.StatusCode == http.StatusNotFound:
		d.Summary = "reading it failed with HTTP status 404, and not in Azure's words"
		d.NextStep = "check a proxy in between, and the configured endpoint"
	default:
		d.Summary = fmt.Sprintf("reading it failed with HTTP status %d", r.StatusCode)
		d.NextStep = "check the configuration against docs/sources/azure.md"
	}
}

func retryAfter(r *http.Response) string {
	if r == nil {
		return ""
	}
	return r.Header.Get("Retry-After")
}

// message returns the code and message of Azure's error document, not the whole
// answer as ResponseError prints it.
func message(r *azcore.ResponseError) string {
	var document struct {
		Error struct{ Code, Message string }
	}
	if r.RawResponse != nil && r.RawResponse.Body != nil {
		// azcore has the body in memory, so it can be read again.
		body, err := runtime.Payload(r.RawResponse)
		if err == nil && json.Unmarshal(body, &document) == nil && document.Error.Message != "" {
			return document.Error.Code + ": " + document.Error.Message
		}
	}
	if r.ErrorCode != "" {
		return r.ErrorCode
	}
	return http.StatusText(r.StatusCode)
}

// frame is a line of dashes, which azidentity puts around answers.
var frame = regexp.MustCompile(`-{10,}`)

// Clean takes secrets out of text, then puts it on one line and bounds its length:
// half a secret is not known for one.
func (p Problem) Clean(text string) string {
	text = p.Secrets.Clean(text)
	text = frame.ReplaceAllString(text, " ")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + " ..."
	}
	return text
}
