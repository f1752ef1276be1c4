package session

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// metadataPatience is how long a question to the instance metadata service may
// take. It is on the machine itself or not there at all; the SDK waits 5 s.
const metadataPatience = 2 * time.Second

// metadata reads the credentials of an instance role. Most machines have no
// metadata service: one that does not answer is not asked again, so that a user
// without credentials soon reads that.
type metadata struct {
	client *imds.Client
	host   string // where the user has set one
}

func newMetadata(c aws.Config) (m metadata) {
	m.client = imds.NewFromConfig(c, func(o *imds.Options) {
		if set, err := url.Parse(o.Endpoint); err == nil {
			m.host = set.Host
		}
		o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) {
			so.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(unanswered)}, so.Retryables...)
		})
	})
	return m
}

// unanswered keeps a request from being repeated that got no answer.
func unanswered(err error) aws.Ternary {
	var send *smithyhttp.RequestSendError
	if errors.As(err, &send) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// GetMetadata is what package ec2rolecreds calls.
func (m metadata) GetMetadata(ctx context.Context, in *imds.GetMetadataInput, options ...func(*imds.Options)) (*imds.GetMetadataOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataPatience)
	defer cancel()
	out, err := m.client.GetMetadata(ctx, in, options...)
	if err != nil {
		return nil, &noRole{err}
	}
	defer func() { _ = out.Content.Close() }()
	text, err := io.ReadAll(io.LimitReader(out.Content, maxOutput))
	if err != nil {
		return nil, &noRole{err}
	}
	if wrong := wrongAnswer(in.Path, text); wrong != nil {
		wrong.host = cmp.Or(m.host, "it")
		return nil, wrong
	}
	out.Content = io.NopCloser(bytes.NewReader(text))
	return out, nil
}

// metadataError is an answer that has no credentials. The SDK repeats parts of it in its
// errors, and takes one without keys for credentials.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
type metadataError struct{ host, what, next string }

func (e *metadataError) Error() string { return e.host + " answers " + e.what }

func (e *metadataError) diagnostic() *sdk.Diagnostic {
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: "the instance metadata service gives no credentials", Detail: e.Error(), NextStep: e.next,
	}
}

// roleForm is how the name of a role is spelled.
var roleForm = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// wrongAnswer says why an answer is neither the name of a role, which is asked for first, nor
// the credentials of one.
func wrongAnswer(path string, text []byte) *metadataError {
	const (
		somebodyElse = "let it be asked without a proxy (NO_PROXY=169.254.169.254), check AWS_EC2_METADATA_SERVICE_ENDPOINT, or set AWS_EC2_METADATA_DISABLED=true where there is no instance role"
		ofTheRole    = "check the role of the instance, and that its trust policy names ec2.amazonaws.com"
	)
	if strings.HasSuffix(path, "/") {
		name, _, _ := strings.Cut(string(text), "\n")
		if len(text) == 0 || roleForm.MatchString(strings.TrimSpace(name)) {
			return nil
		}
		return &metadataError{what: "what is not the name of a role", next: somebodyElse}
	}
	var answer struct {
		Code, AccessKeyID, SecretAccessKey, Token string
		Expiration                                time.Time
	}
	err := json.Unmarshal(text, &answer)
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return &metadataError{what: "nothing in place of credentials", next: somebodyElse}
	case err != nil:
		return &metadataError{what: "what is not JSON with AccessKeyId, SecretAccessKey, Token and Expiration", next: somebodyElse}
	case answer.Code == "AssumeRoleUnauthorizedAccess":
		return &metadataError{what: "that EC2 may not assume the role of the instance (AssumeRoleUnauthorizedAccess)", next: ofTheRole}
	case answer.Code != "" && !strings.EqualFold(answer.Code, "Success"):
		return &metadataError{what: "an error in place of credentials", next: ofTheRole}
	case answer.AccessKeyID == "" || answer.SecretAccessKey == "" || answer.Token == "":
		return &metadataError{what: "JSON without AccessKeyId, SecretAccessKey or Token", next: ofTheRole}
	}
	return nil
}

// noRole is why the instance metadata service gave no credentials.
type noRole struct{ err error }

func (e *noRole) Error() string { return e.reason() }
func (e *noRole) Unwrap() error { return e.err }

func (e *noRole) reason() string {
	var answer *smithyhttp.ResponseError
	switch {
	case strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true"):
		return "AWS_EC2_METADATA_DISABLED is set"
	case errors.As(e.err, &answer) && answer.HTTPStatusCode() == 404:
		return "the instance has none"
	case errors.As(e.err, &answer):
		return fmt.Sprintf("the instance metadata service answers %d", answer.HTTPStatusCode())
	}
	return "no instance metadata service answers"
}
