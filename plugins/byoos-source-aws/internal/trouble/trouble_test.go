package trouble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func failed(service, operation string, err error) error {
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: err}
}

func api(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

func TestDiagnose(t *testing.T) {
	c := Case{Region: "eu-west-1", Timeout: 5 * time.Second}
	tests := []struct {
		name          string
		err           error
		summary, next string
	}{
		{"denied by EC2", failed("EC2", "DescribeImages", api("UnauthorizedOperation", "no")), "access denied to ec2:DescribeImages in eu-west-1", `"ec2:DescribeImages"`},
		{"denied by Image Builder", failed("imagebuilder", "ListImages", api("ForbiddenException", "no")), "access denied to imagebuilder:ListImages", `"imagebuilder:ListImages"`},
		{"role", failed("EC2", "DescribeImages", fmt.Errorf("get identity: %w", failed("STS", "AssumeRole", &RoleError{"arn:aws:iam::1:role/r", api("AccessDenied", "no")}))), "assume the role arn:aws:iam::1:role/r", "sts:AssumeRole"},
		{"expired", failed("SSM", "GetParameters", api("ExpiredTokenException", "x")), "have expired (ssm:GetParameters)", "aws sso login"},
		{"signature", failed("EC2", "DescribeImages", api("SignatureDoesNotMatch", "token hunter2")), "does not accept the credentials", "clock"},
		{"throttled, and tried once", failed("EC2", "DescribeImages", &retry.MaxAttemptsError{Attempt: 1, Err: api("RequestLimitExceeded", "slow")}), "AWS throttles ec2:DescribeImages in eu-west-1, and it was tried once only", "AWS_MAX_ATTEMPTS"},
		{"throttled, and tried again", failed("EC2", "DescribeImages", &retry.MaxAttemptsError{Attempt: 3, Err: api("RequestLimitExceeded", "slow")}), "AWS throttles ec2:DescribeImages in eu-west-1, in spite of retries", "AWS_MAX_ATTEMPTS"},
		{"throttled in the end", errors.Join(failed("EC2", "DescribeImages", context.DeadlineExceeded), api("RequestLimitExceeded", "slow")), "AWS throttles ec2:DescribeImages", "AWS_MAX_ATTEMPTS"},
		{"silent", failed("EC2", "DescribeImages", context.DeadlineExceeded), "no answer to ec2:DescribeImages in eu-west-1 within 5s", "--allow-partial"},
		{"refused", failed("EC2", "DescribeImages", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}), "cannot reach AWS for ec2:DescribeImages", "proxy"},
		{"no such host", failed("EC2", "DescribeImages", &net.DNSError{Err: "no such host", Name: "ec2.nowhere"}), "cannot reach AWS", "region"},
		{"page token", failed("EC2", "DescribeImages", api("InvalidNextToken", "x")), "page tokens", "again"},
		{"filter", failed("EC2", "DescribeImages", api("InvalidParameterValue", "The filter 'x' is invalid")), "does not accept the search", "filters"},
		{"unknown", failed("EC2", "DescribeImages", api("InternalError", "no")), "ec2:DescribeImages failed in eu-west-1", "again"},
		{"broken off until the end", &OutOfTime{Err: failed("EC2", "DescribeImages", context.DeadlineExceeded), Last: fmt.Errorf("https response error, %w", &smithyhttp.RequestSendError{Err: io.EOF})},
			"no usable answer to ec2:DescribeImages in eu-west-1 within 5s", "callTimeout"},
		{"a diagnostic", &sdk.Diagnostic{Summary: "own", NextStep: "n"}, "own", "n"},
	}
	for _, test := range tests {
		d := Diagnose(test.err, c)
		if !strings.Contains(d.Summary, test.summary) || !strings.Contains(d.NextStep, test.next) || d.Scope != "eu-west-1" {
			t.Errorf("%s: %+v", test.name, d)
		}
		if text := d.Summary + d.Detail + d.NextStep; strings.Contains(text, "hunter2") || strings.Contains(text, "\n") {
			t.Errorf("%s: %q", test.name, text)
		}
	}
}

// TestDetailIsTheCause: what wraps it says nothing to a user.
func TestDetailIsTheCause(t *testing.T) {
	send := fmt.Errorf("https response error StatusCode: 0, RequestID: , %w", &smithyhttp.RequestSendError{Err: io.EOF})
	for err, want := range map[error]string{
		failed("EC2", "DescribeImages", send):                                                  "EOF",
		&OutOfTime{Err: failed("EC2", "DescribeImages", context.DeadlineExceeded), Last: send}: "the last attempt: EOF",
	} {
		if d := Diagnose(err, Case{}); d.Detail != want {
			t.Errorf("%v: detail %q, want %q", err, d.Detail, want)
		}
	}
}

func TestExpiredPage(t *testing.T) {
	for err, want := range map[error]bool{
		api("InvalidNextToken", ""):                                          true,
		api("InvalidPaginationTokenException", ""):                           true,
		api("InvalidParameterValue", "Unable to parse pagination token"):     true,
		api("InvalidParameterValue", "Value ( 3 ) for parameter maxResults"): false,
		errors.New("x"): false,
	} {
		if got := ExpiredPage(failed("EC2", "DescribeImages", err)); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
