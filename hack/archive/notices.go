package main

import (
	"bytes"
	"fmt"
	"strings"
)

// notices returns the text of THIRD_PARTY_NOTICES: what is in the programs, and
// then each text once, since hundreds of modules share a few.
func notices(modules []module) []byte {
	var b bytes.Buffer
	b.WriteString("The programs of this archive contain the following software of others. Each line\n" +
		"has a module, its licences, and the programs; the texts follow. The sources of a\n" +
		"module are at https://proxy.golang.org/MODULE/@v/VERSION.zip (those of std at\n" +
		"https://go.dev/dl), with a capital letter X of MODULE written !x.\n\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "%s %s: %s (%s)\n", m.path, m.version, strings.Join(m.ids(), ", "), strings.Join(m.users, ", "))
	}
	for _, text := range textsOf(modules) {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(text.owners, "\n"), strings.TrimSpace(text.text))
	}
	return b.Bytes()
}

// shared is a text with the files that consist of it.
type shared struct {
	text   string
	owners []string
}

func textsOf(modules []module) []shared {
	var texts []shared
	index := map[string]int{}
	for _, m := range modules {
		for _, l := range m.licences {
			i, ok := index[l.text]
			if !ok {
				i = len(texts)
				index[l.text] = i
				texts = append(texts, shared{text: l.text})
			}
			texts[i].owners = append(texts[i].owners, fmt.Sprintf("%s %s: %s", m.path, m.version, l.file))
		}
	}
	return texts
}
