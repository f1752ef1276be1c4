package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/wire"
)

// limit is how long one way to sign in may take. A command line such as az may take
// some seconds.
const limit = time.Minute

// envWays restricts the ways, as azidentity reads it.
const envWays = "AZURE_TOKEN_CREDENTIALS"

// Options of a chain.
type Options struct {
	Cloud endpoint.Cloud
	// Getenv has the user's environment. azidentity reads the process's.
	Getenv func(string) string
	// Transport is nil but in tests.
	Transport policy.Transporter
	// Limit is how long one way may take; 0 is a minute.
	Limit time.Duration
}

// way is one way to sign in.
type way struct {
	name string
	// tenant is the way's own. any is set for a way that has none until it is asked,
	// home for one that has no other, whatever it is asked for.
	tenant    string
	any, home bool
	// ends is set where a failure ends the chain, as it does in azidentity.
	ends  func(error) bool
	inner azcore.TokenCredential
	// lacks says why there is no inner, and broken that the user meant to have it.
	lacks  string
	broken string
	next   string
	// witness sees the way's requests; nil where nobody does.
	witness *wire.Witness
}

// absent is a way that is not set up.
type absent string

func (a absent) Error() string { return string(a) }

// chain tries the ways one after the other, and stays with the first that gives a
// token.
type chain struct {
	o    Options
	ways []*way
	good atomic.Pointer[way]
}

// New returns azidentity's default chain: environment, workload identity, managed
// identity, Azure CLI, Azure Developer CLI, Azure PowerShell, or those of them that
// AZURE_TOKEN_CREDENTIALS names.
func New(o Options) (azcore.TokenCredential, error) {
	if o.Limit == 0 {
		o.Limit = limit
	}
	selected, err := selection(o.Getenv(envWays))
	if err != nil {
		return nil, err
	}
	c := &chain{o: o}
	for _, name := range selected {
		c.ways = append(c.ways, o.ways()[name](len(selected) == 1))
	}
	return c, nil
}

const (
	environment = "EnvironmentCredential"
	workload    = "WorkloadIdentityCredential"
	managed     = "ManagedIdentityCredential"
	cli         = "AzureCLICredential"
	developer   = "AzureDeveloperCLICredential"
	powerShell  = "AzurePowerShellCredential"
)

// selection returns the names of the ways, in their order.
func selection(wanted string) ([]string, error) {
	prod, dev := []string{environment, workload, managed}, []string{cli, developer, powerShell}
	all := slices.Concat(prod, dev)
	switch wanted {
	case "":
		return all, nil
	case "prod":
		return prod, nil
	case "dev":
		return dev, nil
	}
	i := slices.IndexFunc(all, func(name string) bool { return strings.EqualFold(name, wanted) })
	if i < 0 {
		return nil, &Error{Failed: []*Failure{{
			Way: envWays, Why: fmt.Sprintf("it is %q, which is none of dev, prod, %s", wanted, strings.Join(all, ", ")),
			Next: "correct " + envWays,
		}}}
	}
	return all[i : i+1], nil
}

// ways makes each way; alone is set when there is no other.
func (o Options) ways() map[string]func(alone bool) *way {
	return map[string]func(bool) *way{
		environment: o.environment,
		workload:    o.workload,
		managed:     o.managed,
		cli:         func(bool) *way { return &way{name: "az", any: true, inner: azureCLI(o.Limit)} },
		developer:   func(bool) *way { return &way{name: "azd", any: true, inner: developerCLI(o.Limit)} },
		powerShell:  o.powerShell,
	}
}

// client are the options of azidentity's own requests, which w sees.
func (o Options) client(w *way) policy.ClientOptions {
	next := o.Transport
	if next == nil {
		next = wire.Client()
	}
	w.witness = &wire.Witness{Next: next}
	return policy.ClientOptions{Cloud: o.Cloud.Configuration, Transport: w.witness}
}

