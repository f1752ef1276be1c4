package manifest

import (
	"encoding/json"
	"strings"
	"unicode"
)

// keys are those of one object as they are written, by what they are compared by.
type keys map[string]string

// add returns the key that stood there before, if there is one like it.
func (k keys) add(key string, alike func(string) string) (before string, twice bool) {
	like := alike(key)
	before, twice = k[like]
	k[like] = key
	return before, twice
}

// anyCase is the same for keys that differ in letter case alone.
func anyCase(key string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r { // the least of those that are alike
				return next
			}
			r = next
		}
	}, key)
}

func exact(key string) string { return key }

// repeated finds a key that stands twice in an object, which must be JSON. Go's decoder
// takes the last of the two.
func repeated(object []byte, alike func(string) string) (key, before string, twice bool) {
	known := keys{}
	for text := range names(object) {
		_ = json.Unmarshal(text, &key) // a string of JSON
		if before, twice = known.add(key, alike); twice {
			return key, before, true
		}
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
				if expect && !yield(object[i:end+1]) {
					return
				}
				expect, i = false, end
			}
		}
	}
}

// closing returns where the string ends that begins at start.
func closing(text []byte, start int) int {
	for i := start + 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
}
