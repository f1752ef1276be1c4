package yamledit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml "go.yaml.in/yaml/v3"
)

func any1(string) bool { return true }

func lastItem() Op { return Op{Path: images, Item: "image", Value: "c"} }

// TestEditTwiceOrAlike: what is asked for twice, or is there in another form.
func TestEditTwiceOrAlike(t *testing.T) {
	like := func(text string) bool { return strings.EqualFold(text, "rhel") }
	alike, item := osName(), lastItem()
	alike.Same, item.Same, item.Value = like, like, "rhel"
	matched := Op{Path: images, Item: "image", Value: "m", Match: any1}
	checkEdits(t, []editCase{
		{"asked for twice", "pack: {osName: x}\n", "pack: {osName: rhel}\n", []Op{osName(), osName()}},
		{"in another order", "pack: {osName: x, osVersion: y}\n", "pack: {osName: rhel, osVersion: \"8\"}\n", []Op{osVersion(), osName()}},
		{"one that need not be there", "pack: {}\n", "pack: {osName: \"rhel\"}\n", []Op{{Path: []string{"x"}, IfPresent: true}, osName()}},
		{"a null of some lines", "pack: # c\n  ~\n", "pack: # c\n  {osName: \"rhel\"}\n", []Op{osName()}},
		{"nulls", "pack: {osName: , osVersion: ~}\n", "pack: {osName: \"rhel\", osVersion: \"8\"}\n", []Op{osName(), osVersion()}},
		{"alike", "pack: {osName: RHEL}\n", "pack: {osName: RHEL}\n", []Op{alike}},
		{"not alike", "pack: {osName: sles}\n", "pack: {osName: rhel}\n", []Op{alike}},
		{"item alike", "pack: {content: {images: [{image: RHEL}]}}\n", "pack: {content: {images: [{image: RHEL}]}}\n", []Op{item}},
		{"alias of the value", "a: &n rhel\npack:\n  osName: *n\n", "a: &n rhel\npack:\n  osName: *n\n", []Op{osName()}},
		{"first match", "pack: {content: {images: [{image: 8}, {image: {}}, {image: a}, {image: b}]}}\n", "pack: {content: {images: [{image: 8}, {image: {}}, {image: m}, {image: b}]}}\n", []Op{matched}},
		{"the value rather than a match", "pack: {content: {images: [{image: a}, {image: m}]}}\n", "pack: {content: {images: [{image: a}, {image: m}]}}\n", []Op{matched}},
		{"a null for an item", "pack: {content: {images: ~}}\n", "pack: {content: {images: [{image: \"n\"}]}}\n", []Op{own("n")}},
		{"words of YAML 1.1", "pack: {osName: a, osVersion: b, z: c}\n", "pack: {osName: \"no\", osVersion: x:y, z: \"a b\"}\n", []Op{scalar("no", "pack", "osName"), scalar("x:y", "pack", "osVersion"), scalar("a b", "pack", "z")}},
		{"single quotes that cannot hold it", "pack: {osName: 'a', osVersion: 'b'}\n", "pack: {osName: \"a\\n\", osVersion: 'it''s'}\n", []Op{scalar("a\n", "pack", "osName"), scalar("it's", "pack", "osVersion")}},
	})
}

