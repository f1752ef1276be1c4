//go:build unix

package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// atStart calls what it holds when a plugin has started.
type atStart struct {
	slog.Handler
	call func()
}

func (h atStart) Enabled(context.Context, slog.Level) bool { return true }

func (h atStart) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "plugin started" {
		h.call()
	}
	return nil
}

func (h atStart) WithAttrs([]slog.Attr) slog.Handler { return h }

// TestCallsEndAtAnyMoment ends calls by their context or by Close, around the moments
// when their plugin is launched, has connected and answers. They end soon, and newHost
// looks for what they leave.
func TestCallsEndAtAnyMoment(t *testing.T) {
	dir, cache := pluginDir(t, "stub", "mute"), t.TempDir()
	modes := []string{"images", "wait", "crash", "panic", "program", "endless images", "child", "hang"}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 24 {
		ctx, cancel := context.WithCancel(context.Background())
		var h *Host
		end := cancel
		if random.IntN(4) == 0 {
			end = func() { go h.Close() }
		}
		after := time.Duration(random.IntN(4)) * time.Duration(random.IntN(10_000)) * time.Microsecond
		soon := func() { time.AfterFunc(after, end) }
		moments := [3]func(){func() {}, func() {}, func() {}}
		moment := random.IntN(len(moments))
		moments[moment] = soon
		h = newHost(t, Options{
			PluginDirs: []string{dir}, CacheDir: cache,
			Environ: func() []string {
				moments[0]()
				return []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR")}
			},
			Log: slog.New(atStart{slog.NewTextHandler(io.Discard, nil), func() { moments[1]() }}),
		})
		typ, mode := "stub", modes[round%len(modes)]
		if moment == 0 && round%3 == 0 {
			typ = "mute"
		}
		reqs := make([]Request, 1+random.IntN(3))
		for i := range reqs {
			reqs[i] = Request{Source: fmt.Sprint("s", i), Config: map[string]any{"mode": mode}}
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer h.Close()
			p, err := h.Find(ctx, typ)
			if err != nil {
				return // it was ended meanwhile
			}
			for i := range reqs {
				reqs[i].Plugin = p
			}
			h.Discover(ctx, reqs, func(Event) { moments[2]() })
		}()
		// Not every mode tells of progress.
		last := time.AfterFunc(100*time.Millisecond, end)
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("round %d hangs: %s %s, moment %d, after %s", round, typ, mode, moment, after)
		}
		last.Stop()
		cancel()
	}
}
