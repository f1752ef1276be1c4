package legal

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

type kind int

const (
	text kind = iota
	literal
	null
	object
	array
)

// node is a value of a document, with its fields in the order of the document.
type node struct {
	kind   kind
	text   string
	fields []field
	items  []*node
	// attrs are those of an XML element, as they were written.
	attrs string
	// item is the name of an XML list's elements.
	item string
}

type field struct {
	name  string
	value *node
}

// document is an answer. element is the name of an XML answer's outermost element.
type document struct {
	root    *node
	element string
}

func parse(answer []byte) (document, error) {
	if bytes.HasPrefix(bytes.TrimSpace(answer), []byte("<")) {
		return parseXML(answer)
	}
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	root, err := parseJSON(decoder)
	if err != nil {
		return document{}, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return document{}, errors.New("read JSON: more than one value")
	}
	return document{root: root}, nil
}

func (d document) bytes() ([]byte, error) {
	var b bytes.Buffer
	if d.element != "" {
		err := writeXML(&b, d.element, d.root)
		return b.Bytes(), err
	}
	err := writeJSON(&b, d.root)
	return b.Bytes(), err
}

func parseJSON(decoder *json.Decoder) (*node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch value := token.(type) {
	case nil:
		return &node{kind: null}, nil
	case string:
		return &node{kind: text, text: value}, nil
	case json.Delim:
		return parseMembers(decoder, value)
	}
	return &node{kind: literal, text: fmt.Sprint(token)}, nil
}

func parseMembers(decoder *json.Decoder, open json.Delim) (*node, error) {
	n := &node{kind: array}
	if open == '{' {
		n.kind = object
	}
	for decoder.More() {
		var name string
		if n.kind == object {
			token, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			name = fmt.Sprint(token)
		}
		value, err := parseJSON(decoder)
		if err != nil {
			return nil, err
		}
		if n.kind == object {
			n.fields = append(n.fields, field{name, value})
		} else {
			n.items = append(n.items, value)
		}
	}
	_, err := decoder.Token()
	return n, err
}

func writeJSON(b *bytes.Buffer, n *node) error {
	switch n.kind {
	case null:
		b.WriteString("null")
	case literal:
		b.WriteString(n.text)
	case text:
		return writeString(b, n.text)
	case object:
		b.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := errors.Join(writeString(b, f.name), b.WriteByte(':'), writeJSON(b, f.value)); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case array:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	}
	return nil
}

func writeString(b *bytes.Buffer, s string) error {
	encoded, err := json.Marshal(s)
	b.Write(encoded)
	return err
}

func parseXML(answer []byte) (document, error) {
	decoder := xml.NewDecoder(bytes.NewReader(answer))
	for {
		// Raw, since the answer is written again with the prefixes that it had.
		token, err := decoder.RawToken()
		if err != nil {
			return document{}, fmt.Errorf("read XML: %w", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			root, err := parseElement(decoder, start)
			if err != nil {
				return document{}, fmt.Errorf("read XML: %w", err)
			}
			return document{root: root, element: qualified(start.Name)}, nil
		}
	}
}

func parseElement(decoder *xml.Decoder, start xml.StartElement) (*node, error) {
	n := &node{kind: text}
	for _, attr := range start.Attr {
		var b strings.Builder
		if err := xml.EscapeText(&b, []byte(attr.Value)); err != nil {
			return nil, err
		}
		n.attrs += fmt.Sprintf(` %s="%s"`, qualified(attr.Name), b.String())
	}
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return nil, err
		}
		switch value := token.(type) {
		case xml.CharData:
			n.text += string(value)
		case xml.StartElement:
			child, err := parseElement(decoder, value)
			if err != nil {
				return nil, err
			}
			n.kind = object
			n.fields = append(n.fields, field{qualified(value.Name), child})
		case xml.EndElement:
			n.asList()
			return n, nil
		}
	}
}

// asList makes a list of an element that holds "item" or "member" elements only,
// as the protocols of AWS write lists.
func (n *node) asList() {
	for _, f := range n.fields {
		if f.name != "item" && f.name != "member" {
			return
		}
	}
	if n.kind != object {
		return
	}
	n.kind, n.item = array, n.fields[0].name
	for _, f := range n.fields {
		n.items = append(n.items, f.value)
	}
	n.fields = nil
}

func writeXML(b *bytes.Buffer, name string, n *node) error {
	fmt.Fprintf(b, "<%s%s>", name, n.attrs)
	defer fmt.Fprintf(b, "</%s>", name)
	if n.kind == text || n.kind == literal {
		return xml.EscapeText(b, []byte(n.text))
	}
	for _, f := range n.fields {
		if err := writeXML(b, f.name, f.value); err != nil {
			return err
		}
	}
	for _, item := range n.items {
		if err := writeXML(b, n.item, item); err != nil {
			return err
		}
	}
	return nil
}

func qualified(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}
