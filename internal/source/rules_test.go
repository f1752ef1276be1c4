package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// TestReservedVariables are the host's own, whatever a plugin declares.
func TestReservedVariables(t *testing.T) {
	declared := []string{"PLUGIN_*", "PLUGIN", "BYOOS_*", "BYOOS_PLUGIN", "KUBECTL_*", "KUBECTL_PATH", "A_*"}
	given := []string{"PLUGIN_MIN_PORT=1", "BYOOS_PLUGIN=x", "BYOOS_HOST_PID=1", "KUBECTL_PATH=/x", "HOME=/me"}
	allowed := []string{"PLUGIN=1", "BYOOS_PLUGINS=1", "BYOOS_OTHER=1", "KUBECTL_PATHS=1", "A_B=1", "HOME=/me"}
	if diff := cmp.Diff(allowed, environment(slices.Concat(given[:4], allowed), declared)); diff != "" {
		t.Error(diff)
	}
	for _, kv := range given[:4] {
		if name, _, _ := strings.Cut(kv, "="); Declared(declared, name) {
			t.Errorf("%s is declared", name)
		}
	}
	for _, kv := range allowed[:5] {
		if name, _, _ := strings.Cut(kv, "="); !Declared(declared, name) {
			t.Errorf("%s is not declared", name)
		}
	}
}

// TestNumbersOfTheProtocol has all that it knows, and others of a later one.
func TestNumbersOfTheProtocol(t *testing.T) {
	states := map[int32]image.State{1: image.Available, 2: image.Pending, 3: image.Failed, 4: image.Disabled, 5: image.Gone, 6: image.Unusable}
	presences := map[int32]Presence{1: Found, 2: NotFound, 3: NotVisible}
	for n := int32(-2); n < 20; n++ {
		if name := sourcev1.State_name[n]; name != "" && n > 0 && !strings.EqualFold(strings.TrimPrefix(name, "STATE_"), string(states[n])) {
			t.Errorf("%s is %q", name, states[n])
		}
		if got := stateFrom(sourcev1.State(n)); got != states[n] {
			t.Errorf("state %d is %q", n, got)
		}
		want := presences[n]
		if want == "" {
			want = Unknown
		}
		if got := presenceFrom(sourcev1.Presence(n)); got != want {
			t.Errorf("presence %d is %q", n, got)
		}
		severity := map[int32]Severity{int32(sourcev1.Severity_SEVERITY_WARNING): SeverityWarning, int32(sourcev1.Severity_SEVERITY_INFO): SeverityInfo}[n]
		if severity == "" {
			severity = SeverityError
		}
		if got := severityFrom(sourcev1.Severity(n)); got != severity {
			t.Errorf("severity %d is %q", n, got)
		}
		evidence := map[int32]image.Evidence{int32(sourcev1.Evidence_EVIDENCE_ASKED): image.Asked, int32(sourcev1.Evidence_EVIDENCE_RECORDED): image.Recorded}[n]
		if got := evidenceFrom(sourcev1.Evidence(n)); got != evidence {
			t.Errorf("evidence %d is %q", n, got)
		}
	}
}

// TestTheSameFile is one of which nothing has changed.
func TestTheSameFile(t *testing.T) {
	file := cacheEntry{Size: 1, Modified: 2, Changed: 3, Inode: 4}
	for name, other := range map[string]cacheEntry{
		"":     file,
		"size": {9, 2, 3, 4, nil}, "modified": {1, 9, 3, 4, nil}, "changed": {1, 2, 9, 4, nil}, "inode": {1, 2, 3, 9, nil},
	} {
		if got := same(file, other); got != (name == "") {
			t.Errorf("another %s: the same is %t", name, got)
		}
	}
}

