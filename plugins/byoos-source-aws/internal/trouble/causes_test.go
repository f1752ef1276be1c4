package trouble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// answered is an error that came with an answer of a status.
func answered(status int, err error) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}}
}

type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

// dial is a connection that was not made, for a reason.
func dial(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }

// diagnosis is an error, and what is told of it: summary, detail, next step.
type diagnosis struct {
	err  error
	want [3]string
}

func checkDiagnoses(t *testing.T, c Case, tests []diagnosis) {
	t.Helper()
	for _, test := range tests {
		want := &sdk.Diagnostic{Severity: sdk.Error, Scope: c.Region, Summary: test.want[0], Detail: test.want[1], NextStep: test.want[2]}
		if diff := cmp.Diff(want, Diagnose(test.err, c)); diff != "" {
			t.Errorf("%v: %s", test.err, diff)
		}
	}
}

func describe(err error) error { return failed("EC2", "DescribeImages", err) }

const (
	nextPage   = "log in to the network, or check the proxy variables (HTTPS_PROXY, NO_PROXY) and the AWS_ENDPOINT_URL variables"
	nextSearch = "check filters, tags and names in the configuration"
	nextSilent = "try again, raise callTimeout, take the region out of regions, or go on without it with --allow-partial"
	nextReach  = "check the network, the proxy variables, the region's name and the AWS_ENDPOINT_URL variables"
	nextOther  = "try again; if it stays, see https://health.aws.amazon.com/health/status"
	nextSlower = "try again later, let calls be tried more often (AWS_MAX_ATTEMPTS), or look in fewer regions"
)

// TestWhatStandsBetween: a barrier, a wait and somebody else who answers.
func TestWhatStandsBetween(t *testing.T) {
	checkDiagnoses(t, Case{Region: "eu-west-1"}, []diagnosis{
		{describe(&BarrierError{Kind: Proxy, What: "407\nsecret", Err: errors.New("x")}), [3]string{"could not ask ec2 in eu-west-1 (ec2:DescribeImages): the proxy does not let it through", "407",
			"check the proxy variables (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and what the proxy permits"}},
		{&BarrierError{Kind: Certificate, What: "x509"}, [3]string{"could not ask AWS in eu-west-1: who answers has a certificate that is not trusted", "x509",
			"name the file of the network's own certificate authority in AWS_CA_BUNDLE, or check the AWS_ENDPOINT_URL variables and the clock of this machine"}},
		{&BarrierError{Kind: Endpoint, What: "no host"}, [3]string{"could not ask AWS in eu-west-1: the endpoint that is set cannot be used", "no host",
			"write it as https://HOST, in the AWS_ENDPOINT_URL variables or endpoint_url of the profile"}},
		{describe(&WaitError{Wait: time.Hour, Err: api("Throttling", "slow")}), [3]string{"AWS, or a proxy, asks to wait 1h0m0s before ec2:DescribeImages in eu-west-1 is called again", "Throttling: slow", "try again after that"}},
		{describe(fmt.Errorf("deserialization failed: %w", ForeignAnswerError{Status: 403})), [3]string{"could not ask ec2 in eu-west-1 (ec2:DescribeImages): somebody else answers in its place", "the answer is not one of AWS (403)", nextPage}},
		{describe(fmt.Errorf("https: %w", &BarrierError{Kind: Endpoint, What: "no host"})), [3]string{"could not ask ec2 in eu-west-1 (ec2:DescribeImages): the endpoint that is set cannot be used", "no host",
			"write it as https://HOST, in the AWS_ENDPOINT_URL variables or endpoint_url of the profile"}},
		{describe(ForeignAnswerError{Page: true, Status: 200}), [3]string{"could not ask ec2 in eu-west-1 (ec2:DescribeImages): somebody else answers in its place", "the answer is a web page", nextPage}},
		{describe(answered(403, api("UnknownError", "x"))), [3]string{"could not ask ec2 in eu-west-1 (ec2:DescribeImages): somebody else answers in its place", "UnknownError: x", nextPage}},
		{describe(answered(499, api("UnknownError", "x"))), [3]string{"could not ask ec2 in eu-west-1 (ec2:DescribeImages): somebody else answers in its place", "UnknownError: x", nextPage}},
		{describe(answered(500, api("UnknownError", "x"))), [3]string{"ec2:DescribeImages failed in eu-west-1", "UnknownError: x", nextOther}},
		{describe(answered(429, api("UnknownError", "x"))), [3]string{"AWS throttles ec2:DescribeImages in eu-west-1, in spite of retries", "UnknownError: x", nextSlower}},
		{describe(answered(403, api("Other", "x"))), [3]string{"ec2:DescribeImages failed in eu-west-1", "Other: x", nextOther}},
	})
}

