package endpoint

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(key string) string { return m[key] }
}

// want is what a choice leads to.
type want struct{ name, arm, audience, authority string }

func wantPublic() want {
	return want{
		"AzurePublic", "https://management.azure.com",
		"https://management.core.windows.net/", "https://login.microsoftonline.com/",
	}
}

func wantChina() want {
	return want{
		"AzureChina", "https://management.chinacloudapi.cn",
		"https://management.core.chinacloudapi.cn/", "https://login.chinacloudapi.cn/",
	}
}

// custom are settings of a cloud of one's own, and what they lead to.
func custom() (map[string]any, want) {
	return map[string]any{KeyARM: "https://arm.local:8443/", KeyAuthority: "https://login.local"},
		want{"custom", "https://arm.local:8443", "https://arm.local:8443", "https://login.local/"}
}

type resolved struct {
	name     string
	env      func(string) string
	settings map[string]any
	want     want
	private  bool
}

func (tt resolved) check(t *testing.T) {
	t.Helper()
	got, err := Resolve(tt.env, tt.settings)
	if err != nil {
		t.Fatal(err)
	}
	service := got.Services[cloud.ResourceManager]
	have := want{got.Name, service.Endpoint, service.Audience, got.ActiveDirectoryAuthorityHost}
	if have != tt.want {
		t.Errorf("got %+v, want %+v", have, tt.want)
	}
	if got.Host != strings.TrimPrefix(tt.want.arm, "https://") {
		t.Errorf("the credential is for %s", got.Host)
	}
	if got.PrivateAuthority != tt.private {
		t.Errorf("PrivateAuthority = %v", got.PrivateAuthority)
	}
}

