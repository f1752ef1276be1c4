package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/signin"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
	"github.com/kubectl-byoos/kubectl-byoos/test/canary"
)

// TestCanaries: nothing secret of what the user's programs, files and token servers
// gave, and nothing that gives access in the words of Azure, is shown.
func TestCanaries(t *testing.T) {
	home := t.TempDir()
	canary.Run(t, 780,
		canary.Place{Name: "client secret in an error of the sign-in", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			signsIn(t, "EnvironmentCredential", map[string]string{"AZURE_CLIENT_SECRET": secret})
			return asks(t, a, azure{token: refusal(a, a.Words(a.Form(secret)))})
		}},
		canary.Place{Name: "client secret in an error of Resource Manager", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			signsIn(t, "EnvironmentCredential", map[string]string{"AZURE_CLIENT_SECRET": secret})
			return asks(t, a, azure{arm: refusal(a, a.Words(a.Form(secret)))})
		}},
		canary.Place{Name: "access token in an error of Resource Manager", Try: func(t *testing.T, a *canary.Answer) string {
			secret := canary.Pick(a, a.Key, a.Token)()
			signsIn(t, "EnvironmentCredential", nil)
			return asks(t, a, azure{token: tokenOf(secret), arm: refusal(a, a.Words(a.Form(secret)))})
		}},
		canary.Place{Name: "answer of the sign-in that is none", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "EnvironmentCredential", nil)
			return asks(t, a, azure{token: reply{200, canary.Pick(a, "", "{", `{"token_type":"Bearer","access_tokn":`, `{"access_token":["`) + a.Words(a.Key())}})
		}},
		canary.Place{Name: "client secret in a conditional access challenge", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			signsIn(t, "EnvironmentCredential", map[string]string{"AZURE_CLIENT_SECRET": secret})
			text := a.Words(a.Form(secret))
			object, _ := json.Marshal(map[string]any{"error": "invalid_grant", "error_description": "AADSTS50005: " + text, "claims": text, "suberror": text, "correlation_id": "1"})
			return asks(t, a, azure{token: reply{canary.Pick(a, 400, 401), string(object)}})
		}},
		canary.Place{Name: "federated token in an error of the sign-in", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Token()
			signsIn(t, "WorkloadIdentityCredential", map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file(t, home, "token", secret), "AZURE_CLIENT_SECRET": ""})
			return asks(t, a, azure{token: refusal(a, a.Words(a.Form(secret)))})
		}},
		canary.Place{Name: "certificate that cannot be read", Try: func(t *testing.T, a *canary.Answer) string {
			password := a.Password()
			pem := "-----BEGIN PRIVATE KEY-----\n" + canary.Pick(a, a.Key(), a.Words(a.Key())) + "\n-----END PRIVATE KEY-----\n"
			signsIn(t, "EnvironmentCredential", map[string]string{
				"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": file(t, home, "cert.pem", pem), "AZURE_CLIENT_CERTIFICATE_PASSWORD": password,
			})
			return asks(t, a, azure{token: refusal(a, a.Words(a.Form(password)))})
		}},
	)
}

// TestCanariesOfPrograms: nor what the command lines of Azure print.
func TestCanariesOfPrograms(t *testing.T) {
	home := t.TempDir()
	path := os.Getenv("PATH")
	canary.Run(t, 440,
		canary.Place{Name: "what az prints", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "AzureCLICredential", map[string]string{"PATH": program(t, home, "az", canary.Pick(a, "", "{", `{"accessToken": `)+a.Words(a.Form(a.Key())), "", a.IntN(2)) + ":" + path})
			return asks(t, a, azure{})
		}},
		canary.Place{Name: "what az says of a failure", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "AzureCLICredential", map[string]string{"PATH": program(t, home, "az", "", canary.Pick(a, "", "ERROR: ")+a.Words(a.Form(a.Key())), 1) + ":" + path})
			return asks(t, a, azure{})
		}},
		canary.Place{Name: "token of az in an error of Resource Manager", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Token()
			says := fmt.Sprintf(`{"accessToken": %q, "expires_on": 4102444800, "expiresOn": "2100-01-01 00:00:00.000000"}`, secret)
			signsIn(t, "AzureCLICredential", map[string]string{"PATH": program(t, home, "az", says, "", 0) + ":" + path})
			return asks(t, a, azure{arm: refusal(a, a.Words(a.Form(secret)))})
		}},
		canary.Place{Name: "what azd says", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "AzureDeveloperCLICredential", map[string]string{"PATH": program(t, home, "azd", a.Words(a.Form(a.Key())), a.Words(a.Form(a.Key())), a.IntN(2)) + ":" + path})
			return asks(t, a, azure{})
		}},
	)
}

