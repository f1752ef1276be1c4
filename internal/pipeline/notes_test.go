package pipeline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/pipeline"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// What keeps an image from a plain machine, and what is not known of it, is told
// beside the pick.
func TestNotes(t *testing.T) {
	security := func(kind string) image.Image {
		return image.Image{ID: "i", Provider: "azure", Architecture: "amd64", State: image.Available, Attributes: map[string]string{"securityType": kind}}
	}
	aws := func(attribute, value string) image.Image {
		return image.Image{ID: "i", Provider: "aws", Architecture: "amd64", State: image.Available, Attributes: map[string]string{attribute: value}}
	}
	for name, tt := range map[string]struct {
		image image.Image
		sel   spec.Select
		want  []string
	}{
		"plain":       {image: image.Image{ID: "i", Architecture: "amd64", State: image.Available}},
		"arm64 asked": {image: image.Image{ID: "i", Architecture: "arm64"}, sel: spec.Select{Architecture: "arm64"}},
		"arm64": {
			image: image.Image{ID: "i", Architecture: "arm64"},
			want:  []string{"the image is for arm64, and the pack names no architecture: set select.architecture to be sure"},
		},
		"confidential": {
			image: security("ConfidentialVM"),
			want:  []string{`the image is for machines with the security type ConfidentialVM only (image.attributes.securityType)`},
		},
		"trusted launch":         {image: security("TrustedLaunch"), want: []string{`the image is for machines with the security type TrustedLaunch only (image.attributes.securityType)`}},
		"plain machines, too":    {image: security("TrustedLaunchSupported")},
		"confidential supported": {image: security("ConfidentialVMSupported")},
		"asked for":              {image: security("ConfidentialVM"), sel: spec.Select{Where: `image.attributes.securityType == "ConfidentialVM"`}},
		"of a purchase plan": {
			image: aws("purchasePlan", "acme/linux/hardened"),
			want: []string{"machines of the image need the purchase plan acme/linux/hardened, whose terms the subscription must have accepted: " +
				"az vm image terms accept (image.attributes.purchasePlan)"},
		},
		"of one disk controller": {
			image: aws("diskControllerTypes", "NVMe"),
			want:  []string{"the image boots from disk controllers of the type NVMe only, which not all sizes of machines have (image.attributes.diskControllerTypes)"},
		},
		"of two disk controllers": {image: aws("diskControllerTypes", "NVMe,SCSI")},
		"of AWS Marketplace": {
			image: aws("productCodes", "abc123"),
			want:  []string{"the account must have a subscription to AWS Marketplace's product abc123 (image.attributes.productCodes)"},
		},
		"of a product that is asked for": {image: aws("productCodes", "abc123"), sel: spec.Select{Where: `image.attributes.productCodes == "abc123"`}},
		"instance store": {
			image: aws("rootDeviceType", "instance-store"),
			want:  []string{"the image's root device is an instance-store, which few instance types have (image.attributes.rootDeviceType)"},
		},
		"a volume":                {image: aws("rootDeviceType", "ebs")},
		"a state that is unknown": {image: image.Image{ID: "i", StateReason: "nobody asked"}, want: []string{"whether the image is available is not known: nobody asked"}},
		"a reason beside a state": {image: image.Image{ID: "i", State: image.Available, StateReason: "perhaps an older one"}, want: []string{"the image is available, but perhaps an older one"}},
	} {
		t.Run(name, func(t *testing.T) {
			pick := pipeline.Pick{Pack: spec.Pack{Name: "p", Select: tt.sel}, Image: &tt.image}
			if diff := cmp.Diff(tt.want, pick.Notes()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A pack that names no region takes an image of any, and is told of the others.

// A part of a version contradicts no version that begins with it.
func TestPartOfAVersionIsNoContradiction(t *testing.T) {
	for own, want := range map[string]int{"24.04": 0, "24": 0, "22.04": 1} {
		pick := pipeline.Pick{
			Pack:  spec.Pack{Name: "p", Values: spec.Values{OSVersion: own}},
			Image: &image.Image{ID: "i", State: image.Available, OS: image.OS{Name: "ubuntu", Version: "24"}},
		}
		if notes := pick.Notes(); len(notes) != want {
			t.Errorf("%s: %q", own, notes)
		}
	}
}
