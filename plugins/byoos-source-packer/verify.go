package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
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
	r.config.Runs = runsAll // an image that was locked does not go away because a newer one was built
	check := newCheck(r.config, req.Refs)
	for _, file := range r.find() {
		if _, err := r.load(ctx, r.loader, file, check.begin, check.read); err != nil {
			r.fail(file.explain(err, r.loader.Wait))
			continue
		}
		check.end(file.name)
	}
	_ = out.Results(check.results(r.failed)...) // as in fail
	if providers := check.foundOf(); providers != nil {
		_ = out.Report(recordOnly(providers))
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
	for _, seen := range k.seen {
		if seen.found != nil && !slices.Contains(providers, seen.found.Provider) {
			providers = append(providers, seen.found.Provider)
		}
	}
	slices.Sort(providers)
	return providers
}

// check looks for images in manifests.
type check struct {
	config config
	refs   []sdk.Ref
	seen   []sighting      // of each reference, in all files that were read
	here   []sighting      // in the one that is read
	runs   map[string]bool // of the references; seen when true
	inFile map[string]bool // runs of the file that is read
	files  []string        // the files that were read
}

// sighting is what manifests hold of one reference.
type sighting struct {
	found *sdk.Image // of the reference's run, when it names one
	again *sdk.Image // of other runs, in a file without the found one: a name may be built again
	later *sdk.Image // of other runs, behind the found one in its file
}

func newCheck(c config, refs []sdk.Ref) *check {
	k := &check{config: c, refs: refs, seen: make([]sighting, len(refs)), runs: map[string]bool{}}
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

// begin forgets what was read of a file that was not whole.
func (k *check) begin() {
	k.here, k.inFile = make([]sighting, len(k.refs)), map[string]bool{}
}

func (k *check) read(build manifest.Build) error {
	if _, wanted := k.runs[strings.ToLower(build.RunUUID)]; wanted {
		k.inFile[strings.ToLower(build.RunUUID)] = true
	}
	for _, img := range images.FromBuild(build, k.config.CustomData, k.config.defaults()) {
		k.match(img)
	}
	return nil
}

// end adds what a whole manifest holds. Of records in several files the newer one counts.
func (k *check) end(file string) {
	k.files = append(k.files, file)
	maps.Copy(k.runs, k.inFile)
	add := func(to **sdk.Image, img *sdk.Image) {
		if img != nil && (*to == nil || !img.ObservedAt.Before((*to).ObservedAt)) {
			*to = img
		}
	}
	for i, here := range k.here {
		seen := &k.seen[i]
		add(&seen.found, here.found)
		add(&seen.later, here.later)
		if here.found == nil { // else the file tells which is later
			add(&seen.again, here.again)
		}
	}
}

// match takes the later record of a file, as builds may have no time.
func (k *check) match(img sdk.Image) {
	for i, ref := range k.refs {
		if !isImage(ref, &img) {
			continue
		}
		here, run := &k.here[i], runOf(ref)
		switch {
		case run == "" || strings.EqualFold(run, img.Attributes[images.AttributeRunUUID]):
			here.found, here.later = &img, nil
		case here.found == nil:
			here.again = &img
		default:
			here.later = &img
		}
	}
}

// rebuilt returns the newer record of an image that was built again under its id.
func (s *sighting) rebuilt() (*sdk.Image, bool) {
	if s.later != nil {
		return s.later, true
	}
	return s.again, s.again != nil && !s.found.ObservedAt.IsZero() && s.again.ObservedAt.After(s.found.ObservedAt)
}

// isImage compares whole ids, and regions where they are a part of an image's identity, as
// its provider does. A reference of another source may have a shorter id.
func isImage(ref sdk.Ref, img *sdk.Image) bool {
	id := func(text string) string { return image.CanonicalID(img.Provider, text) }
	if id(cmp.Or(ref.FullID, ref.ID)) != id(img.ID) || ref.Provider != "" && ref.Provider != img.Provider {
		return false
	}
	region := ownRegion(img)
	return ref.Region == "" || region == "" || image.RegionKey(ref.Region) == region
}

func (k *check) results(failed bool) []sdk.Result {
	results := make([]sdk.Result, len(k.refs))
	for i, ref := range k.refs {
		switch seen := &k.seen[i]; {
		case seen.found != nil:
			results[i] = sdk.Result{Ref: ref, Presence: sdk.Found, Image: seen.found, Evidence: sdk.Recorded}
			if img, ok := seen.rebuilt(); ok {
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
	where := text.List(slices.Sorted(slices.Values(k.files)), maxNames)
	run := runOf(ref)
	switch {
	case run == "":
		return fmt.Sprintf("no build in %s has this id", where)
	case !k.runs[strings.ToLower(run)]:
		return fmt.Sprintf("%s no longer holds run %s", where, run)
	}
	return fmt.Sprintf("run %s in %s has no build with this id", run, where)
}
