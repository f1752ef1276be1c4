package palette

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	// page tells that it is a web page, so not Palette's own answer.
	page bool
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
	var clean *cleanError
	switch {
	case errors.As(err, &answer):
		return !answer.refuses()
	case errors.As(err, &clean):
		return !clean.notSent
	}
	return true
}

// refuses tells whether the request was surely not carried out. Who answers 4xx has
// not done it nor passed it on, whether it is Palette or what stands before it; but
// 408 and 499 (of nginx) may come of waiting for Palette, and a redirection of any
// page.
func (e *APIError) refuses() bool {
	const clientClosedRequest = 499
	return e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError &&
		e.Status != http.StatusRequestTimeout && e.Status != clientClosedRequest
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
			Next: again}
	}
	return &failure.Error{Code: failure.ExitPalette, Summary: what, Err: err, Next: nextStep(err)}
}

// again is for what may go better another time.
const again = "run the command again; it goes on from where it stopped"

func nextStep(err error) string {
	var answer *APIError
	var clean *cleanError
	switch {
	case errors.As(err, &answer):
		return answer.nextStep()
	case errors.As(err, &clean) && clean.next != "":
		return clean.next
	}
	return "check the host, the network and the proxy variables, then run the command again"
}

// notPalette is for answers of something else.
const notPalette = "check the host, and what stands before it, such as a proxy or a page to log in"

func (e *APIError) nextStep() string {
	if e.page && slices.Contains([]int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict}, e.Status) {
		return notPalette
	}
	switch e.Status {
	case http.StatusUnauthorized:
		return "the API key is wrong or has expired: make one in Palette (user menu, My API Keys), " +
			"and give it by SPECTROCLOUD_APIKEY or --palette-key-file" + prefixed("; ", e.origin)
	case http.StatusForbidden:
		return "ask for a role that may read and change cluster profiles in this project"
	case http.StatusNotFound:
		return "check the host, the project and whether the profile was deleted meanwhile"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "check the host; a Palette of that version, or what stands before it, does not take this request"
	case http.StatusProxyAuthRequired:
		return "check the proxy variables: the proxy asks for a login"
	case http.StatusConflict:
		return "see in Palette who else changes the profile, or whether the name and version are there already"
	case http.StatusRequestEntityTooLarge:
		return "what stands before Palette takes no request of this size: have its limit raised, or make the values smaller"
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "correct the values or the target: Palette refuses what they say"
	case http.StatusTooManyRequests:
		return "Palette limits requests per address; wait a minute or lower --parallel"
	}
	switch {
	case e.Status < http.StatusBadRequest:
		return notPalette
	case e.refuses():
		return "see what the answer says, and check the host and what stands before it"
	}
	return again
}

// refused returns an error for a state that was read and must not be written.
func refused(next, format string, args ...any) *failure.Error {
	return &failure.Error{Code: failure.ExitPalette, Summary: fmt.Sprintf(format, args...), Next: next}
}