func (o Options) environment(alone bool) *way {
	w := &way{name: "the AZURE_ variables of a service principal", tenant: o.Getenv("AZURE_TENANT_ID"), ends: failed}
	credential, err := azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{
		ClientOptions: o.client(w), DisableInstanceDiscovery: o.Cloud.PrivateAuthority,
	})
	if err == nil {
		w.inner = credential
		return w
	}
	const certificate = "AZURE_CLIENT_CERTIFICATE_PATH"
	secret := o.Getenv("AZURE_CLIENT_SECRET")
	missing := o.unset("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
	given := secret + o.Getenv(certificate) + o.Getenv("AZURE_USERNAME")
	switch {
	case given == "":
		w.lacks = "AZURE_CLIENT_SECRET is not set"
	case missing != "":
		w.broken = missing + " is not set"
	case secret == "" && o.Getenv(certificate) != "":
		w.broken = "the file that " + certificate + " names is no certificate with its key that can be read"
	case secret == "" && o.Getenv("AZURE_PASSWORD") == "":
		w.broken = "AZURE_PASSWORD is not set"
	default:
		w.broken = "they are not usable"
	}
	if alone && w.broken == "" {
		w.broken = w.lacks
	}
	w.next = "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or correct them"
	return w
}

// unset lists those of the variables that are.
func (o Options) unset(names ...string) string {
	return strings.Join(slices.DeleteFunc(names, func(name string) bool { return o.Getenv(name) != "" }), " and ")
}

func (o Options) workload(alone bool) *way {
	const file = "AZURE_FEDERATED_TOKEN_FILE"
	w := &way{name: "workload identity", tenant: o.Getenv("AZURE_TENANT_ID"), ends: failed}
	if missing := o.unset(file, "AZURE_TENANT_ID", "AZURE_CLIENT_ID"); missing != "" {
		w.lacks = missing + " is not set"
		if alone || o.Getenv(file) != "" {
			w.broken = w.lacks
		}
		w.next = "let the webhook of workload identity set it, or set it"
		return w
	}
	// Where the webhook of AKS's identity bindings names a token proxy, Microsoft Entra takes
	// the assertion from that alone (learn.microsoft.com/azure/aks/identity-bindings-concepts).
	credential, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions: o.client(w), DisableInstanceDiscovery: o.Cloud.PrivateAuthority,
		AdditionallyAllowedTenants: o.allowed(), EnableAzureProxy: true,
	})
	if err != nil {
		w.broken = "its variables are not usable"
		w.next = "check AZURE_TENANT_ID and AZURE_CLIENT_ID and, where there are such, the variables that begin with AZURE_KUBERNETES_"
		return w
	}
	const proxy = "AZURE_KUBERNETES_TOKEN_PROXY"
	if o.Getenv(proxy) != "" {
		w.next = "check the token proxy that " + proxy + " names"
	}
	w.inner = asked(func(ctx context.Context, request policy.TokenRequestOptions) (azcore.AccessToken, error) {
		// A token file that cannot be read is told from what a server says.
		if _, err := os.ReadFile(o.Getenv(file)); err != nil {
			return azcore.AccessToken{}, &Failure{Way: w.name, Why: "the file that " + file + " names cannot be read", Next: "correct " + file}
		}
		return credential.GetToken(ctx, request)
	})
	return w
}

// asked is a credential that is one function.
type asked func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)

// GetToken calls the function.
func (a asked) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return a(ctx, o)
}

func (o Options) powerShell(bool) *way {
	w := &way{name: "Azure PowerShell", any: true, next: "run Connect-AzAccount in it"}
	if !slices.ContainsFunc([]string{"pwsh", "powershell"}, func(name string) bool {
		_, err := exec.LookPath(name)
		return err == nil
	}) {
		w.lacks = "pwsh is not on the PATH"
		return w
	}
	credential, err := azidentity.NewAzurePowerShellCredential(&azidentity.AzurePowerShellCredentialOptions{AdditionallyAllowedTenants: o.allowed()})
	if err != nil {
		w.broken = "it cannot be used"
		return w
	}
	w.inner = asked(func(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
		if o.Claims == "" {
			return credential.GetToken(ctx, o)
		}
		// It takes what Azure asks for beside a sign-in at its login.
		login := "Connect-AzAccount"
		if o.TenantID != "" {
			login += " -Tenant '" + o.TenantID + "'"
		}
		return azcore.AccessToken{}, &Failure{
			Way: w.name, Why: anotherSignIn, Next: "run `" + login + " -ClaimsChallenge '" + inAMessage(o.Claims) + "'` in it",
		}
	})
	return w
}

// allowed are the tenants that the user allows beside a credential's own.
func (o Options) allowed() []string {
	if listed := o.Getenv("AZURE_ADDITIONALLY_ALLOWED_TENANTS"); listed != "" {
		return strings.Split(listed, ";")
	}
	return nil
}

