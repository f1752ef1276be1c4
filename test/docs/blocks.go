// Package docs runs and checks every code block of the README and of docs/.
package docs

import (
	"fmt"
	"strings"
)

// Block is one fenced code block of a Markdown page.
type Block struct {
	// Lang is the word after the fence: sh, yaml, json, go, proto, text.
	Lang string
	// Title is the rest of the fence's line, such as "file=byoos.yaml".
	Title string
	Text  string
	Line  int
}

// File returns the name that a block is saved under before the blocks after it
// run, from file=NAME on the fence's line.
func (b Block) File() string { return b.attribute("file=") }

// Original returns the file that the block shows, from same-as=NAME.
func (b Block) Original() string { return b.attribute("same-as=") }

func (b Block) attribute(prefix string) string {
	for _, word := range strings.Fields(b.Title) {
		if value, ok := strings.CutPrefix(word, prefix); ok {
			return value
		}
	}
	return ""
}

// ParseBlocks returns the fenced blocks of a page. A fence that is never closed
// is an error.
func ParseBlocks(page string) ([]Block, error) {
	var blocks []Block
	var open *Block
	var fence, indent string
	for i, line := range strings.Split(page, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case open == nil && strings.HasPrefix(trimmed, "```"):
			indent = line[:len(line)-len(trimmed)]
			fence = trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, "`"))]
			lang, title, _ := strings.Cut(strings.TrimSpace(trimmed[len(fence):]), " ")
			open = &Block{Lang: lang, Title: title, Line: i + 1}
		case open != nil && strings.TrimSpace(line) == fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the code block is not closed", open.Line)
	}
	return blocks, nil
}
