package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// login is what a user does who has no credentials.
const login = "set AWS_PROFILE or the AWS_ACCESS_KEY_ID pair, log in (aws sso login), or run where a role is attached"

// watched makes known what it hands out, and says what is wrong
// when there is nothing.
type watched struct {
	aws.CredentialsProvider
	session *Session
	sources []aws.CredentialSource
}

func (s *Session) watch(provider aws.CredentialsProvider) watched {
	return watched{provider, s, sources(provider)}
}

// sources are the kinds of places that a provider's credentials come from.
func sources(provider aws.CredentialsProvider) []aws.CredentialSource {
	if of, ok := provider.(aws.CredentialProviderSource); ok {
		return of.ProviderSources()
	}
	return nil
}

// Retrieve returns the credentials of the provider it wraps.
func (w watched) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := w.CredentialsProvider.Retrieve(ctx)
	w.session.learn(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	if err != nil {
		return c, w.explain(err)
	}
	return c, nil
}

func (w watched) from(places ...aws.CredentialSource) bool {
	return slices.ContainsFunc(places, func(s aws.CredentialSource) bool { return slices.Contains(w.sources, s) })
}

// explain returns what the user can do about err. Of what the SDK says nothing is
// repeated that it may have read in a file or an answer with credentials.
func (w watched) explain(err error) error {
	var told *sdk.Diagnostic
	var role *noRole
	var server *containerError
	var instance *metadataError
	var empty *credentials.StaticCredentialsEmptyError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &role):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: "no AWS credentials",
			Detail:   fmt.Sprintf("there are none in the AWS_ variables and in %s, and no instance role: %s", w.session.place(), role.reason()),
			NextStep: login,
		}
	case errors.As(err, &server):
		return server.diagnostic()
	case errors.As(err, &instance):
		return instance.diagnostic()
	case errors.As(err, &empty):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: "no AWS credentials",
			Detail:   fmt.Sprintf("%s takes them from the AWS_ variables (credential_source = Environment), and there are none", w.session.place()),
			NextStep: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
		}
	}
	if action := trouble.Action(err); action != "" {
		return w.session.refused(action, err)
	}
	switch {
	case w.from(aws.CredentialSourceSSO, aws.CredentialSourceSSOLegacy, aws.CredentialSourceLogin):
		return w.session.noLogin("the file of the login is not there, or out of date")
	case w.from(aws.CredentialSourceEnvVarsSTSWebIDToken, aws.CredentialSourceProfileSTSWebIDToken):
		return w.session.noToken(err)
	case w.from(aws.CredentialSourceHTTP):
		return serverSilent(err)
	}
	return &trouble.CredentialsError{From: "they were to come from " + w.session.place(), Err: err}
}

// refused is about what the services of a login say.
// https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
func (s *Session) refused(action string, err error) error {
	code := trouble.Code(err)
	switch {
	case action == "sso:GetRoleCredentials" && (code == "ForbiddenException" || code == "ResourceNotFoundException"):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("the login of the AWS profile %q has no access to the role %s", s.base().Profile, trouble.Role(err)),
			Detail:   code,
			NextStep: "have the account and the permission set assigned to you in IAM Identity Center, or correct sso_account_id and sso_role_name of the profile",
		}
	case action == "sso:GetRoleCredentials" && code == "UnauthorizedException",
		action == "sso-oauth:CreateToken" && slices.Contains([]string{
			"AccessDeniedException", "ExpiredTokenException", "InvalidClientException", "InvalidGrantException", "InvalidRequestException", "UnauthorizedClientException",
		}, code):
		return s.noLogin(code)
	case action == "sts:AssumeRoleWithWebIdentity" && slices.Contains([]string{"ExpiredTokenException", "InvalidIdentityToken", "IDPRejectedClaim"}, code):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: "AWS does not take the web identity token for the role " + trouble.Role(err), Detail: code,
			NextStep: "get a new token into " + s.tokenFile() + "; the account needs an OIDC provider for the token's issuer, with its audience (sts.amazonaws.com as a rule)",
		}
	}
	return err
}

func (s *Session) noLogin(why string) error {
	name := s.base().Profile
	command := "aws sso login --profile " + name
	if s.base().LoginSession != "" {
		command = "aws login --profile " + name
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: fmt.Sprintf("no AWS credentials: the login of the profile %q has ended, or was never done", name),
		Detail: why, NextStep: command,
	}
}

func (s *Session) noToken(err error) error {
	if _, problem := os.Stat(s.tokenFile()); problem != nil {
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: "no AWS credentials: the file of the web identity token cannot be read", Detail: problem.Error(),
			NextStep: "correct AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file of the profile",
		}
	}
	return &trouble.CredentialsError{From: "they were to come from the web identity token in " + s.tokenFile(), Err: err}
}

// tokenFile is that of the web identity token.
func (s *Session) tokenFile() string {
	if file := s.base().WebIdentityTokenFile; file != "" {
		return file
	}
	return os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
}

// serverSilent is about a server of container credentials that could not be asked.
func serverSilent(err error) error {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, Summary: "the server of container credentials does not answer",
		NextStep: "check AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	}
	var op *net.OpError
	variable, token, problem := serverToken()
	switch {
	case errors.As(err, &op):
		d.Detail = op.Error()
	case problem != nil:
		d.Summary, d.Detail = "the token for the server of container credentials cannot be read", problem.Error()
		d.NextStep = "correct " + variable
	case strings.ContainsAny(token, "\r\n"):
		d.Summary = "the token for the server of container credentials has a line break"
		d.NextStep = "write what " + variable + " has without one, also at its end"
	}
	return d
}

