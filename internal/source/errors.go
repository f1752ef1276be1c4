package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/interrupt"
)

// interrupted is the failure of a call that the user or the caller ended.
func interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure.Error{Code: failure.ExitSource, Summary: "the time was up", Err: context.Cause(ctx)}
	}
	return interrupt.Error(ctx)
}

// callFailure tells why a call failed. It is not for one that was interrupted.
func (h *Host) callFailure(p *Plugin, a *answer, failed *run.CallError) error {
	st := status.Convert(failed.Err)
	fail := func(next, what string, args ...any) *failure.Error {
		summary := fmt.Sprintf("source %s: plugin %s (%s) ", a.source, p.Type, p.Path) + fmt.Sprintf(what, args...)
		last := slices.DeleteFunc(failed.Words.Last(), func(line string) bool { return strings.Contains(summary, line) })
		return &failure.Error{Code: failure.ExitSource, Summary: summary, Details: last, Next: next}
	}
	switch said := failed.Words.Clean(a.said); {
	case errors.Is(failed, errTooMuch):
		return fail("ask for less; "+tellAuthor, "sent more than %d MiB of images and messages, and no end", h.maxAnswer>>20)
	case failed.Late && said != "":
		return fail(moreTime, "did not answer within %s; it said last: %s", h.options.CallTimeout, said)
	case failed.Late:
		return fail(moreTime, "did not answer within %s", h.options.CallTimeout)
	case failed.Ending != "":
		return fail(seeLog, "ended in the middle of its answer (%s)", failed.Ending)
	}
	message := failed.Words.Clean(st.Message())
	text, panicked := strings.CutPrefix(message, "plugin "+p.Type+": ")
	switch {
	case message == "":
		return fail(seeLog, "broke off its answer with the status %s and without a word", st.Code())
	case st.Code() == codes.Internal && panicked:
		return fail(seeLog, "failed: %s", text)
	case st.Code() == codes.Unimplemented:
		return fail("update the plugin", "does not know this call: %s", message)
	case st.Code() == codes.ResourceExhausted && isTooLarge(message):
		return fail("tell its author", "sent more than %d MiB at once: %s", handshake.MaxMessageSize>>20, message)
	case st.Code() == codes.Unavailable, st.Code() == codes.Internal, st.Code() == codes.Unknown, st.Code() == codes.Canceled:
		return fail(tellAuthor, "broke off its answer: %s", message)
	}
	return fail(seeLog, "failed (%s): %s", st.Code(), message)
}

// isTooLarge tells gRPC's own words on a message, of either side, from a quota.
func isTooLarge(message string) bool {
	return strings.HasPrefix(message, "grpc: ") || strings.HasPrefix(message, "trying to send message larger than max")
}

const (
	tellAuthor = "reinstall the plugin, or tell its author"
	seeLog     = "run again with -v for its log; then tell its author"
	moreTime   = "give it more time with --timeout, or ask for less"
)
