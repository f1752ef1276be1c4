// Command byoos-source-packer is the image source plugin for Packer: it reads
// the images that builds recorded with Packer's manifest post-processor.
package main

import (
	"context"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func main() { sdk.Main(func() sdk.Source[config] { return newSource() }) }

// source implements sdk.Verifier.
type source struct {
	sleep func(context.Context, time.Duration) error
}

func newSource() source { return source{sleep: sleep} }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
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
