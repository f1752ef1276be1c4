package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Error is a failure to read from a registry, with its cause and a next step for
// the user. It holds no secret.
type Error struct {
	// Doing is what failed: "list the tags of ghcr.io/team/os".
	Doing string
	// Registry is the host as the user spells it.
	Registry string
	// Origin is where the credential came from; empty when there was none.
	Origin string
	Err    error

	// schemes are those that the registry asks for, when none is known here.
	schemes  []string
	noScheme bool
	// token says that a token server answered, not the registry.
	token bool
	// unlogged says that no login is used, as the registry is read over plain http.
	unlogged bool
	// retryAfter is how long the registry asked to wait, when that is too long.
	retryAfter time.Duration
	// secrets are taken out of what others say, before it is cut.
	secrets *sdk.Secrets
}

// Error returns what failed and why.
func (e *Error) Error() string { return "cannot " + e.Doing + ": " + e.Reason() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Reason says why, in one line.
func (e *Error) Reason() string { r, _ := e.explain(); return r }

// NextStep says what to do now; empty when there is nothing better than to read
// the reason.
func (e *Error) NextStep() string { _, next := e.explain(); return next }

// IsTransfer tells failures to ask from answers that cannot be used.
func IsTransfer(err error) bool {
	return statusOf(err) != 0 && !isWithheld(err) || is[*url.Error](err) || is[*transferError](err) ||
		is[*CredentialError](err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// is tells whether an error is one of a type.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// isWithheld tells an answer about the one thing that was asked for, which is there
// and is handed to nobody: Harbor answers 412 for an image that a project's policy
// keeps from being pulled (its errors.PROJECTPOLICYVIOLATION), and 451 is for legal
// reasons (RFC 7725). It is no refusal of the user.
func isWithheld(err error) bool {
	code := statusOf(err)
	return (code == http.StatusPreconditionFailed || code == http.StatusUnavailableForLegalReasons) && isOfContent(answerOf(err))
}

// IsRefusal says that the registry answered that it does not hand out this manifest or
// blob, whether it is there or not. Some answer so with 404.
func IsRefusal(err error) bool {
	answer := answerOf(err)
	return isOfContent(answer) && (answer.StatusCode == http.StatusForbidden || denies(answer))
}

// denies tells a refusal that is dressed as an absence.
func denies(answer *transport.Error) bool {
	return answer.StatusCode == http.StatusNotFound && slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool {
		return d.Code == transport.DeniedErrorCode || d.Code == transport.UnauthorizedErrorCode
	})
}

// isOfContent tells whether an answer is about a manifest or a blob. A token server's
// says nothing of it.
func isOfContent(answer *transport.Error) bool {
	if answer == nil {
		return false
	}
	path := firstRequest(answer.Request).URL.Path
	return strings.Contains(path, "/manifests/") || strings.Contains(path, "/blobs/")
}

func statusOf(err error) int {
	if t := answerOf(err); t != nil {
		return t.StatusCode
	}
	return 0
}

// answerOf returns the registry's answer among the failures of several attempts.
func answerOf(err error) *transport.Error {
	answer, _ := errors.AsType[*transport.Error](err)
	return answer
}

func (e *Error) explain() (reason, next string) {
	for _, explain := range []func() (string, string){
		e.certificate, e.credentials, e.plainHTTP, e.tokenServer, e.elsewhere, e.status, e.network, e.refusedPlain,
	} {
		if reason, next = explain(); reason != "" {
			return reason, next
		}
	}
	return e.text(e.Err), ""
}

func (e *Error) text(err error) string { return text(e.secrets, err) }

func (e *Error) credentials() (reason, next string) {
	if c, ok := errors.AsType[*CredentialError](e.Err); ok {
		return e.text(c), "repair that file or helper, or log in again: docker login " + e.Registry
	}
	return "", ""
}

// plainHTTP explains what was kept from a host without encryption, and what asks for a
// login that is not used for that reason.
func (e *Error) plainHTTP() (reason, next string) {
	plain, refused := errors.AsType[*PlainHTTPError](e.Err)
	trust := func(host string) string {
		return "serve it over https, or set registries: {" + host + ": {plainHTTP: true}} for this plugin in your own configuration file"
	}
	const named = "as plainHTTP of the source names it"
	switch code := statusOf(e.Err); {
	case refused && plain.Credential:
		return plain.Error(), trust(plain.Host)
	case refused && !plain.Registry:
		return plain.Error(), "serve it over https, or name " + plain.Host + " in plainHTTP of the source"
	case !e.unlogged || code != http.StatusUnauthorized && code != http.StatusForbidden:
		return "", ""
	case e.token:
		return "the token server of " + e.Registry + " wants credentials, and it is asked without any, " + named, trust(e.Registry)
	case code == http.StatusUnauthorized:
		return e.Registry + " wants credentials, and is read without any, " + named, trust(e.Registry)
	}
	return e.Registry + " denied access, and is read without credentials, " + named + e.said(answerOf(e.Err)), trust(e.Registry)
}

// refusedPlain comes last: why https failed says more than that plain http was refused.
func (e *Error) refusedPlain() (reason, next string) {
	plain, ok := errors.AsType[*PlainHTTPError](e.Err)
	if !ok {
		return "", ""
	}
	return plain.Error() + ", and https failed",
		"serve the registry over https, or name " + e.Registry + " in plainHTTP of the source (it is then read without credentials)"
}

// tokenServer explains what a token server answers. Its words are not repeated:
// some send back what they were sent.
func (e *Error) tokenServer() (reason, next string) {
	if !e.token {
		return "", ""
	}
	login := "docker login " + e.Registry
	switch code := statusOf(e.Err); {
	case (code == http.StatusUnauthorized || code == http.StatusForbidden) && e.Origin == "":
		return "the token server of " + e.Registry + " wants credentials, and none are stored for it", login
	case code == http.StatusUnauthorized:
		return "the token server of " + e.Registry + " refused the credentials from " + e.Origin, "log in again: " + login
	case code == http.StatusForbidden:
		return "the token server of " + e.Registry + " denied access to the user from " + e.Origin, "ask the registry's owner for read access"
	case code == http.StatusTooManyRequests:
		return "", ""
	case isBusy(code):
		return fmt.Sprintf("the token server of %s is in trouble (status %d)", e.Registry, code), "try again later"
	default:
		return fmt.Sprintf("the token server of %s answered %d", e.Registry, code), "check the credentials, or log in again: " + login
	}
}

// elsewhere explains the answer of a host to which the registry redirects, such as its
// storage. It knows no login of the registry's.
func (e *Error) elsewhere() (reason, next string) {
	answer := answerOf(e.Err)
	if answer == nil {
		return "", ""
	}
	to := answer.Request.URL.Host
	if to == firstRequest(answer.Request).URL.Host || isBusy(answer.StatusCode) {
		return "", ""
	}
	return fmt.Sprintf("%s redirects to %s, which answered %d", e.Registry, to, answer.StatusCode),
		"ask the owner of " + e.Registry + " whether its storage can be read from here"
}

func (e *Error) status() (reason, next string) {
	answer := answerOf(e.Err)
	if answer == nil {
		return "", ""
	}
	code := answer.StatusCode
	denied := code == http.StatusForbidden || denies(answer)
	login := "docker login " + e.Registry
	switch {
	case code == http.StatusUnauthorized:
		return e.unauthorized(login)
	case denied && e.Origin == "":
		return e.Registry + " denied access without credentials" + e.said(answer), login
	case denied:
		return e.Registry + " denied access to the user from " + e.Origin + e.said(answer),
			"log in again, in case the login has expired (" + login + "), or ask the registry's owner for read access"
	case code == http.StatusNotFound && answer.Request.URL.Path == "/v2/":
		return e.Registry + " is not a registry: it has no /v2/", "check the host and the port"
	case code == http.StatusNotFound:
		return e.Registry + " has no such repository or tag: " + e.text(answer),
			"check the spelling; some registries answer so, too, when the user may not see it"
	case e.retryAfter > 0 && isBusy(code):
		return fmt.Sprintf("%s is busy or limits requests (status %d), and said to wait %s", e.Registry, code, e.retryAfter.Round(time.Second)),
			"try again then, log in for a higher limit, or narrow tags and resolve"
	case code == http.StatusTooManyRequests:
		return e.Registry + " limits requests and said to slow down",
			"try again later, log in for a higher limit, or narrow tags and resolve"
	case code >= http.StatusInternalServerError:
		return fmt.Sprintf("%s is in trouble: %s", e.Registry, e.text(answer)), "try again later"
	}
	return e.text(answer), ""
}

func (e *Error) unauthorized(login string) (reason, next string) {
	switch {
	case len(e.schemes) > 0:
		return fmt.Sprintf("%s asks for authentication by %s; basic and bearer are supported",
			e.Registry, strings.Join(e.schemes, ", ")), "use a registry or a token that takes basic or bearer authentication"
	case e.noScheme:
		return e.Registry + " answered 401 without saying how to authenticate", "check that " + e.Registry + " is a registry and not a proxy's login page"
	case e.Origin == "":
		return e.Registry + " wants credentials, and none are stored for it", login
	}
	return e.Registry + " refused the credentials from " + e.Origin, "log in again: " + login
}

// said returns the messages of a registry's answer, which tell an expired login
// from a missing permission or a policy. Other parts of it are left out: they may
// repeat what was sent.
func (e *Error) said(answer *transport.Error) string {
	var words []string
	for _, d := range answer.Errors {
		if d.Message != "" {
			words = append(words, d.Message)
		}
	}
	if words == nil {
		return ""
	}
	return ": " + e.text(errors.New(strings.Join(words, "; ")))
}

// certificate comes before the status: where https failed, a library may have
// asked over plain http too, and what was answered there explains nothing.
func (e *Error) certificate() (reason, next string) {
	invalid, _ := errors.AsType[x509.CertificateInvalidError](e.Err)
	switch {
	case invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s is not valid now (it is from %s to %s)", e.Registry,
				invalid.Cert.NotBefore.Format("2006-01-02"), invalid.Cert.NotAfter.Format("2006-01-02")),
			"renew the registry's certificate, or check this machine's clock"
	case is[x509.UnknownAuthorityError](e.Err):
		return "the certificate of " + e.Registry + " is signed by an authority this machine does not trust",
			"set registries: {" + e.Registry + ": {caFile: /path/to/ca.pem}} for this plugin in your own configuration file, or SSL_CERT_FILE"
	case is[x509.HostnameError](e.Err):
		return "the certificate of " + e.Registry + " is for another host", "use the name that the certificate has"
	case isTLSFailure(e.Err):
		return "TLS with " + e.Registry + " failed: " + e.text(e.Err), ""
	}
	return "", ""
}

// isTLSFailure tells failures of a host that speaks TLS from those of one that does not.
func isTLSFailure(err error) bool {
	return is[*tls.CertificateVerificationError](err) || strings.Contains(err.Error(), "remote error: tls: ")
}

func (e *Error) network() (reason, next string) {
	page, isPage := errors.AsType[*PageError](e.Err)
	redirect, isRedirect := errors.AsType[*RedirectError](e.Err)
	timeout, canTime := errors.AsType[net.Error](e.Err)
	check := "check the name, the network and the proxy variables"
	says := func(part string) bool { return strings.Contains(e.Err.Error(), part) }
	switch {
	case errors.Is(e.Err, context.Canceled):
		return "interrupted", ""
	case says("server gave HTTP response to HTTPS client"):
		return e.Registry + " speaks plain http", "serve it over https, or name it in plainHTTP of the source"
	case isRedirect:
		next = "check that no proxy answers for " + e.Registry
		if redirect.token {
			return "the token server " + redirect.Error(), "the registry must name that token server itself; " + next
		}
		return redirect.Error(), next
	case isPage:
		return page.Error() + " where a registry's answer is due", "check that it is a registry and not a proxy's login page"
	case is[*net.DNSError](e.Err):
		return "no address for " + e.Registry, check
	case errors.Is(e.Err, context.DeadlineExceeded), canTime && timeout.Timeout():
		return e.Registry + " did not answer in time", check
	case errors.Is(e.Err, io.ErrUnexpectedEOF):
		return e.Registry + " ended an answer early", "try again"
	case says("connection refused"):
		return e.Registry + " refused the connection", check
	case says("www-authenticate"):
		return e.Registry + " names a token server that cannot be used: " + e.text(e.Err),
			"the registry must name its token server by host name, with https"
	case says("no token in bearer response"):
		// The library quotes the token server's answer, which may hold a secret.
		return "the token server of " + e.Registry + " sent no token", "log in again: docker login " + e.Registry
	}
	return "", ""
}

var query = regexp.MustCompile(`\?[^\s"'<>]+`)

// Text returns err as one line for people: bounded, without control characters,
// and without the queries of addresses, which hold the signatures of redirects.
func Text(err error) string { return text(nil, err) }

func text(secrets *sdk.Secrets, err error) string {
	const maxText = 400
	if u, ok := errors.AsType[*url.Error](err); ok && strings.HasPrefix(err.Error(), u.Op) {
		if plain, parseErr := url.Parse(u.URL); parseErr == nil {
			plain.RawQuery, plain.User = "", nil
			err = fmt.Errorf("%s %s: %w", u.Op, plain, u.Err)
		}
	}
	// Secrets are taken out of the whole before the rest is cut.
	text := query.ReplaceAllString(secrets.Clean(err.Error()), "?...")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r)
	}), " ")
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText]) + "..."
	}
	return text
}
