package text

import (
	"fmt"
	"strings"
)

// List joins names for a sentence: a, b and 3 more when there are more than most.
func List(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Some joins the first names for a sentence that says how many there are: a, b, ...
func Some(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", ..."
}

// Count says how many: 1 image, 3 images.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Cut returns at most size bytes of a text, and then that it was cut.
func Cut(s string, size int, mark string) string {
	if len(s) <= size {
		return s
	}
	return strings.ToValidUTF8(s[:size], "") + mark
}
