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
	// File and VersionFile are the paths they came from, with their leading slash.
	File, VersionFile string
}

// OSFiles are the files that OSOf reads.
func OSFiles() Wanted {
	return Wanted{Paths: []string{kairosRelease, osRelease, libOSRelease}, MaxSize: osrelease.MaxSize}
}

// OSOf returns what the search has found so far, and whether that is enough. The first
// file that names a system counts; its version may stand in the next one beside the
// same name, as with a flavor of Kairos that has no release.
func OSOf(s *Search) (OS, bool) {
	var os OS
	for _, file := range OSFiles().Paths {
		content, settled := s.File(file)
		if file == osRelease && !settled {
			return OS{}, false // the one in /usr/lib may not be the one in use
		}
		name, version := osrelease.OS(osrelease.Parse(content))
		if os.File == "" && name.Value != "" {
			os.Name, os.File = name, "/"+file
		}
		if version.Value != "" && name.Value == os.Name.Value {
			os.Version, os.VersionFile = version, "/"+file
			return os, true
		}
	}
	return os, os.File != ""
}
