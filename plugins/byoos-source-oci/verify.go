package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/once"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/tag"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// resultSink is where a verification sends its answers: an *sdk.Results.
type resultSink interface {
	Results(...sdk.Result) error
	Report(sdk.Diagnostic) error
}

// verification is one call of Verify.
type verification struct {
	access
	out resultSink

	// read has the tags that were read, by name: several refs may name one.
	read once.Map[*registry.Manifest]
}

// run answers for each ref, in their order, and asks for several at a time.
func (v *verification) run(ctx context.Context, refs []sdk.Ref) error {
	results, failures := make([]sdk.Result, len(refs)), make([]error, len(refs))
	var group errgroup.Group
	group.SetLimit(parallelTags)
	for i, ref := range refs {
		group.Go(func() error {
			if ctx.Err() == nil {
				results[i], failures[i] = v.ref(ctx, ref)
			}
			return nil
		})
	}
	_ = group.Wait() // failures are answers
	if ctx.Err() != nil {
		return ctx.Err()
	}
	told := map[string]bool{}
	for i, ref := range refs {
		if err := v.tell(told, ref, failures[i]); err != nil {
			return err
		}
		results[i].Ref = ref
		if failures[i] != nil {
			results[i] = sdk.Result{Ref: ref, Presence: sdk.Unknown, Reason: failures[i].Error()}
		}
		if results[i].Presence != sdk.Unknown {
			results[i].Evidence = sdk.Asked
		}
	}
	return v.out.Results(results...)
}

// tell reports a failure; one that a registry answers with to several refs, once.
func (v *verification) tell(told map[string]bool, ref sdk.Ref, err error) error {
	if err == nil {
		return nil
	}
	d := diagnose(err, "repository", ref.ID)
	if told[d.Detail] {
		return nil
	}
	told[d.Detail] = true
	return v.out.Report(*d)
}

func (v *verification) ref(ctx context.Context, ref sdk.Ref) (sdk.Result, error) {
	name, tagName, ok := v.split(ref.ID)
	if !ok {
		// A lock file of a cloned repository must not make us talk to other hosts.
		return sdk.Result{
			Presence: sdk.Unknown,
			Reason:   fmt.Sprintf("%s is in none of the source's repositories", ref.ID),
		}, nil
	}
	b, err := v.open(name)
	if err != nil {
		return sdk.Result{}, err
	}
	var result sdk.Result
	if tagName == "" {
		result, err = b.untagged(ctx, ref)
	} else {
		result, err = v.tagged(ctx, b, tagName, ref)
	}
	return b.named(ref, result), err
}

// tagged answers for an id that names a tag.
func (v *verification) tagged(ctx context.Context, b builder, tagName string, ref sdk.Ref) (sdk.Result, error) {
	m, err := v.read.Get(b.repo.Name+":"+tagName, func() (*registry.Manifest, error) { return b.repo.Manifest(ctx, tagName) })
	if err != nil && !registry.IsNotFound(err) {
		return sdk.Result{}, err
	}
	digest := digestOf(ref)
	if err == nil && (digest == "" || digest == m.Digest) {
		return platformOf(ref, b.resolved(v.grammar.Read(tagName), m)), nil
	}
	noTag := ""
	if err != nil {
		noTag = fmt.Sprintf("%s has no tag %s", b.name.actual, tagName)
	}
	var result sdk.Result
	switch {
	case strings.Contains(ref.ID, "@"):
		// The id names the manifest, whatever became of its tag, and whatever that leads to.
		result, err = b.untagged(ctx, ref)
		if err != nil || noTag != "" || result.Presence != sdk.Found {
			result.Reason = joined(noTag, result.Reason)
			return result, err
		}
	case noTag != "":
		result = sdk.Result{Presence: sdk.NotFound, Reason: noTag}
	default:
		result = platformOf(ref, b.resolved(v.grammar.Read(tagName), m))
	}
	pinned, err := b.pinned(ctx, digest)
	result.Reason = joined(result.Reason, pinned)
	return result, err
}

