package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
)

// Advice for causes that several errors have.
const (
	checkProxy   = "check HTTPS_PROXY and NO_PROXY"
	checkNetwork = "check the network, the name of the host, HTTPS_PROXY and NO_PROXY"
)

// Explain says why a request got no answer, and what to do. ok is false for an error
// that is none of the network's. getenv has what the advice for a certificate depends on; nil
// has nothing.
func Explain(err error, getenv func(string) string) (why, next string, ok bool) {
	var refused ProxyError
	var op *net.OpError
	var dns *net.DNSError
	var plain tls.RecordHeaderError
	var status StatusError
	host := hostOf(err)
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusProxyAuthRequired:
		return fmt.Sprintf("the proxy %s asks for a user and a password (HTTP status 407)", refused.Host),
			"write them into HTTPS_PROXY, or name the host in NO_PROXY", true
	case errors.As(err, &refused):
		return fmt.Sprintf("the proxy %s does not let requests to %s through (HTTP status %d)", refused.Host, host, refused.Status),
			"let the proxy allow the host, or " + checkProxy, true
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy for " + host + " cannot be reached: " + reason(op.Err), checkProxy, true
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name " + dns.Name + " is unknown to this machine", checkNetwork, true
	case errors.As(err, new(*tls.CertificateVerificationError)):
		why, next = certificate(err, host, getenv)
		return why, next, true
	case errors.As(err, &plain):
		return host + " does not speak TLS", "check the configured endpoint, HTTPS_PROXY and NO_PROXY", true
	case errors.As(err, &status):
		return status.Error(), "try again later", true
	case host != "":
		return host + " cannot be reached: " + reason(err), checkNetwork, true
	}
	return "", "", false
}

// reason is the innermost of what the network said.
func reason(err error) string {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err.Error()
}

func hostOf(err error) string {
	var request *url.Error
	if !errors.As(err, &request) {
		return ""
	}
	if u, parseErr := url.Parse(request.URL); parseErr == nil {
		return u.Host
	}
	return ""
}

func certificate(err error, host string, getenv func(string) string) (why, next string) {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return "the certificate of " + host + " is for another name", "check the configured endpoint and HTTPS_PROXY"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of " + host + " has expired, or is not valid yet", "check the clock of this machine"
	}
	return "the certificate of " + host + " is signed by nobody that this machine trusts", trust(getenv)
}

// trust says how to trust a certificate. The variables of Python programs are known
// for az, and are not read here.
func trust(getenv func(string) string) string {
	next := "if something in between looks into the traffic, add its certificate to the file that SSL_CERT_FILE names"
	if getenv == nil {
		return next
	}
	if file := getenv("SSL_CERT_FILE"); file != "" {
		if _, err := os.Stat(file); err != nil {
			return "SSL_CERT_FILE names a file that cannot be read: correct it"
		}
		return next
	}
	for _, python := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		if getenv(python) != "" {
			return python + " is read by az, not by this program: set SSL_CERT_FILE to the same file"
		}
	}
	return next
}
