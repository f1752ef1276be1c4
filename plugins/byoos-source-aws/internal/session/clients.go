package session

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/signin"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// chainOptions make the clients of the credentials' chain like the others. The SDK
// makes them before it looks at AWS_ENDPOINT_URL, and the HTTP client is to be of its
// own type while it reads the configuration.
func (s *Session) chainOptions(first aws.Config) []func(*config.LoadOptions) error {
	endpoint := sts.NewFromConfig(first).Options().BaseEndpoint
	again := func(c *sts.Client) *sts.Client {
		return sts.New(c.Options(), func(o *sts.Options) {
			o.HTTPClient, o.BaseEndpoint = s.steady(first.HTTPClient), endpoint
		})
	}
	return []func(*config.LoadOptions) error{
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			if c, ok := o.Client.(*sts.Client); ok {
				o.Client = again(c)
			}
		}),
		config.WithWebIdentityRoleCredentialOptions(func(o *stscreds.WebIdentityRoleOptions) {
			if c, ok := o.Client.(*sts.Client); ok {
				o.Client = again(c)
			}
		}),
		config.WithSSOProviderOptions(func(o *ssocreds.Options) {
			if c, ok := o.Client.(*sso.Client); ok {
				o.Client = sso.New(c.Options(), func(o *sso.Options) { o.HTTPClient = s.steady(first.HTTPClient) })
			}
		}),
		config.WithSSOTokenProviderOptions(func(o *ssocreds.SSOTokenProviderOptions) {
			if c, ok := o.Client.(*ssooidc.Client); ok {
				o.Client = ssooidc.New(c.Options(), func(o *ssooidc.Options) { o.HTTPClient = s.steady(first.HTTPClient) })
			}
		}),
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) {
			o.HTTPClient = container{first.HTTPClient, s}
		}),
	}
}

// attend puts a step into every call: it ends one to an endpoint that is none,
// learns the secrets that go over the wire, and says which role a failed call was about.
func (s *Session) attend(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("byoosAttend",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if err := s.endpoints[awsmiddleware.GetServiceID(ctx)]; err != nil {
				return middleware.InitializeOutput{}, middleware.Metadata{}, err
			}
			s.learn(secretsOf(in.Parameters)...)
			out, metadata, err := next.HandleInitialize(ctx, in)
			s.learn(secretsOf(out.Result)...)
			if err == nil && isWithoutCredentials(out.Result) {
				err = errNoCredentials
			}
			if role := roleOf(in.Parameters); err != nil && role != "" {
				err = &trouble.RoleError{Role: role, Err: err}
			}
			return out, metadata, err
		}), middleware.After)
}

var errNoCredentials = errors.New("the answer has no credentials")

// isWithoutCredentials tells an answer, as of a proxy, that lacks what it is for. The
// SDK's providers would end the process over it, or write it over the user's login.
func isWithoutCredentials(answer any) bool {
	switch v := answer.(type) {
	case *sso.GetRoleCredentialsOutput:
		return v.RoleCredentials == nil
	case *ssooidc.CreateTokenOutput:
		return aws.ToString(v.AccessToken) == ""
	}
	return false
}

// learn makes values known that are never shown. A token of three parts is not shown
// in parts either.
func (s *Session) learn(secrets ...string) {
	for _, secret := range secrets {
		s.secrets.Add(secret)
		if parts := strings.Split(secret, "."); len(parts) == 3 {
			s.secrets.Add(parts[1:]...)
		}
	}
}

// secretsOf returns what is secret in what is sent for credentials, or answered.
func secretsOf(v any) []string {
	switch v := v.(type) {
	case *sts.AssumeRoleInput:
		return texts(v.ExternalId)
	case *sts.AssumeRoleWithWebIdentityInput:
		return texts(v.WebIdentityToken)
	case *sts.AssumeRoleOutput:
		return keys(v.Credentials)
	case *sts.AssumeRoleWithWebIdentityOutput:
		return keys(v.Credentials)
	case *sso.GetRoleCredentialsInput:
		return texts(v.AccessToken)
	case *sso.GetRoleCredentialsOutput:
		if c := v.RoleCredentials; c != nil {
			return texts(c.AccessKeyId, c.SecretAccessKey, c.SessionToken)
		}
	case *ssooidc.CreateTokenInput:
		return texts(v.ClientSecret, v.RefreshToken)
	case *ssooidc.CreateTokenOutput:
		return texts(v.AccessToken, v.RefreshToken, v.IdToken)
	case *signin.CreateOAuth2TokenInput:
		if in := v.TokenInput; in != nil {
			return texts(in.RefreshToken, in.Code, in.CodeVerifier)
		}
	case *signin.CreateOAuth2TokenOutput:
		if out := v.TokenOutput; out != nil {
			found := texts(out.RefreshToken, out.IdToken)
			if c := out.AccessToken; c != nil {
				found = append(found, texts(c.AccessKeyId, c.SecretAccessKey, c.SessionToken)...)
			}
			return found
		}
	}
	return nil
}

func keys(c *ststypes.Credentials) []string {
	if c == nil {
		return nil
	}
	return texts(c.AccessKeyId, c.SecretAccessKey, c.SessionToken)
}

func texts(pointers ...*string) []string {
	out := make([]string, len(pointers))
	for i, p := range pointers {
		out[i] = aws.ToString(p)
	}
	return out
}

// roleOf returns the role that is asked for.
func roleOf(input any) string {
	switch in := input.(type) {
	case *sts.AssumeRoleInput:
		return aws.ToString(in.RoleArn)
	case *sts.AssumeRoleWithWebIdentityInput:
		return aws.ToString(in.RoleArn)
	case *sso.GetRoleCredentialsInput:
		return aws.ToString(in.RoleName) + " of account " + aws.ToString(in.AccountId)
	}
	return ""
}
