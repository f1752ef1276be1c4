package lock_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

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
  - name: north
    pack: generic-byoi
    specDigest: sha256:abababababababababababababababababababababababababababababababab
    image: {id: ami-3, os: {}, provider: aws, source: golden}
    plugin: {type: packer}
    digest: of-north
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
	for _, want := range []string{"signedBy: somebody", "newField: [1, 2]", "future: {a: 1}", "later: 1", "# The west is special.", "# The north is cold.", "id: ami-4"} {
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

func TestDamagedFiles(t *testing.T) {
	sound := written(t)
	edit := func(from, to string) string {
		if !strings.Contains(sound, from) {
			t.Fatalf("%q is not in the lock", from)
		}
		// What is checked is the schema: the digests fit.
		return signed(t, strings.Replace(sound, from, to, 1))
	}
	tests := map[string]struct{ text, want string }{
		"merge conflict": {"apiVersion: byoos.dev/v1alpha1\nkind: Lock\n<<<<<<< HEAD\npacks: []\n=======\npacks: []\n>>>>>>> x\n", "byoos.lock:3"},
		"not yaml":       {"packs: [\n", "byoos.lock:"},
		"empty":          {"", "byoos.lock:1"},
		"other kind":     {"apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\npacks: []\ncomplete: true\n", "byoos.lock:2:7"},
		"later version":  {edit("v1alpha1", "v1beta1"), "byoos.lock:2:13"},
		"no packs":       {"apiVersion: byoos.dev/v1alpha1\nkind: Lock\ncomplete: true\n", "byoos.lock:1"},
		"no end":         {edit("complete: true\n", ""), "complete: true, is missing"},
		"wrong type":     {edit("id: ami-0123456789abcdef1", "id: 5"), "byoos.lock:10:11"},
		"no id":          {edit("id: ami-0123456789abcdef1", `id: ""`), "byoos.lock:10:7: packs[0].image.id"},
		"no provider":    {edit("      provider: aws\n", ""), `packs[0].image: the key "provider" is missing`},
		"no source":      {edit("      source: golden\n", ""), `packs[0].image: the key "source" is missing`},
		"unknown pack":   {edit("pack: generic-byoi", "pack: generic"), "byoos.lock:6:11: packs[0].pack"},
		"no plugin":      {edit("    plugin:\n      digest: sha256:def\n      type: packer\n      version: 0.1.0\n", ""), `packs[0]: the key "plugin" is missing`},
		"no plugin type": {edit("      type: packer\n", ""), `packs[0].plugin: the key "type" is missing`},
		"cut digest":     {edit("specDigest: sha256:ab", "specDigest: sha256:"), "byoos.lock:7:17: packs[0].specDigest"},
		"no time":        {edit(`"2026-10-01T12:00:00Z"`, "yesterday"), "packs[0]"},
		"twice":          {edit("name: west", "name: east"), "byoos.lock:"},
		"no digest":      {strings.Replace(sound, "\n    digest: sha256:", "\n    other: sha256:", 1), `packs[0]: the key "digest" is missing`},
		"no entry":       {"apiVersion: byoos.dev/v1alpha1\nkind: Lock\npacks: [x]\ncomplete: true\n", "byoos.lock:3:9: packs[0]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := lock.Parse(lock.FileName, []byte(test.text))
			var f *failure.Error
			if !errors.As(err, &f) || f.Code != failure.ExitUsage || f.Next == "" {
				t.Fatalf("got %v, want a usage error with a next step", err)
			}
			if all := err.Error() + "\n" + strings.Join(f.Details, "\n"); !strings.Contains(all, test.want) {
				t.Errorf("%q lacks %q", all, test.want)
			}
		})
	}
}

// TestCutFiles: wherever a lock was cut off, it is noticed.
func TestCutFiles(t *testing.T) {
	text := written(t)
	whole := strings.TrimSpace(text)
	for i := range whole {
		if _, err := lock.Parse(lock.FileName, []byte(whole[:i])); err == nil {
			t.Fatalf("a lock that ends here is used:\n%s", whole[:i])
		}
	}
	if _, err := lock.Parse(lock.FileName, []byte(whole)); err != nil {
		t.Errorf("without its last line end: %v", err)
	}
}

