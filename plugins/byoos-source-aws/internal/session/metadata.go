package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// metadataPatience is how long a question to the instance metadata service may
// take. It is on the machine itself or not there at all; the SDK waits 5 s.
const metadataPatience = 2 * time.Second

// metadata reads the credentials of an instance role. Most machines have no
// metadata service: one that does not answer is not asked again, so that a user
// without credentials soon reads that.
type metadata struct{ client *imds.Client }

func newMetadata(c aws.Config) metadata {
	return metadata{imds.NewFromConfig(c, func(o *imds.Options) {
		o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) {
			so.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(unanswered)}, so.Retryables...)
		})
	})}
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
	return out, nil
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
