package signin

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// program is a command line that prints tokens. azidentity's own puts what the
// program wrote into its error, and ends no more than the shell that runs it.
type program struct {
	// get is the command that prints a token; a scope ends it.
	get  string
	read func([]byte) (azcore.AccessToken, error)
	// login is the command that signs in anew, and tenant the flag of both.
	login, tenant string
	// claims is the flag for what the service asks for beside a sign-in; atLogin says that
	// it is one of login.
	claims  string
	atLogin bool
	// suffix of a scope is not for the program.
	suffix string
	// limit is how long it may take.
	limit time.Duration
}

// azureCLI is az (learn.microsoft.com/cli/azure/account#az-account-get-access-token).
// Its older versions know no scopes.
func azureCLI(limit time.Duration) program {
	return program{
		get: "az account get-access-token -o json --resource", suffix: "/.default", read: readAzureCLI,
		login: "az login", tenant: "--tenant", claims: "--claims-challenge", atLogin: true, limit: limit,
	}
}

// developerCLI is azd (learn.microsoft.com/azure/developer/azure-developer-cli/reference#azd-auth-token).
func developerCLI(limit time.Duration) program {
	return program{
		get: "azd auth token -o json --no-prompt --scope", read: readDeveloperCLI,
		login: "azd auth login", tenant: "--tenant-id", claims: "--claims", limit: limit,
	}
}

func (p program) name() string { return strings.Fields(p.get)[0] }

// of appends the flag for a tenant, which may be empty.
func (p program) of(tenant string, args ...string) []string {
	if tenant == "" {
		return args
	}
	return append(args, p.tenant, tenant)
}

// anotherSignIn is why there is no token where Azure asks for more than a sign-in gave.
const anotherSignIn = "Azure asks for another sign-in, as for multi-factor authentication"

// maxOutput of a program is read; a token is some thousand bytes.
const maxOutput = 1 << 18

// inAMessage encodes claims, which are no secret, so that they do not begin as a token
// does: no message shows those. White space before JSON means nothing.
func inAMessage(claims string) string { return base64.StdEncoding.EncodeToString([]byte(" " + claims)) }

// GetToken runs the program. What it starts ends with it.
func (p program) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	claims := base64.StdEncoding.EncodeToString([]byte(o.Claims))
	if o.Claims != "" && p.atLogin {
		return azcore.AccessToken{}, &Failure{
			Way: p.name(), Why: anotherSignIn,
			Next: p.advice(o.TenantID, p.claims, inAMessage(o.Claims)),
		}
	}
	path, err := exec.LookPath(p.name())
	if err != nil {
		return azcore.AccessToken{}, absent(p.name() + " is not on the PATH")
	}
	args := p.of(o.TenantID, append(strings.Fields(p.get)[1:], strings.TrimSuffix(o.Scopes[0], p.suffix))...)
	if o.Claims != "" {
		args = append(args, p.claims, claims)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = systemFolder()
	printed, said, err := subprocess.Run(cmd, maxOutput)
	if err != nil {
		return azcore.AccessToken{}, p.failure(ctx, err, o.TenantID, said.Text)
	}
	token, err := p.read(printed)
	if err != nil || token.Token == "" {
		return azcore.AccessToken{}, &Failure{Way: p.name(), Why: "what it printed is no token in JSON", Next: p.advice(o.TenantID)}
	}
	return token, nil
}

func (p program) failure(ctx context.Context, err error, tenant string, said []byte) *Failure {
	f := &Failure{Way: p.name(), Why: "it cannot be started", Next: p.advice(tenant)}
	get := "run `" + strings.Join(strings.Fields(p.get)[:3], " ") + "`"
	joint := ": "
	switch {
	case errors.Is(err, subprocess.ErrTooMuch):
		f.Why, joint = fmt.Sprintf("it printed more than %d KiB", maxOutput>>10), ", and "
		f.Next = "find out what it prints: " + get
	case ctx.Err() != nil:
		f.Why, f.Next = fmt.Sprintf("it did not end within %s", p.limit), "find out why it hangs: "+get
		return f
	case errors.As(err, new(*exec.ExitError)):
		f.Why = "it ended with " + err.Error()
	default:
		return f
	}
	if e, found := entra(said); found {
		f.Why += joint + e.String()
		f.Next = cmp.Or(e.elsewhere(), p.advice(tenant))
	}
	return f
}

func (p program) advice(tenant string, more ...string) string {
	return "run `" + strings.Join(append(p.of(tenant, p.login), more...), " ") + "`"
}

// systemFolder is where programs run: one in which nobody but the system writes, as
// some read settings from where they are.
func systemFolder() string {
	if runtime.GOOS == "windows" {
		return os.Getenv("SYSTEMROOT")
	}
	return "/"
}

func readAzureCLI(printed []byte) (azcore.AccessToken, error) {
	var t struct {
		AccessToken string `json:"accessToken"`
		Seconds     int64  `json:"expires_on"` // since version 2.54
		Local       string `json:"expiresOn"`
	}
	if err := json.Unmarshal(printed, &t); err != nil {
		return azcore.AccessToken{}, err
	}
	ends := time.Unix(t.Seconds, 0)
	if t.Seconds == 0 {
		var err error
		if ends, err = time.ParseInLocation("2006-01-02 15:04:05.999999", t.Local, time.Local); err != nil {
			return azcore.AccessToken{}, err
		}
	}
	return azcore.AccessToken{Token: t.AccessToken, ExpiresOn: ends.UTC()}, nil
}

func readDeveloperCLI(printed []byte) (azcore.AccessToken, error) {
	var t struct {
		Token     string    `json:"token"`
		ExpiresOn time.Time `json:"expiresOn"`
	}
	if err := json.Unmarshal(printed, &t); err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: t.Token, ExpiresOn: t.ExpiresOn.UTC()}, nil
}
