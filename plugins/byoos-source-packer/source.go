package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/artifact"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/files"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/images"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// source implements sdk.Verifier.
type source struct {
	sleep func(context.Context, time.Duration) error
}

func newSource() source { return source{sleep: sleep} }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Describe implements sdk.Source.
func (source) Describe() sdk.Info {
	return sdk.Info{
		Name:     "packer",
		Summary:  "Images that Packer builds recorded with the manifest post-processor.",
		Homepage: "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/sources/packer.md",
		Providers: []string{
			"aws", "azure", "gcp", "vsphere", "openstack", "nutanix", "oracle", "proxmox", "digitalocean", "hcloud",
			"huaweicloud", "outscale",
		},
	}
}

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

// lastBuilds knows which build of a manifest made an image last: names of templates and
// of managed images are used again, and the image is then of the later build alone. Packer
// appends, so that is the later one in the file.
type lastBuilds struct {
	config config
	// made is the number of the build by a hash of the image: there may be many.
	made map[[16]byte]int32
	// inRun is the same among the builds of the run that the user names.
	inRun map[[16]byte]int32
	at    int32
}

func newLastBuilds(c config) *lastBuilds {
	return &lastBuilds{config: c, made: map[[16]byte]int32{}, inRun: map[[16]byte]int32{}}
}

func (l *lastBuilds) reset() {
	clear(l.made)
	clear(l.inRun)
	l.rewind()
}

func (l *lastBuilds) rewind() { l.at = 0 }

func (l *lastBuilds) note(build manifest.Build) error {
	l.at++
	for _, img := range images.FromBuild(build, l.config.CustomData, l.config.defaults()) {
		key := keyOf(&img)
		l.made[key] = l.at
		if strings.EqualFold(build.RunUUID, l.config.Runs) {
			l.inRun[key] = l.at
		}
	}
	return nil
}

// only leaves out what a later build made again. Of a run that the user names it is
// listed, and not offered.
func (l *lastBuilds) only(made []sdk.Image) []sdk.Image {
	var kept []sdk.Image
	for _, img := range made {
		key := keyOf(&img)
		again := img.State == sdk.Available && l.made[key] != l.at
		if again && l.inRun[key] != l.at {
			continue
		}
		if again {
			img.Withheld = "a later build made the image again under its name, so it is not that of this run"
		}
		kept = append(kept, img)
	}
	return kept
}

// keyOf is the same for all builds that made one image.
func keyOf(img *sdk.Image) (sum [16]byte) {
	hash := fnv.New128a()
	for _, part := range []string{img.Provider, image.CanonicalID(img.Provider, img.ID), ownRegion(img)} {
		_, _ = io.WriteString(hash, part+"\x00") // a hash takes all
	}
	hash.Sum(sum[:0])
	return sum
}

// ownRegion is the region that is a part of an image's identity: that which its artifact's id
// tells. What a build's custom_data or the configuration says of an id that is unique by itself,
// as all but the numbers of Proxmox are, makes no other image of it.
func ownRegion(img *sdk.Image) string {
	if img.Provider != artifact.Proxmox && img.Provenance["region"].From != images.FromArtifactID {
		return ""
	}
	return image.RegionKey(img.Region)
}

