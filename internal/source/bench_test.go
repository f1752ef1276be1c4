package source

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"google.golang.org/grpc"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
	"github.com/kubectl-byoos/kubectl-byoos/test/stubs/catalog"
)

// BenchmarkStart measures the start of a plugin until it has answered, and its
// end.
func BenchmarkStart(b *testing.B) {
	dir, cache := pluginDir(b, "stub"), b.TempDir()
	var ends time.Duration
	for b.Loop() {
		h := New(Options{PluginDirs: []string{dir}, CacheDir: cache})
		if r := one(context.Background(), h, "stub", nil); r.Err != nil {
			b.Fatal(r.Err)
		}
		began := time.Now()
		h.Close()
		ends += time.Since(began)
	}
	b.ReportMetric(float64(ends.Microseconds())/1000/float64(b.N), "ms-to-close")
}

// BenchmarkStream sends 100,000 images through a plugin, and beside it lets the
// same source hand the same messages over within one process.
func BenchmarkStream(b *testing.B) {
	const n = 100_000
	b.Run("plugin", func(b *testing.B) {
		h := New(Options{PluginDirs: []string{pluginDir(b, "stub")}})
		defer h.Close()
		if r := one(context.Background(), h, "stub", nil); r.Err != nil {
			b.Fatal(r.Err)
		}
		b.ReportAllocs()
		for b.Loop() {
			r := one(context.Background(), h, "stub", map[string]any{"images": n})
			if r.Err != nil || len(r.Images) != n {
				b.Fatal(r.Err, len(r.Images))
			}
		}
	})
	b.Run("in-process", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if images := inProcess(b, n); len(images) != n {
				b.Fatal(len(images))
			}
		}
	})
}

type catalogSource struct{}

type catalogConfig struct {
	Images int `json:"images"`
}

func (catalogSource) Describe() sdk.Info { return sdk.Info{Name: "catalog"} }

func (catalogSource) Discover(_ context.Context, req sdk.DiscoverRequest[catalogConfig], out *sdk.Stream) error {
	return out.Images(catalog.Images(req.Config.Images)...)
}

// directStream hands messages over without a connection.
type directStream struct {
	grpc.ServerStreamingServer[sourcev1.DiscoverResponse]
	ctx    context.Context
	answer answer
	images []image.Image
}

func (s *directStream) Context() context.Context { return s.ctx }

func (s *directStream) Send(m *sourcev1.DiscoverResponse) error {
	s.images = s.answer.images(s.images, m.GetImages())
	return nil
}

func inProcess(b *testing.B, n int) []image.Image {
	config, err := structOf(map[string]any{"images": n})
	if err != nil {
		b.Fatal(err)
	}
	out := &directStream{ctx: context.Background(), answer: answer{source: "s", words: run.NewTail(slog.New(slog.DiscardHandler), nil)}}
	if err := sdk.Service(func() sdk.Source[catalogConfig] { return catalogSource{} }, io.Discard).Discover(&sourcev1.DiscoverRequest{Config: config}, out); err != nil {
		b.Fatal(err)
	}
	return out.images
}

// BenchmarkSlowSources asks sources that each wait one second, as for a network.
func BenchmarkSlowSources(b *testing.B) {
	for _, n := range []int{1, 16} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			dir, cache := pluginDir(b, "stub"), b.TempDir()
			for b.Loop() {
				h := New(Options{PluginDirs: []string{dir}, CacheDir: cache})
				for _, r := range h.Discover(context.Background(), slowRequests(b, h, n, "1s"), nil) {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
				h.Close()
			}
		})
	}
}

// BenchmarkSixteenPlugins starts 16 different plugins at once and reports the
// processor time of all of them and of the host.
func BenchmarkSixteenPlugins(b *testing.B) {
	types := make([]string, 16)
	for i := range types {
		types[i] = "p" + strconv.Itoa(i)
	}
	dir, cache := pluginDir(b, types...), b.TempDir()
	start := func() {
		h := New(Options{PluginDirs: []string{dir}, CacheDir: cache})
		reqs := make([]Request, len(types))
		for i, typ := range types {
			reqs[i] = Request{Source: typ, Plugin: of(b, h, typ)}
		}
		for _, r := range h.Discover(context.Background(), reqs, nil) {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
		}
		h.Close()
	}
	start() // fills the cache
	before := processorTime(b)
	for b.Loop() {
		start()
	}
	b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}
