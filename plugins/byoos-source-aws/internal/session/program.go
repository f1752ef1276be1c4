package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// run is what came of a program.
type run struct {
	turn        chan struct{} // holds one value while somebody runs it
	credentials aws.Credentials
	err         error
}

// program is the credential_process of a profile. The SDK's own provider lets the
// program's words go to stderr and puts all of its output, which is secret, into
// the error when it does not parse.
type program struct {
	profile, command string
	// environment is what the program gets, in lines.
	environment string
	// limit is less than a call's time, so that the program is named and not the
	// deadline that it made others miss.
	limit time.Duration
}

// once is a program that is run once.
type once struct {
	program
	// call ends the program with the command: the SDK's cache of credentials keeps
	// that from a provider (aws.CredentialsCache).
	call   context.Context
	shared *Shared
}

// Retrieve returns what the program gave to the one that asked first. One that was
// ended, with the call that had started it, is run again.
func (s once) Retrieve(context.Context) (aws.Credentials, error) {
	r := s.shared.run(s.program)
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-s.call.Done():
		return aws.Credentials{}, s.call.Err()
	}
	if r.err != nil || r.credentials.HasKeys() && !r.credentials.Expired() {
		return r.credentials, r.err
	}
	c, err := s.retrieve(s.call)
	if s.call.Err() == nil {
		r.credentials, r.err = c, err
	}
	return c, err
}

// maxOutput of a program is read; credentials are some thousand bytes.
const maxOutput = 1 << 16

// credentialsIn are those of an answer as AWS has it, or false.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
func credentialsIn(text []byte) (aws.Credentials, bool) {
	if runtime.GOOS == "windows" {
		text = bytes.ReplaceAll(text, []byte(`\"`), []byte(`"`)) // as cmd.exe writes them
	}
	var said processcreds.CredentialProcessResponse
	if json.Unmarshal(text, &said) != nil || said.Version != 1 || said.AccessKeyID == "" || said.SecretAccessKey == "" {
		return aws.Credentials{}, false
	}
	return aws.Credentials{
		Source: processcreds.ProviderName, AccessKeyID: said.AccessKeyID, SecretAccessKey: said.SecretAccessKey, SessionToken: said.SessionToken,
		AccountID: said.AccountID, CanExpire: said.Expiration != nil, Expires: aws.ToTime(said.Expiration),
	}, true
}

// retrieve runs the program.
func (p program) retrieve(call context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(call, p.limit)
	defer cancel()
	cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{p.command}}.NewCommand(ctx)
	if err != nil {
		return aws.Credentials{}, p.problem(ctx, err, subprocess.Said{})
	}
	cmd.Env = strings.Split(p.environment, "\n")
	printed, said, err := subprocess.Run(cmd, maxOutput)
	if err == nil && len(printed) == 0 {
		err = errNothing
	}
	c, ok := credentialsIn(printed)
	if err != nil || !ok {
		return aws.Credentials{}, p.problem(ctx, err, said)
	}
	return c, nil
}

var errNothing = errors.New("it printed nothing")

// problem tells nothing of what the program has written, nor its command line: all
// of that may be secret.
func (p program) problem(ctx context.Context, err error, said subprocess.Said) *sdk.Diagnostic {
	detail := "what it printed is not what AWS expects: JSON with Version 1, AccessKeyId and SecretAccessKey"
	var exit *exec.ExitError
	switch {
	case errors.Is(err, subprocess.ErrTooMuch):
		detail = fmt.Sprintf("it printed more than %d bytes", maxOutput)
	case ctx.Err() != nil:
		detail = fmt.Sprintf("it did not end within %s", p.limit)
	case errors.As(err, &exit):
		detail = exit.String()
	case errors.Is(err, errNothing):
		detail = errNothing.Error()
	case err != nil:
		detail = "it cannot be started: " + err.Error() // which names the shell alone
	}
	switch said.Lines {
	case 0:
	case 1:
		detail += "; it wrote a line to stderr, which is not shown"
	default:
		detail += fmt.Sprintf("; it wrote %d lines to stderr, which are not shown", said.Lines)
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error,
		Summary:  fmt.Sprintf("the credential_process of the AWS profile %q%s gives no credentials", p.profile, p.name()),
		Detail:   detail,
		NextStep: fmt.Sprintf("run it yourself: see credential_process of this profile in %s. Here it has no terminal, and of the environment what plugins.aws.environment names of your own configuration file, and little more",
			files()),
	}
}

// programForm is the name of a program, as opposed to what a shell makes something of.
var programForm = regexp.MustCompile(`^[A-Za-z0-9._/\\:~-]+$`)

// name is that of the program, without its folder; empty when the command line does
// not begin with one.
func (p program) name() string {
	first, _, _ := strings.Cut(strings.TrimSpace(p.command), " ")
	if quote := strings.TrimLeft(p.command, " "); strings.HasPrefix(quote, `"`) {
		first, _, _ = strings.Cut(quote[1:], `"`)
	}
	if !programForm.MatchString(first) {
		return ""
	}
	return " (" + filepath.Base(first) + ")"
}

// programEnvironment is what a program gets: what any needs, the places of the AWS
// configuration, and what the user lists. Not the keys and tokens that the plugin has.
// A value of several lines is left out, as the lines are kept as one text.
func programEnvironment(environ, listed []string) string {
	names := append([]string{
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
	}, slices.DeleteFunc(slices.Clone(listed), func(name string) bool { return strings.HasSuffix(name, "*") })...)
	environ = slices.DeleteFunc(slices.Clone(environ), func(variable string) bool { return strings.Contains(variable, "\n") })
	return strings.Join(subprocess.Environment(runtime.GOOS, environ, names), "\n")
}

// withProgram puts the own runner into a chain of credentials that begins with a
// program, and reports whether it does.
func (s *Session) withProgram(ctx context.Context, c aws.Config) (aws.CredentialsProvider, bool) {
	if s.profile == nil || !slices.Contains(sources(c.Credentials), aws.CredentialSourceProcess) {
		return nil, false
	}
	return aws.NewCredentialsCache(s.chain(ctx, c, s.profile)), true
}

// chain is what the SDK makes of a profile whose chain begins with a program.
func (s *Session) chain(ctx context.Context, c aws.Config, profile *config.SharedConfig) aws.CredentialsProvider {
	var provider aws.CredentialsProvider = once{
		program{profile.Profile, profile.CredentialProcess, programEnvironment(os.Environ(), s.user.Environment), s.Timeout * 9 / 10}, ctx, s.shared,
	}
	if profile.Source != nil {
		provider = s.chain(ctx, c, profile.Source)
	}
	if profile.RoleARN == "" {
		return provider
	}
	base := c.Copy()
	base.Credentials = s.watch(aws.NewCredentialsCache(provider))
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), profile.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = profile.RoleSessionName
		// Less than 16 minutes the SDK takes for its default, which is 15.
		if d := profile.RoleDurationSeconds; d != nil && *d/time.Minute > 15 {
			o.Duration = *d
		}
		if profile.ExternalID != "" {
			o.ExternalID = aws.String(profile.ExternalID)
		}
	})
}
