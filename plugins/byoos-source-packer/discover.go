package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/files"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Discover implements sdk.Source.
func (s source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	r, err := s.reader(req.Config, req.BaseDir, out)
	if err != nil {
		return err
	}
	found := newFindings(r.config)
	for _, file := range r.find() {
		if err := r.discover(ctx, file, found, out); err != nil {
			r.fail(file.explain(err, r.loader.Wait))
		}
	}
	for _, d := range found.diagnostics(r.failed) {
		_ = out.Report(d) // as in fail
	}
	return nil
}

// talker is what Discover's and Verify's streams share.
type talker interface {
	Report(d sdk.Diagnostic) error
	Progress(done, total int64, message string) error
}

// reader reads the configured manifests and reports those that it cannot read.
type reader struct {
	config  config
	base    string
	entries []entry
	loader  files.Loader
	out     talker
	failed  bool
}

func (s source) reader(c config, base string, out talker) (*reader, error) {
	entries, err := c.entries()
	if err != nil {
		return nil, err
	}
	wait, err := c.wait()
	if err != nil {
		return nil, err
	}
	if c.Runs, err = c.runs(); err != nil {
		return nil, err
	}
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	loader := files.Loader{Wait: wait, Sleep: s.sleep}
	return &reader{config: c, base: base, entries: entries, loader: loader, out: out}, nil
}

func (r *reader) fail(d *sdk.Diagnostic) {
	r.failed = true
	_ = r.out.Report(*d) // the call fails by itself when nobody listens
}

// manifestFile is one file, and the configuration that led to it.
type manifestFile struct{ path, name, configPath string }

// find returns each file once, in the order of the configuration.
func (r *reader) find() []manifestFile {
	var all []manifestFile
	seen := map[string]bool{}
	for _, e := range r.entries {
		paths, err := files.Find(r.base, e.pattern)
		if err != nil {
			file := manifestFile{name: e.pattern, configPath: e.configPath}
			r.fail(file.notFound(err, r.base))
		}
		for _, path := range paths {
			if !seen[path] {
				seen[path] = true
				all = append(all, manifestFile{path, shorten(r.base, path), e.configPath})
			}
		}
	}
	return all
}

// shorten names a file below base as the user would.
func shorten(base, path string) string {
	if rel, _ := filepath.Rel(base, path); filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

// discover goes over a manifest twice, so that no more than a build is in memory at a
// time: which build made an image last is known at the end of the file only. What changes
// in between is an error, as images were sent by then. Builds of the last run, which is
// known at the end as well, are in memory.
func (r *reader) discover(ctx context.Context, file manifestFile, found *findings, out *sdk.Stream) error {
	last := newLastBuilds(r.config)
	var state files.State
	loader := r.loader
	loader.State = &state
	m, err := r.load(ctx, loader, file, last.rewind, last.note)
	if err != nil {
		return err
	}
	each(m.Builds, last.note)
	found.begin(file.name, m)
	defer found.end(file.name)
	last.rewind()
	send := func(build manifest.Build) error {
		last.at++
		if !r.config.reads(build.RunUUID) {
			return nil
		}
		return out.Images(last.only(found.add(build))...)
	}
	if r.config.Runs == runsLatest {
		each(m.Builds, send)
	} else {
		_, err = r.load(ctx, files.Loader{Only: state}, file, func() {}, send)
	}
	return err
}

// load gives take all builds of a file, as a later run may have made the image of another
// one again, and returns those of the last run where only these are wanted. restart is
// called before each attempt.
func (r *reader) load(ctx context.Context, loader files.Loader, file manifestFile, restart func(), take func(manifest.Build) error) (*manifest.Manifest, error) {
	loader.Waiting = func() { _ = r.out.Progress(0, 0, "waiting for packer to finish writing "+file.name) }
	return loader.Load(ctx, file.path, func(ctx context.Context, in io.ReaderAt, size int64) (*manifest.Manifest, error) {
		progress := func(done int64) {
			// A host that no longer listens cancels ctx.
			_ = r.out.Progress(done, size, "reading "+file.name)
		}
		if r.config.Runs == runsLatest {
			return manifest.Latest(ctx, in, size, progress)
		}
		restart()
		return manifest.Each(ctx, in, size, manifest.All, progress, take)
	})
}

// each is for builds that are in memory. It goes on when nobody listens, as the call then
// fails by itself.
func each(builds []manifest.Build, take func(manifest.Build) error) {
	for _, build := range builds {
		_ = take(build)
	}
}