// TestCanariesOfAnswers: nor what a managed identity and Resource Manager answer.
func TestCanariesOfAnswers(t *testing.T) {
	canary.Run(t, 780,
		canary.Place{Name: "header of a managed identity in its error", Try: func(t *testing.T, a *canary.Answer) string {
			secret := a.Key()
			signsIn(t, "ManagedIdentityCredential", map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:1/token", "IDENTITY_HEADER": secret, "AZURE_CLIENT_ID": ""})
			return asks(t, a, azure{token: refusal(a, a.Words(a.Form(secret)))})
		}},
		canary.Place{Name: "answer of a managed identity that is none", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "ManagedIdentityCredential", map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:1/token?code=" + a.Userinfo(), "IDENTITY_HEADER": a.Key(), "AZURE_CLIENT_ID": ""})
			return asks(t, a, azure{token: reply{canary.Pick(a, 200, 400), canary.Pick(a, "", "{", `{"access_token": `, `{"expires_on":"`) + a.Words(a.Key())}})
		}},
		canary.Place{Name: "signed address in an error", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "EnvironmentCredential", nil)
			return asks(t, a, azure{arm: refusal(a, a.Words(a.Signed()))})
		}},
		canary.Place{Name: "message of a run, and what it made", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "EnvironmentCredential", nil)
			return discovers(t, config{Template: "golden", ResourceGroup: "RG"}, azure{arm: reply{200, template(a)}})
		}},
		canary.Place{Name: "names and tags of images", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "EnvironmentCredential", nil)
			return asks(t, a, azure{arm: reply{200, things(a)}})
		}},
		canary.Place{Name: "link to the next page", Try: func(t *testing.T, a *canary.Answer) string {
			signsIn(t, "EnvironmentCredential", nil)
			object, _ := json.Marshal(map[string]any{"value": []any{}, "nextLink": a.Signed()})
			return asks(t, a, azure{arm: reply{200, string(object)}})
		}},
		canary.Place{Name: "user and password of an endpoint", Try: func(t *testing.T, a *canary.Answer) string {
			address := canary.Pick(a, "https://", "http://", "", "https:// ") + "me:" + a.Userinfo() + "@arm.example.com" + canary.Pick(a, "", "/%zz", ":x")
			signsIn(t, "EnvironmentCredential", map[string]string{canary.Pick(a, "AZURE_RESOURCE_MANAGER_ENDPOINT", "AZURE_AUTHORITY_HOST"): address})
			return asks(t, a, azure{arm: refusal(a, a.Words(address))})
		}},
	)
}

// signsIn sets the environment for one kind of credential.
func signsIn(t *testing.T, kind string, variables map[string]string) {
	t.Helper()
	for _, name := range environment() {
		t.Setenv(name, "")
	}
	for name, text := range map[string]string{
		"AZURE_TENANT_ID": "11111111-1111-1111-1111-111111111111", "AZURE_CLIENT_ID": "22222222-2222-2222-2222-222222222222",
		"AZURE_CLIENT_SECRET": "of-the-test", "AZURE_SUBSCRIPTION_ID": "S", "AZURE_TOKEN_CREDENTIALS": kind,
	} {
		t.Setenv(name, text)
	}
	for name, text := range variables {
		t.Setenv(name, text)
	}
}

func file(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// program makes a program that says this, and returns its folder.
func program(t *testing.T, dir, name, stdout, stderr string, code int) string {
	t.Helper()
	out, words := file(t, dir, "stdout", stdout), file(t, dir, "stderr", stderr)
	return filepath.Dir(file(t, dir, name, fmt.Sprintf("#!/bin/sh\ncat '%s'; cat '%s' >&2; exit %d\n", out, words, code)))
}

type reply struct {
	status int
	body   string
}

// azure answers for the identity service, a managed identity and Resource Manager.
type azure struct{ token, arm reply }

// Do answers one request.
func (z azure) Do(r *http.Request) (*http.Response, error) {
	base := "https://" + r.URL.Host + "/11111111-1111-1111-1111-111111111111"
	answer := z.arm
	switch {
	case strings.Contains(r.URL.Path, "/discovery/instance"):
		answer = reply{200, `{"tenant_discovery_endpoint":"` + base + `/v2.0/.well-known/openid-configuration","metadata":[]}`}
	case strings.HasSuffix(r.URL.Path, "openid-configuration"):
		answer = reply{200, `{"issuer":"` + base + `/v2.0","authorization_endpoint":"` + base + `/a","token_endpoint":"` + base + `/token"}`}
	case strings.HasSuffix(r.URL.Path, "/token"):
		if answer = z.token; answer.status == 0 {
			answer = tokenOf("of-the-test")
		}
	case answer.status == 0:
		answer = reply{200, `{"value":[]}`}
	}
	return &http.Response{
		StatusCode: answer.status, Request: r, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer.body)),
	}, nil
}

