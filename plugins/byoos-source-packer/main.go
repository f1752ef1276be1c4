// Command byoos-source-packer is the image source plugin for Packer: it reads
// the images that builds recorded with Packer's manifest post-processor.
package main

import "github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"

func main() { sdk.Main(func() sdk.Source[config] { return newSource() }) }
