// Package release tests the scripts that make a release, as far as they do not
// build; .ci/run builds one.
package release

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/binary"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// repository is a git repository with the release script and one commit.
func repository(t *testing.T) string {
	t.Helper()
	root, err := binaries.Root()
	must(t, err)
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "hack"), 0o700))
	for _, name := range []string{".gitignore", "hack/dist.sh", "hack/sign.sh"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o700))
	}
	git(t, dir, "init", "-q")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "first")
	return dir
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
	command.Dir, command.Env = dir, environment()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// environment is that of the tests without what the user or a git hook tells git.
func environment() []string {
	environ := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "GIT_") })
	return append(environ, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
}

// distRun is a run of hack/dist.sh and what it says.
type distRun struct {
	version, want string
	prepare       func(t *testing.T, dir string)
	env           []string
}

// A release is made of the tag of its version, and of nothing else.
func TestDistRefusesAVersionWithoutItsTag(t *testing.T) {
	for name, test := range map[string]distRun{
		"no version": {"", "usage: hack/dist.sh VERSION", func(*testing.T, string) {}, nil},
		"no semver":  {"1.2", "usage: hack/dist.sh VERSION", func(*testing.T, string) {}, nil},
		"no tag":     {"v1.2.3", "there is no tag v1.2.3", func(*testing.T, string) {}, nil},
		"a branch":   {"v1.2.3", "there is no tag v1.2.3", func(t *testing.T, dir string) { git(t, dir, "branch", "v1.2.3") }, nil},
		"another commit's tag": {"v1.2.3", "the tag v1.2.3 is on another commit", func(t *testing.T, dir string) {
			git(t, dir, "tag", "v1.2.3")
			git(t, dir, "commit", "-q", "--allow-empty", "-m", "second")
		}, nil},
		"another repository": {"v1.2.3", "there is no tag v1.2.3", func(*testing.T, string) {}, []string{"GIT_DIR=/none", "GIT_WORK_TREE=/none"}},
		"another folder":     {"v1.2.3", "there is no tag v1.2.3", func(t *testing.T, dir string) { must(t, os.MkdirAll(filepath.Join(dir, ".git", "hack"), 0o700)) }, []string{"CDPATH=.git"}},
	} {
		t.Run(name, func(t *testing.T) { checkDistRefuses(t, test) })
	}
}

// A release is made of a clean tree: what git was told to pass over counts too.
func TestDistRefusesWhatNoCommitHas(t *testing.T) {
	for name, test := range map[string]distRun{
		"a change": {"v1.2.3", "changes that no commit has", func(t *testing.T, dir string) {
			git(t, dir, "tag", "v1.2.3")
			must(t, os.WriteFile(filepath.Join(dir, "hack", "sign.sh"), nil, 0o600))
		}, nil},
		"a new file": {"v1.2.3", "?? new.go", func(t *testing.T, dir string) {
			git(t, dir, "config", "status.showUntrackedFiles", "no")
			git(t, dir, "tag", "v1.2.3")
			must(t, os.WriteFile(filepath.Join(dir, "new.go"), nil, 0o600))
		}, nil},
		"a file that only this machine ignores": {"v1.2.3", "?? x_local.go", func(t *testing.T, dir string) {
			git(t, dir, "tag", "v1.2.3")
			must(t, os.WriteFile(filepath.Join(dir, ".git", "info", "exclude"), []byte("*_local.go\n"), 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "x_local.go"), nil, 0o600))
		}, nil},
		"a folder that ignores itself": {"v1.2.3", "?? extra/x.go", func(t *testing.T, dir string) {
			git(t, dir, "tag", "v1.2.3")
			must(t, os.Mkdir(filepath.Join(dir, "extra"), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "extra", ".gitignore"), []byte("*\n"), 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "extra", "x.go"), nil, 0o600))
		}, nil},
		"a change that git was told to pass over": {"v1.2.3", "hack/sign.sh", func(t *testing.T, dir string) {
			git(t, dir, "tag", "v1.2.3")
			git(t, dir, "update-index", "--assume-unchanged", "hack/sign.sh")
			must(t, os.WriteFile(filepath.Join(dir, "hack", "sign.sh"), nil, 0o600))
		}, nil},
		"one of a sparse tree": {"v1.2.3", "hack/sign.sh", func(t *testing.T, dir string) {
			git(t, dir, "tag", "v1.2.3")
			git(t, dir, "update-index", "--skip-worktree", "hack/sign.sh")
		}, nil},
	} {
		t.Run(name, func(t *testing.T) { checkDistRefuses(t, test) })
	}
}

