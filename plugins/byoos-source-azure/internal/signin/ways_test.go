package signin

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// nobody is a network in which nobody may be asked.
func nobody(t *testing.T) answers {
	t.Helper()
	return func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was asked", r.URL)
		return nil, io.ErrUnexpectedEOF
	}
}

// saying is a sign-in for a tenant, and all that is said of it.
type saying struct {
	env     map[string]string
	way     string
	tenant  string
	scripts map[string]string
	by      answers
	want    string
}

func (tt saying) check(t *testing.T) {
	t.Helper()
	getenv := settings(t, tt.env)
	t.Setenv(envWays, tt.way)
	t.Setenv("PATH", programs(t, tt.scripts))
	if tt.by == nil {
		tt.by = nobody(t)
	}
	if said := text(signInWith(t, Options{Getenv: getenv, Transport: tt.by}, tt.tenant)); said != tt.want {
		t.Errorf("said %s\nnot  %s", said, tt.want)
	}
}

// principal are the variables of a service principal, and more.
func principal(more ...string) map[string]string {
	env := map[string]string{"AZURE_TENANT_ID": "own", "AZURE_CLIENT_ID": "c"}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

// What a way lacks is said of each that is not set up; one that is half set up, or the only
// one that may be used, is told as a failure, with what to do.
func TestWhatAWayLacks(t *testing.T) {
	const (
		variables = "the AZURE_ variables of a service principal: "
		correct   = " next: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or correct them"
		webhook   = " next: let the webhook of workload identity set it, or set it"
	)
	none := answers(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	for name, tt := range map[string]saying{
		"nothing": {want: "nothing to sign in with is set up: AZURE_CLIENT_SECRET is not set; AZURE_FEDERATED_TOKEN_FILE and AZURE_TENANT_ID and AZURE_CLIENT_ID is not set; " +
			"this machine has no metadata service; az is not on the PATH; azd is not on the PATH; pwsh is not on the PATH", by: none},
		"no variables":         {way: environment, want: variables + "AZURE_CLIENT_SECRET is not set" + correct},
		"no secret":            {env: principal(), way: environment, want: variables + "AZURE_CLIENT_SECRET is not set" + correct},
		"no tenant":            {env: map[string]string{"AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}, way: environment, want: variables + "AZURE_TENANT_ID is not set" + correct},
		"no password":          {env: principal("AZURE_USERNAME", "u"), way: environment, want: variables + "AZURE_PASSWORD is not set" + correct},
		"odd tenant":           {env: principal("AZURE_CLIENT_SECRET", "s", "AZURE_CLIENT_CERTIFICATE_PATH", "f", "AZURE_TENANT_ID", "o w n"), way: environment, want: variables + "they are not usable" + correct},
		"odd tenant of a user": {env: principal("AZURE_USERNAME", "u", "AZURE_PASSWORD", "p", "AZURE_TENANT_ID", "o w n"), way: environment, want: variables + "they are not usable" + correct},
		"no workload":          {way: workload, want: "workload identity: AZURE_FEDERATED_TOKEN_FILE and AZURE_TENANT_ID and AZURE_CLIENT_ID is not set" + webhook},
		"half a workload beside others": {
			env: map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "f"}, way: "prod", by: none,
			want: "workload identity: AZURE_TENANT_ID and AZURE_CLIENT_ID is not set" + webhook,
		},
		"no token file": {
			env: principal("AZURE_FEDERATED_TOKEN_FILE", "/none"), way: workload,
			want: "workload identity: the file that AZURE_FEDERATED_TOKEN_FILE names cannot be read next: correct AZURE_FEDERATED_TOKEN_FILE",
		},
		"identity of Cloud Shell": {
			env: map[string]string{"MSI_ENDPOINT": "http://127.0.0.1:1", "AZURE_CLIENT_ID": "c"}, way: managed,
			want: "managed identity: its variables are not usable next: give this machine a managed identity, or sign in in another way",
		},
		"no PowerShell": {way: powerShell, want: "nothing to sign in with is set up: pwsh is not on the PATH"},
		"wrong ways": {way: "az", want: `AZURE_TOKEN_CREDENTIALS: it is "az", which is none of dev, prod, EnvironmentCredential, WorkloadIdentityCredential, ` +
			"ManagedIdentityCredential, AzureCLICredential, AzureDeveloperCLICredential, AzurePowerShellCredential next: correct AZURE_TOKEN_CREDENTIALS"},
	} {
		t.Run(name, tt.check)
	}
}

// A tenant that the user has not allowed is refused by each way, before anything is asked;
// an allowed one is asked for.
func TestTenantsOfWays(t *testing.T) {
	const refused = ": it is not for the tenant T that the configuration asks for next: if you trust the configuration, add the tenant to AZURE_ADDITIONALLY_ALLOWED_TENANTS"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("assertion"), 0o600); err != nil {
		t.Fatal(err)
	}
	of := func(tenant string) answers {
		return func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && !strings.HasPrefix(r.URL.Path, "/"+tenant+"/") && r.URL.Path != "/tenant/token" {
				t.Errorf("%s was asked", r.URL)
			}
			if strings.HasSuffix(r.URL.Path, "openid-configuration") && !strings.HasPrefix(r.URL.Path, "/"+tenant+"/") {
				t.Errorf("%s was asked", r.URL)
			}
			return says(200, `{"access_token":"t","expires_in":3600,"token_type":"Bearer"}`)(r)
		}
	}
	list := map[string]string{"AZURE_ADDITIONALLY_ALLOWED_TENANTS": "x"}
	for name, tt := range map[string]saying{
		"az":               {env: list, way: cli, tenant: "T", scripts: map[string]string{"az": "exit 1"}, want: "az" + refused},
		"azd":              {env: list, way: developer, tenant: "T", scripts: map[string]string{"azd": "exit 1"}, want: "azd" + refused},
		"principal":        {env: principal("AZURE_CLIENT_SECRET", "s"), way: environment, tenant: "T", want: "the AZURE_ variables of a service principal" + refused},
		"workload":         {env: principal("AZURE_FEDERATED_TOKEN_FILE", file), way: workload, tenant: "T", want: "workload identity" + refused},
		"own of workload":  {env: principal("AZURE_FEDERATED_TOKEN_FILE", file), way: workload, tenant: "OWN", by: of("own"), want: "<nil>"},
		"workload allowed": {env: principal("AZURE_FEDERATED_TOKEN_FILE", file, "AZURE_ADDITIONALLY_ALLOWED_TENANTS", "x;T"), way: workload, tenant: "T", by: of("T"), want: "<nil>"},
		"managed has one": {
			env: list, way: managed, tenant: "T", by: says(400, "{}"), want: "nothing to sign in with is set up: this machine has no managed identity",
		},
	} {
		t.Run(name, tt.check)
	}
	settings(t, list)
	var failed *Error
	if err := signInWith(t, Options{Getenv: func(name string) string { return map[string]string{envWays: cli}[name] + list[name] }}, "T"); !errors.As(err, &failed) || !failed.Failed[0].Tenant {
		t.Errorf("it is not told to be the tenant: %v", err)
	}
}

// An identity of the machine that refuses is the end; only where none is named is the address
// of the metadata service tried, and then before all.
func TestManagedIdentityBesideOthers(t *testing.T) {
	const onward = " next: to go on to `az login`, set AZURE_TOKEN_CREDENTIALS=dev; else give the machine a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
	local := answers(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "127.0.0.1" {
			return nobody(t)(r)
		}
		return says(401, canary)(r)
	})
	az := map[string]string{"az": `echo '{"accessToken":"t","expires_on":4102444800}'`}
	for name, tt := range map[string]saying{
		"metadata": {scripts: az, by: says(403, canary), want: "managed identity: 169.254.169.254 answered HTTP status 403" + onward},
		"App Service": {
			env: map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1/msi", "IDENTITY_HEADER": canary}, scripts: az, by: local,
			want: "managed identity: 127.0.0.1 answered HTTP status 401" + onward,
		},
	} {
		t.Run(name, tt.check)
	}
}

