package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

var (
	manifests    = flag.Int("manifests", 200, "how many random manifests are read")
	manifestSeed = flag.Uint64("manifest-seed", 1, "seed of the random manifests")
)

// systems are custom_data and what it says of an operating system.
func systems() map[string]string {
	return map[string]string{
		`null`:                            " ",
		`{}`:                              " ",
		`{"team": "a", "os_name": ""}`:    " ",
		`{"distro_name": "Ubuntu 24.04"}`: "ubuntu 24.04",
		`{"distro_name": "rhel", "distro_version": "8"}`:                                "rhel 8",
		`{"distribution": "SLES", "distribution_version": "15 SP5"}`:                    "sles 15.5",
		`{"distribution": "ubuntu", "distro_name": "rhel", "distro_version": "9"}`:      "ubuntu ",
		`{"os_name": "k8s 1.30 on Ubuntu 22.04"}`:                                       "ubuntu 22.04",
		`{"DISTRO_NAME": "ol", "DISTRO_VERSION": "8.9"}`:                                "oraclelinux 8.9",
		`{"distro_name": "rhel"}`:                                                       "rhel ",
		`{"distribution": "ubuntu", "distribution_version": "2404", "os_name": "RHEL"}`: "ubuntu 24.04",
	}
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// randomManifest is odd or legal: the second reader says which.
func randomManifest(random *rand.Rand) string {
	known := slices.Sorted(func(yield func(string) bool) {
		for custom := range systems() {
			if !yield(custom) {
				return
			}
		}
	})
	runs := []string{run1, run2, "cccccccc-0000-0000-0000-000000000003"}
	var builds []string
	for range random.IntN(7) {
		builder := pick(random, "amazon-ebs", "amazon-ebs", "azure-arm", "vsphere-iso")
		id := map[string]string{
			"amazon-ebs":  fmt.Sprintf("us-east-1:ami-0%d,eu-west-1:ami-1%d", random.IntN(3), random.IntN(3)),
			"azure-arm":   strings.TrimSuffix(managedImage, "golden") + pick(random, "golden", "GOLDEN", "silver", "..", "a b", "{{x}}"),
			"vsphere-iso": pick(random, "golden", "a::b::c", "..", "rhel-?", "RHEL 8"),
		}[builder]
		one := build(pick(random, "a", "b"), builder, id, pick(random, runs...), random.IntN(2)*(1700000000+random.IntN(5)), pick(random, known...))
		switch random.IntN(40) {
		case 0:
			one = strings.Replace(one, `{"name"`, `{"Name": "x", "name"`, 1)
		case 1:
			one = strings.Replace(one, `"builder_type"`, `"Builder_Type"`, 1)
		case 2:
			one = strings.Replace(one, `"custom_data": {`, `"custom_data": {"k": "{\"", "\u006b": "",`, 1)
		case 3:
			one = strings.Replace(one, `{"name"`, `{"extra": [{"name": "x", "name": "y"}], "name"`, 1)
		}
		builds = append(builds, one)
	}
	text := manifestOf(pick(random, runs...), builds...)
	switch random.IntN(20) {
	case 0:
		text = "\ufeff" + text
	case 1:
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case 2:
		text = strings.Replace(text, `"builds"`, `"BUILDS"`, 1)
	case 3:
		text = strings.Replace(text, `"last_run_uuid"`, `"other"`, 1)
	case 4:
		text = strings.Replace(text, `"builds"`, `"Last_Run_UUID": "", "builds"`, 1)
	case 5:
		text = text[:len(text)-1]
	case 6:
		text += "{}"
	}
	return text
}

// TestManifestsOfAllKinds reads random manifests beside a second reader, which decodes
// whole files and knows the rules in other words.
func TestManifestsOfAllKinds(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(*manifestSeed, 1))
	for i := range *manifests {
		text, runs, withDefault := randomManifest(random), pick(random, "all", "latest"), random.IntN(2) == 0
		write(t, filepath.Join(dir, "m.json"), text)
		settings := map[string]any{"manifest": "m.json", "runs": runs, "datacenter": "DC", "folder": "/f", "wait": "0s"}
		if withDefault {
			settings["os"] = map[string]any{"name": "RHEL", "version": "9"}
		}
		got := discover(t, dir, settings, nil)
		var read []string
		for _, img := range got.Images {
			if img.GetStateReason() == "" {
				read = append(read, fmt.Sprintf("%s %s %s %s", img.GetRegion(), img.GetId(), img.GetOs().GetName(), img.GetOs().GetVersion()))
			}
		}
		slices.Sort(read)
		want, legal := secondReader(text, runs, withDefault)
		failed := strings.Contains(got.says(), "error [manifest]")
		if failed == legal || legal && !slices.Equal(read, want) {
			t.Fatalf("manifest %d of seed %d, runs %s, default %v:\n%s\n got %q, %s\nwant %q, legal %v", i, *manifestSeed, runs, withDefault, text, read, got.says(), want, legal)
		}
	}
}

// peakStream forgets images and notes how much memory is in use.
type peakStream struct {
	grpc.ServerStream
	ctx    context.Context
	images *int
	peak   *uint64
}

func (s peakStream) Context() context.Context { return s.ctx }

func (s peakStream) Send(r *sourcev1.DiscoverResponse) error {
	*s.images += len(r.GetImages())
	s.measure()
	return nil
}

func (s peakStream) measure() {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	*s.peak = max(*s.peak, stats.HeapAlloc)
}

// peakVerify measures at each progress that is told.
type peakVerify struct{ peakStream }

