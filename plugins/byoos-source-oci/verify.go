package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
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
	*plan
	client *registry.Client
	out    resultSink

	read map[string]readTag
}

type readTag struct {
	manifest *registry.Manifest
	err      error
}

// run answers for each ref. A tag that several refs name is read once.
func (v *verification) run(ctx context.Context, refs []sdk.Ref) error {
	v.read = map[string]readTag{}
	for _, ref := range refs {
		result, err := v.ref(ctx, ref)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			result = sdk.Result{Presence: sdk.Unknown, Reason: err.Error()}
			if reportErr := v.out.Report(*diagnose(err, "repository", ref.ID)); reportErr != nil {
				return reportErr
			}
		}
		result.Ref = ref
		if err := v.out.Results(result); err != nil {
			return err
		}
	}
	return nil
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
	repo, err := v.client.Repository(name.actual)
	if err != nil {
		return sdk.Result{}, err
	}
	m, err := v.manifest(ctx, repo, tagName)
	var failure *registry.Error
	switch {
	case registry.IsNotFound(err):
		return sdk.Result{Presence: sdk.NotFound, Reason: fmt.Sprintf("%s has no tag %s", name.actual, tagName)}, nil
	case errors.As(err, &failure) && failure.NotVisible():
		return sdk.Result{Presence: sdk.NotVisible, Reason: failure.Reason()}, nil
	case err != nil:
		return sdk.Result{}, err
	}
	b := builder{plan: v.plan, repo: repo, original: name.original}
	return platformOf(ref, b.resolved(v.grammar.Read(tagName), m)), nil
}

// split finds the repository and the tag of an id, which may be pinned by digest.
func (v *verification) split(id string) (repositoryName, string, bool) {
	tagged, _, _ := strings.Cut(id, "@")
	for _, name := range v.repositories {
		if tagName, ok := strings.CutPrefix(tagged, name.actual+":"); ok && !strings.Contains(tagName, "/") {
			return name, tagName, tagName != ""
		}
	}
	return repositoryName{}, "", false
}

func (v *verification) manifest(ctx context.Context, repo *registry.Repository, tagName string) (*registry.Manifest, error) {
	key := repo.Name + ":" + tagName
	got, ok := v.read[key]
	if !ok {
		got.manifest, got.err = repo.Manifest(ctx, tagName)
		v.read[key] = got
	}
	return got.manifest, got.err
}

// platformOf picks the image for the ref's architecture. The digest is that of
// now: the host compares it with the ref's.
func platformOf(ref sdk.Ref, images []sdk.Image) sdk.Result {
	var have []string
	for i, img := range images {
		if img.State == sdk.Gone {
			continue
		}
		if ref.Architecture == "" || img.Architecture == osfacts.Architecture(ref.Architecture) {
			return sdk.Result{Presence: sdk.Found, Image: &images[i]}
		}
		if img.Architecture != "" {
			have = append(have, img.Attributes[attrPlatform])
		}
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
