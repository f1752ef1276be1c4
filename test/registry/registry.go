// Package registry runs Debian's docker-registry on loopback for tests and fills
// it with provider images.
package registry

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// Options of a registry.
type Options struct {
	// CertFile and KeyFile make it serve https.
	CertFile, KeyFile string
	// HTPasswd is the content of a password file (bcrypt); it makes the registry
	// ask for basic authentication.
	HTPasswd string
}

// Start runs docker-registry until the test ends and returns its host:port. The
// test is skipped when it is not installed, but for where BYOOS_TEST_TOOLS=require.
func Start(t testing.TB, o Options) string {
	t.Helper()
	program := binaries.Need(t, "docker-registry")
	cmd := exec.Command(program, "serve", writeConfig(t, o))
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	host, err := awaitListening(log)
	if err != nil {
		t.Fatalf("docker-registry: %v", err)
	}
	return host
}

var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)

// awaitListening reads the log until it names the address, and then goes on
// reading it so that the registry never waits for us.
func awaitListening(log io.Reader) (string, error) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return m[1], nil
		}
	}
	return "", errors.Join(errors.New("it ended before it was listening"), lines.Err())
}

func writeConfig(t testing.TB, o Options) string {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf(`version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: %s}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:0
`, filepath.Join(dir, "data"))
	if o.CertFile != "" {
		config += fmt.Sprintf("  tls: {certificate: %s, key: %s}\n", o.CertFile, o.KeyFile)
	}
	if o.HTPasswd != "" {
		passwords := filepath.Join(dir, "htpasswd")
		write(t, passwords, o.HTPasswd)
		config += fmt.Sprintf("auth:\n  htpasswd: {realm: test, path: %s}\n", passwords)
	}
	file := filepath.Join(dir, "config.yml")
	write(t, file, config)
	return file
}

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
