package output

import (
	"strings"
	"unicode"
)

// Harmless replaces what could steer a terminal in text that comes from
// elsewhere: anybody can publish an image under any name, and a manifest comes
// with a cloned repository. That is control characters, and those that turn the
// direction of a line around. Line feeds and tabs stay.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// HarmlessLine is Harmless for what has to stay in one line or cell.
func HarmlessLine(text string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(Harmless(text))
}
