package source

import (
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// mistake is one of a plugin.
type mistake struct {
	name   string
	config map[string]any
	// limit sets the time limit that the plugin runs into.
	limit func(*Options, time.Duration)
	// write makes the plugin's file; nil means the stub under this name.
	write func(t *testing.T, path string)
	// stub is set when the stub is to be used under the type "stub".
	stub bool
}

func startLimit(o *Options, d time.Duration)    { o.StartTimeout = d }
func describeLimit(o *Options, d time.Duration) { o.DescribeTimeout = d }
func callLimit(o *Options, d time.Duration)     { o.CallTimeout = d } // for the start as well

// tell drives plugins that go wrong with real programs, and checks what the user reads.
func tell(t *testing.T, mistakes ...mistake) {
	t.Helper()
	for _, m := range mistakes {
		t.Run(m.name, m.tell)
	}
}

func (tt mistake) tell(t *testing.T) {
	dir, typ := pluginDir(t), tt.name
	switch {
	case tt.stub:
		typ = "stub"
		addStub(t, dir, typ)
		if tt.config == nil {
			tt.config = map[string]any{"mode": tt.name}
		}
	case tt.write != nil:
		tt.write(t, filepath.Join(dir, "byoos-source-"+typ))
	default:
		addStub(t, dir, typ)
	}
	file, got := "failures/"+tt.name+".txt", ""
	withinLimits(func(limit time.Duration) bool {
		o := Options{
			PluginDirs: []string{dir},
			Environ:    func() []string { return []string{"STUB_SECRET=hunter2hunter2", "PATH=/usr/bin:/bin"} },
		}
		if tt.limit != nil {
			tt.limit(&o, limit)
		}
		result := one(context.Background(), newHost(t, o), typ, tt.config)
		got = message(result.Err, dir, "DIR", runtime.GOOS+"/"+runtime.GOARCH, "THIS", limit.String(), "LIMIT")
		return tt.limit == nil || *update || got == wanted(t, file)
	})
	golden(t, file, got)
	if strings.Contains(got, "hunter2") {
		t.Error("the failure tells a secret")
	}
	if _, err := os.Stat(filepath.Join(dir, "byoos-source-"+typ+".ran")); err == nil {
		t.Error("a file that is not trusted was executed")
	}
}

func TestFailuresOfAStart(t *testing.T) {
	tell(t,
		mistake{name: "prints-first"},
		mistake{name: "hang-start", limit: startLimit},
		mistake{name: "crash-start"},
		mistake{name: "wrong-version"},
		mistake{name: "not-grpc"},
		mistake{name: "no-tls"},
		mistake{name: "garbage-handshake"},
		mistake{name: "garbage"},
		mistake{name: "mute", limit: startLimit},
		mistake{name: "describe-fails"},
		mistake{name: "describe-hangs", limit: describeLimit},
		mistake{name: "describe-garbage"},
		mistake{name: "describe-other"},
	)
}

func TestFailuresOfACall(t *testing.T) {
	tell(t,
		mistake{name: "hang", stub: true, limit: callLimit},
		mistake{name: "crash", stub: true},
		mistake{name: "killed", stub: true},
		mistake{name: "panic", stub: true},
		mistake{name: "goroutine-panic", stub: true},
		mistake{name: "child", stub: true},
		mistake{name: "no-id", stub: true},
		mistake{name: "error", stub: true},
		mistake{name: "diagnostic", stub: true},
		mistake{name: "one-region-fails", stub: true},
		mistake{name: "milliseconds", stub: true},
		mistake{name: "goexit", stub: true},
		mistake{name: "unknown-key", stub: true, config: map[string]any{"modus": "images"}},
		mistake{name: "wrong-type", stub: true, config: map[string]any{"images": "three"}},
	)
}

func TestFailuresOfAFile(t *testing.T) {
	tell(t,
		mistake{name: "not-executable", write: content("#!/bin/sh\n", 0o644)},
		mistake{name: "no-interpreter", write: content("#!/opt/none/python9\n", 0o755)},
		mistake{name: "no-shebang", write: content("echo hello\n", 0o755)},
		mistake{name: "empty", write: content("", 0o755)},
		mistake{name: "directory", write: func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		mistake{name: "other-architecture", write: foreignELF},
		mistake{name: "script-fails", write: content("#!/bin/sh\necho 'python 3.14 is needed' >&2\nexit 1\n", 0o755)},
		mistake{name: "script-prints", write: content("#!/bin/sh\necho 'Usage: byoos-source-x [flags]'\n", 0o755)},
		mistake{name: "script-hangs", limit: describeLimit, write: content("#!/bin/sh\necho waiting >&2\nsleep 3600\n", 0o755)},
		mistake{name: "old-protocol", write: content(`#!/bin/sh
echo '{"name":"old-protocol","version":"9.0.0","protocolVersions":[7]}'
`, 0o755)},
		mistake{name: "bad-schema", write: content(`#!/bin/sh
echo '{"name":"bad-schema","version":"1.0.0","protocolVersions":[1],"configSchema":"[1"}'
`, 0o755)},
		mistake{name: "schema-elsewhere", write: content(`#!/bin/sh
echo '{"name":"schema-elsewhere","version":"1.0.0","protocolVersions":[1],"configSchema":"{\"$ref\":\"https://example.com/schema.json\"}"}'
`, 0o755)},
		mistake{name: "writable-file", write: content("#!/bin/sh\ntouch \"$0.ran\"\n", 0o777)},
	)
}

func content(text string, mode os.FileMode) func(*testing.T, string) {
	return func(t *testing.T, path string) { writeTestFile(t, path, text, mode) }
}

// foreignELF writes the stub with the machine of another architecture in its
// header.
func foreignELF(t *testing.T, path string) {
	b, err := os.ReadFile(stubFile())
	if err != nil {
		t.Fatal(err)
	}
	machine := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		machine = elf.EM_X86_64
	}
	binary.LittleEndian.PutUint16(b[18:], uint16(machine))
	writeTestFile(t, path, string(b), 0o755)
}

func TestPartialAnswerIsKept(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
	r := one(context.Background(), h, "stub", map[string]any{"mode": "one-region-fails"})
	if len(r.Images) != 2 || r.Err == nil || len(r.Diagnostics) != 3 {
		t.Errorf("images %d, diagnostics %v, error %v; want 2 images, 3 diagnostics and an error", len(r.Images), r.Diagnostics, r.Err)
	}
	r = one(context.Background(), h, "stub", map[string]any{"mode": "crash"})
	if r.Err == nil {
		t.Errorf("a crash after %d images is no error", len(r.Images))
	}
	// The plugin is started again for the next call.
	r = one(context.Background(), h, "stub", nil)
	if len(r.Images) != 1 || r.Err != nil {
		t.Errorf("after the crash: %d images, %v; want 1", len(r.Images), r.Err)
	}
}

func TestOneFailureDoesNotHoldUpOthers(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub", "crash-start")}})
	results := h.Discover(context.Background(), []Request{
		{Source: "a", Plugin: of(t, h, "crash-start")},
		{Source: "b", Plugin: of(t, h, "stub")},
		{Source: "c", Plugin: of(t, h, "stub"), BaseDir: "/specs\xff"},
		{Source: "d", Plugin: of(t, h, "stub"), Config: map[string]any{"mode": "panic"}},
	}, nil)
	for i, failed := range []bool{true, false, true, true} {
		if (results[i].Err != nil) != failed {
			t.Errorf("source %s: error %v, want one: %v", results[i].Source, results[i].Err, failed)
		}
	}
	if len(results[1].Images) != 1 || results[1].Images[0].Source != "b" {
		t.Errorf("source b: images %v", results[1].Images)
	}
}

// TestOddLogLine has a line in hclog's form with fields of other types.
func TestOddLogLine(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "odd-log")}})
	if r := one(context.Background(), h, "odd-log", nil); r.Err != nil {
		t.Error(r.Err)
	}
}

