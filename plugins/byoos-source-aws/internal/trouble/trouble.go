// Package trouble turns errors of the AWS SDK into messages for the user: which
// action failed in which region, why, and what to do.
package trouble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
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
	// Clean takes secrets out of a text before it is cut, or half of one would stay.
	Clean func(string) string
}

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

// Rejected says that AWS does not accept the credentials, or not in the region of the call.
func Rejected(err error) bool { return slices.Contains(rejected(), Code(err)) }

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
		action = prefix(op.Service()) + ":" + op.Operation()
		err = op.Err
	}
}

// prefix is what IAM calls a service, by the SDK's name of it.
func prefix(id string) string {
	name := strings.ToLower(strings.ReplaceAll(id, " ", ""))
	if name == "ssooidc" {
		return "sso-oauth"
	}
	return name
}

func service(action string) string {
	name, _, _ := strings.Cut(action, ":")
	return cmp.Or(name, "AWS")
}

// Diagnose returns the message for err. An error that is a diagnostic already
// is returned as it is. The one who sends it takes the secrets out.
func Diagnose(err error, c Case) *sdk.Diagnostic {
	var d *sdk.Diagnostic
	if !errors.As(err, &d) {
		d = diagnose(err, c)
	}
	out := *d
	if out.Scope == "" {
		out.Scope = c.Region
	}
	return &out
}

func diagnose(err error, c Case) *sdk.Diagnostic {
	action, code := Action(err), Code(err)
	d := &sdk.Diagnostic{Severity: sdk.Error, Detail: c.detail(err)}
	var barrier *BarrierError
	var credentials *CredentialsError
	var wait *WaitError
	switch {
	case errors.As(err, &barrier):
		d.Summary = "could not ask " + service(action) + in(c.Region) + during(action) + ": " + barrier.summary()
		d.NextStep = barrier.next()
	case errors.As(err, &wait):
		d.Summary = fmt.Sprintf("AWS, or a proxy, asks to wait %s before %s%s is called again", wait.Wait, called(action), in(c.Region))
		d.NextStep = "try again after that"
	case isForeign(err):
		d.Summary = "could not ask " + service(action) + in(c.Region) + during(action) + ": somebody else answers in its place"
		d.NextStep = "log in to the network, or check the proxy variables (HTTPS_PROXY, NO_PROXY) and the AWS_ENDPOINT_URL variables"
	case slices.Contains(denied(), code):
		deniedCase(d, err, action, c)
	case slices.Contains(expired(), code):
		d.Summary = "the AWS credentials have expired" + during(action)
		d.NextStep = "log in again (aws sso login), get new session credentials, or check the clock of this machine"
	case slices.Contains(rejected(), code):
		d.Summary = "AWS does not accept the credentials" + during(action) + in(c.Region)
		d.NextStep = "check the AWS_ variables and the profile, that " + regionName(c.Region) + " is enabled for the account, and the clock of this machine"
	case triedOnce(err) && isThrottled(err, code):
		d.Summary = "AWS throttles " + called(action) + in(c.Region) + ", and it was tried once only"
		d.NextStep = "try again later, or let calls be tried more often (AWS_MAX_ATTEMPTS)"
	case isThrottled(err, code):
		d.Summary = "AWS throttles " + called(action) + in(c.Region) + ", in spite of retries"
		d.NextStep = "try again later, let calls be tried more often (AWS_MAX_ATTEMPTS), or look in fewer regions"
	case ExpiredPage(err):
		d.Summary = "the page tokens of " + called(action) + in(c.Region) + " keep expiring"
		d.NextStep = "try again"
	case isNetwork(err):
		d.Summary = "cannot reach AWS for " + called(action) + in(c.Region)
		d.NextStep = "check the network, the proxy variables, the region's name and the AWS_ENDPOINT_URL variables"
	case code == "" && (errors.Is(err, context.DeadlineExceeded) || isTimeout(err)):
		d.Summary = fmt.Sprintf("no %s to %s%s within %s", answer(err), called(action), in(c.Region), c.Timeout)
		d.NextStep = "try again, raise callTimeout, take the region out of regions, or go on without it with --allow-partial"
	case errors.As(err, &credentials):
		d.Summary = "cannot get AWS credentials"
		d.NextStep = "check the profile and the AWS_ variables, or log in (aws sso login)"
	case code == "InvalidParameterValue" || code == "InvalidParameter" || code == "FilterLimitExceeded" || code == "InvalidRequestException":
		d.Summary = "AWS does not accept the search" + during(action) + in(c.Region)
		d.NextStep = "check filters, tags and names in the configuration"
	case code == "ResourceNotFoundException":
		d.Summary = "not found" + during(action) + in(c.Region)
		d.NextStep = "check the ARN, its region and the account of the credentials"
	default:
		d.Summary = called(action) + " failed" + in(c.Region)
		d.NextStep = "try again; if it stays, see https://health.aws.amazon.com/health/status"
	}
	return d
}