// TestWhatAPluginCan is what it describes.
func TestWhatAPluginCan(t *testing.T) {
	able := &Plugin{Type: "x", Path: "/x", Description: &sourcev1.Description{
		Providers: []string{"aws"}, Capabilities: []sourcev1.Capability{sourcev1.Capability_CAPABILITY_READ, sourcev1.Capability_CAPABILITY_VERIFY},
	}}
	unable := &Plugin{Type: "x", Path: "/x", Description: &sourcev1.Description{ConfigSchema: `{"type":"none"}`}}
	if !able.Reads() || !able.Verifies() || !able.Provides("AWS") || able.Provides("azure") || able.ConfigSchema() != "{}" || able.CheckSchema() != nil {
		t.Error("a plugin cannot what it describes")
	}
	if unable.Reads() || unable.Verifies() || unable.Provides("aws") || unable.ConfigSchema() != `{"type":"none"}` {
		t.Error("a plugin can what it does not describe")
	}
	if err := unable.CheckSchema(); err == nil || !strings.HasPrefix(err.Error(), "plugin x (/x) describes its configuration by a schema that cannot be used") {
		t.Errorf("got %v", err)
	}
}

// TestDescriptions that a plugin may print.
func TestDescriptions(t *testing.T) {
	const versions, noSchema = `"protocolVersions":[2,1]`, "the schema of its configuration is neither a JSON object nor true or false"
	for printed, want := range map[string]string{
		`{"name":"x",` + versions + `}`:                           "",
		`{"name":"x",` + versions + `,"configSchema":"{}","a":1}`: "",
		`{"name":"x",` + versions + `,"configSchema":"false"}`:    "",
		`{"name":"x",` + versions + `,"configSchema":"1"}`:        noSchema,
		`{"name":"x",` + versions + `,"configSchema":"["}`:        noSchema,
		`{"name":"x",` + versions + `,"configSchema":"null"}`:     noSchema,
		" \n":                                   errNotDescription.Error(),
		"x":                                     errNotDescription.Error(),
		"{}":                                    "its description has no name",
		`{"name":"y",` + versions + `}`:         `it says that it is "y"`,
		`{"name":"x"}`:                          "it speaks protocol version none, and this kubectl-byoos speaks 1",
		`{"name":"x","protocolVersions":[7,8]}`: "it speaks protocol version 7 8, and this kubectl-byoos speaks 1",
	} {
		_, err := parseDescription(&Plugin{Type: "x"}, []byte(printed))
		if got := ""; err != nil || want != "" {
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%s: got %q, want %q", printed, got, want)
			}
		}
	}
}

// TestWhatIsNotAsked: a plugin that cannot, a folder that cannot be told, and numbers that
// would change.
func TestWhatIsNotAsked(t *testing.T) {
	h := newHost(t, Options{})
	able := &Plugin{Type: "x", Path: "/x", Description: &sourcev1.Description{Capabilities: []sourcev1.Capability{sourcev1.Capability_CAPABILITY_VERIFY}}}
	large := map[string]any{"n": uint64(1) << 60}
	for name, tt := range map[string]struct {
		req  VerifyRequest
		code int
		want string
	}{
		"cannot":  {VerifyRequest{Source: "s", Plugin: &Plugin{Type: "x", Path: "/x", Description: &sourcev1.Description{}}}, failure.ExitSource, "plugin x (/x) cannot verify images"},
		"folder":  {VerifyRequest{Source: "s", Plugin: able, BaseDir: "/\xff"}, failure.ExitUsage, "source s: the path of the spec's folder is not UTF-8"},
		"numbers": {VerifyRequest{Source: "s", Plugin: able, Config: large}, failure.ExitUsage, "source s: its configuration cannot be sent to the plugin: n: 1152921504606846976 is too large"},
		"kinds":   {VerifyRequest{Source: "s", Plugin: able, Config: map[string]any{"f": func() {}}}, failure.ExitUsage, "source s: its configuration cannot be sent to the plugin: json: unsupported type"},
	} {
		_, _, err := h.Verify(t.Context(), tt.req)
		if failure.Code(err) != tt.code || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if name == "cannot" {
			continue
		}
		r := h.Discover(t.Context(), []Request{{Source: "s", Plugin: able, BaseDir: tt.req.BaseDir, Config: tt.req.Config}}, nil)[0]
		if failure.Code(r.Err) != tt.code || !strings.HasPrefix(r.Err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, r.Err)
		}
	}
}

