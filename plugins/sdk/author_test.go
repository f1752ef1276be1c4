package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// What authors do by mistake, and what they are told.

type discovers func(ctx context.Context, out *sdk.Stream) error

func (discovers) Describe() sdk.Info { return sdk.Info{Name: "test", Version: "1.0.0"} }

func (f discovers) Discover(ctx context.Context, _ sdk.DiscoverRequest[config], out *sdk.Stream) error {
	return f(ctx, out)
}

func (f discovers) run(t *testing.T) ([]sdk.Image, []sdk.Diagnostic, error) {
	t.Helper()
	return sdktest.Discover(t.Context(), func() sdk.Source[config] { return f }, nil)
}

func good(id string) sdk.Image { return sdk.Image{ID: id, Provider: "aws", State: sdk.Available} }

func TestImagesThatCannotBeSent(t *testing.T) {
	milliseconds := time.Unix(1_790_000_000_000, 0)
	tests := map[string]struct {
		change func(*sdk.Image)
		want   string
	}{
		"CreatedAt":    {func(i *sdk.Image) { i.CreatedAt = milliseconds }, "bad: created_at is no time of the years 1 to 9999: 1790000000000 seconds"},
		"DeprecatedAt": {func(i *sdk.Image) { i.DeprecatedAt = milliseconds }, "bad: deprecated_at is no time"},
		"EndOfLifeAt":  {func(i *sdk.Image) { i.EndOfLifeAt = time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC) }, "bad: end_of_life_at is no time"},
		"ObservedAt":   {func(i *sdk.Image) { i.ObservedAt = milliseconds }, "bad: observed_at is no time"},
		"NewestBy":     {func(i *sdk.Image) { i.NewestBy = "name" }, `bad: NewestBy is "name", and there are created and version`},
		"ID":           {func(i *sdk.Image) { i.ID = "" }, "it has no id"},
		"Provider":     {func(i *sdk.Image) { i.Provider = "" }, "bad has no provider"},
		"Region":       {func(i *sdk.Image) { i.Region = "us-east-1\n" }, `region holds a character that is no text: "us-east-1\n"`},
		"size":         {func(i *sdk.Image) { i.Attributes = map[string]string{"a": strings.Repeat("x", 65<<20)} }, "bad: it takes 65 MiB, and a message has room for 64"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			images, diagnostics, err := discovers(func(_ context.Context, out *sdk.Stream) error {
				bad := good("bad")
				tt.change(&bad)
				return out.Images(good("a"), bad, good("b"))
			}).run(t)
			if err != nil || len(images) != 2 {
				t.Errorf("%d images, error %v; want the two others", len(images), err)
			}
			if len(diagnostics) != 1 || diagnostics[0].Severity != sdk.Error || !strings.Contains(diagnostics[0].Detail, tt.want) {
				t.Errorf("diagnostics %+v, want %q", diagnostics, tt.want)
			}
		})
	}
}

// TestHowManyCannotBeSent: the first is told, and how many more there are.
func TestHowManyCannotBeSent(t *testing.T) {
	for n, want := range map[int]string{1: "bad0 has no provider", 2: "bad0 has no provider; and 1 more", 3: "bad0 has no provider; and 2 more"} {
		_, diagnostics, err := discovers(func(_ context.Context, out *sdk.Stream) error {
			for i := range n {
				if err := out.Images(good("a"), sdk.Image{ID: fmt.Sprint("bad", i)}); err != nil {
					return err
				}
			}
			return nil
		}).run(t)
		if err != nil || len(diagnostics) != 1 || diagnostics[0].Detail != want {
			t.Errorf("%d: diagnostics %+v, %v", n, diagnostics, err)
		}
	}
}