// TestOneSourceDoesNotFailOthersOfItsProcess has all sources share a process that
// one or two of them end.
func TestOneSourceDoesNotFailOthersOfItsProcess(t *testing.T) {
	for name, guilty := range map[string]map[int]string{
		"panic": {5: "panic"}, "panic of a goroutine": {5: "goroutine-panic"}, "killed": {5: "killed"}, "crash": {5: "crash"},
		"panic and killed": {2: "panic", 5: "killed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub")}})
			n := 8
			if name == "panic" {
				n = maxCalls + 8 // the process answers those that it has
			}
			reqs := slowRequests(t, h, n, "100ms")
			for i, mode := range guilty {
				reqs[i].Config = map[string]any{"mode": mode, "wait": fmt.Sprintf("%dms", 10*i)}
			}
			for i, r := range h.Discover(context.Background(), reqs, nil) {
				switch {
				case (r.Err != nil) != (guilty[i] != ""):
					t.Errorf("source %d: %v", i, r.Err)
				case r.Err == nil && len(r.Images) != 1:
					t.Errorf("source %d: %d images", i, len(r.Images))
				}
			}
		})
	}
}

// TestStatusOfAPluginKeepsItsWords: a plugin that does not use the SDK may end a
// call with any status.
func TestStatusOfAPluginKeepsItsWords(t *testing.T) {
	h := New(Options{CallTimeout: time.Minute})
	defer h.Close()
	p := &Plugin{Type: "x", Path: "/p/byoos-source-x"}
	for _, tt := range []struct {
		code codes.Code
		said string
		over bool
		want string
	}{
		{code: codes.DeadlineExceeded, said: "EC2 took longer than 30s", want: "failed (DeadlineExceeded): EC2 took longer than 30s"},
		{code: codes.DeadlineExceeded, said: "context deadline exceeded", over: true, want: "did not answer within 1m0s"},
		{code: codes.ResourceExhausted, said: "quota of 5 requests a minute", want: "failed (ResourceExhausted): quota of 5 requests a minute"},
		{code: codes.ResourceExhausted, said: "grpc: received message larger than max (67108999 vs. 67108864)",
			want: "sent more than 64 MiB at once: grpc: received message larger than max (67108999 vs. 67108864)"},
		{code: codes.ResourceExhausted, said: "trying to send message larger than max (68157474 vs. 67108864)",
			want: "sent more than 64 MiB at once: trying to send message larger than max (68157474 vs. 67108864)"},
		{code: codes.Unimplemented, said: "Verify of gallery images", want: "does not know this call: Verify of gallery images"},
		{code: codes.PermissionDenied, said: "no access to /images", want: "failed (PermissionDenied): no access to /images"},
		{code: codes.Internal, said: "", want: "broke off its answer with the status Internal and without a word"},
		{code: codes.Internal, said: "plugin x: panic in Discover: boom", want: "failed: panic in Discover: boom"},
		{code: codes.Internal, said: "stream terminated by RST_STREAM", want: "broke off its answer: stream terminated by RST_STREAM"},
		{code: codes.Unknown, said: "plugin x: cannot parse", want: "broke off its answer: plugin x: cannot parse"},
		{code: codes.Unknown, said: "cannot parse", want: "broke off its answer: cannot parse"},
	} {
		err := h.callFailure(p, &answer{source: "s"}, &run.CallError{
			Err: status.Error(tt.code, tt.said), Late: tt.over, Words: run.NewTail(slog.New(slog.DiscardHandler), nil),
		})
		if got, want := err.Error(), "source s: plugin x (/p/byoos-source-x) "+tt.want; got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
