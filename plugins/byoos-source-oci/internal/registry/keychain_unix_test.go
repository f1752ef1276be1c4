//go:build unix

package registry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/kubectl-byoos/kubectl-byoos/test/children"
)

// TestHelperEndsWithItsChildren has a credential helper wait for a program of its own,
// when its time is over: that holds a pipe, which ends with the last of them.
func TestHelperEndsWithItsChildren(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-slow"), []byte("#!/bin/sh\n"+children.Script(fifo)+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(`{"credsStore": "slow"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	repo, err := name.NewRepository("registry.example/os")
	if err != nil {
		t.Fatal(err)
	}
	began, err := children.EndWith(t, fifo, true, func(ctx context.Context) error {
		_, err := Keychain{Files: []string{file}}.Lookup(ctx, repo)
		return err
	})
	if !began || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestHelperOfDockerHub: podman keeps its credentials under docker.io, docker under an
// address, and no other registry's helper is asked.
func TestHelperOfDockerHub(t *testing.T) {
	const hub = "https://index.docker.io/v1/"
	for name, tt := range map[string]struct{ config, kept, fails, repository, asked, failure string }{
		"podman":                       {`{"credHelpers": {"docker.io": "fake"}}`, "docker.io", "", "docker.io/team/os", "docker.io", ""},
		"docker":                       {`{"credHelpers": {"https://index.docker.io/v1/": "fake"}}`, hub, "", "docker.io/team/os", hub, ""},
		"podman's key, docker's name":  {`{"credHelpers": {"docker.io": "fake"}}`, hub, "", "docker.io/team/os", "docker.io " + hub, ""},
		"which fails for another name": {`{"credHelpers": {"docker.io": "fake"}}`, hub, "docker.io", "docker.io/team/os", "docker.io " + hub, ""},
		"which fails":                  {`{"credHelpers": {"docker.io": "fake"}}`, "", "docker.io", "docker.io/team/os", "docker.io " + hub, "exit status 2"},
		"docker, and it fails":         {`{"credHelpers": {"https://index.docker.io/v1/": "fake"}}`, "", hub, "docker.io/team/os", hub, "exit status 2"},
		"another registry's store":     {`{"credsStore": "fake"}`, "registry.example", "", "registry.example/team/os", "registry.example", ""},
		"none":                         {`{"credHelpers": {"docker.io": "fake"}}`, "", "", "docker.io/team/os", "docker.io " + hub, ""},
		"a store of all":               {`{"credsStore": "fake"}`, hub, "", "docker.io/team/os", hub, ""},
		"another registry":             {`{"credHelpers": {"docker.io": "fake"}}`, "docker.io", "", "registry.example/team/os", "", ""},
		"and its own":                  {`{"credHelpers": {"registry.example": "fake"}}`, "registry.example", "", "registry.example/team/os", "registry.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log := filepath.Join(dir, "log")
			script := "#!/bin/sh\nread server\necho \"$server\" >> '" + log + "'\n" +
				"[ \"$server\" = '" + tt.fails + "' ] && exit 2\n" +
				"[ \"$server\" = '" + tt.kept + "' ] && echo '{\"Username\":\"robot\",\"Secret\":\"word\"}' && exit 0\n" +
				"echo 'credentials not found in native keychain'; exit 1\n"
			if err := os.WriteFile(filepath.Join(dir, "docker-credential-fake"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			file := filepath.Join(dir, "auth.json")
			if err := os.WriteFile(file, []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			lookUp(t, file, tt.repository, tt.kept != "" && tt.asked != "", tt.failure)
			asked, _ := os.ReadFile(log)
			if got := strings.Join(strings.Fields(string(asked)), " "); got != tt.asked {
				t.Errorf("asked for %q, want %q", got, tt.asked)
			}
		})
	}
}

func lookUp(t *testing.T, file, repository string, found bool, failure string) {
	t.Helper()
	repo, err := name.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	credential, err := Keychain{Files: []string{file}}.Lookup(t.Context(), repo)
	if failure != "" {
		if err == nil || !strings.Contains(err.Error(), failure) {
			t.Errorf("error %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	auth, err := credential.Authorization()
	if err != nil || (auth.Username == "robot" && auth.Password == "word") != found || (credential.Origin != "") != found {
		t.Errorf("%q from %q, %v", auth.Username, credential.Origin, err)
	}
}

// TestHelperAnswers has helpers answer with a token, with nothing and with nonsense.
func TestHelperAnswers(t *testing.T) {
	for what, tt := range map[string]struct{ script, user, token, failure string }{
		"an identity token": {`echo '{"Username":"<token>","Secret":"word"}'`, "<token>", "word", ""},
		"no credential":     {`echo 'credentials not found in native keychain'; exit 1`, "", "", ""},
		"nothing":           {`exit 0`, "", "", "its answer is not that of a credential helper"},
		"half an answer":    {`echo '{"Secret":"word'`, "", "", "its answer is not that of a credential helper"},
		"a failure":         {`echo "word"; exit 3`, "", "", "exit status 3"},
		"too much":          {`head -c 2000000 /dev/zero`, "", "", "it printed too much"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "docker-credential-fake"), []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			file := filepath.Join(dir, "config.json")
			if err := os.WriteFile(file, []byte(`{"credsStore": "fake"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			repo, err := name.NewRepository("registry.example/os")
			if err != nil {
				t.Fatal(err)
			}
			credential, err := Keychain{Files: []string{file}}.Lookup(t.Context(), repo)
			if tt.failure != "" {
				if err == nil || !strings.Contains(err.Error(), tt.failure) || !strings.Contains(err.Error(), "docker-credential-fake (from "+file+")") || strings.Contains(err.Error(), "word") {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			auth, err := credential.Authorization()
			if err != nil || auth.Username != tt.user || auth.IdentityToken != tt.token || auth.Password != "" {
				t.Errorf("%+v, %v", auth, err)
			}
		})
	}
}
