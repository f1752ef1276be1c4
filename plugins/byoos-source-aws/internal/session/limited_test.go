package session

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
)

// TestManySourcesAreSlowAndComplete: a service that permits few calls a second makes a
// process with many sources slow, and no call of theirs fail for its time.
func TestManySourcesAreSlowAndComplete(t *testing.T) {
	const sources, perSecond = 40, 8
	var mu sync.Mutex
	tokens, filled := float64(perSecond), time.Now()
	permitted := func() bool {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		tokens, filled = min(perSecond, tokens+now.Sub(filled).Seconds()*perSecond), now
		if tokens < 1 {
			return false
		}
		tokens--
		return true
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !permitted() {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>")
			return
		}
		fmt.Fprint(w, "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>")
	}))
	defer server.Close()
	networkOf(t)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	shared := &Shared{}
	var group sync.WaitGroup
	for range sources {
		group.Go(func() {
			s, err := shared.Open(t.Context(), settings.Config{AMI: &settings.AMI{}, CallTimeout: "3s"}, nil, nil, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Do(t.Context(), func(ctx context.Context) error {
				_, err := s.EC2("us-east-1").DescribeImages(ctx, &ec2.DescribeImagesInput{})
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
