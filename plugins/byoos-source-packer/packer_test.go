package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// packer runs the real program in dir.
func packer(t *testing.T, dir string, args ...string) {
	t.Helper()
	path := binaries.Need(t, "packer")
	cmd := exec.CommandContext(t.Context(), path, append([]string{"build"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "PACKER_CONFIG_DIR="+dir, "PACKER_CACHE_DIR="+filepath.Join(dir, "cache"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("packer build %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// template has two builds. Their artifact ids are File and Null, so their images
// are unusable; what is tested is all the rest.
const template = `{
  "variables": {"undefined": "", "team": "platform"},
  "builders": [
    {"type": "file", "name": "web", "content": "x", "target": "web.img"},
    {"type": "null", "name": "db", "communicator": "none"}
  ],
  "post-processors": [{
    "type": "manifest", "output": "m.json"%s,
    "custom_data": {"team": "{{user ` + "`team`" + `}}", "empty": "{{user ` + "`undefined`" + `}}", "distro_name": "RHEL", "distro_version": "8"}
  }]
}`

func names(a *answer) map[string]string {
	found := map[string]string{}
	for _, img := range a.Images {
		found[img.GetName()] = img.GetReference().GetValue()
	}
	return found
}

func TestRealPacker(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "t.json"), fmt.Sprintf(template, ""))
	latest, all := map[string]any{"manifest": "m.json"}, map[string]any{"manifest": "m.json", "runs": "all"}

	packer(t, dir, "t.json")
	first := discover(t, dir, latest, nil)
	if len(first.Images) != 2 || len(first.Diagnostics) != 0 {
		t.Fatalf("one run: %d images\n%s", len(first.Images), first.says())
	}
	for _, img := range first.Images {
		want := map[string]string{"team": "platform", "empty": "", "distro_name": "RHEL", "distro_version": "8"}
		if diff := cmp.Diff(want, img.GetTags()); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		if img.GetState() != sourcev1.State_STATE_UNUSABLE || img.GetCreatedAt() == nil || img.GetOs().GetName() != "rhel" {
			t.Errorf("got %v", img)
		}
	}

	packer(t, dir, "-only=web", "t.json")
	second := discover(t, dir, latest, nil)
	if len(second.Images) != 1 || names(second)["web"] == names(first)["web"] {
		t.Errorf("two runs: got %v, after %v", names(second), names(first))
	}
	if !strings.Contains(second.says(), "did not make are left out: db") {
		t.Errorf("nothing said of the build that the last run left out:\n%s", second.says())
	}
	if got := discover(t, dir, all, nil); len(got.Images) != 3 {
		t.Errorf("all runs: %d images, want 3", len(got.Images))
	}
	stale := &sourcev1.ImageRef{Id: "File", Provider: "file", Reference: first.Images[0].GetReference()}
	if got := verify(t, dir, latest, stale).Results[0]; got.GetPresence() != sourcev1.Presence_PRESENCE_FOUND {
		t.Errorf("verify of the first run: %v", got)
	}

	packer(t, dir, "-force", "t.json")
	if got := discover(t, dir, all, nil); len(got.Images) != 2 {
		t.Errorf("after -force: %d images, want 2", len(got.Images))
	}
	if got := verify(t, dir, latest, stale).Results[0]; got.GetPresence() != sourcev1.Presence_PRESENCE_NOT_FOUND ||
		!strings.Contains(got.GetReason(), "m.json no longer holds run") {
		t.Errorf("verify of the first run after -force: %v", got)
	}
}

func TestRealPackerStripTime(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "t.json"), fmt.Sprintf(template, `, "strip_time": true, "strip_path": true`))
	packer(t, dir, "t.json")
	for _, img := range discover(t, dir, map[string]any{"manifest": "m.json"}, nil).Images {
		if img.GetCreatedAt() != nil {
			t.Errorf("%s has a creation time", img.GetName())
		}
	}
}

// TestExamples reads the manifests in examples/, which packer made as well.
func TestExamples(t *testing.T) {
	examples := filepath.Join("..", "..", "examples")
	tests := []struct {
		manifest string
		config   map[string]any
		usable   int
	}{
		{"packer-aws/packer-manifest.json", nil, 1},
		{"packer-aws-regions/packer-manifest.json", nil, 2},
		{"packer-two-runs/packer-manifest.json", nil, 1},
		{"packer-two-runs/packer-manifest.json", map[string]any{"runs": "all"}, 3},
		{"packer-ambiguous/packer-manifest.json", nil, 2},
		{"packer-azure/manifest.json", nil, 1},
		{"packer-vsphere/packer-manifest.json", map[string]any{"datacenter": "DC", "folder": "/"}, 1},
	}
	for _, tt := range tests {
		config := map[string]any{"manifest": tt.manifest}
		for key, value := range tt.config {
			config[key] = value
		}
		got := discover(t, examples, config, nil)
		usable := 0
		for _, img := range got.Images {
			if img.GetState() == sourcev1.State_STATE_AVAILABLE {
				usable++
			}
		}
		if usable != tt.usable {
			t.Errorf("%s %v: %d usable images, want %d\n%s", tt.manifest, tt.config, usable, tt.usable, got.says())
		}
	}
}

// TestManifestScript runs the script that makes the manifests of the examples.
// Its AMI builds are packer's own amazon-ebs against the stand-in for EC2.
func TestManifestScript(t *testing.T) {
	for _, program := range []string{"bash", "packer", "jq"} {
		binaries.Need(t, program)
	}
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	// The first build of the simulator takes minutes on a slow network or a busy machine.
	for _, server := range []string{"fakeec2", "vcenter"} {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, ".")
		build.Dir = filepath.Join(examples, "internal", server)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", server, err, out)
		}
	}
	made := t.TempDir()
	// It takes ten seconds, or minutes on a busy machine; when it hangs, its output
	// says in which example.
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-30*time.Second))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(examples, "make-manifests.sh"), made)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it stops its servers
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := map[string]any{"manifests": []any{"packer-*/packer-manifest.json", "packer-*/manifest.json"}, "runs": "all", "project": "p", "datacenter": "DC", "folder": "/"}
	committed, fresh := discover(t, examples, all, nil), discover(t, made, all, nil)
	if diff := cmp.Diff(outline(committed), outline(fresh)); diff != "" {
		t.Errorf("the script makes other manifests than are committed (-committed +made):\n%s", diff)
	}
}

// outline is what does not change from one run of packer to the next. Builds of
// one run are in the order in which they ended.
func outline(a *answer) []string {
	var lines []string
	for _, img := range a.Images {
		lines = append(lines, fmt.Sprint(img.GetName(), img.GetProvider(), img.GetRegion(), img.GetState(), img.GetOs().GetName(), img.GetOs().GetVersion(),
			img.GetKubernetesVersion(), len(img.GetTags()), img.GetCreatedAt() != nil))
	}
	slices.Sort(lines)
	return lines
}
