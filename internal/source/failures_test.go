package source

import (
	"context"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestFailures drives each way in which a plugin can go wrong with a real
// program, and checks what the user reads.
func TestFailures(t *testing.T) {
	tests := []struct {
		name   string
		config map[string]any
		// write makes the plugin's file; nil means the stub under this name.
		write func(t *testing.T, path string)
		// stub is set when the stub is to be used under the type "stub".
		stub bool
	}{
		{name: "prints-first"},
		{name: "hang-start"},
		{name: "crash-start"},
		{name: "wrong-version"},
		{name: "not-grpc"},
		{name: "no-tls"},
		{name: "garbage-handshake"},
		{name: "garbage"},
		{name: "mute"},
		{name: "describe-fails"},
		{name: "describe-hangs"},
		{name: "describe-garbage"},
		{name: "describe-other"},
		{name: "hang", stub: true},
		{name: "crash", stub: true},
		{name: "killed", stub: true},
		{name: "panic", stub: true},
		{name: "child", stub: true},
		{name: "no-id", stub: true},
		{name: "error", stub: true},
		{name: "diagnostic", stub: true},
		{name: "one-region-fails", stub: true},
		{name: "unknown-key", stub: true, config: map[string]any{"modus": "images"}},
		{name: "wrong-type", stub: true, config: map[string]any{"images": "three"}},
		{name: "not-executable", write: content("#!/bin/sh\n", 0o644)},
		{name: "no-interpreter", write: content("#!/opt/none/python9\n", 0o755)},
		{name: "no-shebang", write: content("echo hello\n", 0o755)},
		{name: "empty", write: content("", 0o755)},
		{name: "directory", write: func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "other-architecture", write: foreignELF},
		{name: "script-fails", write: content("#!/bin/sh\necho 'python 3.14 is needed' >&2\nexit 1\n", 0o755)},
		{name: "script-prints", write: content("#!/bin/sh\necho 'Usage: byoos-source-x [flags]'\n", 0o755)},
		{name: "script-hangs", write: content("#!/bin/sh\necho waiting >&2\nsleep 3600\n", 0o755)},
		{name: "old-protocol", write: content(`#!/bin/sh
echo '{"name":"old-protocol","version":"9.0.0","protocolVersions":[7]}'
`, 0o755)},
		{name: "bad-schema", write: content(`#!/bin/sh
echo '{"name":"bad-schema","version":"1.0.0","protocolVersions":[1],"configSchema":"[1"}'
`, 0o755)},
		{name: "writable-file", write: content("#!/bin/sh\ntouch \"$0.ran\"\n", 0o777)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
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
			o := Options{
				PluginDirs: []string{dir},
				Environ:    func() []string { return []string{"STUB_SECRET=hunter2hunter2", "PATH=/usr/bin:/bin"} },
			}
			switch tt.name {
			case "hang-start", "mute":
				o.StartTimeout = 700 * time.Millisecond
			case "describe-hangs", "script-hangs":
				o.DescribeTimeout = 700 * time.Millisecond
			case "hang":
				o.CallTimeout = 700 * time.Millisecond
			}
			h := newHost(t, o)
			result := one(context.Background(), h, typ, tt.config)
			golden(t, "failures/"+tt.name+".txt", text(result.Err, dir, "DIR", runtime.GOOS+"/"+runtime.GOARCH, "THIS"))
			if strings.Contains(text(result.Err), "hunter2") {
				t.Error("the failure tells a secret")
			}
			if _, err := os.Stat(filepath.Join(dir, "byoos-source-"+typ+".ran")); err == nil {
				t.Error("a file that is not trusted was executed")
			}
		})
	}
}

func content(text string, mode os.FileMode) func(*testing.T, string) {
	return func(t *testing.T, path string) { writeTestFile(t, path, text, mode) }
}

// foreignELF writes the stub with the machine of another architecture in its
// header.
func foreignELF(t *testing.T, path string) {
	b, err := os.ReadFile(stubFile)
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
		{Source: "a", Type: "crash-start"},
		{Source: "b", Type: "stub"},
		{Source: "c", Type: "absent"},
		{Source: "d", Type: "stub", Config: map[string]any{"mode": "panic"}},
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
