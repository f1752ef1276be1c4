package trouble

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// OutOfTime is a call whose time was over while it was repeated.
type OutOfTime struct {
	// Err is what the call returned, Last what its last complete attempt failed with.
	Err, Last error
}

func (e *OutOfTime) Error() string { return "out of time: " + e.Last.Error() }

// Unwrap returns both errors.
func (e *OutOfTime) Unwrap() []error { return []error{e.Err, e.Last} }

// ForeignAnswerError is an answer that is not the service's.
type ForeignAnswerError struct {
	// Page says that it is a web page.
	Page bool
	// Status of the answer, and Proxy that it came through.
	Status int
	Proxy  string
}

func (e ForeignAnswerError) Error() string {
	text := "the answer is not one of AWS"
	if e.Page {
		text = "the answer is a web page"
	}
	if e.Status != http.StatusOK && e.Status != 0 {
		text += fmt.Sprintf(" (%d)", e.Status)
	}
	if e.Proxy != "" {
		text += ", through the proxy " + e.Proxy
	}
	return text
}

// RetryableError keeps the SDK from asking again, unless it is told to.
func (e ForeignAnswerError) RetryableError() bool { return e.Status >= http.StatusInternalServerError }

// isForeign also finds a refusal that has no code of a service, which the SDK calls so.
func isForeign(err error) bool {
	return errors.As(err, &ForeignAnswerError{}) ||
		Code(err) == "UnknownError" && status(err) < http.StatusInternalServerError && status(err) != http.StatusTooManyRequests
}

// Barrier is a kind of what stands between this machine and AWS.
type Barrier int

// Kinds of barriers.
const (
	Proxy Barrier = iota
	Certificate
	Endpoint
)

// BarrierError is what asking again does not change.
type BarrierError struct {
	Kind Barrier
	// What is wrong, without secrets.
	What string
	Err  error
}

func (e *BarrierError) Error() string { return e.What }
func (e *BarrierError) Unwrap() error { return e.Err }

// RetryableError keeps the SDK from asking again.
func (*BarrierError) RetryableError() bool { return false }

func (e *BarrierError) summary() string {
	switch e.Kind {
	case Proxy:
		return "the proxy does not let it through"
	case Certificate:
		return "who answers has a certificate that is not trusted"
	}
	return "the endpoint that is set cannot be used"
}

func (e *BarrierError) next() string {
	switch e.Kind {
	case Proxy:
		return "check the proxy variables (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and what the proxy permits"
	case Certificate:
		return "name the file of the network's own certificate authority in AWS_CA_BUNDLE, or check the AWS_ENDPOINT_URL variables and the clock of this machine"
	}
	return "write it as https://HOST, in the AWS_ENDPOINT_URL variables or endpoint_url of the profile"
}

// WaitError is a service that wants to be left alone for longer than there is time.
type WaitError struct {
	Wait time.Duration
	Err  error
}

func (e *WaitError) Error() string { return fmt.Sprintf("asks to wait %s: %v", e.Wait, e.Err) }
func (e *WaitError) Unwrap() error { return e.Err }

// RoleError names the role that was to be taken on when a call failed.
type RoleError struct {
	Role string
	Err  error
}

func (e *RoleError) Error() string { return e.Role + ": " + e.Err.Error() }
func (e *RoleError) Unwrap() error { return e.Err }

// Role returns the role that could not be taken on: of a chain, the one that was asked
// for first.
func Role(err error) string {
	role := ""
	for {
		var of *RoleError
		if !errors.As(err, &of) {
			return role
		}
		role, err = of.Role, of.Err
	}
}

// CredentialsError is a failure to get credentials that no service told of.
type CredentialsError struct {
	// From says where they were to come from.
	From string
	Err  error
}

func (e *CredentialsError) Error() string {
	return strings.TrimSpace("cannot get credentials " + e.From)
}
func (e *CredentialsError) Unwrap() error { return e.Err }
