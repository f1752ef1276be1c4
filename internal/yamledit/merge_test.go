package yamledit

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// TestMerges: a value is set as the readers of the text see it, through aliases and <<.
func TestMerges(t *testing.T) {
	name := scalar("rhel", "pack", "osName")
	uri := scalar("n/x:2", "options", "system.uri")
	tag := Op{Path: []string{"options", "system.customTag"}, Value: "", IfPresent: true}
	item := Op{Path: images, Item: "image", Value: "n"}
	for _, tt := range []struct {
		name, in string
		ops      []Op
		// want is the result, or with at its error.
		want, at string
	}{
		{"top", "c: &c {pack: {drain: true}}\n<<: *c\n", []Op{name}, "pack.osName cannot be set here: << merges what it is part of from elsewhere", "2:1"},
		{"top, right", "c: &c {pack: {drain: true, osName: rhel}}\n<<: *c\n", []Op{name}, "c: &c {pack: {drain: true, osName: rhel}}\n<<: *c\n", ""},
		{"top, without pack", "c: &c {x: 1}\n<<: *c\n", []Op{name}, "c: &c {x: 1}\n<<: *c\npack:\n  osName: \"rhel\"\n", ""},
		{"top, own pack", "c: &c {pack: {drain: true}}\n<<: *c\npack: {a: 1}\n", []Op{name}, "c: &c {pack: {drain: true}}\n<<: *c\npack: {a: 1, osName: \"rhel\"}\n", ""},
		{"value", "c: &c {osName: sles}\npack: {<<: *c}\n", []Op{name}, "c: &c {osName: sles}\npack: {<<: *c, osName: \"rhel\"}\n", ""},
		{"value, right", "c: &c {osName: rhel}\npack: {<<: *c}\n", []Op{name}, "c: &c {osName: rhel}\npack: {<<: *c}\n", ""},
		{"null value", "c: &c {osName: }\npack: {<<: *c}\n", []Op{name}, "c: &c {osName: }\npack: {<<: *c, osName: \"rhel\"}\n", ""},
		{"mapping", "c: &c {osName: {}}\npack: {<<: *c}\n", []Op{name}, "is a mapping, not a single value", "1:16"},
		{"list", "c: &c {content: {images: [b]}}\npack: {<<: *c}\n", []Op{item}, "pack.content.images cannot be set here: << merges", "2:8"},
		{"list of an alias", "c: &c [b]\npack: {content: {images: *c}}\n", []Op{item}, "pack.content.images cannot be set here: *c stands for", "2:26"},
		{"list, right", "c: &c [{image: n}]\npack: {content: {images: *c}}\n", []Op{item}, "c: &c [{image: n}]\npack: {content: {images: *c}}\n", ""},
		{"list that an alias repeats", "pack: {content: {images: &c [b]}}\nc: *c\n", []Op{item}, "&c is repeated elsewhere", "1:26"},
		{"list merged into others", "pack: {content: &c {images: [b]}}\nc: {<<: *c}\n", []Op{item}, "&c is repeated elsewhere", "1:17"},
		{"item, right", "c: &c {image: n}\npack: {content: {images: [{<<: *c}]}}\n", []Op{item}, "c: &c {image: n}\npack: {content: {images: [{<<: *c}]}}\n", ""},
		{"item of an alias", "c: &c {image: system.uri}\npack: {content: {images: [*c]}}\n", []Op{own("n")}, "*c stands for values", "2:27"},
		{"item merged", "c: &c {image: system.uri}\npack: {content: {images: [{<<: *c}]}}\n", []Op{own("n")}, "<< merges what", "2:28"},
		{"item beside an alias", "c: &c {image: b}\npack: {content: {images: [*c]}}\n", []Op{own("n")}, "c: &c {image: b}\npack: {content: {images: [{image: \"n\"}, *c]}}\n", ""},
		{"nested", "o: &o {system: {uri: old, registry: r}}\noptions: {<<: *o}\n", []Op{uri}, "options.system.uri cannot be set here: << merges", "2:11"},
		{"nested, own", "o: &o {uri: old}\noptions: {system: {<<: *o}}\n", []Op{uri}, "o: &o {uri: old}\noptions: {system: {<<: *o, uri: \"n/x:2\"}}\n", ""},
		{"nested and dotted", "o: &o {system: {uri: old}}\noptions: {<<: *o, system.uri: x}\n", []Op{uri}, "options.system.uri is set here and on line", "2:31"},
		{"dotted", "o: &o {system.uri: old, system.customTag: old}\noptions:\n  <<: *o\n  z: 1\n", []Op{uri, tag}, "o: &o {system.uri: old, system.customTag: old}\noptions:\n  <<: *o\n  z: 1\n  system.uri: \"n/x:2\"\n  system.customTag: \"\"\n", ""},
		{"kept, not there", "o: &o {a: old}\noptions: {<<: *o, system.uri: n/x:2}\n", []Op{uri, tag}, "o: &o {a: old}\noptions: {<<: *o, system.uri: n/x:2}\n", ""},
		{"first of several", "a: &a {osName: rhel}\nb: &b {osName: x}\npack: {<<: [*a, *b]}\n", []Op{name}, "a: &a {osName: rhel}\nb: &b {osName: x}\npack: {<<: [*a, *b]}\n", ""},
		{"merged by a merge", "a: &a {osName: rhel}\nb: &b {<<: *a, x: 1}\npack: {<<: [*b]}\n", []Op{name}, "a: &a {osName: rhel}\nb: &b {<<: *a, x: 1}\npack: {<<: [*b]}\n", ""},
		{"inline", "pack: {<<: {content: {x: 1}}}\n", []Op{item}, "<< merges", "1:8"},
		{"a key that is no merge", "pack: {\"<<\": {osName: x}}\n", []Op{name}, "pack: {\"<<\": {osName: x}, osName: \"rhel\"}\n", ""},
		{"alias, right", "c: &c {osName: rhel}\npack: *c\n", []Op{name}, "c: &c {osName: rhel}\npack: *c\n", ""},
		{"key of an alias", "k: &k osName\npack: {*k : x}\n", []Op{name}, "k: &k osName\npack: {*k : rhel}\n", ""},
		{"key with a tag", "pack: {!x osName: a}\n", []Op{name}, "pack: {!x osName: rhel}\n", ""},
		{"not a number", "x: .nan\n.nan: 1\npack: {}\n", []Op{name}, "x: .nan\n.nan: 1\npack: {osName: \"rhel\"}\n", ""},
		{"in itself", "pack: &p {a: *p}\n", []Op{name}, "&p holds an alias of itself", "1:7"},
		{"key twice for readers", "pack: {a: 1}\nx: {!x a: 1, a: 2}\n", []Op{name}, "this key is there already", "2:14"},
		{"key twice by an alias", "k: &k osName\npack: {*k : a, osName: b}\n", []Op{name}, "this key is there already", "2:16"},
		{"merge of a value", "pack: {<<: 1}\n", []Op{name}, "<< merges a value, which is no mapping", "1:12"},
		{"merge twice", "a: &a {x: 1}\npack: {<<: *a, <<: *a}\n", []Op{name}, "this mapping has << twice", "2:16"},
		{"macros without quotes", "x: &x {{.spectro.var.a}}\ny: [{{.spectro.var.a}}, {? [*x, b] : *x}]\npack: {}\n", []Op{name}, "x: &x {{.spectro.var.a}}\ny: [{{.spectro.var.a}}, {? [*x, b] : *x}]\npack: {osName: \"rhel\"}\n", ""},
		{"in many places", nested(40), []Op{name}, nested(40) + "pack:\n  osName: \"rhel\"\n", ""},
		{"merged in many places", layers(40), []Op{name}, layers(40) + "pack:\n  osName: \"rhel\"\n", ""},
		{"merged too often", often(1001), []Op{name}, "<< merges too many values", "1002:7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := Edit([]byte(tt.in), tt.ops)
			if tt.at == "" {
				if diff := cmp.Diff(tt.want, string(got)); err != nil || diff != "" {
					t.Errorf("%v, -want +got\n%s", err, diff)
				}
				return
			}
			refused, ok := err.(*yamldoc.Problem) //nolint:errorlint // as it is returned
			if !ok || got != nil {
				t.Fatalf("Edit = %q, %v", got, err)
			}
			if at := fmt.Sprintf("%d:%d", refused.Line, refused.Column); at != tt.at || !strings.Contains(refused.Message, tt.want) || refused.Suggestion == "" {
				t.Errorf("%s: %s (%s)", at, refused.Message, refused.Suggestion)
			}
		})
	}
}

