package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeazure"
)

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

func oracleSpec(t *testing.T, worlds []*oracleWorld) []byte {
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
	return text
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
	picks, some := map[string]legalPick{}, 0
	for _, p := range w.explain(t, oracleSpec(t, worlds), false).packs {
		picks[p.Name] = p
	}
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
	r := rand.New(rand.NewPCG(1, 99))
	for _, o := range locked {
		o.change(r, wholeID(picks[o.name].Picked))
	}
	*e = *oracleEstate(locked)
	checkStatuses(t, w, locked, picks)
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

func checkStatuses(t *testing.T, w *world, locked []*oracleWorld, picks map[string]legalPick) {
	t.Helper()
	document, err := spec.Parse("byoos.yaml", oracleSpec(t, locked), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]*oracleWorld{}
	var subjects []pipeline.Subject
	for _, o := range locked {
		for _, name := range []string{o.name, o.name + "-rest"} {
			if p := picks[name]; p.Picked != nil {
				of[name] = o
				subjects = append(subjects, pipeline.Subject{Pack: name, Source: p.Picked.Source, Image: *p.Picked})
			}
		}
	}
	p := &pipeline.Pipeline{Document: document, Plugins: w.host, Now: time.Now(), Report: func(source.Diagnostic) {}}
	verified, err := p.Verify(t.Context(), subjects)
	if err != nil || len(verified) != len(subjects) {
		t.Fatalf("%d of %d are verified: %v", len(verified), len(subjects), err)
	}
	for i, v := range verified {
		name := subjects[i].Pack
		o, want := of[name], pipeline.StatusStale
		if i, there := o.find(wholeID(picks[name].Picked)); there {
			want = map[verdict]pipeline.Status{
				usable: pipeline.StatusOK, doubtful: pipeline.StatusUnknown, failedLater: pipeline.StatusUnknown, unusable: pipeline.StatusStale,
			}[oracleJudge(i, o.region)]
		}
		if v.Status != want {
			t.Errorf("%s: verify says %s %v, want %s", name, v.Status, v.Reasons, want)
		}
	}
}
