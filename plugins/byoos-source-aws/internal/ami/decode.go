package ami

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/describexml"
)

// fastDecoding makes a DescribeImages call use package describexml. Errors of the
// service stay with the SDK.
func fastDecoding(o *ec2.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		original, ok := stack.Deserialize.Get("OperationDeserializer")
		if !ok {
			return errors.New("the SDK has no OperationDeserializer")
		}
		_, err := stack.Deserialize.Swap("OperationDeserializer", deserializer{original})
		return err
	})
}

// deserializer takes the place of the SDK's.
type deserializer struct {
	original middleware.DeserializeMiddleware
}

// ID is that of the middleware it replaces.
func (deserializer) ID() string { return "OperationDeserializer" }

// HandleDeserialize decodes an answer that is not an error.
func (d deserializer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode < 200 || response.StatusCode >= 300 {
		return d.original.HandleDeserialize(ctx, in, received{out, metadata, err})
	}
	defer smithyhttp.CloseResponseBody(ctx, response, false, nil)
	page, err := describexml.Decode(response.Body)
	if err != nil {
		return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("failed to decode response body, %w", err)}
	}
	out.Result = &ec2.DescribeImagesOutput{Images: page.Images, NextToken: page.NextToken}
	return out, metadata, nil
}

// received hands an answer that is there already to the SDK's deserializer.
type received struct {
	out      middleware.DeserializeOutput
	metadata middleware.Metadata
	err      error
}

// HandleDeserialize returns what was received.
func (r received) HandleDeserialize(context.Context, middleware.DeserializeInput) (middleware.DeserializeOutput, middleware.Metadata, error) {
	return r.out, r.metadata, r.err
}