// allows follows azidentity: a way without a tenant of its own takes any, unless the
// user lists some.
func (o Options) allows(w *way, tenant string) bool {
	listed := o.allowed()
	switch {
	case w.home, tenant == "", tenant == w.tenant:
		return true
	case slices.Contains(listed, "*"), slices.Contains(listed, tenant):
		return true
	}
	return len(listed) == 0 && (w.any || w.tenant == "organizations")
}

// failed tells a sign-in that was refused from one that could not be tried. A token file
// that cannot be read is a refusal in azidentity, too: another identity must not take the
// place of the one that is meant.
func failed(err error) bool {
	return errors.As(err, new(*azidentity.AuthenticationFailedError)) || errors.As(err, new(*Failure))
}

// GetToken returns the first token that a way gives.
func (c *chain) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	all := &Error{}
	ways := c.ways
	if good := c.good.Load(); good != nil {
		ways = []*way{good}
	}
	for _, w := range ways {
		token, ended, err := c.try(ctx, w, o)
		if err == nil {
			c.good.Store(w)
			return token, nil
		}
		if ctx.Err() != nil {
			return azcore.AccessToken{}, ctx.Err()
		}
		var missing absent
		var failure *Failure
		switch {
		case errors.As(err, &missing):
			all.Absent = append(all.Absent, string(missing))
		case errors.As(err, &failure):
			all.Failed = append(all.Failed, failure)
		}
		if ended {
			break
		}
	}
	return azcore.AccessToken{}, all
}

// try asks one way. ended is set when no other is to be tried. The error is a
// *Failure, or absent.
func (c *chain) try(ctx context.Context, w *way, o policy.TokenRequestOptions) (token azcore.AccessToken, ended bool, err error) {
	if strings.EqualFold(o.TenantID, w.tenant) { // azidentity tells letters apart, and Entra does not
		o.TenantID = w.tenant
	}
	switch {
	case w.broken != "":
		return token, false, &Failure{Way: w.name, Why: w.broken, Next: w.next}
	case w.inner == nil:
		return token, false, absent(w.lacks)
	case !c.o.allows(w, o.TenantID):
		return token, true, &Failure{
			Way: w.name, Tenant: true, Why: "it is not for the tenant " + o.TenantID + " that the configuration asks for",
			Next: "if you trust the configuration, add the tenant to AZURE_ADDITIONALLY_ALLOWED_TENANTS",
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Limit)
	defer cancel()
	if w.witness != nil {
		w.witness.Set(nil)
	}
	token, err = w.inner.GetToken(ctx, o)
	if err == nil {
		return token, false, nil
	}
	ended = w.ends != nil && w.ends(err)
	return token, ended, c.explain(ctx, w, err)
}

// explain says in own words why a way gave no token.
func (c *chain) explain(ctx context.Context, w *way, err error) error {
	var missing absent
	var own *Failure
	if errors.As(err, &missing) || errors.As(err, &own) {
		return err
	}
	f := &Failure{Way: w.name, Why: "it gives no token", Next: w.next}
	var refused *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &refused) && refused.RawResponse != nil:
		f.answered(refused.RawResponse)
		return f
	case w.witness != nil && w.witness.Last() != nil:
		if why, next, ok := wire.Explain(w.witness.Last(), c.o.Getenv); ok {
			f.Why, f.Next = why, next
			return f
		}
	}
	switch {
	case ctx.Err() != nil && w.any: // a command line
		f.Why, f.Next = fmt.Sprintf("it did not end within %s", c.o.Limit), "find out why it hangs: run Get-AzAccessToken in it"
	case ctx.Err() != nil:
		f.Why, f.Next = fmt.Sprintf("no answer within %s", c.o.Limit), "check the network, HTTPS_PROXY and NO_PROXY"
	}
	return f
}

// answered reads the answer of a token server, of which nothing but its status and a
// number is told.
func (f *Failure) answered(r *http.Response) {
	host := "the token server"
	if r.Request != nil {
		host = r.Request.URL.Host
	}
	f.Why = fmt.Sprintf("%s answered HTTP status %d", host, r.StatusCode)
	body, err := runtime.Payload(r)
	if err != nil {
		return
	}
	if e, found := entra(body); found {
		f.Why += ": " + e.String()
		if e.next != "" {
			f.Next = e.next
		}
	}
}
