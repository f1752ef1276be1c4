package lock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

func entry(name, id string) lock.Entry {
	created := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	return lock.Entry{
		Name: name, Pack: spec.GenericBYOI, SpecDigest: "sha256:abc",
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

const fromTheFuture = `# Reviewed by the platform team.
apiVersion: byoos.dev/v1alpha1
kind: Lock
future: {a: 1}
packs:
  - name: east
    pack: generic-byoi
    specDigest: sha256:abc
    image:
      id: ami-1
      os: {}
      provider: aws
    plugin:
      type: packer
    signedBy: somebody
  # The west is special.
  - name: west
    pack: generic-byoi
    specDigest: sha256:abc
    image:
      id: ami-2
      newField: [1, 2]
      os: {}
      provider: aws
    plugin:
      type: packer
`

func TestUnknownFieldsAndCommentsSurvive(t *testing.T) {
	file, err := lock.Parse(lock.FileName, []byte(fromTheFuture))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromTheFuture, marshal(t, file)); diff != "" {
		t.Errorf("an unchanged lock changes:\n%s", diff)
	}
	if err := file.Put(entry("east", "ami-3")); err != nil {
		t.Fatal(err)
	}
	text := marshal(t, file)
	for _, want := range []string{"signedBy: somebody", "newField: [1, 2]", "future: {a: 1}", "# The west is special.", "id: ami-3"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is lost:\n%s", want, text)
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	tests := map[string]struct{ text, line string }{
		"merge conflict": {"apiVersion: byoos.dev/v1alpha1\nkind: Lock\n<<<<<<< HEAD\npacks: []\n=======\npacks: []\n>>>>>>> x\n", "byoos.lock:3"},
		"not yaml":       {"packs: [\n", "byoos.lock:"},
		"empty":          {"", "byoos.lock:1"},
		"other kind":     {"apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\npacks: []\n", "byoos.lock:2:7"},
		"no packs":       {"apiVersion: byoos.dev/v1alpha1\nkind: Lock\n", "byoos.lock:1"},
		"wrong type":     {strings.Replace(fromTheFuture, "id: ami-2", "id: 5", 1), "byoos.lock:21:11"},
		"no id":          {strings.Replace(fromTheFuture, "id: ami-2", "id: \"\"", 1), "byoos.lock:17:5"},
		"twice":          {strings.Replace(fromTheFuture, "name: west", "name: east", 1), "byoos.lock:17:5"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := lock.Parse(lock.FileName, []byte(test.text))
			var f *failure.Error
			if !errors.As(err, &f) || f.Code != failure.ExitUsage || f.Next == "" {
				t.Fatalf("got %v, want a usage error with a next step", err)
			}
			if all := err.Error() + "\n" + strings.Join(f.Details, "\n"); !strings.Contains(all, test.line) {
				t.Errorf("%q lacks %q", all, test.line)
			}
		})
	}
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
	other := pack
	other.Select.Region = "eu-west-1"
	changed := []spec.Source{{Name: "x", Type: "packer", Config: map[string]any{"manifest": "n"}}}
	if take(other, sources) == base || take(pack, changed) == base {
		t.Error("what leads to the pick does not change the fingerprint")
	}
}

func TestChangesAtOnceKeepAllEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
				return f.Put(entry(fmt.Sprintf("p%02d", i), "ami-1"))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	file, err := lock.Load(path, lock.FileName)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(file.Names()); got != 20 {
		t.Errorf("%d entries, want 20", got)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("left beside the lock: %v, %v", files, err)
	}
}

func TestChangeThatFailsKeepsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	if err := os.WriteFile(path, []byte(fromTheFuture), 0o644); err != nil {
		t.Fatal(err)
	}
	err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
		f.Remove("east")
		return errors.New("no")
	})
	data, readErr := os.ReadFile(path)
	if err == nil || readErr != nil || string(data) != fromTheFuture {
		t.Errorf("got %v, %v, content changed: %v", err, readErr, string(data) != fromTheFuture)
	}
}

func TestChangeWaitsNoLongerThanItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	err := lock.Change(t.Context(), path, lock.FileName, func(*lock.File) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return lock.Change(ctx, path, lock.FileName, func(*lock.File) error { return nil })
	})
	var f *failure.Error
	if !errors.As(err, &f) || !strings.Contains(f.Summary, "another process") {
		t.Errorf("got %v", err)
	}
}

// TestManyPacks: a lock may be larger than what people write by hand.
func TestManyPacks(t *testing.T) {
	file := lock.New()
	for i := range 8000 {
		if err := file.Put(entry(fmt.Sprintf("p%05d", i), "ami-1")); err != nil {
			t.Fatal(err)
		}
	}
	again, err := lock.Parse(lock.FileName, []byte(marshal(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(again.Names()); got != 8000 {
		t.Errorf("%d entries", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fromTheFuture))
	f.Add([]byte("<<<<<<< x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := lock.Parse(lock.FileName, data)
		if err != nil {
			return
		}
		text, err := file.Marshal()
		if err != nil {
			t.Fatalf("a lock that was read cannot be written: %v", err)
		}
		again, err := lock.Parse(lock.FileName, text)
		if err != nil {
			t.Fatalf("a lock that was written cannot be read: %v\n%s", err, text)
		}
		if diff := cmp.Diff(file.Names(), again.Names()); diff != "" {
			t.Fatal(diff)
		}
	})
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
