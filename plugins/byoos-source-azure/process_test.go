package main_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	plugin "github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

const (
	subscription = "00000000-0000-0000-0000-0000000000aa"
	group        = "/subscriptions/" + subscription + "/resourceGroups/images/providers/Microsoft.Compute"
	prod         = group + "/galleries/prod/images/"
)

// bin has kubectl-byoos, and plugins/byoos-source-azure, as an install has them.
var bin string

const binary = "byoos-source-azure"

// TestMain runs the tests, or the plugin when it is started by its name: the binary
// of the tests is the plugin's, too, so that it has what the tests were built with
// (-race, -cover, -overlay).
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == binary {
		plugin.Main()
		return
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "byoos-azure")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	if err := copySelf(filepath.Join(dir, "plugins")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	text, err := exec.Command("go", "build", "-o", filepath.Join(dir, "kubectl-byoos"), "../../cmd/kubectl-byoos").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "building kubectl-byoos: %v\n%s", err, text)
		return 1
	}
	return m.Run()
}

// copySelf puts the running binary into a folder, by the plugin's name.
func copySelf(dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(self)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, binary), text, 0o700)
}

func estate(t testing.TB) *fakeazure.Estate {
	t.Helper()
	text, err := os.ReadFile("../../examples/azure/estate.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := fakeazure.ParseEstate(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// world is a fake Azure and a host that runs the real plugin against it.
type world struct {
	*fakeazure.Server
	env  map[string]string
	host *source.Host
}

func start(t testing.TB, o fakeazure.Options, settings map[string]any) *world {
	t.Helper()
	if o.Estate == nil {
		o.Estate = estate(t)
	}
	w := &world{Server: fakeazure.Start(o)}
	t.Cleanup(w.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := w.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	w.env = w.Environment(ca)
	w.env["AZURE_SUBSCRIPTION_ID"] = subscription
	w.env["HOME"] = t.TempDir()
	w.env["PATH"] = "/usr/bin:/bin"
	w.host = source.New(source.Options{
		PluginDirs: []string{filepath.Join(bin, "plugins")},
		Environ: func() []string {
			var pairs []string
			for k, v := range w.env {
				pairs = append(pairs, k+"="+v)
			}
			return pairs
		},
		CallTimeout:  10 * time.Minute,
		UserSettings: map[string]map[string]any{"azure": settings},
	})
	t.Cleanup(w.host.Close)
	return w
}

// plugin is what a host finds before it asks.
func (w *world) plugin() *source.Plugin {
	p, err := w.host.Find(context.Background(), "azure")
	if err != nil {
		panic(err)
	}
	return p
}

type config = map[string]any

func (w *world) discover(ctx context.Context, c config) source.Result {
	return w.host.Discover(ctx, []source.Request{{Source: "azure", Plugin: w.plugin(), Config: c, BaseDir: "/"}}, nil)[0]
}

// good discovers, and fails the test when the source failed.
func (w *world) good(t *testing.T, c config) source.Result {
	t.Helper()
	r := w.discover(t.Context(), c)
	if r.Err != nil {
		t.Fatalf("%v", r.Err)
	}
	for _, i := range r.Images {
		checkStatement(t, i)
	}
	return r
}

// checkStatement checks what every image says beside its facts: how it is known, whose
// it is, and which one. Only what a template alone has of its outputs is a record.
func checkStatement(t *testing.T, i image.Image) {
	t.Helper()
	recorded := i.Attributes["runOutput"] != "" && (i.State == image.Unusable && i.OwnerID == "" || i.State == image.Pending && i.Attributes["imageType"] == "")
	if !recorded && (i.Evidence != image.Asked || i.OwnerID == "") ||
		recorded && i.Evidence != image.Recorded {
		t.Errorf("%s: evidence %q, owner %q", i.ID, i.Evidence, i.OwnerID)
	}
	if kind := i.Attributes["imageType"]; kind != "" && i.SpansRegions != (kind == "galleryVersion") {
		t.Errorf("%s: a %s is good in several regions: %v", i.ID, kind, i.SpansRegions)
	}
	if relative := strings.HasPrefix(i.ID, "galleries/"); relative != (i.FullID != "") || relative && !strings.HasSuffix(i.FullID, "/"+i.ID) {
		t.Errorf("%s: full id %q", i.ID, i.FullID)
	}
}

// lines writes images as "id region state", without the long beginning of ids. The
// state is "?" when it is not known.
func lines(images []image.Image) []string {
	var out []string
	for _, i := range images {
		line := strings.TrimPrefix(i.ID, group+"/") + " " + i.Region + " " + cmp.Or(string(i.State), "?")
		if i.ExcludedFromLatest {
			line += " excluded"
		}
		if i.Withheld != "" {
			line += " withheld"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func said(r source.Result) string {
	var all []string
	for _, d := range r.Diagnostics {
		all = append(all, fmt.Sprintf("%v: %s next: %s", d.Severity, d.Text(), d.NextStep))
	}
	return strings.Join(all, "\n")
}

func wants(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("missing %q in:\n%s", w, got)
		}
	}
}

func TestGallery(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 2}, nil)
	r := w.good(t, config{"gallery": "prod", "resourceGroup": "images"})
	want := []string{
		"galleries/prod/images/capi-ubuntu-2404-arm64/versions/0.3.10 westus2 available",
		"galleries/prod/images/capi-ubuntu-2404-arm64/versions/0.3.9 westus2 ?",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.10 eastus pending excluded",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.10 westus2 available",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.11 westus2 pending",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.12 westus2 ? excluded",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.8 eastus ?",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.8 westus2 ?",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.9 eastus available",
		"galleries/prod/images/capi-ubuntu-2404-gen2/versions/0.3.9 westus2 available",
		"galleries/prod/images/golden-rhel-8/versions/1.2.3 eastus available",
		"galleries/prod/images/golden-rhel-8/versions/1.2.3 westus2 available",
		"galleries/prod/images/lab-disk/versions/1.0.0 westus2 unusable",
	}
	if diff := gocmp.Diff(want, lines(r.Images)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wants(t, said(r), "left out 1 image definition(s) that are not Linux: windows-2022")
	for _, i := range r.Images {
		if i.Version == "0.3.10" && i.Region == "westus2" && i.Architecture == "amd64" {
			if i.OS != (image.OS{Name: "ubuntu", Version: "24.04"}) || i.KubernetesVersion != "1.31.4" || i.Owner != "self" {
				t.Errorf("facts are %+v %q %q", i.OS, i.KubernetesVersion, i.Owner)
			}
			if p := i.Provenance["os.version"]; p.Key != "definition:distribution_version" || p.Raw != "2404" {
				t.Errorf("provenance of the version is %+v", p)
			}
			if p := i.Provenance["region"]; p.Raw != "West US 2" {
				t.Errorf("provenance of the region is %+v", p)
			}
		}
	}
}

// replicating is an estate of one definition whose versions are, oldest first, as
// the states say: what is known of them in westus2 and in eastus.
func replicating(states ...[2]armcompute.ReplicationState) *fakeazure.Estate {
	e := fakeazure.Generate("S", "RG", 1, 1, len(states))
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		status := &armcompute.ReplicationStatus{}
		for j, region := range []string{"West US 2", "East US"} {
			one := &armcompute.RegionalReplicationStatus{Region: to.Ptr(region), State: to.Ptr(states[i][j])}
			if states[i][j] == armcompute.ReplicationStateReplicating {
				one.Progress = to.Ptr[int32](40)
			}
			status.Summary = append(status.Summary, one)
		}
		v.Properties.ReplicationStatus = status
	}
	return e
}

// The list of a gallery has no replication status, so it is asked for where the
// newest version is wanted.
func TestReplication(t *testing.T) {
	const (
		yes = armcompute.ReplicationStateCompleted
		not = armcompute.ReplicationStateReplicating
		bad = armcompute.ReplicationStateFailed

		unknown = armcompute.ReplicationStateUnknown
	)
	exclude := func(v *armcompute.GalleryImageVersion) {
		v.Properties.PublishingProfile.ExcludeFromLatest = to.Ptr(true)
	}
	type states = [2]armcompute.ReplicationState
	for name, tt := range map[string]struct {
		versions []states
		change   func([]*armcompute.GalleryImageVersion)
		hints    []string
		fault    fakeazure.Fault
		west     string // version picked there
		east     string
		asked    []string
		reason   string // of the state of the newest version in eastus
		withheld string // and why it is not offered
		said     string
	}{
		"everywhere": {versions: []states{{yes, yes}, {yes, yes}}, west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"}},
		"not yet in one region": {
			versions: []states{{yes, yes}, {yes, yes}, {yes, not}}, west: "0.3.2", east: "0.3.1",
			asked: []string{"0.3.2", "0.3.1"}, reason: "replication to eastus is 40 % done",
		},
		"failed in one region": {
			versions: []states{{yes, yes}, {yes, bad}}, west: "0.3.1", east: "0.3.0",
			asked: []string{"0.3.1", "0.3.0"}, reason: "replication to eastus failed",
		},
		"not yet where nobody looks": {
			versions: []states{{yes, yes}, {yes, not}}, hints: []string{"West US 2"}, west: "0.3.1", east: "0.3.0",
			asked: []string{"0.3.1"}, reason: "replication to eastus is 40 % done",
		},
		"until one is ready": {
			versions: []states{{yes, yes}, {yes, not}, {yes, not}, {yes, not}, {yes, not}}, west: "0.3.4", east: "0.3.0",
			asked: []string{"0.3.4", "0.3.3", "0.3.2", "0.3.1", "0.3.0"}, reason: "replication to eastus is 40 % done",
		},
		"unknown in one region": {
			versions: []states{{yes, yes}, {yes, unknown}}, west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication to eastus is Unknown", withheld: "its replication to eastus is Unknown, and version 0.3.0 is ready there",
			said: "warning: image definition gallery000/capi-ubuntu-2404-000: not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus",
		},
		"a state that Azure adds": {
			versions: []states{{yes, yes}, {yes, "Verifying"}}, west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication to eastus is Verifying", withheld: "its replication to eastus is Verifying, and version 0.3.0 is ready there",
		},
		"nothing better than unknown": {
			versions: []states{{yes, unknown}, {yes, unknown}}, west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication to eastus is Unknown",
		},
		"in another letter case": {
			versions: []states{{"completed", "COMPLETED"}, {"completed", "replicating"}, {"completed", "FAILED"}}, west: "0.3.2", east: "0.3.0",
			asked: []string{"0.3.2", "0.3.1", "0.3.0"}, reason: "replication to eastus failed",
		},
		"only as a whole": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateCompleted)}
			},
			west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"},
		},
		"not as a whole": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateInProgress)}
			},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication is InProgress, and Azure does not say in which regions", withheld: "its replication is InProgress, and Azure does not say in which regions, and version 0.3.0 is ready there",
			said: "not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus, 0.3.1 in westus2",
		},
		"failed as a whole": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationState("failed"))}
			},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "its replication is Failed, and Azure does not say in which regions", withheld: "its replication is Failed, and Azure does not say in which regions, and version 0.3.0 is ready there",
			said: "not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus, 0.3.1 in westus2",
		},
		"a provisioning state that Azure adds": {
			versions: []states{{yes, yes}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningState("Quarantined"))
			},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason:   "its provisioning state is Quarantined, which is not known here",
			withheld: "its provisioning state is Quarantined, which is not known here, and version 0.3.0 is ready there",
			said:     "not offered, since Azure does not say that they are ready, and an older version is: 0.3.1 in eastus, 0.3.1 in westus2",
		},
		"no provisioning state": {
			versions: []states{{yes, yes}, {yes, not}},
			change:   func(v []*armcompute.GalleryImageVersion) { v[1].Properties.ProvisioningState = nil },
			west:     "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, reason: "replication to eastus is 40 % done",
		},
		"a region is added": {
			versions: []states{{yes, yes}, {yes, not}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningStateUpdating)
			},
			west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, reason: "replication to eastus is 40 % done",
		},
		"updated, and nothing is said of a region": {
			versions: []states{{yes, yes}, {yes, ""}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[1].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningStateUpdating)
			},
			west: "0.3.1", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"},
			reason: "Azure does not say whether it is replicated to eastus", withheld: "Azure does not say whether it is replicated to eastus, and version 0.3.0 is ready there",
		},
		"excluded and old ones are not asked for": {
			versions: []states{{yes, yes}, {yes, yes}, {not, not}, {not, not}, {not, not}},
			change: func(v []*armcompute.GalleryImageVersion) {
				exclude(v[4])
				v[3].Properties.PublishingProfile.EndOfLifeDate = to.Ptr(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
				v[2].Properties.ProvisioningState = to.Ptr(armcompute.GalleryProvisioningStateFailed)
			},
			west: "0.3.1", east: "0.3.1", asked: []string{"0.3.1"},
		},
		"excluded in one region": {
			versions: []states{{yes, yes}, {yes, not}, {yes, yes}},
			change: func(v []*armcompute.GalleryImageVersion) {
				v[2].Properties.PublishingProfile.TargetRegions[1].ExcludeFromLatest = to.Ptr(true)
			},
			west: "0.3.2", east: "0.3.0", asked: []string{"0.3.2", "0.3.1", "0.3.0"},
		},
		"published at the same time": {
			versions: slices.Repeat([]states{{yes, yes}}, 11),
			change: func(v []*armcompute.GalleryImageVersion) {
				for _, one := range v {
					one.Properties.PublishingProfile.PublishedDate = v[0].Properties.PublishingProfile.PublishedDate
				}
			},
			west: "0.3.10", east: "0.3.10", asked: []string{"0.3.10"},
		},
		"deleted meanwhile": {
			versions: []states{{yes, yes}, {yes, yes}}, fault: fakeazure.Fault{Match: "/versions/0.3.1", Status: 404, Code: "ResourceNotFound"},
			west: "0.3.0", east: "0.3.0", asked: []string{"0.3.1", "0.3.0"}, reason: "it was deleted while the gallery was read",
			said: "version 0.3.1 was deleted while the gallery was read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := replicating(tt.versions...)
			if tt.change != nil {
				tt.change(e.Galleries[0].Definitions[0].Versions)
			}
			o := fakeazure.Options{Estate: e}
			if tt.fault.Match != "" {
				o.Faults = []fakeazure.Fault{tt.fault}
			}
			w := start(t, o, nil)
			r := w.host.Discover(t.Context(), []source.Request{{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{Regions: tt.hints},
				Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
			}}, nil)[0]
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if want := 2 * len(tt.versions); len(r.Images) != want {
				t.Errorf("%d images, want %d", len(r.Images), want)
			}
			for region, want := range map[string]string{"westus2": tt.west, "eastus": tt.east} {
				if got := picked(t, r.Images, region); got != want {
					t.Errorf("in %s %s is picked, want %s", region, got, want)
				}
			}
			if got := w.versionsRead(); !slices.Equal(got, tt.asked) {
				t.Errorf("asked for %v, want %v", got, tt.asked)
			}
			newest := fmt.Sprintf("0.3.%d", len(tt.versions)-1)
			for _, i := range r.Images {
				if tt.reason != "" && i.Version == newest && i.Region == "eastus" && (i.StateReason != tt.reason || i.Withheld != tt.withheld) {
					t.Errorf("%s is %s: %q, withheld: %q", i.Version, i.State, i.StateReason, i.Withheld)
				}
				if i.Withheld != "" && i.State != image.StateUnset {
					t.Errorf("%s is %s, which Azure did not say", i.Version, i.State)
				}
				if i.State == image.Available && !slices.Contains(tt.asked, i.Version) {
					t.Errorf("%s is called available, and nobody asked", i.Version)
				}
			}
			wants(t, said(r), tt.said)
		})
	}
}

