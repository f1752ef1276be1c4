package tag

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Filter says which tags of a repository count.
type Filter struct{ keep, drop []func(string) bool }

// signature matches the tags under which cosign and the OCI referrers fallback
// store signatures and attestations: sha256-<hex>, sha256-<hex>.sig.
var signature = regexp.MustCompile(`^sha(?:256|512)-[0-9a-f]{64,128}(?:\..*)?$`)

// NewFilter returns the filter that patterns describe. A pattern is a shell
// pattern (*, ?, [a-z]) for the whole tag, or a regular expression between
// slashes that may match anywhere; one that begins with ! drops what it
// matches. No pattern keeps everything.
func NewFilter(patterns []string) (Filter, error) {
	var f Filter
	for _, pattern := range patterns {
		rest, negated := strings.CutPrefix(pattern, "!")
		match, err := matcher(rest)
		if err != nil {
			return Filter{}, fmt.Errorf("tag pattern %q: %w", pattern, err)
		}
		if negated {
			f.drop = append(f.drop, match)
			continue
		}
		f.keep = append(f.keep, match)
	}
	return f, nil
}

func matcher(pattern string) (func(string) bool, error) {
	if len(pattern) > 1 && pattern[0] == '/' && pattern[len(pattern)-1] == '/' {
		re, err := regexp.Compile(pattern[1 : len(pattern)-1])
		if err != nil {
			return nil, err
		}
		return re.MatchString, nil
	}
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return nil, fmt.Errorf("not a shell pattern")
	}
	return func(tag string) bool {
		ok, _ := path.Match(pattern, tag)
		return ok
	}, nil
}

// Match says whether tag counts.
func (f Filter) Match(tag string) bool {
	if signature.MatchString(tag) {
		return false
	}
	for _, drop := range f.drop {
		if drop(tag) {
			return false
		}
	}
	for _, keep := range f.keep {
		if keep(tag) {
			return true
		}
	}
	return len(f.keep) == 0
}
