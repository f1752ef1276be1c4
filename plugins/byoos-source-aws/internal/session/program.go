package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
type program struct{ profile, command string }

// Retrieve runs the program.
func (p program) Retrieve(ctx context.Context) (aws.Credentials, error) {
	var output, words bytes.Buffer
	build := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{p.command}}.NewCommand(ctx)
		if err != nil {
			return nil, err
		}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, &output, &words
		cmd.WaitDelay = time.Second // a program that it started may hold the pipes
		return cmd, nil
	})
	c, err := processcreds.NewProviderCommand(build).Retrieve(ctx)
	if err != nil {
		return c, p.problem(err, words.String(), output.String())
	}
	return c, nil
}

func (p program) problem(err error, words, output string) *sdk.Diagnostic {
	detail := "what it printed is not what AWS expects: JSON with Version 1, AccessKeyId and SecretAccessKey"
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		detail = exit.String()
	case output == "":
		detail = "it printed nothing"
	}
	if said := scrub(words, output); said != "" {
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
func (s *Session) withProgram(c aws.Config) (aws.CredentialsProvider, bool) {
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
				return aws.NewCredentialsCache(s.chain(c, &profile)), true
			}
		}
	}
	return nil, false
}

// chain is what the SDK makes of a profile whose chain begins with a program.
func (s *Session) chain(c aws.Config, profile *config.SharedConfig) aws.CredentialsProvider {
	var provider aws.CredentialsProvider = program{profile.Profile, profile.CredentialProcess}
	if profile.Source != nil {
		provider = s.chain(c, profile.Source)
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
	// maxWords of a program are shown, its last.
	maxWords = 300
	hidden   = "(redacted)"
)

var (
	keyForm      = regexp.MustCompile(`\bA[A-Z0-9]{15,}\b`)
	assignedForm = regexp.MustCompile(`(?i)((?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|authorization)[a-z_-]*["']?\s*[:=]\s*["']?)[^\s"',;]{6,}`)
	bearerForm   = regexp.MustCompile(`(?i)\b(bearer|basic)\s+\S{6,}`)
	urlForm      = regexp.MustCompile(`(://)[^/\s@]*@|\?[^\s?]+=\S+`)
	longForm     = regexp.MustCompile(`[A-Za-z0-9+/=_-]{32,}`)
	partForm     = regexp.MustCompile(`[A-Za-z0-9+/=_-]+`)
)

// scrub returns words on one line, without what may be secret: what the output
// holds too, and what has the form of a key, a token or a password.
func scrub(words, output string) string {
	for _, part := range partForm.FindAllString(output, -1) {
		if len(part) >= minRepeated {
			words = strings.ReplaceAll(words, part, hidden)
		}
	}
	words = keyForm.ReplaceAllString(words, hidden)
	words = bearerForm.ReplaceAllString(words, "$1 "+hidden)
	words = assignedForm.ReplaceAllString(words, "${1}"+hidden)
	words = urlForm.ReplaceAllString(words, "${1}"+hidden)
	words = longForm.ReplaceAllStringFunc(words, func(text string) string {
		if strings.ContainsAny(text, "0123456789") {
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
