package lint

import (
	"slices"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// nearest returns the word that got is but for one slip of the keyboard; empty when
// there is none or got is one. What is further away may be a name of the user's own.
func nearest(got string, words []string) string {
	if slices.Contains(words, got) || hasInvisible(got) {
		return ""
	}
	for _, word := range words {
		if d := len(got) - len(word); d >= -2 && d <= 2 && text.OneSlip(got, word) {
			return word
		}
	}
	return ""
}

// sure tells that text can be nothing but the nearest word, as it is not short.
func sure(text, nearest string) bool { return nearest != "" && len(text) >= 5 }
