package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// program is the credential_process of a profile. The SDK's own provider lets the
// program's words go to stderr and puts all of its output, which is secret, into
// the error when it does not parse.
type program struct {
	profile, command string
	// call ends the program with the command: the SDK's cache of credentials keeps
	// that from a provider (aws.CredentialsCache).
	call context.Context
	// limit is less than a call's time, so that the program is named and not the
	// deadline that it made others miss.
	limit time.Duration
}

// maxOutput of a program is read; credentials are some thousand bytes.
const maxOutput = 1 << 16

// output refuses what no credentials are as long as.
type output struct {
	bytes.Buffer
	over bool
}

// Write takes p, or fails when there is too much.
func (o *output) Write(p []byte) (int, error) {
	if o.Len()+len(p) > maxOutput {
		o.over = true
		return 0, io.ErrShortBuffer
	}
	return o.Buffer.Write(p)
}

// words keeps about the last that was written.
type words struct{ bytes.Buffer }

// Write takes p.
func (w *words) Write(p []byte) (int, error) {
	if w.Len() > maxOutput {
		w.Next(w.Len() / 2)
	}
	return w.Buffer.Write(p)
}

// Retrieve runs the program.
func (p program) Retrieve(context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(p.call, p.limit)
	defer cancel()
	var printed output
	var said words
	build := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{p.command}}.NewCommand(ctx)
		if err != nil {
			return nil, err
		}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, &printed, &said
		endAll(cmd)
		cmd.WaitDelay = time.Second // a program that it started may hold the pipes
		return cmd, nil
	})
	c, err := processcreds.NewProviderCommand(build, func(o *processcreds.Options) { o.Timeout = p.limit }).Retrieve(ctx)
	if err != nil {
		return c, p.problem(ctx, err, said.String(), &printed)
	}
	return c, nil
}

func (p program) problem(ctx context.Context, err error, words string, printed *output) *sdk.Diagnostic {
	detail := "what it printed is not what AWS expects: JSON with Version 1, AccessKeyId and SecretAccessKey"
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		detail = fmt.Sprintf("it did not end within %s", p.limit)
	case printed.over:
		detail = fmt.Sprintf("it printed more than %d bytes", maxOutput)
	case errors.As(err, &exit):
		detail = exit.String()
	case printed.Len() == 0:
		detail = "it printed nothing"
	}
	if said := scrub(words, printed.String()); said != "" {
		detail += "; it said: " + said
	}
	return &sdk.Diagnostic{
		Severity: sdk.Error, Summary: fmt.Sprintf("the credential_process of the AWS profile %q gives no credentials", p.profile),
		Detail:   detail,
		NextStep: fmt.Sprintf("make it work by itself first (aws sts get-caller-identity --profile %s); it is not given a terminal here", p.profile),
	}
}

// withProgram puts the own runner into a chain of credentials that begins with a
// program, and reports whether it does.
func (s *Session) withProgram(ctx context.Context, c aws.Config) (aws.CredentialsProvider, bool) {
	source, ok := c.Credentials.(aws.CredentialProviderSource)
	if !ok {
		return nil, false
	}
	for _, from := range source.ProviderSources() {
		if from != aws.CredentialSourceProcess {
			continue
		}
		for _, place := range c.ConfigSources {
			if profile, ok := place.(config.SharedConfig); ok {
				return aws.NewCredentialsCache(s.chain(ctx, c, &profile)), true
			}
		}
	}
	return nil, false
}

// chain is what the SDK makes of a profile whose chain begins with a program.
func (s *Session) chain(ctx context.Context, c aws.Config, profile *config.SharedConfig) aws.CredentialsProvider {
	var provider aws.CredentialsProvider = program{profile.Profile, profile.CredentialProcess, ctx, s.Timeout * 9 / 10}
	if profile.Source != nil {
		provider = s.chain(ctx, c, profile.Source)
	}
	if profile.RoleARN == "" {
		return provider
	}
	base := c.Copy()
	base.Credentials = watched{aws.NewCredentialsCache(provider), s}
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), profile.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = profile.RoleSessionName
		if profile.RoleDurationSeconds != nil {
			o.Duration = *profile.RoleDurationSeconds
		}
		if profile.ExternalID != "" {
			o.ExternalID = aws.String(profile.ExternalID)
		}
	})
}

const (
	// minRepeated is how long a part of a program's output must be for its words
	// to be searched for it.
	minRepeated = 12
	// minMixed and minLong are how long a word is that may be a key or a token: one
	// of letters of both cases and digits, and any with a digit.
	minMixed, minLong = 12, 32
	// maxWords of a program are shown, its last.
	maxWords = 300
	hidden   = "(redacted)"
)

var (
	keyForm      = regexp.MustCompile(`\bA[A-Z0-9]{15,}\b`)
	assignedForm = regexp.MustCompile(`(?i)((?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|authorization)[a-z_-]*["']?\s*[:=]\s*["']?)[^\s"',;]{6,}`)
	namedForm    = regexp.MustCompile(`(?i)\b((?:secret|token|passw(?:or)?d|passphrase|passcode)\s+(?:is\s+|was\s+)?)\S*\d\S*`)
	bearerForm   = regexp.MustCompile(`(?i)\b(bearer|basic)\s+\S{6,}`)
	urlForm      = regexp.MustCompile(`(://)[^/\s@"]*@|(\?)[^\s?"]+=[^\s"]+`)
	lineForm     = regexp.MustCompile(`(?m)^\s*[A-Za-z0-9+/=_-]{12,}\s*$`)
	partForm     = regexp.MustCompile(`[A-Za-z0-9+/=_-]+`)
)

// scrub returns words on one line, without what may be secret: what the output
// holds too, and what has the form of a key, a token or a password.
func scrub(words, output string) string {
	for _, part := range partForm.FindAllString(strings.ReplaceAll(output, `\/`, "/"), -1) {
		if len(part) >= minRepeated {
			words = strings.ReplaceAll(words, part, hidden)
		}
	}
	words = lineForm.ReplaceAllString(words, hidden) // what was wrapped
	words = keyForm.ReplaceAllString(words, hidden)
	words = bearerForm.ReplaceAllString(words, "$1 "+hidden)
	words = assignedForm.ReplaceAllString(words, "${1}"+hidden)
	words = namedForm.ReplaceAllString(words, "${1}"+hidden)
	words = withoutURLSecrets(words)
	words = partForm.ReplaceAllStringFunc(words, func(text string) string {
		if mayBeSecret(text) {
			return hidden
		}
		return text
	})
	words = strings.Join(strings.Fields(strings.ToValidUTF8(words, "")), " ")
	if len(words) > maxWords {
		words = "..." + strings.ToValidUTF8(words[len(words)-maxWords:], "")
	}
	return words
}

func mayBeSecret(text string) bool {
	if !strings.ContainsAny(text, "0123456789") {
		return false
	}
	mixed := strings.ToUpper(text) != text && strings.ToLower(text) != text
	return len(text) >= minLong || mixed && len(text) >= minMixed
}

// withoutURLSecrets cuts the user, the password and the query out of URLs.
func withoutURLSecrets(text string) string {
	return urlForm.ReplaceAllString(text, "${1}${2}"+hidden)
}
