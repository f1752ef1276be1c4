//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-byoos/kubectl-byoos/internal/cli"
	"github.com/kubectl-byoos/kubectl-byoos/internal/cli/invocation"
	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// silent is an input on which nothing ever comes.
type silent struct{ read chan struct{} }

func (s silent) Read([]byte) (int, error) {
	s.read <- struct{}{}
	select {}
}

// A signal ends a command that waits for an input that says nothing, and nothing
// is written after it.
func TestSignalEndsReading(t *testing.T) {
	for _, args := range []string{
		"render -f -",
		"images -f -",
		"lock -f -",
		"doctor -f -",
		"lint -",
		"lint --fix -",
		"diff --palette-key-file -",
		"render -f PIPE",
		"render --values PIPE",
		"lint PIPE",
		"verify --values PIPE",
		"verify --lock-file PIPE",
		"render --lock-file PIPE",
		"update --lock-file PIPE",
		"update --dry-run --lock-file PIPE",
		"apply --plan PIPE",
		"diff --palette-key-file PIPE",
		"diff --palette-ca-file PIPE",
		"images -o go-template-file=PIPE",
	} {
		t.Run(args, func(t *testing.T) { checkSignalEndsReading(t, args) })
	}
}

// checkSignalEndsReading runs a command whose standard input is silent, as is the file
// that args call PIPE.
func checkSignalEndsReading(t *testing.T, args string) {
	const agents = `apiVersion: byoos.dev/v1alpha1
kind: ImageSet
packs:
  - {name: agents, pack: edge-native-byoi, edge: {agentMode: true}, target: {profile: p}}
`
	t.Helper()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), []byte(agents), 0o600); err != nil {
		t.Fatal(err)
	}
	in := silent{make(chan struct{})}
	var out, errOut bytes.Buffer
	inv := &invocation.Invocation{
		IOStreams: genericiooptions.IOStreams{In: in, Out: &out, ErrOut: &errOut},
		Dir:       dir, Environ: []string{"HOME=" + dir, "SPECTROCLOUD_APIKEY=k"}, Now: time.Now,
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := make(chan int)
	go func() { code <- cli.Run(ctx, inv, strings.Fields(strings.ReplaceAll(args, "PIPE", pipe))) }()
	var other io.Closer
	if strings.Contains(args, "PIPE") {
		// It opens when the command opens its end.
		writer, err := os.OpenFile(pipe, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		other = writer
	} else {
		<-in.read
	}
	cancel()
	if got := <-code; got != failure.ExitInterrupted || out.Len() > 0 {
		t.Errorf("exit code %d, and on stdout %q; on stderr %s", got, out.String(), errOut.String())
	}
	if other != nil {
		_ = other.Close()
	}
}
