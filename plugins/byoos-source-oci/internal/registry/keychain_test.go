package registry_test

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
)

func TestCredentialFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		env   map[string]string
		home  string
		want  []string
		fails string
	}{
		"a home":              {nil, "/home/me", []string{"/home/me/.docker/config.json", "/home/me/.config/containers/auth.json"}, ""},
		"no home":             {nil, "", nil, ""},
		"all":                 {map[string]string{"REGISTRY_AUTH_FILE": "/a.json", "DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/run", "XDG_CONFIG_HOME": "/c"}, "/home/me", []string{"/a.json", "/d/config.json", "/run/containers/auth.json", "/c/containers/auth.json"}, ""},
		"relative folders":    {map[string]string{"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "c"}, "/home/me", []string{"/home/me/.docker/config.json", "/home/me/.config/containers/auth.json"}, ""},
		"a relative file":     {map[string]string{"REGISTRY_AUTH_FILE": "a.json"}, "/home/me", nil, `from REGISTRY_AUTH_FILE: "a.json" is not an absolute path`},
		"a relative folder":   {map[string]string{"DOCKER_CONFIG": ".docker"}, "/home/me", nil, `from DOCKER_CONFIG: ".docker" is not an absolute path`},
		"a home that is none": {nil, "home", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := registry.CredentialFiles(func(key string) string { return tc.env[key] }, tc.home)
			if !slices.Equal(files, tc.want) || (err != nil) != (tc.fails != "") || err != nil && !strings.Contains(err.Error(), tc.fails) {
				t.Errorf("%q, %v", files, err)
			}
		})
	}
}

// found looks up which user a repository is read as: none for anonymous access.
func found(t *testing.T, repository string, files ...string) (user, origin string, err error) {
	t.Helper()
	repo, err := name.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	credential, err := registry.Keychain{Files: files}.Lookup(t.Context(), repo)
	if err != nil {
		return "", "", err
	}
	auth, err := credential.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	return auth.Username + auth.IdentityToken + auth.RegistryToken, credential.Origin, nil
}

// logins is a file with a user of its own for each key.
func logins(keys ...string) string {
	var all []string
	for i, key := range keys {
		user := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "user%d:%s", i, password))
		all = append(all, fmt.Sprintf(`%q: {"auth": %q}`, key, user))
	}
	return `{"auths": {` + strings.Join(all, ", ") + `}}`
}

func TestLoginOfARegistry(t *testing.T) {
	for name, tc := range map[string]struct{ file, repository, want string }{
		"the host":                    {logins("r.example"), "r.example/team/os", "user0"},
		"the host with its port":      {logins("r.example", "r.example:5000"), "r.example:5000/team/os", "user1"},
		"no other port":               {logins("r.example:5000"), "r.example/team/os", ""},
		"no other host":               {logins("example", "other.example", "r.example.com"), "r.example/team/os", ""},
		"an address":                  {logins("https://r.example/v2/"), "r.example/team/os", "user0"},
		"the repository":              {logins("r.example", "r.example/team", "r.example/team/os"), "r.example/team/os", "user2"},
		"the namespace":               {logins("r.example", "r.example/team"), "r.example/team/os", "user1"},
		"no other namespace":          {logins("r.example/tea", "r.example/other"), "r.example/team/os", ""},
		"Docker Hub":                  {logins("https://index.docker.io/v1/"), "docker.io/team/os", "user0"},
		"Docker Hub's other name":     {logins("docker.io"), "docker.io/team/os", "user0"},
		"an entry without a login":    {`{"auths": {"r.example": {}}}`, "r.example/os", ""},
		"an identity token":           {`{"auths": {"r.example": {"identitytoken": "one"}}}`, "r.example/os", "one"},
		"a registry's token":          {`{"auths": {"r.example": {"registrytoken": "two"}}}`, "r.example/os", "two"},
		"a name and a password apart": {`{"auths": {"r.example": {"username": "me", "password": "pw"}}}`, "r.example/os", "me"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, tc.file)
			user, origin, err := found(t, tc.repository, filepath.Join(t.TempDir(), "absent"), file)
			if user != tc.want || (origin == file) != (tc.want != "") || err != nil {
				t.Errorf("%q from %q, %v", user, origin, err)
			}
		})
	}
	first, second := write(t, logins("other.example", "r.example")), write(t, logins("r.example"))
	if user, origin, err := found(t, "r.example/os", first, second); user != "user1" || origin != first || err != nil {
		t.Errorf("the second file wins: %q from %q, %v", user, origin, err)
	}
}

func TestLoginsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct{ file, want string }{
		"half a file":             {`{"auths": {"r.example": {"auth": "` + password, "unexpected EOF"},
		"a helper that is a path": {`{"credsStore": "../evil"}`, "a helper is a name, not a path"},
		"an absent helper":        {`{"credHelpers": {"r.example": "absent"}}`, "not found on PATH"},
		"and a login beside it":   {`{"credHelpers": {"r.example": "absent"}, "auths": {"r.example": {"auth": "dTpw"}}}`, "not found on PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, tc.file)
			t.Setenv("PATH", t.TempDir())
			_, _, err := found(t, "r.example/os", file)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), password) {
				t.Error(err)
			}
			// Where a login is stored that cannot be read, nothing is asked without it.
			c, _ := client(t)
			c.Keychain.Files = []string{file}
			_, _, err = tags(t, open(t, c, "r.example"))
			fails(t, err, "read registry credentials from ", "repair that file or helper, or log in again: docker login r.example")
		})
	}
	for file, doing := range map[string]string{t.TempDir(): "read ", filepath.Join(write(t, "{}"), "below"): "open "} {
		if _, _, err := found(t, "r.example/os", file); err == nil || !strings.Contains(err.Error(), "read registry credentials from "+file+": "+doing+file) {
			t.Errorf("what is no file: %v", err)
		}
	}
}