// A hotfix of an older series that is published last is the newest, unless the
// version is to decide: as for Azure's own latest, the highest number wins.
func TestNewestBy(t *testing.T) {
	e := fakeazure.Generate("S", "RG", 1, 1, 12)
	versions := e.Galleries[0].Definitions[0].Versions
	versions[3].Properties.PublishingProfile.PublishedDate = to.Ptr(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
	versions[11].Properties.ReplicationStatus = &armcompute.ReplicationStatus{Summary: []*armcompute.RegionalReplicationStatus{
		{Region: to.Ptr("westus2"), State: to.Ptr(armcompute.ReplicationStateCompleted)},
		{Region: to.Ptr("eastus"), State: to.Ptr(armcompute.ReplicationStateReplicating)},
	}}
	for newestBy, want := range map[string]struct {
		west, east string
		asked      []string
	}{
		"":        {"0.3.3", "0.3.3", []string{"0.3.3"}},
		"created": {"0.3.3", "0.3.3", []string{"0.3.3"}},
		"version": {"0.3.11", "0.3.10", []string{"0.3.11", "0.3.10"}},
	} {
		t.Run(newestBy, func(t *testing.T) {
			c := config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"}
			if newestBy != "" {
				c["newestBy"] = newestBy
			}
			w := start(t, fakeazure.Options{Estate: e}, nil)
			r := w.good(t, c)
			if west, east := picked(t, r.Images, "westus2"), picked(t, r.Images, "eastus"); west != want.west || east != want.east {
				t.Errorf("picked %s and %s, want %s and %s", west, east, want.west, want.east)
			}
			if got := w.versionsRead(); !slices.Equal(got, want.asked) {
				t.Errorf("asked for %v", got)
			}
			for _, i := range r.Images {
				if i.CreatedAt == nil || i.Version == "" {
					t.Fatalf("a fact is missing: %+v", i)
				}
			}
		})
	}
}

// Packs that name Kubernetes versions get one that is ready for each.
func TestReplicationOfKubernetesVersions(t *testing.T) {
	e := fakeazure.Generate("S", "RG", 1, 1, 6)
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.%d", 30+i%2, i)) // 1.30.0, 1.31.1, ... 1.31.5
		if i == 4 {
			v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateInProgress)}
		}
	}
	w := start(t, fakeazure.Options{Estate: e}, nil)
	r := w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{KubernetesVersions: []string{"~1.30", "~1.31", ">=1.31"}},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	if got := w.versionsRead(); !slices.Equal(got, []string{"0.3.5", "0.3.4", "0.3.2"}) {
		t.Errorf("asked for %v", got)
	}
}

