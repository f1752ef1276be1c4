package arm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/wire"
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
	// Getenv has what the advice for a certificate depends on; nil has nothing.
	Getenv func(string) string
	// Secrets are what no message may hold.
	Secrets *sdk.Secrets
}

// NotFound says whether Azure was asked and has no such thing. A refusal is no such
// answer: Resource Manager looks at the role first. Nor is a 404 in other words than
// the service's own, which may be a proxy's
// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found).
func NotFound(err error) bool {
	var r *azcore.ResponseError
	return errors.As(err, &r) && r.StatusCode == http.StatusNotFound && absent.MatchString(document(r).Code)
}

// absent has the codes for a resource, what it is in, and a part of a gallery.
var absent = regexp.MustCompile(`(?i)^((parent|nested)?resource|resourcegroup|(community|shared)?gallery[a-z]*|image|imagetemplate|)notfound$`)

// notRegistered says whether the subscription lacks the resource provider, so that
// nothing of it can be asked for
// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider).
func notRegistered(code string) bool {
	return strings.EqualFold(code, "MissingSubscriptionRegistration") || strings.EqualFold(code, "SubscriptionNotRegistered")
}

// unknownToCloud says whether a Resource Manager lacks the API itself, as one of Azure
// Stack or a gateway may.
func unknownToCloud(code string) bool {
	return slices.ContainsFunc([]string{
		"InvalidResourceType", "NoRegisteredProviderFound", "InvalidResourceNamespace", "InvalidApiVersionParameter", "UnsupportedApiVersion",
	}, func(c string) bool { return strings.EqualFold(c, code) })
}

// Kind returns a key that is the same for errors with the same cause.
func Kind(err error) string {
	var r *azcore.ResponseError
	if errors.As(err, &r) {
		return fmt.Sprintf("%d %s %s", r.StatusCode, document(r).Code, readAction(pathOf(r)))
	}
	if why, _, ok := wire.Explain(err, nil); ok {
		return why
	}
	return err.Error()
}

// Diagnostic says what failed, why, and what to do next.
func (p Problem) Diagnostic() *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, Summary: "reading it failed", ConfigPath: p.ConfigPath, Scope: p.Subject,
	}
	var failed *signin.Error
	var response *azcore.ResponseError
	var content errContent
	switch {
	case errors.As(p.Err, &failed):
		p.signIn(d, failed)
	case errors.As(p.Err, &response):
		p.response(d, response)
	case errors.As(p.Err, &content):
		d.Detail, d.NextStep = content.Error(), checkBetween
	case errors.Is(p.Err, context.DeadlineExceeded):
		d.Summary = "Azure does not answer"
		d.Detail = fmt.Sprintf("no answer within %s", p.Timeout)
		d.NextStep = "try again, or allow more time with the configuration key timeout"
	default:
		p.network(d)
	}
	return d
}

const checkBetween = "check a proxy in between, and the configured endpoint"

func (p Problem) network(d *sdk.Diagnostic) {
	why, next, ok := wire.Explain(p.Err, p.Getenv)
	switch {
	case ok:
	case errors.As(p.Err, new(errShape)):
		d.Summary = "the answer is not as Azure's are"
		why, next = p.Err.Error(), checkBetween+"; where there is neither, report it"
	default:
		why, next = p.Err.Error(), "check the network, the proxy variables and the certificates that this machine trusts"
	}
	d.Detail, d.NextStep = p.Clean(why), next
}

func (p Problem) signIn(d *sdk.Diagnostic, failed *signin.Error) {
	// Whatever was to be read, it is neither that nor the key that names it.
	d.Summary, d.Scope, d.ConfigPath = "no token from Azure: the sign-in failed", "", ""
	d.Detail = p.Clean(failed.Error())
	var next []string
	for _, f := range failed.Failed {
		if f.Next != "" && !slices.Contains(next, f.Next) {
			next = append(next, f.Next)
		}
		if f.Tenant {
			d.ConfigPath = "tenant"
			d.Summary = "your credential is not for the tenant that the configuration asks for"
		}
	}
	if d.NextStep = strings.Join(next, "; or "); len(next) == 0 {
		d.NextStep = "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET" +
			" (docs/sources/azure.md lists every way)"
	}
}

func (p Problem) response(d *sdk.Diagnostic, r *azcore.ResponseError) {
	said := document(r)
	summary, next, key := meaning(r, said.Code, pathOf(r))
	d.Summary, d.NextStep, d.ConfigPath = summary, next, cmp.Or(key, d.ConfigPath)
	d.Detail = p.Clean(said.text(r.StatusCode))
}

