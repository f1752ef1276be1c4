package main

import (
	"cmp"
	"context"
	"io"
	"path/filepath"
	"strings"

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
	found := newFindings(req.Config)
	for _, file := range r.find() {
		if err := r.discover(ctx, file, found, out); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.fail(file.explain(err, r.loader.Wait))
		}
	}
	for _, d := range found.diagnostics(r.failed) {
		if err := out.Report(d); err != nil {
			return err
		}
	}
	return r.sendErr
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
	sendErr error
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
	if _, err := c.runs(); err != nil {
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
	if err := r.out.Report(*d); err != nil {
		r.sendErr = cmp.Or(r.sendErr, err)
	}
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
			continue
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
	if rel, err := filepath.Rel(base, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

// keep is nil for the last run, which only the file knows.
func (r *reader) keep(runs string) manifest.Keep {
	switch runs {
	case "", runsLatest:
		return nil
	case runsAll:
		return manifest.All
	}
	return func(run string) bool { return strings.EqualFold(run, runs) }
}

// discover goes over a manifest twice, so that no more than a build is in memory at a
// time: which build made an image last is known at the end of the file only. What changes
// in between is an error, as images were sent by then.
func (r *reader) discover(ctx context.Context, file manifestFile, found *findings, out *sdk.Stream) error {
	last := newLastBuilds(r.config)
	keep := r.keep(r.config.Runs)
	wanted, all := func(string) bool { return true }, keep
	if keep != nil {
		wanted, all = keep, manifest.All // a later run may have made the image of this one again
	}
	var state files.State
	m, err := r.load(ctx, file, all, &state, last.reset, last.note)
	if err != nil {
		return err
	}
	if keep == nil {
		all = manifest.Run(m.LastRun)
	}
	again := *r
	again.loader.Wait, again.loader.Only = 0, state
	found.begin(file.name, m)
	last.rewind()
	_, err = again.load(ctx, file, all, nil, func() {}, func(build manifest.Build) error {
		last.at++
		if !wanted(build.RunUUID) {
			return nil
		}
		return out.Images(last.only(found.add(build))...)
	})
	found.end(file.name)
	return err
}

// load gives take the builds of a file; restart is called before each attempt. state becomes that
// of the file, unless it is nil.
func (r *reader) load(
	ctx context.Context, file manifestFile, keep manifest.Keep, state *files.State, restart func(), take func(manifest.Build) error,
) (*manifest.Manifest, error) {
	loader := r.loader
	loader.State = state
	loader.Waiting = func() { _ = r.out.Progress(0, 0, "waiting for packer to finish writing "+file.name) }
	return loader.Load(ctx, file.path, func(ctx context.Context, in io.ReaderAt, size int64) (*manifest.Manifest, error) {
		progress := func(done int64) {
			// A host that no longer listens cancels ctx.
			_ = r.out.Progress(done, size, "reading "+file.name)
		}
		wanted := keep
		if wanted == nil {
			m, err := manifest.Latest(ctx, in, size, progress)
			if err != nil {
				return nil, err
			}
			restart()
			for _, build := range m.Builds {
				if err := take(build); err != nil {
					return nil, err
				}
			}
			return m, nil
		}
		restart()
		return manifest.Each(ctx, in, size, wanted, progress, take)
	})
}
