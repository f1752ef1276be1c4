package session

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
)

// limited is a service that permits so many calls a second, as EC2 does. There is no
// network before it, which takes its time on a busy machine.
type limited struct {
	perSecond float64

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

// Do answers one request.
func (l *limited) Do(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, "<DescribeImagesResponse><imagesSet/></DescribeImagesResponse>"
	if !l.permitted() {
		status = http.StatusServiceUnavailable
		body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>"
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (l *limited) permitted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens, l.filled = min(l.perSecond, l.tokens+now.Sub(l.filled).Seconds()*l.perSecond), now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}

// TestManySourcesAreSlowAndComplete: a service that permits few calls a second makes a
// process with many sources slow, and no call of theirs fail for its time.
func TestManySourcesAreSlowAndComplete(t *testing.T) {
	const sources, perSecond = 40, 8
	networkOf(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	service := &limited{perSecond: perSecond, tokens: perSecond, filled: time.Now()}
	shared := &Shared{}
	var group sync.WaitGroup
	for range sources {
		group.Go(func() {
			s, err := shared.Open(t.Context(), settings.Config{AMI: &settings.AMI{}, CallTimeout: "3s"}, nil, nil, nil)
			if err != nil {
				t.Error(err)
				return
			}
			s.config.HTTPClient = s.steady(service)
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