// untagged answers for an id that names a manifest and no tag.
func (b builder) untagged(ctx context.Context, ref sdk.Ref) (sdk.Result, error) {
	m, err := b.repo.ManifestByDigest(ctx, digestOf(ref))
	switch {
	case registry.IsNotFound(err):
		return sdk.Result{Presence: sdk.NotFound, Reason: goneManifest(digestOf(ref))}, nil
	case err != nil:
		return sdk.Result{}, err
	}
	result := platformOf(ref, b.resolved(tag.Tag{}, m))
	if result.Image != nil {
		result.Image.ID, result.Image.Reference = ref.ID, nil
	}
	return result, nil
}

// named answers by the id that was asked for. One that is a mirror's of this machine says
// which image it is everywhere.
func (b builder) named(ref sdk.Ref, result sdk.Result) sdk.Result {
	name := b.name
	if result.Image == nil || name.name == name.actual || !strings.HasPrefix(ref.ID, name.actual) {
		return result
	}
	result.Image.ID = ref.ID
	host, path, _ := strings.Cut(name.actual, "/")
	result.Image.Attributes[attrRegistry], result.Image.Attributes[attrRepository] = host, path
	result.Reason = joined(fmt.Sprintf("%s is this machine's mirror of %s, which other machines read elsewhere", name.actual, name.name), result.Reason)
	return result
}

func goneManifest(digest string) string {
	return "the manifest that was picked, " + digest + ", is gone: it can no longer be pulled by its digest"
}

// digestOf returns the digest that an image was picked with.
func digestOf(ref sdk.Ref) string {
	_, pinned, _ := strings.Cut(ref.ID, "@")
	return cmp.Or(pinned, ref.Digest)
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// pinned says what became of a manifest that its tag no longer leads to: who pulls
// by digest needs no tag.
func (b builder) pinned(ctx context.Context, digest string) (string, error) {
	if digest == "" {
		return "", nil
	}
	m, err := b.repo.ManifestByDigest(ctx, digest)
	switch {
	case registry.IsNotFound(err):
		return goneManifest(digest), nil
	case err != nil:
		return "", err
	case m.Unusable != "":
		return "the manifest that was picked, " + digest + ", cannot be used: " + m.Unusable, nil
	}
	return "the manifest that was picked, " + digest + ", still exists and can be pulled by its digest", nil
}

// split finds the repository and the tag of an id, which may be pinned by digest;
// the tag is empty when there is a digest alone.
func (p *plan) split(id string) (repositoryName, string, bool) {
	tagged, _, pinned := strings.Cut(id, "@")
	// Values have the name of a mirror of this machine, and so has an old lock. Where that
	// is the name of another repository, too, the id is of that.
	for _, called := range []func(repositoryName) string{
		func(name repositoryName) string { return name.name }, func(name repositoryName) string { return name.actual },
	} {
		for _, name := range p.repositories {
			if tagged == called(name) {
				return name, "", pinned
			}
			if tagName, ok := strings.CutPrefix(tagged, called(name)+":"); ok && !strings.Contains(tagName, "/") {
				return name, tagName, tagName != ""
			}
		}
	}
	return repositoryName{}, "", false
}

// platformOf picks the image for the ref's architecture. The digest is that of
// now: the host compares it with the ref's.
func platformOf(ref sdk.Ref, images []sdk.Image) sdk.Result {
	var have []string
	for i, img := range images {
		if img.State == sdk.Gone {
			continue
		}
		// Of an image that cannot be read the architecture is not known.
		if img.Architecture == "" || ref.Architecture == "" || img.Architecture == osfacts.Architecture(ref.Architecture) {
			return sdk.Result{Presence: sdk.Found, Image: &images[i]}
		}
		have = append(have, img.Attributes[attrPlatform])
	}
	if len(have) == 0 {
		return sdk.Result{Presence: sdk.NotFound, Reason: "the tag no longer has an image"}
	}
	return sdk.Result{
		Presence: sdk.NotFound,
		Reason: fmt.Sprintf("the tag no longer has an image for %s, only for %s",
			ref.Architecture, strings.Join(have, ", ")),
	}
}