// meaning is what an answer with an error is, what to do next, and the key to change where
// that is another one than that of what was read.
func meaning(r *azcore.ResponseError, code, path string) (summary, next, key string) {
	failed := fmt.Sprintf("reading it failed with HTTP status %d", r.StatusCode)
	switch {
	case r.StatusCode == http.StatusTooManyRequests:
		return throttled(r)
	case r.StatusCode >= http.StatusInternalServerError:
		return failed + " after several tries", "try again later; https://status.azure.com has the state of Azure", ""
	case code == "":
		return failed + ", and not in Azure's words", checkBetween, ""
	case notRegistered(code):
		namespace, subscription := providerOf(path)
		return "the subscription is not registered for " + namespace,
			fmt.Sprintf("register it, which takes some minutes: az provider register --namespace %s --subscription %s", namespace, subscription), "subscription"
	case code == "SubscriptionNotFound":
		return "the subscription is unknown to your account",
			"check the id, the tenant you are signed in to (`az account list`), and the cloud", "subscription"
	case code == "InvalidAuthenticationTokenTenant":
		return "the subscription is of another tenant than your sign-in",
			"set the configuration key tenant to the subscription's, or sign in to it (`az login --tenant ...`)", "tenant"
	case unknownToCloud(code):
		return "this Resource Manager does not know what the plugin asks for", "check the configured cloud and endpoint", ""
	case r.StatusCode == http.StatusForbidden && code == "AuthorizationFailed":
		action := readAction(path)
		return "access denied: your account lacks the permission " + action,
			fmt.Sprintf("assign the role %q, or the custom role in docs/sources/azure.md, at the scope %s", roleFor(action), scopeOf(path)), ""
	case r.StatusCode == http.StatusForbidden:
		return "access denied", "ask who keeps the subscription's roles and policies; docs/sources/azure.md lists what is read", ""
	case r.StatusCode == http.StatusUnauthorized:
		return "Azure does not accept the token", "sign in again; for a subscription of another tenant set the configuration key tenant", ""
	case NotFound(r):
		return "it does not exist", "check the name, the resource group and the subscription", ""
	case r.StatusCode == http.StatusNotFound:
		return failed + ", and not in Azure's words", checkBetween, ""
	}
	return failed, "check the configuration against docs/sources/azure.md", ""
}

func throttled(r *azcore.ResponseError) (summary, next, key string) {
	const less = ", or ask for less: name the definition, or one gallery"
	if after := wait(r.RawResponse); after > 0 {
		return "Azure throttles, and asks to wait for " + after.String(), "try again in " + after.String() + less, ""
	}
	return "Azure still throttles after several tries", "try again later" + less, ""
}

// wait is how long an answer asks to wait, by the headers that azcore reads.
func wait(r *http.Response) time.Duration {
	if r == nil {
		return 0
	}
	for _, header := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if n, err := strconv.Atoi(r.Header.Get(header)); err == nil && n > 0 {
			return time.Duration(n) * time.Millisecond
		}
	}
	after := r.Header.Get("Retry-After")
	if n, err := strconv.Atoi(after); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(time.Until(at), 0).Round(time.Second)
	}
	return 0
}

func pathOf(r *azcore.ResponseError) string {
	if r.RawResponse == nil || r.RawResponse.Request == nil {
		return ""
	}
	return r.RawResponse.Request.URL.Path
}

// words are what Resource Manager says of an error, always in this form
// (github.com/microsoft/api-guidelines, vNext, "Error response content"). azcore takes
// a code from a header, from XML and from HTML, too, which are a proxy's.
type words struct{ Code, Message string }

func document(r *azcore.ResponseError) words {
	var document struct{ Error words }
	if r.RawResponse == nil || r.RawResponse.Body == nil {
		return words{}
	}
	if json.Unmarshal(bodyOf(r.RawResponse), &document) != nil {
		return words{}
	}
	return document.Error
}

// bodyOf returns the body of an error's answer, which azcore has in memory. Its own Payload
// writes it back each time, and sources that share an error read it at a time.
func bodyOf(r *http.Response) []byte {
	if kept, ok := r.Body.(interface{ Bytes() []byte }); ok {
		return kept.Bytes()
	}
	body, err := runtime.Payload(r)
	if err != nil {
		return nil
	}
	return body
}

func (w words) text(status int) string {
	switch {
	case w.Code == "":
		return http.StatusText(status)
	case w.Message == "":
		return w.Code
	}
	return w.Code + ": " + w.Message
}

// Clean takes secrets out of text, then puts it on one line and bounds its length:
// half a secret is not known for one.
func (p Problem) Clean(words string) string {
	words = p.Secrets.Clean(words)
	return text.Cut(strings.Join(strings.Fields(words), " "), maxDetail, " ...")
}
