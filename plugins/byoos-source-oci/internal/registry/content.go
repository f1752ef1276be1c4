package registry

import (
	"errors"
	"fmt"
	"net/http"
)

// contentError is content that cannot be read, no matter who asks: it costs the image,
// not the answers of the registry about others.
type contentError struct {
	error
	// ours tells that a bound of ours was reached: others may be able to read it.
	ours bool
}

// Unwrap returns the cause.
func (e *contentError) Unwrap() error { return e.error }

func bad(format string, args ...any) error { return &contentError{error: fmt.Errorf(format, args...)} }

// beyond is content that is larger than what is read here.
func beyond(format string, args ...any) error {
	return &contentError{fmt.Errorf(format, args...), true}
}

// asContent marks err as one of the content, unless it is one of the transfer: a
// refusal, a busy registry or a broken connection says nothing of the content.
func asContent(err error) error {
	if err == nil || IsTransfer(err) || is[*contentError](err) {
		return err
	}
	if told := aboutIt(err); told != nil {
		return told
	}
	return &contentError{error: err}
}

// aboutIt returns what an answer says of the content that was asked for, nil for nothing:
// it is too large, or the registry keeps it to itself, with its words.
func aboutIt(err error) error {
	large, ok := errors.AsType[*TooLargeError](err)
	switch {
	case ok:
		return beyond("its manifest is larger than %d MiB", large.Limit>>20)
	case isWithheld(err):
		return bad("the registry lets nobody pull it (status %d): %w", statusOf(err), answerOf(err))
	}
	return nil
}

// IsNotFound says that the registry answered that there is no such manifest or
// blob. The 404 of a token server, or of what is no registry, says nothing of it.
func IsNotFound(err error) bool {
	return statusOf(err) == http.StatusNotFound && isOfContent(answerOf(err)) && !IsRefusal(err)
}
