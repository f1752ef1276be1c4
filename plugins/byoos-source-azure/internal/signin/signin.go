// Package signin gets tokens for Azure in the ways of azidentity's default chain. It
// says in its own words why there is none: what a program printed and what a token
// server wrote may hold a credential in any form, so none of it is repeated.
package signin

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/endpoint"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/once"
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
	s.kept[key] = &Credential{inner: inner, tenant: tenant}
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
	tokens once.Answers[azcore.AccessToken] // by the claims that they are for
}

// GetToken returns a token for the tenant.
func (c *Credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	o.TenantID = cmp.Or(o.TenantID, c.tenant)
	good := func(token azcore.AccessToken, err error) bool {
		// A request with claims answers a challenge: the token at hand was refused.
		return o.Claims == "" && (err != nil || token.ExpiresOn.After(time.Now().Add(tokenMargin)))
	}
	return c.tokens.Get(ctx, o.Claims, good, func(ctx context.Context) (azcore.AccessToken, error) {
		token, err := c.inner.GetToken(ctx, o)
		if err == nil && o.Claims != "" {
			c.tokens.Put("", token)
		}
		return token, err
	})
}

// SignIn gets a first token, so that a missing credential is one error and not one
// for each request.
func (c *Credential) SignIn(ctx context.Context, at endpoint.Cloud) (token string, err error) {
	scope := at.Services[cloud.ResourceManager].Audience + "/.default"
	got, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}, EnableCAE: true})
	return got.Token, err
}
