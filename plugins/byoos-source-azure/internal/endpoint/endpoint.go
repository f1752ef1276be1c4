// Package endpoint decides which Azure cloud is asked, and so to which hosts
// the user's credentials go. It reads the environment and the user's own
// configuration file only, never a spec: a spec comes with a cloned repository.
package endpoint

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	// The package registers the Resource Manager endpoints of the named clouds.
	_ "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// Variables that choose the cloud. AZURE_AUTHORITY_HOST is azidentity's own;
// the AZURE_RESOURCE_MANAGER ones are those of Azure Service Operator.
const (
	EnvCloud       = "AZURE_CLOUD"
	EnvEnvironment = "AZURE_ENVIRONMENT"
	EnvAuthority   = "AZURE_AUTHORITY_HOST"
	EnvARM         = "AZURE_RESOURCE_MANAGER_ENDPOINT"
	EnvAudience    = "AZURE_RESOURCE_MANAGER_AUDIENCE"
)

// Keys of the user's settings for this plugin, with the meaning of the variables.
const (
	KeyCloud     = "cloud"
	KeyAuthority = "authorityHost"
	KeyARM       = "resourceManagerEndpoint"
	KeyAudience  = "resourceManagerAudience"
)

// Cloud is where Azure's services are.
type Cloud struct {
	cloud.Configuration
	// Name is AzurePublic, AzureGovernment, AzureChina, AzureBleu, AzureGermany or custom.
	Name string
	// Host is Resource Manager's host, with the port when there is one.
	Host string
	// PrivateAuthority is true when the identity service is none of Microsoft's
	// public ones: those cannot vouch for it.
	PrivateAuthority bool
}

// choice is what one place (environment or settings) says.
type choice struct{ cloud, authority, arm, audience string }

// Resolve returns the cloud that getenv chooses or, when it says nothing at
// all, settings. Without either it is the public cloud. The authority by itself, as
// the webhook of workload identity sets it in every pod, takes the place of that of
// the settings only. An endpoint must be https and have no path.
func Resolve(getenv func(string) string, settings map[string]any) (Cloud, error) {
	fromUser, err := readSettings(settings)
	if err != nil {
		return Cloud{}, err
	}
	c := choice{
		cloud: getenv(EnvCloud), authority: getenv(EnvAuthority),
		arm: getenv(EnvARM), audience: getenv(EnvAudience),
	}
	if c.cloud == "" {
		c.cloud = getenv(EnvEnvironment)
	}
	if c == (choice{authority: c.authority}) {
		fromUser.authority = cmp.Or(c.authority, fromUser.authority)
		c = fromUser
	}
	return c.resolve()
}

func readSettings(settings map[string]any) (choice, error) {
	var c choice
	into := map[string]*string{
		KeyCloud: &c.cloud, KeyAuthority: &c.authority, KeyARM: &c.arm, KeyAudience: &c.audience,
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		target, known := into[key]
		if !known {
			return choice{}, fmt.Errorf("your settings for azure have an unknown key %q; known are %s",
				key, strings.Join(slices.Sorted(maps.Keys(into)), ", "))
		}
		value, isText := settings[key].(string)
		if !isText {
			return choice{}, fmt.Errorf("your settings for azure: %s must be text", key)
		}
		*target = value
	}
	return c, nil
}

func (c choice) resolve() (Cloud, error) {
	var err error
	if c.authority != "" {
		if c.authority, err = baseURL("the authority host", c.authority); err != nil {
			return Cloud{}, err
		}
	}
	named, err := c.named()
	if err != nil {
		return Cloud{}, err
	}
	service := named.Services[cloud.ResourceManager]
	if c.arm != "" {
		// A token for Azure's own Resource Manager must not go to another host,
		// so the audience follows the endpoint unless the user says otherwise.
		service.Endpoint, err = baseURL("the Resource Manager endpoint", c.arm)
		if err != nil {
			return Cloud{}, err
		}
		service.Audience = service.Endpoint
		named.Name = "custom"
	}
	if c.audience != "" {
		service.Audience = c.audience
	}
	if c.authority != "" {
		named.ActiveDirectoryAuthorityHost = c.authority + "/"
		_, known := cloudOfAuthority(c.authority)
		named.PrivateAuthority = !known
	}
	parsed, err := url.Parse(service.Endpoint)
	if err != nil {
		return Cloud{}, err
	}
	named.Host = parsed.Host
	named.Services = map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: service}
	return named, nil
}

