package session

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"
)

// TestImageBuilderThrottlesAsOthersDo: what the SDK takes for a throttle is repeated
// after a longer time, and costs less of what bounds the repetitions. 60 are allowed of
// a throttle and 35 of another failure.
func TestImageBuilderThrottlesAsOthersDo(t *testing.T) {
	for _, mode := range []aws.RetryMode{aws.RetryModeAdaptive, aws.RetryModeStandard} {
		r, ok := retryer(mode, 0).(aws.RetryerV2)
		if !ok {
			t.Fatalf("%s: not a retryer of version 2", mode)
		}
		for i := range 60 {
			if _, err := r.GetRetryToken(context.Background(), &types.CallRateLimitExceededException{}); err != nil {
				t.Fatalf("%s: repetition %d: %v", mode, i+1, err)
			}
		}
	}
}
