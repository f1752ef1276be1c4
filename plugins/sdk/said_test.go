package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// TestEveryFieldOfADiagnosticIsSent, with its severity.
func TestEveryFieldOfADiagnosticIsSent(t *testing.T) {
	for severity, want := range map[Severity]sourcev1.Severity{
		Error: sourcev1.Severity_SEVERITY_ERROR, Warning: sourcev1.Severity_SEVERITY_WARNING, Notice: sourcev1.Severity_SEVERITY_INFO,
	} {
		got := diagnosticTo(Diagnostic{Severity: severity, Summary: "a", Detail: "b", ConfigPath: "c", NextStep: "d", Scope: "e"})
		wanted := &sourcev1.Diagnostic{Severity: want, Summary: "a", Detail: "b", ConfigPath: "c", NextStep: "d", Scope: "e"}
		if diff := cmp.Diff(wanted, got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	}
	for by, want := range map[NewestBy]sourcev1.NewestBy{
		"": sourcev1.NewestBy_NEWEST_BY_UNSPECIFIED, NewestByCreated: sourcev1.NewestBy_NEWEST_BY_CREATED, NewestByVersion: sourcev1.NewestBy_NEWEST_BY_VERSION,
	} {
		if got := newestByTo(by); got != want || checkNewestBy(Image{NewestBy: by}) != nil {
			t.Errorf("%q is %s", by, got)
		}
	}
	ref := refsFrom([]*sourcev1.ImageRef{{Id: "a", Reference: &sourcev1.Reference{Kind: "url", Value: "b"}}})[0]
	if ref.Reference == nil || *ref.Reference != (Reference{"url", "b"}) || !timeFrom(nil).IsZero() {
		t.Errorf("%+v", ref)
	}
}

// nothing is an error that is a map, and may be nil.
type nothing map[string]string

func (nothing) Error() string { return "something" }

// TestDiagnosticsOfErrors are errors, whatever severity an author gave them.
func TestDiagnosticsOfErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want []Diagnostic
	}{
		"nothing":      {nothing(nil), nil},
		"a warning":    {&Diagnostic{Severity: Warning, Summary: "a", NextStep: "b"}, []Diagnostic{{Severity: Error, Summary: "a", NextStep: "b"}}},
		"a text":       {errors.New(" a\nb\nc "), []Diagnostic{{Severity: Error, Summary: "a", Detail: "b\nc"}}},
		"words around": {fmt.Errorf("around: %w", errors.New("a")), []Diagnostic{{Severity: Error, Summary: "around: a"}}},
		"no words":     {errors.New(" "), []Diagnostic{{Severity: Error, Summary: "the plugin failed without saying why"}}},
	} {
		if diff := cmp.Diff(tt.want, diagnosticsOf(tt.err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestWhatAConfigurationLacks is told with the key, and where to look.
func TestWhatAConfigurationLacks(t *testing.T) {
	type all struct {
		Array  [2]int   `json:"array,omitempty"`
		Object struct{} `json:"object,omitempty"`
		Share  float32  `json:"share,omitempty"`
		Number int      `json:"number,omitempty"`
	}
	for key, tt := range map[string]struct {
		value  any
		detail string
	}{
		"array": {"x", "array must be a list, not string"}, "object": {"x", "object must be a mapping, not string"}, "share": {"x", "share must be a number, not string"},
		"number": {"x", "number must be a whole number, not string"}, "other": {1.0, `unknown key "other"`},
	} {
		config, err := structpb.NewStruct(map[string]any{key: tt.value})
		if err != nil {
			t.Fatal(err)
		}
		_, err = decodeConfig[all](config)
		var got *Diagnostic
		want := &Diagnostic{Summary: "the configuration does not fit this plugin", Detail: tt.detail, ConfigPath: key, NextStep: "see the keys with `kubectl byoos plugin describe`"}
		if !errors.As(err, &got) || !cmp.Equal(got, want) {
			t.Errorf("%s: got %+v", key, got)
		}
	}
	if got := configDiagnostic(errors.New("odd")); got.Detail != "odd" || got.ConfigPath != "" {
		t.Errorf("%+v", got)
	}
	// A pointer is as good as what it points to; nothing else is a configuration.
	if text, err := schemaText[*testConfig](); err != nil || !strings.Contains(text, `"manifest"`) || strings.Contains(text, "$ref") {
		t.Errorf("%s %v", text, err)
	}
	if _, err := decodeConfig[[]string](nil); err == nil || !strings.Contains(err.Error(), "is not a struct") {
		t.Error(err)
	}
}

// TestWhatIsLeftOut is told in whole sentences, each contradiction once.
func TestWhatIsLeftOut(t *testing.T) {
	s := newSender(t.Context(), &Secrets{}, func(batch) error { return nil })
	doubtful := Image{ID: "a", Provider: "aws", Contradictions: []string{"x"}}
	if err := s.images([]Image{{ID: "b"}, doubtful, {ID: "c"}}); err != nil {
		t.Fatal(err)
	}
	other := doubtful
	other.ID = "d"
	if err := s.results([]Result{{Image: &other}, {}, {Image: &Image{ID: "e", Provider: "aws", StateReason: strings.Repeat("x", MaxMessageSize)}}}); err != nil {
		t.Fatal(err)
	}
	want := []Diagnostic{
		{Summary: "the plugin sent an image that cannot be used", Detail: "b has no provider; and 2 more", NextStep: "tell the plugin's author"},
		{Severity: Warning, Summary: "the facts of an image contradict each other", Detail: "x; so it is of 1 more", Scope: "a",
			NextStep: "correct the one that is wrong, or set values.osName and values.osVersion in the pack"},
	}
	if diff := cmp.Diff(want, append(s.refusal(), s.contradictions()...)); diff != "" {
		t.Error(diff)
	}
}

// TestNothingIsSentAfterAnEnd of the call, or of the answer.
func TestNothingIsSentAfterAnEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sent := 0
	send := func(batch) error { sent++; return nil }
	gone, closed := newSender(ctx, &Secrets{}, send), newSender(t.Context(), &Secrets{}, send)
	cancel()
	if err := closed.close(); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[error]*sender{context.Canceled: gone, errClosed: closed} {
		for name, err := range map[string]error{
			"images": s.images([]Image{{ID: "a", Provider: "aws"}}), "results": s.results([]Result{{}}), "progress": s.progress(1, 1, "x"),
			"report": s.report(Diagnostic{Summary: "x"}), "close": s.close(),
		} {
			if !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
		}
	}
	failed := errors.New("broken")
	s := newSender(t.Context(), &Secrets{}, func(batch) error { return failed })
	if err := s.images([]Image{{ID: "a", Provider: "aws"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.report(Diagnostic{Summary: "x"}); !errors.Is(err, failed) || sent > 0 {
		t.Errorf("%v, %d sent", err, sent)
	}
}

// TestDescriptionOfAVerifier has all that its author says.
func TestDescriptionOfAVerifier(t *testing.T) {
	svc := newService(func() Source[testConfig] { return &echo{} }, &bytes.Buffer{})
	svc.info = Info{Name: "echo", Summary: "For tests.", Homepage: "https://example.com", Providers: []string{"aws"}}
	d, err := svc.description()
	if err != nil || d.GetSummary() != "For tests." || d.GetHomepage() != "https://example.com" || strings.Join(d.GetProviders(), " ") != "aws" || d.GetVersion() == "" ||
		len(d.GetCapabilities()) != 1 || d.GetCapabilities()[0] != sourcev1.Capability_CAPABILITY_VERIFY {
		t.Errorf("%v %v", d, err)
	}
	one := &echo{}
	same := newService(func() Source[testConfig] { return one }, &bytes.Buffer{})
	var out bytes.Buffer
	if code := describe(same, &out, &out); code != 1 || !strings.Contains(out.String(), "returned the same source twice") {
		t.Errorf("%d %s", code, out.String())
	}
}

// TestCallsThatAreRefused: one that the plugin does not know, or at no time.
func TestCallsThatAreRefused(t *testing.T) {
	plain := newService(newTestSource, &bytes.Buffer{})
	if err := plain.Verify(&sourcev1.VerifyRequest{}, &received[sourcev1.VerifyResponse]{ctx: t.Context()}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
	bad := &timestamppb.Timestamp{Seconds: 1 << 50}
	svc := newService(func() Source[testConfig] {
		return &echo{discover: new(DiscoverRequest[testConfig]), verify: new(VerifyRequest[testConfig])}
	}, &bytes.Buffer{})
	discovered, verified := &received[sourcev1.DiscoverResponse]{ctx: t.Context()}, &received[sourcev1.VerifyResponse]{ctx: t.Context()}
	if err := errors.Join(svc.Discover(&sourcev1.DiscoverRequest{Now: bad}, discovered), svc.Verify(&sourcev1.VerifyRequest{Now: bad}, verified)); err != nil {
		t.Fatal(err)
	}
	if len(discovered.all) != 1 || len(verified.all) != 1 {
		t.Fatalf("%v %v", discovered.all, verified.all)
	}
	for _, d := range [][]*sourcev1.Diagnostic{discovered.all[0].GetDiagnostics(), verified.all[0].GetDiagnostics()} {
		if len(d) != 1 || !strings.HasPrefix(d[0].GetSummary(), "the time of the request ") {
			t.Errorf("%v", d)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := svc.Discover(&sourcev1.DiscoverRequest{}, &received[sourcev1.DiscoverResponse]{ctx: ctx}); status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
}

// TestLogOfGroupsAndLevels: keys in groups stay as they are.
func TestLogOfGroupsAndLevels(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(newLogHandler(&b, "m", &Secrets{}))
	log.Debug("x", slog.Group("g", "msg", "inner", "level", slog.LevelWarn), "level", slog.LevelError)
	for _, want := range []string{`"@level":"debug"`, `"g":{"msg":"inner","level":"WARN"}`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s lacks %s", b.String(), want)
		}
	}
	if got := resultsTo([]Result{{Ref: Ref{ID: "a"}}})[0]; !proto.Equal(got, &sourcev1.VerifyResult{Id: "a", Presence: sourcev1.Presence_PRESENCE_UNKNOWN}) {
		t.Errorf("%v", got)
	}
}
