package yamledit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"
)

// TestMerges: a value is set as the readers of the text see it, through aliases and <<.
// mergeCase is a text and its edit; want is the result, or with at its error.
type mergeCase struct {
	name, in string
	ops      []Op
	want, at string
}

func checkMerges(t *testing.T, tests []mergeCase) {
	t.Helper()
	for _, tt := range tests {
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

func TestMerges(t *testing.T) {
	name := osName()
	uri := scalar("n/x:2", "options", "system.uri")
	tag := Op{Path: []string{"options", "system.customTag"}, Value: "", IfPresent: true}
	item := Op{Path: images, Item: "image", Value: "n"}
	checkMerges(t, []mergeCase{
		{"top", "c: &c {pack: {drain: true}}\n<<: *c\n", []Op{name}, "pack.osName cannot be set here: << merges what it is part of from elsewhere", "2:1"},
		{"top, right", "c: &c {pack: {drain: true, osName: rhel}}\n<<: *c\n", []Op{name}, "c: &c {pack: {drain: true, osName: rhel}}\n<<: *c\n", ""},
		{"top, without pack", "c: &c {x: 1}\n<<: *c\n", []Op{name}, "c: &c {x: 1}\n<<: *c\npack:\n  osName: \"rhel\"\n", ""},
		{"top, own pack", "c: &c {pack: {drain: true}}\n<<: *c\npack: {a: 1}\n", []Op{name}, "c: &c {pack: {drain: true}}\n<<: *c\npack: {a: 1, osName: \"rhel\"}\n", ""},
		{"value", "c: &c {osName: sles}\npack: {<<: *c}\n", []Op{name}, "c: &c {osName: sles}\npack: {<<: *c, osName: \"rhel\"}\n", ""},
		{"value, right", "c: &c {osName: rhel}\npack: {<<: *c}\n", []Op{name}, "c: &c {osName: rhel}\npack: {<<: *c}\n", ""},
		{"null value", "c: &c {osName: }\npack: {<<: *c}\n", []Op{name}, "c: &c {osName: }\npack: {<<: *c, osName: \"rhel\"}\n", ""},
		{"mapping", "c: &c {osName: {}}\npack: {<<: *c}\n", []Op{name}, "is a mapping, not a single value", "1:16"},
		{"nested", "o: &o {system: {uri: old, registry: r}}\noptions: {<<: *o}\n", []Op{uri}, "options.system.uri cannot be set here: << merges", "2:11"},
		{"nested, own", "o: &o {uri: old}\noptions: {system: {<<: *o}}\n", []Op{uri}, "o: &o {uri: old}\noptions: {system: {<<: *o, uri: \"n/x:2\"}}\n", ""},
		{"nested and dotted", "o: &o {system: {uri: old}}\noptions: {<<: *o, system.uri: x}\n", []Op{uri}, "options.system.uri is set here and on line", "2:31"},
		{"dotted", "o: &o {system.uri: old, system.customTag: old}\noptions:\n  <<: *o\n  z: 1\n", []Op{uri, tag}, "o: &o {system.uri: old, system.customTag: old}\noptions:\n  <<: *o\n  z: 1\n  system.uri: \"n/x:2\"\n  system.customTag: \"\"\n", ""},
		{"kept, not there", "o: &o {a: old}\noptions: {<<: *o, system.uri: n/x:2}\n", []Op{uri, tag}, "o: &o {a: old}\noptions: {<<: *o, system.uri: n/x:2}\n", ""},
		{"first of several", "a: &a {osName: rhel}\nb: &b {osName: x}\npack: {<<: [*a, *b]}\n", []Op{name}, "a: &a {osName: rhel}\nb: &b {osName: x}\npack: {<<: [*a, *b]}\n", ""},
		{"merged by a merge", "a: &a {osName: rhel}\nb: &b {<<: *a, x: 1}\npack: {<<: [*b]}\n", []Op{name}, "a: &a {osName: rhel}\nb: &b {<<: *a, x: 1}\npack: {<<: [*b]}\n", ""},
		{"inline", "pack: {<<: {content: {x: 1}}}\n", []Op{item}, "<< merges", "1:8"},
		{"a key that is no merge", "pack: {\"<<\": {osName: x}}\n", []Op{name}, "pack: {\"<<\": {osName: x}, osName: \"rhel\"}\n", ""},
	})
}

func TestMergesInLists(t *testing.T) {
	item := Op{Path: images, Item: "image", Value: "n"}
	checkMerges(t, []mergeCase{
		{"list", "c: &c {content: {images: [b]}}\npack: {<<: *c}\n", []Op{item}, "pack.content.images cannot be set here: << merges", "2:8"},
		{"list of an alias", "c: &c [b]\npack: {content: {images: *c}}\n", []Op{item}, "pack.content.images cannot be set here: *c stands for", "2:26"},
		{"list, right", "c: &c [{image: n}]\npack: {content: {images: *c}}\n", []Op{item}, "c: &c [{image: n}]\npack: {content: {images: *c}}\n", ""},
		{"list that an alias repeats", "pack: {content: {images: &c [b]}}\nc: *c\n", []Op{item}, "&c is repeated elsewhere", "1:26"},
		{"list merged into others", "pack: {content: &c {images: [b]}}\nc: {<<: *c}\n", []Op{item}, "&c is repeated elsewhere", "1:17"},
		{"item, right", "c: &c {image: n}\npack: {content: {images: [{<<: *c}]}}\n", []Op{item}, "c: &c {image: n}\npack: {content: {images: [{<<: *c}]}}\n", ""},
		{"item of an alias", "c: &c {image: system.uri}\npack: {content: {images: [*c]}}\n", []Op{own("n")}, "*c stands for values", "2:27"},
		{"item merged", "c: &c {image: system.uri}\npack: {content: {images: [{<<: *c}]}}\n", []Op{own("n")}, "<< merges what", "2:28"},
		{"item beside an alias", "c: &c {image: b}\npack: {content: {images: [*c]}}\n", []Op{own("n")}, "c: &c {image: b}\npack: {content: {images: [{image: \"n\"}, *c]}}\n", ""},
	})
}

func TestAliasesAndOddKeys(t *testing.T) {
	name := osName()
	checkMerges(t, []mergeCase{
		{"alias, right", "c: &c {osName: rhel}\npack: *c\n", []Op{name}, "c: &c {osName: rhel}\npack: *c\n", ""},
		{"key of an alias", "k: &k osName\npack: {*k : x}\n", []Op{name}, "k: &k osName\npack: {*k : rhel}\n", ""},
		{"key with a tag", "pack: {!x osName: a}\n", []Op{name}, "pack: {!x osName: rhel}\n", ""},
		{"not a number", "x: .nan\n.nan: 1\npack: {}\n", []Op{name}, "x: .nan\n.nan: 1\npack: {osName: \"rhel\"}\n", ""},
		{"macros without quotes", "x: &x {{.spectro.var.a}}\ny: [{{.spectro.var.a}}, {? [*x, b] : *x}]\npack: {}\n", []Op{name}, "x: &x {{.spectro.var.a}}\ny: [{{.spectro.var.a}}, {? [*x, b] : *x}]\npack: {osName: \"rhel\"}\n", ""},
	})
}

func TestMergesThatAreNone(t *testing.T) {
	name := osName()
	checkMerges(t, []mergeCase{
		{"in itself", "pack: &p {a: *p}\n", []Op{name}, "&p holds an alias of itself", "1:7"},
		{"key twice for readers", "pack: {a: 1}\nx: {!x a: 1, a: 2}\n", []Op{name}, "this key is there already", "2:14"},
		{"key twice by an alias", "k: &k osName\npack: {*k : a, osName: b}\n", []Op{name}, "this key is there already", "2:16"},
		{"merge of a value", "pack: {<<: 1}\n", []Op{name}, "<< merges a value, which is no mapping", "1:12"},
		{"merge twice", "a: &a {x: 1}\npack: {<<: *a, <<: *a}\n", []Op{name}, "this mapping has << twice", "2:16"},
	})
}

func TestMergesInManyPlaces(t *testing.T) {
	name := osName()
	checkMerges(t, []mergeCase{
		{"in many places", nested(40), []Op{name}, nested(40) + "pack:\n  osName: \"rhel\"\n", ""},
		{"merged in many places", layers(40), []Op{name}, layers(40) + "pack:\n  osName: \"rhel\"\n", ""},
		{"merged often", often(100), []Op{name}, often(100) + "pack:\n  osName: \"rhel\"\n", ""},
		{"merged too often", often(101), []Op{name}, "<< merges too many values", "103:7"},
	})
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
		{"what readers refuse at the top", "pack: {a: 1}\n", "pack: {a: 1, osName: rhel}\n<<: b\n", name, false},
		{"another value", "pack: {a: 1}\n", "pack: {a: 2, osName: rhel}\n", name, false},
		{"another type", "pack: {a: 1}\n", "pack: {a: '1', osName: rhel}\n", name, false},
		{"a hidden mapping", "c: &c {pack: {a: 1}}\n<<: *c\n", "c: &c {pack: {a: 1}}\n<<: *c\npack: {osName: rhel}\n", name, false},
		{"a hidden list", "c: &c {content: {images: [b]}}\npack: {<<: *c}\n", "c: &c {content: {images: [b]}}\npack: {<<: *c, content: {images: [{image: n}]}}\n", item, false},
		{"what another merges", "pack: &p {a: 1}\nb: {<<: *p}\n", "pack: &p {a: 1, osName: rhel}\nb: {<<: *p}\n", name, false},
		{"what readers refuse", "pack: {a: 1}\n", "pack: {a: 1, <<: b, osName: rhel}\n", name, false},
		{"what an alias repeats", "pack: &p {a: 1}\nb: *p\n", "pack: &p {a: 1, osName: rhel}\nb: *p\n", name, false},
		{"an item that an alias repeats", "pack: {content: {images: [&i {image: system.uri}]}}\nb: *i\n", "pack: {content: {images: [&i {image: n}]}}\nb: *i\n", own("n"), false},
		{"a list that an alias repeats", "pack: {content: {images: &l [{image: system.uri}]}}\nb: *l\n", "pack: {content: {images: &l [{image: n}]}}\nb: *l\n", own("n"), false},
		{"no text", "pack: {osName: ~}\n", "pack: {osName: ''}\n", scalar("", "pack", "osName"), true},
		{"no text of an item", "pack: {content: {images: [{image: ~}]}}\n", "pack: {content: {images: [{image: ~}, {image: ''}]}}\n", Op{Path: images, Item: "image"}, true},
		{"a key without a name", "'': {}\n", "'': {}\npack: {osName: rhel}\n", name, true},
		{"true", "pack: {a: true}\n", "pack: {a: 'true', osName: rhel}\n", name, false},
		{"a fraction", "pack: {a: 1.5}\n", "pack: {a: '1.5', osName: rhel}\n", name, false},
		{"nothing", "pack: {a: ~}\n", "pack: {a: '~', osName: rhel}\n", name, false},
		{"a date", "pack: {a: 2024-01-01}\n", "pack: {a: '2024-01-01', osName: rhel}\n", name, false},
		{"bytes", "pack: {a: !!binary aGk=}\n", "pack: {a: aGk=, osName: rhel}\n", name, false},
		{"a sign of merging", "pack: {a: <<}\n", "pack: {a: '<<', osName: rhel}\n", name, false},
		{"a tag of somebody", "pack: {a: !x b}\n", "pack: {a: b, osName: rhel}\n", name, true},
		{"dots within another key", "options: {a: {system.uri: x}}\n", "options: {a: {system.uri: x}, system: {uri: u}}\n", scalar("u", "options", "system.uri"), false},
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

// often merges a mapping of 1000 keys into others.
func often(n int) string {
	var text strings.Builder
	text.WriteString("b: &b {")
	for i := range 1000 {
		fmt.Fprintf(&text, "k%d: 1, ", i)
	}
	text.WriteString("}\nx:\n")
	for range n {
		text.WriteString("- <<: *b\n")
	}
	return text.String()
}

var generated = []string{"pack", "content", "images", "osName", "options", "system", "uri", "system.uri", "system.customTag", "x"}