func (s peakVerify) Send(r *sourcev1.VerifyResponse) error {
	for _, result := range r.GetResults() {
		if result.GetPresence() == sourcev1.Presence_PRESENCE_FOUND {
			*s.images++
		}
	}
	s.measure()
	return nil
}

// TestAllRunsInLittleMemory: what runs: all and verify take does not grow as the file does.
func TestAllRunsInLittleMemory(t *testing.T) {
	const builds = 20_000
	dir := t.TempDir()
	var text strings.Builder
	text.WriteString(`{"builds": [`)
	for i := range builds {
		text.WriteString(build("a", "amazon-ebs", fmt.Sprintf("us-east-1:ami-0%08x,eu-west-1:ami-1%08x", i, i), run1, 1700000000+i, `{"distro_name": "rhel", "distro_version": "8"}`) + ",\n")
	}
	text.WriteString(build("b", "amazon-ebs", "us-east-1:ami-0", run2, 1800000000, "null") + `], "last_run_uuid": "` + run2 + `"}`)
	write(t, filepath.Join(dir, "m.json"), text.String())
	text.Reset()
	settings, err := structpb.NewStruct(map[string]any{"manifest": "m.json", "runs": "all"})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	images, peak := 0, uint64(0)
	service := sdk.Service(func() sdk.Source[config] { return source{sleep: (&noSleep{}).sleep} }, io.Discard)
	req := &sourcev1.DiscoverRequest{Source: "golden", Config: settings, BaseDir: dir}
	if err := service.Discover(req, peakStream{ctx: t.Context(), images: &images, peak: &peak}); err != nil {
		t.Fatal(err)
	}
	if taken := int64(peak) - int64(stats.HeapAlloc); images != 2*builds+1 || taken > 16<<20 {
		t.Errorf("%d images, %d MB", images, taken>>20)
	}

	images, peak = 0, 0
	runtime.GC()
	refs := []*sourcev1.ImageRef{{Provider: "aws", Id: "ami-0"}, {Index: 1, Provider: "aws", Id: "ami-000000001"}}
	asked := &sourcev1.VerifyRequest{Source: "golden", Config: settings, BaseDir: dir, Refs: refs}
	if err := service.Verify(asked, peakVerify{peakStream{ctx: t.Context(), images: &images, peak: &peak}}); err != nil {
		t.Fatal(err)
	}
	if taken := int64(peak) - int64(stats.HeapAlloc); images != len(refs) || taken > 16<<20 {
		t.Errorf("verify: %d images, %d MB", images, taken>>20)
	}
}

// secondReader returns "region id name version" of each image of a whole manifest.
func secondReader(text, runs string, withDefault bool) (found []string, legal bool) {
	data := []byte(strings.TrimPrefix(text, "\ufeff"))
	var m struct {
		Builds *[]struct {
			Builder string          `json:"builder_type"`
			ID      string          `json:"artifact_id"`
			Run     string          `json:"packer_run_uuid"`
			Custom  json.RawMessage `json:"custom_data"`
		} `json:"builds"`
		Last string `json:"last_run_uuid"`
	}
	if json.Unmarshal(data, &m) != nil || m.Builds == nil || twice(data) {
		return nil, false
	}
	last := m.Last
	if n := len(*m.Builds); last == "" && n > 0 {
		last = (*m.Builds)[n-1].Run
	}
	said := map[string]string{} // the later build takes the place of the earlier
	for _, b := range *m.Builds {
		if runs == "latest" && b.Run != last {
			continue
		}
		custom := string(b.Custom)
		if strings.Contains(custom, `"k"`) {
			continue
		}
		system := systems()[custom]
		switch {
		case withDefault && system == " ":
			system = "rhel 9"
		case withDefault && system == "rhel ":
			system = "rhel 9"
		}
		switch b.Builder {
		case "amazon-ebs":
			for part := range strings.SplitSeq(b.ID, ",") {
				region, ami, _ := strings.Cut(part, ":")
				said[region+" "+ami] = region + " " + ami + " " + system
			}
		case "azure-arm":
			if regexp.MustCompile(`/[A-Za-z]+$`).MatchString(b.ID) {
				said[strings.ToLower(b.ID)] = " " + b.ID + " " + system
			}
		case "vsphere-iso":
			if !strings.ContainsAny(b.ID, "?.") {
				said[b.ID] = "DC /DC/vm/f/" + b.ID + " " + system
			}
		}
	}
	for _, line := range said {
		found = append(found, line)
	}
	slices.Sort(found)
	return found, true
}

// twice walks over tokens, and finds a key of the manifest, of a build or of custom_data
// that stands twice.
func twice(data []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		object, key bool
		seen        map[string]bool
		name        string
	}
	var stack []*level
	path := func() (names []string) {
		for _, l := range stack {
			names = append(names, strings.ToLower(l.name))
		}
		return names
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		var top *level
		if len(stack) > 0 {
			top = stack[len(stack)-1]
		}
		if text, ok := token.(string); ok && top != nil && top.object && top.key {
			at := path()
			key, counts := text, len(stack) == 1 || len(stack) == 3 && at[0] == "builds"
			if counts {
				key = strings.ToLower(text)
			}
			if (counts || len(stack) == 4 && at[0] == "builds" && at[2] == "custom_data") && top.seen[key] {
				return true
			}
			top.seen[key], top.name, top.key = true, text, false
			continue
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:len(stack)-1]
			if len(stack) > 0 {
				stack[len(stack)-1].key = true
			}
			continue
		}
		if top != nil {
			top.key = true
		}
		if delim, ok := token.(json.Delim); ok {
			stack = append(stack, &level{object: delim == '{', key: true, seen: map[string]bool{}})
		}
	}
}
