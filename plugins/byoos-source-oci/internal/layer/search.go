// Package layer looks for single files in the layers of a container image,
// reading as little of them as it can, with bounded memory and work.
package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Marks of the OCI image specification (layer.md, "Whiteouts").
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

type status int

const (
	unseen status = iota
	present
	linked
	gone
)

type entry struct {
	status  status
	content []byte
	target  string
}

// Wanted are the files to look for.
type Wanted struct {
	// Paths relative to the root, without a leading slash.
	Paths []string
	// MaxSize of a file in bytes; a longer one counts as gone.
	MaxSize int64
}

// Search puts together what the layers of one image say, from the topmost down.
type Search struct{ entries map[string]*entry }

// NewSearch returns a search for the wanted files.
func NewSearch(w Wanted) *Search {
	s := &Search{entries: map[string]*entry{}}
	for _, p := range w.Paths {
		s.entries[p] = &entry{}
	}
	return s
}

// File returns the content of a file, and whether it was found. A link is
// followed when it leads to another wanted file. settled is false while a layer
// below may still have the file.
func (s *Search) File(name string) (content []byte, found, settled bool) {
	for range len(s.entries) + 1 {
		e := s.entries[name]
		if e == nil {
			return nil, false, true
		}
		switch e.status {
		case unseen:
			return nil, false, false
		case present:
			return e.content, true, true
		case gone:
			return nil, false, true
		}
		name = e.target
	}
	return nil, false, true // links in a circle
}

// Done says that lower layers cannot change what File returns.
func (s *Search) Done() bool {
	for name := range s.entries {
		if _, _, settled := s.File(name); !settled {
			return false
		}
	}
	return true
}

// Add takes in what the next layer down has.
func (s *Search) Add(scan *Scan) {
	for name, e := range s.entries {
		if e.status != unseen {
			continue
		}
		switch {
		case scan.found[name] != nil:
			*e = *scan.found[name]
		case scan.hidden[name]:
			e.status = gone
		}
	}
}

// Scan is what one layer says of the wanted files, whatever lies above it.
type Scan struct {
	found map[string]*entry
	// hidden are the files that lower layers no longer show. A layer's marks act
	// on lower layers only, wherever in the archive they stand.
	hidden map[string]bool
	wanted Wanted
}

// Read scans one layer, a tar archive without compression. It reads to the end: of two
// entries with one name the last one is unpacked over the first.
func Read(r io.Reader, w Wanted) (*Scan, error) {
	s := &Scan{found: map[string]*entry{}, hidden: map[string]bool{}, wanted: w}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err == nil {
			err = s.add(header, archive)
		}
		if err != nil {
			return nil, fmt.Errorf("read layer: %w", err)
		}
	}
}

func (s *Scan) add(header *tar.Header, content io.Reader) error {
	name := path.Clean("/" + header.Name)[1:]
	dir, base := path.Split(name)
	switch {
	case base == opaque:
		s.hideBelow(path.Clean(dir))
		return nil
	case strings.HasPrefix(base, whiteout):
		s.hide(path.Join(dir, strings.TrimPrefix(base, whiteout)))
		return nil
	case header.Typeflag != tar.TypeDir:
		s.hideBelow(name) // a file where lower layers have a directory
		s.dropBelow(name) // or where this one had it
	}
	if !slices.Contains(s.wanted.Paths, name) {
		return nil
	}
	e, err := s.read(header, name, content)
	if err != nil {
		return err
	}
	s.found[name] = e
	return nil
}

func (s *Scan) read(header *tar.Header, name string, content io.Reader) (*entry, error) {
	switch header.Typeflag {
	case tar.TypeReg:
		if header.Size > s.wanted.MaxSize {
			return &entry{status: gone}, nil
		}
		data, err := io.ReadAll(content)
		return &entry{status: present, content: data}, err
	case tar.TypeLink:
		return &entry{status: linked, target: path.Clean("/" + header.Linkname)[1:]}, nil
	case tar.TypeSymlink:
		target := header.Linkname
		if !path.IsAbs(target) {
			target = path.Join("/", path.Dir(name), target) //nolint:gosec // names are compared, nothing is extracted
		}
		return &entry{status: linked, target: path.Clean(target)[1:]}, nil
	}
	return &entry{status: gone}, nil
}

func (s *Scan) hide(name string) {
	if slices.Contains(s.wanted.Paths, name) {
		s.hidden[name] = true
	}
	s.hideBelow(name)
}

func (s *Scan) hideBelow(dir string) {
	for _, name := range s.wanted.Paths {
		if dir == "." || strings.HasPrefix(name, dir+"/") {
			s.hidden[name] = true
		}
	}
}

// dropBelow forgets what the layer itself had in a directory.
func (s *Scan) dropBelow(dir string) {
	for name := range s.found {
		if strings.HasPrefix(name, dir+"/") {
			delete(s.found, name)
		}
	}
}
