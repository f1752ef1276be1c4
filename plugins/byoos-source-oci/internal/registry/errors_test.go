package registry_test

import (
	"crypto/x509"
	"errors"
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