// Without a transport of a test requests go over the network: to the machine itself, and to
// a server whose certificate is verified.
func TestNetworkOfWays(t *testing.T) {
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") != "h" || r.FormValue("resource") != "https://network.local" {
			t.Errorf("%s, %v", r.URL, r.Header)
		}
		_, _ = io.WriteString(w, `{"access_token":"t","expires_on":"4102444800","resource":"r","token_type":"Bearer"}`)
	}))
	defer identity.Close()
	getenv := settings(t, map[string]string{"IDENTITY_ENDPOINT": identity.URL, "IDENTITY_HEADER": "h", envWays: managed})
	c, err := New(Options{Cloud: private(t), Getenv: getenv})
	if err != nil {
		t.Fatal(err)
	}
	if token, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://network.local/.default"}}); err != nil || token.Token != "t" {
		t.Errorf("%+v: %v", token, err)
	}

	entra := httptest.NewUnstartedServer(http.NotFoundHandler())
	entra.Config.ErrorLog = log.New(io.Discard, "", 0)
	entra.StartTLS()
	defer entra.Close()
	getenv = settings(t, principal("AZURE_CLIENT_SECRET", "s", envWays, environment))
	at, err := endpoint.Resolve(func(string) string { return "" }, map[string]any{endpoint.KeyAuthority: entra.URL, endpoint.KeyARM: "https://arm.local"})
	if err != nil {
		t.Fatal(err)
	}
	err = signInFor(t.Context(), Options{Cloud: at, Getenv: getenv})
	if want := "the certificate of " + strings.TrimPrefix(entra.URL, "https://") + " is signed by nobody that this machine trusts"; !strings.Contains(text(err), want) {
		t.Errorf("said %s", text(err))
	}
}

// The end of the time is told where nobody answered, whatever was the matter before; the
// word of a server that came late is told all the same.
func TestNoAnswer(t *testing.T) {
	getenv := settings(t, principal("AZURE_CLIENT_SECRET", "s", envWays, environment))
	synctest.Test(t, func(t *testing.T) {
		broken := true
		c, err := New(Options{Cloud: private(t), Getenv: getenv, Limit: 3 * time.Second, Transport: answers(func(r *http.Request) (*http.Response, error) {
			if broken {
				return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("broken off")}
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, err = c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://arm.local/.default"}})
			if said := text(err); broken && !strings.Contains(said, "login.local cannot be reached: broken off") ||
				!broken && !strings.HasSuffix(said, ": no answer within 3s next: check the network, HTTPS_PROXY and NO_PROXY") {
				t.Errorf("broken off is %t: said %s", broken, said)
			}
			broken = false
		}
	})
}

// A call that is over is no failure of a way, and no reason to try the next.
func TestEndOfACall(t *testing.T) {
	getenv := settings(t, principal("AZURE_CLIENT_SECRET", "s"))
	ctx, cancel := context.WithCancel(t.Context())
	c, err := New(Options{Cloud: private(t), Getenv: getenv, Transport: answers(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "login.local" {
			t.Errorf("%s was asked", r.URL)
		}
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"https://arm.local/.default"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
