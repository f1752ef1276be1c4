package sdktest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

type config struct {
	Mode  string   `json:"mode" jsonschema:"required,enum=images,enum=parallel,enum=order,enum=fail,enum=several,enum=wait,enum=panic,enum=own"`
	Count int      `json:"count,omitempty" jsonschema:"description=How many,default=2"`
	Names []string `json:"names,omitempty"`
	Deep  deep     `json:"deep,omitempty"`
}

type deep struct {
	Level int `json:"level,omitempty" jsonschema:"default=7"`
}

type source struct{ names []string }

// careless is what an author must not have: a variable that calls share.
type careless struct {
	source
	shared *atomic.Pointer[[]string]
}

func (s careless) Discover(_ context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	s.shared.Store(&req.Config.Names)
	if err := out.Progress(0, 1, "reading"); err != nil {
		return err
	}
	for _, name := range *s.shared.Load() {
		if err := out.Images(sdk.Image{ID: name, Provider: "aws"}); err != nil {
			return err
		}
	}
	return nil
}

func newSource() sdk.Source[config] { return &source{} }

func (*source) Describe() sdk.Info { return sdk.Info{Name: "test", Version: "v1.0.0"} }

func full() sdk.Image {
	at := time.Date(2026, 5, 1, 12, 0, 0, 5000, time.UTC)
	return sdk.Image{
		ID: "ami-1", Provider: "aws", Name: "golden", Region: "us-east-1", Architecture: "amd64", OSName: "rhel", OSVersion: "8",
		KubernetesVersion: "1.30.4", CreatedAt: at, DeprecatedAt: at.Add(time.Hour), EndOfLifeAt: at.Add(2 * time.Hour),
		Version: "1.2.3", State: sdk.Disabled, StateReason: "by hand", ExcludedFromLatest: true, Owner: "self", OwnerID: "123",
		Public: true, Tags: map[string]string{"a": "b"}, Digest: "sha256:00", Reference: &sdk.Reference{Kind: "arn", Value: "x"},
		Provenance: map[string]sdk.Provenance{"id": {From: "api", Key: "k", Raw: "r"}}, Attributes: map[string]string{"c": "d"},
		NewestBy: sdk.NewestByVersion,
	}
}

func (s *source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	req.Log.Info("asked", "mode", req.Config.Mode)
	switch req.Config.Mode {
	case "images":
		one := full()
		one.Version = fmt.Sprintf("%d %d %v %s", req.Config.Count, req.Config.Deep.Level, req.UserSettings["endpoint"], req.BaseDir)
		return out.Images(one)
	case "parallel":
		var wg sync.WaitGroup
		for region := range 8 {
			wg.Go(func() {
				for i := range req.Config.Count {
					_ = out.Images(sdk.Image{ID: fmt.Sprintf("%d-%d", region, i), Provider: "aws"})
				}
			})
		}
		wg.Wait()
		return nil
	case "several":
		return errors.Join(&sdk.Diagnostic{Severity: sdk.Warning, Summary: "one", Scope: "a"}, fmt.Errorf("b: %w", errors.New("two")))
	case "fail":
		_ = out.Images(full())
		return fmt.Errorf("region x: %w", &sdk.Diagnostic{Summary: "denied", ConfigPath: "names[0]", NextStep: "ask"})
	case "own":
		s.names = req.Config.Names
		if err := out.Progress(0, 1, "reading"); err != nil {
			return err
		}
		for _, name := range s.names {
			if err := out.Images(sdk.Image{ID: name, Provider: "aws", ObservedAt: time.Now()}); err != nil {
				return err
			}
		}
		return nil
	case "wait":
		<-ctx.Done()
		return fmt.Errorf("reading: %w", ctx.Err())
	}
	panic("no such mode")
}

func (*source) Verify(_ context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	image := full()
	for i, ref := range req.Refs {
		r := sdk.Result{Ref: ref, Presence: sdk.Found, Image: &image}
		if i == 1 {
			r = sdk.Result{Ref: ref, Presence: sdk.NotVisible, Reason: "shared no more"}
		}
		if err := out.Results(r); err != nil {
			return err
		}
	}
	return nil
}

