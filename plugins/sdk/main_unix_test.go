//go:build unix

package sdk

import (
	"bytes"
	"crypto/tls"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
)

// TestOrphans: a plugin goes by its parent, and by the host that may be behind it.
func TestOrphans(t *testing.T) {
	child := exec.Command("sleep", "3600")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	runs := child.Process.Pid
	const none = 1 << 30 // no system has such an id
	for _, tt := range []struct {
		name              string
		now, parent, host int
		want              bool
	}{
		{"the host is the parent", runs, runs, runs, false},
		{"another parent", 2, runs, runs, true},
		{"a wrapper between", runs, runs, os.Getpid(), false},
		{"a wrapper whose host is gone", runs, runs, none, true},
		{"the host was gone before", 1, 1, os.Getpid(), true},
		{"the first process is the host", 1, 1, 1, false},
	} {
		if got := orphaned(tt.now, tt.parent, tt.host); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/stat"); err == nil { // nobody has waited for it yet
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for deadline := time.After(time.Minute); !orphaned(os.Getppid(), os.Getppid(), runs); {
			select {
			case <-deadline:
				t.Fatal("a host that was killed is alive for its own parent")
			case <-ticker.C:
			}
		}
	}
	_ = child.Wait()
	if !orphaned(os.Getppid(), os.Getppid(), runs) {
		t.Error("a host that is gone is alive")
	}
}

// TestParentWatch returns when the parent is no more, whatever the host's id is.
func TestParentWatch(t *testing.T) {
	for _, host := range []string{"", "x", "0", "-1", strconv.Itoa(os.Getppid())} {
		gone := make(chan struct{})
		wait := parentWatch(host)
		go func() { wait(); close(gone) }()
		select {
		case <-gone:
			t.Errorf("%q: the parent is taken for gone", host)
		case <-time.After(10 * time.Millisecond):
		}
	}
	parentWatch(strconv.Itoa(1 << 30))()
}

// TestHandshakeHasTheCertificate of the plugin's own, in its sixth field.
func TestHandshakeHasTheCertificate(t *testing.T) {
	for printed, want := range map[string]string{
		"1|1|unix|/s|grpc|theirs|false\nmore\nof it": "1|1|unix|/s|grpc|ours|false\nmore\nof it",
		"1|1|unix|/s|grpc|\n":                        "1|1|unix|/s|grpc|ours\n",
		"1|1|unix|/s|grpc\n":                         "1|1|unix|/s|grpc\n",
		"no line":                                    "",
	} {
		var out bytes.Buffer
		completeHandshake(strings.NewReader(printed), &out, "ours")
		if out.String() != want {
			t.Errorf("%q: got %q, want %q", printed, out.String(), want)
		}
	}
}

// TestSecure: without the certificate of a host go-plugin is left alone, and with it but this
// host connects.
func TestSecure(t *testing.T) {
	if provider, err := secure(""); provider != nil || err != nil {
		t.Errorf("without a host: %v", err)
	}
	if _, err := secure("garbage"); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
	host, err := handshake.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	line, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = in
	provider, err := secure(handshake.PEM(host))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(os.Stdout, "1|1|unix|/s|grpc||\n")
	_ = os.Stdout.Close()
	b := make([]byte, 4096)
	n, err := line.Read(b)
	config, configErr := provider()
	if err != nil || configErr != nil || config.ClientAuth != tls.RequireAndVerifyClientCert {
		t.Fatalf("%v %v %+v", err, configErr, config)
	}
	if want := "1|1|unix|/s|grpc|" + handshake.Field(config.Certificates[0]) + "|\n"; string(b[:n]) != want {
		t.Errorf("got %q, want %q", b[:n], want)
	}
}
