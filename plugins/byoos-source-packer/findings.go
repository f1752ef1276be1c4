package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/images"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// findings turns manifests into images and remembers what to tell the user.
type findings struct {
	config   config
	any      bool // build that is wanted
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
	f.any = true
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
			if img.CreatedAt.IsZero() {
				f.unknown[at] = true
			}
		}
		if img.Attributes[images.AttributeAzureKind] == "managedImage" && !slices.Contains(f.managed, img.Name) {
			f.managed = append(f.managed, img.Name)
		}
	}
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
	if f.config.Runs != runsLatest {
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
		f.note(sdk.Notice, file, "builds that the last run did not make are left out: "+text.List(earlier, maxNames),
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

// maxNames is how many names a message lists.
const maxNames = 10

// noteManagedImages tells of the gallery versions that azure-arm does not record.
func (f *findings) noteManagedImages(file string) {
	if f.managed != nil {
		f.note(sdk.Notice, file, "managed images of Azure: "+text.List(f.managed, maxNames),
			"when azure-arm makes a managed image and a gallery version, the manifest holds the managed image only",
			"to use the gallery version, read it with the source type azure, or drop managed_image_name from the template")
	}
}

// diagnostics returns what is to be said in the end. What a manifest that could
// not be read may have held is not complained of.
func (f *findings) diagnostics(failed bool) []sdk.Diagnostic {
	if failed {
		return f.notes
	}
	if f.config.Runs != runsLatest && f.config.Runs != runsAll && !f.runFound {
		f.notes = append(f.notes, sdk.Diagnostic{
			Severity: sdk.Error, ConfigPath: "runs", Summary: fmt.Sprintf("no manifest holds run %s", f.config.Runs),
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
	if f.any {
		f.noteMapping()
	}
	return f.notes
}

func (f *findings) noteMapping() {
	mapping := f.config.CustomData.Mapped()
	for _, setting := range slices.Sorted(maps.Keys(mapping)) {
		if key := mapping[setting]; !f.mapped[key] {
			f.notes = append(f.notes, sdk.Diagnostic{
				Severity: sdk.Warning, ConfigPath: "customData." + setting,
				Summary:  fmt.Sprintf("no build has a value for %q in its custom_data", key),
				NextStep: "set it in custom_data of the manifest post-processor, or correct the key",
			})
		}
	}
}
