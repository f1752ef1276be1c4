package palette

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// APIError is an answer of Palette that refuses a request.
type APIError struct {
	// Method and Path of the request.
	Method, Path string
	Status       int
	// Code and Message are Palette's; Ref is what its support asks for.
	Code, Message, Ref string

	origin string
}

// Error returns Palette's own words.
func (e *APIError) Error() string {
	text := e.Message
	if text == "" {
		text = strings.ToLower(http.StatusText(e.Status))
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Ref != "" {
		text += ", ref " + e.Ref
	}
	return fmt.Sprintf("palette answered %d to %s %s: %s", e.Status, e.Method, e.Path, text)
}

// outcomeUnknown tells whether a request that failed may have been done
// nevertheless: the answer was lost, or the server failed half way.
func outcomeUnknown(err error) bool {
	var answer *APIError
	if errors.As(err, &answer) {
		return answer.Status >= http.StatusInternalServerError
	}
	return true
}

// isNotFound tells whether Palette answered that there is no such thing.
func isNotFound(err error) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.Status == http.StatusNotFound
}

func unlessNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

// failed gives an error the exit code and the next step that users need. An
// interruption stays one.
func failed(what string, err error) error {
	var known *failure.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return &failure.Error{Code: failure.ExitInterrupted, Summary: "interrupted: " + what, Err: err,
			Next: "run the command again; it goes on from where it stopped"}
	}
	return &failure.Error{Code: failure.ExitPalette, Summary: what, Err: err, Next: nextStep(err)}
}

func nextStep(err error) string {
	var answer *APIError
	if isCertificate(err) {
		return "check the host; --palette-ca-file names the certificates of a private authority"
	}
	if !errors.As(err, &answer) {
		return "check the host, the network and the proxy variables, then run the command again"
	}
	switch answer.Status {
	case http.StatusUnauthorized:
		return "the API key is wrong or has expired: make one in Palette (user menu, My API Keys), " +
			"and give it by SPECTROCLOUD_APIKEY or --palette-key-file" + prefixed("; ", answer.origin)
	case http.StatusForbidden:
		return "ask for a role that may read and change cluster profiles in this project"
	case http.StatusNotFound:
		return "check the host, the project and whether the profile was deleted meanwhile"
	case http.StatusTooManyRequests:
		return "Palette limits requests per address; wait a minute or lower --parallel"
	}
	return "run the command again; it goes on from where it stopped"
}

// isCertificate tells whether the server was not trusted.
func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification)
}

// refused returns an error for a state that was read and must not be written.
func refused(next, format string, args ...any) *failure.Error {
	return &failure.Error{Code: failure.ExitPalette, Summary: fmt.Sprintf(format, args...), Next: next}
}
