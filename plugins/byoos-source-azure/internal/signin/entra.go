package signin

import (
	"regexp"
	"slices"
)

// Advice for several of Microsoft Entra's errors.
const (
	checkSecret      = "set AZURE_CLIENT_SECRET to the value of a secret of this application that is valid, not to the secret's id"
	checkTenant      = "check AZURE_TENANT_ID and the configuration key tenant"
	checkApplication = "check AZURE_CLIENT_ID and AZURE_TENANT_ID"
	checkFederation  = "give the application a federated credential with the issuer, subject and audience of this token"
	checkUser        = "sign in with a service principal or `az login`: AZURE_USERNAME and AZURE_PASSWORD do not work with this account"
	signInAgain      = "sign in again: `az login`"
	askPolicies      = "ask who keeps the tenant's policies"
)

// entraError is an error of Microsoft Entra.
type entraError struct{ code, meaning, next string }

func (e entraError) String() string {
	if e.meaning == "" {
		return "AADSTS" + e.code
	}
	return "AADSTS" + e.code + " (" + e.meaning + ")"
}

// elsewhere is what to do about an error that a command line has and that no other sign-in
// changes; empty for the rest.
func (e entraError) elsewhere() string {
	switch e.code {
	case "500011", "900382":
		return "check AZURE_CLOUD and AZURE_RESOURCE_MANAGER_AUDIENCE, and that the command line is signed in to the same cloud: `az cloud show`"
	case "90002", "900023":
		return "check the configuration key tenant, and that the command line is signed in to the cloud that AZURE_CLOUD names"
	case "53003", "530003":
		return askPolicies
	}
	return ""
}

// entraErrors are those that are met in practice
// (learn.microsoft.com/entra/identity-platform/reference-error-codes).
func entraErrors() []entraError {
	return []entraError{
		{"7000215", "the client secret is wrong", checkSecret},
		{"7000222", "the client secret has expired", checkSecret},
		{"700016", "the application is not in this tenant", checkApplication},
		{"7000112", "the application is disabled", "enable it, or sign in with another one"},
		{"90002", "the tenant does not exist in this cloud", checkTenant},
		{"900023", "the tenant is no tenant id or domain", checkTenant},
		{"900382", "the account is of another cloud", "check AZURE_CLOUD and AZURE_AUTHORITY_HOST"},
		{"90072", "the account is not a member of this tenant", checkTenant},
		{"50020", "the account is not a member of this tenant", checkTenant},
		{"500011", "this tenant does not know what the token is for", "check AZURE_RESOURCE_MANAGER_AUDIENCE and the tenant"},
		{"700027", "the client certificate is not one of the application", "check AZURE_CLIENT_CERTIFICATE_PATH and AZURE_CLIENT_ID"},
		{"700024", "the assertion is not valid at this time", "check the clock of this machine, and the age of the token file"},
		{"70021", "no federated credential fits the token file", checkFederation},
		{"700211", "no federated credential has this issuer", checkFederation},
		{"700212", "no federated credential has this audience", checkFederation},
		{"700213", "no federated credential has this subject", checkFederation},
		{"50034", "the account does not exist in this tenant", checkTenant},
		{"50126", "the user name or the password is wrong", "check AZURE_USERNAME and AZURE_PASSWORD"},
		{"50076", "multi-factor authentication is required", checkUser},
		{"50079", "multi-factor authentication is required", checkUser},
		{"50078", "multi-factor authentication has expired", signInAgain},
		{"50173", "the sign-in has been revoked", signInAgain},
		{"70043", "the sign-in has expired", signInAgain},
		{"700082", "the sign-in has expired", signInAgain},
		{"53003", "a Conditional Access policy of the tenant blocks it", askPolicies},
		{"530003", "a Conditional Access policy requires a managed device", askPolicies},
		{"65001", "nobody has consented to the application", "grant consent to it"},
	}
}

var entraCode = regexp.MustCompile(`AADSTS([0-9]{4,8})\b`)

// entra finds the number of an error in a text. Nothing else of the text is used.
func entra(text []byte) (entraError, bool) {
	found := entraCode.FindSubmatch(text)
	if found == nil {
		return entraError{}, false
	}
	code := string(found[1])
	all := entraErrors()
	if i := slices.IndexFunc(all, func(e entraError) bool { return e.code == code }); i >= 0 {
		return all[i], true
	}
	return entraError{code: code}, true
}
