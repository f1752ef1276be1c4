package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
)

// The images of a lock are verified as what they were picked as; where the spec has moved
// away from them, that is told.
func TestSubjectsOfLock(t *testing.T) {
	p := newPipeline(t, withImages())
	file := locked(t, p)
	stale, _ := file.Entry("aws-eu-west-1")
	stale.SpecDigest = "sha256:s"
	stray, _ := file.Entry("single")
	stray.Name = "stray"
	file.Remove("single")
	if err := errors.Join(file.Put(stale), file.Put(stray)); err != nil {
		t.Fatal(err)
	}
	subjects, missing, err := p.SubjectsOfLock(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range subjects {
		got = append(got, fmt.Sprint(s.Pack, " ", s.Source, " ", s.Image.ID, " ", s.Notes))
	}
	want := []string{
		"aws-eu-west-1 golden ami-0123456789abcdef2 [the spec changed since the lock was written, and update may pick another]",
		"aws-us-east-1 golden ami-0123456789abcdef1 []",
		"stray other ami-0123456789abcdef3 [the spec has no such pack any more]",
	}
	if diff := cmp.Diff(want, got); diff != "" || !slices.Equal(missing, []string{"single"}) {
		t.Errorf("missing %q, %s", missing, diff)
	}
	if _, missing, err = p.SubjectsOfLock(lock.New()); err != nil || strings.Join(missing, " ") != "aws-us-east-1 aws-eu-west-1 single" {
		t.Errorf("of an empty lock: missing %q, %v", missing, err)
	}
}

// Of a template's entry all images that the template leads to are asked for.
func TestSubjectsOfALockedTemplate(t *testing.T) {
	p := newPipeline(t, nil)
	p.Document = parsed(t, `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources: [{name: other, type: fake}]
packs:
  - {name: edge, pack: edge-native-byoi, edge: {kubernetesVersions: [1.30.4, 1.31.1]}}
`)
	img := image.Image{
		ID: "r.example/os:k3s-1.30.4-v4.7.0", Provider: "oci", Source: "other", KubernetesVersion: "1.30.4",
		Attributes: map[string]string{
			"registry": "r.example", "repository": "os", "tag": "k3s-1.30.4-v4.7.0", image.AttributeK8sDistribution: "k3s", image.AttributePEVersion: "v4.7.0",
		},
	}
	pack := packs(t, p)[0]
	digest, err := lock.Fingerprint(pack, p.Document.Set.Sources)
	if err != nil {
		t.Fatal(err)
	}
	subjects, _, err := p.SubjectsOfLock(fileOf(t, lock.Entry{Name: pack.Name, Pack: pack.Pack, SpecDigest: digest, Image: img}))
	if err != nil || len(subjects) != 2 {
		t.Errorf("got %+v, %v", subjects, err)
	}
}

func TestSubjectsOfIDs(t *testing.T) {
	p := newPipeline(t, nil)
	subjects, err := p.SubjectsOfIDs([]string{" ami-0123456789abcdef0\n", "r.example/os:1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []image.Image{{ID: "ami-0123456789abcdef0", Provider: "aws"}, {ID: "r.example/os:1"}}
	if diff := cmp.Diff(want, []image.Image{subjects[0].Image, subjects[1].Image}); diff != "" {
		t.Error(diff)
	}
	for id, want := range map[string]string{" single ": "is a pack", "aws-us-east-1": "is a pack", "ami-1": "ami-1", "": ""} {
		if _, err := p.SubjectsOfIDs([]string{id}); failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", id, err)
		}
	}
}

func TestSubjectsOfValues(t *testing.T) {
	subjects, err := pipeline.SubjectsOfValues([]byte("pack:\n  osImageOverride: ami-0123456789abcdef0\n"), "v.yaml")
	if err != nil || len(subjects) != 1 || subjects[0].Image.ID != "ami-0123456789abcdef0" || subjects[0].Image.Provider != "aws" {
		t.Errorf("got %+v, %v", subjects, err)
	}
	if _, err := pipeline.SubjectsOfValues([]byte("pack: {"), "v.yaml"); failure.Code(err) != failure.ExitUsage || !strings.Contains(err.Error(), "v.yaml") {
		t.Errorf("got %v", err)
	}
}

// service is a service that has images in some regions.
type service struct {
	plugins
	has  map[string]string // regions by id, each after a blank
	refs []string
}

func (r *service) Verify(_ context.Context, request source.VerifyRequest) ([]source.Verified, []source.Diagnostic, error) {
	verified := make([]source.Verified, len(request.Refs))
	for i, ref := range request.Refs {
		r.refs = append(r.refs, ref.ID+"@"+ref.Region)
		verified[i] = source.Verified{Presence: source.NotFound, Evidence: image.Asked, Reason: "not in " + ref.Region}
		if strings.Contains(r.has[ref.ID]+" ", " "+ref.Region+" ") {
			img := image.Image{ID: ref.ID, Provider: ref.Provider, Region: ref.Region, State: image.Available}
			verified[i] = source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &img}
		}
	}
	return verified, nil, nil
}

// Images without a region are asked for in each region that is named; those that have one,
// or have none by their kind, as they are. One that is good in one of its regions is good
// there, with what the others say; one that is good in none is told for each.
func TestVerifyIn(t *testing.T) {
	of := func(provider, id, region string) pipeline.Subject {
		return pipeline.Subject{Source: "golden", Image: image.Image{Provider: provider, ID: id, Region: region}}
	}
	subjects := []pipeline.Subject{of("oci", "r.example/x:1", ""), of("aws", "ami-1", ""), of("aws", "ami-2", "eu-west-1"), of("aws", "ami-3", "")}
	for regions, want := range map[string]struct{ asked, got string }{
		"": {
			"r.example/x:1@ ami-1@ ami-2@eu-west-1 ami-3@",
			"r.example/x:1@ stale, ami-1@ stale, ami-2@eu-west-1 ok, ami-3@ stale",
		},
		"a": {
			"r.example/x:1@a ami-1@a ami-2@eu-west-1 ami-3@a",
			"r.example/x:1@a ok, ami-1@a stale, ami-2@eu-west-1 ok, ami-3@a stale",
		},
		"a b": {
			"r.example/x:1@ ami-1@a ami-1@b ami-2@eu-west-1 ami-3@a ami-3@b",
			"r.example/x:1@ stale, ami-1@b ok [not in a], ami-2@eu-west-1 ok, ami-3@a stale, ami-3@b stale",
		},
	} {
		host := &service{has: map[string]string{"r.example/x:1": " a", "ami-1": " b", "ami-2": " eu-west-1"}}
		verified, err := newPipeline(t, host).VerifyIn(t.Context(), strings.Fields(regions), subjects)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range verified {
			words := fmt.Sprint(v.Image.ID, "@", v.Image.Region, " ", v.Status)
			if len(v.Notes) > 0 {
				words += fmt.Sprint(" ", v.Notes)
			}
			got = append(got, words)
		}
		if asked := strings.Join(host.refs[:min(len(host.refs), strings.Count(want.asked, " ")+1)], " "); asked != want.asked || strings.Join(got, ", ") != want.got {
			t.Errorf("%q: asked %s\ngot %s\nwant %s", regions, asked, strings.Join(got, ", "), want.got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if verified, err := newPipeline(t, &service{}).VerifyIn(ctx, nil, subjects); verified != nil || failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v, %v", verified, err)
	}
}

func TestVerdict(t *testing.T) {
	for statuses, want := range map[string]int{
		"": failure.ExitOK, "ok ok": failure.ExitOK, "ok stale": failure.ExitFailure, "stale unknown": failure.ExitSource, "unknown": failure.ExitSource,
	} {
		var verified []pipeline.Verification
		for status := range strings.FieldsSeq(statuses) {
			verified = append(verified, pipeline.Verification{Status: pipeline.Status(status)})
		}
		if err := pipeline.Verdict(verified); failure.Code(err) != want {
			t.Errorf("%q: got %v", statuses, err)
		}
	}
}
