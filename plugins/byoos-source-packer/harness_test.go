package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

var update = flag.Bool("update", false, "rewrite golden files")

// answer is all that the host gets from one call, by the real service.
type answer struct {
	Images      []*sourcev1.Image
	Results     []*sourcev1.VerifyResult
	Diagnostics []*sourcev1.Diagnostic
	Progress    []string // messages, each once
	// sent, unless it is nil, is called with each message of Discover.
	sent func(*sourcev1.DiscoverResponse)
}

func (a *answer) progress(p *sourcev1.Progress) {
	if m := p.GetMessage(); m != "" && !slices.Contains(a.Progress, m) {
		a.Progress = append(a.Progress, m)
	}
}

type discoverStream struct {
	grpc.ServerStream
	ctx context.Context
	got *answer
}

func (s discoverStream) Context() context.Context { return s.ctx }

func (s discoverStream) Send(r *sourcev1.DiscoverResponse) error {
	if s.got.sent != nil {
		s.got.sent(r)
	}
	s.got.Images = append(s.got.Images, r.GetImages()...)
	s.got.progress(r.GetProgress())
	s.got.Diagnostics = append(s.got.Diagnostics, r.GetDiagnostics()...)
	return nil
}

type verifyStream struct {
	grpc.ServerStream
	ctx context.Context
	got *answer
}

func (s verifyStream) Context() context.Context { return s.ctx }

func (s verifyStream) Send(r *sourcev1.VerifyResponse) error {
	s.got.Results = append(s.got.Results, r.GetResults()...)
	s.got.Diagnostics = append(s.got.Diagnostics, r.GetDiagnostics()...)
	return nil
}

// noSleep counts pauses and runs a step at each.
type noSleep struct {
	pauses int
	step   func(pause int)
}

func (n *noSleep) sleep(ctx context.Context, _ time.Duration) error {
	n.pauses++
	if n.step != nil {
		n.step(n.pauses)
	}
	return ctx.Err()
}

func discover(t *testing.T, dir string, settings map[string]any, clock *noSleep) *answer {
	t.Helper()
	got := &answer{}
	ask(t, dir, settings, clock, got)
	return got
}

func ask(t *testing.T, dir string, settings map[string]any, clock *noSleep, got *answer) {
	t.Helper()
	values, err := structpb.NewStruct(settings)
	if err != nil {
		t.Fatal(err)
	}
	if clock == nil {
		clock = &noSleep{}
	}
	service := sdk.Service(func() sdk.Source[config] { return source{sleep: clock.sleep} }, io.Discard)
	req := &sourcev1.DiscoverRequest{Source: "golden", Config: values, BaseDir: dir}
	if err := service.Discover(req, discoverStream{ctx: t.Context(), got: got}); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, dir string, settings map[string]any, refs ...*sourcev1.ImageRef) *answer {
	t.Helper()
	values, err := structpb.NewStruct(settings)
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range refs {
		ref.Index = uint32(i)
	}
	got := &answer{}
	clock := &noSleep{}
	service := sdk.Service(func() sdk.Source[config] { return source{sleep: clock.sleep} }, io.Discard)
	req := &sourcev1.VerifyRequest{Source: "golden", Config: values, BaseDir: dir, Refs: refs}
	if err := service.Verify(req, verifyStream{ctx: t.Context(), got: got}); err != nil {
		t.Fatal(err)
	}
	return got
}

// text is the answer as stable, readable JSON.
func (a *answer) text(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	write := func(line []byte, err error) {
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(line, &value); err != nil {
			t.Fatal(err)
		}
		pretty, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", pretty)
	}
	for _, img := range a.Images {
		write(protojson.Marshal(img))
	}
	for _, d := range a.Diagnostics {
		write(protojson.Marshal(d))
	}
	return b.String()
}

func (a *answer) ids() []string {
	var ids []string
	for _, img := range a.Images {
		ids = append(ids, img.GetRegion()+":"+img.GetId())
	}
	return ids
}

// says returns the diagnostics as one text.
func (a *answer) says() string {
	var lines []string
	for _, d := range a.Diagnostics {
		severity := strings.ToLower(strings.TrimPrefix(d.GetSeverity().String(), "SEVERITY_"))
		scope := d.GetScope()
		if scope != "" {
			scope += ": "
		}
		lines = append(lines, fmt.Sprintf("%s [%s] %s%s: %s -> %s",
			severity, d.GetConfigPath(), scope, d.GetSummary(), d.GetDetail(), d.GetNextStep()))
	}
	return strings.Join(lines, "\n")
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func build(name, builder, id, run string, seconds int, custom string) string {
	at := ""
	if seconds > 0 {
		at = fmt.Sprintf(`"build_time": %d,`, seconds)
	}
	return fmt.Sprintf(`{"name": %q, "builder_type": %q, %s "files": null, "artifact_id": %q, "packer_run_uuid": %q, "custom_data": %s}`,
		name, builder, at, id, run, custom)
}

func manifestOf(last string, builds ...string) string {
	return fmt.Sprintf("{\n\"builds\": [\n%s\n],\n\"last_run_uuid\": %q\n}", strings.Join(builds, ",\n"), last)
}