// TestEditIsProven: a result is refused when readers see anything but the wanted values change,
// whatever wrote it.
func TestEditIsProven(t *testing.T) {
	item := Op{Path: images, Item: "image", Value: "n"}
	name := scalar("rhel", "pack", "osName")
	for _, tt := range []struct {
		name, before, after string
		op                  Op
		good                bool
	}{
		{"as wanted", "pack: {a: 1}\n", "pack: {a: 1, osName: rhel}\n", name, true},
		{"merges written out", "c: &c {a: 1}\npack: {<<: *c}\n", "c: &c {a: 1}\npack: {a: 1, osName: rhel}\n", name, true},
		{"another value", "pack: {a: 1}\n", "pack: {a: 2, osName: rhel}\n", name, false},
		{"another type", "pack: {a: 1}\n", "pack: {a: '1', osName: rhel}\n", name, false},
		{"a hidden mapping", "c: &c {pack: {a: 1}}\n<<: *c\n", "c: &c {pack: {a: 1}}\n<<: *c\npack: {osName: rhel}\n", name, false},
		{"a hidden list", "c: &c {content: {images: [b]}}\npack: {<<: *c}\n", "c: &c {content: {images: [b]}}\npack: {<<: *c, content: {images: [{image: n}]}}\n", item, false},
		{"what another merges", "pack: &p {a: 1}\nb: {<<: *p}\n", "pack: &p {a: 1, osName: rhel}\nb: {<<: *p}\n", name, false},
		{"what readers refuse", "pack: {a: 1}\n", "pack: {a: 1, <<: b, osName: rhel}\n", name, false},
		{"not JSON any more", "{\"pack\": {}}\n", "{\"pack\": {osName: rhel}}\n", name, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, err := Parse([]byte(tt.before))
			if err != nil {
				t.Fatal(err)
			}
			after, err := Parse([]byte(tt.after))
			if err != nil {
				t.Fatal(err)
			}
			data, err := before.effective()
			if err != nil {
				t.Fatal(err)
			}
			err = before.prove(after, data, []applied{{op: tt.op}}, []Op{tt.op})
			if (err == nil) != tt.good {
				t.Errorf("%v", err)
			}
			if unset := before.prove(before, data, nil, []Op{tt.op}); unset == nil {
				t.Error("what lacks the value is good")
			}
		})
	}
}

// nested is a text of few lines that aliases make long.
func nested(lines int) string { return repeated(lines, "a%d: &a%d [*a%d, *a%d]\n") }

// layers is one that merges make long for who goes through all of them.
func layers(lines int) string { return repeated(lines, "a%d: &a%d {<<: [*a%d, *a%d]}\n") }

func repeated(lines int, form string) string {
	text := "a0: &a0 {x: 1}\n"
	for i := range lines {
		text += fmt.Sprintf(form, i+1, i+1, i, i)
	}
	return text
}

// often merges a mapping of many keys into as many others.
func often(n int) string {
	var text strings.Builder
	text.WriteString("b: &b {")
	for i := range n {
		fmt.Fprintf(&text, "k%d: 1, ", i)
	}
	text.WriteString("}\nx:\n")
	for range n {
		text.WriteString("- <<: *b\n")
	}
	return text.String()
}

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

var generated = []string{"pack", "content", "images", "osName", "options", "system", "uri", "system.uri", "system.customTag", "x"}

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
