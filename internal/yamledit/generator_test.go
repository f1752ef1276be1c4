package yamledit

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"
)

// TestRandomMerges edits random documents with anchors, aliases and merges: either it
// is refused, or what readers see differs by the wanted values only. What << and
// aliases mean is said by the library here, which Edit does not ask.
func TestRandomMerges(t *testing.T) {
	edited, refused := 0, 0
	for seed := range uint64(3000) {
		g := generator{Rand: rand.New(rand.NewPCG(seed, 7))}
		src := []byte(g.document())
		before, ok := seen(src)
		if !ok {
			continue
		}
		if seed%2 == 1 {
			src = inBlocks(t, src)
		}
		ops := []Op{
			own("n"), {Path: images, Item: "image", Value: "c"}, scalar("rhel", "pack", "osName"),
			scalar("u", "options", "system.uri"), {Path: []string{"options", "system.customTag"}, Value: "t", IfPresent: true},
		}
		out, _, err := Edit(src, ops)
		if err != nil {
			if !g.used && !strings.Contains(err.Error(), "is set here and on line") {
				t.Fatalf("%s\n%v", src, err)
			}
			refused++
			continue
		}
		edited++
		after, ok := seen(out)
		if !ok {
			t.Fatalf("%s\nbecame\n%s", src, out)
		}
		had := before["options"]
		if diff := cmp.Diff(others(before), others(after)); diff != "" || !asWanted(after, had) {
			t.Fatalf("seed %d\n%s\nbecame\n%s\n%s", seed, src, out, diff)
		}
	}
	if edited < 1000 || refused < 100 {
		t.Errorf("%d were edited, %d refused", edited, refused)
	}
}

// inBlocks writes a text without flow collections.
func inBlocks(t *testing.T, src []byte) []byte {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil || len(doc.Content) == 0 {
		return src
	}
	var unfold func(n *yaml.Node)
	unfold = func(n *yaml.Node) {
		n.Style = 0
		for _, child := range n.Content {
			unfold(child)
		}
	}
	unfold(&doc)
	out, err := yaml.Marshal(&doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func asWanted(doc map[string]any, had any) bool {
	at := func(data any, keys ...string) any {
		for _, key := range keys {
			m, _ := data.(map[string]any)
			data = m[key]
		}
		return data
	}
	either := func(data any, name string) []any {
		var all []any
		for _, value := range []any{at(data, "system."+name), at(data, "system", name)} {
			if value != nil {
				all = append(all, value)
			}
		}
		return all
	}
	list, _ := at(doc, "pack", "content", "images").([]any)
	found := map[any]bool{}
	for _, item := range list {
		found[at(item, "image")] = true
	}
	tag := either(doc["options"], "customTag")
	return found["n"] && found["c"] && at(doc, "pack", "osName") == "rhel" &&
		reflect.DeepEqual(either(doc["options"], "uri"), []any{"u"}) &&
		(len(either(had, "customTag")) == 0 && len(tag) == 0 || reflect.DeepEqual(tag, []any{"t"}))
}

// others is a document without our values, and without what is empty then.
func others(data any) any { return without(data, "") }

func without(data any, path string) any {
	switch data := data.(type) {
	case map[string]any:
		rest := map[string]any{}
		for key, value := range data {
			switch at := path + "/" + key; at {
			case "/pack/osName", "/options/system.uri", "/options/system/uri", "/options/system.customTag", "/options/system/customTag":
			default:
				if value = without(value, at); value != nil {
					rest[key] = value
				}
			}
		}
		if len(rest) == 0 && path != "" && len(strings.Split(path, "/")) < 4 {
			return nil
		}
		return rest
	case []any:
		rest := []any{}
		for _, item := range data {
			m, _ := item.(map[string]any)
			image, _ := m["image"].(string)
			ours := image == "n" || image == "c" || strings.Contains(image, "system.uri")
			if path != "/pack/content/images" || !ours {
				rest = append(rest, without(item, path+"/-"))
			}
		}
		if len(rest) == 0 && path == "/pack/content/images" {
			return nil
		}
		return rest
	}
	return data
}

// seen is a text as its readers have it; false when they have none.
func seen(src []byte) (map[string]any, bool) {
	data := map[string]any{}
	err := yaml.Unmarshal(src, &data)
	return data, err == nil
}

// generator writes random documents.
type generator struct {
	*rand.Rand
	// anchors by what they stand for.
	mappings, lists, scalars []string
	count                    int
	used                     bool
}

func (g *generator) document() string {
	var text string
	for i := range g.IntN(4) {
		text += fmt.Sprintf("c%d: %s\n", i, g.mapping(3))
	}
	if g.IntN(4) == 0 {
		text += g.merge("\n")
	}
	for _, key := range []string{"pack", "options", "z"} {
		if g.IntN(4) > 0 {
			text += key + ": " + g.mapping(3) + "\n"
		}
	}
	return text
}

// anchored gives a value an anchor, that what comes later may repeat.
func (g *generator) anchored(text string, all *[]string) string {
	if g.IntN(3) > 0 {
		return text
	}
	g.count++
	name := fmt.Sprintf("n%d", g.IntN(8))
	if g.IntN(4) > 0 {
		name = fmt.Sprintf("m%d", g.count)
	}
	for _, other := range []*[]string{&g.mappings, &g.lists, &g.scalars} {
		*other = remove(*other, name)
	}
	*all = append(*all, name)
	return "&" + name + " " + text
}

func remove(all []string, name string) []string {
	var rest []string
	for _, s := range all {
		if s != name {
			rest = append(rest, s)
		}
	}
	return rest
}

func (g *generator) alias(all []string) string {
	if len(all) == 0 || g.IntN(4) > 0 {
		return ""
	}
	g.used = true
	return "*" + all[g.IntN(len(all))]
}

func (g *generator) merge(end string) string {
	alias := g.alias(g.mappings)
	if alias == "" {
		return ""
	}
	if more := g.alias(g.mappings); more != "" {
		alias = "[" + alias + ", " + more + "]"
	}
	return "<<: " + alias + end
}

func (g *generator) mapping(depth int) string {
	if alias := g.alias(g.mappings); alias != "" {
		return alias
	}
	var pairs []string
	if merge := g.merge(""); merge != "" {
		pairs = append(pairs, merge)
	}
	for _, i := range g.Perm(len(generated))[:g.IntN(5)] {
		if key := generated[i]; depth > 0 {
			pairs = append(pairs, key+": "+g.value(key, depth-1))
		}
	}
	return g.anchored("{"+strings.Join(pairs, ", ")+"}", &g.mappings)
}

func (g *generator) value(key string, depth int) string {
	switch key {
	case "images":
		if alias := g.alias(g.lists); alias != "" {
			return alias
		}
		var items []string
		for range g.IntN(3) {
			if alias := g.alias(g.mappings); alias != "" {
				items = append(items, alias)
				continue
			}
			items = append(items, g.anchored("{"+g.merge(", ")+"image: "+[]string{"a", "system.uri", "n"}[g.IntN(3)]+"}", &g.mappings))
		}
		return g.anchored("["+strings.Join(items, ", ")+"]", &g.lists)
	case "pack", "content", "options", "system":
		return g.mapping(depth)
	}
	if alias := g.alias(g.scalars); alias != "" {
		return alias
	}
	return g.anchored([]string{"a", "rhel", "u", "~"}[g.IntN(4)], &g.scalars)
}