// So do packs beside one that takes any: the newest of each range is asked for, and one
// that is not there yet is not picked.
func TestReplicationOfSomeKubernetesVersions(t *testing.T) {
	e := fakeazure.Generate("S", "RG", 1, 1, 4)
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.%d", 30+i/3, i)) // 1.30.0, 1.30.1, 1.30.2, 1.31.3
		if i == 2 {
			v.Properties.ReplicationStatus = &armcompute.ReplicationStatus{AggregatedState: to.Ptr(armcompute.AggregatedReplicationStateInProgress), Summary: []*armcompute.RegionalReplicationStatus{
				{Region: to.Ptr("West US 2"), State: to.Ptr(armcompute.ReplicationStateReplicating)},
			}}
		}
	}
	w := start(t, fakeazure.Options{Estate: e}, nil)
	dir := t.TempDir()
	writeSpec(t, dir, `
apiVersion: byoos.dev/v1alpha1
kind: ImageSet
sources:
  - {name: gallery, type: azure, config: {gallery: gallery000, resourceGroup: RG, subscription: S}}
packs:
  - {name: any, pack: generic-byoi, select: {provider: azure, region: westus2}}
  - {name: older, pack: generic-byoi, select: {provider: azure, region: westus2, kubernetesVersion: ~1.30}}
`)
	out, _ := legalRun(t, w, dir, "explain", "-o", "json")
	got := map[string]string{}
	for _, p := range legalItems[legalPick](t, out) {
		got[p.Name] = p.Picked.Version + " " + string(p.Picked.State)
	}
	if diff := gocmp.Diff(map[string]string{"any": "0.3.3 available", "older": "0.3.1 available"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func writeSpec(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What the list said of a version stays true when the answer with its status leaves
// it out: everything is optional there, too.
func TestReplicationAnswerSaysLess(t *testing.T) {
	for _, left := range []string{"properties.publishingProfile", "properties.publishingProfile.publishedDate", "properties.publishingProfile.targetRegions", "properties.provisioningState", "tags", "location"} {
		t.Run(left, func(t *testing.T) {
			e := fakeazure.Generate("S", "RG", 1, 1, 3)
			for _, v := range e.Galleries[0].Definitions[0].Versions {
				v.Location = to.Ptr("northeurope")
			}
			w := start(t, fakeazure.Options{Estate: e}, nil)
			w.Vary(map[string]*fakeazure.Varied{"s": {
				Call:  "GalleryImageVersionsClient.Get",
				Apply: func(body []byte) ([]byte, error) { return without(body, strings.Split(left, ".")) },
			}})
			r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
			if unused := w.Unused(); unused != nil {
				t.Fatal("nothing was left out")
			}
			if len(r.Images) != 6 {
				t.Errorf("%d images: %v", len(r.Images), lines(r.Images))
			}
			for _, region := range []string{"westus2", "eastus"} {
				if got := picked(t, r.Images, region); got != "0.3.2" {
					t.Errorf("in %s %s is picked", region, got)
				}
			}
			for _, i := range r.Images {
				if i.Version == "0.3.2" && (i.State != image.Available || i.CreatedAt == nil || i.KubernetesVersion != "1.31.2") {
					t.Errorf("got %+v", i)
				}
			}
		})
	}
}

// without leaves a field out of a JSON object.
func without(body []byte, path []string) ([]byte, error) {
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	in := object
	for _, name := range path[:len(path)-1] {
		in = in[name].(map[string]any)
	}
	delete(in, path[len(path)-1])
	return json.Marshal(object)
}

// A version that is not known to be replicated is withheld where all that want it
// have an older one that is ready; where some have none, it stays offered.
func TestWithheldForEveryWish(t *testing.T) {
	for name, tt := range map[string]struct {
		ranges   []string
		withheld bool
	}{
		"the older one fits all":  {[]string{">=1.29", ">=1.28"}, true},
		"the older one fits some": {[]string{">=1.29", "~1.30"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := replicating([2]armcompute.ReplicationState{"Completed", "Completed"}, [2]armcompute.ReplicationState{"Unknown", "Unknown"})
			for i, v := range e.Galleries[0].Definitions[0].Versions {
				v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.0", 29+i))
			}
			w := start(t, fakeazure.Options{Estate: e}, nil)
			r := w.host.Discover(t.Context(), []source.Request{{
				Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{KubernetesVersions: tt.ranges},
				Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
			}}, nil)[0]
			for _, i := range r.Images {
				if i.Version == "0.3.1" && (i.State != image.StateUnset || (i.Withheld != "") != tt.withheld) {
					t.Errorf("%s in %s is %q: %s, withheld: %q", i.Version, i.Region, i.State, i.StateReason, i.Withheld)
				}
			}
		})
	}
}

// Only an older version takes the place of one that is not known: where a newer one is
// ready, packs that leave that out still see it.
func TestWithheldForAnOlderOneOnly(t *testing.T) {
	e := replicating(
		[2]armcompute.ReplicationState{"Completed", "Completed"}, [2]armcompute.ReplicationState{"Unknown", "Completed"},
		[2]armcompute.ReplicationState{"Completed", "Replicating"},
	)
	w := start(t, fakeazure.Options{Estate: e}, nil)
	r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
	if strings.Contains(strings.Join(lines(r.Images), "\n"), "withheld") || len(r.Diagnostics) > 0 {
		t.Errorf("got %v\n%s", lines(r.Images), said(r))
	}
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr([]string{"v1.29.0", "v1.29.1", "v1.30.0"}[i])
	}
	w = start(t, fakeazure.Options{Estate: e}, nil)
	r = w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{Regions: []string{"westus2"}, KubernetesVersions: []string{">=1.29", "~1.29"}},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if !slices.ContainsFunc(r.Images, func(i image.Image) bool { return i.Version == "0.3.1" && i.Withheld != "" }) {
		t.Errorf("an older one is ready for one range: %v", lines(r.Images))
	}
}

// The bound is told only where it left out a version that could have been picked.
func TestReplicationBoundIsNotReached(t *testing.T) {
	e := replicating([2]armcompute.ReplicationState{"Completed", "Completed"}, [2]armcompute.ReplicationState{"Unknown", "Unknown"})
	for i, v := range e.Galleries[0].Definitions[0].Versions {
		v.Tags["kubernetes_version"] = to.Ptr(fmt.Sprintf("v1.%d.0", 29+i))
	}
	w := start(t, fakeazure.Options{Estate: e}, nil)
	r := w.host.Discover(t.Context(), []source.Request{{
		Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{KubernetesVersions: []string{"~1.30"}},
		Config: config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"},
	}}, nil)[0]
	if r.Err != nil || len(r.Diagnostics) > 0 {
		t.Errorf("said %v\n%s", r.Err, said(r))
	}
}

// The requests for one definition are bounded; where no version that was asked for
// is ready, that is told.
func TestReplicationBound(t *testing.T) {
	states := make([][2]armcompute.ReplicationState, 40)
	for i := range states {
		states[i] = [2]armcompute.ReplicationState{armcompute.ReplicationStateCompleted, armcompute.ReplicationStateReplicating}
	}
	w := start(t, fakeazure.Options{Estate: replicating(states...)}, nil)
	r := w.good(t, config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
	if got := len(w.versionsRead()); got != 25 {
		t.Errorf("asked for %d versions", got)
	}
	wants(t, said(r), "warning: image definition gallery000/capi-ubuntu-2404-000: none of its 25 newest versions is ready in eastus")
	for _, i := range r.Images {
		if i.Region == "eastus" && i.Version == "0.3.14" && (i.State != image.StateUnset || i.StateReason != "its replication status was not asked for") {
			t.Errorf("%s is %s: %q", i.Version, i.State, i.StateReason)
		}
	}
}

// A status that cannot be read is an error, and costs its own version: an older one that
// is ready is offered in its place.
func TestReplicationUnknown(t *testing.T) {
	for name, tt := range map[string]struct {
		fault string
		want  []string
	}{
		"the newest": {"/versions/0.3.2", []string{"0.3.0 ?", "0.3.1 available", "0.3.2 ? withheld"}},
		"all":        {"/versions/0.3.", []string{"0.3.0 ?", "0.3.1 ?", "0.3.2 ?"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{
				Estate: fakeazure.Generate("S", "RG", 1, 1, 3),
				Faults: []fakeazure.Fault{{Match: tt.fault, Status: 400, Code: "BadRequest"}},
			}, nil)
			r := w.discover(t.Context(), config{"gallery": "gallery000", "resourceGroup": "RG", "subscription": "S"})
			if r.Err == nil {
				t.Error("no error")
			}
			wants(t, said(r), "the versions of image definition gallery000/capi-ubuntu-2404-000", "BadRequest")
			var got []string
			for _, line := range lines(r.Images) {
				version := line[strings.LastIndex(line, "/")+1:]
				if strings.Contains(version, " westus2 ") {
					got = append(got, strings.Replace(version, " westus2", "", 1))
				}
			}
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if asked := w.versionsRead(); len(asked) != 2 {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

// picked returns the version that the host picks in region.
func picked(t *testing.T, images []image.Image, region string) string {
	t.Helper()
	rule, err := selection.Compile(spec.Select{Region: region})
	if err != nil {
		t.Fatal(err)
	}
	pick := rule.Apply(images, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)).Pick
	if pick == nil {
		return "nothing"
	}
	return pick.Version
}

// versionsRead returns the versions that were asked for one by one, in order.
func (w *world) versionsRead() []string {
	var names []string
	for _, p := range w.Paths() {
		if _, name, found := strings.Cut(p, "/versions/"); found {
			names = append(names, name)
		}
	}
	return names
}

func TestFindsGalleries(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 3, Estate: fakeazure.Generate("S", "RG", 7, 2, 2)}, nil)
	for name, c := range map[string]config{
		"by pattern in a group":        {"gallery": "gallery00*", "resourceGroup": "RG"},
		"by pattern in a subscription": {"gallery": "GALLERY*"},
	} {
		t.Run(name, func(t *testing.T) {
			c["subscription"], c["definition"] = "S", "*-000"
			if r := w.good(t, c); len(r.Images) != 7*2*2 {
				t.Errorf("got %d images", len(r.Images))
			}
		})
	}
	r := w.good(t, config{"gallery": "gallery005", "subscription": "S"})
	if len(r.Images) != 2*2*2 {
		t.Errorf("a name without a group: %d images", len(r.Images))
	}
	r = w.good(t, config{"gallery": "gallery005", "subscriptions": []any{"S", "T"}})
	if len(r.Images) != 2*2*2 {
		t.Errorf("several subscriptions: %d images", len(r.Images))
	}
	wants(t, said(r), "subscription T: no gallery matches")
}

// Each of several places is asked; one that lacks what is named is a warning, and none
// that has it is as if there were one only.
func TestSeveralPlaces(t *testing.T) {
	const public = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"
	two := fakeazure.Generate("S1", "RG", 2, 1, 1)
	other := &two.Galleries[1].Definitions[0]
	other.Image.ID, other.Image.Name = to.Ptr(two.Galleries[1].ID+"/images/other"), to.Ptr("other")
	other.Versions[0].ID = to.Ptr(*other.Image.ID + "/versions/0.3.0")
	two.Images = []*armcompute.Image{{ID: to.Ptr("/subscriptions/S1/resourceGroups/RG/providers/Microsoft.Compute/images/one"), Name: to.Ptr("one"), Location: to.Ptr("westus2")}}
	noGroup := fakeazure.Fault{Match: "/subscriptions/S2/resourceGroups/RG/", Status: 404, Code: "ResourceGroupNotFound"}
	noOther := noGroup
	noOther.Match = "/subscriptions/S3/resourceGroups/RG/"
	for name, tt := range map[string]struct {
		estate *fakeazure.Estate
		config config
		images int
		said   string
	}{
		"managed images": {two, config{"resourceGroup": "RG", "subscriptions": []any{"S1", "S2"}}, 1, "warning: resourceGroup: subscription S2: resource group RG is not there"},
		"a pattern of galleries": {
			two, config{"gallery": "gallery*", "resourceGroup": "RG", "subscriptions": []any{"S1", "S2"}}, 4,
			"warning: gallery: subscription S2: resource group RG is not there",
		},
		"a definition that one gallery lacks": {
			two, config{"gallery": "gallery*", "subscription": "S1", "definition": "other"}, 2,
			"warning: definition: subscription S1: image definition other of gallery gallery000 is not there",
		},
		"a location that lacks a gallery": {
			nil, config{"communityGallery": public, "locations": []any{"westus2", "northeurope"}}, 1,
			"warning: locations: northeurope: gallery " + public + " is not there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, fakeazure.Options{Estate: tt.estate, Faults: []fakeazure.Fault{noGroup}}, nil)
			r := w.good(t, tt.config)
			if len(r.Images) != tt.images {
				t.Errorf("got %v", lines(r.Images))
			}
			wants(t, said(r), tt.said)
		})
	}
	for want, c := range map[string]config{
		"error: locations: japaneast, northeurope: gallery " + public + " is not there":    {"communityGallery": public, "locations": []any{"northeurope", "japaneast"}},
		"error: gallery: subscription S3: no gallery matches \"nope\"":                     {"gallery": "nope", "subscriptions": []any{"S1", "S3"}},
		"error: gallery: subscription S2, subscription S3: gallery nope is not there":      {"gallery": "nope", "resourceGroup": "RG", "subscriptions": []any{"S2", "S3"}},
		"error: definition: subscription S1: image definition nope of gallery gallery000":  {"gallery": "gallery*", "subscription": "S1", "definition": "nope"},
		"error: resourceGroup: subscription S2, subscription S3: resource group RG is not": {"resourceGroup": "RG", "subscriptions": []any{"S2", "S3"}},
	} {
		w := start(t, fakeazure.Options{Estate: two, Faults: []fakeazure.Fault{noGroup, noOther}}, nil)
		r := w.discover(t.Context(), c)
		if r.Err == nil {
			t.Errorf("no error, but said %s", said(r))
		}
		wants(t, said(r), want)
	}
	denied := fakeazure.Fault{Match: "/subscriptions/S1/resourceGroups/RG/", Status: 403, Code: "AuthorizationFailed"}
	w := start(t, fakeazure.Options{Estate: two, Faults: []fakeazure.Fault{noGroup, denied}}, nil)
	for name, c := range map[string]config{"gallery": {"gallery": "gallery000"}, "resourceGroup": {}} {
		c["resourceGroup"], c["subscriptions"] = "RG", []any{"S1", "S2"}
		r := w.discover(t.Context(), c) // what could not be asked may have it
		wants(t, said(r), "warning: "+name+": subscription S2: ", "access denied")
	}
}

func TestSharedGalleries(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 1}, nil)
	const public = "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019"
	r := w.good(t, config{"communityGallery": public, "locations": []any{"West US 2", "eastus"}})
	id := "/CommunityGalleries/" + public + "/Images/capi-ubun2-2404/Versions/1.31.4"
	if diff := gocmp.Diff([]string{id + " eastus available", id + " westus2 available"}, lines(r.Images)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if i := r.Images[0]; !i.Public || i.Owner != public || i.OS.Version != "24.04" || i.KubernetesVersion != "1.31.4" {
		t.Errorf("got %+v", i)
	}
	for name, tt := range map[string]struct {
		regions []string
		said    string
	}{
		"everywhere": {nil, ""},
		"asked":      {[]string{"East US"}, ""},
		"partly":     {[]string{"East US", "us-east-1"}, ""}, // of a pack of another provider
		"elsewhere": {
			[]string{"northeurope", "us-east-1"},
			"not asked: none of its locations is among the regions that packs select, northeurope, us-east-1 next: add to locations the regions that you need",
		},
	} {
		r := w.host.Discover(t.Context(), []source.Request{{
			Source: "azure", Plugin: w.plugin(), BaseDir: "/", Hints: source.Hints{Regions: tt.regions},
			Config: config{"communityGallery": public, "locations": []any{"West US 2", "eastus"}},
		}}, nil)[0]
		if wants(t, said(r), tt.said); tt.said == "" && len(r.Diagnostics) > 0 {
			t.Errorf("%s: said %s", name, said(r))
		}
		if tt.said != "" && len(r.Images) > 0 {
			t.Errorf("%s: %d images", name, len(r.Images))
		}
	}
	r = w.good(t, config{
		"sharedGallery": "00000000-0000-0000-0000-0000000000bb-TEAM", "definition": "golden-ubuntu", "locations": []any{"westus2"},
	})
	if len(r.Images) != 1 || r.Images[0].Public {
		t.Errorf("got %+v", r.Images)
	}
}

// A gallery that is shared with the tenant is in no list but that of the tenant, which
// Azure gives only when it is asked for.
func TestSharedWithTenant(t *testing.T) {
	e := estate(t)
	e.SharedGalleries[0].SharedTo = armcompute.SharedToValuesTenant
	w := start(t, fakeazure.Options{PageSize: 1, Estate: e}, nil)
	for _, definition := range []string{"", "golden-*", "golden-ubuntu"} {
		c := config{"sharedGallery": e.SharedGalleries[0].Name, "locations": []any{"westus2"}}
		if definition != "" {
			c["definition"] = definition
		}
		if r := w.good(t, c); len(r.Images) != 1 || len(r.Diagnostics) > 0 {
			t.Errorf("%q: %v\n%s", definition, lines(r.Images), said(r))
		}
	}
	r := w.discover(t.Context(), config{"sharedGallery": "nope", "locations": []any{"westus2"}})
	wants(t, said(r), "error: locations: westus2: gallery nope is not there")
}

func TestManagedImages(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 1}, nil)
	r := w.good(t, config{"resourceGroup": "images", "namePattern": "cluster-api-rhel-*", "tags": map[string]any{"Team": "platform"}})
	want := []string{"images/cluster-api-rhel-8-1767225600 westus2 available", "images/cluster-api-rhel-8-1767312000 westus2 available"}
	if diff := gocmp.Diff(want, lines(r.Images)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, i := range r.Images {
		if i.CreatedAt == nil || i.Provenance["createdAt"].Key != "build_timestamp" || i.OS.Name != "rhel" {
			t.Errorf("got %+v", i)
		}
	}
	r = w.good(t, config{"namePattern": "golden-*", "tagNames": map[string]any{"osName": "osname", "osVersion": "osversion"}})
	if len(r.Images) != 1 || r.Images[0].OS != (image.OS{Name: "ubuntu", Version: "24.04"}) {
		t.Errorf("got %+v", r.Images)
	}
}

func TestTemplate(t *testing.T) {
	const rhel = "galleries/prod/images/golden-rhel-8/versions/1.2.3"
	tests := []struct {
		name   string
		config config
		want   []string
		said   []string
	}{
		{
			"succeeded", config{"template": "golden"},
			[]string{
				rhel + " eastus available", rhel + " westus2 available",
				"https://store.blob.core.windows.net/vhds/golden.vhd  unusable",
				"images/golden-managed eastus available",
			}, nil,
		},
		{
			"failed", config{"template": "broken"},
			[]string{rhel + " eastus available withheld", rhel + " westus2 available withheld"},
			[]string{"Failed at 2026-05-02T10:20:00Z", "not offered", "the customizer script exited with 1", "allowOlderOutput: true"},
		},
		{
			"failed, and older output asked for", config{"template": "broken", "allowOlderOutput": true},
			[]string{rhel + " eastus available", rhel + " westus2 available"},
			[]string{"warning: ", "Failed at 2026-05-02T10:20:00Z", "earlier run are offered"},
		},
		{
			"partial", config{"template": "partial"},
			[]string{rhel + " eastus available", rhel + " westus2 available"},
			[]string{"succeeded in part only", "nothing came out for managed"},
		},
		{
			"running", config{"template": "running"},
			[]string{rhel + " eastus available withheld", rhel + " westus2 available withheld"},
			[]string{"Running", "not offered"},
		},
		{
			"output is gone", config{"template": "stale"},
			[]string{"galleries/prod/images/golden-rhel-8/versions/1.0.0  gone"}, nil,
		},
		{
			"outputs are made", config{"template": "making"},
			[]string{
				strings.TrimSuffix(group, "Compute") + "VirtualMachineImages/imageTemplates/making/runOutputs/unnamed  pending",
				"galleries/prod/images/golden-rhel-8/versions/9.9.9  pending",
			}, []string{"Running", "not offered"},
		},
		{"never run", config{"template": "new"}, nil, []string{"it has never run"}},
		{
			"no word of the last run", config{"template": "silent"},
			[]string{rhel + " eastus available", rhel + " westus2 available"},
			[]string{"warning: template: image template silent: Azure does not say how the last run ended; its outputs are offered"},
		},
		{
			"in another letter case", config{"template": "shouting"},
			[]string{rhel + " eastus available", rhel + " westus2 available"}, nil,
		},
		{
			"relative", config{"template": "partial", "idForm": "relative"},
			[]string{rhel + " eastus available", rhel + " westus2 available"}, nil,
		},
	}
	e := estate(t)
	e.Templates = append(e.Templates, likeTemplate(e, "golden", "silent", nil),
		likeTemplate(e, "golden", "shouting", &vmib.ImageTemplateLastRunStatus{RunState: to.Ptr(vmib.RunState("SUCCEEDED"))}),
		making(likeTemplate(e, "running", "making", &vmib.ImageTemplateLastRunStatus{RunState: to.Ptr(vmib.RunStateRunning)})))
	w := start(t, fakeazure.Options{PageSize: 1, Estate: e}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config["resourceGroup"] = "IMAGES" // Azure does not mind the case
			r := w.good(t, tt.config)
			if diff := gocmp.Diff(tt.want, lines(r.Images)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			wants(t, said(r), tt.said...)
			if tt.said == nil && len(r.Diagnostics) > 0 && tt.name != "relative" {
				t.Errorf("said %s", said(r))
			}
		})
	}
}