func (f manifestFile) notFound(err error, base string) *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: f.configPath, Scope: f.name,
		Summary: "the manifest cannot be read", Detail: reason(err),
		NextStep: "make the file readable, or correct the path",
	}
	switch {
	case errors.Is(err, files.ErrEmptyDirectory):
		d.Summary, d.Detail = files.ErrEmptyDirectory.Error(), ""
		d.NextStep = "run packer build with the manifest post-processor first, or name the manifest"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, files.ErrNone):
		d.Summary = "the manifest does not exist"
		d.NextStep = fmt.Sprintf("run packer build with the manifest post-processor first, or correct the path, which starts from %s; "+
			"a pattern such as output/**/packer-manifest.json finds manifests in folders below", base)
		if strings.Contains(f.name, `\`) && filepath.Separator == '/' {
			d.NextStep = `write / in place of \; or ` + d.NextStep
		}
	}
	return d
}

// reason is err without the path, which the summary has.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), files.ErrNone.Error()+": ")
}

// explain turns an error of a file into what the user reads.
func (f manifestFile) explain(err error, waited time.Duration) *sdk.Diagnostic {
	d := &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: f.configPath, Scope: f.name,
		Summary: "the manifest cannot be read", Detail: reason(err),
		NextStep: "make the file readable, or correct the path",
	}
	var failure *manifest.Error
	switch {
	case errors.Is(err, files.ErrLocked):
		d.Summary = "packer is writing the manifest"
		d.Detail = fmt.Sprintf("%s.lock was still there after %s", f.name, waited)
		d.NextStep = "run again when packer has finished; when no packer runs, remove the lock file"
	case errors.Is(err, files.ErrChanged):
		d.Summary = "the manifest changes while it is read"
		d.Detail = fmt.Sprintf("it did not come to rest within %s", waited)
		d.NextStep = "run again when packer has finished, or set a longer wait"
	case errors.As(err, &failure):
		d.Summary, d.NextStep = broken(failure)
		d.Detail = failure.Error()
	}
	return d
}

func broken(err *manifest.Error) (summary, next string) {
	const notManifest, name = "not a Packer manifest", "name the output of Packer's manifest post-processor"
	switch err.Kind {
	case manifest.Truncated:
		return "the manifest is cut short",
			"run again when packer has finished; when no packer runs, restore the file or run packer build again"
	case manifest.Encoding:
		return notManifest, "save it as UTF-8: iconv -f UTF-16 -t UTF-8, or in PowerShell Set-Content -Encoding utf8"
	case manifest.Trailing:
		return notManifest, "keep one manifest in a file; name several files in manifests"
	case manifest.Syntax:
		return "not JSON", "correct the line, or run packer build again; if it is another file, " + name
	case manifest.NotManifest:
		return notManifest, name
	default:
		return notManifest, "correct the line, or " + name
	}
}

// findings turns manifests into images and remembers what to tell the user.
type findings struct {
	config   config
	sent     int // images
	notes    []sdk.Diagnostic
	names    map[string]bool // patterns of config.Names that matched
	mapped   map[string]bool // keys of config.CustomData that a build has
	runs     []string
	runFound bool

	// Of the manifest that is read:
	count   map[place]int
	unknown map[place]bool
	managed []string
}

func newFindings(c config) *findings {
	return &findings{config: c, names: map[string]bool{}, mapped: map[string]bool{}}
}

// begin notes what is known of a manifest before its builds.
func (f *findings) begin(file string, m *manifest.Manifest) {
	f.runs = append(f.runs, m.Runs...)
	f.noteRuns(file, m)
	f.count, f.unknown, f.managed = map[place]int{}, map[place]bool{}, nil
}

// add returns the images of one build.
func (f *findings) add(build manifest.Build) []sdk.Image {
	f.runFound = true
	f.matchNames(build.Name)
	if !f.config.wanted(build.Name) {
		return nil
	}
	for _, key := range f.config.CustomData.Mapped() {
		if build.CustomData[key] != "" {
			f.mapped[key] = true
		}
	}
	all := images.FromBuild(build, f.config.CustomData, f.config.defaults())
	for _, img := range all {
		if img.State == sdk.Available {
			at := place{img.Provider, img.Region, img.Architecture}
			f.count[at]++
			f.unknown[at] = f.unknown[at] || img.CreatedAt.IsZero()
		}
		if img.Attributes[images.AttributeAzureKind] == "managedImage" && !slices.Contains(f.managed, img.Name) {
			f.managed = append(f.managed, img.Name)
		}
	}
	f.sent += len(all)
	return all
}

// end notes what all builds of a manifest tell together.
func (f *findings) end(file string) {
	f.noteUnknownTimes(file)
	f.noteManagedImages(file)
}

func (f *findings) matchNames(name string) {
	for _, pattern := range f.config.Names {
		if (config{Names: []string{pattern}}).wanted(name) {
			f.names[pattern] = true
		}
	}
}

func (f *findings) note(severity sdk.Severity, file, summary, detail, next string) {
	f.notes = append(f.notes, sdk.Diagnostic{
		Severity: severity, Scope: file, Summary: summary, Detail: detail, NextStep: next,
	})
}

func (f *findings) noteRuns(file string, m *manifest.Manifest) {
	if m.Total == 0 {
		f.note(sdk.Warning, file, "the manifest has no builds", "", "run packer build, or name another manifest")
		return
	}
	if runs, _ := f.config.runs(); runs != runsLatest {
		return
	}
	if m.LastRunAssumed {
		f.note(sdk.Notice, file, "the manifest does not name its last run",
			fmt.Sprintf("taken is the run of its last build, %q", m.LastRun), "set runs to a packer_run_uuid to have another")
	}
	if len(m.Builds) == 0 {
		f.note(sdk.Warning, file, "the manifest has no build of its last run",
			fmt.Sprintf("last_run_uuid is %q; the latest runs with builds are %s", m.LastRun, strings.Join(m.Runs, ", ")),
			"set runs to one of them, or to all")
		return
	}
	var earlier []string
	for _, output := range m.Others {
		if name := earlierName(output, m.Kept); f.config.wanted(output.Name) && !slices.Contains(earlier, name) {
			earlier = append(earlier, name)
		}
	}
	if len(earlier) > 0 {
		f.note(sdk.Notice, file, "builds that the last run did not make are left out: "+list(earlier),
			"", "set runs: all to have the builds of every run, and let pick: newest choose among them")
	}
}

// earlierName tells a build that the last run did not make from one of the same name
// that it made, by its builder and region.
func earlierName(o manifest.Output, kept map[string]bool) string {
	switch {
	case !kept[o.Name]:
		return o.Name
	case o.Region == "":
		return fmt.Sprintf("%s (%s)", o.Name, o.BuilderType)
	}
	return fmt.Sprintf("%s (%s in %s)", o.Name, o.BuilderType, o.Region)
}

// place is where images are ranked among each other.
type place struct{ provider, region, architecture string }

// noteUnknownTimes says so when images of one place cannot be ordered.
func (f *findings) noteUnknownTimes(file string) {
	for at, n := range f.count {
		if n > 1 && f.unknown[at] {
			f.note(sdk.Notice, file, "the manifest does not say which image is the newest",
				"builds of one region have no build_time", "unset strip_time in the manifest post-processor, or select by name or tags")
			return
		}
	}
}

// noteManagedImages tells of the gallery versions that azure-arm does not record.
func (f *findings) noteManagedImages(file string) {
	if f.managed != nil {
		f.note(sdk.Notice, file, "managed images of Azure: "+list(f.managed),
			"when azure-arm makes a managed image and a gallery version, the manifest holds the managed image only",
			"to use the gallery version, read it with the source type azure, or drop managed_image_name from the template")
	}
}

// list joins names, the first ten of them.
func list(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// diagnostics returns what is to be said in the end. What a manifest that could
// not be read may have held is not complained of.
func (f *findings) diagnostics(failed bool) []sdk.Diagnostic {
	if failed {
		return f.notes
	}
	runs, _ := f.config.runs()
	if runs != runsLatest && runs != runsAll && !f.runFound {
		f.notes = append(f.notes, sdk.Diagnostic{
			Severity: sdk.Error, ConfigPath: "runs", Summary: fmt.Sprintf("no manifest holds run %s", runs),
			Detail: "the latest runs are " + cmp.Or(strings.Join(f.runs, ", "), "none"), NextStep: "set runs to one of them, to latest or to all",
		})
	}
	for i, pattern := range f.config.Names {
		if !f.names[pattern] {
			f.notes = append(f.notes, sdk.Diagnostic{
				Severity: sdk.Warning, ConfigPath: fmt.Sprintf("names[%d]", i), Summary: fmt.Sprintf("no build is named %s", pattern),
				NextStep: "see the names with: kubectl byoos images",
			})
		}
	}
	if f.sent > 0 {
		f.noteMapping()
	}
	return f.notes
}

func (f *findings) noteMapping() {
	mapping := f.config.CustomData.Mapped()
	for _, setting := range sortedKeys(mapping) {
		if key := mapping[setting]; !f.mapped[key] {
			f.notes = append(f.notes, sdk.Diagnostic{
				Severity: sdk.Warning, ConfigPath: "customData." + setting,
				Summary:  fmt.Sprintf("no build has a value for %q in its custom_data", key),
				NextStep: "set it in custom_data of the manifest post-processor, or correct the key",
			})
		}
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