func isThrottled(err error, code string) bool {
	return slices.Contains(throttled(), code) || status(err) == http.StatusTooManyRequests
}

// status is that of the answer which an error is about, or 0.
func status(err error) int {
	var answer interface{ HTTPStatusCode() int }
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// triedOnce says that the user's configuration allowed no other attempt.
func triedOnce(err error) bool {
	var attempts *retry.MaxAttemptsError
	return errors.As(err, &attempts) && attempts.Attempt == 1
}

func deniedCase(d *sdk.Diagnostic, err error, action string, c Case) {
	d.Summary = "access denied to " + called(action) + in(c.Region)
	switch role := Role(err); action {
	case "sts:AssumeRole":
		d.Summary = "not permitted to assume the role " + role
		d.NextStep = fmt.Sprintf("let the role's trust policy name who asks, and check the external id; the policy of who asks needs \"Action\": \"sts:AssumeRole\" on %s", role)
	case "sts:AssumeRoleWithWebIdentity":
		d.Summary = "not permitted to assume the role " + role + " with the web identity token"
		d.NextStep = "let the role's trust policy permit sts:AssumeRoleWithWebIdentity to the token's issuer, with its audience and subject"
	default:
		d.NextStep = fmt.Sprintf("add the line %q to the policy's Action list (docs/sources/aws.md has the whole policy); a service control policy can deny it as well", action)
	}
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
// text of a signature error holds parts of the signed request, and that of a service
// which is sent a token may hold parts of it: they are left out. So is what a file or a
// program that holds credentials made somebody say.
func (c Case) detail(err error) string {
	var barrier *BarrierError
	var foreign ForeignAnswerError
	var api smithy.APIError
	var credentials *CredentialsError
	action := Action(err)
	switch {
	case errors.As(err, &barrier):
		return c.firstLine(barrier.What)
	case errors.As(err, &foreign):
		return foreign.Error()
	case errors.As(err, &api) && (tellsNothing(api) || takesToken(action)):
		return api.ErrorCode()
	case errors.As(err, &api):
		return c.firstLine(api.ErrorCode() + ": " + api.ErrorMessage())
	case errors.As(err, &credentials):
		return credentials.From
	}
	var op *net.OpError
	var out *OutOfTime
	switch {
	case isNetwork(err) && errors.As(err, &op):
		return c.firstLine(op.Error())
	case errors.As(err, &out):
		return c.firstLine("the last attempt: " + innermost(out.Last).Error())
	case errors.Is(err, context.DeadlineExceeded):
		return "the time for the call is over"
	}
	return c.firstLine(innermost(err).Error())
}

func tellsNothing(api smithy.APIError) bool {
	return strings.Contains(api.ErrorCode(), "Signature") && !strings.Contains(api.ErrorMessage(), "expired")
}

// takesToken says that a call is authenticated by what it sends.
func takesToken(action string) bool {
	return slices.Contains([]string{"sts:AssumeRoleWithWebIdentity", "sso:GetRoleCredentials", "sso-oauth:CreateToken", "signin:CreateOAuth2Token"}, action)
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

func (c Case) firstLine(text string) string {
	if c.Clean != nil {
		text = c.Clean(text)
	}
	text, _, _ = strings.Cut(text, "\n")
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