// likeTemplate returns a template with the gallery output of another one, and with
// another status of the last run.
func likeTemplate(e *fakeazure.Estate, like, name string, status *vmib.ImageTemplateLastRunStatus) fakeazure.Template {
	for _, t := range e.Templates {
		if !strings.HasSuffix(*t.Template.ID, "/"+like) {
			continue
		}
		properties := *t.Template.Properties
		properties.LastRunStatus = status
		made := fakeazure.Template{Template: &vmib.ImageTemplate{
			ID: to.Ptr(strings.TrimSuffix(*t.Template.ID, like) + name), Name: to.Ptr(name), Location: t.Template.Location, Properties: &properties,
		}}
		for _, o := range t.Outputs {
			if o.Properties.ArtifactID != nil && strings.Contains(*o.Properties.ArtifactID, "/galleries/") {
				output := *o
				output.ID = nil
				made.Outputs = append(made.Outputs, &output)
			}
		}
		return made
	}
	return fakeazure.Template{}
}

// making gives a template outputs that are not there yet.
func making(t fakeazure.Template) fakeazure.Template {
	output := func(name string, artifact *string) *vmib.RunOutput {
		return &vmib.RunOutput{
			ID: to.Ptr(*t.Template.ID + "/runOutputs/" + name), Name: to.Ptr(name),
			Properties: &vmib.RunOutputProperties{ArtifactID: artifact, ProvisioningState: to.Ptr(vmib.ProvisioningState("creating"))},
		}
	}
	t.Outputs = []*vmib.RunOutput{output("named", to.Ptr(prod+"golden-rhel-8/versions/9.9.9")), output("unnamed", nil)}
	return t
}