// TestEditPutsKeysWhereTheyBelong: behind the one asked for before, and behind what belongs to it.
func TestEditPutsKeysWhereTheyBelong(t *testing.T) {
	const list = "pack:\n  content:\n    images:\n"
	added := scalar("v", "pack", "new")
	checkEdits(t, []editCase{
		{"marks alone", "---\n", "---\npack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"behind the last of those before", "pack:\n  osName: rhel\n  osVersion: \"8\"\n  x: 1\n", "pack:\n  osName: rhel\n  osVersion: \"8\"\n  new: \"v\"\n  x: 1\n", []Op{osName(), osVersion(), added}},
		{"a key of that name elsewhere", "options: {osName: rhel}\npack:\n  osName: a\n  x: 1\n", "options: {osName: rhel}\npack:\n  osName: a\n  x: 1\n  osVersion: \"8\"\n", []Op{scalar("rhel", "options", "osName"), osVersion()}},
		{"a shorter path before", "x: \"1\"\npack:\n  y: 1\n", "x: \"1\"\npack:\n  y: 1\n  osName: \"rhel\"\n", []Op{scalar("1", "x"), osName()}},
		{"a much shorter path before", "x: \"1\"\npack:\n  a:\n    c: 1\n", "x: \"1\"\npack:\n  a:\n    c: 1\n    b: \"v\"\n", []Op{scalar("1", "x"), scalar("v", "pack", "a", "b")}},
		{"others between", "x: \"1\"\npack:\n  osName: rhel\n  y: 1\n", "x: \"1\"\npack:\n  osName: rhel\n  osVersion: \"8\"\n  y: 1\n", []Op{osName(), scalar("1", "x"), osVersion()}},
		{"dots that lead to a value", "options: {a: {b.c: x}, a.b: {}}\n", "options: {a: {b.c: v}, a.b: {}}\n", []Op{scalar("v", "options", "a.b.c")}},
		{"dots of a key that is there", "x: {a: {b: {}}, a.b: {}}\n", "x: {a: {b: {}}, a.b: {c: \"v\"}}\n", []Op{scalar("v", "x", "a.b", "c")}},
		{"line ends of the first line", "\r\na: 1", "\r\na: 1\r\npack:\r\n  osName: \"rhel\"", []Op{osName()}},
		{"an own key for a merged one", "c: &c {osVersion: x}\npack:\n  osName: rhel\n  <<: *c\n", "c: &c {osVersion: x}\npack:\n  osName: rhel\n  osVersion: \"8\"\n  <<: *c\n", []Op{osName(), osVersion()}},
		{"a key without a name", "\"\": {}\n", "\"\": {}\npack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"a number of that name", "pack: {8: x}\n", "pack: {8: x, \"8\": \"v\"}\n", []Op{scalar("v", "pack", "8")}},
		{"a value in the dotted key's way", "options:\n  system: x\n", "options:\n  system: x\n  system.uri: \"ttl.sh/u:k3s-1\"\n", []Op{systemURI()}},
		{"nested text without an end", "a:\n  b: |\n    foo", "pack:\n  osName: \"rhel\"\na:\n  b: |\n    foo", []Op{osName()}},
		{"a blank line before a comment of the value", "pack:\n  x: 1\n\n    # y\nz: 1\n", "pack:\n  x: 1\n\n    # y\n  osName: \"rhel\"\nz: 1\n", []Op{osName()}},
		{"a comment of the next key", "pack:\n  x: 1\nz:\n    # deep\n    y: 1\n", "pack:\n  x: 1\n  osName: \"rhel\"\nz:\n    # deep\n    y: 1\n", []Op{osName()}},
		{"two indentations", "a:\n    b: 1\nc:\n  d: 1\n", "a:\n    b: 1\nc:\n  d: 1\npack:\n    osName: \"rhel\"\n", []Op{osName()}},
		{"an anchor on the first key", "&a ?x: 1\n", "&a ?x: 1\npack:\n  osName: \"rhel\"\n", []Op{osName()}},
		{"a pair in a list", "pack: {content: {images: [image: b]}}\n", "pack: {content: {images: [image: b, {image: \"c\"}]}}\n", []Op{lastItem()}},
		{"an item at the end", list + "    - image: b", list + "    - image: b\n    - image: \"c\"", []Op{lastItem()}},
		{"an item behind a text", list + "    - x: |\n        b\n", list + "    - x: |\n        b\n    - image: \"c\"\n", []Op{lastItem()}},
		{"an item behind an empty one", "pack:\n  content:\n    images:\n    -\n    - image: b\n", "pack:\n  content:\n    images:\n    - image: \"n\"\n    -\n    - image: b\n", []Op{own("n")}},
		{"an item on its own line", "pack:\n  content:\n    images:\n    - # x\n      image: b\n", "pack:\n  content:\n    images:\n    - image: \"n\"\n    - # x\n      image: b\n", []Op{own("n")}},
		{"keys that are lists", "x: {[a]: 1, [b]: 2, [[a], b]: 3, [[a, b]]: 4}\npack: {}\n", "x: {[a]: 1, [b]: 2, [[a], b]: 3, [[a, b]]: 4}\npack: {osName: \"rhel\"}\n", []Op{osName()}},
		{"old line ends", "pack:\r  osName: a\r", "pack:\r  osName: rhel\r  osVersion: \"8\"\r", []Op{osName(), osVersion()}},
		{"deep merges", layers(40) + "pack:\n  <<: *a40\n", layers(40) + "pack:\n  <<: *a40\n  osName: \"rhel\"\n", []Op{osName()}},
	})
}

// TestEditRefusesWhatItCannotProve: where a value cannot be set alone, with the place.
func TestEditRefusesWhatItCannotProve(t *testing.T) {
	name := []Op{osName()}
	const images = "pack:\n  content:\n    images:\n"
	checkMerges(t, []mergeCase{
		{"two values", "pack: {osName: a}\n", []Op{osName(), scalar("sles", "pack", "osName")}, "pack.osName cannot be set without touching other values", "1:7"},
		{"two values of nothing", "", []Op{osName(), scalar("sles", "pack", "osName")}, "pack.osName cannot be set without touching other values", "0:0"},
		{"a text that takes the new line in", "? |\n  a", name, "pack.osName cannot be set without touching other values", "1:1"},
		{"a tag below an anchor", "pack:\n  osName: &x\n    !!str\n", name, "pack.osName cannot be set here: the result would not be the wanted YAML (line", "0:0"},
		{"a tab behind", "a: b\n \t", name, "pack.osName cannot be set here: the result would not be the wanted YAML (line", "0:0"},
		{"a tag and an anchor", "pack:\n  osName: &x !!int 8\n", name, "pack.osName has a tag and an anchor", "2:11"},
		{"no colon", "pack: {osName}\n", name, "pack.osName has no colon to write its value behind", "1:14"},
		{"no colon of the parent", "{pack}\n", name, "there is no colon to write a value behind", "1:6"},
		{"a tag below", "pack: !!null\n", name, "pack.osName is to be set below an empty value with a tag or an anchor", "1:7"},
		{"an anchor below", "pack: &x\n", name, "pack.osName is to be set below an empty value with a tag or an anchor", "1:7"},
		{"a list of words", "pack: [osName, x]\n", name, "pack.osName is to be set below this, which is a list", "1:7"},
		{"an odd break in the value", "pack:\n  osName: b\u2028    c\n", name, "the end of this value cannot be found", "2:11"},
		{"an odd break before a key", "pack:\n  x: b\u2028    c\n", name, "the end of this value cannot be found", "2:6"},
		{"an odd break before a pair", "pack: {x: b\u2028 c}\n", name, "the end of this value cannot be found", "1:11"},
		{"an odd break before an item", images + "    - x: b\u2028        c\n", []Op{lastItem()}, "the end of this value cannot be found", "4:10"},
		{"an odd break before a flow item", "pack: {content: {images: [{x: b\u2028 c}]}}\n", []Op{lastItem()}, "the end of this value cannot be found", "1:31"},
		{"an item beside its key", "pack:\n  content:\n    ? images\n    : - image: a\n", []Op{own("n")}, "an item cannot be added to this list", "4:7"},
		{"an item behind an open text", images + "    - x: |\n        b", []Op{lastItem()}, "an item cannot be added behind this value", "4:7"},
		{"a merged value of what is repeated", "c: &c {osName: x}\npack: &p {<<: *c}\nd: *p\n", name, "&p is repeated elsewhere", "2:7"},
		{"a broken text", "pack: [\n", name, "not valid YAML: ", "1:1"},
		{"another order of UTF-16", "\xfe\xff\x00a", name, "UTF-16", "0:0"},
		{"an anchor that merges itself", "pack: &p {<<: *p}\n", name, "&p holds an alias of itself", "1:7"},
		{"an item of an item", "pack: {content: {images: [{image: {}}]}}\n", []Op{scalar("x", "pack", "content", "images", "image")}, "which is a list", "1:26"},
	})
}

// TestEditOfOddTexts: tags that do not fit, and values that the YAML library misplaces or
// that only some readers take for more than one line.
func TestEditOfOddTexts(t *testing.T) {
	name := []Op{osName()}
	uri := scalar("NA", "options", "system.uri")
	checkMerges(t, []mergeCase{
		{"a mapping tagged as null", "!!null {}\n", name, "!!null {pack: {osName: \"rhel\"}}\n", ""},
		{"a parent tagged as null", "pack: !!null {a: 1}\n", name, "pack: !!null {a: 1, osName: \"rhel\"}\n", ""},
		{"a mapping tagged as text", "pack: {osName: !!str {}}\n", []Op{scalar("", "pack", "osName")}, "is a mapping, not a single value", "1:16"},
		{"a key tagged as <<", "pack: {? !!merge {a: 1} : {osName: a}}\n", name, "pack: {? !!merge {a: 1} : {osName: a}, osName: \"rhel\"}\n", ""},
		{"a misplaced value", "x: &x?\" \n\n", name, "the end of this value cannot be found", "1:4"},
		{"a tag that an odd break ends", "pack:\n  osName: !\u2028    \"a\"\n", name, "pack:\n  osName: !\u2028    \"rhel\"\n", ""},
		{"an odd break in quotes", "pack:\n  osName: \"b\u2028    c\"\n", name, "pack:\n  osName: \"rhel\"\n", ""},
		{"an odd break beside another", "pack:\n  osName: 'b\n   \u2029\n    c'\n", name, "pack:\n  osName: 'rhel'\n", ""},
		{"an escaped break before a blank line", "pack:\n  osName: \"b\\\n\n    c\"\n", name, "pack:\n  osName: \"rhel\"\n", ""},
		{"an escaped break at the end", "pack: {x: \"b\\\n\n    \"}\n", name, "pack: {x: \"b\\\n\n    \", osName: \"rhel\"}\n", ""},
		{"both ways, behind what is inserted", "pack:\n  a: 1\noptions:\n  system.uri: a\n  system: {uri: b}\n", []Op{osName(), uri}, "options.system.uri is set here and on line 5", "4:15"},
	})
}

// TestDuplicates: a key that its mapping has twice, told with the first one.
func TestDuplicates(t *testing.T) {
	doc, err := Parse([]byte("? [a]\n: 1\n? [b]\n: 2\n<<: {}\n<<: {}\nb: 1\nb: 2\nb: 3\nc: {d: 1, d: 2}\n'1': x\n1: y\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range doc.Duplicates() {
		got = append(got, fmt.Sprintf("%s %d %d", d.Key.Value, d.Key.Line, d.First.Line))
	}
	if diff := cmp.Diff([]string{"b 8 7", "b 9 7", "d 10 10"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLookup ends in a text that merges itself, too.
func TestLookup(t *testing.T) {
	doc, err := Parse([]byte("a: &a {<<: *a, b: {c.d: e}}\nb: {c: {d: f}, c.d: g}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := doc.Lookup([]string{"a", "x"}); n != nil || err != nil {
		t.Errorf("%v, %v", n, err)
	}
	if n, err := doc.Lookup([]string{"a", "b", "c.d"}); n == nil || n.Value != "e" || err != nil || !doc.Aliased(doc.Root().Content[1]) || doc.Aliased(n) {
		t.Errorf("%v, %v", n, err)
	}
	if n, err := doc.Lookup([]string{"b", "c.d"}); n != nil || err == nil {
		t.Errorf("%v, %v", n, err)
	}
}

// TestWriter: what is written is read back.
func TestWriter(t *testing.T) {
	var w Writer
	w.Scalar([]string{"pack", "osName"}, "a: \"b\"")
	w.Items([]string{"pack", "content", "images"}, "image", []string{"x", "y"})
	w.Scalar([]string{"pack", "content", "no"}, "8")
	w.Scalar([]string{"options", "system.uri"}, "")
	w.Scalar([]string{"z"}, "q")
	want := "pack:\n  osName: \"a: \\\"b\\\"\"\n  content:\n    images:\n      - image: \"x\"\n      - image: \"y\"\n    \"no\": \"8\"\noptions:\n  system.uri: \"\"\nz: \"q\"\n"
	if diff := cmp.Diff(want, string(w.Bytes())); diff != "" {
		t.Error(diff)
	}
	var data map[string]any
	if err := yaml.Unmarshal(w.Bytes(), &data); err != nil || len(data) != 3 {
		t.Errorf("%v, %v", data, err)
	}
}
