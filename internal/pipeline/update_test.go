package pipeline_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/source"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func build(id string) *image.Reference {
	return &image.Reference{Kind: "packer-run-uuid", Value: id}
}

// entryOf is an entry of the pack single.
func entryOf(change func(*image.Image)) lock.Entry {
	entry := lock.Entry{Name: "single", Pack: spec.GenericBYOI, SpecDigest: "sha256:s", Image: ami("ami-0123456789abcdef0", "us-east-1", "other", 2)}
	entry.Image.OS, entry.Image.Reference = image.OS{Name: "rhel", Version: "8.8"}, build("1")
	if change != nil {
		change(&entry.Image)
	}
	return entry
}

// another is an AMI of a day.
func another(day int) func(*image.Image) {
	return func(i *image.Image) { *i = ami("ami-0123456789abcdef1", i.Region, i.Source, day) }
}

func fileOf(t *testing.T, entries ...lock.Entry) *lock.File {
	t.Helper()
	file := lock.New()
	for _, entry := range entries {
		if err := file.Put(entry); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// updateTo picks an entry for the pack single.
func updateTo(now lock.Entry) *pipeline.Update {
	pack := spec.Pack{Name: "single", Pack: now.Pack, Sources: []string{"other"}}
	return &pipeline.Update{Packs: []spec.Pack{pack}, Picks: []pipeline.Pick{{Pack: pack, Image: &now.Image}}, Entries: []lock.Entry{now}}
}

// compared compares an update with a lock, of whose images the source other says something.
func compared(t *testing.T, u *pipeline.Update, file *lock.File, says source.Verified) *pipeline.Steps {
	t.Helper()
	host := &plugins{verified: map[string][]source.Verified{"other": {says}}}
	steps, err := newPipeline(t, host).Compare(t.Context(), u, file)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// told are the changes of steps, such as "single newer".
func told(steps *pipeline.Steps) string {
	var words []string
	for _, c := range steps.Changes {
		words = append(words, c.Pack+" "+c.Reason)
	}
	return strings.Join(words, ", ")
}

func TestReason(t *testing.T) {
	of := func(day int) *time.Time { return ami("", "", "", day).CreatedAt }
	other := func(change func(*image.Image)) func(*image.Image) {
		return func(i *image.Image) {
			i.ID = "ami-0123456789abcdef1"
			change(i)
		}
	}
	byVersion := func(v string, day int) func(*image.Image) {
		return func(i *image.Image) { i.NewestBy, i.Version, i.CreatedAt = image.NewestByVersion, v, of(day) }
	}
	azure := func(id string) func(*image.Image) {
		return func(i *image.Image) { i.ID, i.Provider, i.Region = id, "azure", "westus2" }
	}
	const version = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.0"
	spanning := func(region string) func(*image.Image) {
		return func(i *image.Image) { azure(version)(i); i.Region, i.SpansRegions = region, true }
	}
	for name, test := range map[string]reason{
		"nothing":                             {want: ""},
		"newer":                               {now: other(func(i *image.Image) { i.CreatedAt = of(3) }), want: "newer"},
		"older":                               {now: other(func(i *image.Image) { i.CreatedAt = of(1) }), want: "older"},
		"older, as the old one is gone":       {now: other(func(i *image.Image) { i.CreatedAt = of(1) }), gone: true, want: "gone"},
		"newer, and the old one is gone":      {now: other(func(i *image.Image) { i.CreatedAt = of(3) }), gone: true, want: "newer"},
		"neither is newer":                    {now: other(func(*image.Image) {}), want: "changed"},
		"a higher version of an earlier date": {old: byVersion("1.9.0", 5), now: other(byVersion("1.10.0", 1)), want: "newer"},
		"a lower version of a later date":     {old: byVersion("1.10.0", 1), now: other(byVersion("1.9.0", 5)), want: "older"},
		"ranked in another way":               {old: byVersion("1.10.0", 1), now: other(func(i *image.Image) { i.CreatedAt = of(5) }), want: "changed"},
		"another system behind the id":        {now: func(i *image.Image) { i.OS = image.OS{Name: "ubuntu", Version: "22.04"} }, want: "changed"},
		"a tag that was pushed again":         {now: func(i *image.Image) { i.Digest = "sha256:b" }, want: "changed"},
		"a name that was built again":         {now: func(i *image.Image) { i.Reference = build("2") }, want: "changed"},
		"a handle of another kind":            {old: func(i *image.Image) { i.Reference = &image.Reference{Kind: "arm-id", Value: "x"} }, want: ""},
		"a build in another handle's place":   {now: func(i *image.Image) { i.Reference = &image.Reference{Kind: "arm-id", Value: "x"} }, want: ""},
		"a build that had no handle":          {old: func(i *image.Image) { i.Reference = nil }, want: "changed"},
		"a tag of the image":                  {now: func(i *image.Image) { i.Tags = map[string]string{"a": "b"} }, want: ""},
		"an id in other letter case":          {old: azure(version), now: azure("/SUBSCRIPTIONS" + version[14:]), want: ""},
		"a region in other words":             {old: azure(version), now: func(i *image.Image) { azure(version)(i); i.Region = "West US 2" }, want: ""},
		"good in one region fewer":            {old: spanning(""), now: spanning("eastus"), want: ""},
		"good in one region more":             {old: spanning("eastus"), now: spanning(""), want: "changed"},
		"a region that was not named":         {now: func(i *image.Image) { i.Region = "us-west-2" }, want: "changed"},
		"another version of Kubernetes":       {now: func(i *image.Image) { i.KubernetesVersion = "1.31.0" }, want: "changed"},
		"moved to another region":             {old: spanning("eastus"), now: spanning("westus2"), want: "changed"},
		"a region that was not known":         {old: func(i *image.Image) { i.Region = "" }, want: "changed"},
		"a short form of the same id":         {old: azure(version), now: func(i *image.Image) { azure("/galleries/g/images/i")(i); i.FullID = version }, want: "changed"},
	} {
		t.Run(name, test.check)
	}
}

// reason is why an entry changes from one image to another: nil is the usual one, gone
// that a service says so of the old one; want is empty for no change.
type reason struct {
	old, now func(*image.Image)
	gone     bool
	want     string
}

func (r reason) check(t *testing.T) {
	var says source.Verified
	if r.gone {
		says = source.Verified{Presence: source.NotFound, Evidence: image.Asked}
	}
	want := ""
	if r.want != "" {
		want = "single " + r.want
	}
	if got := told(compared(t, updateTo(entryOf(r.now)), fileOf(t, entryOf(r.old)), says)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Of a template the newest agent makes an image newer, and not the version of Kubernetes,
// as its pick is made.
func TestReasonOfATemplate(t *testing.T) {
	edge := func(kubernetes, agent, rest string) lock.Entry {
		tag := "k3s-" + kubernetes + "-" + agent
		return lock.Entry{Name: "single", Pack: spec.EdgeNativeBYOI, SpecDigest: "sha256:s", Image: image.Image{
			ID: "r.example/os:" + tag + rest, Provider: "oci", Source: "other", NewestBy: image.NewestByVersion,
			Version: kubernetes + "-" + agent[1:] + rest, KubernetesVersion: kubernetes,
			Attributes: map[string]string{"registry": "r.example", "repository": "os", "tag": tag, image.AttributeK8sDistribution: "k3s", image.AttributePEVersion: agent},
		}}
	}
	rhel := edge("1.30.9", "v4.7.0", "")
	rhel.Image.OS.Name = "rhel"
	for name, test := range map[string]struct {
		reference string
		old, now  lock.Entry
		want      string
	}{
		"a template":        {"template", edge("1.31.0", "v4.6.0", ""), edge("1.30.9", "v4.7.0", ""), "single newer"},
		"one by default":    {"", edge("1.31.0", "v4.6.0", ""), edge("1.30.9", "v4.7.0", ""), "single newer"},
		"a tag":             {"tag", edge("1.31.0", "v4.6.0", ""), edge("1.30.9", "v4.7.0", ""), "single older"},
		"another system":    {"tag", edge("1.30.9", "v4.7.0", ""), rhel, "single changed"}, // which verify compares
		"with another word": {"tag", edge("1.30.9", "v4.7.0", "-lab"), edge("1.30.9", "v4.7.0", "-prod"), "single changed"},
	} {
		u := updateTo(test.now)
		u.Picks[0].Pack.Edge = &spec.Edge{Reference: test.reference}
		if got := told(compared(t, u, fileOf(t, test.old), source.Verified{})); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// An entry that does not fit its digest gives way, whatever it holds.
func TestDamagedEntry(t *testing.T) {
	p := newPipeline(t, withImages())
	u, results, err := p.Update(t.Context(), []string{"single"})
	if err == nil {
		u.Entries, _, err = p.Entries(u.Picks, results)
	}
	if err != nil {
		t.Fatal(err)
	}
	u.Entries[0].SpecDigest = "sha256:" + strings.Repeat("0", 64)
	data, err := fileOf(t, u.Entries...).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "byoos.lock")
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte("cdef3"), []byte("cdef4")), 0o600); err != nil {
		t.Fatal(err)
	}
	err = lock.Change(t.Context(), path, "byoos.lock", func(file *lock.File) error {
		steps, err := p.Compare(t.Context(), u, file)
		if err != nil || told(steps) != "single damaged" || steps.Changes[0].Old != nil {
			t.Fatalf("got %+v, %v", steps, err)
		}
		return steps.Put(file)
	})
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, data) {
		t.Errorf("got %v, %v and\n%s", err, readErr, got)
	}
}

// A source that failed may have the newest: its packs keep what they have. An entry of
// another spec that is kept is told as a failure, as nothing renders from it.
func TestFailedSourceRollsNothingBack(t *testing.T) {
	less := func(i *image.Image) { i.OS = image.OS{} }
	for name, test := range map[string]struct {
		now         func(*image.Image)
		digest      string
		want        string
		kept, stale bool
	}{
		"older": {another(1), "sha256:s", "new new", true, false}, "newer": {another(3), "sha256:s", "single newer, new new", false, false},
		"older, of another spec":                {another(1), "sha256:t", "new new", false, true},
		"newer, of another spec":                {another(3), "sha256:t", "single specChanged, new new", false, false},
		"the same, of another spec":             {nil, "sha256:t", "single specChanged, new new", false, false},
		"less of the same, of another spec":     {less, "sha256:t", "new new", false, true},
		"less of the same, of an unchanged one": {less, "sha256:s", "new new", true, false},
		// A manifest's time is when the build ended, the service's when the image began.
		"less of the same, of a later time": {
			func(i *image.Image) { less(i); i.CreatedAt = ami("", "", "", 3).CreatedAt }, "sha256:s", "new new", true, false,
		},
		"built again under its id": {
			func(i *image.Image) { i.CreatedAt, i.Reference = ami("", "", "", 3).CreatedAt, build("2") }, "sha256:s", "single changed, new new", false, false,
		},
	} {
		entry, added, failed := entryOf(test.now), entryOf(nil), entryOf(nil)
		entry.SpecDigest, added.Name, failed.Name = test.digest, "new", "failed"
		u := updateTo(entry)
		u.Entries, u.All, u.Picks[0].FailedSources = append(u.Entries, added), true, []string{"other"}
		u.Packs = append(u.Packs, spec.Pack{Name: "new", Pack: spec.GenericBYOI}, spec.Pack{Name: "failed", Pack: spec.GenericBYOI})
		got := compared(t, u, fileOf(t, entryOf(nil), failed), source.Verified{})
		if told(got) != test.want || len(got.Kept) > 0 != test.kept || (got.Stale != nil) != test.stale {
			t.Errorf("%s: got %s, kept %q, stale %v", name, told(got), got.Kept, got.Stale)
		}
		if test.stale && (failure.Code(got.Stale) != failure.ExitSource || !strings.Contains(got.Stale.Error(), "but the spec changed")) {
			t.Errorf("%s: got %v", name, got.Stale)
		}
	}
}

// What another update wrote while the sources were asked is not rolled back to what they
// said before.
func TestAnotherUpdateMeanwhile(t *testing.T) {
	earlier := func(i *image.Image) { i.Reference = build("0") }
	then := another(0)
	for name, test := range map[string]struct {
		before *lock.File
		now    func(*image.Image)
		kept   bool
	}{
		"older":                      {fileOf(t, entryOf(then)), another(1), true},
		"newer":                      {fileOf(t, entryOf(then)), another(3), false},
		"older, of a new lock":       {lock.New(), another(1), true},
		"an earlier run of its name": {fileOf(t, entryOf(earlier)), earlier, true},
		"older, and nobody wrote":    {fileOf(t, entryOf(nil)), another(1), false},
		"older, and nothing reads":   {nil, another(1), false},
	} {
		u := updateTo(entryOf(test.now))
		u.Before = test.before
		got := compared(t, u, fileOf(t, entryOf(nil)), source.Verified{})
		if len(got.Kept) > 0 != test.kept || len(got.Changes) > 0 == test.kept {
			t.Errorf("%s: kept %q, changes %v", name, got.Kept, got.Changes)
		}
	}
	u := updateTo(entryOf(another(1)))
	u.Before, u.Entries[0].SpecDigest = fileOf(t, entryOf(then)), "sha256:t"
	if got := told(compared(t, u, fileOf(t, entryOf(nil)), source.Verified{})); got != "single specChanged" {
		t.Errorf("of another spec: got %q", got)
	}
}

// A pack that needs no image any more (agent mode) loses its entry when it is named, too.
func TestRemoved(t *testing.T) {
	agent, other := entryOf(nil), entryOf(nil)
	agent.Name, other.Name = "agent", "other"
	for all, want := range map[bool]string{false: "agent removed", true: "agent removed, other removed"} {
		u := updateTo(entryOf(nil))
		u.All = all
		u.Packs = append(u.Packs, spec.Pack{Name: "agent", Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{AgentMode: true}})
		file := fileOf(t, entryOf(nil), agent, other)
		steps := compared(t, u, file, source.Verified{})
		if got := told(steps); got != want {
			t.Errorf("all %v: got %q, want %q", all, got, want)
		}
		if err := steps.Put(file); err != nil || len(file.Names()) != 3-len(steps.Changes) {
			t.Errorf("all %v: the lock has %q, %v", all, file.Names(), err)
		}
	}
}

// That a kept image is no more is said.
func TestKeptAndGone(t *testing.T) {
	for presence, want := range map[source.Presence]bool{source.NotFound: true, source.Unknown: false} {
		u := updateTo(entryOf(another(1)))
		u.Picks[0].FailedSources = []string{"golden"}
		got := compared(t, u, fileOf(t, entryOf(nil)), source.Verified{Presence: presence, Evidence: image.Asked}).Kept
		if len(got) != 1 || strings.Contains(got[0], "it is no more") != want {
			t.Errorf("%v: %q", presence, got)
		}
	}
}

// What gives way to an older one only because its source withholds it now, or its service
// cannot tell its state, may be picked again in a minute.
func TestLeftOpen(t *testing.T) {
	withheld := func(i *image.Image) { i.Withheld = "it is being built" }
	failed := func(i *image.Image) { i.State = image.Failed }
	moved := func(i *image.Image) { withheld(i); i.Region = "eu-west-1" }
	old := ami("ami-0123456789abcdef0", "us-east-1", "other", 2)
	good, past := source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &old}, old
	past.State = image.Disabled
	bad := source.Verified{Presence: source.Found, Evidence: image.Asked, Image: &past}
	unknown := source.Verified{Presence: source.Unknown, Reason: "not now"}
	for name, test := range map[string]struct {
		list func(*image.Image)
		says source.Verified
		kept bool
	}{
		"withheld, and good":                 {withheld, good, true},
		"withheld, and nobody knows":         {withheld, unknown, true},
		"withheld, and not good":             {withheld, bad, false},
		"withheld, and not what is asked":    {moved, unknown, false},
		"its list says failed, it says else": {failed, unknown, true},
		"its list says failed, as it does":   {failed, bad, false},
		"excluded from latest":               {func(i *image.Image) { i.ExcludedFromLatest = true }, unknown, false},
		"not found":                          {func(i *image.Image) { another(0)(i) }, unknown, false},
		"another":                            {func(i *image.Image) { another(3)(i); withheld(i) }, unknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			listed := old
			test.list(&listed)
			listed.Evidence = image.Asked
			older := ami("ami-0123456789abcdef2", "us-east-1", "other", 1)
			older.Evidence = image.Asked
			host := &plugins{results: map[string]source.Result{"other": {Images: []image.Image{listed, older}}}, verified: map[string][]source.Verified{"other": {test.says}}}
			p := newPipeline(t, host)
			u, results, err := p.Update(t.Context(), []string{"single"})
			if err == nil {
				u.Entries, _, err = p.Entries(u.Picks, results)
			}
			if err != nil {
				t.Fatal(err)
			}
			entry := u.Entries[0]
			if entry.Image = old; listed.Region != old.Region && listed.ID == old.ID {
				entry.Image.Region = listed.Region
			}
			got, err := p.Compare(t.Context(), u, fileOf(t, entry))
			if err != nil || len(got.Kept) > 0 != test.kept || len(got.Changes) > 0 == test.kept {
				t.Fatalf("kept %q, changes %s, %v", got.Kept, told(got), err)
			}
			if test.kept && !strings.HasSuffix(got.Kept[0], "; what fits is older") || !test.kept && told(got) != "single older" {
				t.Errorf("kept %q, changes %s", got.Kept, told(got))
			}
		})
	}
}

// Packs that are not named are picked for, too, and change nothing.
func TestUpdateOfSome(t *testing.T) {
	p := newPipeline(t, withImages())
	for names, want := range map[string]string{"single": "single new", "aws": "aws-us-east-1 new, aws-eu-west-1 new", "": "aws-us-east-1 new, aws-eu-west-1 new, single new"} {
		u, results, err := p.Update(t.Context(), strings.Fields(names))
		if err == nil {
			u.Entries, _, err = p.Entries(u.Picks, results)
		}
		if err != nil {
			t.Fatal(err)
		}
		steps, err := p.Compare(t.Context(), u, lock.New())
		if err != nil || told(steps) != want || u.All != (names == "") {
			t.Errorf("%q: got %q, all %v, %v", names, told(steps), u.All, err)
		}
	}
	if _, _, err := p.Update(t.Context(), []string{"nope"}); failure.Code(err) != failure.ExitUsage {
		t.Errorf("got %v", err)
	}
}

func TestInterruptedComparison(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := newPipeline(t, withImages())
	if _, err := p.Compare(ctx, updateTo(entryOf(another(1))), fileOf(t, entryOf(nil))); failure.Code(err) != failure.ExitInterrupted {
		t.Errorf("got %v", err)
	}
}
