package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// licence is a file that must go along with a module.
type licence struct {
	// file is its path in the module, with slashes.
	file string
	text string
	// ids are the SPDX ids of the licences in it; none for a notice.
	ids []string
}

// Licences that we may pass programs on under, with their texts. A new one is
// read by a person before it comes here.
var allowed = []string{
	"0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MPL-2.0",
	"Unicode-DFS-2016", "Unlicense", "Zlib",
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-._].*)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|patents)([-._].*)?$`)
	// Sources are no licence, and a licence of the documentation is not of what is linked.
	otherFile = regexp.MustCompile(`(?i)\.(go|s|c|h|json|ya?ml|sh|py|tmpl|docs)$`)
)

// understood is the part of a licence file, in percent, that must be the text of
// a known licence: a heading and names of authors stand beside it.
const understood = 75

// licencesOf returns the licence and notice files of a module: those beside its
// linked packages, and above them up to its top.
func licencesOf(path string, f folder) ([]licence, error) {
	if f.root == "" {
		return nil, fmt.Errorf("%s is linked, and go list does not know it", path)
	}
	var licences []licence
	for _, dir := range folders(f) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.IsDir() || otherFile.MatchString(entry.Name()) {
				continue
			}
			isLicence := licenceFile.MatchString(entry.Name())
			if !isLicence && !noticeFile.MatchString(entry.Name()) {
				continue
			}
			l, err := readLicence(path, f.root, filepath.Join(dir, entry.Name()), isLicence)
			if err != nil {
				return nil, err
			}
			licences = append(licences, l)
		}
	}
	if !slices.ContainsFunc(licences, func(l licence) bool { return len(l.ids) > 0 }) {
		return nil, fmt.Errorf("%s has no licence file: ask its authors, or do without it", path)
	}
	return licences, nil
}

// folders returns the folders of a module's linked packages and those above them,
// each once, in order.
func folders(f folder) []string {
	all := []string{f.root}
	for _, dir := range f.packages {
		for ; len(dir) > len(f.root); dir = filepath.Dir(dir) {
			all = append(all, dir)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func readLicence(path, root, file string, isLicence bool) (licence, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return licence{}, err
	}
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return licence{}, err
	}
	l := licence{file: filepath.ToSlash(relative), text: strings.ReplaceAll(string(data), "\r\n", "\n")}
	if !isLicence {
		return l, nil
	}
	found := licensecheck.Scan(data)
	if found.Percent < understood {
		return licence{}, fmt.Errorf("%s: %s is no licence that is known (%.0f %% of it is): read it, or do without the module", path, l.file, found.Percent)
	}
	for _, match := range found.Match {
		if !slices.Contains(allowed, match.ID) {
			return licence{}, fmt.Errorf("%s: %s is %s, which is not among the licences that hack/archive allows", path, l.file, match.ID)
		}
		l.ids = append(l.ids, match.ID)
	}
	slices.Sort(l.ids)
	l.ids = slices.Compact(l.ids)
	return l, nil
}

// ids returns the SPDX ids of all licences of a module.
func (m module) ids() []string {
	var ids []string
	for _, l := range m.licences {
		ids = append(ids, l.ids...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
