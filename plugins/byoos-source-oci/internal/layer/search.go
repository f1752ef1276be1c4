// Package layer looks for single files in the layers of a container image,
// reading as little of them as it can, with bounded memory and work.
package layer

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// Marks of the OCI image specification (layer.md, "Whiteouts").
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// entry is what there is of a file: its content, or where it leads as a link, or nothing.
type entry struct {
	content []byte
	target  string
}

// Wanted are the files to look for.
type Wanted struct {
	// Paths relative to the root, without a leading slash.
	Paths []string
	// MaxSize of a file in bytes; a longer one counts as none.
	MaxSize int64
}

// Search puts together what the layers of one image say, from the topmost down.
type Search struct{ entries map[string]*entry } // nil for what no layer has said yet

// NewSearch returns a search for the wanted files.
func NewSearch(w Wanted) *Search {
	s := &Search{entries: map[string]*entry{}}
	for _, p := range w.Paths {
		s.entries[p] = nil
	}
	return s
}

// File returns the content of a file, which is empty when there is none. A link is
// followed when it leads to another wanted file. settled is false while a layer
// below may still have the file.
func (s *Search) File(name string) (content []byte, settled bool) {
	for range s.entries {
		e, wanted := s.entries[name]
		switch {
		case !wanted:
			return nil, true
		case e == nil:
			return nil, false
		case e.target == "":
			return e.content, true
		}
		name = e.target
	}
	return nil, true // links in a circle
}

// Done says that lower layers cannot change what File returns.
func (s *Search) Done() bool {
	for name := range s.entries {
		if _, settled := s.File(name); !settled {
			return false
		}
	}
	return true
}

// Add takes in what the next layer down has.
func (s *Search) Add(scan *Scan) {
	for name, e := range s.entries {
		s.entries[name] = cmp.Or(e, scan.found[name], scan.hidden[name])
	}
}

// Scan is what one layer says of the wanted files, whatever lies above it.
type Scan struct {
	found map[string]*entry
	// hidden are the files that lower layers no longer show. A layer's marks act
	// on lower layers only, wherever in the archive they stand.
	hidden map[string]*entry
	wanted Wanted
}

// Read scans one layer, a tar archive without compression. It reads to the end: of two
// entries with one name the last one is unpacked over the first.
func Read(r io.Reader, w Wanted) (*Scan, error) {
	s := &Scan{found: map[string]*entry{}, hidden: map[string]*entry{}, wanted: w}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return s, nil
		case err != nil:
			return nil, fmt.Errorf("read layer: %w", err)
		}
		s.add(header, archive)
	}
}

func (s *Scan) add(header *tar.Header, content io.Reader) {
	name := path.Clean("/" + header.Name)[1:]
	dir, base := path.Split(name)
	switch {
	case base == opaque:
		s.hide(path.Clean(dir))
	case strings.HasPrefix(base, whiteout):
		s.hide(path.Join(dir, strings.TrimPrefix(base, whiteout)))
	case header.Typeflag != tar.TypeDir:
		// A file where lower layers have a directory, or where this one had it.
		s.hide(name)
		maps.DeleteFunc(s.found, func(file string, _ *entry) bool { return strings.HasPrefix(file, name+"/") })
	}
	if slices.Contains(s.wanted.Paths, name) {
		s.found[name] = s.read(header, name, content)
	}
}

func (s *Scan) read(header *tar.Header, name string, content io.Reader) *entry {
	switch header.Typeflag {
	case tar.TypeReg:
		if header.Size <= s.wanted.MaxSize {
			data, _ := io.ReadAll(content) // the archive's next entry fails as well
			return &entry{content: data}
		}
	case tar.TypeLink:
		return &entry{target: path.Clean("/" + header.Linkname)[1:]}
	case tar.TypeSymlink:
		target := header.Linkname
		if !path.IsAbs(target) {
			target = path.Join("/", path.Dir(name), target) //nolint:gosec // names are compared, nothing is extracted
		}
		return &entry{target: path.Clean(target)[1:]}
	}
	return &entry{}
}

// hide notes that lower layers no longer show a file, or what is below a directory.
func (s *Scan) hide(name string) {
	for _, file := range s.wanted.Paths {
		if name == "." || name == file || strings.HasPrefix(file, name+"/") {
			s.hidden[file] = &entry{}
		}
	}
}
