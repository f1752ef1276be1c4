// Package signin gets tokens for Azure in the ways of azidentity's default chain. It
// says in its own words why there is none: what a program printed and what a token
// server wrote may hold a credential in any form, so none of it is repeated.
package signin

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
)

// Failure is one way to sign in that gave no token.
type Failure struct {
	// Way is its name: "az", "managed identity".
	Way string
	// Why is what happened, and Next what to do about it.
	Why, Next string
	// Tenant is set when the user has not allowed the tenant that was asked for.
	Tenant bool
}

func (f *Failure) Error() string { return f.Way + ": " + f.Why }

// Error is a sign-in that gave no token.
type Error struct {
	// Failed are the ways that are set up, in the order in which they were tried.
	Failed []*Failure
	// Absent says of the other ways what they lack.
	Absent []string
}

func (e *Error) Error() string {
	if len(e.Failed) == 0 {
		return "nothing to sign in with is set up: " + strings.Join(e.Absent, "; ")
	}
	said := make([]string, len(e.Failed))
	for i, f := range e.Failed {
		said[i] = f.Error()
	}
	return strings.Join(said, "; ")
}

// NonRetriable makes azcore give up at once.
func (*Error) NonRetriable() {}

// Store keeps one credential for equal settings, for all sources of a process: each
// would start the Azure CLI else. It is safe for concurrent use.
type Store struct {
	mu   sync.Mutex
	kept map[string]*Credential
}

// Get returns the credential of a cloud and a tenant, which create makes when
// there is none yet.
func (s *Store) Get(c endpoint.Cloud, tenant string, create func() (azcore.TokenCredential, error)) (*Credential, error) {
	key := fmt.Sprint(c.Services[cloud.ResourceManager], c.ActiveDirectoryAuthorityHost, tenant)
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.kept[key]; kept != nil {
		return kept, nil
	}
	inner, err := create()
	if err != nil {
		return nil, err
	}
	if s.kept == nil {
		s.kept = map[string]*Credential{}
	}
	s.kept[key] = &Credential{inner: inner, tenant: tenant, flights: map[string]*flight{}}
	return s.kept[key], nil
}

// tokenMargin is how long before its end a token is replaced, as azcore does.
const tokenMargin = 5 * time.Minute

// Credential asks for tokens of one tenant, once for all who wait for one, and keeps
// each until shortly before it ends. It keeps a failure, too: nobody signs in anew
// while a command runs.
//
// A tenant that is neither the credential's own nor allowed by
// AZURE_ADDITIONALLY_ALLOWED_TENANTS is refused, so a spec can ask for a tenant but
// only the user can grant it.
type Credential struct {
	inner  azcore.TokenCredential
	tenant string

	mu      sync.Mutex
	token   azcore.AccessToken
	failed  error
	flights map[string]*flight // by the claims that they ask for
}

// flight is one request for a token.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	token   azcore.AccessToken
	err     error
}

// GetToken returns a token for the tenant.
func (c *Credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if o.TenantID == "" {
		o.TenantID = c.tenant
	}
	c.mu.Lock()
	// A request with claims answers a challenge: the token at hand was refused.
	if o.Claims == "" && (c.failed != nil || c.token.ExpiresOn.After(time.Now().Add(tokenMargin))) {
		defer c.mu.Unlock()
		return c.token, c.failed
	}
	f := c.flights[o.Claims]
	if f == nil {
		f = c.start(ctx, o)
	}
	f.waiting++
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		c.leave(f, o.Claims)
		return azcore.AccessToken{}, ctx.Err()
	}
}

// start asks for a token, until nobody waits for it any more.
func (c *Credential) start(ctx context.Context, o policy.TokenRequestOptions) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{done: make(chan struct{}), cancel: cancel}
	c.flights[o.Claims] = f
	go func() {
		defer cancel()
		f.token, f.err = c.inner.GetToken(ctx, o)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.flights[o.Claims] == f {
			delete(c.flights, o.Claims)
			c.keep(f, o.Claims)
		}
		close(f.done)
	}()
	return f
}

func (c *Credential) keep(f *flight, claims string) {
	switch {
	case f.err == nil:
		c.token = f.token
	case claims == "":
		c.token, c.failed = azcore.AccessToken{}, f.err
	}
}

// leave ends a flight that the last one leaves, and waits for that: a program that was
// started must not outlive the call.
func (c *Credential) leave(f *flight, claims string) {
	c.mu.Lock()
	f.waiting--
	last := f.waiting == 0
	if last && c.flights[claims] == f {
		delete(c.flights, claims)
	}
	c.mu.Unlock()
	if last {
		f.cancel()
		<-f.done
	}
}

// SignIn gets a first token, so that a missing credential is one error and not one
// for each request.
func (c *Credential) SignIn(ctx context.Context, at endpoint.Cloud) (token string, err error) {
	scope := at.Services[cloud.ResourceManager].Audience + "/.default"
	got, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: true})
	return got.Token, err
}
