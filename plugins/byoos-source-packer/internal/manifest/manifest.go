// Package manifest reads what Packer's manifest post-processor writes: a JSON
// object with "builds" and "last_run_uuid". It reads as a stream, so that the
// memory it needs depends on the builds that are kept, not on the file's size.
//
// Format: https://developer.hashicorp.com/packer/docs/post-processors/manifest
// and github.com/hashicorp/packer : post-processor/manifest.
package manifest

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"
)

// Build is one entry of "builds".
type Build struct {
	Name        string
	BuilderType string
	// BuildTime is the zero time when the manifest does not say (strip_time).
	BuildTime  time.Time
	ArtifactID string
	RunUUID    string
	// CustomData is nil when the manifest has none.
	CustomData map[string]string
}

// Manifest is what was read.
type Manifest struct {
	// Builds are the kept ones, in the file's order, unless they were taken by Each.
	Builds []Build
	// Total is how many builds the file holds.
	Total int
	// LastRun is the run that "last_run_uuid" names, or the run of the last
	// build when the file does not say.
	LastRun string
	// LastRunAssumed says that LastRun is the latter.
	LastRunAssumed bool
	// Others are the outputs of builds that were not kept and of which none was that
	// is like it, sorted, maxNames of them at most. Kept has the names that were.
	Others []Output
	Kept   map[string]bool
	// Runs are the latest run uuids in the file, oldest first, maxRuns at most.
	Runs []string
}

// Output is what tells the image of a build from others of its run. Region is empty
// where the artifact's id does not say.
type Output struct{ Name, BuilderType, Region string }

// Limits of what is remembered of builds that are not kept.
const (
	maxNames = 1000
	maxRuns  = 5
)

// Keep says which builds to keep by their run.
type Keep func(run string) bool

// All keeps every build.
func All(string) bool { return true }

// Run keeps the builds of one run.
func Run(uuid string) Keep { return func(run string) bool { return run == uuid } }

// Progress is told how many bytes were read.
type Progress func(done int64)

// Latest reads the builds of the last run from the first size bytes of r. Errors
// are of type *Error, but for those of r and ctx.
func Latest(ctx context.Context, r io.ReaderAt, size int64, progress Progress) (*Manifest, error) {
	// "last_run_uuid" comes after the builds, so its value is looked up in the
	// file's tail first. That is a guess: the pass over the whole file decides,
	// and is repeated when the guess was wrong.
	guess := lastRunInTail(r, size)
	m, err := Read(ctx, r, size, Run(guess), progress)
	if err != nil || m.LastRun == guess {
		return m, err
	}
	return Read(ctx, r, size, Run(m.LastRun), progress)
}

// Read reads the builds that keep wants from the first size bytes of r.
func Read(ctx context.Context, r io.ReaderAt, size int64, keep Keep, progress Progress) (*Manifest, error) {
	var builds []Build
	m, err := Each(ctx, r, size, keep, progress, func(b Build) error {
		builds = append(builds, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.Builds = builds
	return m, nil
}

// Each is Read for builds that need not be in memory at once: take gets each that keep
// wants, before it is known whether the rest of the file is good.
func Each(ctx context.Context, r io.ReaderAt, size int64, keep Keep, progress Progress, take func(Build) error) (*Manifest, error) {
	s := newScanner(ctx, r, size, keep, progress, take)
	if err := s.scan(); err != nil {
		return nil, err
	}
	return s.manifest(), nil
}

func (s *scanner) manifest() *Manifest {
	m := &Manifest{Total: s.total, LastRun: s.lastRun, LastRunAssumed: s.lastRun == "", Runs: s.runs, Kept: map[string]bool{}}
	if m.LastRunAssumed {
		m.LastRun = s.lastBuildRun
	}
	for output := range s.kept {
		m.Kept[output.Name] = true
		delete(s.others, output)
	}
	for output := range s.others {
		m.Others = append(m.Others, output)
	}
	slices.SortFunc(m.Others, func(a, b Output) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.BuilderType, b.BuilderType), cmp.Compare(a.Region, b.Region))
	})
	return m
}

// lastRunInTail returns what looks like the value of "last_run_uuid", or "".
func lastRunInTail(r io.ReaderAt, size int64) string {
	tail := make([]byte, min(size, 4096))
	_, _ = r.ReadAt(tail, size-int64(len(tail)))
	_, rest, _ := strings.Cut(string(tail), `"last_run_uuid"`)
	_, rest, _ = strings.Cut(rest, `"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
