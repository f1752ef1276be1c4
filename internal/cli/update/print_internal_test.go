package update

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
)

func TestMarkdown(t *testing.T) {
	day := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	rhel := image.Image{ID: "ami-0123456789abcdef0", Region: "us-east-1", Architecture: "amd64", OS: image.OS{Name: "rhel", Version: "8.8"}, CreatedAt: &day}
	ubuntu := rhel
	ubuntu.ID, ubuntu.OS, ubuntu.KubernetesVersion = "a`b|c\n``", image.OS{Name: "ubuntu", Version: "22.04"}, "1.30.4"
	ubuntu.Region, ubuntu.Architecture = "eu-west-1", "arm64"
	tag := image.Image{ID: "r.example/os:1", Region: "global", Digest: "sha256:a"}
	moved := tag
	moved.Digest = "sha256:b"
	var out bytes.Buffer
	err := printMarkdown([]pipeline.Change{
		{Pack: "a|b_c", Reason: "newer", Old: &rhel, New: &ubuntu}, {Pack: "new", Reason: "new", New: &rhel},
		{Pack: "old", Reason: "removed", Old: &rhel}, {Pack: "cut", Reason: "removed"}, {Pack: "tag", Reason: "changed", Old: &tag, New: &moved},
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	want := "| pack | reason | old | new | region | architecture | OS | Kubernetes |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n" +
		"| a\\|b\\_c | newer | `ami-0123456789abcdef0` 2026-11-02T00:00:00Z | ``` a`b\\|c `` ``` 2026-11-02T00:00:00Z " +
		"| us-east-1 -> eu-west-1 | amd64 -> arm64 | rhel 8.8 -> ubuntu 22.04 | unknown -> 1.30.4 |\n" +
		"| new | new |  | `ami-0123456789abcdef0` 2026-11-02T00:00:00Z | us-east-1 | amd64 | rhel 8.8 |  |\n" +
		"| old | removed | `ami-0123456789abcdef0` 2026-11-02T00:00:00Z |  | us-east-1 | amd64 | rhel 8.8 |  |\n" +
		"| cut | removed |  |  |  |  |  |  |\n" +
		"| tag | changed | `r.example/os:1@sha256:a` | `r.example/os:1@sha256:b` | global |  |  |  |\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
