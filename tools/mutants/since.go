//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
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
	out, err := exec.CommandContext(ctx, "git", "diff", "--merge-base", "--no-ext-diff", "--no-color", "--unified=0", "--diff-filter=d", "--dst-prefix=b/", since, "--", "*.go", ":!*_test.go").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = exit.Stderr
		}
		return nil, fmt.Errorf("ask git what changed since %s: %w\n%s", since, err, out)
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
