package osfacts

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/kubectl-byoos/kubectl-byoos/internal/osname"
)

var (
	versionWord = regexp.MustCompile(`(?i)^(?:` + oneVersion + `)$`)
	// described is a version and words that describe the system: "20-lts-arm-rpi".
	described = regexp.MustCompile(`(?i)^(` + oneVersion + `)-(.+)$`)
	// glued is a name and what stands behind it in one word: "ubuntu-22.04", "rhel8".
	glued       = regexp.MustCompile(`^([A-Za-z][A-Za-z/._-]*?)[-_:]?(\d.*)$`)
	servicePack = regexp.MustCompile(`(?i)^sp-?\d+$`)
	secondEdit  = regexp.MustCompile(`(?i)-?r2$`)
	// component are words that stand before a version of their own.
	component = regexp.MustCompile(`(?i)^(?:` + components + `)$`)
	number    = regexp.MustCompile(`^[vV]?\d`)
	leading   = regexp.MustCompile(`(?i)^(?:release|version)$`)
	// harmless are words whose digits are of no version of a system: architectures, gen2, web01,
	// kernel-5.15.
	harmless = regexp.MustCompile(`(?i)^(?:(?:32|64)-?bits?|x86[_-]64|[a-z]+\d+[a-z]*|(?:\w+-)*(?:` + components + `)[-_=:]?v?\d[\w.+-]*)$`)
	// halfVersion is one that may be a version without its name.
	halfVersion = regexp.MustCompile(`(?i)^(?:v|el|fc|sp|r)-?\d`)
	// between stands between two versions in one word.
	between  = regexp.MustCompile(`\d(?:/|->|→|\.\.+|–|—|&)[vV]?\d`)
	choice   = regexp.MustCompile(`(?i)^(?:and/)?or$`)
	nameWord = regexp.MustCompile(`^[A-Za-z][A-Za-z/+&._-]*$`)
)

// oneVersion is a system's version: numbers, and what belongs to them in one word. Ubuntu's
// may have a dash, as labels hold no dot.
const oneVersion = `\d\d-(?:04|10)(?:-lts)?|\d+(?:\.\d+)*(?:-?sp-?\d+|-?r2|-lts)?`

// components are names of what an image has inside beside its system.
const components = `k8s|kubernetes|kubelet|kubeadm|kubectl|k3s|rke2|k0s|eks|containerd|docker|cri-o|runc|kernel|kairos|fips|stig`

// FromText splits free text such as "Red Hat Enterprise Linux 8" or "Ubuntu
// 24.04 LTS" into a name and version as Normalize gives them. ok is false, and name and
// version are empty, when the text is neither words followed by a version nor the name of
// a known distribution, and when it holds two systems or two versions, whatever stands
// between them. Versions that stand behind the name of something else are not the
// system's: "k8s 1.30 on Ubuntu 22.04" is Ubuntu 22.04. Any other number that is not
// understood makes it no answer.
func FromText(text string) (name, version string, ok bool) {
	if name, ok := osname.Known(text); ok {
		return name, "", true
	}
	if len(text) > maxText {
		return "", "", false
	}
	t := parse(text)
	switch {
	case t.unclear():
		return "", "", false
	case len(t.found) > 0:
		return t.found[0][0], t.found[0][1], true
	case len(t.loose) == 1 && !t.odd && t.ofOthers == 0:
		return t.unknown()
	}
	return "", "", false
}

// unclear tells whether a text names a known system, and it cannot be told which one or
// which version of it.
func unclear(text string) bool {
	if _, ok := osname.Known(text); ok {
		return false
	}
	return len(text) > maxText || parse(text).unclear()
}

// several tells whether the text of a version holds more than one: "8 or 9". A service
// pack belongs to the number before it.
func several(text string) bool {
	if len(text) > maxText {
		return true
	}
	numbers, packs := 0, 0
	words := words(text)
	for i, word := range words {
		switch {
		case choice.MatchString(word):
			return true
		case servicePack.MatchString(word), i > 0 && strings.EqualFold(words[i-1], "sp") && number.MatchString(word):
			packs++
		case number.MatchString(word) && !harmless.MatchString(word), halfVersion.MatchString(word):
			numbers++
		}
	}
	return numbers > 1 || packs > 1 || between.MatchString(text)
}

// text is what was found in the words of a text.
type text struct {
	words []string
	named []string    // known distributions, each once
	found [][2]string // known distributions, each with the version behind it, each once, two at most
	loose []int       // places of versions behind no known name
	odd   bool        // a number or a word stands there that is not understood
	// ofOthers is the place behind the last version of something else; 0 for none.
	ofOthers int
}

// maxText is more than the name and version of a system take.
const maxText = 1000

