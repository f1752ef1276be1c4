// Package ami reads AMIs with ec2:DescribeImages and turns them into images.
package ami

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// Provider is the provider of every AMI.
const Provider = "aws"

// Converter turns AMIs of one region into images.
type Converter struct {
	Region string
	// Account of the credentials; empty when it is not known. Its AMIs get the
	// owner "self".
	Account string
	TagKeys settings.TagKeys
	// Undated is told of each AMI that is withheld for a time that cannot be read, and
	// why; it may be nil.
	Undated func(id, why string)
}

// Image returns what a describes. With a state that is not known it is withheld, and with
// a time that cannot be read: its place in the order, or its end, is then not known.
func (c Converter) Image(a *types.Image) sdk.Image {
	img := sdk.Image{
		ID: aws.ToString(a.ImageId), Provider: Provider, Name: aws.ToString(a.Name), Region: c.Region,
		Architecture: osfacts.Architecture(string(a.Architecture)),
		OwnerID:      aws.ToString(a.OwnerId), Public: aws.ToBool(a.Public),
		Tags: tags(a.Tags), Attributes: attributes(a), Evidence: sdk.Asked,
		Provenance: map[string]sdk.Provenance{"id": {From: "api", Key: "ec2:DescribeImages"}},
	}
	if string(a.Architecture) != img.Architecture {
		img.Provenance["architecture"] = sdk.Provenance{From: "api", Key: "architecture", Raw: string(a.Architecture)}
	}
	img.Owner = c.owner(a)
	img.State, img.StateReason = state(a)
	if a.State != "" && img.State == sdk.StateUnknown {
		img.Withheld = img.StateReason
	}
	if a.ImageAllowed != nil && !*a.ImageAllowed {
		img.Withheld = "the account's Allowed AMIs setting does not allow it"
	}
	c.facts(&img, a)
	var created, deprecated string
	img.CreatedAt, created = parseTime("creation date", aws.ToString(a.CreationDate))
	if isCopy(a) {
		img.Provenance["createdAt"] = sdk.Provenance{From: "api", Key: "CreationDate of a copy"}
	}
	img.DeprecatedAt, deprecated = parseTime("deprecation time", aws.ToString(a.DeprecationTime))
	if odd := cmp.Or(created, deprecated); odd != "" && img.Withheld == "" {
		img.Withheld = odd
		if c.Undated != nil {
			c.Undated(img.ID, odd)
		}
	}
	return img
}

// isCopy tells whether an AMI seems to be a copy of another one: that is where the time of
// its content may be, which EC2 does not tell here. What was made from an instance names
// the AMI that the instance was launched from.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-ancestry.html
func isCopy(a *types.Image) bool {
	return aws.ToString(a.SourceImageId) != "" && aws.ToString(a.SourceInstanceId) == "" && aws.ToString(a.CreationDate) != ""
}

func (c Converter) owner(a *types.Image) string {
	switch {
	case c.Account != "" && aws.ToString(a.OwnerId) == c.Account:
		return settings.Self
	case aws.ToString(a.ImageOwnerAlias) != "":
		return aws.ToString(a.ImageOwnerAlias)
	}
	return aws.ToString(a.OwnerId)
}

func parseTime(what, text string) (time.Time, string) {
	if text == "" {
		return time.Time{}, ""
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Sprintf("its %s %q is not a time", what, text)
	}
	return t, ""
}

// state translates EC2's states. One of tomorrow is not known: the AMI is not offered
// then, and nothing is said against it.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func state(a *types.Image) (sdk.State, string) {
	if kind := unusable(a); kind != "" && (a.State == "" || a.State == types.ImageStateAvailable) {
		return sdk.Unusable, "it is a " + kind + " image"
	}
	if a.State == "" {
		return sdk.StateUnknown, "EC2 does not say in what state it is"
	}
	reason := "EC2 says it is " + string(a.State)
	if a.StateReason != nil && aws.ToString(a.StateReason.Message) != "" {
		reason += ": " + aws.ToString(a.StateReason.Message)
	}
	switch a.State {
	case types.ImageStateAvailable:
		return sdk.Available, ""
	case types.ImageStatePending, types.ImageStateTransient:
		return sdk.Pending, reason
	case types.ImageStateDisabled:
		return sdk.Disabled, reason
	case types.ImageStateDeregistered:
		return sdk.Gone, reason
	case types.ImageStateFailed, types.ImageStateError, types.ImageStateInvalid:
		return sdk.Failed, reason
	}
	return sdk.StateUnknown, fmt.Sprintf("EC2 says it is in state %q, which this plugin does not know", a.State)
}

// unusable names what an AMI is that no pack can use: one of another system, and what
// boots on instance types of former generations alone.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ComponentsAMIs.html
func unusable(a *types.Image) string {
	switch {
	case strings.HasSuffix(string(a.Architecture), "_mac"):
		return "macOS"
	case strings.EqualFold(string(a.Platform), windows), billed(a) == windows:
		return "Windows"
	case a.VirtualizationType == types.VirtualizationTypeParavirtual:
		return "paravirtual"
	}
	return ""
}

const windows = "windows"

