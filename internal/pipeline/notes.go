package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// attributeSecurityType is an attribute of Azure's images: what kind of machine
// one is for.
const attributeSecurityType = "securityType"

// cautions are what may keep the image of a pick from running where it is meant
// to, when the pack does not ask for it, and what is not known of it.
func (p Pick) cautions() []string {
	var notes []string
	if p.Image.StateReason != "" && p.Image.State == image.StateUnset {
		notes = append(notes, "whether the image is available is not known: "+p.Image.StateReason)
	}
	if p.Image.StateReason != "" && p.Image.State == image.Available {
		notes = append(notes, "the image is available, but "+p.Image.StateReason)
	}
	if arch := p.Image.Architecture; arch != "" && arch != "amd64" && p.Pack.Select.Architecture == "" {
		notes = append(notes, fmt.Sprintf("the image is for %s, and the pack names no architecture: set select.architecture to be sure", arch))
	}
	if others := p.otherRegions(); len(others) > 0 {
		notes = append(notes, fmt.Sprintf("the image is in %s, others that fit are in %s, and the pack names no region: set select.region to be sure",
			p.Image.Region, strings.Join(others, ", ")))
	}
	kind := p.Image.Attributes[attributeSecurityType]
	if onlySecure(kind) && !strings.Contains(p.Pack.Select.Where, attributeSecurityType) {
		notes = append(notes, fmt.Sprintf("the image is for machines with the security type %s only (image.attributes.%s)", kind, attributeSecurityType))
	}
	return notes
}

// otherRegions are those of other images that fit, when the pack takes any and the
// pick is good in its own only.
func (p Pick) otherRegions() []string {
	if p.Pack.Select.Region != "" || !regional(p.Image) {
		return nil
	}
	var others []string
	for i := range p.Outcome.Ranked {
		img := &p.Outcome.Ranked[i]
		region := image.RegionKey(img.Region)
		same := strings.EqualFold(img.ID, p.Image.ID) || region == image.RegionKey(p.Image.Region)
		if !same && regional(img) && strings.EqualFold(img.Provider, p.Image.Provider) {
			others = append(others, region)
		}
	}
	slices.Sort(others)
	return slices.Compact(others)
}

func regional(img *image.Image) bool { return img.Region != "" && img.Region != image.GlobalRegion }

// onlySecure tells whether an image boots on no machine but those of its security
// type; the types that end in Supported, and Standard, boot on plain ones, too
// (learn.microsoft.com/azure/virtual-machines/trusted-launch-portal).
func onlySecure(kind string) bool {
	return strings.EqualFold(kind, "TrustedLaunch") || strings.EqualFold(kind, "ConfidentialVM")
}
