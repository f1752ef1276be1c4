package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

func wanted(value string) []Op {
	return []Op{
		own("{{.spectro.pack.edge-native-byoi.options.system.uri}}"),
		scalar(value, "pack", "osName"),
		scalar("8", "pack", "osVersion"),
		scalar(value, "options", "system.uri"),
		{Path: []string{"options", "system.customTag"}, Value: value, IfPresent: true},
	}
}

// FuzzEdit edits any text: it is refused, or the wanted values are there, all
// other data is as it was for two YAML libraries, and a second edit changes
// nothing.
func FuzzEdit(f *testing.F) {
	for _, seed := range []string{
		"pack:\n  osName: sles # c\noptions:\n  system.uri: 'x'\n",
		"pack: {content: {images: [{image: a}, b]}, osName: &n 1}\nx: [*n]\n",
		"\ufeffpack:\r\n  content:\r\n    images:\r\n    - image: ‘{{ .system.uri }}’\r\n",
		"a: |+\n  t\n\npack:\n  osVersion: >2-\n      x\n     y\noptions: {system: {uri: }}\n",
		"? pack\n: ? osName\n  : x\n...\n", "pack: ~\noptions: null\n", "- a\n", "{a, b: {c}}", "pack:\n  <<: &a {osName: x}\n",
		"pack: !!map\n  osName: !!int 8\n",
	} {
		f.Add([]byte(seed), "rhel")
		f.Add([]byte(seed), "it's: \"#\u00a0é\U0001f600\\ \n")
	}
	f.Fuzz(func(t *testing.T, src []byte, value string) {
		if !utf8.ValidString(value) || strings.ContainsRune(value, utf8.RuneError) {
			return
		}
		ops := wanted(value)
		out, changes, err := Edit(bytes.Clone(src), ops)
		if err != nil {
			var refused *yamldoc.Problem
			if !errors.As(err, &refused) || out != nil {
				t.Fatalf("%T %v, %q", err, err, out)
			}
			return
		}
		checkEdit(t, src, out, changes, ops)
	})
}

func checkEdit(t *testing.T, src, out []byte, changes []Change, ops []Op) {
	t.Helper()
	if len(changes) == 0 && !bytes.Equal(src, out) {
		t.Fatalf("no change reported, but %q became %q", src, out)
	}
	doc, err := Parse(out)
	if err != nil {
		t.Fatalf("%q became %q: %v", src, out, err)
	}
	for _, op := range ops {
		if n := doc.valueOf(op); n == nil && !op.IfPresent || n != nil && !op.same(n) {
			t.Fatalf("%v is not set: %q became %q", op.Path, src, out)
		}
	}
	again, more, err := Edit(out, ops)
	if err != nil || len(more) > 0 || !bytes.Equal(out, again) {
		t.Fatalf("second edit of %q: %+v, %q, %v", out, more, again, err)
	}
	if !agreeOn(src) {
		return // the libraries differ on the input already
	}
	if diff, ok := bothRead(out); !ok {
		t.Fatalf("the libraries agree on %q, but on %q they differ: %s", src, out, diff)
	}
}

// agreeOn tells whether the libraries read the same from a text, and also when
// it has one key more, where it can have one.
func agreeOn(src []byte) bool {
	// YAML 1.1 breaks lines at these, YAML 1.2 does not; each library follows its
	// own version.
	if bytes.ContainsAny(src, "\u0085\u2028\u2029") {
		return false
	}
	if _, ok := bothRead(src); !ok && len(src) > 0 {
		return false
	}
	more := append(bytes.Clone(src), []byte("\nzzz: 1\n")...)
	if _, err := read(more, yaml.Unmarshal); err != nil {
		return true
	}
	_, ok := bothRead(more)
	return ok
}

// bothRead tells whether two libraries read the same data from a text.
func bothRead(src []byte) (string, bool) {
	a, errA := read(src, yaml.Unmarshal)
	b, errB := read(src, func(data []byte, v any) error { return goccy.Unmarshal(data, v) })
	if errA != nil || errB != nil {
		return fmt.Sprint(errA, errB), false
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Sprintf("%#v %#v", a, b), false
	}
	return "", true
}

func read(src []byte, unmarshal func([]byte, any) error) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	err = unmarshal(src, &out)
	return normal(out), err
}

// normal evens out the number types and map types of the libraries.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
		return v
	case map[any]any:
		m := map[string]any{}
		for k := range v {
			m[fmt.Sprint(k)] = normal(v[k])
		}
		return m
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
		return v
	case string, nil:
		return v
	}
	return fmt.Sprint(v)
}

// TestHostileValues writes values made of everything that means something in
// YAML into every kind of place, with fixed seeds.
func TestHostileValues(t *testing.T) {
	pieces := []string{
		"'", "\"", "\\", "#", " #", ": ", ":", "- ", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "?", "~",
		"\n", "\r\n", "\t", " ", "\u00a0", "\u0085", "\u2028", "\ufeff", "é", "😀", "\x00", "\x1b", "\x7f", "null", "true", "0x1F", "1e3",
		"24.10", "8", "2024-01-01", "<<", "=", "---", "...", "${x}", "%{if}", "{{ .spectro.system.x }}", "NA", "ami-1",
	}
	places := []string{
		"", "# c", "pack:\n  osName: x # c\n", "pack: {osName: 'x', a: [b]} # c\n", "pack:\n  osName: |\n    x\n    y\n  z: 1\n",
		"pack:\r\n  osName: \"x\r\n    y\" # c\r\noptions:\r\n  system.uri:\r\n", "pack:\n  osName:\noptions: {}",
		"a:\n- b: >-\n    c\npack:\n    osName: &x x\n", "pack:\n  osName: x\n  system.uri: y\noptions:\n  system.customTag: ''",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 1500 {
		var value strings.Builder
		for range random.IntN(5) {
			value.WriteString(pieces[random.IntN(len(pieces))])
		}
		src := []byte(places[i%len(places)])
		ops := wanted(value.String())
		out, changes, err := Edit(src, ops)
		if err != nil {
			t.Fatalf("%q in %q: %v", value.String(), src, err)
		}
		checkEdit(t, src, out, changes, ops)
	}
}

func TestQuoteReadsBack(t *testing.T) {
	for r := rune(1); r < 0x10002; r++ {
		if r == 0x3100 {
			r = 0xfffd
		}
		text := "a" + string(r) + "b"
		for name, unmarshal := range map[string]func([]byte, any) error{
			"yaml":  yaml.Unmarshal,
			"goccy": func(data []byte, v any) error { return goccy.Unmarshal(data, v) },
		} {
			var got string
			if err := unmarshal([]byte(Quote(text)), &got); err != nil || got != text {
				t.Fatalf("%s: %U: %q, %v", name, r, got, err)
			}
		}
	}
}
