package fakeaws

import (
	"bytes"
	"encoding/xml"
	"sort"
)

func renderTags(tags map[string]string) []byte {
	if len(tags) == 0 {
		return nil
	}
	keys := make([]string, 0, len(tags))
	for k := range tags {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b bytes.Buffer
	b.WriteString("<tagSet>")
	for _, k := range keys {
		b.WriteString("<item>")
		element(&b, "key", k)
		element(&b, "value", tags[k])
		b.WriteString("</item>")
	}
	b.WriteString("</tagSet>")
	return b.Bytes()
}

func element(b *bytes.Buffer, name, value string) {
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(value))
	b.WriteString("</" + name + ">")
}

func optional(b *bytes.Buffer, name, value string) {
	if value != "" {
		element(b, name, value)
	}
}

func openXML(b *bytes.Buffer, root string) {
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + root + ` xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`)
	element(b, "requestId", "59dbff89-35bd-4eac-99ed-be587EXAMPLE")
}
