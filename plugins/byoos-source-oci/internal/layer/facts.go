package layer

import "github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/osrelease"

// Files that say which operating system an image holds. /etc/os-release is a
// link to the one in /usr/lib on most systems (os-release(5)).
const (
	kairosRelease = "etc/kairos-release"
	osRelease     = "etc/os-release"
	libOSRelease  = "usr/lib/os-release"
)

// OS is what the files inside an image say of its operating system.
type OS struct {
	Name, Version osrelease.Fact
	// File is the path they came from, with its leading slash.
	File string
}

// OSFiles are the files that OSOf reads. A kairos-release that names a
// distribution decides.
func OSFiles() Wanted {
	return Wanted{
		Paths:   []string{kairosRelease, osRelease, libOSRelease},
		MaxSize: osrelease.MaxSize,
		Decides: func(name string, content []byte) bool {
			_, _, ok := osrelease.OS(osrelease.Parse(content))
			return ok && name == kairosRelease
		},
	}
}

// OSOf returns what the search has found so far, and whether that is enough.
func OSOf(s *Search) (OS, bool) {
	for _, file := range []string{kairosRelease, osRelease, libOSRelease} {
		content, found, settled := s.File(file)
		if !found {
			if file == osRelease && !settled {
				return OS{}, false // the one in /usr/lib may not be the one in use
			}
			continue
		}
		name, version, ok := osrelease.OS(osrelease.Parse(content))
		if ok {
			return OS{Name: name, Version: version, File: "/" + file}, true
		}
	}
	return OS{}, false
}
