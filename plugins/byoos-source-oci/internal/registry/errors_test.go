package registry_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

func answer(status int, diagnostics ...transport.Diagnostic) *transport.Error {
	request := &http.Request{URL: &url.URL{Scheme: "https", Host: "r.example", Path: "/v2/os/tags/list"}}
	return &transport.Error{StatusCode: status, Errors: diagnostics, Request: request}
}

// A registry on loopback is asked over https, and when that takes long over http
// as well; what it answers there must not hide why https failed.
func TestCertificateBeforeStatus(t *testing.T) {
	err := &registry.Error{Doing: "list", Registry: "127.0.0.1:5000", Err: errors.Join(
		x509.UnknownAuthorityError{}, answer(http.StatusBadRequest),
	)}
	if !strings.Contains(err.Reason(), "does not trust") {
		t.Error(err.Reason())
	}
}

func TestReasonsOfFailures(t *testing.T) {
	date := func(year int) time.Time { return time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC) }
	dated := &x509.Certificate{NotBefore: date(2024), NotAfter: date(2025)}
	const network = "check the name, the network and the proxy variables"
	for _, tc := range []struct {
		err          error
		reason, next string
	}{
		{
			x509.CertificateInvalidError{Cert: dated, Reason: x509.Expired},
			"the certificate of r.example is not valid now (it is from 2024-01-02 to 2025-01-02)", "renew the registry's certificate, or check this machine's clock",
		},
		{x509.HostnameError{Certificate: dated, Host: "r.example"}, "the certificate of r.example is for another host", "use the name that the certificate has"},
		{
			&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Cert: dated, Reason: x509.TooManyIntermediates}},
			"TLS with r.example failed: tls: failed to verify certificate: x509: too many intermediates for path length constraint", "",
		},
		{errors.New("remote error: tls: handshake failure"), "TLS with r.example failed: remote error: tls: handshake failure", ""},
		{errors.New("http: server gave HTTP response to HTTPS client"), "r.example speaks plain http", "serve it over https, or name it in plainHTTP of the source"},
		{&url.Error{Op: "Get", Err: fmt.Errorf("ping: %w", context.DeadlineExceeded)}, "r.example did not answer in time", network},
		{os.ErrDeadlineExceeded, "r.example did not answer in time", network},
		{io.ErrUnexpectedEOF, "r.example ended an answer early", "try again"},
		{errors.New("something else"), "something else", ""},
	} {
		err := &registry.Error{Doing: "list", Registry: "r.example", Err: tc.err}
		if err.Reason() != tc.reason || err.NextStep() != tc.next {
			t.Errorf("%v: %q, %q", tc.err, err.Reason(), err.NextStep())
		}
	}
}

func TestIsTransfer(t *testing.T) {
	for err, want := range map[error]bool{
		&registry.CredentialError{Origin: "file", Err: io.EOF}: true, context.Canceled: true, context.DeadlineExceeded: true, &url.Error{Err: io.EOF}: true,
		answer(http.StatusNotFound): true, answer(http.StatusPreconditionFailed): true, io.ErrUnexpectedEOF: false,
	} {
		if registry.IsTransfer(err) != want {
			t.Errorf("%v: want %v", err, want)
		}
	}
}

// A 403 has many causes: an expired login (ECR), a missing permission (Artifact
// Registry), a policy (Artifactory). Only the registry's words tell which.
func TestForbiddenSaysWhy(t *testing.T) {
	denied := answer(http.StatusForbidden,
		transport.Diagnostic{Code: "DENIED", Message: "Your authorization token has expired.\nReauthenticate and try again.", Detail: "Basic c2VjcmV0"},
		transport.Diagnostic{Code: "UNKNOWN"},
	)
	for origin, want := range map[string]string{
		"":                  "r.example denied access without credentials: Your authorization token has expired. Reauthenticate and try again.",
		"/root/config.json": "r.example denied access to the user from /root/config.json: Your authorization token has expired. Reauthenticate and try again.",
	} {
		err := &registry.Error{Doing: "list", Registry: "r.example", Origin: origin, Err: denied}
		if got := err.Reason(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if !strings.Contains(err.NextStep(), "docker login r.example") {
			t.Error(err.NextStep())
		}
	}
	silent := &registry.Error{Registry: "r.example", Err: answer(http.StatusForbidden)}
	if got := silent.Reason(); got != "r.example denied access without credentials" {
		t.Error(got)
	}
}
