// Command byoos-source-aws is the source plugin that finds AMIs: those of EC2
// Image Builder, of a search by owner, and of SSM public parameters.
package main

import (
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func main() { sdk.Main(source.Source{}) }
