package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/images"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Verify implements sdk.Verifier. A manifest records what was built and is not
// told when an image is deleted: Found means that the record still stands.
func (s source) Verify(ctx context.Context, req sdk.VerifyRequest[config], out *sdk.Results) error {
	r, err := s.reader(req.Config, req.BaseDir, out)
	if err != nil {
		return err
	}
	check := newCheck(req.Config, req.Refs)
	for _, file := range r.find() {
		var builds []manifest.Build
		_, err := r.load(ctx, file, manifest.All, func() { builds = nil }, func(b manifest.Build) error {
			builds = append(builds, b)
			return nil
		})
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.fail(file.explain(err, r.loader.Wait))
			continue
		}
		check.read(file.name, builds)
	}
	if r.sendErr != nil {
		return r.sendErr
	}
	if err := out.Results(check.results(r.failed)...); err != nil {
		return err
	}
	if providers := check.foundOf(); providers != nil {
		return out.Report(recordOnly(providers))
	}
	return nil
}

// recordOnly says what Found is worth, and who knows more.
func recordOnly(providers []string) sdk.Diagnostic {
	d := sdk.Diagnostic{
		Severity: sdk.Notice, Summary: "verified against the manifest only", Detail: "it is not told when an image is deleted",
	}
	// The types of sources that ask a cloud are those of its provider.
	clouds := slices.DeleteFunc(providers, func(p string) bool { return p != "aws" && p != "azure" })
	if len(clouds) > 0 {
		d.NextStep = "to ask the cloud, name a source of type " + strings.Join(clouds, ", ")
	}
	return d
}

// foundOf returns the providers of the images that were found, nil for none.
func (k *check) foundOf() []string {
	var providers []string
	for _, img := range k.found {
		if img != nil && !slices.Contains(providers, img.Provider) {
			providers = append(providers, img.Provider)
		}
	}
	slices.Sort(providers)
	return providers
}

// check looks for images in manifests.
type check struct {
	config config
	refs   []sdk.Ref
	found  []*sdk.Image    // of the reference's run, when it names one
	again  []*sdk.Image    // of other runs: a name may be built again
	later  []*sdk.Image    // of other runs, behind the found one in its file
	here   []bool          // found in the file that is read
	runs   map[string]bool // of the references; seen when true
	files  []string        // the files that were read
}

func newCheck(c config, refs []sdk.Ref) *check {
	none := func() []*sdk.Image { return make([]*sdk.Image, len(refs)) }
	k := &check{config: c, refs: refs, found: none(), again: none(), later: none(), runs: map[string]bool{}}
	for _, ref := range refs {
		if run := runOf(ref); run != "" {
			k.runs[strings.ToLower(run)] = false
		}
	}
	return k
}

func runOf(ref sdk.Ref) string {
	if ref.Reference == nil || ref.Reference.Kind != images.ReferenceKind {
		return ""
	}
	return ref.Reference.Value
}

func (k *check) read(file string, builds []manifest.Build) {
	k.files = append(k.files, file)
	k.here = make([]bool, len(k.refs))
	for _, build := range builds {
		if _, wanted := k.runs[strings.ToLower(build.RunUUID)]; wanted {
			k.runs[strings.ToLower(build.RunUUID)] = true
		}
		for _, img := range images.FromBuild(build, k.config.CustomData, k.config.defaults()) {
			k.match(img)
		}
	}
}

// match prefers an image that can be used to one that cannot, and then the newer
// record. Runs are read whatever runs is set to: an image that was locked does not go
// away because a newer one was built.
func (k *check) match(img sdk.Image) {
	for i, ref := range k.refs {
		if !isImage(ref, img) {
			continue
		}
		run := runOf(ref)
		otherRun := run != "" && !strings.EqualFold(run, img.Attributes[images.AttributeRunUUID])
		of := k.found
		if otherRun {
			of = k.again
		}
		k.noteOrder(i, &img, otherRun)
		if of[i] == nil || better(img, *of[i]) {
			of[i] = &img
		}
	}
}

// noteOrder remembers which record Packer appended later, as builds may have no time.
func (k *check) noteOrder(i int, img *sdk.Image, otherRun bool) {
	switch {
	case img.State != sdk.Available:
	case !otherRun:
		k.here[i], k.later[i] = true, nil
	case k.here[i]:
		k.later[i] = img
	}
}

// rebuilt returns the newer record of an image that was built again under its id.
func (k *check) rebuilt(i int) (*sdk.Image, bool) {
	if k.later[i] != nil {
		return k.later[i], true
	}
	known, again := k.found[i], k.again[i]
	return again, again != nil && !known.ObservedAt.IsZero() && again.ObservedAt.After(known.ObservedAt)
}

func better(img, known sdk.Image) bool {
	usable, was := img.State == sdk.Available, known.State == sdk.Available
	return usable && !was || usable == was && !img.ObservedAt.Before(known.ObservedAt)
}

// isImage compares whole ids, and regions, as their provider does. A reference of
// another source may have a shorter id.
func isImage(ref sdk.Ref, img sdk.Image) bool {
	id := func(text string) string { return image.CanonicalID(img.Provider, text) }
	if id(cmp.Or(ref.FullID, ref.ID)) != id(img.ID) || ref.Provider != "" && ref.Provider != img.Provider {
		return false
	}
	return ref.Region == "" || img.Region == "" || image.RegionKey(ref.Region) == image.RegionKey(img.Region)
}

func (k *check) results(failed bool) []sdk.Result {
	results := make([]sdk.Result, len(k.refs))
	for i, ref := range k.refs {
		switch {
		case k.found[i] != nil:
			results[i] = sdk.Result{Ref: ref, Presence: sdk.Found, Image: k.found[i], Evidence: sdk.Recorded}
			if img, ok := k.rebuilt(i); ok {
				results[i].Image, results[i].Reason = img, "it was built again, by run "+img.Attributes[images.AttributeRunUUID]
			}
		case failed:
			results[i] = sdk.Result{Ref: ref, Presence: sdk.Unknown, Reason: "a manifest could not be read"}
		default:
			results[i] = sdk.Result{Ref: ref, Presence: sdk.NotFound, Reason: k.missing(ref), Evidence: sdk.Recorded}
		}
	}
	return results
}

func (k *check) missing(ref sdk.Ref) string {
	where := list(slices.Sorted(slices.Values(k.files)))
	run := runOf(ref)
	switch {
	case run == "":
		return fmt.Sprintf("no build in %s has this id", where)
	case !k.runs[strings.ToLower(run)]:
		return fmt.Sprintf("%s no longer holds run %s", where, run)
	}
	return fmt.Sprintf("run %s in %s has no build with this id", run, where)
}
