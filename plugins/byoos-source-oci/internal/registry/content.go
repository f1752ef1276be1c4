package registry

import (
	"errors"
	"fmt"
	"net/http"
)

// contentError is content that cannot be read, no matter who asks: it costs the image,
// not the answers of the registry about others.
type contentError struct {
	err error
	// ours tells that a bound of ours was reached: others may be able to read it.
	ours bool
}

// Error returns the cause.
func (e *contentError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *contentError) Unwrap() error { return e.err }

func bad(format string, args ...any) error { return &contentError{err: fmt.Errorf(format, args...)} }

// beyond is content that is larger than what is read here.
func beyond(format string, args ...any) error {
	return &contentError{fmt.Errorf(format, args...), true}
}

// asContent marks err as one of the content, unless it is one of the transfer: a
// refusal, a busy registry or a broken connection says nothing of the content.
func asContent(err error) error {
	var content *contentError
	var large *TooLargeError
	switch {
	case err == nil || IsTransfer(err) || errors.As(err, &content):
		return err
	case errors.As(err, &large):
		return tooLarge(large)
	case isWithheld(err):
		return withheld(err)
	}
	return &contentError{err: err}
}

func tooLarge(err *TooLargeError) error {
	return beyond("its manifest is larger than %d MiB", err.Limit>>20)
}

// withheld is content that the registry keeps to itself, with its words.
func withheld(err error) error {
	return bad("the registry lets nobody pull it (status %d): %w", statusOf(err), answerOf(err))
}

// IsNotFound says that the registry answered that there is no such manifest or
// blob. The 404 of a token server, or of what is no registry, says nothing of it.
func IsNotFound(err error) bool {
	return statusOf(err) == http.StatusNotFound && isOfContent(answerOf(err)) && !IsRefusal(err)
}