// TestMixedEntries: a merge that takes lines of one entry from both sides gives
// valid YAML, and an image that never was.
func TestMixedEntries(t *testing.T) {
	text := written(t)
	for name, change := range map[string][2]string{
		"id":         {"ami-0123456789abcdef2", "ami-0123456789abcdef3"},
		"tag":        {`b: "2"`, `b: "3"`},
		"lost":       {"      state: available\n", ""},
		"added":      {"      state: available\n", "      state: available\n      public: true\n"},
		"later":      {"      state: available\n", "      state: available\n      newField: 1\n"},
		"plugin":     {"type: packer", "type: aws"},
		"specDigest": {"specDigest: sha256:ab", "specDigest: sha256:cd"},
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.LastIndex(text, change[0])
			if at < 0 {
				t.Fatalf("%q is not in the lock", change[0])
			}
			mixed := []byte(text[:at] + change[1] + text[at+len(change[0]):])
			_, err := lock.Parse(lock.FileName, mixed)
			var f *failure.Error
			if !errors.As(err, &f) || !strings.Contains(f.Next, "update --pack west") {
				t.Fatalf("got %v, want the advice to update west", err)
			}
			if all := strings.Join(f.Details, "\n"); !strings.Contains(all, "west") || strings.Contains(all, "east") {
				t.Errorf("got %q, want that west alone is named", all)
			}
		})
	}
}

// TestChangeMendsAMixedEntry: what is put or removed need not be sound, what stays
// must be.
func TestChangeMendsAMixedEntry(t *testing.T) {
	mixed := strings.Replace(written(t), "ami-0123456789abcdef2", "ami-0123456789abcdef3", 1)
	for name, test := range map[string]struct {
		change func(*lock.File) error
		mends  bool
	}{
		"put":         {func(f *lock.File) error { return f.Put(entry("west", "ami-5")) }, true},
		"removed":     {func(f *lock.File) error { f.Remove("west"); return nil }, true},
		"put another": {func(f *lock.File) error { return f.Put(entry("east", "ami-5")) }, false},
		"nothing":     {func(*lock.File) error { return nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lock.FileName)
			writeFile(t, path, mixed)
			change := func(f *lock.File) error {
				if _, ok := f.Entry("west"); ok || !f.Damaged("west") || f.Damaged("east") {
					t.Error("the mixed entry is not told from the sound one")
				}
				return test.change(f)
			}
			if err := lock.Peek(t.Context(), path, lock.FileName, change); (err == nil) != test.mends {
				t.Errorf("Peek: %v", err)
			}
			err := lock.Change(t.Context(), path, lock.FileName, change)
			if _, loadErr := lock.Load(t.Context(), path, lock.FileName); (err == nil) != test.mends || (loadErr == nil) != test.mends {
				t.Errorf("got %v, then %v", err, loadErr)
			}
		})
	}
}

