package sdktest_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/sdktest"
)

// acts is a source that is a function.
type acts func(req sdk.DiscoverRequest[config], out *sdk.Stream) error

func (acts) Describe() sdk.Info { return sdk.Info{Name: "test"} }

func (f acts) Discover(_ context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	return f(req, out)
}

func (acts) Verify(_ context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	if err := out.Progress(1, 2, "at "+req.Now.Format(time.DateOnly)); err != nil {
		return err
	}
	return out.Results(sdk.Result{Ref: req.Refs[1], Reason: "one"}, sdk.Result{Ref: req.Refs[1], Reason: "two"}, sdk.Result{Ref: req.Refs[0], Reason: "three"})
}

// sends returns a source of images with these ids.
func sends(ids ...string) acts {
	return func(_ sdk.DiscoverRequest[config], out *sdk.Stream) error {
		for _, id := range ids {
			if err := out.Progress(1, 1, ""); err != nil {
				return err
			}
			if err := out.Images(sdk.Image{ID: id, Provider: "aws"}); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestOptions: the clock, the hints and what is told of progress, of both calls.
func TestOptions(t *testing.T) {
	var told []string
	options := []sdktest.Option{
		sdktest.Now(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)), sdktest.Hints(sdk.Hints{Regions: []string{"a"}, NewestOnly: true}),
		sdktest.Progress(func(done, total int64, message string) {
			told = append(told, fmt.Sprint(done, "/", total, " ", message))
		}),
	}
	asks := acts(func(req sdk.DiscoverRequest[config], out *sdk.Stream) error {
		if err := out.Progress(3, 3, fmt.Sprint(req.Now.Format(time.DateOnly), req.Hints.Regions, req.Hints.NewestOnly)); err != nil {
			return err
		}
		return out.Images(sdk.Image{ID: "a", Provider: "aws"})
	})
	newAsks := func() sdk.Source[config] { return asks }
	if images, _, err := sdktest.Discover(t.Context(), newAsks, nil, options...); err != nil || len(images) != 1 {
		t.Errorf("%+v %v", images, err)
	}
	// A second answer for one reference is told, and the others count.
	results, diagnostics, err := sdktest.Verify(t.Context(), newAsks, nil, []sdk.Ref{{ID: "a"}, {ID: "b"}}, options...)
	if err != nil || len(results) != 2 || results[0].Reason != "one" || results[1].Reason != "three" ||
		len(diagnostics) != 1 || !strings.Contains(diagnostics[0].Detail, "a second answer for b") {
		t.Errorf("%+v %+v %v", results, diagnostics, err)
	}
	if diff := cmp.Diff([]string{"3/3 2026-05-01[a] true", "1/2 at 2026-05-01"}, told); diff != "" {
		t.Error(diff)
	}
}

// TestTogetherNamesWhatChanges: an image that is missing then, or one that is not there alone.
func TestTogetherNamesWhatChanges(t *testing.T) {
	const missing, more = `it does not answer {"id":"%s","provider":"aws"}, as it does alone`, `it answers {"id":"%s","provider":"aws"}, which it does not alone`
	for name, tt := range map[string]struct {
		alone, together []string
		want            string
	}{
		"as alone":          {[]string{"b", "a"}, []string{"a", "b"}, ""},
		"the last is gone":  {[]string{"a", "b"}, []string{"a"}, fmt.Sprintf(missing, "b")},
		"the first is gone": {[]string{"a", "b"}, []string{"b"}, fmt.Sprintf(missing, "a")},
		"all are gone":      {[]string{"a"}, nil, fmt.Sprintf(missing, "a")},
		"one more":          {[]string{"a"}, []string{"a", "b"}, fmt.Sprintf(more, "b")},
		"one more before":   {[]string{"b"}, []string{"a", "b"}, fmt.Sprintf(more, "a")},
		"the first at all":  {nil, []string{"a"}, fmt.Sprintf(more, "a")},
		"another":           {[]string{"a"}, []string{"b"}, fmt.Sprintf(missing, "a")},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			changes := acts(func(req sdk.DiscoverRequest[config], out *sdk.Stream) error {
				ids := []string{"x", "y", "z"} // of the other, which sends more and goes on alone at the end
				if req.Config.Mode != "other" {
					if ids = tt.alone; calls.Add(1) > 1 {
						ids = tt.together
					}
				}
				return sends(ids...)(req, out)
			})
			err := sdktest.Together(t.Context(), func() sdk.Source[config] { return changes }, []any{config{}, config{Mode: "other"}})
			want := tt.want
			if want != "" {
				want = "configuration 0, asked together with others: " + want
			}
			if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
