//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestExitCodesOfEnds are those of docs/exit-codes.md that no script has.
func TestExitCodesOfEnds(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/bad.yaml", "kind: Other\n")
	for _, test := range []struct {
		args []string
		want int
		said string
	}{
		{[]string{"doctor", "-f", "bad.yaml"}, 1, "something needs fixing: spec"},
		{[]string{"doctor", "-f", "no-such.yaml"}, 1, "something needs fixing: spec"},
		{[]string{"plugin", "remove", "no-such"}, 1, "is not installed"},
		{[]string{"plugin", "remove", "packer"}, 1, "it stays"},
		{[]string{"plugin", "remove"}, 2, "--help"},
	} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("BYOOS_E2E_BIN"), "kubectl-byoos"), test.args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir+"/data", "XDG_CACHE_HOME="+dir+"/cache")
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.want || !bytes.Contains(errOut.Bytes(), []byte(test.said)) {
			t.Errorf("%v: %v, said %s", test.args, err, errOut.String())
		}
	}
}

// TestReaderOfStdoutIsGone ends as every Unix program does, without a word.
func TestReaderOfStdoutIsGone(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	defer func() { _ = writer.Close() }()
	cmd := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("BYOOS_E2E_BIN"), "kubectl-byoos"), "schema", "spec")
	var errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = writer, &errOut
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("ended with %v", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || errOut.Len() > 0 {
		t.Errorf("ended with %v, said %q", err, errOut.String())
	}
}

// TestClosedStreams: a program without stdout and stderr ends as with them, and what it
// would have said is in no file.
func TestClosedStreams(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/byoos.yaml", "apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n  - {name: golden, type: packer, config: {manifest: packer-manifest.json}}\npacks:\n  - {name: p0, pack: generic-byoi, select: {region: us-east-0}, values: {osName: rhel, osVersion: \"8\"}}\n")
	writeManifest(t, dir, 1, 1)
	environ := append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir+"/config", "XDG_DATA_HOME="+dir+"/data", "XDG_CACHE_HOME="+dir+"/cache")
	for line, want := range map[string]string{"kubectl-byoos lock >&- 2>&-": "", "kubectl-byoos render --out-dir out >&- 2>&-": "", "kubectl-byoos render no-such >&- 2>&-": "exit status 2"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", filepath.Join(os.Getenv("BYOOS_E2E_BIN"), line))
		cmd.Dir, cmd.Env = dir, environ
		got := ""
		if err := cmd.Run(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	again := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("BYOOS_E2E_BIN"), "kubectl-byoos"), "render", "--locked")
	again.Dir, again.Env = dir, environ
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("the lock was written over: %v: %s", err, out)
	}
}
