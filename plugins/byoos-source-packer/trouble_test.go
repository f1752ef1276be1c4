package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/artifact"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/files"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// TestExplained: each way in which a manifest cannot be read has its own next step.
func TestExplained(t *testing.T) {
	kind := func(k manifest.Kind) error { return &manifest.Error{Kind: k, Line: 3, Offset: 7, Message: "why"} }
	const at = ": line 3 (byte 7): why -> "
	for want, err := range map[string]error{
		"packer is writing the manifest: m.json.lock was still there after 2s -> run again when packer has finished; when no packer runs, remove the lock file": files.ErrLocked,
		"the manifest changes while it is read: it did not come to rest within 2s -> run again when packer has finished, or set a longer wait":                  files.ErrChanged,
		"the manifest cannot be read: permission denied -> make the file readable, or correct the path":                                                         &fs.PathError{Path: "m.json", Err: errors.New("permission denied")},
		"the manifest is cut short" + at + "run again when packer has finished; when no packer runs, restore the file or run packer build again":                kind(manifest.Truncated),
		"not JSON" + at + "correct the line, or run packer build again; if it is another file, name the output of Packer's manifest post-processor":             kind(manifest.Syntax),
		"not a Packer manifest" + at + "save it as UTF-8: iconv -f UTF-16 -t UTF-8, or in PowerShell Set-Content -Encoding utf8":                                kind(manifest.Encoding),
		"not a Packer manifest" + at + "keep one manifest in a file; name several files in manifests":                                                           kind(manifest.Trailing),
		"not a Packer manifest" + at + "name the output of Packer's manifest post-processor":                                                                    kind(manifest.NotManifest),
		"not a Packer manifest" + at + "correct the line, or name the output of Packer's manifest post-processor":                                               kind(manifest.Shape),
	} {
		d := manifestFile{name: "m.json", configPath: "manifests[1]"}.explain(err, 2*time.Second)
		if d.Severity != sdk.Error || d.ConfigPath != "manifests[1]" || d.Scope != "m.json" {
			t.Errorf("%s is told as %+v", want, d)
		}
		if diff := cmp.Diff(want, d.Summary+": "+d.Detail+" -> "+d.NextStep); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestChangedWhileRead: Packer writes in place. What changes after images were sent is told.
func TestChangedWhileRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "m.json")
	var builds []string
	for i := range 300 {
		builds = append(builds, build("a", "amazon-ebs", fmt.Sprintf("us-east-1:ami-0%d", i), run1, 1700000000, "null"))
	}
	write(t, file, manifestOf(run1, builds...))
	got := &answer{sent: func(*sourcev1.DiscoverResponse) {
		if err := os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
	}}
	ask(t, dir, map[string]any{"manifest": "m.json", "runs": "all"}, nil, got)
	if want := "error [manifest] m.json: the manifest changes while it is read"; len(got.Images) != 300 || !strings.Contains(got.says(), want) {
		t.Errorf("%d images, %s", len(got.Images), got.says())
	}
}

func TestSleep(t *testing.T) {
	if err := newSource().sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newSource().sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestDescribed: the clouds that are named are those of which ids are read.
func TestDescribed(t *testing.T) {
	want := sdk.Info{
		Name: "packer", Summary: "Images that Packer builds recorded with the manifest post-processor.",
		Homepage: "https://github.com/kubectl-byoos/kubectl-byoos/blob/main/docs/sources/packer.md",
		Providers: []string{
			artifact.AWS, artifact.Azure, artifact.GCP, artifact.VSphere, artifact.OpenStack, artifact.Nutanix, artifact.Oracle, artifact.Proxmox,
			artifact.DigitalOcean, artifact.HCloud, artifact.Huawei, artifact.Outscale,
		},
	}
	if diff := cmp.Diff(want, newSource().Describe()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
