package lock_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

const empty = "# Written by kubectl byoos. Commit it; `kubectl byoos update` moves it.\n" +
	"apiVersion: byoos.dev/v1alpha1\nkind: Lock\npacks: []\ncomplete: true\n"

const ofOne = `# Written by kubectl byoos. Commit it; ` + "`kubectl byoos update`" + ` moves it.
apiVersion: byoos.dev/v1alpha1
kind: Lock
packs:
  - name: east
    pack: generic-byoi
    specDigest: sha256:abababababababababababababababababababababababababababababababab
    image:
      createdAt: "2026-10-01T12:00:00Z"
      id: ami-1
      name: golden ~ a
      os:
        name: rhel
        version: "8"
      provenance:
        os.name:
          from: tag
          key: distribution
      provider: aws
      reference:
        kind: packer-run-uuid
        value: 1-2-3
      region: us-east-1
      source: golden
      state: available
      tags:
        "<<": <a&b>
        "näme": "“x”"
    plugin:
      digest: sha256:def
      type: packer
      version: 0.1.0
    digest: sha256:8b22e245db84cd6425df4753cde71af7b677cd7e9bc683d6318020c8f164d0f6
complete: true
`

// TestForm: what is written is the same in every version, or reviews are full of it and
// other versions take entries for damaged.
func TestForm(t *testing.T) {
	file := lock.New()
	if got := marshal(t, file); got != empty {
		t.Error(cmp.Diff(empty, got))
	}
	e := entry("east", "ami-1")
	e.Image.Name, e.Image.Tags = "golden ~ a", map[string]string{"<<": "<a&b>", "n\u00e4me": "\u201cx\u201d"}
	if err := file.Put(e); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := marshal(t, file); got != ofOne {
			t.Error(cmp.Diff(ofOne, got))
		}
		file = readAgain(t, file)
	}
	file.Remove("east")
	if got := marshal(t, file); got != empty {
		t.Errorf("without its entry: %s", cmp.Diff(empty, got))
	}
}

// TestCommentsOfAnEntryStay: what a reviewer writes is of the pack, and not of
// the image.
func TestCommentsOfAnEntryStay(t *testing.T) {
	text := strings.Replace(written(t), "  - name: east", "  # The first.\n  - name: east", 1)
	text = strings.Replace(text, "complete:", "# The end.\n\ncomplete:", 1)
	file, err := lock.Parse(lock.FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []lock.Entry{entry("east", "ami-5"), entry("west", "ami-5"), entry("east", "ami-0123456789abcdef1"), entry("west", "ami-0123456789abcdef2")} {
		if err := file.Put(e); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(text, marshal(t, file)); diff != "" {
		t.Errorf("there and back is not the same:\n%s", diff)
	}
}

// TestEndIsLast: what tells that a lock was cut is below all else, wherever it was found.
func TestEndIsLast(t *testing.T) {
	file, err := lock.Parse(lock.FileName, []byte(strings.Replace(empty, "packs: []\ncomplete: true\n", "complete: true\npacks: []\nlater: 1\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	file.Remove("nobody")
	if got, want := marshal(t, file), strings.Replace(empty, "complete:", "later: 1\ncomplete:", 1); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// TestOtherForms: a file that people wrote by aliases is read, and not rewritten where
// that would change what they stand for.
func TestOtherForms(t *testing.T) {
	for name, text := range map[string]string{
		"an alias": strings.Replace(empty, "packs: []", "all: &all []\npacks: *all", 1),
		"a merge":  strings.Replace(empty, "packs: []", "<<: {packs: []}", 1),
	} {
		file, err := lock.Parse("my.lock", []byte(text))
		if err != nil || marshal(t, file) != text {
			t.Fatalf("%s: %v", name, err)
		}
		if err := file.Put(entry("east", "ami-1")); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Marshal(); err == nil || err.Error() != "cannot encode my.lock: its packs are not written as a list" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatCannotBeLocked says so before anything is written.
func TestWhatCannotBeLocked(t *testing.T) {
	late := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	e := entry("east", "ami-1")
	e.Image.CreatedAt = &late
	file := lock.New()
	if err := file.Put(e); err == nil || !strings.HasPrefix(err.Error(), "cannot encode the lock entry of east: ") || len(file.Names()) > 0 {
		t.Errorf("%v, %q", err, file.Names())
	}
	e = entry("east", "ami-1")
	e.Image.Provider = ""
	if err := file.Put(e); err != nil {
		t.Fatal(err)
	}
	_, err := file.Marshal()
	want := &failure.Error{
		Code: failure.ExitFailure, Summary: "byoos.lock is not written: it could not be read again",
		Details: []string{"byoos.lock:18:7: packs[0].image.provider: must not be empty: give it a value or remove the key"},
		Next:    "report this with the lines above; another image, by packs[].select, may do meanwhile",
	}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
	_, err = lock.Fingerprint(spec.Pack{Name: "a"}, []spec.Source{{Config: map[string]any{"a": math.NaN()}}})
	if err == nil || !strings.HasPrefix(err.Error(), "cannot take the digest of pack a: ") {
		t.Errorf("%v", err)
	}
}

// TestEntriesOfNobody: a pack without an entry has none that is damaged.
func TestEntriesOfNobody(t *testing.T) {
	file := lock.New()
	if e, ok := file.Entry("a"); ok || file.Damaged("a") || e.Image.ID != "" {
		t.Errorf("%+v, %v, %v", e, ok, file.Damaged("a"))
	}
	if err := file.Put(entry("a", "ami-1")); err != nil {
		t.Fatal(err)
	}
	if e, ok := file.Entry("a"); !ok || file.Damaged("a") || e.Image.State != image.Available {
		t.Errorf("%+v, %v, %v", e, ok, file.Damaged("a"))
	}
}

// TestConflicts: git's marks are told with their line, and what is like them is none.
func TestConflicts(t *testing.T) {
	for text, line := range map[string]string{
		"a: b\n<<<<<<< HEAD\n":           "byoos.lock:2: ",
		"a: b\r\nc: d\r\n=======\r\n":    "byoos.lock:3: ",
		"=======":                        "byoos.lock:1: ",
		">>>>>>> their branch\n":         "byoos.lock:1: ",
		"# <<<<<<< HEAD\n":               "",
		"========\n":                     "",
		"======= \n":                     "",
		"a:\n  b: |\n    <<<<<<< HEAD\n": "",
	} {
		_, err := lock.Parse(lock.FileName, []byte(text))
		var f *failure.Error
		if !errors.As(err, &f) || f.Code != failure.ExitUsage {
			t.Fatalf("%q: %v", text, err)
		}
		told := err.Error() == line+"a merge conflict is not resolved" && strings.HasPrefix(f.Next, "take either side")
		if told != (line != "") || !told && (err.Error() != "byoos.lock is damaged" || !strings.HasPrefix(f.Next, "take the file from version control, or write")) {
			t.Errorf("%q: %v; %s", text, err, f.Next)
		}
	}
}