// billed is the operating system that an AMI is billed by, as packs spell it; empty
// when it is billed by none ("Linux/UNIX") or EC2 does not say. The usage operation
// tells the same as the platform details, by AWS's table.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
func billed(a *types.Image) string {
	base, _, _ := strings.Cut(aws.ToString(a.PlatformDetails), " with ")
	switch base {
	case "Red Hat Enterprise Linux", "Red Hat BYOL Linux":
		return "rhel"
	case "Ubuntu Pro":
		return "ubuntu"
	case "":
		return billedAs(aws.ToString(a.UsageOperation))
	}
	if strings.HasPrefix(base, "Windows") {
		return windows
	}
	return ""
}

func billedAs(operation string) string {
	switch code, _ := strings.CutPrefix(operation, "RunInstances:"); code {
	case "00g0", "0010", "1010", "1014", "1110", "0014", "0210", "0110":
		return "rhel"
	case "0g00":
		return "ubuntu"
	case "0002", "0800", "0102", "0006", "0202":
		return windows
	}
	return ""
}

func tags(list []types.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// attributes are what EC2 says beyond the fields of an image. What it does not
// say has no attribute.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
func attributes(a *types.Image) map[string]string {
	out := make(map[string]string, 12)
	for key, value := range map[string]string{
		"bootMode":                 string(a.BootMode),
		"deregistrationProtection": aws.ToString(a.DeregistrationProtection),
		"enaSupport":               truth(a.EnaSupport),
		"encrypted":                encrypted(a.BlockDeviceMappings),
		"imdsSupport":              string(a.ImdsSupport),
		"lastLaunchedTime":         aws.ToString(a.LastLaunchedTime),
		"platform":                 string(a.Platform),
		"platformDetails":          aws.ToString(a.PlatformDetails),
		"productCodes":             productCodes(a.ProductCodes),
		"rootDeviceType":           string(a.RootDeviceType),
		"sourceImageId":            aws.ToString(a.SourceImageId),
		"sourceImageRegion":        aws.ToString(a.SourceImageRegion),
		"sourceInstanceId":         aws.ToString(a.SourceInstanceId),
		"tpmSupport":               string(a.TpmSupport),
		"usageOperation":           aws.ToString(a.UsageOperation),
		"virtualizationType":       string(a.VirtualizationType),
	} {
		if value != "" {
			out[key] = value
		}
	}
	return out
}

// productCodes are those of AWS Marketplace, which an account must subscribe to.
func productCodes(list []types.ProductCode) string {
	var codes []string
	for _, code := range list {
		if id := aws.ToString(code.ProductCodeId); id != "" {
			codes = append(codes, id)
		}
	}
	slices.Sort(codes)
	return strings.Join(codes, ",")
}

func truth(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// encrypted is "true" when every EBS volume is, "false" when one is not, and ""
// when EC2 does not say.
func encrypted(devices []types.BlockDeviceMapping) string {
	all := ""
	unknown := false
	for _, d := range devices {
		if d.Ebs == nil {
			continue // an instance store
		}
		switch said := truth(d.Ebs.Encrypted); said {
		case "false":
			return said
		case "":
			unknown = true
		default:
			all = said
		}
	}
	if unknown {
		return ""
	}
	return all
}

// facts fills in what is inside the image: from the tags that the configuration
// names, else from those of Kubernetes Image Builder
// (kubernetes-sigs/image-builder: images/capi/packer/ami/packer.json), else from
// what EC2 itself says. Never from the name.
func (c Converter) facts(img *sdk.Image, a *types.Image) {
	told := c.tagged(img)
	if osfacts.Together(told...).Name == "" {
		told = append(told, billedSystem(a))
	}
	osfacts.Together(told...).Describe(img)
	k8s, k8sKey := tag(img.Tags, c.TagKeys.KubernetesVersion, "kubernetes_version")
	img.KubernetesVersion = osfacts.KubernetesVersion(k8s)
	if img.KubernetesVersion != "" {
		img.Provenance["kubernetesVersion"] = sdk.Provenance{From: "tag", Key: k8sKey}.Of(k8s, img.KubernetesVersion)
	}
	v, vKey := tag(img.Tags, c.TagKeys.Version, "")
	if img.Version = v; v != "" {
		img.Provenance["version"] = sdk.Provenance{From: "tag", Key: vKey}
	}
}

// System is what the tags and Image Builder's text say together.
func (c Converter) System(img *sdk.Image, text string) osfacts.System {
	said := osfacts.Said{Text: text, From: sdk.Provenance{From: "api", Key: "osVersion"}}
	return osfacts.Together(append(c.tagged(img), osfacts.Statement{Name: said})...)
}

func (c Converter) tagged(img *sdk.Image) []osfacts.Statement {
	return osfacts.In(img.Tags, "tag", osfacts.Keys{OSName: c.TagKeys.OSName, OSVersion: c.TagKeys.OSVersion})
}

// billedSystem is what an AMI is billed by, which names the operating system when it is
// one that is billed.
func billedSystem(a *types.Image) osfacts.Statement {
	key, raw := "platformDetails", aws.ToString(a.PlatformDetails)
	if raw == "" {
		key, raw = "usageOperation", aws.ToString(a.UsageOperation)
	}
	return osfacts.Statement{Name: osfacts.Said{Text: billed(a), From: sdk.Provenance{From: "api", Key: key, Raw: raw}}}
}

func tag(tags map[string]string, configured, usual string) (value, key string) {
	for _, key := range []string{configured, usual} {
		if key == "" {
			continue
		}
		if v := strings.TrimSpace(tags[key]); v != "" {
			return v, key
		}
	}
	return "", ""
}
