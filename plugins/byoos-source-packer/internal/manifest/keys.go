package manifest

import (
	"encoding/json"
	"slices"
	"strings"
)

// keys are those of one object, in the order of the file. There are few of them.
type keys []string

// add returns the key that stood there before, in any letter case.
func (k *keys) add(key string) (before string, twice bool) {
	if i := slices.IndexFunc(*k, func(known string) bool { return strings.EqualFold(known, key) }); i >= 0 {
		return (*k)[i], true
	}
	*k = append(*k, key)
	return "", false
}

// repeated finds a key that stands twice in an object, which must be JSON. Go's decoder
// takes the last of the two.
func repeated(object []byte, anyCase bool) (key, before string, twice bool) {
	var known keys
	seen := map[string]bool{}
	for text := range names(object) {
		if json.Unmarshal(text, &key) != nil {
			continue
		}
		if anyCase {
			if before, twice = known.add(key); twice {
				return key, before, true
			}
			continue
		}
		if seen[key] {
			return key, key, true
		}
		seen[key] = true
	}
	return "", "", false
}

// names yields the keys of an object as they are written, quotes and all.
func names(object []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		depth, expect := 0, false
		for i := 0; i < len(object); i++ {
			switch object[i] {
			case '{', '[':
				depth++
				expect = depth == 1 && object[i] == '{'
			case '}', ']':
				depth--
			case ',':
				expect = depth == 1
			case '"':
				end := closing(object, i)
				if expect && depth == 1 && !yield(object[i:end+1]) {
					return
				}
				expect, i = false, end
			}
		}
	}
}

// closing returns where the string ends that begins at start.
func closing(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text) - 1
}
