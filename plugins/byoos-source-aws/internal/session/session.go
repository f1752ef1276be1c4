// Package session makes clients of the AWS services. Credentials and endpoints
// come from the AWS SDK's own chain and from nowhere else.
package session

import (
	"cmp"
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
	"github.com/aws/smithy-go/middleware"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// defaultSessionName names the session of an assumed role.
const defaultSessionName = "kubectl-byoos"

// Session holds what clients are made from.
type Session struct {
	// Region is that of the AWS configuration; empty when it names none.
	Region string
	// Timeout of one call with its retries.
	Timeout time.Duration

	config aws.Config
	// name is that of the profile, and profile what it holds.
	name    string
	profile *config.SharedConfig
	user    settings.User
	secrets *sdk.Secrets
	role    string
	shared  *Shared
	// mode and attempts are how the user wants calls to be repeated.
	mode     aws.RetryMode
	attempts int
	// endpoints is what is wrong with that of a service.
	endpoints map[string]error
	// AnyRegion is where to call a service that is not regional in meaning.
	AnyRegion string
	identity  identity
}

// Clean takes secrets out of a text that is cut.
func (s *Session) Clean(text string) string { return s.secrets.Clean(text) }

// Open loads the AWS configuration. It makes no call but those that the
// credentials need. userSettings is the user's own word on this plugin, and secrets is
// told all that gives access.
func (p *Shared) Open(ctx context.Context, c settings.Config, userSettings map[string]any, secrets *sdk.Secrets, log *slog.Logger) (*Session, error) {
	timeout, err := c.Timeout()
	if err != nil {
		return nil, err
	}
	user, err := settings.ReadUser(userSettings)
	if err != nil {
		return nil, err
	}
	if c.Profile == profileName("") {
		c.Profile = "" // it changes nothing then, as it would for the AWS SDK
	}
	if err := checkProfile(c.Profile, user); err != nil {
		return nil, err
	}
	if err := checkPair(c.Profile, os.Getenv); err != nil {
		return nil, err
	}
	s := &Session{secrets: secrets, Timeout: timeout, name: profileName(c.Profile), user: user, shared: p, role: c.RoleARN, AnyRegion: fallbackRegion(c)}
	s.learn(os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY"), os.Getenv("AWS_SESSION_TOKEN"),
		os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"), c.ExternalID)
	loaded, err := s.load(ctx, c, log)
	if err != nil {
		return nil, s.configProblem(err)
	}
	if own, ok := s.withProgram(ctx, loaded); ok {
		loaded.Credentials = own
	}
	loaded.Credentials = s.watch(loaded.Credentials)
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
		config.WithAPIOptions([]func(*middleware.Stack) error{s.attend}),
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	first, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, err
	}
	for _, place := range first.ConfigSources {
		if profile, ok := place.(config.SharedConfig); ok {
			s.profile = &profile
		}
	}
	s.endpoints = badEndpoints(first)
	s.mode, s.attempts = first.RetryMode, first.RetryMaxAttempts
	if s.Region = first.Region; s.Region != "" {
		s.AnyRegion = s.Region
	} else if own := s.rolesPartition(); own != "" && c.RoleARN == "" && settings.Partition(s.AnyRegion) != own {
		s.AnyRegion = mainRegion(own)
	}
	roles := newMetadata(first)
	options = append(options,
		config.WithDefaultRegion(s.AnyRegion), // for STS, which a profile's role asks
		config.WithRetryer(func() aws.Retryer { return retryer(s.mode, s.attempts) }),
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = roles }),
	)
	loaded, err := config.LoadDefaultConfig(ctx, append(options, s.chainOptions(first)...)...)
	loaded.HTTPClient = s.steady(loaded.HTTPClient)
	return loaded, err
}

// rolesPartition is that of the role which the AWS configuration assumes, or "".
func (s *Session) rolesPartition() string {
	role := os.Getenv("AWS_ROLE_ARN")
	if s.profile != nil && s.profile.RoleARN != "" {
		role = s.profile.RoleARN
	}
	return partitionOf(role)
}

func partitionOf(arn string) string { return strings.Split(arn+"::", ":")[1] }

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
	s.config.Credentials = s.watch(aws.NewCredentialsCache(provider))
}

// logger hands the SDK's own words to the host's log, at the level of details:
// what matters comes back as an error.
func (s *Session) logger(log *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		if log != nil {
			log.Debug("aws sdk: " + fmt.Sprintf(format, v...))
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
	return mainRegion(partitionOf(c.RoleARN))
}

// mainRegion is a region of a partition that is enabled for every account.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html
func mainRegion(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-iso":
		return "us-iso-east-1"
	case "aws-iso-b":
		return "us-isob-east-1"
	case "aws-iso-e":
		return "eu-isoe-west-1"
	case "aws-iso-f":
		return "us-isof-south-1"
	case "aws-eusc":
		return "eusc-de-east-1"
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

// EC2 returns a client for a region.
func (s *Session) EC2(region string) *ec2.Client {
	return ec2.NewFromConfig(s.config, func(o *ec2.Options) { o.Region, o.Retryer = region, s.retryer(ec2.ServiceID, region) })
}

// ImageBuilder returns a client for a region.
func (s *Session) ImageBuilder(region string) *imagebuilder.Client {
	return imagebuilder.NewFromConfig(s.config, func(o *imagebuilder.Options) { o.Region, o.Retryer = region, s.retryer(imagebuilder.ServiceID, region) })
}

// SSM returns a client for a region.
func (s *Session) SSM(region string) *ssm.Client {
	return ssm.NewFromConfig(s.config, func(o *ssm.Options) { o.Region, o.Retryer = region, s.retryer(ssm.ServiceID, region) })
}

// retryer is one for each service and region, as AWS counts calls by them.
func (s *Session) retryer(service, region string) aws.Retryer {
	return s.shared.retryer(limit{service, region, s.name, s.role, s.mode, s.attempts})
}

// checkProfile lets a spec name only a profile that the user has permitted: a
// profile of the AWS configuration can hold other credentials, and a
// credential_process that is executed.
func checkProfile(profile string, user settings.User) error {
	if profile == "" || slices.Contains(user.Profiles, profile) {
		return nil
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: "profile",
		Summary:  fmt.Sprintf("the spec asks for the AWS profile %q, which you have not permitted", profile),
		Detail:   "a spec can come with a cloned repository; a profile can hold credentials and run a program",
		NextStep: fmt.Sprintf("set AWS_PROFILE=%s, or list it under plugins.aws.profiles in your own configuration file", profile),
	}
}

// checkPair tells of half a key pair in the variables. The SDK goes on without it, and
// may find other credentials than those that were meant.
func checkPair(profile string, getenv func(string) string) error {
	id := cmp.Or(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_ACCESS_KEY"))
	secret := cmp.Or(getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SECRET_KEY"))
	if profile != "" || (id == "") == (secret == "") {
		return nil // a profile of its own comes before the variables
	}
	set, missing := "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
	if id == "" {
		set, missing = missing, set
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: fmt.Sprintf("half a key pair: %s is set, and %s is not", set, missing),
		NextStep: "set both, or unset both",
	}
}
