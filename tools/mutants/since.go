//go:build unix

package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Lines are which lines of which files changed.
type lines map[string]map[int]bool

var hunk = regexp.MustCompile(`^@@ -\S+ \+(\d+)(?:,(\d+))? @@`)

// changedLines asks git which lines of the program are not as they were at the common
// ancestor with a commit.
func changedLines(ctx context.Context, since string) (lines, error) {
	out, err := output(ctx, "git", "diff", "--merge-base", "--no-ext-diff", "--no-color", "--unified=0", "--diff-filter=d", "--dst-prefix=b/", since, "--", "*.go", ":!*_test.go")
	if err != nil {
		return nil, fmt.Errorf("ask git what changed since %s: %w", since, err)
	}
	return readDiff(string(out)), nil
}

// readDiff reads a diff without lines of context.
func readDiff(diff string) lines {
	changed, file := lines{}, ""
	for line := range strings.Lines(diff) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "+++ b/"); ok {
			file = name
			changed[file] = map[int]bool{}
		}
		if h := hunk.FindStringSubmatch(line); h != nil {
			first, _ := strconv.Atoi(h[1])
			count := 1
			if h[2] != "" {
				count, _ = strconv.Atoi(h[2])
			}
			for i := range count {
				changed[file][first+i] = true
			}
		}
	}
	return changed
}
