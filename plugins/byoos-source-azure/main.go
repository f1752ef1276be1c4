// Command byoos-source-azure is the image source "azure" of kubectl byoos.
package main

import (
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func main() {
	azure := source.New()
	sdk.Main(func() sdk.Source[source.Config] { return azure })
}
