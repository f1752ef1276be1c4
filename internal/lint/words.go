package lint

import (
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spelling"
)

// nearest returns the word that text is but for one slip of the keyboard; empty when
// there is none or text is one. What is further away may be a name of the user's own.
func nearest(text string, words []string) string {
	if slices.Contains(words, text) {
		return ""
	}
	for _, word := range words {
		if d := len(text) - len(word); d >= -2 && d <= 2 && spelling.OneSlip(text, word) {
			return word
		}
	}
	return ""
}

// sure tells that text can be nothing but the nearest word, as it is not short.
func sure(text, nearest string) bool { return nearest != "" && len(text) >= 5 }