// TestTextOfADiagnostic as an error.
func TestTextOfADiagnostic(t *testing.T) {
	var none *sdk.Diagnostic
	for d, want := range map[*sdk.Diagnostic]string{none: "no error", {Summary: "a"}: "a", {Summary: "a", Detail: "b"}: "a: b"} {
		if got := d.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestOneFactOfASystem is sent without the other.
func TestOneFactOfASystem(t *testing.T) {
	images, _, err := discovers(func(_ context.Context, out *sdk.Stream) error {
		name, version := good("a"), good("b")
		name.OSName, version.OSVersion = "rhel", "9"
		return out.Images(name, version)
	}).run(t)
	if err != nil || len(images) != 2 || images[0].OSName != "rhel" || images[1].OSVersion != "9" {
		t.Errorf("%+v %v", images, err)
	}
}

// without has no fields, so that all pointers to it may be one.
type without struct{}

func (*without) Describe() sdk.Info { return sdk.Info{Name: "test"} }

func (*without) Discover(_ context.Context, _ sdk.DiscoverRequest[config], out *sdk.Stream) error {
	return out.Images(good("a"))
}

// TestOneSourceForAllCalls is allowed where it keeps nothing.
func TestOneSourceForAllCalls(t *testing.T) {
	one := &without{}
	if images, _, err := sdktest.Discover(t.Context(), func() sdk.Source[config] { return one }, nil); err != nil || len(images) != 1 {
		t.Errorf("%+v %v", images, err)
	}
}

func TestStateOfNoSDK(t *testing.T) {
	beyond := int64(1) << 32 // more than the protocol's enums hold: cut to their size, it is 0
	for _, state := range []sdk.State{17, -1, sdk.State(beyond) + sdk.Available} {
		images, diagnostics, err := discovers(func(_ context.Context, out *sdk.Stream) error {
			return out.Images(sdk.Image{ID: "a", Provider: "aws", State: state, Evidence: sdk.Evidence(beyond) + sdk.Asked})
		}).run(t)
		if err != nil || diagnostics != nil || len(images) != 1 || images[0].State != sdk.StateUnknown || images[0].Evidence != 0 ||
			images[0].StateReason != fmt.Sprintf("the source sent state %d, which this version does not know", state) {
			t.Errorf("%+v %+v %v", images, diagnostics, err)
		}
	}
}

// TestBatchesFitIntoAMessage sends much text in fields of every kind at once.
func TestBatchesFitIntoAMessage(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	batch := make([]sdk.Image, 100)
	for i := range batch {
		batch[i] = good(fmt.Sprint(i))
		if i < 50 {
			batch[i].Provenance = map[string]sdk.Provenance{"os.name": {Raw: long}}
			continue
		}
		batch[i].Reference = &sdk.Reference{Kind: "document", Value: long}
		batch[i].Version, batch[i].Owner, batch[i].Digest = long, long, long
	}
	images, diagnostics, err := discovers(func(_ context.Context, out *sdk.Stream) error {
		if err := out.Report(sdk.Diagnostic{Severity: sdk.Notice, Summary: "long", Detail: strings.Repeat(long, 65)}); err != nil {
			return err
		}
		return out.Images(batch...)
	}).run(t)
	if err != nil || len(diagnostics) != 1 || len(images) != len(batch) {
		t.Errorf("%d images, %d diagnostics, %v", len(images), len(diagnostics), err)
	}
}

func TestWhatAnErrorSays(t *testing.T) {
	one, two := &sdk.Diagnostic{Summary: "one"}, &sdk.Diagnostic{Summary: "two"}
	var none *sdk.Diagnostic
	var list errorList
	tests := map[string]struct {
		err  error
		want []string
	}{
		"joined":                 {errors.Join(one, errors.New("plain"), two), []string{"one", "plain", "two"}},
		"joined and wrapped":     {fmt.Errorf("regions: %w", errors.Join(one, errors.Join(two))), []string{"one", "two"}},
		"two of fmt.Errorf":      {fmt.Errorf("%w and %w", one, two), []string{"one", "two"}},
		"text around":            {fmt.Errorf("%w: %w", errors.New("locked"), io.EOF), []string{"locked: EOF"}},
		"joined without any":     {fmt.Errorf("regions: %w", errors.Join(errors.New("a"), errors.New("b"))), []string{"regions: a"}},
		"typed nil":              {none, nil},
		"empty list":             {list, nil},
		"typed nil, wrapped":     {fmt.Errorf("regions: %w", fmt.Errorf("one: %w", none)), []string{"regions: one: no error"}},
		"typed nil that is one":  {errors.Join(none, one), []string{"one"}},
		"nothing among parts":    {holes{}, []string{"with holes"}},
		"no words":               {errors.New(""), []string{"the plugin failed without saying why"}},
		"deadline of its own":    {fmt.Errorf("reading us-east-1: %w", context.DeadlineExceeded), []string{"reading us-east-1: context deadline exceeded"}},
		"cancelled by itself":    {context.Canceled, []string{"context canceled"}},
		"a status of its client": {status.Error(codes.ResourceExhausted, "quota of project p"), []string{"rpc error: code = ResourceExhausted desc = quota of project p"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, diagnostics, err := discovers(func(context.Context, *sdk.Stream) error { return tt.err }).run(t)
			var got []string
			for _, d := range diagnostics {
				got = append(got, d.Summary)
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

type errorList []error

func (errorList) Error() string { return "a list" }

type holes struct{}

func (holes) Error() string   { return "with holes" }
func (holes) Unwrap() []error { return []error{nil, io.EOF, nil} }

// panics is an error that cannot say what it is.
type panics struct{ inner *holes }

func (p panics) Error() string { return "no inner " + (*p.inner).Error() }

// TestNoReturn: all of the author's code that a call runs may end otherwise.
func TestNoReturn(t *testing.T) {
	nothing := discovers(func(context.Context, *sdk.Stream) error { return nil })
	later := func(f func() sdk.Source[config]) func() sdk.Source[config] {
		made := 0
		return func() sdk.Source[config] {
			if made++; made == 1 {
				return nothing
			}
			return f()
		}
	}
	returning := func(f discovers) func() sdk.Source[config] { return func() sdk.Source[config] { return f } }
	tests := map[string]struct {
		newSource func() sdk.Source[config]
		want      string
	}{
		"Goexit":               {returning(func(context.Context, *sdk.Stream) error { runtime.Goexit(); return nil }), "plugin test: Discover ended its goroutine"},
		"an error that panics": {returning(func(context.Context, *sdk.Stream) error { return panics{} }), "plugin test: panic in Discover: runtime error"},
		"newSource panics":     {later(func() sdk.Source[config] { panic("no client") }), "plugin test: panic in Discover: no client"},
		"newSource ends":       {later(func() sdk.Source[config] { runtime.Goexit(); return nil }), "plugin test: Discover ended its goroutine"},
		"no source":            {later(func() sdk.Source[config] { return nil }), "plugin test: the function given to sdk.Main returned no source"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := sdktest.Discover(t.Context(), tt.newSource, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Error(err)
			}
		})
	}
}

func TestPanicWithAStackIsOneLine(t *testing.T) {
	_, _, err := discovers(func(context.Context, *sdk.Stream) error {
		panic("worker failed\ngoroutine 7 [running]:\nmain.work()")
	}).run(t)
	if err == nil || !strings.HasSuffix(err.Error(), "panic in Discover: worker failed") {
		t.Error(err)
	}
}

// TestProgressWithoutATotal is no reason to send a message for each of many calls.
func TestProgressWithoutATotal(t *testing.T) {
	told := 0
	_, _, err := sdktest.Discover(t.Context(), func() sdk.Source[config] {
		return discovers(func(_ context.Context, out *sdk.Stream) error {
			for range 10_000 {
				if err := out.Progress(0, 0, "reading"); err != nil {
					return err
				}
			}
			return out.Progress(-2, -1, "done")
		})
	}, nil, sdktest.Progress(func(int64, int64, string) { told++ }))
	if err != nil || told == 0 || told > 1000 {
		t.Errorf("%d messages for 10,000 calls, %v", told, err)
	}
}

type verifies struct {
	discovers
	verify func(req sdk.VerifyRequest[config], out *sdk.Results) error
}

func (v verifies) Verify(_ context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	return v.verify(req, out)
}

func TestAnswersThatCannotBeSent(t *testing.T) {
	found := func(ref sdk.Ref, id string) sdk.Result {
		image := good(id)
		return sdk.Result{Ref: ref, Presence: sdk.Found, Image: &image}
	}
	tests := map[string]struct {
		answer func(refs []sdk.Ref) []sdk.Result
		want   string
	}{
		"a Ref of the author's": {func([]sdk.Ref) []sdk.Result { return []sdk.Result{found(sdk.Ref{ID: "ami-1"}, "ami-1")} }, "does not say for which reference"},
		"twice": {func(r []sdk.Ref) []sdk.Result {
			return []sdk.Result{found(r[0], "ami-1"), {Ref: r[0], Presence: sdk.NotFound}}
		}, "a second answer for ami-1"},
		"another image": {func(r []sdk.Ref) []sdk.Result { return []sdk.Result{found(r[1], "ami-1")} }, "the answer for ami-2 is about ami-1"},
		"a changed Ref": {func(r []sdk.Ref) []sdk.Result { r[1].ID = "ami-1"; return []sdk.Result{found(r[1], "ami-1")} }, `the answer for ami-2 says that it is for "ami-1"`},
		"a bad time": {func(r []sdk.Ref) []sdk.Result {
			one := found(r[0], "ami-1")
			one.Image.DeprecatedAt = time.Unix(1<<50, 0)
			return []sdk.Result{one}
		}, "ami-1: deprecated_at is no time"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := verifies{verify: func(req sdk.VerifyRequest[config], out *sdk.Results) error {
				return out.Results(tt.answer(req.Refs)...)
			}}
			_, diagnostics, err := sdktest.Verify(t.Context(), func() sdk.Source[config] { return v }, nil, []sdk.Ref{{ID: "ami-1"}, {ID: "ami-2"}})
			if err != nil || len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, tt.want) {
				t.Errorf("diagnostics %+v, %v; want %q", diagnostics, err, tt.want)
			}
		})
	}
}

func TestPresenceOfNoSDK(t *testing.T) {
	beyond := int64(1) << 32 // more than the protocol's enums hold: cut to their size, it is 0
	for _, presence := range []sdk.Presence{4, sdk.Presence(beyond) + sdk.Found} {
		v := verifies{verify: func(req sdk.VerifyRequest[config], out *sdk.Results) error {
			return out.Results(sdk.Result{Ref: req.Refs[0], Presence: presence, Evidence: sdk.Evidence(beyond) + sdk.Asked})
		}}
		results, _, err := sdktest.Verify(t.Context(), func() sdk.Source[config] { return v }, nil, []sdk.Ref{{ID: "ami-1"}})
		if err != nil || len(results) != 1 || results[0].Presence != sdk.Unknown || results[0].Evidence != 0 ||
			!strings.Contains(results[0].Reason, fmt.Sprintf("sent presence %d,", presence)) {
			t.Errorf("%+v %v", results, err)
		}
	}
}

// What was found is kept beside a value that was normalized, and not beside one that was not.
func TestProvenanceOfAValue(t *testing.T) {
	tag := sdk.Provenance{From: "tag", Key: "arch"}
	for _, tt := range []struct {
		from       sdk.Provenance
		raw, value string
		want       sdk.Provenance
	}{
		{tag, "x86_64", "amd64", sdk.Provenance{"tag", "arch", "x86_64"}},
		{tag, "amd64", "amd64", tag},
		{sdk.Provenance{"tag", "arch", "of another"}, "amd64", "amd64", tag},
	} {
		if got := tt.from.Of(tt.raw, tt.value); got != tt.want {
			t.Errorf("%s as %s: got %+v", tt.raw, tt.value, got)
		}
	}
}
