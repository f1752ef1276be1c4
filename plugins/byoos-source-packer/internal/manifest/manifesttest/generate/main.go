// Command generate prints a manifest of about the given size, with the builds of
// old runs first and one build of the current run at its end, for benchmarks.
//
//	go run ./plugins/byoos-source-packer/internal/manifest/manifesttest/generate -mb 100 >packer-manifest.json
package main

import (
	"flag"
	"io"
	"log"
	"os"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest/manifesttest"
)

func main() {
	mb := flag.Int64("mb", 1, "size in megabytes")
	flag.Parse()
	file := manifesttest.Generate(*mb << 20)
	if _, err := io.Copy(os.Stdout, io.NewSectionReader(file, 0, file.Size())); err != nil {
		log.Fatal(err)
	}
}
