// Package manifesttest makes manifests for tests and benchmarks.
package manifesttest

import (
	"fmt"
	"io"
	"strings"
)

// Generated is a manifest of any size that takes no memory: old runs, then one
// build of the current run, as Packer's appending leaves it.
type Generated struct {
	head, block, tail string
	blocks            int64
}

// Generate returns a manifest of about size bytes.
func Generate(size int64) *Generated {
	g := &Generated{head: "{\n  \"builds\": [\n"}
	var block strings.Builder
	for i := range 64 {
		block.WriteString(generatedBuild(fmt.Sprintf("00000000-0000-0000-0000-%012d", i), i) + ",\n")
	}
	current := "ffffffff-0000-0000-0000-000000000000"
	g.block = block.String()
	g.tail = generatedBuild(current, 64) + "\n  ],\n  \"last_run_uuid\": \"" + current + "\"\n}"
	g.blocks = max(1, (size-int64(len(g.head)+len(g.tail)))/int64(len(g.block)))
	return g
}

func generatedBuild(run string, i int) string {
	return fmt.Sprintf(`    {
      "name": "rhel-8",
      "builder_type": "amazon-ebs",
      "build_time": %d,
      "files": null,
      "artifact_id": "eu-west-1:ami-1%016x,us-east-1:ami-0%016x",
      "packer_run_uuid": "%s",
      "custom_data": {
        "containerd_version": "2.1.4",
        "kubernetes_cni_version": "v1.7.1",
        "kubernetes_version": "v1.34.3",
        "os_name": "rhel",
        "os_version": "8"
      }
    }`, 1700000000+i, i, i, run)
}

// Size in bytes.
func (g *Generated) Size() int64 {
	return int64(len(g.head)+len(g.tail)) + g.blocks*int64(len(g.block))
}

// ReadAt implements io.ReaderAt.
func (g *Generated) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		part := g.at(off + int64(n))
		if part == "" {
			return n, io.EOF
		}
		n += copy(p[n:], part)
	}
	return n, nil
}

// at returns what follows off, up to the end of its part.
func (g *Generated) at(off int64) string {
	head, body := int64(len(g.head)), g.blocks*int64(len(g.block))
	switch {
	case off < head:
		return g.head[off:]
	case off < head+body:
		return g.block[(off-head)%int64(len(g.block)):]
	case off < g.Size():
		return g.tail[off-head-body:]
	}
	return ""
}
