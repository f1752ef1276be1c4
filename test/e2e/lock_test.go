package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/test/binaries"
)

// lockDir makes a folder with a spec of n packs, one for each region of a manifest.
func lockDir(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	var spec strings.Builder
	spec.WriteString("apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\nsources:\n" +
		"  - {name: golden, type: packer, config: {manifest: packer-manifest.json}}\npacks:\n")
	for i := range n {
		fmt.Fprintf(&spec, "  - {name: p%d, pack: generic-byoi, select: {region: us-east-%d}, values: {osName: rhel, osVersion: \"8\"}}\n", i, i)
	}
	write(t, filepath.Join(dir, "byoos.yaml"), spec.String())
	writeManifest(t, dir, n, 1)
	return dir
}

func writeManifest(t *testing.T, dir string, n, run int) {
	t.Helper()
	regions := make([]string, n)
	for i := range n {
		regions[i] = fmt.Sprintf("us-east-%d:%s", i, ami(run, i))
	}
	write(t, filepath.Join(dir, "packer-manifest.json"), fmt.Sprintf(
		`{"builds":[{"name":"a","builder_type":"amazon-ebs","build_time":%d,"files":null,"artifact_id":%q,"packer_run_uuid":"r%d","custom_data":null}],"last_run_uuid":"r%d"}`,
		1790000000+run, strings.Join(regions, ","), run, run))
}

func ami(run, region int) string { return fmt.Sprintf("ami-%08x%09x", run, region) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func program(ctx context.Context, dir string, args ...string) *exec.Cmd {
	bin := os.Getenv("BYOOS_E2E_BIN")
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl-byoos"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+filepath.Join(dir, "home"), "XDG_CACHE_HOME="+filepath.Join(bin, "cache"))
	return cmd
}

func mustRun(t *testing.T, dir string, args ...string) {
	t.Helper()
	if output, err := program(t.Context(), dir, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, output)
	}
}

// TestUpdateKilled: at whatever moment update is killed, the lock is the old one
// or the new one, and the next update works.
func TestUpdateKilled(t *testing.T) {
	dir := lockDir(t, 40)
	path := filepath.Join(dir, lock.FileName)
	mustRun(t, dir, "lock")
	old := read(t, path)
	writeManifest(t, dir, 40, 2)
	start := time.Now()
	mustRun(t, dir, "update")
	moment := time.Since(start)
	updated := read(t, path)
	if bytes.Equal(old, updated) {
		t.Fatal("update changed nothing")
	}
	// The kills come before and after the moment of the write, wherever a busy machine
	// has it: later as long as the lock stays the old one, and earlier again.
	seen := map[string]int{}
	for range 50 {
		write(t, path, string(old))
		ctx, cancel := context.WithTimeout(t.Context(), moment)
		_ = program(ctx, dir, "update").Run()
		cancel()
		step := 1 + rand.Float64()/2
		switch got := read(t, path); {
		case bytes.Equal(got, old):
			seen["old"]++
			moment = time.Duration(float64(moment) * step)
		case bytes.Equal(got, updated):
			seen["new"]++
			moment = time.Duration(float64(moment) / step)
		default:
			t.Fatalf("the lock is neither the old nor the new one:\n%s", got)
		}
	}
	t.Logf("left by 50 killed updates: %v", seen)
	if seen["old"] == 0 || seen["new"] == 0 {
		t.Errorf("the kills were not spread over the update: %v", seen)
	}
	mustRun(t, dir, "update")
	if got := read(t, path); !bytes.Equal(got, updated) {
		t.Error("the update after them did not finish the work")
	}
}

// TestUpdatesAtOnce: ten updates of different packs lose none of the entries.
func TestUpdatesAtOnce(t *testing.T) {
	const n = 10
	dir := lockDir(t, n)
	mustRun(t, dir, "lock")
	writeManifest(t, dir, n, 2)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if output, err := program(t.Context(), dir, "update", "--pack", fmt.Sprintf("p%d", i)).CombinedOutput(); err != nil {
				t.Errorf("update: %v\n%s", err, output)
			}
		})
	}
	wg.Wait()
	file, err := lock.Load(t.Context(), filepath.Join(dir, lock.FileName), lock.FileName)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(file.Names()); got != n {
		t.Errorf("%d entries, want %d: %v", got, n, file.Names())
	}
	for i := range n {
		entry, _ := file.Entry(fmt.Sprintf("p%d", i))
		if want := ami(2, i); entry.Image.ID != want {
			t.Errorf("%s has %s, want %s of the second run", entry.Name, entry.Image.ID, want)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestUpdateAfterARealRun locks the first run of a manifest that the real packer
// wrote in two runs, and updates to the second.
func TestUpdateAfterARealRun(t *testing.T) {
	root, err := binaries.Root()
	if err != nil {
		t.Fatal(err)
	}
	whole := read(t, filepath.Join(root, "examples", "packer-two-runs", "packer-manifest.json"))
	var manifest struct {
		Builds  []map[string]any `json:"builds"`
		LastRun string           `json:"last_run_uuid"`
	}
	if err := json.Unmarshal(whole, &manifest); err != nil {
		t.Fatal(err)
	}
	second := manifest.LastRun
	manifest.LastRun = manifest.Builds[0]["packer_run_uuid"].(string)
	manifest.Builds = slices.DeleteFunc(manifest.Builds, func(build map[string]any) bool {
		return build["packer_run_uuid"] == second || build["name"] != "rhel-8"
	})
	first, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "byoos.yaml"), string(read(t, filepath.Join(root, "examples", "packer-two-runs", "byoos.yaml"))))
	write(t, filepath.Join(dir, "packer-manifest.json"), string(first))
	mustRun(t, dir, "lock")
	locked := read(t, filepath.Join(dir, lock.FileName))
	write(t, filepath.Join(dir, "packer-manifest.json"), string(whole))

	output, err := program(t.Context(), dir, "update", "--dry-run", "-o", "jsonpath={.items[*].reason} {.items[*].new.reference.value}").Output()
	if err != nil || string(output) != "newer "+second {
		t.Errorf("dry run: %q, %v; want the run %s", output, err, second)
	}
	if !bytes.Equal(locked, read(t, filepath.Join(dir, lock.FileName))) {
		t.Error("a dry run changed the lock")
	}
	mustRun(t, dir, "update")
	mustRun(t, dir, "verify")
	if !bytes.Contains(read(t, filepath.Join(dir, lock.FileName)), []byte(second)) {
		t.Error("the lock does not name the second run")
	}
}