// The id of a relative form has no subscription; the reference keeps the whole.
func TestRelative(t *testing.T) {
	w := start(t, fakeazure.Options{}, nil)
	r := w.good(t, config{"gallery": "prod", "resourceGroup": "images", "definition": "golden-rhel-8", "idForm": "relative"})
	for _, i := range r.Images {
		if i.ID != "galleries/prod/images/golden-rhel-8/versions/1.2.3" || i.FullID != prod+"golden-rhel-8/versions/1.2.3" || i.Reference.Value != i.FullID {
			t.Errorf("got %q %q %+v", i.ID, i.FullID, i.Reference)
		}
	}
}

// One relative id in two subscriptions is two images, and each is asked for where it is.
func TestRelativeInTwoSubscriptions(t *testing.T) {
	e := fakeazure.Generate("S1", "RG", 1, 1, 1)
	e.Galleries = append(e.Galleries, fakeazure.Generate("S2", "RG", 1, 1, 1).Galleries...)
	second := e.Galleries[1].Definitions[0].Versions
	second[0].Tags["kubernetes_version"] = to.Ptr("v1.33.3")
	w := start(t, fakeazure.Options{Estate: e}, nil)
	c := config{"gallery": "gallery000", "resourceGroup": "RG", "subscriptions": []any{"S1", "S2"}, "idForm": "relative"}
	versions := map[string]string{}
	var refs []image.Ref
	for _, i := range w.good(t, c).Images {
		if versions[i.FullID] == "" {
			refs = append(refs, image.Ref{ID: i.ID, FullID: i.FullID, Provider: "azure", Region: i.Region})
		}
		versions[i.FullID] = i.KubernetesVersion
	}
	if len(refs) != 2 || refs[0].ID != refs[1].ID || versions[refs[0].FullID] == versions[refs[1].FullID] {
		t.Fatalf("got %v", versions)
	}
	refs = append(refs, image.Ref{ID: refs[0].ID, Provider: "azure", Region: refs[0].Region})
	got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{Source: "azure", Plugin: w.plugin(), Config: c, BaseDir: "/", Refs: refs})
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range refs[:2] {
		if now := got[i].Image; now == nil || now.FullID != ref.FullID || now.KubernetesVersion != versions[ref.FullID] {
			t.Errorf("%s: got %+v", ref.FullID, now)
		}
	}
	if last := got[2]; last.Presence != source.Unknown || !strings.Contains(last.Reason, "it is in several of the source's subscriptions: give the whole id") {
		t.Errorf("without the whole id: %+v", last)
	}
}

