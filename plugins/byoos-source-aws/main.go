// Command byoos-source-aws is the source plugin that finds AMIs: those of EC2
// Image Builder, of a search by owner, and of SSM public parameters.
package main

import (
	"io"
	"log"
	"runtime/debug"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Little of what is read stays in memory, so collecting garbage less often costs
// tens of MiB and saves a fifth of the time.
const (
	gcPercent   = 300
	memoryLimit = 100 << 20
)

func main() {
	// HTTP clients log what a server sends unasked, word for word: a secret may be in it.
	log.SetOutput(io.Discard)
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
	shared := &session.Shared{}
	sdk.Main(func() sdk.Source[settings.Config] { return source{Shared: shared} })
}

// source implements sdk.Source and sdk.Verifier.
type source struct {
	// Shared is what the sources of a process have in common.
	Shared *session.Shared
}

// Describe says what the plugin is.
func (source) Describe() sdk.Info {
	return sdk.Info{
		Name:        "aws",
		Summary:     "AMIs of EC2 Image Builder, of a search by owner, and of SSM public parameters",
		Providers:   []string{ami.Provider},
		Environment: session.Environment(),
		Homepage:    "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/sources/aws.md",
		UsesHints:   true,
	}
}
