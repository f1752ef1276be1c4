// Package endpoint decides which Azure cloud is asked, and so to which hosts
// the user's credentials go. It reads the environment and the user's own
// configuration file only, never a spec: a spec comes with a cloned repository.
package endpoint

import (
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
	// Name is AzurePublic, AzureGovernment, AzureChina or custom.
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
// all, settings. Without either it is the public cloud. An endpoint must be
// https and have no path.
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
	if c == (choice{}) {
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
		host, err := baseURL("the authority host", c.authority)
		if err != nil {
			return Cloud{}, err
		}
		named.ActiveDirectoryAuthorityHost = host + "/"
		_, known := cloudOfAuthority(host)
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
// the workload identity webhook of a sovereign cluster sets only the latter.
func (c choice) named() (Cloud, error) {
	if c.cloud == "" {
		if found, ok := cloudOfAuthority(c.authority); ok {
			return found, nil
		}
		return public(), nil
	}
	switch strings.ToLower(c.cloud) {
	case "azurepublic", "azurecloud", "azurepubliccloud":
		return public(), nil
	case "azuregovernment", "azureusgovernment", "azureusgovernmentcloud":
		return government(), nil
	case "azurechina", "azurechinacloud":
		return china(), nil
	}
	return Cloud{}, fmt.Errorf("unknown Azure cloud %q; known are AzurePublic, AzureGovernment and AzureChina;"+
		" for another one set %s and %s", c.cloud, EnvARM, EnvAuthority)
}

func public() Cloud     { return Cloud{Configuration: cloud.AzurePublic, Name: "AzurePublic"} }
func government() Cloud { return Cloud{Configuration: cloud.AzureGovernment, Name: "AzureGovernment"} }
func china() Cloud      { return Cloud{Configuration: cloud.AzureChina, Name: "AzureChina"} }

func cloudOfAuthority(host string) (Cloud, bool) {
	for _, c := range []Cloud{public(), government(), china()} {
		if strings.EqualFold(strings.TrimSuffix(host, "/"), strings.TrimSuffix(c.ActiveDirectoryAuthorityHost, "/")) {
			return c, true
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
	return "https://" + u.Host, nil
}
