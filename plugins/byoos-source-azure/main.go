// Command byoos-source-azure is the image source "azure" of kubectl byoos.
package main

import (
	"io"
	"log"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func main() {
	// HTTP clients log what a server sends unasked, word for word: a secret may be in it.
	log.SetOutput(io.Discard)
	azure := source.New()
	sdk.Main(func() sdk.Source[source.Config] { return azure })
}
