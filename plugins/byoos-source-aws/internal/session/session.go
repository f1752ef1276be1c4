// Package session makes clients of the AWS services. Credentials and endpoints
// come from the AWS SDK's own chain and from nowhere else.
package session

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// defaultSessionName names the session of an assumed role.
const defaultSessionName = "kubectl-byoos"

// Session holds what clients are made from.
type Session struct {
	// Region is that of the AWS configuration; empty when it names none.
	Region   string
	Redactor *Redactor
	// Timeout of one call with its retries.
	Timeout time.Duration

	config  aws.Config
	profile string
	// AnyRegion is where to call a service that is not regional in meaning.
	AnyRegion string
	identity  identity
}

// Open loads the AWS configuration. It makes no call but those that the
// credentials need. userSettings is the user's own word on this plugin.
func Open(ctx context.Context, c settings.Config, userSettings map[string]any, log *slog.Logger) (*Session, error) {
	timeout, err := c.Timeout()
	if err != nil {
		return nil, err
	}
	if err := checkProfile(c.Profile, os.Getenv, userSettings); err != nil {
		return nil, err
	}
	s := &Session{Redactor: &Redactor{}, Timeout: timeout, profile: profileName(c.Profile), AnyRegion: fallbackRegion(c)}
	loaded, err := s.load(ctx, c, log)
	if err != nil {
		return nil, s.configProblem(err)
	}
	s.Redactor.Add(os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY"), os.Getenv("AWS_SESSION_TOKEN"),
		os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"), c.ExternalID)
	if own, ok := s.withProgram(ctx, loaded); ok {
		loaded.Credentials = own
	}
	loaded.HTTPClient = steady{loaded.HTTPClient}
	loaded.Credentials = watched{loaded.Credentials, s}
	s.config = loaded
	if c.RoleARN != "" {
		s.assume(c)
	}
	return s, nil
}

// load reads the configuration twice: what the clients of the credentials' chain
// are made with depends on it, and they are made while it is read.
func (s *Session) load(ctx context.Context, c settings.Config, log *slog.Logger) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(s.Timeout)),
		config.WithLogger(s.logger(log)),
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	first, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, err
	}
	if s.Region = first.Region; s.Region != "" {
		s.AnyRegion = s.Region
	}
	roles := newMetadata(first)
	return config.LoadDefaultConfig(ctx, append(options,
		config.WithDefaultRegion(s.AnyRegion), // for STS, which a profile's role asks
		config.WithRetryer(func() aws.Retryer { return retryer(first.RetryMode, first.RetryMaxAttempts) }),
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = roles }),
	)...)
}

// assume makes the session one of c.RoleARN.
func (s *Session) assume(c settings.Config) {
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(s.config), c.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = defaultSessionName
		if c.SessionName != "" {
			o.RoleSessionName = c.SessionName
		}
		if c.ExternalID != "" {
			o.ExternalID = aws.String(c.ExternalID)
		}
	})
	s.config.Credentials = watched{aws.NewCredentialsCache(provider), s}
}

// logger hands the SDK's own words to the host's log, at the level of details:
// what matters comes back as an error.
func (s *Session) logger(log *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		if log != nil {
			log.Debug(s.Redactor.Clean("aws sdk: " + fmt.Sprintf(format, v...)))
		}
	})
}

// fallbackRegion is where to call a service that is not regional in meaning.
func fallbackRegion(c settings.Config) string {
	for _, r := range c.Regions {
		if r != settings.AllEnabled {
			return r
		}
	}
	if c.ImageBuilder != nil && c.ImageBuilder.Home() != "" {
		return c.ImageBuilder.Home()
	}
	switch strings.Split(c.RoleARN+":::", ":")[1] {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return "us-east-1"
}

// Authenticate gets credentials once, so that a lack of them is one error and
// not one for each region.
func (s *Session) Authenticate(ctx context.Context) error {
	return s.Do(ctx, func(ctx context.Context) error {
		_, err := s.config.Credentials.Retrieve(ctx)
		return err
	})
}

// EC2 returns a client for a region. Each has a rate limiter of its own, as the
// service counts calls by region.
func (s *Session) EC2(region string) *ec2.Client {
	return ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region = region })
}

// ImageBuilder returns a client for a region.
func (s *Session) ImageBuilder(region string) *imagebuilder.Client {
	return imagebuilder.NewFromConfig(s.config, func(o *imagebuilder.Options) { o.Region = region })
}

// SSM returns a client for a region.
func (s *Session) SSM(region string) *ssm.Client {
	return ssm.NewFromConfig(s.config, func(o *ssm.Options) { o.Region = region })
}

// checkProfile lets a spec name only a profile that the user has permitted: a
// profile of the AWS configuration can hold other credentials, and a
// credential_process that is executed.
func checkProfile(profile string, getenv func(string) string, userSettings map[string]any) error {
	if profile == "" || profile == getenv("AWS_PROFILE") || profile == getenv("AWS_DEFAULT_PROFILE") {
		return nil
	}
	permitted, _ := userSettings["profiles"].([]any)
	if slices.Contains(permitted, any(profile)) {
		return nil
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: "profile",
		Summary:  fmt.Sprintf("the spec asks for the AWS profile %q, which you have not permitted", profile),
		Detail:   "a spec can come with a cloned repository; a profile can hold credentials and run a program",
		NextStep: fmt.Sprintf("set AWS_PROFILE=%s, or list it under plugins.aws.profiles in your own configuration file", profile),
	}
}
