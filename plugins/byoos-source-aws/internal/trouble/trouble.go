// Package trouble turns errors of the AWS SDK into messages for the user: which
// action failed in which region, why, and what to do.
package trouble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Case is what is known about a failed call.
type Case struct {
	// Region of the call; the diagnostic's scope.
	Region string
	// Timeout that the call had.
	Timeout time.Duration
	// Role that was to be assumed, if any.
	Role string
	// Clean removes secrets from text.
	Clean func(string) string
}

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
}

func (e ForeignAnswerError) Error() string {
	if e.Page {
		return "the answer is a web page"
	}
	return "the answer is not one of AWS"
}

// RetryableError keeps the SDK from asking again.
func (ForeignAnswerError) RetryableError() bool { return false }

// Codes by their meaning. Services name the same thing differently.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/CommonErrors.html
func denied() []string {
	return []string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "ForbiddenException"}
}

func expired() []string { return []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"} }

func rejected() []string {
	return []string{
		"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
		"InvalidSignatureException", "MissingAuthenticationToken", "IncompleteSignature", "OptInRequired",
	}
}

func throttled() []string {
	return []string{
		"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException",
		"CallRateLimitExceededException", "TooManyRequestsException",
	}
}

func badToken() []string {
	return []string{"InvalidNextToken", "InvalidPaginationTokenException", "InvalidPaginationToken"}
}

// ErrRepeatedPage is a listing that would go on for ever.
var ErrRepeatedPage = errors.New("the service gave a page token a second time, so its list does not end")

// ExpiredPage says that a page token was not accepted: the listing has to start
// again.
func ExpiredPage(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	return slices.Contains(badToken(), api.ErrorCode()) ||
		api.ErrorCode() == "InvalidParameterValue" && strings.Contains(strings.ToLower(api.ErrorMessage()), "pagination token")
}

// Code returns the service's error code, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Action returns the IAM action of the call that failed, such as
// ec2:DescribeImages, or "". When a call failed because another one did
// (AssumeRole), it is the other's.
func Action(err error) string {
	action := ""
	for {
		var op *smithy.OperationError
		if !errors.As(err, &op) {
			return action
		}
		action = service(op.Service()) + ":" + op.Operation()
		err = op.Err
	}
}

func service(id string) string {
	switch s := strings.ToLower(strings.ReplaceAll(id, " ", "")); s {
	case "ssooidc", "sso":
		return "sso"
	default:
		return s
	}
}

// Diagnose returns the message for err. An error that is a diagnostic already
// is returned as it is, without secrets.
func Diagnose(err error, c Case) *sdk.Diagnostic {
	var d *sdk.Diagnostic
	if !errors.As(err, &d) {
		d = diagnose(err, c)
	}
	out := *d
	if out.Scope == "" {
		out.Scope = c.Region
	}
	if c.Clean != nil {
		out.Summary, out.Detail, out.NextStep = c.Clean(out.Summary), c.Clean(out.Detail), c.Clean(out.NextStep)
	}
	return &out
}

func diagnose(err error, c Case) *sdk.Diagnostic {
	action, code := Action(err), Code(err)
	d := &sdk.Diagnostic{Severity: sdk.Error, Detail: detail(err)}
	switch {
	case slices.Contains(denied(), code):
		deniedCase(d, action, c)
	case slices.Contains(expired(), code):
		d.Summary = "the AWS credentials have expired" + during(action)
		d.NextStep = "log in again (aws sso login), get new session credentials, or check the clock of this machine"
	case slices.Contains(rejected(), code):
		d.Summary = "AWS does not accept the credentials" + during(action) + in(c.Region)
		d.NextStep = "check the AWS_ variables and the profile, that " + regionName(c.Region) + " is enabled for the account, and the clock of this machine"
	case triedOnce(err) && slices.Contains(throttled(), code):
		d.Summary = "AWS throttles " + called(action) + in(c.Region) + ", and it was tried once only"
		d.NextStep = "try again later, or let calls be tried more often (AWS_MAX_ATTEMPTS)"
	case slices.Contains(throttled(), code):
		d.Summary = "AWS throttles " + called(action) + in(c.Region) + ", in spite of retries"
		d.NextStep = "try again later, raise callTimeout, or look in fewer regions"
	case ExpiredPage(err):
		d.Summary = "the page tokens of " + called(action) + in(c.Region) + " keep expiring"
		d.NextStep = "try again"
	case isNetwork(err):
		d.Summary = "cannot reach AWS for " + called(action) + in(c.Region)
		d.NextStep = "check the network, the proxy variables, the region's name and the AWS_ENDPOINT_URL variables"
	case code == "" && (errors.Is(err, context.DeadlineExceeded) || isTimeout(err)):
		d.Summary = fmt.Sprintf("no %s to %s%s within %s", answer(err), called(action), in(c.Region), c.Timeout)
		d.NextStep = "try again, raise callTimeout, take the region out of regions, or go on without it with --allow-partial"
	case noCredentials(err):
		d.Summary = "cannot get AWS credentials"
		d.NextStep = "check the profile and the AWS_ variables, or log in (aws sso login)"
	case code == "InvalidParameterValue" || code == "InvalidParameter" || code == "FilterLimitExceeded" || code == "InvalidRequestException":
		d.Summary = "AWS does not accept the search" + during(action) + in(c.Region)
		d.NextStep = "check filters, tags and names in the configuration"
	case code == "ResourceNotFoundException":
		d.Summary = "not found" + during(action) + in(c.Region)
		d.NextStep = "check the ARN, its region and the account of the credentials"
	case errors.As(err, &ForeignAnswerError{}):
		d.Summary = called(action) + " failed" + in(c.Region)
		d.NextStep = "log in to the network, or check the proxy variables and the AWS_ENDPOINT_URL variables"
	default:
		d.Summary = called(action) + " failed" + in(c.Region)
		d.NextStep = "try again; if it stays, see https://health.aws.amazon.com/health/status"
	}
	return d
}

// triedOnce says that the user's configuration allowed no other attempt.
func triedOnce(err error) bool {
	var attempts *retry.MaxAttemptsError
	return errors.As(err, &attempts) && attempts.Attempt == 1
}

func deniedCase(d *sdk.Diagnostic, action string, c Case) {
	d.Summary = "access denied to " + called(action) + in(c.Region)
	if action == "sts:AssumeRole" {
		d.Summary = "not permitted to assume the role " + c.Role
		d.NextStep = fmt.Sprintf("let the role's trust policy name you and check externalId; your own policy needs \"Action\": \"sts:AssumeRole\" on %s", c.Role)
		return
	}
	d.NextStep = fmt.Sprintf("add the line %q to the policy's Action list (docs/sources/aws.md has the whole policy); a service control policy can deny it as well", action)
}

// answer tells a service that is silent from one whose answers are no good.
func answer(err error) string {
	var out *OutOfTime
	if errors.As(err, &out) && !isTimeout(out.Last) {
		return "usable answer"
	}
	return "answer"
}

func called(action string) string {
	if action == "" {
		return "the call"
	}
	return action
}

func during(action string) string {
	if action == "" {
		return ""
	}
	return " (" + action + ")"
}

func in(region string) string {
	if region == "" {
		return ""
	}
	return " in " + region
}

func regionName(region string) string {
	if region == "" {
		return "the region"
	}
	return region
}

// detail is the reason in the service's own words, or the innermost cause. The
// text of a signature error holds parts of the signed request, so it is left
// out.
func detail(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		if strings.Contains(api.ErrorCode(), "Signature") && !strings.Contains(api.ErrorMessage(), "expired") {
			return api.ErrorCode()
		}
		return firstLine(api.ErrorCode() + ": " + api.ErrorMessage())
	}
	var op *net.OpError
	var out *OutOfTime
	switch {
	case isNetwork(err) && errors.As(err, &op):
		return firstLine(op.Error())
	case errors.As(err, &out):
		return firstLine("the last attempt: " + innermost(out.Last).Error())
	case errors.Is(err, context.DeadlineExceeded):
		return "the time for the call is over"
	}
	return firstLine(innermost(err).Error())
}

func innermost(err error) error {
	for {
		var attempts *retry.MaxAttemptsError
		var op *smithy.OperationError
		var send *smithyhttp.RequestSendError
		switch {
		case errors.As(err, &attempts):
			err = attempts.Err
		case errors.As(err, &send):
			err = send.Err
		case errors.As(err, &op):
			err = op.Err
		default:
			return err
		}
	}
}

const maxDetail = 400

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > maxDetail {
		text = strings.ToValidUTF8(text[:maxDetail], "") + "..."
	}
	return text
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// isNetwork says that there is no connection, as opposed to one that is silent.
func isNetwork(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout() && op.Op == "dial"
}

// noCredentials recognises what the SDK's chain returns when nothing in it has
// credentials. It has no types for most of this.
func noCredentials(err error) bool {
	text := err.Error()
	return slices.ContainsFunc([]string{
		"failed to refresh cached credentials", "failed to retrieve credentials", "get credentials", "static credentials are empty",
		"SSO", "no credentials provider",
	}, func(s string) bool { return strings.Contains(text, s) })
}
