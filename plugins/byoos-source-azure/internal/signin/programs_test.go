package signin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// What a program prints is repeated nowhere, whole or in part: it may be a token in
// any form.
func TestProgramsWords(t *testing.T) {
	const loud = "echo canary-out; echo 'canary-err AADSTS700082: canary' >&2; "
	const token = `echo '{"accessToken":"canary","expires_on":4102444800}'`
	for name, tt := range map[string]struct {
		scripts map[string]string
		way     string
		tenant  string
		want    []string
	}{
		"az fails":       {map[string]string{"az": loud + "exit 3"}, cli, "", []string{"az: it ended with exit status 3: AADSTS700082 (the sign-in has expired)", "run `az login`"}},
		"another cloud":  {map[string]string{"az": "echo 'AADSTS500011: canary' >&2; exit 1"}, cli, "", []string{"AADSTS500011 (this tenant does not know what the token is for)", "next: check AZURE_CLOUD and AZURE_RESOURCE_MANAGER_AUDIENCE, and that the command line is signed in to the same cloud"}},
		"no such tenant": {map[string]string{"az": "echo 'AADSTS90002: canary' >&2; exit 1"}, cli, "T", []string{"next: check the configuration key tenant"}},
		"policies":       {map[string]string{"azd": "echo 'AADSTS53003: canary' >&2; exit 1"}, developer, "", []string{"next: ask who keeps the tenant's policies"}},
		"in a tenant":    {map[string]string{"az": loud + "exit 1"}, cli, "T", []string{"run `az login --tenant T`"}},
		"no JSON":        {map[string]string{"az": loud}, cli, "", []string{"az: what it printed is no token in JSON"}},
		"no token in it": {map[string]string{"az": `echo '{"accessToken":"","expires_on":4102444800,"canary":"canary"}'`}, cli, "", []string{"no token in JSON"}},
		"no time in it":  {map[string]string{"az": `echo '{"accessToken":"canary","expiresOn":"canary"}'`}, cli, "", []string{"no token in JSON"}},
		"too much":       {map[string]string{"az": `trap "" PIPE; printf %300000s; exit 120`}, cli, "", []string{"az: it printed more than 256 KiB", "run `az account get-access-token`"}},
		"token and much": {map[string]string{"az": token + `; printf %300000s`}, cli, "", []string{"az: it printed more than 256 KiB"}},
		"loud and fails": {map[string]string{"az": `trap "" PIPE; ` + token + `; printf %300000s; echo 'AADSTS700082: canary' >&2; exit 3`}, cli, "", []string{"az: it printed more than 256 KiB, and AADSTS700082", "run `az login`"}},
		"killed":         {map[string]string{"az": loud + "kill -9 $$"}, cli, "", []string{"az: it ended with signal: killed"}},
		"not there":      {nil, cli, "", []string{"nothing to sign in with is set up: az is not on the PATH"}},
		"azd fails":      {map[string]string{"azd": loud + "exit 1"}, developer, "", []string{"azd: it ended with exit status 1", "run `azd auth login`"}},
		"both":           {map[string]string{"az": loud + "exit 1", "azd": loud + "exit 2"}, "dev", "", []string{"az: it ended with exit status 1", "azd: it ended with exit status 2"}},
		"PowerShell":     {map[string]string{"pwsh": loud + "exit 1"}, powerShell, "", []string{"Azure PowerShell: it gives no token", "Connect-AzAccount"}},
	} {
		t.Run(name, func(t *testing.T) {
			getenv := settings(t, map[string]string{"PATH": programs(t, tt.scripts), envWays: tt.way})
			said := text(signInWith(t, Options{Getenv: getenv}, tt.tenant))
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("missing %q in: %s", want, said)
				}
			}
			if strings.Contains(said, canary) {
				t.Errorf("it repeats the program: %s", said)
			}
		})
	}
}

// What Azure asks for beside a sign-in goes to azd with the request, and to az at its login
// (azidentity's AzureDeveloperCLICredential and AzureCLICredential).
func TestClaimsOfPrograms(t *testing.T) {
	const claims = "eyJhIjoxfQ=="  // {"a":1}
	const advised = "IHsiYSI6MX0=" // with a blank before it: no message shows what may begin a token
	for way, tt := range map[string]struct{ script, want string }{
		cli:       {"az", "run `az login --tenant T --claims-challenge " + advised + "`"},
		developer: {"azd", "run `azd auth login --tenant-id T`"},
	} {
		t.Run(way, func(t *testing.T) {
			calls := filepath.Join(t.TempDir(), "calls")
			getenv := settings(t, map[string]string{
				"PATH": programs(t, map[string]string{tt.script: "echo $* >> " + calls + "; exit 1"}), envWays: way,
			})
			c, err := New(Options{Cloud: private(t), Getenv: getenv})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.GetToken(t.Context(), policy.TokenRequestOptions{Claims: `{"a":1}`, TenantID: "T", Scopes: []string{"https://arm.local/.default"}})
			if !strings.Contains(text(err), tt.want) {
				t.Errorf("missing %q in %s", tt.want, text(err))
			}
			if log, _ := os.ReadFile(calls); way == developer && !strings.Contains(string(log), "--claims "+claims) {
				t.Errorf("called with %s", log)
			}
		})
	}
}

// What Azure asks for beside a sign-in is an option of PowerShell's login, too
// (azidentity's AzurePowerShellCredential); without it the next sign-in is refused as well.
func TestClaimsOfPowerShell(t *testing.T) {
	getenv := settings(t, map[string]string{
		"PATH": programs(t, map[string]string{"pwsh": `echo '{"Token":"t","ExpiresOn":4102444800}'`}), envWays: powerShell,
	})
	for tenant, want := range map[string]string{
		"":  "run `Connect-AzAccount -ClaimsChallenge 'IHsiYSI6MX0='` in it",
		"T": "run `Connect-AzAccount -Tenant 'T' -ClaimsChallenge 'IHsiYSI6MX0='` in it",
	} {
		c, err := New(Options{Cloud: private(t), Getenv: getenv})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.GetToken(t.Context(), policy.TokenRequestOptions{Claims: `{"a":1}`, TenantID: tenant, Scopes: []string{"https://arm.local/.default"}})
		if !strings.Contains(text(err), "Azure asks for another sign-in") || !strings.Contains(text(err), want) {
			t.Errorf("missing %q in %s", want, text(err))
		}
	}
}
