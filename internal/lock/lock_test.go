package lock_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func entry(name, id string) lock.Entry {
	created := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	return lock.Entry{
		Name: name, Pack: spec.GenericBYOI, SpecDigest: "sha256:" + strings.Repeat("ab", 32),
		Image: image.Image{
			ID: id, Provider: "aws", Region: "us-east-1", OS: image.OS{Name: "rhel", Version: "8"},
			CreatedAt: &created, State: image.Available, Tags: map[string]string{"b": "2", "a": "1"},
			Reference:  &image.Reference{Kind: "packer-run-uuid", Value: "1-2-3"},
			Provenance: map[string]image.Provenance{"os.name": {From: "tag", Key: "distribution"}},
			Source:     "golden",
		},
		Plugin: lock.Plugin{Type: "packer", Version: "0.1.0", Digest: "sha256:def"},
	}
}

func marshal(t *testing.T, f *lock.File) string {
	t.Helper()
	data, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// readAgain is a lock as it is read from what is written of it.
func readAgain(t *testing.T, f *lock.File) *lock.File {
	t.Helper()
	again, err := lock.Parse(lock.FileName, []byte(marshal(t, f)))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestRoundTripIsStableAndSorted(t *testing.T) {
	a, b := lock.New(), lock.New()
	for _, name := range []string{"east", "west", "north"} {
		if err := a.Put(entry(name, "ami-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"north", "west", "east"} {
		if err := b.Put(entry(name, "ami-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	text := marshal(t, a)
	if diff := cmp.Diff(text, marshal(t, b)); diff != "" {
		t.Errorf("the order of Put changes the bytes:\n%s", diff)
	}
	again, err := lock.Parse(lock.FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, marshal(t, again)); diff != "" {
		t.Errorf("reading and writing changes the bytes:\n%s", diff)
	}
	got, ok := again.Entry("west")
	if diff := cmp.Diff(entry("west", "ami-west"), got); !ok || diff != "" {
		t.Errorf("entry west: %v\n%s", ok, diff)
	}
}

// written is a lock of two packs.
func written(t *testing.T) string {
	t.Helper()
	file := lock.New()
	for _, e := range []lock.Entry{entry("east", "ami-0123456789abcdef1"), entry("west", "ami-0123456789abcdef2")} {
		if err := file.Put(e); err != nil {
			t.Fatal(err)
		}
	}
	return marshal(t, file)
}

// Who looks at the lock twice learns what another process wrote in between.
func TestEarlier(t *testing.T) {
	text := written(t)
	now, err := lock.Parse(lock.FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if earlier := now.Earlier([]byte(text)); earlier != nil {
		t.Errorf("of the same bytes: got %v", earlier.Names())
	}
	older := lock.New()
	if err := older.Put(entry("east", "ami-0123456789abcdef0")); err != nil {
		t.Fatal(err)
	}
	for of, want := range map[string]string{marshal(t, older): "ami-0123456789abcdef0", "": "", "damaged": ""} {
		earlier := now.Earlier([]byte(of))
		if got, _ := earlier.Entry("east"); got.Image.ID != want {
			t.Errorf("of %q: got %q, want %q", of, got.Image.ID, want)
		}
	}
}

// signed gives the entries of a lock the digests that docs/lock.md describes.
func signed(t *testing.T, text string) string {
	t.Helper()
	var document struct {
		Packs []map[string]any `yaml:"packs"`
	}
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	for _, e := range document.Packs {
		old, _ := e["digest"].(string)
		delete(e, "digest")
		canonical, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.Replace(text, old, fmt.Sprintf("sha256:%x", sha256.Sum256(canonical)), 1)
	}
	return text
}

func fromTheFuture(t *testing.T) string {
	return signed(t, `# Reviewed by the platform team.
apiVersion: byoos.dev/v1alpha1
kind: Lock
future: {a: 1}
packs:
  - name: east
    pack: generic-byoi
    specDigest: sha256:abababababababababababababababababababababababababababababababab
    image: &image {id: ami-1, os: {}, provider: aws, source: golden}
    plugin:
      type: packer
    signedBy: somebody
    digest: of-east
  # The west is special.
  - name: west
    pack: generic-byoi
    specDigest: sha256:abababababababababababababababababababababababababababababababab
    image:
      id: ami-2
      newField: [1, 2]
      os: {}
      provider: aws
      source: golden
    plugin:
      type: packer
    digest: of-west
  # The north is cold.
  - {name: north, pack: generic-byoi, specDigest: sha256:abababababababababababababababababababababababababababababababab,
    image: {id: ami-3, os: {}, provider: aws, source: golden}, plugin: {type: packer}, digest: of-north}
  # The south is far.

later: 1
complete: true
`)
}

// TestLaterVersions: what a later version wrote is used, kept, and never dropped
// in silence.
func TestLaterVersions(t *testing.T) {
	text := fromTheFuture(t)
	file, err := lock.Parse(lock.FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := file.Entry("west"); !ok || got.Image.ID != "ami-2" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if diff := cmp.Diff(text, marshal(t, file)); diff != "" {
		t.Errorf("an unchanged lock changes:\n%s", diff)
	}
	for name, key := range map[string]string{"east": "signedBy", "west": "newField"} {
		var f *failure.Error
		if err := file.Put(entry(name, "ami-4")); !errors.As(err, &f) || f.Code != failure.ExitUsage || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want that the key %s of a later version is named", name, err, key)
		}
	}
	if err := file.Put(entry("north", "ami-4")); err != nil {
		t.Fatal(err)
	}
	changed := marshal(t, file)
	for _, want := range []string{"signedBy: somebody", "newField: [1, 2]", "future: {a: 1}", "later: 1", "# The west is special.", "# The north is cold.", "# The south is far.", "id: ami-4"} {
		if !strings.Contains(changed, want) {
			t.Errorf("%q is lost:\n%s", want, changed)
		}
	}
	if !strings.HasSuffix(changed, "\ncomplete: true\n") {
		t.Errorf("the end is not at the end:\n%s", changed)
	}
	file.Remove("east")
	if text := marshal(t, file); strings.Contains(text, "signedBy") {
		t.Errorf("east is still there:\n%s", text)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFingerprintFollowsWhatLedToThePick(t *testing.T) {
	pack := spec.Pack{Name: "a", Pack: spec.GenericBYOI, Sources: []string{"x"}, Select: spec.Select{Region: "us-east-1"}}
	sources := []spec.Source{{Name: "x", Type: "packer", Config: map[string]any{"manifest": "m"}}, {Name: "y", Type: "aws"}}
	take := func(p spec.Pack, s []spec.Source) string {
		digest, err := lock.Fingerprint(p, s)
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	base := take(pack, sources)
	same := pack
	same.Values.OSName, same.Name = "rhel", "b"
	if take(same, sources) != base || take(pack, []spec.Source{sources[1], sources[0]}) != base || take(pack, sources[:1]) != base {
		t.Error("what does not lead to the pick changes the fingerprint")
	}
	all := pack
	all.Sources = nil
	if both := take(all, sources); both == base || take(all, []spec.Source{sources[1], sources[0]}) != both {
		t.Error("of all sources it is that of one, or their order counts")
	}
	other := pack
	other.Select.Region = "eu-west-1"
	changed := []spec.Source{{Name: "x", Type: "packer", Config: map[string]any{"manifest": "n"}}}
	for name, got := range map[string]string{"region": take(other, sources), "config": take(pack, changed), "source": take(all, sources[1:])} {
		if got == base {
			t.Errorf("another %s does not change the fingerprint", name)
		}
	}
	if want := "sha256:f26266f088dda2d9f7b05f1aa4a9554205dceb8c406b721141b3444b11e101e2"; base != want {
		t.Errorf("got %s: packs would be picked anew, want %s", base, want)
	}
}

// TestFingerprintOfAnEdgePack: the images that a template leads to are looked for
// when a pack is locked, so what they are called by is part of the fingerprint.
func TestFingerprintOfAnEdgePack(t *testing.T) {
	edge := func(change func(*spec.Pack)) string {
		pack := spec.Pack{Name: "a", Pack: spec.EdgeNativeBYOI, Edge: &spec.Edge{Shape: "system", Reference: "template", KubernetesVersions: []string{"1.30.4", "1.31.1"}}}
		change(&pack)
		digest, err := lock.Fingerprint(pack, nil)
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	base := edge(func(*spec.Pack) {})
	for name, test := range map[string]struct {
		change func(*spec.Pack)
		same   bool
	}{
		"another version":    {func(p *spec.Pack) { p.Edge.KubernetesVersions = append(p.Edge.KubernetesVersions, "1.32.0") }, false},
		"order of versions":  {func(p *spec.Pack) { p.Edge.KubernetesVersions = []string{"1.31.1", "1.30.4"} }, true},
		"reference":          {func(p *spec.Pack) { p.Edge.Reference = "tag" }, false},
		"shape":              {func(p *spec.Pack) { p.Edge.Shape = "1.0" }, false},
		"agent":              {func(p *spec.Pack) { p.Values.PEVersion = "v4.8.1" }, false},
		"distribution":       {func(p *spec.Pack) { p.Values.K8sDistribution = "rke2" }, false},
		"custom tag":         {func(p *spec.Pack) { p.Values.CustomTag = "x" }, false},
		"registry's mirror":  {func(p *spec.Pack) { p.Values.Registry = "mirror.example" }, true},
		"content and target": {func(p *spec.Pack) { p.Edge.ContentImages, p.Target = []string{"a:1"}, &spec.Target{} }, true},
	} {
		if got := edge(test.change); (got == base) != test.same {
			t.Errorf("%s: the fingerprint is the same: %v, want %v", name, got == base, test.same)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 500, 5000} {
		file := lock.New()
		for i := range n {
			if err := file.Put(entry(fmt.Sprintf("p%05d", i), "ami-1")); err != nil {
				b.Fatal(err)
			}
		}
		data, err := file.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := lock.Parse(lock.FileName, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
