package registry_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

// A registry on loopback is asked over https, and when that takes long over http
// as well; what it answers there must not hide why https failed.
func TestCertificateBeforeStatus(t *testing.T) {
	err := &registry.Error{Doing: "list", Registry: "127.0.0.1:5000", Err: errors.Join(
		x509.UnknownAuthorityError{}, &transport.Error{StatusCode: 400},
	)}
	if !strings.Contains(err.Reason(), "does not trust") {
		t.Error(err.Reason())
	}
}

// A 403 has many causes: an expired login (ECR), a missing permission (Artifact
// Registry), a policy (Artifactory). Only the registry's words tell which.
func TestForbiddenSaysWhy(t *testing.T) {
	answer := &transport.Error{StatusCode: http.StatusForbidden, Errors: []transport.Diagnostic{
		{Code: "DENIED", Message: "Your authorization token has expired.\nReauthenticate and try again.", Detail: "Basic c2VjcmV0"},
		{Code: "UNKNOWN"},
	}}
	for origin, want := range map[string]string{
		"":                  "r.example denied access without credentials: Your authorization token has expired. Reauthenticate and try again.",
		"/root/config.json": "r.example denied access to the user from /root/config.json: Your authorization token has expired. Reauthenticate and try again.",
	} {
		err := &registry.Error{Doing: "list", Registry: "r.example", Origin: origin, Err: answer}
		if got := err.Reason(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if !strings.Contains(err.NextStep(), "docker login r.example") {
			t.Error(err.NextStep())
		}
	}
	silent := &registry.Error{Registry: "r.example", Err: &transport.Error{StatusCode: http.StatusForbidden}}
	if got := silent.Reason(); got != "r.example denied access without credentials" {
		t.Error(got)
	}
}
