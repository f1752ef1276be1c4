package osfacts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Said is a text and where it stands. From's Raw is filled in here, unless it is set.
type Said struct {
	Text string
	From sdk.Provenance
}

// Statement is what one place says of an operating system: a name, and the version
// beside it. Either may be free text that has both, such as "Ubuntu 24.04".
type Statement struct {
	Name, Version Said
}

// System is an operating system whose name and version were told together.
type System struct {
	Name, Version         string
	NameFrom, VersionFrom sdk.Provenance
	// Contradictions are for Image.Contradictions.
	Contradictions []string
}

// Together makes one system of statements, the most trusted first. The first one with
// a name decides that; the version is the first that is told of this name, never one
// of another name, and one without a name only where nobody tells a name, or where it
// says more of the same: 24.04 of Ubuntu 24. One without a name that does not agree with
// the others leaves the version unknown, as nobody knows which system it is of.
func Together(statements ...Statement) System {
	var told []reading
	for _, statement := range statements {
		told = append(told, read(statement))
	}
	var s System
	if first := slices.IndexFunc(told, func(r reading) bool { return r.name != "" }); first >= 0 {
		s.Name, s.NameFrom = told[first].name, told[first].nameFrom
	}
	s.take(told, s.Name)
	s.take(told, "")
	if slices.ContainsFunc(told, func(r reading) bool { return r.name == "" && s.against(r) }) {
		s.Version, s.VersionFrom = "", sdk.Provenance{}
	}
	s.contradict(told)
	return s
}

// take takes the version of the first reading with a name, and of the others one that names
// a release where that names none. Without a name there are only these.
func (s *System) take(told []reading, name string) {
	for _, r := range told {
		version := spell(s.Name, r.version)
		first := s.Version == "" && version != "" && name == s.Name
		if r.name == name && (first || osname.Partial(s.Name, s.Version) && osname.Within(version, s.Version)) {
			s.Version, s.VersionFrom = version, r.versionFrom.Of(cmp.Or(r.versionFrom.Raw, r.version), version)
		}
	}
}

// Describe writes the system into an image, and takes out what stood there.
func (s System) Describe(img *sdk.Image) {
	img.OSName, img.OSVersion = s.Name, s.Version
	if img.Provenance == nil {
		img.Provenance = map[string]sdk.Provenance{}
	}
	s.note(img.Provenance)
	img.Contradictions = append(img.Contradictions, s.Contradictions...)
}

func (s System) note(provenance map[string]sdk.Provenance) {
	delete(provenance, FieldOSName)
	delete(provenance, FieldOSVersion)
	if s.Name != "" {
		provenance[FieldOSName] = s.NameFrom
	}
	if s.Version != "" {
		provenance[FieldOSVersion] = s.VersionFrom
	}
}

// reading is a statement whose texts were split and spelled.
type reading struct {
	name, version         string
	nameFrom, versionFrom sdk.Provenance
	// doubts are what the statement has against itself.
	doubts []string
}

func read(s Statement) reading {
	inName, inVersion := split(s.Name, true), split(s.Version, false)
	r := inName
	r.doubts = append(r.doubts, inVersion.doubts...)
	switch {
	case inVersion.doubts != nil:
		r.version = ""
	case inVersion.version == "" && inVersion.name == "":
	case r.name == "":
		r.name, r.nameFrom = inVersion.name, inVersion.nameFrom
		r.version, r.versionFrom = inVersion.version, inVersion.versionFrom
	case inVersion.name != "" && inVersion.name != r.name:
		r.doubts = append(r.doubts, fmt.Sprintf("%s but %s", inName.say(), inVersion.say()))
	case disagree(spell(r.name, r.version), spell(r.name, inVersion.version)):
		r.doubts = append(r.doubts, fmt.Sprintf("%s but %s; the version is not known from there", inName.say(), inVersion.say()))
		r.version = ""
	default:
		r.version, r.versionFrom = inVersion.version, inVersion.versionFrom
	}
	r.version = spell(r.name, r.version)
	r.nameFrom, r.versionFrom = r.nameFrom.Of(r.nameFrom.Raw, r.name), r.versionFrom.Of(r.versionFrom.Raw, r.version)
	return r
}

// split reads one text, that of a name or of a version.
func split(said Said, named bool) reading {
	r := reading{nameFrom: said.From, versionFrom: said.From}
	r.nameFrom.Raw = cmp.Or(said.From.Raw, said.Text)
	r.versionFrom.Raw = r.nameFrom.Raw
	text := strings.TrimSpace(said.Text)
	name, version, ok := FromText(text)
	switch {
	case ok && (named || version != ""):
		r.name, r.version = name, version
	case unclear(text) || !named && several(text):
		r.doubts = []string{fmt.Sprintf("%s says %.200q, which is not one system", place(said.From), text)}
	case named:
		r.name, _ = Normalize(text, "")
	default:
		r.version = text
	}
	return r
}

func spell(name, version string) string {
	_, version = Normalize(name, version)
	return version
}

// disagree tells whether two versions are known and neither is a part of the other.
func disagree(a, b string) bool {
	return a != "" && b != "" && !osname.Within(a, b) && !osname.Within(b, a)
}

// against tells whether a reading has a version that cannot be the system's. A code name
// without a name beside it ("bookworm") may be that of any number.
func (s *System) against(r reading) bool {
	version := spell(s.Name, r.version)
	return disagree(version, s.Version) && (r.name != "" || number.MatchString(version) == number.MatchString(s.Version))
}

// contradict notes the statements that do not agree with the system that was made of
// all of them.
func (s *System) contradict(told []reading) {
	for _, r := range told {
		s.Contradictions = append(s.Contradictions, r.doubts...)
		other := r.name != "" && r.name != s.Name
		version := s.against(r)
		lost := s.Version == "" && r.version != ""
		if other || version || lost {
			s.Contradictions = append(s.Contradictions, fmt.Sprintf("%s, %s", r.say(), s.verdict()))
		}
	}
}

// say is what a statement says and where.
func (r reading) say() string {
	switch {
	case r.version == "":
		return place(r.nameFrom) + " says " + r.name
	case r.name == "":
		return place(r.versionFrom) + " says " + r.version + " without a name"
	case r.nameFrom == r.versionFrom || place(r.nameFrom) == place(r.versionFrom):
		return place(r.nameFrom) + " says " + r.name + " " + r.version
	}
	return place(r.nameFrom) + " says " + r.name + ", " + place(r.versionFrom) + " says " + r.version
}

func (s *System) verdict() string {
	believed := reading{name: s.Name, version: s.Version, nameFrom: s.NameFrom, versionFrom: s.VersionFrom}
	switch {
	case s.Name == "":
		return "and the version is not known"
	case s.Version == "":
		return believed.say() + ", and its version is not known"
	}
	return believed.say() + ", which is believed"
}

func place(from sdk.Provenance) string { return strings.TrimSpace(from.From + " " + from.Key) }
