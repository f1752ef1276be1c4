package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// helperTimeout is how long a credential helper may take; some refresh a token.
const helperTimeout = 30 * time.Second

// maxAnswer of a credential helper is read, in bytes; tokens are some thousand.
const maxAnswer = 1 << 20

// tokenUser is the user name that marks an identity token (docker login's
// credential helper protocol).
const tokenUser = "<token>"

// Keychain looks up the user's credentials for one registry, in the files that
// docker and podman write. It never takes those of another registry.
type Keychain struct {
	// Files are read in this order; the first that knows the registry wins. A
	// file that is not there is left out.
	Files []string
}

// CredentialFiles returns the files that hold registry credentials, by the rules
// of containers-auth.json(5) and the docker CLI: explicit ones first. None is
// below the working directory, which may be a cloned repository: a relative
// explicit one is an error, and relative XDG directories are left out, as their
// specification asks.
func CredentialFiles(getenv func(string) string, home string) ([]string, error) {
	for _, variable := range []string{"REGISTRY_AUTH_FILE", "DOCKER_CONFIG"} {
		if path := getenv(variable); path != "" && !filepath.IsAbs(path) {
			return nil, &CredentialError{Origin: variable, Err: fmt.Errorf("%q is not an absolute path", path)}
		}
	}
	var files []string
	add := func(dir string, elem ...string) {
		if filepath.IsAbs(dir) {
			files = append(files, filepath.Join(append([]string{dir}, elem...)...))
		}
	}
	add(getenv("REGISTRY_AUTH_FILE"))
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	add(getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		add(dir, "containers", "auth.json")
	} else {
		add(home, ".config", "containers", "auth.json")
	}
	return files, nil
}

// Credential is what is sent to a registry, and where it came from.
type Credential struct {
	authn.Authenticator
	// Origin names the file or helper; empty for anonymous access.
	Origin string
}

// Lookup returns the credential for a repository, anonymous when none is stored.
func (k Keychain) Lookup(ctx context.Context, repo name.Repository) (Credential, error) {
	for _, file := range k.Files {
		c, err := lookupFile(ctx, file, repo)
		if err != nil {
			return Credential{}, err
		}
		if c.Authenticator != nil {
			return c, nil
		}
	}
	return Credential{Authenticator: authn.Anonymous}, nil
}

func lookupFile(ctx context.Context, file string, repo name.Repository) (Credential, error) {
	config, err := readConfig(file)
	if config == nil {
		return Credential{}, err
	}
	for _, key := range registryKeys(repo.RegistryStr()) {
		if helper := config.CredentialHelpers[key]; helper != "" {
			return askHelper(ctx, helper, file, serverNames(repo.RegistryStr(), key))
		}
	}
	if auth, ok := storedAuth(config, repo); ok {
		return Credential{authn.FromConfig(auth), file}, nil
	}
	if config.CredentialsStore != "" {
		return askHelper(ctx, config.CredentialsStore, file, serverNames(repo.RegistryStr(), authn.DefaultAuthKey))
	}
	return Credential{}, nil
}

func readConfig(file string) (*configfile.ConfigFile, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &CredentialError{Origin: file, Err: err}
	}
	defer func() { _ = f.Close() }()
	config := configfile.New(file)
	const maxConfig = 4 << 20
	if err := config.LoadFromReader(io.LimitReader(f, maxConfig)); err != nil {
		return nil, &CredentialError{Origin: file, Err: err}
	}
	return config, nil
}

// storedAuth finds the entry for the repository, or for the namespace or the
// registry around it: the longest match, as containers-auth.json(5) has it.
func storedAuth(config *configfile.ConfigFile, repo name.Repository) (auth authn.AuthConfig, ok bool) {
	var keys []string
	for _, host := range hostKeys(repo.RegistryStr()) {
		for path := host + "/" + repo.RepositoryStr(); path != host; path = path[:strings.LastIndexByte(path, '/')] {
			keys = append(keys, path)
		}
	}
	for _, key := range append(keys, registryKeys(repo.RegistryStr())...) {
		a := config.AuthConfigs[key]
		auth = authn.AuthConfig{
			Username: a.Username, Password: a.Password,
			IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
		}
		if auth != (authn.AuthConfig{}) {
			return auth, true
		}
	}
	return auth, false
}

// registryKeys returns the forms in which a registry is a key of such a file: docker
// has the address that was logged in to.
func registryKeys(host string) []string {
	var keys []string
	for _, host := range hostKeys(host) {
		for _, form := range []string{"%s", "https://%s", "https://%s/", "https://%s/v1/", "https://%s/v2/"} {
			keys = append(keys, fmt.Sprintf(form, host))
		}
	}
	return keys
}

// hostKeys returns the names that files and settings use for a registry. Docker Hub has
// two, and is asked by the first.
func hostKeys(host string) []string {
	const hub = "docker.io"
	if host == name.DefaultRegistry || host == hub {
		return []string{name.DefaultRegistry, hub}
	}
	return []string{host}
}

// serverNames returns the names under which helpers keep the credentials of a registry. That
// of Docker Hub is docker.io for podman (containers/image asks for the key of credHelpers) and
// an address of its own for docker.
func serverNames(registry, key string) []string {
	if registry != name.DefaultRegistry {
		return []string{registry}
	}
	return slices.Compact([]string{key, authn.DefaultAuthKey})
}

// askHelper runs the credential helper that the user named in file, for one registry by all
// of its names. A helper may fail for a name that it does not know, so a failure counts when
// no name has a credential.
func askHelper(ctx context.Context, helper, file string, servers []string) (Credential, error) {
	var failed error
	for _, server := range servers {
		c, err := askHelperFor(ctx, helper, file, server)
		if c.Authenticator != nil {
			return c, nil
		}
		failed = cmp.Or(failed, err)
	}
	return Credential{}, failed
}

// askHelperFor keeps the helper's output out of errors: it may hold the secret.
func askHelperFor(ctx context.Context, helper, file, server string) (Credential, error) {
	program := "docker-credential-" + helper
	origin := program + " (from " + file + ")"
	if strings.ContainsAny(helper, `/\`) {
		return Credential{}, &CredentialError{Origin: origin, Err: errors.New("a helper is a name, not a path")}
	}
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, credentials.ActionGet)
	cmd.Stdin = strings.NewReader(server)
	out, _, err := subprocess.Run(cmd, maxAnswer)
	var got credentials.Credentials
	switch {
	case credentials.IsErrCredentialsNotFoundMessage(string(out)):
		return Credential{}, nil
	case err != nil:
		return Credential{}, &CredentialError{Origin: origin, Err: helperFailure(ctx, err)}
	case json.NewDecoder(bytes.NewReader(out)).Decode(&got) != nil:
		return Credential{}, &CredentialError{Origin: origin, Err: errors.New("its answer is not that of a credential helper")}
	}
	auth := authn.AuthConfig{Username: got.Username, Password: got.Secret}
	if got.Username == tokenUser {
		auth.Password, auth.IdentityToken = "", got.Secret
	}
	return Credential{authn.FromConfig(auth), origin}, nil
}

func helperFailure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("no answer: %w", ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("not found on PATH")
	}
	return err
}

// CredentialError says that stored credentials could not be read.
type CredentialError struct {
	// Origin is the file or the helper.
	Origin string
	Err    error
}

// Error names the file or the helper.
func (e *CredentialError) Error() string {
	return fmt.Sprintf("read registry credentials from %s: %v", e.Origin, e.Err)
}

// Unwrap returns the cause.
func (e *CredentialError) Unwrap() error { return e.Err }
