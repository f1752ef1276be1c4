package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// login is what a user does who has no credentials.
const login = "set AWS_PROFILE or the AWS_ACCESS_KEY_ID pair, log in (aws sso login), or run where a role is attached"

// watched tells the session's Redactor what it hands out, and says what is wrong
// when there is nothing.
type watched struct {
	aws.CredentialsProvider
	session *Session
}

// Retrieve returns the credentials of the provider it wraps.
func (w watched) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := w.CredentialsProvider.Retrieve(ctx)
	w.session.Redactor.Add(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	if err != nil {
		return c, w.session.explain(err)
	}
	return c, nil
}

// explain returns what the user can do about err, or err as it is.
func (s *Session) explain(err error) error {
	var told *sdk.Diagnostic
	var role *noRole
	var sso *ssocreds.InvalidTokenError
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &role):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: "no AWS credentials",
			Detail:   fmt.Sprintf("there are none in the AWS_ variables and in %s, and no instance role: %s", s.place(), role.reason()),
			NextStep: login,
		}
	case errors.As(err, &sso):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("no AWS credentials: the login of the profile %q has ended, or was never done", s.profile),
			Detail:   sso.Error(),
			NextStep: "aws sso login --profile " + s.profile,
		}
	}
	return err
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
func (s *Session) place() string { return fmt.Sprintf("the profile %q (%s)", s.profile, files()) }

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
	case errors.As(err, &missing) && missing.Profile == s.profile:
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("the AWS profile %q does not exist", missing.Profile),
			Detail:   "looked in " + files(),
			NextStep: "check AWS_PROFILE, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
		}
	case errors.As(err, &mfa):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("the AWS profile %q needs an MFA token (mfa_serial), which is not asked for", s.profile),
			Detail: "a plugin has no terminal to ask on",
			NextStep: fmt.Sprintf("let the AWS CLI 2 ask, and take over its session: eval \"$(aws configure export-credentials --profile %s --format env)\", then unset AWS_PROFILE",
				s.profile),
		}
	case mode != "" && strings.Contains(err.Error(), "RetryMode"):
		return &sdk.Diagnostic{
			Severity: sdk.Error, Summary: fmt.Sprintf("AWS_RETRY_MODE is %q, which the AWS SDK for Go does not have", mode),
			NextStep: "set it to standard or adaptive, or unset it",
		}
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: fmt.Sprintf("cannot load the AWS profile %q", s.profile), Detail: s.Redactor.Clean(err.Error()) + " (" + files() + ")",
		NextStep: "check these files and the AWS_ variables",
	}
}