// serverToken is what is sent to a server of container credentials, and the variable that
// has it or names its file.
func serverToken() (variable, token string, err error) {
	const inFile, direct = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	file := os.Getenv(inFile)
	if file == "" {
		return direct, os.Getenv(direct), nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the user's own file, as the SDK reads it
	return inFile, string(text), err
}

// base is the profile that a chain of profiles begins with.
func (s *Session) base() config.SharedConfig {
	if s.profile == nil {
		return config.SharedConfig{Profile: s.name}
	}
	p := s.profile
	for p.Source != nil {
		p = p.Source
	}
	return *p
}

// profileName is the profile that the AWS SDK goes by.
func profileName(asked string) string {
	for _, name := range []string{asked, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE")} {
		if name != "" {
			return name
		}
	}
	return "default"
}

// place is the profile and the files it is looked for in.
func (s *Session) place() string { return fmt.Sprintf("the profile %q (%s)", s.name, files()) }

// files are those of the AWS configuration, and whether they are there.
func files() string {
	names := []string{config.DefaultSharedConfigFilename(), config.DefaultSharedCredentialsFilename()}
	for i, variable := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		if name := os.Getenv(variable); name != "" {
			names[i] = name
		}
		if _, err := os.Stat(names[i]); errors.Is(err, os.ErrNotExist) {
			names[i] += ", which does not exist"
		}
	}
	return strings.Join(names, "; ")
}

// configProblem says why the configuration cannot be loaded.
func (s *Session) configProblem(err error) error {
	var missing config.SharedConfigProfileNotExistError
	var mfa config.AssumeRoleTokenProviderNotSetError
	mode := os.Getenv("AWS_RETRY_MODE")
	switch {
	case errors.As(err, &missing):
		d := &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("the AWS profile %q does not exist", missing.Profile),
			Detail:   "looked in " + files(),
			NextStep: "check AWS_PROFILE, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
		}
		if missing.Profile != s.name {
			d.NextStep = fmt.Sprintf("correct source_profile of the profile %q or of those that it names", s.name)
		}
		return d
	case errors.As(err, &mfa):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("the AWS profile %q needs an MFA token (mfa_serial), which is not asked for", s.name),
			Detail: "a plugin has no terminal to ask on",
			NextStep: fmt.Sprintf("let the AWS CLI 2 ask, and take over its session: eval \"$(aws configure export-credentials --profile %s --format env)\", then unset AWS_PROFILE",
				s.name),
		}
	case mode != "" && strings.Contains(err.Error(), "RetryMode"):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("AWS_RETRY_MODE is %q, which the AWS SDK for Go does not have", mode),
			NextStep: "set it to standard or adaptive, or unset it",
		}
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: fmt.Sprintf("cannot load the AWS profile %q", s.name), Detail: unusable(err) + " (" + files() + ")",
		NextStep: "check these files and the AWS_ variables",
	}
}

var (
	// keyForm and variableForm are how the SDK names what it does not take; what it has
	// read there is not repeated.
	keyForm      = regexp.MustCompile(`failed to load ([a-z0-9_]+) from shared config`)
	variableForm = regexp.MustCompile(`\bAWS_[A-Z0-9_]+\b`)
)

// unusable says what the SDK does not take, by what it is and not by what it holds.
func unusable(err error) string {
	text := err.Error()
	var path *fs.PathError
	var file config.SharedConfigLoadError
	if errors.As(err, &path) {
		return path.Error()
	}
	if errors.As(err, &file) {
		return "a line is not as AWS has them in " + file.Filename
	}
	for _, known := range []struct{ said, meaning string }{
		{"partial credentials found for profile", "half a key pair: one of aws_access_key_id and aws_secret_access_key is missing in the profile or in one that it names"},
		{"only one credential type may be specified", "it has more than one of source_profile, credential_source, credential_process and web_identity_token_file"},
		{"credential_source values must be", "credential_source is not one of EcsContainer, Ec2InstanceMetadata and Environment"},
		{"EcsContainer was specified", "credential_source is EcsContainer, and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set"},
		{"is configured to use SSO but is missing", "it lacks one of sso_account_id, sso_role_name, sso_region and sso_start_url"},
		{"failed to find SSO session section", "there is no section for its sso_session"},
		{"role ARN is not set", "there is a web identity token, and AWS_ROLE_ARN or role_arn is missing"},
		{"custom CA bundle", "the file in AWS_CA_BUNDLE or ca_bundle has no certificates in PEM"},
		{"local HTTP cred provider", "AWS_CONTAINER_CREDENTIALS_FULL_URI is not the URL of a server on this machine, of ECS or of EKS"},
		{"invalid endpoint host", "AWS_CONTAINER_CREDENTIALS_FULL_URI is not the URL of a server on this machine, of ECS or of EKS"},
		{"failed to resolve host", "the host in AWS_CONTAINER_CREDENTIALS_FULL_URI is not known"},
		{"invalid URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL"},
	} {
		if strings.Contains(text, known.said) {
			return known.meaning
		}
	}
	if key := keyForm.FindStringSubmatch(text); key != nil {
		return "the value of " + key[1] + " is not one that the AWS SDK for Go takes"
	}
	if name := variableForm.FindString(text); name != "" && os.Getenv(name) != "" {
		return "the value of " + name + " is not one that the AWS SDK for Go takes"
	}
	return "the AWS SDK does not take what they say"
}
