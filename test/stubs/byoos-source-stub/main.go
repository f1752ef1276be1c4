// byoos-source-stub is a source plugin for tests. Its configuration says how it
// behaves.
package main

import (
	"context"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

type source struct{}

type config struct {
	Images int `json:"images,omitempty" jsonschema:"description=How many images to send,default=1"`
}

func (source) Describe() sdk.Info {
	return sdk.Info{Name: "stub", Version: "1.2.3", Summary: "A source for tests."}
}

func (source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
	for range req.Config.Images {
		if err := out.Images(sdk.Image{ID: "ami-1", Provider: "aws", State: sdk.Available}); err != nil {
			return err
		}
	}
	return nil
}

func main() { sdk.Main(source{}) }