// TestFormIsFree: the digest is of what an entry says, not of how it is written.
func TestFormIsFree(t *testing.T) {
	text := written(t)
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{
		"CRLF":     strings.ReplaceAll(text, "\n", "\r\n"),
		"comments": strings.ReplaceAll(text, "\n", " # so\n"),
		"JSON":     string(asJSON),
		"quotes":   strings.ReplaceAll(text, "name: west", `"name": 'west'`),
		"BOM":      "\uFEFF" + text,
	} {
		t.Run(name, func(t *testing.T) {
			file, err := lock.Parse(lock.FileName, []byte(other))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := file.Entry("west")
			if diff := cmp.Diff(entry("west", "ami-0123456789abcdef2"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOddTextsSurvive: whatever a source says of an image can be locked.
func TestOddTextsSurvive(t *testing.T) {
	for _, text := range []string{
		"\u201cRHEL\u201d", "a\u00a0b", "\u200b", "\uFEFF", "<<", "=", "~", "null", "yes", "1e3", "0x1f", "2026-10-01", "2026-10-01T12:00:00Z",
		" lead and trail ", "a\nb", "a\r\nb", "\n", "\t", "\x1b[31m", "\x00", "\u0085", "\u2028", "- a", "a: b", "# a", "&a", "*a", "!!str a",
		"'", `"`, `\`, "%", "@", "`", "{", "[", "|", ">", "...", "---", "=======", "<<<<<<< HEAD", "\U0001F600", strings.Repeat("long ", 100),
	} {
		want := entry("odd", "ami-1")
		want.Image.Name, want.Image.Tags = text, map[string]string{text: text, "b": "a"}
		want.Image.Attributes = map[string]string{"a": text + "\n" + text}
		file := lock.New()
		if err := file.Put(want); err != nil {
			t.Fatal(err)
		}
		data, err := file.Marshal()
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		again, err := lock.Parse(lock.FileName, data)
		if err != nil {
			t.Errorf("%q: %v\n%s", text, err, data)
			continue
		}
		got, _ := again.Entry("odd")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

// TestUnreadableIsNotWritten: what could not be read again is refused before it
// replaces anything.
func TestUnreadableIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	text := written(t)
	writeFile(t, path, text)
	bad := entry("north", "ami-1")
	bad.Image.Provider = ""
	err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error { return f.Put(bad) })
	var f *failure.Error
	if !errors.As(err, &f) || !strings.Contains(strings.Join(f.Details, "\n"), "provider") {
		t.Errorf("got %v", err)
	}
	if got := readFile(t, path); got != text {
		t.Errorf("the lock was replaced:\n%s", got)
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
	other := pack
	other.Select.Region = "eu-west-1"
	changed := []spec.Source{{Name: "x", Type: "packer", Config: map[string]any{"manifest": "n"}}}
	if take(other, sources) == base || take(pack, changed) == base {
		t.Error("what leads to the pick does not change the fingerprint")
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
	file, err := lock.Load(t.Context(), path, lock.FileName)
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
	text := written(t)
	writeFile(t, path, text)
	err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
		f.Remove("east")
		return errors.New("no")
	})
	if got := readFile(t, path); err == nil || got != text {
		t.Errorf("got %v, content changed: %v", err, got != text)
	}
}

// TestOthersChangesAreKept: what appears or changes beside us, by a program that
// takes no turns, is not replaced.
func TestOthersChangesAreKept(t *testing.T) {
	theirs := strings.Replace(written(t), "# Written", "# Theirs", 1)
	for name, before := range map[string]string{"appears": "", "changes": written(t)} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lock.FileName)
			if before != "" {
				writeFile(t, path, before)
			}
			err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error {
				writeFile(t, path, theirs)
				return f.Put(entry("north", "ami-3"))
			})
			if err == nil || readFile(t, path) != theirs {
				t.Errorf("got %v, and the lock is:\n%s", err, readFile(t, path))
			}
		})
	}
}

// TestWrite: one that is there is kept unless it is to be replaced, and what is no
// lock always.
func TestWrite(t *testing.T) {
	for name, test := range map[string]struct {
		before  string
		replace bool
		written bool
	}{
		"new":              {"", false, true},
		"exists":           {"kind: Lock\n", false, false},
		"replaced":         {"kind: Lock\npacks: []\n", true, true},
		"conflict":         {"<<<<<<< HEAD\nkind: Lock\n", true, true},
		"JSON":             {`{"kind":"Lock"}`, true, true},
		"blank":            {"\n", true, true},
		"spec":             {"kind: ImageSet\n", true, false},
		"values":           {"pack:\n  osName: rhel\n", true, false},
		"any file at all":  {"root:x:0:0", true, false},
		"spec with a word": {"kind: ImageSet\n# beside it lies a Lock\n", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lock.FileName)
			if test.before != "" {
				writeFile(t, path, test.before)
			}
			err := lock.Write(t.Context(), path, lock.FileName, []lock.Entry{entry("east", "ami-1")}, test.replace)
			if (err == nil) != test.written {
				t.Fatalf("got %v", err)
			}
			if !test.written && (readFile(t, path) != test.before || errors.Is(err, fs.ErrExist) == test.replace) {
				t.Errorf("got %v, and the file is now:\n%s", err, readFile(t, path))
			}
			if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
				t.Errorf("left beside the lock: %v, %v", files, err)
			}
		})
	}
}

