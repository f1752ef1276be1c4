package source

import (
	"slices"
	"strings"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Reads tells whether a plugin can be asked for images that it listed by name alone.
func (p *Plugin) Reads() bool { return p.Can(sourcev1.Capability_CAPABILITY_READ) }

// Verifies tells whether a plugin can be asked what became of images.
func (p *Plugin) Verifies() bool { return p.Can(sourcev1.Capability_CAPABILITY_VERIFY) }

// Provides tells whether a plugin has images of a provider.
func (p *Plugin) Provides(provider string) bool {
	return slices.ContainsFunc(p.Description.GetProviders(), func(has string) bool { return strings.EqualFold(has, provider) })
}
