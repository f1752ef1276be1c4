package signin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// printing is a program that prints a token, and how it is called.
type printing struct{ way, script, prints, called string }

// What a program is called with, where it runs, and the token it prints, to its end.
func TestTokensOfPrograms(t *testing.T) {
	for name, tt := range map[string]printing{
		"az":     {cli, "az", `{"accessToken":"t","expires_on":4102444800,"expiresOn":"1999-01-01 00:00:00.000000"}`, "/ account get-access-token -o json --resource https://arm.local --tenant T\n"},
		"old az": {cli, "az", `{"accessToken":"t","expiresOn":"2100-01-01 00:00:00.000000"}`, "/ account get-access-token -o json --resource https://arm.local --tenant T\n"},
		"azd":    {developer, "azd", `{"token":"t","expiresOn":"2100-01-01T00:00:00Z"}`, "/ auth token -o json --no-prompt --scope https://arm.local/.default --tenant-id T\n"},
	} {
		t.Run(name, func(t *testing.T) {
			calls := filepath.Join(t.TempDir(), "calls")
			getenv := settings(t, map[string]string{
				"PATH": programs(t, map[string]string{tt.script: "echo $(pwd) $* >> " + calls + "; echo '" + tt.prints + "'"}), envWays: tt.way,
			})
			c, err := New(Options{Cloud: private(t), Getenv: getenv})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{TenantID: "T", Scopes: []string{"https://arm.local/.default"}})
			ends := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
			if name == "old az" {
				ends = time.Date(2100, 1, 1, 0, 0, 0, 0, time.Local)
			}
			if err != nil || got.Token != "t" || !got.ExpiresOn.Equal(ends) {
				t.Errorf("%+v: %v", got, err)
			}
			if log, err := os.ReadFile(calls); err != nil || string(log) != tt.called {
				t.Errorf("%v, called: %s", err, log)
			}
		})
	}
}

// The way that gave a token is asked for the next; those before it are not tried again.
func TestWayIsKept(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	getenv := settings(t, map[string]string{
		"PATH": programs(t, map[string]string{
			"az": "echo az >> " + calls + "; exit 1", "azd": "echo azd >> " + calls + `; echo '{"token":"t","expiresOn":"2100-01-01T00:00:00Z"}'`,
		}), envWays: "dev",
	})
	c, err := New(Options{Cloud: private(t), Getenv: getenv})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://arm.local/.default"}}); err != nil {
			t.Error(err)
		}
	}
	if log, err := os.ReadFile(calls); err != nil || string(log) != "az\nazd\nazd\n" {
		t.Errorf("%v, called: %s", err, log)
	}
}

// What a program is, what is the matter with it, and what to do, without its words.
func TestFailuresOfPrograms(t *testing.T) {
	const cloud = "check AZURE_CLOUD and AZURE_RESOURCE_MANAGER_AUDIENCE, and that the command line is signed in to the same cloud: `az cloud show`"
	said := func(code string) map[string]string {
		return map[string]string{"az": "echo 'AADSTS" + code + ": canary' >&2; exit 1"}
	}
	for name, tt := range map[string]saying{
		"another cloud": {way: cli, scripts: said("900382"), want: "az: it ended with exit status 1: AADSTS900382 (the account is of another cloud) next: " + cloud},
		"odd tenant": {
			way: cli, scripts: said("900023"), want: "az: it ended with exit status 1: AADSTS900023 (the tenant is no tenant id or domain) next: " +
				"check the configuration key tenant, and that the command line is signed in to the cloud that AZURE_CLOUD names",
		},
		"device": {
			way: cli, scripts: said("530003"), want: "az: it ended with exit status 1: AADSTS530003 (a Conditional Access policy requires a managed device) next: " +
				"ask who keeps the tenant's policies",
		},
		"first of the list": {way: cli, scripts: said("7000215"), want: "az: it ended with exit status 1: AADSTS7000215 (the client secret is wrong) next: run `az login`"},
		"of no list":        {way: cli, scripts: said("999999"), want: "az: it ended with exit status 1: AADSTS999999 next: run `az login`"},
		"no JSON":           {way: cli, tenant: "T", scripts: map[string]string{"az": "echo canary"}, want: "az: what it printed is no token in JSON next: run `az login --tenant T`"},
		"no JSON of azd":    {way: developer, scripts: map[string]string{"azd": "echo canary"}, want: "azd: what it printed is no token in JSON next: run `azd auth login`"},
	} {
		t.Run(name, tt.check)
	}
	settings(t, map[string]string{envWays: cli})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/none\nAADSTS999999\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if said := text(signInWith(t, Options{Getenv: os.Getenv}, "")); said != "az: it cannot be started next: run `az login`" {
		t.Errorf("said %s", said)
	}
}

// What Azure asks for beside a sign-in goes to azd with the request, and to az at its login
// (azidentity's AzureDeveloperCLICredential and AzureCLICredential).
func TestClaimsOfPrograms(t *testing.T) {
	const claims = "eyJhIjoxfQ=="  // {"a":1}
	const advised = "IHsiYSI6MX0=" // with a blank before it: no message shows what may begin a token
	for way, tt := range map[string]struct{ script, want string }{
		cli:       {"az", "az: Azure asks for another sign-in, as for multi-factor authentication next: run `az login --tenant T --claims-challenge " + advised + "`"},
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
		if !strings.Contains(text(err), "Azure PowerShell: Azure asks for another sign-in") || !strings.Contains(text(err), want) {
			t.Errorf("missing %q in %s", want, text(err))
		}
	}
}
