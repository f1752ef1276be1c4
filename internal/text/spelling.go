// Package text makes the words that messages share: what somebody probably meant to
// write, lists that are not too long, and text of others that a terminal may show.
package text

import (
	"slices"
	"strconv"
	"strings"
)

// maxCandidates is among how many candidates one is looked for: among many one is
// always near, and to compare them all takes minutes.
const maxCandidates = 200

// Nearest returns the candidate that word is probably a misspelling of, or "".
func Nearest(word string, candidates []string) string {
	if len(candidates) > maxCandidates {
		return ""
	}
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		distance := editDistance(fold(word), fold(candidate))
		if distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	if best == "" {
		return begunWith(fold(word), candidates)
	}
	return best
}

// begunWith returns the shortest candidate that word is the beginning of, or ""
// when there is none or they are too different: own is owner, not ownerId.
func begunWith(word string, candidates []string) string {
	found := ""
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		switch {
		case len(word) < 3 || !strings.HasPrefix(fold(candidate), word):
		case found == "":
			found = candidate
		case !strings.HasPrefix(fold(candidate), fold(found)):
			return ""
		}
	}
	return found
}

// fold makes os_name, os-name and OSName the same word.
func fold(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(s), "_", ""), "-", "")
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours (optimal string alignment).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 100 || len(y) > 100 {
		return 100
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// OneSlip reports whether two words are the same but for one letter that is
// missing, added or another, or two neighbours that are swapped. Case, - and _ do
// not count.
func OneSlip(word, candidate string) bool {
	return editDistance(fold(word), fold(candidate)) <= 1
}

// DidYouMean returns `did you mean "x"?`, or a list of all candidates when none
// is near.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return Meant(near)
	}
	if len(candidates) == 0 {
		return ""
	}
	return "valid are " + strings.Join(slices.Compact(slices.Sorted(slices.Values(candidates))), ", ")
}

// Meant asks whether it is this that was meant.
func Meant(near string) string { return "did you mean " + strconv.Quote(near) + "?" }