func tokenOf(text string) reply {
	return reply{200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600,"expires_on":"4102444800","resource":"x"}`, text)}
}

// refusal is an error as Azure writes it, or what stands before it.
func refusal(a *canary.Answer, text string) reply {
	object := func(v any) string { raw, _ := json.Marshal(v); return string(raw) }
	status := canary.Pick(a, 400, 401, 403, 404, 409)
	inner := map[string]any{"code": "InnerError", "message": text}
	switch a.IntN(6) {
	case 0:
		return reply{status, object(map[string]any{"error": map[string]any{"code": "AuthorizationFailed", "message": text}})}
	case 1:
		return reply{status, object(map[string]any{"error": map[string]any{"code": text, "message": text, "target": text, "details": []any{inner}, "innererror": inner}})}
	case 2:
		return reply{status, object(map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: " + text, "error_uri": text, "claims": text})}
	case 3:
		return reply{status, object(map[string]any{"code": "BadRequest", "message": text})}
	case 4:
		return reply{status, "<html><body>" + text + "</body></html>"}
	}
	return reply{status, text}
}

// template is an image template with a run, and a list of outputs at once.
func template(a *canary.Answer) string {
	image := "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/golden"
	object, _ := json.Marshal(map[string]any{
		"id": "/subscriptions/S/resourceGroups/RG/providers/Microsoft.VirtualMachineImages/imageTemplates/golden", "name": "golden", "location": "westus2",
		"tags": map[string]string{"source": a.Signed()},
		"properties": map[string]any{
			"provisioningState": "Succeeded", "provisioningError": map[string]any{"message": a.Words(a.Signed())},
			"distribute":    []any{map[string]any{"type": canary.Pick(a, "ManagedImage", "VHD"), "runOutputName": "out", "imageId": image, "location": "westus2", "uri": a.Signed(), "artifactTags": map[string]string{"a": a.Signed()}}},
			"lastRunStatus": map[string]any{"runState": canary.Pick(a, "Succeeded", "Failed", "PartiallySucceeded", "Canceled", "Running"), "message": a.Words(a.Signed()), "startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-01T01:00:00Z"},
		},
		"value": []any{map[string]any{
			"id": "/x/runOutputs/out", "name": "out",
			"properties": map[string]any{"artifactId": canary.Pick(a, a.Signed(), image), "artifactUri": a.Signed(), "provisioningState": canary.Pick(a, "Succeeded", "Failed")},
		}},
	})
	return string(object)
}

// things is a list of what answers any question.
func things(a *canary.Answer) string {
	object, _ := json.Marshal(map[string]any{"value": []any{map[string]any{
		"id":   "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/" + canary.Pick(a, "images/golden", "galleries/g/images/d", "galleries/g/images/d/versions/1.0.0", a.Signed()),
		"name": canary.Pick(a, "golden", "1.0.0", a.Signed()), "location": canary.Pick(a, "westus2", a.Signed()),
		"tags": map[string]string{"source": a.Signed(), "distribution": a.Words(a.Signed())},
		"properties": map[string]any{
			"provisioningState": canary.Pick(a, "Succeeded", "Failed", "Updating", a.Signed()), "osType": "Linux", "osState": "Generalized",
			"storageProfile":    map[string]any{"osDisk": map[string]any{"osType": "Linux", "osState": "Generalized", "blobUri": a.Signed()}},
			"publishingProfile": map[string]any{"publishedDate": "2026-01-01T00:00:00Z", "targetRegions": []any{map[string]any{"name": "westus2"}}},
			"description":       a.Words(a.Signed()), "releaseNoteUri": a.Signed(),
		},
	}}})
	return string(object)
}

func asks(t *testing.T, a *canary.Answer, z azure) string {
	t.Helper()
	return discovers(t, canary.Pick(a, config{Gallery: "g", ResourceGroup: "RG"}, config{Gallery: "*"}, config{ResourceGroup: "RG"}, config{Template: "golden", ResourceGroup: "RG"},
		config{CommunityGallery: "g", Locations: []string{"westus2"}}), z)
}

// discovers returns all that the host gets.
func discovers(t *testing.T, c config, z azure) string {
	t.Helper()
	var said strings.Builder
	newSource := func() sdk.Source[config] {
		return source{getenv: os.Getenv, transport: z, credentials: &signin.Store{}}
	}
	options := []sdktest.Option{sdktest.Log(&said), sdktest.Progress(func(_, _ int64, message string) { said.WriteString(message) })}
	images, told, err := sdktest.Discover(t.Context(), newSource, c, options...)
	if err != nil {
		t.Fatal(err)
	}
	ref := sdk.Ref{ID: "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/images/golden", Provider: "azure", Region: "westus2"}
	results, unsure, err := sdktest.Verify(t.Context(), newSource, c, []sdk.Ref{ref}, options...)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal([]any{images, told, results, unsure})
	if err != nil {
		t.Fatal(err)
	}
	return string(shown) + said.String()
}