// TestLinks: a lock that is a link is changed where it lies, and takes turns there;
// a link to nothing is an error.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "shared", lock.FileName), filepath.Join(dir, lock.FileName)
	if err := os.Mkdir(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	entries := []lock.Entry{entry("east", "ami-1")}
	put := func(f *lock.File) error { return f.Put(entries[0]) }
	if err := lock.Change(t.Context(), link, lock.FileName, put); err == nil {
		t.Error("a link to nothing is replaced")
	}
	if err := lock.Write(t.Context(), link, lock.FileName, entries, true); err == nil {
		t.Error("a link to nothing is replaced by Write")
	}
	if _, err := lock.Load(t.Context(), link, lock.FileName); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link to nothing is taken for no lock: %v", err)
	}
	writeFile(t, target, written(t))
	for name, change := range map[string]func() error{
		"Change": func() error { return lock.Change(t.Context(), link, lock.FileName, put) },
		"Write":  func() error { return lock.Write(t.Context(), link, lock.FileName, entries, true) },
	} {
		if err := change(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s: the link is replaced: %v", name, err)
		}
		if !strings.Contains(readFile(t, target), "id: ami-1\n") {
			t.Errorf("%s: the target is not changed", name)
		}
	}
}

// TestLineEndsStay: a lock that git checked out with CRLF keeps them.
func TestLineEndsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), lock.FileName)
	windows := strings.ReplaceAll(written(t), "\n", "\r\n")
	writeFile(t, path, windows)
	change := func(id string) string {
		if err := lock.Change(t.Context(), path, lock.FileName, func(f *lock.File) error { return f.Put(entry("west", id)) }); err != nil {
			t.Fatal(err)
		}
		return readFile(t, path)
	}
	if got := change("ami-5"); strings.Count(got, "\n") != strings.Count(got, "\r\n") || !strings.Contains(got, "ami-5") {
		t.Errorf("line ends are mixed: %q", got)
	}
	if got := change("ami-0123456789abcdef2"); got != windows {
		t.Errorf("there and back is not the same:\n%s", cmp.Diff(windows, got))
	}
}

// TestNothingToDo: where no file can be made, a change that changes nothing is none.
func TestNothingToDo(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, lock.FileName)
	text := written(t)
	writeFile(t, path, text)
	// A folder in place of the guard: no guard can be made, whoever runs the test.
	if err := os.Mkdir(filepath.Join(dir, "."+lock.FileName+".guard"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := lock.Change(t.Context(), path, lock.FileName, func(*lock.File) error { return nil }); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	put := func(f *lock.File) error { return f.Put(entry("west", "ami-5")) }
	if err := lock.Change(t.Context(), path, lock.FileName, put); err == nil || readFile(t, path) != text {
		t.Errorf("a change without a guard: %v", err)
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

// FuzzTexts: a lock that was written can be read, whatever its texts are.
func FuzzTexts(f *testing.F) {
	f.Add("a", "b", "c")
	f.Add("\u201cRHEL\u201d", "<<", "a\r\n b")
	f.Fuzz(func(t *testing.T, name, key, value string) {
		if !utf8.ValidString(name + "\x00" + key + "\x00" + value) {
			t.Skip("the protocol has no such text")
		}
		want := entry("pack", "ami-1")
		want.Image.Name, want.Image.Tags = name, map[string]string{key: value}
		file := lock.New()
		if err := file.Put(want); err != nil {
			t.Fatal(err)
		}
		again, err := lock.Parse(lock.FileName, []byte(marshal(t, file)))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := again.Entry("pack")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzParse: no file makes the reader fail other than by an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte("apiVersion: byoos.dev/v1alpha1\nkind: Lock\npacks: [{name: a}]\ncomplete: true\n"))
	f.Add([]byte("<<<<<<< x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := lock.Parse(lock.FileName, data)
		if err != nil {
			return
		}
		if got := marshal(t, file); got != string(data) {
			t.Error("an unchanged lock changes")
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