func TestResolve(t *testing.T) {
	government := want{
		"AzureGovernment", "https://management.usgovcloudapi.net",
		"https://management.core.usgovcloudapi.net/", "https://login.microsoftonline.us/",
	}
	bleu := want{
		"AzureBleu", "https://management.sovcloud-api.fr", "https://management.sovcloud-api.fr/", "https://login.sovcloud-identity.fr/",
	}
	public, china := wantPublic(), wantChina()
	customSettings, custom := custom()
	for _, tt := range []resolved{
		{"nothing", env(), nil, public, false},
		{"government by azcore's name", env(EnvCloud, "AzureGovernment"), nil, government, false},
		{"government by the CLI's name", env(EnvCloud, "AzureUSGovernment"), nil, government, false},
		{"government by go-autorest's name", env(EnvEnvironment, "AZUREUSGOVERNMENTCLOUD"), nil, government, false},
		{"government by its authority alone", env(EnvAuthority, "https://login.microsoftonline.us/"), nil, government, false},
		{"china", env(EnvCloud, "AzureChinaCloud"), nil, china, false},
		{"china by settings", env(), map[string]any{KeyCloud: "AzureChina"}, china, false},
		{"environment wins whole", env(EnvCloud, "AzurePublic"), customSettings, public, false},
		{"custom by settings", env(), customSettings, custom, true},
		{"custom by environment", env(EnvARM, "https://arm.local:8443", EnvAuthority, "https://login.local/"), nil, custom, true},
		{"government by a settings' name of the CLI", env(), map[string]any{KeyCloud: "AzureUSGovernment"}, government, false},
		{"France", env(EnvCloud, "AzureBleuCloud"), nil, bleu, false},
		{"France by its authority alone", env(EnvAuthority, "https://login.sovcloud-identity.fr"), nil, bleu, false},
		{
			"Germany by settings", env(), map[string]any{KeyCloud: "AzureGermanyCloud"},
			want{"AzureGermany", "https://management.sovcloud-api.de", "https://management.sovcloud-api.de/", "https://login.sovcloud-identity.de/"}, false,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

// An authority by itself is of its cloud, or of the user's own beside the rest.
func TestResolveAuthorities(t *testing.T) {
	public, china := wantPublic(), wantChina()
	customSettings, custom := custom()
	for _, tt := range []resolved{
		{"an authority's other name", env(EnvAuthority, "https://login.partner.microsoftonline.cn/"), nil, want{china.name, china.arm, china.audience, "https://login.partner.microsoftonline.cn/"}, false},
		{"own endpoint of the settings beside a webhook's authority", env(EnvAuthority, "https://login.microsoftonline.com/"), map[string]any{KeyARM: "https://arm.local"}, want{"custom", "https://arm.local", "https://arm.local", public.authority}, false},
		{"own authority in place of the settings'", env(EnvAuthority, "https://login.other"), customSettings, want{"custom", custom.arm, custom.audience, "https://login.other/"}, true},
		{"cloud of the settings beside its authority", env(EnvAuthority, china.authority), map[string]any{KeyCloud: "AzureChina"}, china, false},
		{"named cloud with an authority of one's own", env(EnvCloud, "AzureChina", EnvAuthority, "https://login.local"), nil, want{china.name, china.arm, china.audience, "https://login.local/"}, true},
		{"own endpoint with another cloud's authority", env(EnvCloud, "AzureChina", EnvARM, "https://arm.local", EnvAuthority, public.authority), nil, want{"custom", "https://arm.local", "https://arm.local", public.authority}, false},
		{"the port of https", env(EnvARM, "https://arm.local:443/", EnvAuthority, "https://login.microsoftonline.com:443"), nil, want{"custom", "https://arm.local", "https://arm.local", public.authority}, false},
		{
			"custom endpoint with its own audience",
			env(EnvARM, "https://arm.local:8443", EnvAudience, "https://management.core.windows.net/"), nil,
			want{"custom", "https://arm.local:8443", "https://management.core.windows.net/", public.authority},
			false,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

func TestResolveRefuses(t *testing.T) {
	tests := []struct {
		name     string
		env      func(string) string
		settings map[string]any
		want     string
	}{
		{"unknown cloud", env(EnvCloud, "Mars"), nil, `unknown Azure cloud "Mars"`},
		{"authority of another cloud", env(EnvCloud, "AzureChina", EnvAuthority, "https://login.microsoftonline.us"), nil, "the cloud is AzureChina, and the authority host (AZURE_AUTHORITY_HOST or authorityHost) is that of AzureGovernment"},
		{"and with the settings' cloud", env(EnvAuthority, "https://login.microsoftonline.com"), map[string]any{KeyCloud: "AzureChina"}, "is that of AzurePublic"},
		{"authority without a scheme", env(EnvAuthority, "login.microsoftonline.us"), nil, "the authority host must start with https://"},
		{"plain http", env(EnvARM, "http://127.0.0.1:1"), nil, "must start with https://"},
		{"path", env(EnvARM, "https://h/x"), nil, "nothing else"},
		{"password", env(EnvAuthority, "https://u:hunter2@h"), nil, "nothing else"},
		{"query", env(EnvARM, "https://h?hunter2"), nil, "nothing else"},
		{"fragment", env(EnvARM, "https://h#hunter2"), nil, "nothing else"},
		{"no URL", env(EnvARM, "https://hunter2%zz"), nil, "the Resource Manager endpoint is not a URL"},
		{"no host", env(EnvARM, "https://"), nil, "name a host"},
		{"unknown key", env(), map[string]any{"endpoint": "x"}, `unknown key "endpoint"`},
		{"wrong type", env(), map[string]any{KeyCloud: true}, "cloud must be text"},
		{"settings are checked even when the environment wins", env(EnvCloud, "AzurePublic"), map[string]any{"x": 1}, "unknown key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Resolve(tt.env, tt.settings)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want it to say %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a password: %v", err)
			}
		})
	}
}

// The SDK's cloud values are shared: resolving must not change them.
func TestResolveLeavesSDKAlone(t *testing.T) {
	if _, err := Resolve(env(EnvARM, "https://arm.local"), nil); err != nil {
		t.Fatal(err)
	}
	if got := cloud.AzurePublic.Services[cloud.ResourceManager].Endpoint; got != "https://management.azure.com" {
		t.Errorf("public endpoint is now %q", got)
	}
}
