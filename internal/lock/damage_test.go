package lock_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
)

func TestDamagedFiles(t *testing.T) {
	sound := written(t)
	edit := func(from, to string) string {
		if !strings.Contains(sound, from) {
			t.Fatalf("%q is not in the lock", from)
		}
		// What is checked is the schema: the digests fit.
		return signed(t, strings.Replace(sound, from, to, 1))
	}
	const begin, noLock = "apiVersion: byoos.dev/v1alpha1\nkind: Lock\n", "byoos.lock:1:1: this is not a lock"
	tests := map[string]struct {
		text, want string
		whole      bool
	}{
		"not yaml":       {"packs: [\n", "byoos.lock:", true},
		"empty":          {"", "byoos.lock:1:1: the", true},
		"no mapping":     {"[a]\n", noLock, true},
		"no kind":        {"packs: []\ncomplete: true\n", noLock, true},
		"no packs":       {begin + "complete: true\n", noLock, true},
		"other kind":     {"apiVersion: byoos.dev/v1alpha1\nkind: ImageSet\npacks: []\ncomplete: true\n", "byoos.lock:2:7", true},
		"later version":  {edit("v1alpha1", "v1beta1"), "byoos.lock:2:13", true},
		"no end":         {edit("complete: true\n", ""), "the last line, complete: true, is missing", true},
		"another end":    {edit("complete: true\n", "complete: false\n"), "complete", true},
		"no list":        {begin + "packs: {}\ncomplete: true\n", "byoos.lock:3:1: packs", true},
		"no entry":       {begin + "packs: [x]\ncomplete: true\n", "byoos.lock:3:9: packs[0]", true},
		"no name":        {edit("name: west", `name: ""`), "packs[1].name", true},
		"name of 5":      {edit("name: west", "name: 5"), "packs[1].name", true},
		"twice":          {edit("name: west", "name: east"), `packs[1]: the pack "east" has two entries`, true},
		"wrong type":     {edit("id: ami-0123456789abcdef1", "id: 5"), "byoos.lock:10:11", false},
		"no id":          {edit("id: ami-0123456789abcdef1", `id: ""`), "byoos.lock:10:7: packs[0].image.id", false},
		"no provider":    {edit("      provider: aws\n", ""), `packs[0].image: the key "provider" is missing`, false},
		"no source":      {edit("      source: golden\n", ""), `packs[0].image: the key "source" is missing`, false},
		"unknown pack":   {edit("pack: generic-byoi", "pack: generic"), "byoos.lock:6:11: packs[0].pack", false},
		"no plugin":      {edit("    plugin:\n      digest: sha256:def\n      type: packer\n      version: 0.1.0\n", ""), `packs[0]: the key "plugin" is missing`, false},
		"no plugin type": {edit("      type: packer\n", ""), `packs[0].plugin: the key "type" is missing`, false},
		"cut digest":     {edit("specDigest: sha256:ab", "specDigest: sha256:"), "byoos.lock:7:17: packs[0].specDigest", false},
		"no time":        {edit(`"2026-10-01T12:00:00Z"`, "yesterday"), "packs[0]: the entry of east cannot be read: parsing time", false},
		"no digest":      {strings.Replace(sound, "\n    digest: sha256:", "\n    other: sha256:", 1), `packs[0]: the key "digest" is missing`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := lock.Parse(lock.FileName, []byte(test.text))
			var f *failure.Error
			if !errors.As(err, &f) || f.Code != failure.ExitUsage || f.Next == "" {
				t.Fatalf("got %v, want a usage error with a next step", err)
			}
			if all := err.Error() + "\n" + strings.Join(f.Details, "\n"); !strings.HasPrefix(all, "byoos.lock is damaged\nbyoos.lock:") || !strings.Contains(all, test.want) {
				t.Errorf("%q lacks %q", all, test.want)
			}
			// An entry is named that update can pick anew.
			if whole := strings.HasPrefix(f.Next, "take the file from version control, or write it anew"); whole != test.whole {
				t.Errorf("next: %s", f.Next)
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

// TestChangeRepairsAMixedEntry: what is put or removed need not be sound, what stays
// must be.
func TestChangeRepairsAMixedEntry(t *testing.T) {
	changeRepairs(t, strings.Replace(written(t), "ami-0123456789abcdef2", "ami-0123456789abcdef3", 1))
}

// TestChangeRepairsAnEntryThatIsNone by the schema, which the file is checked by as well.
func TestChangeRepairsAnEntryThatIsNone(t *testing.T) {
	changeRepairs(t, strings.Replace(written(t), "id: ami-0123456789abcdef2", "id: 5", 1))
}

func changeRepairs(t *testing.T, mixed string) {
	t.Helper()
	for name, test := range map[string]struct {
		change  func(*lock.File) error
		repairs bool
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
			if err := lock.Peek(t.Context(), path, lock.FileName, change); (err == nil) != test.repairs {
				t.Errorf("Peek: %v", err)
			} else if err != nil && err.Error() != "byoos.lock is damaged" {
				t.Errorf("it is damaged, and told as: %v", err)
			}
			err := lock.Change(t.Context(), path, lock.FileName, change)
			if _, loadErr := lock.Load(t.Context(), path, lock.FileName); (err == nil) != test.repairs || (loadErr == nil) != test.repairs {
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
		got, _ := readAgain(t, file).Entry("pack")
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
