package text

import (
	"strings"
	"unicode"
)

// Steers tells whether a character could steer a terminal: control characters, and
// those that turn the direction of a line around.
func Steers(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// Harmless replaces what could steer a terminal in text that comes from
// elsewhere: anybody can publish an image under any name, and a manifest comes
// with a cloned repository. Line feeds and tabs stay.
func Harmless(s string) string { return replaced(s, "\n\t") }

// HarmlessWord is Harmless for a name: line feeds and tabs are replaced, too.
func HarmlessWord(s string) string { return replaced(s, "") }

// HarmlessLine is Harmless for what has to stay in one line or cell.
func HarmlessLine(s string) string {
	return HarmlessWord(strings.NewReplacer("\n", " ", "\t", " ").Replace(s))
}

func replaced(s, keep string) string {
	return strings.Map(func(r rune) rune {
		if Steers(r) && !strings.ContainsRune(keep, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