func TestEveryFieldArrives(t *testing.T) {
	images, diagnostics, err := sdktest.Discover(t.Context(), newSource, map[string]any{"mode": "images", "deep": map[string]any{}},
		sdktest.UserSettings(map[string]any{"endpoint": "http://localhost"}), sdktest.BaseDir("/specs"))
	if err != nil || len(diagnostics) > 0 {
		t.Fatal(diagnostics, err)
	}
	want := full()
	want.Version = "2 7 http://localhost /specs"
	if diff := cmp.Diff([]sdk.Image{want}, images); diff != "" {
		t.Error(diff)
	}
}

func TestConfigTypeAsConfig(t *testing.T) {
	images, _, err := sdktest.Discover(t.Context(), newSource, config{Mode: "images", Count: 1 << 40})
	if err != nil || len(images) != 1 || !strings.HasPrefix(images[0].Version, "1099511627776 ") {
		t.Errorf("%+v %v", images, err)
	}
}

func TestNumbersThatWouldChange(t *testing.T) {
	_, _, err := sdktest.Discover(t.Context(), newSource, config{Mode: "images", Count: 1<<53 + 1})
	if err == nil || !strings.Contains(err.Error(), "config: count: 9007199254740993 is too large a whole number") {
		t.Error(err)
	}
}

func TestParallelSends(t *testing.T) {
	images, _, err := sdktest.Discover(t.Context(), newSource, config{Mode: "parallel", Count: 1000})
	ids := map[string]bool{}
	for _, i := range images {
		ids[i.ID] = true
	}
	if err != nil || len(ids) != 8000 || len(images) != 8000 {
		t.Errorf("%d ids, %d images, %v; want 8000", len(ids), len(images), err)
	}
}

func TestErrorsBecomeDiagnostics(t *testing.T) {
	images, got, err := sdktest.Discover(t.Context(), newSource, config{Mode: "fail"})
	want := []sdk.Diagnostic{{Severity: sdk.Error, Summary: "denied", ConfigPath: "names[0]", NextStep: "ask"}}
	if diff := cmp.Diff(want, got); err != nil || len(images) != 1 || diff != "" {
		t.Error(len(images), err, diff)
	}
	_, got, err = sdktest.Discover(t.Context(), newSource, config{Mode: "several"})
	want = []sdk.Diagnostic{{Severity: sdk.Error, Summary: "one", Scope: "a"}, {Severity: sdk.Error, Summary: "b: two"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, d, err := sdktest.Discover(ctx, newSource, config{Mode: "wait"}); !errors.Is(err, context.Canceled) || len(d) > 0 {
		t.Errorf("%v %v", d, err)
	}
}

func TestPanicIsNamedWithoutStack(t *testing.T) {
	var log strings.Builder
	_, _, err := sdktest.Discover(t.Context(), newSource, config{Mode: "panic"}, sdktest.Log(&log))
	if err == nil || !strings.Contains(err.Error(), "plugin test: panic in Discover: no such mode") || strings.Contains(err.Error(), "goroutine") {
		t.Error(err)
	}
	if !strings.Contains(log.String(), `"stack":"goroutine`) || !strings.Contains(log.String(), `"@level":"error"`) {
		t.Error("the log has no stack:", log.String())
	}
}

func TestTogether(t *testing.T) {
	configs := []any{config{Mode: "own", Names: []string{"a", "b"}}, config{Mode: "own", Names: []string{"c"}}}
	if err := sdktest.Together(t.Context(), newSource, configs); err != nil {
		t.Error(err)
	}
	one := newSource()
	err := sdktest.Together(t.Context(), func() sdk.Source[config] { return one }, configs)
	if err == nil || !strings.Contains(err.Error(), "returned the same source twice") {
		t.Errorf("one source for all calls: %v", err)
	}
}

func TestTogetherFindsWhatCallsShare(t *testing.T) {
	var shared atomic.Pointer[[]string]
	newCareless := func() sdk.Source[config] { return &careless{shared: &shared} }
	err := sdktest.Together(t.Context(), newCareless, []any{config{Names: []string{"a"}}, config{}})
	if err == nil || !strings.Contains(err.Error(), `asked together with others: it `) ||
		!strings.Contains(err.Error(), `{"id":"a","provider":"aws"}, `) {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	refs := []sdk.Ref{{ID: "ami-1"}, {ID: "b"}}
	image := full()
	got, _, err := sdktest.Verify(t.Context(), newSource, nil, refs)
	want := []sdk.Result{
		{Ref: refs[0], Presence: sdk.Found, Image: &image},
		{Ref: refs[1], Presence: sdk.NotVisible, Reason: "shared no more"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(sdk.Ref{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
