// Package ami reads AMIs with ec2:DescribeImages and turns them into images.
package ami

import (
	"cmp"
	"fmt"
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
	img.DeprecatedAt, deprecated = parseTime("deprecation time", aws.ToString(a.DeprecationTime))
	img.Withheld = cmp.Or(img.Withheld, created, deprecated)
	return img
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
	if system := otherSystem(a); system != "" && (a.State == "" || a.State == types.ImageStateAvailable) {
		return sdk.Unusable, "it is a " + system + " image"
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

// otherSystem names the system of an AMI that no pack can use.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-info-fields.html
func otherSystem(a *types.Image) string {
	switch {
	case strings.HasSuffix(string(a.Architecture), "_mac"):
		return "macOS"
	case strings.EqualFold(string(a.Platform), "windows"), strings.HasPrefix(aws.ToString(a.PlatformDetails), "Windows"):
		return "Windows"
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
		"rootDeviceType":           string(a.RootDeviceType),
		"sourceImageId":            aws.ToString(a.SourceImageId),
		"sourceImageRegion":        aws.ToString(a.SourceImageRegion),
		"tpmSupport":               string(a.TpmSupport),
		"virtualizationType":       string(a.VirtualizationType),
	} {
		if value != "" {
			out[key] = value
		}
	}
	return out
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
	name, nameKey := tag(img.Tags, c.TagKeys.OSName, "distribution")
	version, versionKey := tag(img.Tags, c.TagKeys.OSVersion, usualVersion(img.Tags, name))
	img.OSName, img.OSVersion = osfacts.Normalize(name, version)
	provenance(img, "os.name", "tag", nameKey, name, img.OSName)
	provenance(img, "os.version", "tag", versionKey, version, img.OSVersion)
	if img.OSName == "" {
		c.platform(img, a)
	}
	k8s, k8sKey := tag(img.Tags, c.TagKeys.KubernetesVersion, "kubernetes_version")
	img.KubernetesVersion = osfacts.KubernetesVersion(k8s)
	provenance(img, "kubernetesVersion", "tag", k8sKey, k8s, img.KubernetesVersion)
	v, vKey := tag(img.Tags, c.TagKeys.Version, "")
	img.Version = v
	provenance(img, "version", "tag", vKey, v, v)
}

// usualVersion is the tag with the version of Kubernetes Image Builder, unless that
// is of another system than name.
func usualVersion(tags map[string]string, name string) string {
	beside, _ := osfacts.Normalize(tags["distribution"], "")
	if own, _ := osfacts.Normalize(name, ""); beside != "" && own != beside {
		return ""
	}
	return "distribution_version"
}

// platform uses EC2's own platform details, which name the operating system when
// it is one that is billed. "Linux/UNIX" says nothing.
func (c Converter) platform(img *sdk.Image, a *types.Image) {
	details := aws.ToString(a.PlatformDetails)
	base, _, _ := strings.Cut(details, " with ")
	switch {
	case strings.HasPrefix(base, "Red Hat"), strings.HasPrefix(base, "Windows"), base == "Ubuntu Pro":
		if base == "Ubuntu Pro" {
			base = "Ubuntu"
		}
		name, _ := osfacts.Normalize(base, "")
		img.OSName = name
		provenance(img, "os.name", "api", "platformDetails", details, name)
	}
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

// provenance notes where a field came from; raw only when it was changed.
func provenance(img *sdk.Image, field, from, key, raw, value string) {
	if value == "" {
		return
	}
	p := sdk.Provenance{From: from, Key: key}
	if raw != value {
		p.Raw = raw
	}
	img.Provenance[field] = p
}
