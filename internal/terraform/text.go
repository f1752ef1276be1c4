package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// quotedText writes a string that must not be taken for a template.
func quotedText(value string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(value)).Bytes())
}

// heredoc writes a string as people like to read it: several lines as a heredoc
// where that holds every byte, else quoted. A heredoc's last line has an end, which is
// taken off where the string has none.
func heredoc(value string) string {
	if whole := value + "\n"; strings.Contains(value, "\n") && fitsHeredoc(whole) && !strings.HasSuffix(value, "\n") {
		return "chomp(" + heredoc(whole) + "\n)"
	}
	if !fitsHeredoc(value) {
		return quotedText(value)
	}
	mark := delimiter(value)
	// The line's end is left to what follows.
	return "<<" + mark + "\n" + escapeTemplate(value) + mark
}

func fitsHeredoc(value string) bool {
	if !strings.HasSuffix(value, "\n") {
		return false
	}
	return !strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) })
}

// delimiter is a word that is on no line of its own.
func delimiter(value string) string {
	mark := "EOT"
	for n := 2; hasLine(value, mark); n++ {
		mark = fmt.Sprintf("EOT%d", n)
	}
	return mark
}

func hasLine(value, word string) bool {
	for line := range strings.Lines(value) {
		if strings.TrimSpace(line) == word {
			return true
		}
	}
	return false
}

// escapeTemplate writes text so that a template gives it back. A single ${ or %{
// is escaped by doubling its sign. What the scanner reads otherwise than one
// would think, more than one sign before a brace and a carriage return,
// becomes an expression of its own.
func escapeTemplate(value string) string {
	var b strings.Builder
	for value != "" {
		rest := strings.TrimLeft(value, "$%\r")
		special := value[:len(value)-len(rest)]
		switch {
		case special == "":
			b.WriteByte(value[0])
			rest = value[1:]
		case strings.Contains(special, "\r"), len(special) > 1 && strings.HasPrefix(rest, "{"):
			b.WriteString(`${"` + strings.ReplaceAll(special, "\r", `\r`) + `"}`)
		case strings.HasPrefix(rest, "{"):
			b.WriteString(special + special)
		default:
			b.WriteString(special)
		}
		value = rest
	}
	return b.String()
}

func indented(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	// Values hold < and > more often than a browser reads them.
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(v) // texts and what holds them
	return out.Bytes()
}