// named returns the cloud that is named, or the one an authority belongs to:
// the workload identity webhook of a sovereign cluster sets only the latter. The
// Resource Manager of one cloud takes no token of another's authority.
func (c choice) named() (Cloud, error) {
	byAuthority, known := cloudOfAuthority(c.authority)
	switch {
	case c.cloud == "" && known:
		return byAuthority, nil
	case c.cloud == "":
		return public(), nil
	}
	name := strings.TrimSuffix(strings.ToLower(c.cloud), "cloud")
	all := clouds()
	i := slices.IndexFunc(all, func(k knownCloud) bool { return slices.Contains(k.names, name) })
	switch {
	case i < 0:
		return Cloud{}, fmt.Errorf("unknown Azure cloud %q; known are AzurePublic, AzureGovernment, AzureChina, AzureBleu and AzureGermany;"+
			" for another one set %s and %s", c.cloud, EnvARM, EnvAuthority)
	case c.arm == "" && known && byAuthority.Name != all[i].Name:
		return Cloud{}, fmt.Errorf("the cloud is %s, and the authority host (%s or %s) is that of %s: correct one of them",
			all[i].Name, EnvAuthority, KeyAuthority, byAuthority.Name)
	}
	return all[i].Cloud, nil
}

// knownCloud is a cloud with its names, in small letters and without a final "cloud",
// and the hosts of its authority beside that of the SDK.
type knownCloud struct {
	Cloud
	names, authorities []string
}

// clouds are those of azcore, with the names of the Azure CLI and of go-autorest, and
// two that azcore does not have yet. The hosts of authorities are those that MSAL
// trusts (apps/internal/oauth/ops/authority/authority.go of version 1.10.1), the
// names and endpoints of the newer clouds those of Azure's SDK for .NET
// (AzureAuthorityHosts).
func clouds() []knownCloud {
	return []knownCloud{
		{public(), []string{"azure", "azurepublic"}, []string{"login.windows.net", "login.microsoft.com", "sts.windows.net"}},
		{
			Cloud{Configuration: cloud.AzureGovernment, Name: "AzureGovernment"},
			[]string{"azuregovernment", "azureusgovernment"}, []string{"login-us.microsoftonline.com", "login.usgovcloudapi.net"},
		},
		{Cloud{Configuration: cloud.AzureChina, Name: "AzureChina"}, []string{"azurechina"}, []string{"login.partner.microsoftonline.cn"}},
		{sovereign("AzureBleu", "fr"), []string{"azurebleu", "bleu"}, nil},
		{sovereign("AzureGermany", "de"), []string{"azuregermany", "delos"}, nil},
	}
}

func public() Cloud { return Cloud{Configuration: cloud.AzurePublic, Name: "AzurePublic"} }

func sovereign(name, domain string) Cloud {
	endpoint := "https://management.sovcloud-api." + domain
	return Cloud{Name: name, Configuration: cloud.Configuration{
		ActiveDirectoryAuthorityHost: "https://login.sovcloud-identity." + domain + "/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: endpoint, Audience: endpoint + "/"},
		},
	}}
}

func cloudOfAuthority(host string) (Cloud, bool) {
	host = strings.ToLower(strings.TrimPrefix(host, "https://"))
	for _, c := range clouds() {
		own := strings.TrimSuffix(strings.TrimPrefix(c.ActiveDirectoryAuthorityHost, "https://"), "/")
		if host == own || slices.Contains(c.authorities, host) {
			return c.Cloud, true
		}
	}
	return Cloud{}, false
}

// baseURL checks an endpoint and returns it without a final slash. what names
// it in errors; the value is not repeated, because it may hold a password.
func baseURL(what, raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New(what + " is not a URL")
	}
	if u.Scheme != "https" || u.Host == "" {
		return "", errors.New(what + " must start with https:// and name a host")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", errors.New(what + " must be https://host[:port] and nothing else")
	}
	return "https://" + strings.TrimSuffix(u.Host, ":443"), nil // which is the port of https
}