// TestTry starts a plugin, and tells why that ended.
func TestTry(t *testing.T) {
	h := newHost(t, Options{PluginDirs: []string{pluginDir(t, "stub", "crash-start")}})
	if err := h.Try(t.Context(), of(t, h, "stub")); err != nil {
		t.Error(err)
	}
	crash := of(t, h, "crash-start")
	if err := h.Try(t.Context(), crash); err == nil || !strings.Contains(err.Error(), "ended before it was ready (exit status 3)") {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if err := h.Try(ended, crash); failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
	if err := h.Try(late, crash); failure.Code(err) != failure.ExitSource || err.Error() != "the time was up: context deadline exceeded" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestFileDigest reads a file that nobody has read yet, and no other.
func TestFileDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	writeTestFile(t, path, "", 0o644)
	const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, tt := range [][3]string{{path, "", empty}, {path, "sha256:known", "sha256:known"}, {path + ".none", "", ""}} {
		if got := (&Plugin{Path: tt[0], Digest: tt[1]}).FileDigest(); got != tt[2] {
			t.Errorf("%v: got %q", tt, got)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestErrorsWithoutAPart are told one by one, and those of parts together.
func TestErrorsWithoutAPart(t *testing.T) {
	for scope, want := range map[string][]string{"": {"denied", "denied"}, "a": nil} {
		a := testAnswer()
		for range 2 {
			if err := a.meanwhile(nil, []*sourcev1.Diagnostic{{Summary: "denied", Scope: scope}}); !errors.Is(err, errTooMuch) {
				t.Errorf("there was no room: %v", err)
			}
		}
		var got *failure.Error
		if !errors.As(a.failure(), &got) || !slices.Equal(got.Details, want) {
			t.Errorf("%q: got %+v", scope, got)
		}
	}
}

// TestWhatComesTakesRoom: each image, result and diagnostic, and progress none.
func TestWhatComesTakesRoom(t *testing.T) {
	for name, take := range map[string]func(*answer){
		"images":      func(a *answer) { a.images(nil, []*sourcev1.Image{{}, {}}) },
		"results":     func(a *answer) { a.verified(nil, []*sourcev1.VerifyResult{{}, {}}) },
		"diagnostics": func(a *answer) { _ = a.meanwhile(nil, []*sourcev1.Diagnostic{{}, {}}) },
	} {
		a := testAnswer()
		a.questions = protocol.NewQuestions(nil)
		if err := a.meanwhile(&sourcev1.Progress{Message: "reading"}, nil); err != nil || a.touched || a.room.Load() != 0 {
			t.Errorf("progress is a part of the answer: %v", err)
		}
		if take(a); !a.touched || a.room.Load() != -2*itemSize {
			t.Errorf("%s: touched %t, %d bytes", name, a.touched, -a.room.Load())
		}
	}
}

// TestAnswersBesideABadOne count, and only what was found has an image.
func TestAnswersBesideABadOne(t *testing.T) {
	a := testAnswer()
	a.questions = protocol.NewQuestions(refsTo([]image.Ref{{ID: "a", Provider: "aws"}, {ID: "b", Provider: "aws"}, {ID: "c", Provider: "aws"}}))
	gone, bare := found(1, "b", "aws", "b", ""), found(2, "c", "aws", "c", "")
	gone.Presence, bare.Image = sourcev1.Presence_PRESENCE_NOT_FOUND, nil
	verified := make([]Verified, 3)
	a.verified(verified, []*sourcev1.VerifyResult{found(9, "", "aws", "a", ""), found(0, "a", "aws", "a", ""), gone, bare})
	if verified[0].Presence != Found || verified[0].Image == nil || verified[1].Presence != NotFound || verified[1].Image != nil || verified[2].Presence != Found || verified[2].Image != nil {
		t.Errorf("%+v", verified)
	}
}