func TestFaults(t *testing.T) {
	generated := fakeazure.Generate("S", "RG", 3, 4, 5) // 3*4*5 versions in 2 regions
	tests := []struct {
		name   string
		fault  fakeazure.Fault
		denied string
		images int
		failed []string // parts of the error; none when the answer is complete
	}{
		{"throttled once, with Retry-After", fakeazure.Fault{Match: "/versions", Status: 429, Code: "TooManyRequests", RetryAfter: "2", Times: 4}, "", 120, nil},
		{"throttled every third call", fakeazure.Fault{Every: 3, Status: 429, Code: "TooManyRequests", RetryAfter: "1"}, "", 120, nil},
		{
			"throttled for longer than anybody waits",
			fakeazure.Fault{Match: "gallery001/images", Status: 429, Code: "TooManyRequests", RetryAfter: "3600"}, "", 80,
			[]string{"gallery gallery001: Azure throttles, and asks to wait for 1h0m0s", "try again in 1h0m0s"},
		},
		{"one error in the middle of a list", fakeazure.Fault{Match: "/versions", Page: 2, Status: 500, Code: "InternalError", Times: 1}, "", 120, nil},
		{
			"a gallery that hangs", fakeazure.Fault{Match: "gallery001/images", Hang: true}, "", 80,
			[]string{"gallery gallery001: Azure does not answer: no answer within 5s"},
		},
		{"a definition deleted between list and read", fakeazure.Fault{Match: "gallery001/images/capi-ubuntu-2404-002/versions", Status: 404, Code: "ResourceNotFound"}, "", 110, nil},
		{
			"versions denied", fakeazure.Fault{Match: "none"}, "Microsoft.Compute/galleries/images/versions/read", 0,
			[]string{
				"your account lacks the permission Microsoft.Compute/galleries/images/versions/read", "3 more failed alike",
				`assign the role "Compute Gallery Image Reader"`, "at the scope /subscriptions/S/resourceGroups/RG",
			},
		},
		{
			"galleries denied", fakeazure.Fault{Match: "none"}, "Microsoft.Compute/galleries/read", 0,
			[]string{"lacks the permission Microsoft.Compute/galleries/read", `assign the role "Reader"`},
		},
		{
			"a next page on another host", fakeazure.Fault{Match: "gallery002/images/capi-ubuntu-2404-001/versions", Page: 1, NextLink: "https://evil.example/x"}, "", 114,
			[]string{"points to the host evil.example"},
		},
		{
			"a page that cannot be", fakeazure.Fault{Match: "gallery002/images/capi-ubuntu-2404-001/versions", Page: 2, Status: 400, Code: "InvalidSkipToken"}, "", 114,
			[]string{"reading it failed with HTTP status 400", "InvalidSkipToken"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all := config{"gallery": "*", "resourceGroup": "RG", "subscription": "S"}
			var r source.Result
			// What hangs takes as long as the timeout, and a busy machine may need longer for
			// all the rest.
			for _, timeout := range []string{"5s", "25s", "2m"} {
				if tt.fault.Hang {
					all["timeout"] = timeout
				}
				o := fakeazure.Options{Estate: generated, PageSize: 2, Faults: []fakeazure.Fault{tt.fault}}
				if tt.denied != "" {
					o.Denied = []string{tt.denied}
				}
				w := start(t, o, nil)
				r = w.discover(t.Context(), all)
				if n := w.Stats().Impatient; n > 0 {
					t.Errorf("%d requests came before the time that Retry-After said", n)
				}
				if !tt.fault.Hang || len(r.Images) == tt.images {
					break
				}
			}
			if len(r.Images) != tt.images {
				t.Errorf("%d images, want %d", len(r.Images), tt.images)
			}
			if (r.Err != nil) != (tt.failed != nil) {
				t.Errorf("failed: %v", r.Err)
			}
			wants(t, said(r), tt.failed...)
		})
	}
}

// An answer without content is none: what it hides may be the newest image.
func TestEmptyAnswers(t *testing.T) {
	for _, body := range []string{"", " \n", "null"} {
		for _, call := range []string{
			"GalleriesClient.NewListByResourceGroupPager", "GalleryImagesClient.NewListByGalleryPager",
			"GalleryImageVersionsClient.NewListByGalleryImagePager", "GalleryImageVersionsClient.Get",
		} {
			t.Run(fmt.Sprintf("%q of %s", body, call), func(t *testing.T) {
				w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 1, 2, 2)}, nil)
				w.Vary(map[string]*fakeazure.Varied{"s": {Call: call, Apply: func([]byte) ([]byte, error) { return []byte(body), nil }}})
				r := w.discover(t.Context(), config{"gallery": "gallery*", "resourceGroup": "RG", "subscription": "S"})
				if r.Err == nil {
					t.Errorf("no error, but %v", lines(r.Images))
				}
				wants(t, said(r), "the answer of Azure is empty")
			})
		}
	}
}

// A list of Microsoft.Compute has its items, be they none; that of run outputs need not.
func TestAnswerIsNoList(t *testing.T) {
	const template = "VirtualMachineImageTemplatesClient.NewListRunOutputsPager"
	for call, c := range map[string]config{
		"GalleriesClient.NewListByResourceGroupPager":           {"gallery": "pr*", "resourceGroup": "images"},
		"GalleryImagesClient.NewListByGalleryPager":             {"gallery": "prod", "resourceGroup": "images"},
		"GalleryImageVersionsClient.NewListByGalleryImagePager": {"gallery": "prod", "resourceGroup": "images"},
		"ImagesClient.NewListByResourceGroupPager":              {"resourceGroup": "images"},
		template: {"template": "golden", "resourceGroup": "images"},
	} {
		for body, fails := range map[string]bool{`{}`: true, `{"value":null}`: true, `{"message":"sign in"}`: true, `{"value":[]}`: false} {
			t.Run(call+" "+body, func(t *testing.T) {
				w := start(t, fakeazure.Options{}, nil)
				w.Vary(map[string]*fakeazure.Varied{"varied": {Call: call, Apply: func([]byte) ([]byte, error) { return []byte(body), nil }}})
				c["subscription"] = "varied"
				r := w.discover(t.Context(), c)
				if fails && call != template {
					wants(t, said(r), "the answer of Azure is no list")
				} else if strings.Contains(said(r), "no list") {
					t.Errorf("said %s", said(r))
				}
			})
		}
	}
}

