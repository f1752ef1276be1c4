package lint

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	goccy "github.com/goccy/go-yaml"
	yaml "go.yaml.in/yaml/v3"
)

var (
	documentCount = flag.Int("documents", 400, "how many random documents are linted")
	documentSeed  = flag.Uint64("seed", 1, "seed of the random documents")
)

// TestGeneratedDocuments lints random YAML in every style. Without a mistake there
// is no error, and --fix changes no byte. With mistakes --fix changes these and no
// other byte, a second YAML reader reads the same but for them, and there is
// nothing left to fix.
func TestGeneratedDocuments(t *testing.T) {
	both := 0
	for i := range *documentCount {
		seed := *documentSeed + uint64(i)
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), planted: i%2 == 1}
		text := g.document()
		if !g.check(t, seed, text) {
			t.Fatalf("seed %d:\n%s", seed, text)
		}
		if g.second {
			both++
		}
	}
	t.Logf("%d of %d documents were read by both libraries", both, *documentCount)
	if both < *documentCount/2 {
		t.Errorf("a second reader took only %d of %d documents", both, *documentCount)
	}
}

// repaired is what --fix has to make of the planted mistakes.
var repaired = strings.NewReplacer("kunernetes", "kubernetes", "“pl", `"pl`, "lp”", `lp"`, "‘pl", "'pl", "lp’", "lp'", "osNmae", "osName")

func (g *generator) check(t *testing.T, seed uint64, text string) bool {
	t.Helper()
	before, err := readWith(yaml.Unmarshal, text)
	if err != nil {
		t.Logf("seed %d: %v", seed, err)
		return true
	}
	in := Input{Data: []byte(text), Name: "v.yaml"}
	ok := true
	for round := range maxRounds {
		result := lintOnce(t, in)
		for _, f := range result.Findings {
			if f.Severity == Error && (!g.planted || round > 0 && f.Fixable && round == maxRounds-1 || !f.Fixable) {
				t.Errorf("%d:%d %s: %s", f.Line, f.Column, f.Rule, f.Message)
				ok = false
			}
		}
		if string(result.Text) == string(in.Data) {
			break
		}
		in.Data = result.Text
	}
	want := text
	if g.planted {
		want = repaired.Replace(text)
	}
	if string(in.Data) != want {
		t.Errorf("fixed:\n%s", in.Data)
		return false
	}
	after, err := readWith(yaml.Unmarshal, string(in.Data))
	if err != nil || !reflect.DeepEqual(after, repair(before)) {
		t.Errorf("read after the fix: %#v, %v", after, err)
		return false
	}
	other, err := readWith(second, text)
	if g.second = err == nil && reflect.DeepEqual(loose(other), loose(before)); !g.second {
		return ok
	}
	other, err = readWith(second, string(in.Data))
	if err != nil || !reflect.DeepEqual(loose(other), loose(repair(before))) {
		t.Errorf("the second reader read %#v, %v after the fix", other, err)
		return false
	}
	return ok
}

func readWith(unmarshal func([]byte, any) error, text string) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if unmarshalErr := unmarshal([]byte(strings.Replace(text, "%YAML 1.2", "%YAML 1.1", 1)), &out); unmarshalErr != nil {
		return nil, unmarshalErr
	}
	return shape(out), nil
}

func second(data []byte, v any) error { return goccy.Unmarshal(data, v) }

// loose forgets white space, as the second reader folds some line ends in quotes
// another way.
func loose(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, value := range v {
			m[strings.Join(strings.Fields(k), " ")] = loose(value)
		}
		return m
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, loose(item))
		}
		return list
	case string:
		return strings.Join(strings.Fields(v), " ")
	}
	return v
}

// shape evens out the types of the libraries.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, value := range v {
			m[k] = shape(value)
		}
		return m
	case map[any]any:
		m := map[string]any{}
		for k, value := range v {
			m[fmt.Sprint(k)] = shape(value)
		}
		return m
	case []any:
		for i := range v {
			v[i] = shape(v[i])
		}
		return v
	case nil:
		return nil
	}
	return fmt.Sprint(v)
}

// repair takes the planted mistakes out of data, where they are no text any more.
func repair(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, value := range v {
			m[repair(k).(string)] = repair(value)
		}
		return m
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, repair(item))
		}
		return list
	case string:
		v = strings.NewReplacer("kunernetes", "kubernetes", "osNmae", "osName").Replace(v)
		for _, q := range []string{"“”", "‘’"} {
			r := []rune(q)
			if strings.HasPrefix(v, string(r[0])+"pl") && strings.HasSuffix(v, "lp"+string(r[1])) {
				return strings.Trim(v, q)
			}
		}
		return v
	}
	return v
}
