package session

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// identityPatience is how long STS may take. Its answer is good to have; a network
// that lets EC2 through and not STS must not hold everything up.
const identityPatience = 5 * time.Second

// identity is the account of the credentials, asked for once.
type identity struct {
	mu      sync.Mutex
	asked   bool
	account string
	err     error
}

// Account returns the account of the credentials by STS (GetCallerIdentity, which
// needs no permission).
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (s *Session) Account(ctx context.Context) (string, error) {
	i := &s.identity
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.asked {
		return i.account, i.err
	}
	i.err = s.within(ctx, min(s.Timeout, identityPatience), func(ctx context.Context) error {
		out, err := sts.NewFromConfig(s.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err == nil {
			i.account = aws.ToString(out.Account)
		}
		return err
	})
	i.asked = ctx.Err() == nil
	return i.account, i.err
}
