package main

import (
	"context"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	host "github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// inProcess is the plugin host of a test: the plugin's own code without a process.
type inProcess struct {
	t *testing.T
	// configs are those of the sources edge and second.
	configs   []config
	maxListed int
}

func (p inProcess) Find(context.Context, string) (*host.Plugin, error) {
	return &host.Plugin{Type: "oci", Description: &sourcev1.Description{
		Providers: []string{"oci"}, ConfigSchema: "{}", Capabilities: []sourcev1.Capability{sourcev1.Capability_CAPABILITY_READ},
	}}, nil
}

func (p inProcess) Discover(ctx context.Context, requests []host.Request, _ func(host.Event)) []host.Result {
	var results []host.Result
	for _, request := range requests {
		results = append(results, p.discover(ctx, request))
	}
	return results
}

// Verify makes inProcess a pipeline.Plugins; trains are read, never verified.
func (p inProcess) Verify(context.Context, host.VerifyRequest) ([]host.Verified, []host.Diagnostic, error) {
	p.t.Fatal("a train is verified")
	return nil, nil, nil
}

func (p inProcess) discover(ctx context.Context, request host.Request) host.Result {
	plugin, _ := p.Find(ctx, "oci")
	c, h := p.configs[0], request.Hints
	if request.Source == "second" {
		c = p.configs[1]
	}
	out := discover(p.t, call{config: c, maxListed: p.maxListed, ids: request.IDs, hints: sdk.Hints{
		Architectures: h.Architectures, KubernetesVersions: h.KubernetesVersions, K8sDistributions: h.K8sDistributions, CustomTags: h.CustomTags, NewestOnly: h.NewestOnly,
	}})
	for _, d := range out.diagnostics {
		if d.Severity == sdk.Error {
			p.t.Fatal(d)
		}
	}
	result := host.Result{Source: request.Source, Plugin: plugin}
	for _, img := range out.images {
		of := hosts(img)
		of.Source = request.Source
		result.Images = append(result.Images, of)
	}
	return result
}

// hosts is a plugin's image as the host has it.
func hosts(img sdk.Image) image.Image {
	states := map[sdk.State]image.State{sdk.Available: image.Available, sdk.Gone: image.Gone, sdk.Unusable: image.Unusable}
	of := image.Image{
		ID: img.ID, Provider: img.Provider, Name: img.Name, Region: img.Region, Architecture: img.Architecture, OS: image.OS{Name: img.OSName, Version: img.OSVersion},
		KubernetesVersion: img.KubernetesVersion, Version: img.Version, State: states[img.State], StateReason: img.StateReason, Tags: img.Tags, Digest: img.Digest,
		Attributes: img.Attributes, NewestBy: image.NewestByVersion, Withheld: img.Withheld, Evidence: image.Asked,
	}
	if !img.CreatedAt.IsZero() {
		of.CreatedAt = &img.CreatedAt
	}
	return of
}