func TestTextsOfCauses(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{ForeignAnswerError{}, "the answer is not one of AWS"},
		{ForeignAnswerError{Page: true, Status: 200}, "the answer is a web page"},
		{ForeignAnswerError{Status: 502, Proxy: "proxy:3128"}, "the answer is not one of AWS (502), through the proxy proxy:3128"},
		{&OutOfTime{Last: errors.New("x")}, "out of time: x"}, {&WaitError{Wait: time.Second, Err: errors.New("x")}, "asks to wait 1s: x"},
		{&RoleError{Role: "r", Err: errors.New("x")}, "r: x"}, {&BarrierError{What: "x"}, "x"},
		{&CredentialsError{}, "cannot get credentials"}, {&CredentialsError{From: "from a file"}, "cannot get credentials from a file"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	for status, want := range map[int]bool{200: false, 403: false, 499: false, 500: true, 503: true} {
		if (ForeignAnswerError{Status: status}).RetryableError() != want {
			t.Errorf("%d is asked again: %v", status, !want)
		}
	}
	if (&BarrierError{}).RetryableError() {
		t.Error("a barrier is asked again")
	}
	inner := errors.New("x")
	for _, err := range []error{&OutOfTime{Err: inner, Last: errors.New("y")}, &OutOfTime{Err: errors.New("y"), Last: inner}, &WaitError{Err: inner}, &RoleError{Err: inner}, &BarrierError{Err: inner}, &CredentialsError{Err: inner}} {
		if !errors.Is(err, inner) {
			t.Errorf("%T hides its cause", err)
		}
	}
}

// TestEachMeaning of an error, in all its spellings.
func TestEachMeaning(t *testing.T) {
	const in = " in eu-west-1"
	tests := []diagnosis{
		{describe(api("ResourceNotFoundException", "x")), [3]string{"not found (ec2:DescribeImages)" + in, "ResourceNotFoundException: x", "check the ARN, its region and the account of the credentials"}},
		{describe(api("InvalidParameterValue", "pagination token")), [3]string{"the page tokens of ec2:DescribeImages" + in + " keep expiring", "InvalidParameterValue: pagination token", "try again"}},
		{describe(api("Other", "pagination token")), [3]string{"ec2:DescribeImages failed" + in, "Other: pagination token", nextOther}},
		{describe(api("Throttling", "x")), [3]string{"AWS throttles ec2:DescribeImages" + in + ", in spite of retries", "Throttling: x", nextSlower}},
		{describe(&retry.MaxAttemptsError{Attempt: 1, Err: api("Other", "x")}), [3]string{"ec2:DescribeImages failed" + in, "Other: x", nextOther}},
		{&CredentialsError{From: "from the profile p", Err: errors.New("secret")}, [3]string{"cannot get AWS credentials", "from the profile p", "check the profile and the AWS_ variables, or log in (aws sso login)"}},
		{describe(timeout{errors.New("slow")}), [3]string{"no answer to ec2:DescribeImages" + in + " within 5s", "slow", nextSilent}},
		{describe(context.DeadlineExceeded), [3]string{"no answer to ec2:DescribeImages" + in + " within 5s", "the time for the call is over", nextSilent}},
		{&OutOfTime{Err: describe(context.DeadlineExceeded), Last: describe(&retry.MaxAttemptsError{Err: errors.New("reset")})}, [3]string{"no usable answer to ec2:DescribeImages" + in + " within 5s", "the last attempt: reset", nextSilent}},
		{&OutOfTime{Err: describe(context.DeadlineExceeded), Last: timeout{errors.New("slow")}}, [3]string{"no answer to ec2:DescribeImages" + in + " within 5s", "the last attempt: slow", nextSilent}},
		{describe(errors.Join(api("InternalError", "no"), context.DeadlineExceeded)), [3]string{"ec2:DescribeImages failed" + in, "InternalError: no", nextOther}},
		{describe(errors.New("odd\nand long")), [3]string{"ec2:DescribeImages failed" + in, "odd", nextOther}},
		{errors.New("odd"), [3]string{"the call failed" + in, "odd", nextOther}},
		{describe(dial("dial", errors.New("refused"))), [3]string{"cannot reach AWS for ec2:DescribeImages" + in, "dial tcp: refused", nextReach}},
		{describe(dial("read", context.DeadlineExceeded)), [3]string{"no answer to ec2:DescribeImages" + in + " within 5s", "the time for the call is over", nextSilent}},
		{describe(dial("read", errors.New("reset"))), [3]string{"ec2:DescribeImages failed" + in, "read tcp: reset", nextOther}},
		{describe(dial("dial", os.ErrDeadlineExceeded)), [3]string{"no answer to ec2:DescribeImages" + in + " within 5s", "dial tcp: i/o timeout", nextSilent}},
		{describe(fmt.Errorf("post: %w", dial("dial", errors.New("refused")))), [3]string{"cannot reach AWS for ec2:DescribeImages" + in, "dial tcp: refused", nextReach}},
		{describe(fmt.Errorf("lookup: %w", &net.DNSError{Err: "no such host", Name: "ec2.nowhere"})), [3]string{"cannot reach AWS for ec2:DescribeImages" + in, "lookup: lookup ec2.nowhere: no such host", nextReach}},
		{describe(&retry.MaxAttemptsError{Attempt: 3, Err: &smithyhttp.RequestSendError{Err: errors.New("reset")}}), [3]string{"ec2:DescribeImages failed" + in, "reset", nextOther}},
	}
	for _, code := range []string{"InvalidParameterValue", "InvalidParameter", "FilterLimitExceeded", "InvalidRequestException"} {
		tests = append(tests, diagnosis{describe(api(code, "x")), [3]string{"AWS does not accept the search (ec2:DescribeImages)" + in, code + ": x", nextSearch}})
	}
	for _, code := range throttled() {
		tests = append(tests, diagnosis{describe(api(code, "x")), [3]string{"AWS throttles ec2:DescribeImages" + in + ", in spite of retries", code + ": x", nextSlower}})
	}
	checkDiagnoses(t, Case{Region: "eu-west-1", Timeout: 5 * time.Second}, tests)
}

// TestWithoutRegionOrAction: nothing is said of what is not known.
func TestWithoutRegionOrAction(t *testing.T) {
	checkDiagnoses(t, Case{}, []diagnosis{
		{api("AuthFailure", "x"), [3]string{"AWS does not accept the credentials", "AuthFailure: x", "check the AWS_ variables and the profile, that the region is enabled for the account, and the clock of this machine"}},
		{errors.New("x"), [3]string{"the call failed", "x", nextOther}},
	})
	checkDiagnoses(t, Case{Region: "eu-west-1"}, []diagnosis{
		{api("AuthFailure", "x"), [3]string{"AWS does not accept the credentials in eu-west-1", "AuthFailure: x", "check the AWS_ variables and the profile, that eu-west-1 is enabled for the account, and the clock of this machine"}},
	})
	own := &sdk.Diagnostic{Summary: "own", Scope: "us-east-1"}
	if got := Diagnose(fmt.Errorf("x: %w", own), Case{Region: "eu-west-1"}); got.Scope != "us-east-1" || got == own {
		t.Errorf("got %+v", got)
	}
	if got := Diagnose(&sdk.Diagnostic{}, Case{Region: "eu-west-1"}); got.Scope != "eu-west-1" {
		t.Errorf("got %+v", got)
	}
}

// TestRoles: of a chain, the one that was asked for first, and what it needs.
func TestRoles(t *testing.T) {
	chain := failed("STS", "AssumeRole", &RoleError{"first", failed("STS", "AssumeRoleWithWebIdentity", &RoleError{"second", api("AccessDenied", "token hunter2")})})
	if got := Role(chain); got != "second" {
		t.Errorf("role %q", got)
	}
	if Role(errors.New("x")) != "" || Action(errors.New("x")) != "" || Action(chain) != "sts:AssumeRoleWithWebIdentity" {
		t.Errorf("action %q", Action(chain))
	}
	checkDiagnoses(t, Case{}, []diagnosis{{chain, [3]string{"not permitted to assume the role second with the web identity token", "AccessDenied",
		"let the role's trust policy permit sts:AssumeRoleWithWebIdentity to the token's issuer, with its audience and subject"}}})
}

// TestDetailsWithoutSecrets: what is sent a token, and what quotes a request, is not
// repeated; the rest is cleaned before it is cut.
func TestDetailsWithoutSecrets(t *testing.T) {
	clean := func(text string) string { return strings.ReplaceAll(text, "hunter\n2", "***") }
	for _, test := range []struct {
		err  error
		want string
	}{
		{failed("SSO", "GetRoleCredentials", api("X", "hunter")), "X"}, {failed("SSO OIDC", "CreateToken", api("X", "hunter")), "X"}, {failed("Signin", "CreateOAuth2Token", api("X", "hunter")), "X"},
		{failed("STS", "AssumeRoleWithWebIdentity", api("X", "hunter")), "X"}, {failed("STS", "AssumeRole", api("X", "it is so")), "X: it is so"},
		{describe(api("SignatureDoesNotMatch", "hunter")), "SignatureDoesNotMatch"}, {describe(api("InvalidSignatureException", "Signature expired: x")), "InvalidSignatureException: Signature expired: x"},
		{describe(api("X", "a hunter\n2 b\nc")), "X: a *** b"}, {errors.New("a hunter\n2 b"), "a *** b"}, {&BarrierError{What: "a hunter\n2 b"}, "a *** b"},
		{describe(dial("dial", errors.New("hunter\n2"))), "dial tcp: ***"}, {&OutOfTime{Err: context.DeadlineExceeded, Last: errors.New("hunter\n2")}, "the last attempt: ***"},
	} {
		if got := Diagnose(test.err, Case{Clean: clean}).Detail; got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
