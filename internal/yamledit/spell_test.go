package yamledit

import (
	"strings"
	"testing"
)

// TestSpelling: the word "here" of a value is found where it is written, whatever
// the value's style, and values are followed to their end.
func TestSpelling(t *testing.T) {
	for _, src := range []string{
		"a: here\n", "a: b here # here\n", "a: b\n  c here\n", "a: b\n\n\n  c here d\n", "a: 'it''s\n  here'\n", "a: '  x   here  '\n",
		"a: \"\\u00e9\\x41\\U0001f600\\n\\t\\0\\N\\_\\L\\P\\\\\\\"\\e here\"\n", "a: \"x\\\n   \\ y \\\n  here\"\n", "a: \"x  \n\n  y here \n  z\"\n",
		"a: |\n  x\n\n    y\n  here\n", "a: |+\n\n  here\n\n\nb: 1\n", "a: >-\n  x\n  y\n\n  z\n    more\n  here\n", "a: |2-\n    x\n  here\nb: 1\n",
		"a: &x !!str here\n", "a: !<tag:yaml.org,2002:str> >\n   é\n   here é\n", "a:\r\n  b\r\n  here\r\n", "a: [x, 'y\n  here', z]\n", "{a: x here}",
		"a: >\n  x\n   y\n  z here\n", "- |\n here\n", "a: |\n  \n  x here\n  \n", "a: |\n  x\n  here", "a: >\n\n\n  x\n\n\n  here\n",
	} {
		doc, err := Parse([]byte(src))
		if err != nil {
			t.Errorf("%q: %v", src, err)
			continue
		}
		value := doc.Root().Content[len(doc.Root().Content)-1]
		if doc.Root().Content[0].Value == "a" {
			value = doc.Root().Content[1]
		}
		if len(value.Content) > 0 {
			value = value.Content[1]
		}
		at := doc.Spelling(value)
		if len(at) != len(value.Value)+1 {
			t.Errorf("%q: %d places of %q", src, len(at), value.Value)
			continue
		}
		i := strings.Index(value.Value, "here")
		if got := src[at[i]:at[i+4]]; strings.TrimRight(got, " \r\n") != "here" && !strings.HasPrefix(got, "here") {
			t.Errorf("%q: %q is at %d: %q", src, "here", at[i], got)
		}
	}
}
