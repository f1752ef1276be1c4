package pipeline

import (
	"fmt"
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
	if unsure(p.Image) {
		notes = append(notes, "whether the image is available is not known: "+p.Image.StateReason)
	}
	if p.Image.StateReason != "" && p.Image.State == image.Available {
		notes = append(notes, "the image is available, but "+p.Image.StateReason)
	}
	if arch := p.Image.Architecture; arch != "" && arch != "amd64" && p.Pack.Select.Architecture == "" {
		notes = append(notes, fmt.Sprintf("the image is for %s, and the pack names no architecture: set select.architecture to be sure", arch))
	}
	kind := p.Image.Attributes[attributeSecurityType]
	if onlySecure(kind) && !strings.Contains(p.Pack.Select.Where, attributeSecurityType) {
		notes = append(notes, fmt.Sprintf("the image is for machines with the security type %s only (image.attributes.%s)", kind, attributeSecurityType))
	}
	return notes
}

// onlySecure tells whether an image boots on no machine but those of its security
// type; the types that end in Supported, and Standard, boot on plain ones, too
// (learn.microsoft.com/azure/virtual-machines/trusted-launch-portal).
func onlySecure(kind string) bool {
	return strings.EqualFold(kind, "TrustedLaunch") || strings.EqualFold(kind, "ConfidentialVM")
}
