package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	vmib "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/virtualmachineimagebuilder/armvirtualmachineimagebuilder/v2"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

// oracleWorld is a subscription with galleries, and what a pack wants of it.
type oracleWorld struct {
	name               string
	galleries          []*fakeazure.Gallery
	template           *fakeazure.Template
	region, kubernetes string
	relative, number   bool
	rest               bool // a second pack has no range
}

func oracleWorldOf(seed int) *oracleWorld {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	w := &oracleWorld{
		name: fmt.Sprintf("w%04d", seed), region: oneOf(r, "West US 2", "eastus", "East US", "northeurope"),
		kubernetes: oneOf(r, "", "", "~1.30", "~1.31"), relative: r.IntN(3) == 0, number: r.IntN(4) == 0, rest: r.IntN(4) == 0,
	}
	for g := range 1 + r.IntN(2) {
		gallery := &fakeazure.Gallery{ID: fmt.Sprintf("/subscriptions/%s/resourceGroups/RG%d/providers/Microsoft.Compute/galleries/prod", w.name, g)}
		for d := range 1 + r.IntN(2) {
			gallery.Definitions = append(gallery.Definitions, oracleDefinition(r, gallery.ID, fmt.Sprintf("Def%d", d)))
		}
		w.galleries = append(w.galleries, gallery)
	}
	if w.relative { // a subscription has no two galleries of one name, and their versions' relative ids would be equal
		w.galleries = w.galleries[:1]
	}
	if w.number { // those of several definitions do not compare
		w.galleries = w.galleries[:1]
		w.galleries[0].Definitions = w.galleries[0].Definitions[:1]
	}
	if r.IntN(3) == 0 {
		w.template = oracleTemplate(r, w)
	}
	return w
}

