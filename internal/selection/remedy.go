package selection

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// nextStep names the value that no image has, if there is one.
func (t *trial) nextStep(mayFit int) string {
	unread := ""
	switch {
	case mayFit > 0:
		unread = fmt.Sprintf("%d tags that the source did not read may fit: %s", mayFit, readTags)
	case t.misleads(versionsRule):
		return "build and push these images, or correct packs[].edge.kubernetesVersions"
	case t.misleads(valuesRule):
		return t.nextParts()
	}
	for i := range t.rule.checks {
		fact := &t.rule.checks[i]
		if fact.what == "" || t.failing[i].missing(len(t.pool.entries)) > 0 {
			continue // some have it
		}
		found := t.pool.values(fact.rule, fact.of)
		if len(found) == 0 && fact.rule == "architecture" && t.allUnread() {
			// Tags are left unread for what else is asked for; that comes first.
			unread = t.unknown(fact.rule)
			continue
		}
		if fact.rule == "architecture" && unread != "" {
			continue
		}
		if len(found) == 0 {
			return t.unknown(fact.rule)
		}
		return fmt.Sprintf("the %s asked for is %s, and the images have %s", fact.rule, strconv.Quote(fact.wanted),
			strings.Join(limited(found), ", ")) + remedy(fact.rule, fact.wanted, found)
	}
	return cmp.Or(unread, "change select, or see every image and rule with the explain command")
}

// misleads tells whether images fit but for what their template leads to, by a rule.
func (t *trial) misleads(rule string) bool {
	for _, ways := range []map[*entry]way{t.ways, t.astrays} {
		for _, way := range ways {
			if way.lost.Rule == rule && way.ID != nil {
				return true
			}
		}
	}
	return false
}

func (t *trial) allUnread() bool {
	return !slices.ContainsFunc(t.pool.entries, func(e entry) bool { return !e.unread })
}

// unknown is the next step when a field is known of no image.
func (t *trial) unknown(key string) string {
	next := fmt.Sprintf("no image has a known %s: ", key)
	if key == "architecture" && t.allUnread() {
		return next + "the source did not read these tags: " + readTags
	}
	return next + declare
}

// remedy ends the sentence that the images have other values than the one that
// is wanted. Regions and versions that differ in more than a slip are most often
// right, and only the image is missing.
func remedy(key, wanted string, found []string) string {
	const askFor = ": ask for one of these, or "
	near := ""
	switch key {
	case "kubernetesVersion":
		return fmt.Sprintf(": build an image with a version within %s, or widen the range", wanted)
	case "os.version":
	case "region":
		near = nearRegion(image.RegionKey(wanted), found)
	case "provider":
		if near = providerNamed(wanted); near != "" && !slices.Contains(found, near) {
			return "; providers are spelled otherwise here: " + text.Meant(near)
		}
		near = cmp.Or(near, text.Nearest(wanted, found))
	default:
		near = text.Nearest(wanted, found)
	}
	switch {
	case near != "":
		return "; " + text.Meant(near)
	case key == "region":
		return askFor + "build or copy an image there"
	}
	return askFor + "build an image that has it"
}

// providerNamed returns the provider that goes by another name, or "".
func providerNamed(name string) string {
	names := map[string]string{
		"amazon": "aws", "ec2": "aws", "azurerm": "azure", "microsoft": "azure",
		"google": "gcp", "googlecloud": "gcp", "gce": "gcp", "vmware": "vsphere",
	}
	return names[foldName(name)]
}

// nearRegion returns the region that a word is a slip of, or "". Regions are like
// each other by design: us-east-2 is not a misspelt us-east-1, nor af-south-1 a
// misspelt ap-south-1.
func nearRegion(word string, regions []string) string {
	for _, region := range regions {
		if text.OneSlip(word, region) && digitsOf(word) == digitsOf(region) && sameArea(word, region) {
			return region
		}
	}
	return ""
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

// sameArea tells whether two regions of AWS begin with the same two letters, in
// any order; it holds for what does not look like one.
func sameArea(a, b string) bool {
	x, y := area(a), area(b)
	return x == "" || y == "" || x == y || x == y[1:]+y[:1]
}

// area returns the letters that a region of AWS begins with, or "".
func area(region string) string {
	letters, rest, _ := strings.Cut(strings.ToLower(region), "-")
	if len(letters) != 2 || rest == "" {
		return ""
	}
	return letters
}