// A subscription that is not registered for a provider says nothing of what there
// is, and the message has the command that registers it.
func TestNotRegistered(t *testing.T) {
	for code, status := range map[string]int{"MissingSubscriptionRegistration": 409, "SubscriptionNotRegistered": 404} {
		for _, tt := range []struct {
			match     string
			config    config
			namespace string
		}{
			{"/galleries", config{"gallery": "prod", "resourceGroup": "images"}, "Microsoft.Compute"},
			{"/imageTemplates", config{"template": "golden", "resourceGroup": "images"}, "Microsoft.VirtualMachineImages"},
		} {
			t.Run(code+tt.match, func(t *testing.T) {
				w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Match: tt.match, Status: status, Code: code}}}, nil)
				r := w.discover(t.Context(), tt.config)
				if r.Err == nil {
					t.Error("no error")
				}
				wants(t, said(r), "the subscription is not registered for "+tt.namespace,
					"az provider register --namespace "+tt.namespace+" --subscription "+subscription)
			})
		}
		w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Match: "/galleries", Status: status, Code: code}}}, nil)
		got, _, err := w.host.Verify(t.Context(), source.VerifyRequest{
			Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/",
			Refs: []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}},
		})
		if err == nil || len(got) > 0 && got[0].Presence != source.Unknown {
			t.Errorf("%s: verify says %+v, %v", code, got, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	w := start(t, fakeazure.Options{}, nil)
	for name, tt := range map[string]struct {
		config config
		want   []string
	}{
		"nothing":           {config{}, []string{"does not say where the images are"}},
		"two places":        {config{"gallery": "g", "template": "t", "resourceGroup": "r"}, []string{"template and gallery are set"}},
		"useless key":       {config{"gallery": "g", "resourceGroup": "r", "namePattern": "x"}, []string{"namePattern means nothing for gallery"}},
		"no group":          {config{"template": "t"}, []string{"template t has no resource group"}},
		"no location":       {config{"communityGallery": "g"}, []string{"no region is given", "[westus2]"}},
		"pattern":           {config{"gallery": "[", "resourceGroup": "r"}, []string{`gallery "[" is not a pattern`}},
		"duration":          {config{"gallery": "g", "timeout": "soon"}, []string{`timeout "soon" is not a duration`}},
		"no such gallery":   {config{"gallery": "nope", "resourceGroup": "images"}, []string{"gallery nope: it does not exist"}},
		"no such name":      {config{"gallery": "nope"}, []string{`no gallery matches "nope"`, "az sig list"}},
		"no such template":  {config{"template": "nope", "resourceGroup": "images"}, []string{"image template nope: it does not exist"}},
		"cloud in a spec":   {config{"gallery": "g", "cloud": "AzureChina"}, []string{"cloud"}},
		"endpoint in spec":  {config{"gallery": "g", "resourceManagerEndpoint": "https://evil"}, []string{"resourceManagerEndpoint"}},
		"path in a name":    {config{"gallery": "a/../b"}, []string{"gallery"}},
		"dots for a name":   {config{"template": "..", "resourceGroup": "images"}, []string{`template ".." is no name in Azure`}},
		"dots for a group":  {config{"gallery": "g", "resourceGroup": ".."}, []string{`resourceGroup ".." is no name in Azure`}},
		"dots for a place":  {config{"communityGallery": "g", "locations": []any{".."}}, []string{`locations ".." is no name in Azure`}},
		"dots everywhere":   {config{"gallery": "g", "subscription": "S", "definition": "."}, []string{`definition "." is no name in Azure`}},
		"dots for an id":    {config{"gallery": "g", "subscriptions": []any{"S", ".."}}, []string{`subscription ".." is no id`}},
		"two names":         {config{"communityGallery": "g", "locations": []any{"westus2,eastus"}}, []string{`locations "westus2,eastus" has a comma`, "give one name"}},
		"two groups":        {config{"gallery": "g", "resourceGroup": "a,b"}, []string{`resourceGroup "a,b" has a comma`}},
		"id for a name":     {config{"template": "/subscriptions/S/resourceGroups/images"}, []string{"give the name alone"}},
		"address of portal": {config{"gallery": "https://portal.azure.com/#@t/resource/subscriptions/S"}, []string{"give the name alone"}},
		"foreign tenant":    {config{"gallery": "g", "tenant": "99999999-9999-9999-9999-999999999999"}, []string{"not for the tenant", "AZURE_ADDITIONALLY_ALLOWED_TENANTS"}},
		"useless newestBy":  {config{"resourceGroup": "r", "newestBy": "version"}, []string{"newestBy means nothing for managed images"}},
		"shell in a tenant": {config{"gallery": "g", "tenant": "a;touch x"}, []string{"tenant"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.discover(t.Context(), tt.config)
			if r.Err == nil {
				t.Fatalf("no error, but %d images", len(r.Images))
			}
			text, err := json.Marshal(r.Err)
			if err != nil {
				t.Fatal(err)
			}
			wants(t, r.Err.Error()+said(r)+string(text), tt.want...)
		})
	}
	for _, p := range w.Paths() {
		if !strings.HasPrefix(p, "GET ") {
			t.Errorf("the plugin sent %s", p)
		}
	}
}

func TestVerify(t *testing.T) {
	const public = "/CommunityGalleries/ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019/Images/capi-ubun2-2404/Versions/"
	refs := []image.Ref{
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.10", Region: "westus2"},
		{ID: strings.ToUpper(prod) + "capi-ubuntu-2404-gen2/imageversions/0.3.10", Region: "East US"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.10", Region: "northeurope"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/9.9.9", Region: "westus2"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.8", Region: "westus2"},
		{ID: prod + "capi-ubuntu-2404-gen2/versions/0.3.12", Region: "westus2"},
		{ID: group + "/images/golden-managed", Region: "eastus"},
		{ID: group + "/images/gone", Region: "eastus"},
		{ID: public + "1.31.4", Region: "eastus"},
		{ID: public + "1.0.0", Region: "eastus"},
		{ID: "galleries/prod/images/golden-rhel-8/versions/1.2.3", Region: "eastus"},
		{ID: "ami-1", Region: "eastus"},
	}
	for i := range refs {
		refs[i].Provider = "azure"
	}
	want := []string{
		"found available", "found pending excluded", "notFound: it exists, but is not replicated to northeurope; it is in eastus, westus2",
		"notFound: it does not exist any more", "found available end of life 2026-06-01", "found available excluded",
		"found available", "notFound: it does not exist any more", "found available", "notFound: it does not exist in eastus",
		"found available", "unknown",
	}
	w := start(t, fakeazure.Options{}, nil)
	got := w.verify(t, refs)
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%s in %s:\n got %s\nwant %s", refs[i].ID, refs[i].Region, got[i], want[i])
		}
	}
}

func (w *world) verify(t *testing.T, refs []image.Ref) []string {
	t.Helper()
	got, diagnostics, err := w.host.Verify(t.Context(), source.VerifyRequest{
		Source: "azure", Plugin: w.plugin(), Config: config{"gallery": "prod", "resourceGroup": "images"}, BaseDir: "/", Refs: refs,
	})
	if err != nil {
		t.Fatalf("%v %v", err, diagnostics)
	}
	if len(got) != len(refs) {
		t.Fatalf("%d results for %d references", len(got), len(refs))
	}
	lines := make([]string, len(refs))
	for i, v := range got {
		line := string(v.Presence)
		if v.Image != nil {
			line += " " + string(v.Image.State)
			if v.Image.ExcludedFromLatest {
				line += " excluded"
			}
			if at := v.Image.EndOfLifeAt; at != nil {
				line += " end of life " + at.Format(time.DateOnly)
			}
		} else if v.Reason != "" {
			line += ": " + v.Reason
		}
		if asked := v.Presence != source.Unknown; asked != (v.Evidence == image.Asked) || v.Image != nil && v.Image.Evidence != image.Asked {
			t.Errorf("%s: %s, evidence %q", refs[i].ID, line, v.Evidence)
		}
		lines[i] = line
	}
	return lines
}

// Whatever the plugin asks must be in the custom role that the documentation
// gives, and the role has nothing else.
func TestLeastPrivilege(t *testing.T) {
	w := start(t, fakeazure.Options{PageSize: 2}, nil)
	for _, c := range []config{
		{"gallery": "*"},
		{"gallery": "prod", "resourceGroup": "images", "definition": "golden-rhel-8"},
		{"communityGallery": "ClusterAPI-f72ceb4f-5159-4c26-a0fe-2ea738f0d019", "locations": []any{"westus2"}},
		{"sharedGallery": "00000000-0000-0000-0000-0000000000bb-TEAM", "locations": []any{"westus2"}},
		{"resourceGroup": "images"},
		{"template": "golden", "resourceGroup": "images"},
	} {
		w.good(t, c)
	}
	w.verify(t, []image.Ref{{ID: prod + "golden-rhel-8/versions/1.2.3", Provider: "azure", Region: "eastus"}})
	used := slices.Sorted(maps.Keys(w.Stats().Actions))
	if diff := gocmp.Diff(documentedActions(t), used); diff != "" {
		t.Errorf("-documented +used:\n%s", diff)
	}
}