func oneOf[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func oracleTemplate(r *rand.Rand, w *oracleWorld) *fakeazure.Template {
	d := w.galleries[0].Definitions[0]
	if len(d.Versions) == 0 {
		return nil
	}
	id := fmt.Sprintf("/subscriptions/%s/resourceGroups/RG0/providers/Microsoft.VirtualMachineImages/imageTemplates/tpl", w.name)
	v := oneOf(r, d.Versions...)
	artifact := *v.ID
	if r.IntN(2) == 0 {
		artifact = strings.Replace(artifact, "/versions/", "/imageversions/", 1)
	}
	if r.IntN(3) == 0 {
		artifact = strings.ToLower(artifact)
	}
	state := oneOf(r, vmib.PossibleRunStateValues()...)
	return &fakeazure.Template{
		Template: &vmib.ImageTemplate{ID: &id, Name: to.Ptr("tpl"), Location: to.Ptr("westus2"), Properties: &vmib.ImageTemplateProperties{
			LastRunStatus: &vmib.ImageTemplateLastRunStatus{RunState: &state, StartTime: to.Ptr(oracleNow().Add(-time.Duration(r.IntN(96)) * time.Hour))},
		}},
		Outputs: []*vmib.RunOutput{{Name: to.Ptr("out"), ID: to.Ptr(id + "/runOutputs/out"), Properties: &vmib.RunOutputProperties{
			ArtifactID: &artifact, ProvisioningState: to.Ptr(oneOf(r, vmib.ProvisioningStateSucceeded, vmib.ProvisioningStateSucceeded, vmib.ProvisioningStateCreating)),
		}}},
	}
}

func oracleNow() time.Time { return time.Now().UTC().Truncate(time.Hour) }

func oracleDefinition(r *rand.Rand, gallery, name string) fakeazure.Definition {
	d := fakeazure.Definition{Image: &armcompute.GalleryImage{
		ID: to.Ptr(gallery + "/images/" + name), Name: &name, Location: to.Ptr("westus2"),
		Tags: map[string]*string{oneOf(r, "distribution", "Distribution"): to.Ptr("ubuntu"), "distribution_version": to.Ptr("2404")},
		Properties: &armcompute.GalleryImageProperties{
			OSType:        to.Ptr(armcompute.OperatingSystemTypesLinux),
			OSState:       to.Ptr(oneOf(r, armcompute.OperatingSystemStateTypesGeneralized, armcompute.OperatingSystemStateTypesGeneralized, armcompute.OperatingSystemStateTypesGeneralized, armcompute.OperatingSystemStateTypesSpecialized)),
			Architecture:  to.Ptr(armcompute.ArchitectureX64),
			EndOfLifeDate: oneOf(r, nil, nil, nil, to.Ptr(oracleNow().Add(time.Hour*240)), to.Ptr(oracleNow().Add(-time.Hour))),
		},
	}}
	for i := range r.IntN(7) {
		d.Versions = append(d.Versions, oracleVersion(r, *d.Image.ID, fmt.Sprintf("0.%d.%d", r.IntN(2), 8+i)))
	}
	r.Shuffle(len(d.Versions), func(i, j int) { d.Versions[i], d.Versions[j] = d.Versions[j], d.Versions[i] })
	return d
}

func often[T any](r *rand.Rand, usual T, other ...T) T {
	if r.IntN(6) > 0 {
		return usual
	}
	return oneOf(r, other...)
}

func oracleVersion(r *rand.Rand, definition, name string) *armcompute.GalleryImageVersion {
	v := &armcompute.GalleryImageVersion{
		ID: to.Ptr(definition + "/versions/" + name), Name: &name, Location: to.Ptr("westus2"),
		Tags: map[string]*string{oneOf(r, "kubernetes_version", "Kubernetes_Version"): to.Ptr(oneOf(r, "v1.30.1", "v1.31.2"))},
		Properties: &armcompute.GalleryImageVersionProperties{
			ProvisioningState: to.Ptr(armcompute.GalleryProvisioningState(often(r, "Succeeded", "Creating", "Updating", "Updating", "Failed", "Deleting", "Migrating"))),
			StorageProfile:    &armcompute.GalleryImageVersionStorageProfile{},
			PublishingProfile: &armcompute.GalleryImageVersionPublishingProfile{
				PublishedDate:      to.Ptr(oracleNow().Add(-time.Duration(r.IntN(10000)) * time.Minute)),
				ExcludeFromLatest:  often(r, nil, to.Ptr(true), to.Ptr(false)),
				EndOfLifeDate:      often(r, nil, to.Ptr(oracleNow().Add(-time.Hour)), to.Ptr(oracleNow().Add(100*time.Hour))),
				ReplicationMode:    oneOf(r, nil, to.Ptr(armcompute.ReplicationModeShallow)),
				StorageAccountType: oneOf(r, nil, to.Ptr(armcompute.StorageAccountTypeStandardZRS)),
			},
			ReplicationStatus: &armcompute.ReplicationStatus{},
			SafetyProfile:     &armcompute.GalleryImageVersionSafetyProfile{ReportedForPolicyViolation: often(r, nil, to.Ptr(true), to.Ptr(false))},
		},
	}
	for _, region := range []string{"West US 2", "East US", "North Europe"} {
		if r.IntN(4) == 0 {
			continue
		}
		if r.IntN(3) == 0 {
			region = strings.ToLower(strings.ReplaceAll(region, " ", ""))
		}
		p := v.Properties
		p.PublishingProfile.TargetRegions = append(p.PublishingProfile.TargetRegions, &armcompute.TargetRegion{
			Name: to.Ptr(region), ExcludeFromLatest: often(r, nil, to.Ptr(true)),
			StorageAccountType: oneOf(r, nil, to.Ptr(armcompute.StorageAccountTypePremiumLRS)),
		})
		state := armcompute.ReplicationState(often(r, "Completed", "Replicating", "Failed", "Unknown", "none"))
		if state != "none" {
			p.ReplicationStatus.Summary = append(p.ReplicationStatus.Summary, &armcompute.RegionalReplicationStatus{Region: to.Ptr(region), State: &state})
		}
	}
	return v
}

type verdict int

const (
	unusable verdict = iota
	doubtful
	usable
	// failedLater is replicated, and failed when it was changed: not offered, nor known bad.
	failedLater
)

func sameRegion(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
}

// oracleJudge is what Azure's documentation makes of a version in a region.
func oracleJudge(i oracleImage, region string) verdict {
	d, v := i.d, i.v
	p, yes := v.Properties, func(b *bool) bool { return b != nil && *b }
	past := func(at *time.Time) bool { return at != nil && at.Before(time.Now()) }
	targets := p.PublishingProfile.TargetRegions
	if len(targets) == 0 {
		targets = []*armcompute.TargetRegion{{Name: v.Location}}
	}
	at := slices.IndexFunc(targets, func(t *armcompute.TargetRegion) bool { return sameRegion(*t.Name, region) })
	if at < 0 || yes(targets[at].ExcludeFromLatest) || yes(p.PublishingProfile.ExcludeFromLatest) || yes(p.SafetyProfile.ReportedForPolicyViolation) ||
		past(p.PublishingProfile.EndOfLifeDate) || past(d.Image.Properties.EndOfLifeDate) || *d.Image.Properties.OSState == armcompute.OperatingSystemStateTypesSpecialized {
		return unusable
	}
	state := ""
	for _, s := range p.ReplicationStatus.Summary {
		if sameRegion(*s.Region, region) {
			state = string(*s.State)
		}
	}
	complete := map[string]verdict{"Completed": usable, "": doubtful, "Unknown": doubtful}[state]
	switch {
	case *p.ProvisioningState == "Succeeded" || *p.ProvisioningState == "Updating":
		return complete
	case *p.ProvisioningState == "Failed" && state == "Completed":
		return failedLater
	}
	return unusable
}

type oracleImage struct {
	d *fakeazure.Definition
	v *armcompute.GalleryImageVersion
}

func (w *oracleWorld) all() []oracleImage {
	var all []oracleImage
	for _, g := range w.galleries {
		for i := range g.Definitions {
			for _, v := range g.Definitions[i].Versions {
				all = append(all, oracleImage{&g.Definitions[i], v})
			}
		}
	}
	return all
}

func (w *oracleWorld) find(id string) (oracleImage, bool) {
	for _, i := range w.all() {
		if strings.EqualFold(*i.v.ID, id) {
			return i, true
		}
	}
	return oracleImage{}, false
}

func (w *oracleWorld) newer(a, b oracleImage) bool {
	at, bt := a.v.Properties.PublishingProfile.PublishedDate, b.v.Properties.PublishingProfile.PublishedDate
	if w.number {
		return number(*a.v.Name) > number(*b.v.Name)
	}
	return at.After(*bt)
}

func number(version string) int {
	var a, b, c int
	_, _ = fmt.Sscanf(version, "%d.%d.%d", &a, &b, &c)
	return a*1e6 + b*1e3 + c
}

// best returns the newest usable image.
func (w *oracleWorld) best(kubernetes string) (best oracleImage, found bool) {
	for _, i := range w.all() {
		if oracleJudge(i, w.region) != usable || !w.fits(i, kubernetes) {
			continue
		}
		if !found || w.newer(i, best) {
			best, found = i, true
		}
	}
	return best, found
}

func (w *oracleWorld) fits(i oracleImage, kubernetes string) bool {
	tag := ""
	for k, v := range i.v.Tags {
		if strings.EqualFold(k, "kubernetes_version") {
			tag = *v
		}
	}
	return kubernetes == "" || strings.HasPrefix(tag, "v"+strings.TrimPrefix(kubernetes, "~"))
}

func oracleEstate(worlds []*oracleWorld) *fakeazure.Estate {
	var e fakeazure.Estate
	for _, w := range worlds {
		for _, g := range w.galleries {
			e.Galleries = append(e.Galleries, *g)
		}
		if w.template != nil {
			e.Templates = append(e.Templates, *w.template)
		}
	}
	return &e
}

func oracleSpec(t *testing.T, dir string, worlds []*oracleWorld) {
	t.Helper()
	type object = map[string]any
	var sources, packs []object
	for _, w := range worlds {
		conf := object{"gallery": "prod", "subscription": w.name}
		if w.relative {
			conf["idForm"] = "relative"
		}
		if w.number {
			conf["newestBy"] = "version"
			conf["definition"] = "def0"
			conf["resourceGroup"] = "rg0"
		}
		use := []string{w.name}
		sources = append(sources, object{"name": w.name, "type": "azure", "config": conf})
		if w.template != nil {
			tc := object{"template": "tpl", "resourceGroup": "RG0", "subscription": w.name}
			if w.relative {
				tc["idForm"] = "relative"
			}
			if w.number {
				tc["newestBy"] = "version"
			}
			sources = append(sources, object{"name": w.name + "-t", "type": "azure", "config": tc})
			use = append(use, w.name+"-t")
		}
		add := func(name, kubernetes string) {
			sel := object{"provider": "azure", "region": w.region, "architecture": "amd64"}
			if kubernetes != "" {
				sel["kubernetesVersion"] = kubernetes
			}
			packs = append(packs, object{"name": name, "pack": "generic-byoi", "sources": use, "select": sel})
		}
		add(w.name, w.kubernetes)
		if w.rest {
			add(w.name+"-rest", "")
		}
	}
	text, err := json.Marshal(object{"apiVersion": "byoos.dev/v1alpha1", "kind": "ImageSet", "sources": sources, "packs": packs})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "byoos.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func wholeID(i *image.Image) string {
	if i.FullID != "" {
		return i.FullID
	}
	return i.ID
}

// TestOracleOfEstates makes small estates at random: what is picked of each is the newest
// that Azure's documentation calls usable, and what verify says of it after a change is true.
func TestOracleOfEstates(t *testing.T) {
	const count = 60
	var worlds []*oracleWorld
	for seed := range count {
		worlds = append(worlds, oracleWorldOf(seed))
	}
	e := oracleEstate(worlds)
	w := start(t, fakeazure.Options{Estate: e, PageSize: 2}, nil)
	dir := t.TempDir()
	oracleSpec(t, dir, worlds)
	picks, some := oraclePicks(t, w, dir), 0
	for _, o := range worlds {
		some += o.checkPick(t, o.name, o.kubernetes, picks)
		if o.rest {
			some += o.checkPick(t, o.name+"-rest", "", picks)
		}
	}
	if some < count/3 {
		t.Errorf("only %d picks", some)
	}
	locked := slices.DeleteFunc(worlds, func(o *oracleWorld) bool {
		return picks[o.name].Picked == nil || o.rest && picks[o.name+"-rest"].Picked == nil
	})
	oracleSpec(t, dir, locked)
	if _, stderr := legalRun(t, w, dir, "lock"); !strings.Contains(stderr, "wrote byoos.lock") {
		t.Fatal(stderr)
	}
	r := rand.New(rand.NewPCG(1, 99))
	for _, o := range locked {
		o.change(r, wholeID(picks[o.name].Picked))
	}
	*e = *oracleEstate(locked)
	checkStatuses(t, w, dir, locked, picks)
}

func oraclePicks(t *testing.T, w *world, dir string) map[string]legalPick {
	t.Helper()
	out, _ := legalRun(t, w, dir, "explain", "-o", "json")
	picks := map[string]legalPick{}
	for _, p := range legalItems[legalPick](t, out) {
		picks[p.Name] = p
	}
	return picks
}

// checkPick holds the pick of one pack against what is best, and returns 1 for a pick. One
// that Azure does not tell of may be picked with a note, where its definition has no better.
func (w *oracleWorld) checkPick(t *testing.T, name, kubernetes string, picks map[string]legalPick) int {
	t.Helper()
	p, known := picks[name]
	best, found := w.best(kubernetes)
	switch {
	case !known:
		t.Errorf("%s is lost", name)
		return 0
	case p.Picked == nil && found:
		t.Errorf("%s: nothing is picked, want %s: %s", name, *best.v.ID, p.Error)
	}
	if p.Picked == nil {
		return 0
	}
	got, there := w.find(wholeID(p.Picked))
	switch {
	case there && found && got.v == best.v:
	case !there || oracleJudge(got, w.region) != doubtful || found && (w.newer(best, got) || got.d == best.d && !w.rest):
		t.Errorf("%s: picked %s %s, want %v", name, wholeID(p.Picked), p.Picked.StateReason, best)
	case p.Picked.State != image.StateUnset || len(p.Notes) == 0:
		t.Errorf("%s: %s is picked without a word", name, p.Picked.ID)
	}
	return 1
}

func checkStatuses(t *testing.T, w *world, dir string, locked []*oracleWorld, picks map[string]legalPick) {
	t.Helper()
	out, stderr := legalRun(t, w, dir, "verify", "-o", "json")
	items := legalItems[struct {
		Pack, Status string
		Reasons      []string
	}](t, out)
	if len(items) < len(locked) {
		t.Fatalf("%d of %d are verified: %s", len(items), len(locked), stderr)
	}
	for _, v := range items {
		o := locked[slices.IndexFunc(locked, func(o *oracleWorld) bool { return o.name == strings.TrimSuffix(v.Pack, "-rest") })]
		want := "stale"
		if i, there := o.find(wholeID(picks[v.Pack].Picked)); there {
			want = map[verdict]string{usable: "ok", doubtful: "unknown", failedLater: "unknown", unusable: "stale"}[oracleJudge(i, o.region)]
		}
		if v.Status != want {
			t.Errorf("%s: verify says %s %v, want %s", v.Pack, v.Status, v.Reasons, want)
		}
	}
}

// change makes one thing of a locked image other than it was.
func (w *oracleWorld) change(r *rand.Rand, id string) {
	i, there := w.find(id)
	if !there {
		return
	}
	p := i.v.Properties
	target := p.PublishingProfile.TargetRegions[slices.IndexFunc(p.PublishingProfile.TargetRegions, func(t *armcompute.TargetRegion) bool { return sameRegion(*t.Name, w.region) })]
	at := slices.IndexFunc(p.ReplicationStatus.Summary, func(s *armcompute.RegionalReplicationStatus) bool { return sameRegion(*s.Region, w.region) })
	switch r.IntN(15) {
	case 0:
		i.d.Versions = slices.DeleteFunc(i.d.Versions, func(v *armcompute.GalleryImageVersion) bool { return v == i.v })
	case 1:
		p.PublishingProfile.ExcludeFromLatest = to.Ptr(true)
	case 2:
		target.ExcludeFromLatest = to.Ptr(true)
	case 3:
		p.PublishingProfile.EndOfLifeDate = to.Ptr(time.Now().Add(-time.Hour))
	case 4:
		p.SafetyProfile.ReportedForPolicyViolation = to.Ptr(true)
	case 5:
		p.PublishingProfile.TargetRegions = slices.DeleteFunc(p.PublishingProfile.TargetRegions, func(t *armcompute.TargetRegion) bool { return t == target })
	case 6:
		if at >= 0 {
			p.ReplicationStatus.Summary[at].State = to.Ptr(oneOf(r, armcompute.PossibleReplicationStateValues()...))
		}
	case 7:
		p.ProvisioningState = to.Ptr(oneOf(r, armcompute.PossibleGalleryProvisioningStateValues()...))
	case 8:
		for _, g := range w.galleries {
			g.Definitions = slices.DeleteFunc(g.Definitions, func(d fakeazure.Definition) bool {
				return strings.HasPrefix(strings.ToLower(id), strings.ToLower(*d.Image.ID)+"/")
			})
		}
	case 9:
		p.ReplicationStatus.Summary = nil
	case 10:
		i.d.Image.Properties.EndOfLifeDate = to.Ptr(time.Now().Add(-time.Hour))
	case 11, 12:
		v := oracleVersion(r, *i.d.Image.ID, "1.0.0")
		v.Properties.PublishingProfile.PublishedDate = to.Ptr(oracleNow())
		i.d.Versions = append(i.d.Versions, v)
	case 13:
		if w.template != nil {
			*w.template.Template.Properties.LastRunStatus.RunState = oneOf(r, vmib.PossibleRunStateValues()...)
		}
	}
}