func parse(raw string) *text {
	t := &text{words: words(raw)}
	from := 0 // behind the version before
	for i := 0; i < len(t.words); i++ {
		word := t.words[i]
		t.odd = t.odd || choice.MatchString(word)
		if !strings.ContainsFunc(word, unicode.IsNumber) {
			continue
		}
		name, version := knownBefore(t.words[from:i]), versionWord.MatchString(word)
		switch {
		case version && name != "":
			var found [2]string
			found, i = pair(name, t.words, i)
			if len(t.found) < 2 && !slices.Contains(t.found, found) {
				t.found = append(t.found, found)
			}
			from = i + 1
		case t.ofComponent(i):
			t.ofOthers, from = i+1, i+1
		case version:
			t.loose = append(t.loose, i)
			_, i = pair("", t.words, i)
			from = i + 1
		case halfVersion.MatchString(word) || !harmless.MatchString(word):
			t.odd = true
		}
	}
	t.named = systems(t.words)
	return t
}

// unclear tells whether a known system is named, and not which one or which version of it.
func (t *text) unclear() bool {
	switch {
	case len(t.named) == 0:
		return false
	case t.odd || len(t.named) > 1 || len(t.found)+len(t.loose) > 1:
		return true
	case len(t.loose) == 1: // "SLE Micro 5.5" is a system of its own, "5 based on Ubuntu" is none
		return len(systems(t.words[t.loose[0]:])) > 0
	}
	return false
}

// words are those of a text without punctuation. A known name and the version in one word
// become two.
func words(text string) []string {
	var all []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`()[]{}"',;|`, r) }) {
		word = strings.TrimRight(strings.Trim(word, ":/"), ".")
		if strings.Trim(word, "-–—") == "" {
			continue
		}
		if m := glued.FindStringSubmatch(word); m != nil && knownBefore(append(slices.Clone(all[max(0, len(all)-maxNameWords):]), m[1])) != "" {
			all = append(all, m[1])
			word = m[2]
			if m := described.FindStringSubmatch(word); m != nil {
				all = append(all, m[1])
				word = m[2]
			}
		}
		all = append(all, word)
	}
	return all
}

// knownBefore returns the known distribution that the last of words name.
func knownBefore(words []string) string {
	if n := len(words); n > 0 && leading.MatchString(words[n-1]) {
		words = words[:n-1]
	}
	for i := max(0, len(words)-maxNameWords); i < len(words); i++ {
		if name, ok := osname.Known(strings.Join(words[i:], " ")); ok {
			return name
		}
	}
	return ""
}

// maxNameWords is more than a known name has.
const maxNameWords = 6

// systems returns the known distributions that words name, each once.
func systems(words []string) []string {
	var named []string
	for i := 0; i < len(words); i++ {
		for end := min(len(words), i+maxNameWords); end > i; end-- {
			name, ok := osname.Known(strings.Join(words[i:end], " "))
			if !ok {
				continue
			}
			if !slices.Contains(named, name) {
				named = append(named, name)
			}
			i = end - 1
			break
		}
	}
	return named
}

// ofComponent tells whether the version at a place is that of something else, which
// stands before it: "kernel version 5.15". "k8s 1.30, 1.31" has two of it.
func (t *text) ofComponent(at int) bool {
	if at > 0 && t.ofOthers == at {
		major, _, dotted := strings.Cut(t.words[at-1], ".")
		return dotted && strings.HasPrefix(t.words[at], major+".")
	}
	before := t.words[:at]
	if n := len(before); n > 1 && leading.MatchString(before[n-1]) {
		before = before[:n-1]
	}
	return len(before) > 0 && component.MatchString(before[len(before)-1]) && number.MatchString(t.words[at])
}

// pair is a name with the version at a place among words, and the last place of it.
func pair(name string, words []string, at int) (found [2]string, last int) {
	version, next, last := words[at], "", at
	if at+1 < len(words) {
		next = strings.ToUpper(words[at+1])
	}
	switch {
	case name == "windows" && next == "R2":
		version, last = version+"-r2", at+1 // Windows Server 2012 and 2012 R2 are two systems
	case name == "windows":
		version = secondEdit.ReplaceAllString(version, "-r2")
	case name == "sles" && next == "SP" && at+2 < len(words) && versionWord.MatchString(words[at+2]):
		version, last = version+" SP"+words[at+2], at+2
	case next == "LTS", servicePack.MatchString(next):
		version, last = version+" "+strings.ReplaceAll(next, "-", ""), at+1
	}
	if name == "windows" && last+1 < len(words) && servicePack.MatchString(words[last+1]) {
		last++
	}
	name, version = Normalize(name, version)
	return [2]string{name, version}, last
}

// unknown splits text that names no known distribution before its only version.
func (t *text) unknown() (name, version string, ok bool) {
	at := t.loose[0]
	named := t.words[:at]
	if n := len(named); n > 0 && leading.MatchString(named[n-1]) {
		named = named[:n-1]
	}
	if len(named) == 0 || slices.ContainsFunc(named, func(word string) bool { return !nameWord.MatchString(word) }) {
		return "", "", false
	}
	of, _ := pair(strings.Join(named, " "), t.words, at)
	return of[0], of[1], true
}