// documentedActions reads the role in docs/sources/azure.md.
func documentedActions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/sources/azure.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```json\n")
	block, _, closed := strings.Cut(rest, "```")
	var role struct{ Actions, NotActions, DataActions []string }
	if err := json.Unmarshal([]byte(block), &role); !found || !closed || err != nil {
		t.Fatalf("no role in the documentation: %v", err)
	}
	slices.Sort(role.Actions)
	return role.Actions
}

func TestCustomCloudFromUserSettings(t *testing.T) {
	w := start(t, fakeazure.Options{}, map[string]any{})
	delete(w.env, "AZURE_RESOURCE_MANAGER_ENDPOINT")
	delete(w.env, "AZURE_AUTHORITY_HOST")
	settings := map[string]any{"resourceManagerEndpoint": w.URL(), "authorityHost": w.URL()}
	other := source.New(source.Options{
		PluginDirs: []string{filepath.Join(bin, "plugins")}, UserSettings: map[string]map[string]any{"azure": settings},
		Environ: func() []string {
			var pairs []string
			for k, v := range w.env {
				pairs = append(pairs, k+"="+v)
			}
			return pairs
		},
	})
	t.Cleanup(other.Close)
	w.host = other
	if r := w.good(t, config{"template": "golden", "resourceGroup": "images"}); len(r.Images) != 4 {
		t.Errorf("got %d images", len(r.Images))
	}
}

// Each way to sign in works with the variables that the description lists, and
// is used once, however many clients ask.
func TestCredentials(t *testing.T) {
	const token = "canary-token"
	programs := t.TempDir()
	calls := filepath.Join(programs, "calls")
	for name, script := range map[string]string{
		"az":  `echo '{"accessToken":"` + token + `","expires_on":4102444800,"tokenType":"Bearer"}'`,
		"azd": `echo '{"token":"` + token + `","expiresOn":"2100-01-01T00:00:00Z"}'`,
	} {
		script = "#!/bin/sh\necho \"$0 $*\" >> " + calls + "\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(programs, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	federated := filepath.Join(programs, "federated")
	if err := os.WriteFile(federated, []byte("assertion"), 0o600); err != nil {
		t.Fatal(err)
	}
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") != "canary-header" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_on":"4102444800","resource":"r","token_type":"Bearer"}`, token)
	}))
	t.Cleanup(identity.Close)

	const tenant = "33333333-3333-3333-3333-333333333333"
	tests := []struct {
		credential string
		env        map[string]string
		tenant     string
		called     string // what the program was called with, once
	}{
		{"EnvironmentCredential", nil, "", ""},
		{"WorkloadIdentityCredential", map[string]string{"AZURE_FEDERATED_TOKEN_FILE": federated, "AZURE_CLIENT_SECRET": ""}, "", ""},
		{"ManagedIdentityCredential", map[string]string{"IDENTITY_ENDPOINT": identity.URL, "IDENTITY_HEADER": "canary-header"}, "", ""},
		{"AzureCLICredential", nil, "", "az account get-access-token"},
		{"AzureCLICredential", nil, tenant, "--tenant " + tenant},
		{"AzureDeveloperCLICredential", nil, "", "azd auth token"},
		{"EnvironmentCredential", map[string]string{"AZURE_ADDITIONALLY_ALLOWED_TENANTS": tenant}, tenant, ""},
	}
	for _, tt := range tests {
		t.Run(tt.credential+tt.tenant, func(t *testing.T) {
			_ = os.Remove(calls)
			w := start(t, fakeazure.Options{Token: token}, nil)
			maps.Copy(w.env, tt.env)
			w.env["AZURE_TOKEN_CREDENTIALS"] = tt.credential
			w.env["PATH"] = programs + ":/usr/bin:/bin"
			c := config{"template": "golden", "resourceGroup": "images"}
			if tt.tenant != "" {
				c["tenant"] = tt.tenant
			}
			if r := w.good(t, c); len(r.Images) != 4 {
				t.Errorf("%d images", len(r.Images))
			}
			log, _ := os.ReadFile(calls)
			if tt.called == "" && len(log) > 0 || tt.called != "" && strings.Count(string(log), tt.called) != 1 {
				t.Errorf("programs called: %s", log)
			}
		})
	}
}

// A cancelled call ends, also while Azure hangs.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := start(t, fakeazure.Options{Faults: []fakeazure.Fault{{Hang: true, Hangs: cancel}}}, nil)
	r := w.discover(ctx, config{"gallery": "prod", "resourceGroup": "images", "timeout": "1h"})
	if failure.Code(r.Err) != failure.ExitInterrupted {
		t.Errorf("got %v", r.Err)
	}
}

// Requests grow with what there is, two for each definition: its versions, and the
// replication status of the newest. They are bounded at any time.
func TestRequestsAreLinear(t *testing.T) {
	count := func(definitions int) int {
		w := start(t, fakeazure.Options{Estate: fakeazure.Generate("S", "RG", 2, definitions, 10)}, nil)
		r := w.good(t, config{"gallery": "*", "resourceGroup": "RG", "subscription": "S"})
		if want := 2 * definitions * 10 * 2; len(r.Images) != want {
			t.Fatalf("%d images, want %d", len(r.Images), want)
		}
		stats := w.Stats()
		if stats.MostBusy > 8 || stats.Tokens != 1 {
			t.Errorf("%d requests at once, %d tokens", stats.MostBusy, stats.Tokens)
		}
		return stats.Requests
	}
	if got := count(10); got != 1+2+2*2*10 {
		t.Errorf("%d requests", got)
	}
	if got := count(40); got != 1+2+2*2*40 {
		t.Errorf("%d requests", got)
	}
}

// leak is what VM Image Builder and Resource Manager may repeat of their requests.
const leak = "Packer build failed: https://scripts.blob.core.windows.net/s/setup.sh?sv=2021-08-06&sr=b&sp=r&sig=canarySAS%2Bghi1234567890%3D returned 403; " +
	"url=https%3A%2F%2Fscripts.blob.core.windows.net%2Fs%2Fx.sh%3Fsv%3D2021%26sig%3DcanaryEncoded%253D; " +
	"DefaultEndpointsProtocol=https;AccountName=scripts;AccountKey=canaryKey1234567890abcdefgh==;EndpointSuffix=core.windows.net; " +
	"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=canaryBus=; git clone https://bob:canaryPassword@example.com/x.git failed"

// leaky is the estate with templates and an image that repeat leak.
func leaky(t testing.TB) *fakeazure.Estate {
	t.Helper()
	e := estate(t)
	add := func(name string, state vmib.RunState, message string) *fakeazure.Template {
		e.Templates = append(e.Templates, likeTemplate(e, "golden", name, &vmib.ImageTemplateLastRunStatus{RunState: &state, Message: &message}))
		return &e.Templates[len(e.Templates)-1]
	}
	add("leakyfailed", vmib.RunStateFailed, leak)
	// Cut where it may hurt: in the middle of the signature.
	add("leakylong", vmib.RunStateCanceled, strings.Repeat("x", 930)+" "+leak)
	odd := add("leakyoutput", vmib.RunStatePartiallySucceeded, leak)
	odd.Outputs[0].Properties = &vmib.RunOutputProperties{ArtifactID: to.Ptr("https://store.blob.core.windows.net/v.vhd?sig=canaryArtifact")}
	for _, m := range e.Images {
		if strings.HasSuffix(text(m.ID), "/golden-managed") {
			m.Tags["script"] = to.Ptr("https://scripts.blob.core.windows.net/x.sh?sv=1&sig=canaryTag")
		}
	}
	return e
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// TestScripts runs kubectl-byoos itself.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			w := fakeazure.Start(fakeazure.Options{
				Estate: leaky(t), PageSize: 2, Secret: "canary-client-secret", Token: "canary-access-token",
				Faults: []fakeazure.Fault{{Match: "/galleries/leaky", Status: http.StatusBadRequest, Code: "BadRequest", Message: leak}},
			})
			env.Defer(w.Close)
			ca := filepath.Join(env.WorkDir, "ca.pem")
			if err := w.WriteCA(ca); err != nil {
				return err
			}
			for k, v := range w.Environment(ca) {
				env.Setenv(k, v)
			}
			env.Setenv("URL", w.URL())
			env.Setenv("EXAMPLES", examples)
			env.Setenv("AZURE_SUBSCRIPTION_ID", subscription)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return os.MkdirAll(filepath.Join(env.WorkDir, "home"), 0o700)
		},
	})
}
