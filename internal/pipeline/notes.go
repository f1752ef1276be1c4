package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// Attributes of Azure's images: what kind of machine one is for; and of AWS's: what an
// account must subscribe to, and where its root device is.
const (
	attributeSecurityType = "securityType"
	attributeProductCodes = "productCodes"
	attributeRootDevice   = "rootDeviceType"
	attributePlan         = "purchasePlan"
	attributeControllers  = "diskControllerTypes"
)

// cautions are what may keep the image of a pick from running where it is meant
// to, when the pack does not ask for it, and what is not known of it.
func (p Pick) cautions() []string {
	var notes []string
	why := p.unknown
	if unsure(p.Image) {
		why = p.Image.StateReason
	}
	if why != "" {
		notes = append(notes, "whether the image is available is not known: "+why)
	}
	if p.Image.StateReason != "" && p.Image.State == image.Available {
		notes = append(notes, "the image is available, but "+p.Image.StateReason)
	}
	told := func(note string) bool { return strings.Contains(note, "select.architecture") }
	if arch := p.Image.Architecture; arch != "" && arch != "amd64" && p.Pack.Select.Architecture == "" && !slices.ContainsFunc(p.Outcome.Notes, told) {
		notes = append(notes, fmt.Sprintf("the image is for %s, and the pack names no architecture: set select.architecture to be sure", arch))
	}
	tell := func(attribute string, bars func(value string) bool, format string) {
		if value := p.Image.Attributes[attribute]; bars(value) && !strings.Contains(p.Pack.Select.Where, attribute) {
			notes = append(notes, fmt.Sprintf(format+" (image.attributes.%s)", value, attribute))
		}
	}
	tell(attributeSecurityType, onlySecure, "the image is for machines with the security type %s only")
	tell(attributePlan, func(value string) bool { return value != "" },
		"machines of the image need the purchase plan %s, whose terms the subscription must have accepted: az vm image terms accept")
	tell(attributeControllers, func(value string) bool { return value != "" && !strings.Contains(strings.ToUpper(value), "SCSI") },
		"the image boots from disk controllers of the type %s only, which not all sizes of machines have")
	tell(attributeProductCodes, func(value string) bool { return value != "" }, "the account must have a subscription to AWS Marketplace's product %s")
	tell(attributeRootDevice, func(value string) bool { return value == "instance-store" }, "the image's root device is an %s, which few instance types have")
	return notes
}

// onlySecure tells whether an image boots on no machine but those of its security
// type; the types that end in Supported, and Standard, boot on plain ones, too
// (learn.microsoft.com/azure/virtual-machines/trusted-launch-portal).
func onlySecure(kind string) bool {
	return strings.EqualFold(kind, "TrustedLaunch") || strings.EqualFold(kind, "ConfidentialVM")
}