// A release is signed, and a snapshot is when a key is named.
func TestDistRefusesAKeyThatIsNotThere(t *testing.T) {
	for name, test := range map[string]distRun{
		"no key": {"v1.2.3", "cannot read the key SIGN_KEY=/none", func(t *testing.T, dir string) {
			git(t, dir, "tag", "-m", "annotated", "v1.2.3")
		}, []string{"SIGN_KEY=/none"}},
		"no key for a snapshot": {"v0.0.0-SNAPSHOT", "cannot read the key SIGN_KEY=/none", func(*testing.T, string) {}, []string{"SIGN_KEY=/none"}},
	} {
		t.Run(name, func(t *testing.T) { checkDistRefuses(t, test) })
	}
}

// checkDistRefuses: what is wrong is told before anything is built.
func checkDistRefuses(t *testing.T, test distRun) {
	t.Helper()
	dir := repository(t)
	test.prepare(t, dir)
	command := exec.Command("bash", "hack/dist.sh", test.version)
	command.Dir = dir
	command.Env = append(environment(), test.env...)
	out, err := command.CombinedOutput()
	if err == nil || command.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), test.want) {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "dist")); err == nil {
		t.Error("it began to build")
	}
}

// The signature is checked by the description of the format alone
// (PROTOCOL.sshsig of OpenSSH), not by the program that made it.
func TestSign(t *testing.T) {
	binaries.Need(t, "ssh-keygen")
	root, err := binaries.Root()
	must(t, err)
	dir := t.TempDir()
	key, file := filepath.Join(dir, "key"), filepath.Join(dir, "checksums.txt")
	must(t, os.WriteFile(file, []byte("0123  archive.tar.gz\n"), 0o600))
	run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
	for range 2 { // An old signature is replaced, and nothing is asked.
		run(t, filepath.Join(root, "hack", "sign.sh"), key, file)
	}
	data, err := os.ReadFile(file)
	must(t, err)
	signature, err := os.ReadFile(file + ".sig")
	must(t, err)
	if !signed(t, signature, data, publicKey(t, key+".pub")) {
		t.Error("the signature is not good")
	}
	if signed(t, signature, append(data, '\n'), publicKey(t, key+".pub")) {
		t.Error("the signature is good for another text")
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func signed(t *testing.T, armoured, message []byte, key ed25519.PublicKey) bool {
	t.Helper()
	block, _ := pem.Decode(armoured)
	if block == nil || block.Type != "SSH SIGNATURE" || !bytes.HasPrefix(block.Bytes, []byte("SSHSIG\x00\x00\x00\x01")) {
		t.Fatalf("no SSH signature: %s", armoured)
	}
	fields := split(block.Bytes[10:])
	namespace, hash, signature := fields[1], fields[3], split(fields[4])
	if string(namespace) != "file" || string(hash) != "sha512" {
		t.Fatalf("namespace %s, hash %s", namespace, hash)
	}
	sum := sha512.Sum512(message)
	text := []byte("SSHSIG")
	for _, part := range [][]byte{namespace, fields[2], hash, sum[:]} {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(part))), part...)
	}
	return ed25519.Verify(key, text, signature[1])
}

// split returns the length-prefixed strings of the wire format of SSH.
func split(data []byte) [][]byte {
	var parts [][]byte
	for len(data) >= 4 {
		end := 4 + binary.BigEndian.Uint32(data)
		parts, data = append(parts, data[4:end]), data[end:]
	}
	return parts
}

func publicKey(t *testing.T, path string) ed25519.PublicKey {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	// A key file is base64 between words; PEM reads it, wrapped.
	block, _ := pem.Decode([]byte("-----BEGIN KEY-----\n" + strings.Fields(string(data))[1] + "\n-----END KEY-----\n"))
	return ed25519.PublicKey(split(block.Bytes)[1])
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
