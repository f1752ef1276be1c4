package pack

import (
	"strings"
	"testing"
)

type formOfID struct{ provider, id, wrong string }

func checkForms(t *testing.T, forms []formOfID) {
	t.Helper()
	for _, tt := range forms {
		err := CheckID(tt.provider, tt.id)
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("CheckID(%s, %s) = %v, want %q", tt.provider, tt.id, err, tt.wrong)
		}
	}
}

func TestCheckID(t *testing.T) {
	checkForms(t, []formOfID{
		{"aws", "ami-0123456789abcdef0", ""},
		{"aws", "ami-1a2b3c4d", ""},
		{"aws", "us-east-1:ami-1a2b3c4d", "must start with ami-"},
		{"aws", "ami-1a2b3c4D", "no lower-case hexadecimal digit"},
		{"aws", "ami-1a2b3c4d5", "9 characters follow"},
		{"gcp", "projects/p/global/images/n", ""},
		{"gcp", "https://www.googleapis.com/compute/v1/projects/p/global/images/n", ""},
		{"gcp", "projects/p/global/images/family/f", "image family"},
		{"gcp", "n", "no Compute Engine image"},
		{"gcp", "https://x/n", "no Compute Engine image"},
		{"gcp", "x/projects/p/global/images/n", "no Compute Engine image"},
		{"gcp", "projects/p/global/images/n/x", "no Compute Engine image"},
		{"gcp", "projects/p/global/images/", "no Compute Engine image"},
		{"gcp", "projects/p/zonal/images/n", "no Compute Engine image"},
		{"gcp", "projects/p/global/disks/n", "no Compute Engine image"},
		{"gcp", "projects//global/images/n", "no Compute Engine image"},
		{"vsphere", "/Datacenter/vm/folder/rhel 8/name", ""},
		{"vsphere", "name", "must start with /"},
		{"vsphere", "/dc/folder/name", "/vm/ must follow"},
		{"vsphere", "/vm/name", "/vm/ must follow"},
		{"vsphere", "/dc/vm/name/", "is a folder"},
		{"vsphere", "/dc/vm//name", "empty segment"},
		{"nutanix", "d7a1b5e0-0000-0000-0000-000000000000", ""},
		{"nutanix", "a\tb", "no id has"},
		{"nutanix", "a\u200bb", "no id has"},
		{"nutanix", "a\u00a0b", "no id has"},
		{"nutanix", "\u200bb", "no id has"},
		{"nutanix", "", "has no id"},
	})
}

func TestCheckIDOfAzure(t *testing.T) {
	arm := "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Compute"
	checkForms(t, []formOfID{
		{"azure", arm + "/galleries/g/images/d/versions/1.0.20240101", ""},
		{"azure", "/SUBSCRIPTIONS/1/resourcegroups/rg/providers/microsoft.compute/Galleries/g/Images/d/Versions/1.2.3", ""},
		{"azure", arm + "/images/n", ""},
		{"azure", "/communityGalleries/c/images/d/versions/1.2.3", ""},
		{"azure", "/sharedGalleries", "is a gallery"},
		{"azure", "/sharedgalleries/s/images/d/versions/1.2.3", ""},
		{"azure", "/galleries/g/images/d/versions/1.2.3", "is wanted"},
		{"azure", "communityGalleries/c/images/d/versions/1.2.3", "must start with /"},
		{"azure", "galleries", "is a gallery"},
		{"azure", "galleries/g/images", "is a gallery"},
		{"azure", "galleries/g/disks/d/versions/1.2.3", "is a gallery"},
		{"azure", "galleries/g/images/d/versions", "must end in versions/X.Y.Z"},
		{"azure", "galleries/g/images/d/versions/1.2.3/x", "must end in versions/X.Y.Z"},
		{"azure", "galleries/g/images/d/disks/1.2.3", "must end in versions/X.Y.Z"},
		{"azure", "galleries/g/images/d/versions/1.2.3.4", "not three numbers"},
		{"azure", arm, "is wanted"},
		{"azure", arm + "/galleries", "is a gallery"},
		{"azure", arm + "/images", "no Azure image"},
		{"azure", arm + "/images/n/x", "no Azure image"},
		{"azure", "galleries/g/images/d/versions/1.2.3", ""},
		{"azure", "galleries/g/images/d", "image definition"},
		{"azure", "galleries//images/d/versions/1.2.3", "empty segment"},
		{"azure", arm + "/galleries/g/images/d/imageversions/1.2.3", "/versions/ must stand for /imageversions/"},
		{"azure", arm + "/galleries/g/images/d", "image definition"},
		{"azure", arm + "/galleries/g", "is a gallery"},
		{"azure", arm + "/galleries/g/images/d/versions/latest", "not three numbers"},
		{"azure", arm + "/galleries/g/images/d/versions/1.2.3/", "empty segment"},
		{"azure", arm + "/disks/n", "no Azure image"},
		{"azure", "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/images/n", "Microsoft.Storage"},
		{"azure", "https://x.blob.core.windows.net/v.vhd", "must start with /"},
		{"azure", "/subscriptions/1", "is wanted"},
	})
}

func TestProviderOf(t *testing.T) {
	for id, want := range map[string]string{
		"ami-1a2b3c4d": "aws", "/SUBSCRIPTIONS/1/x": "azure", "galleries/g/images/d/versions/1.2.3": "azure",
		"/communityGalleries/c": "azure", "projects/p/global/images/n": "gcp", "/dc/vm/x": "vsphere",
		"https://www.googleapis.com/compute/v1/projects/p/global/images/n": "gcp", "900": "", "": "",
	} {
		if got := ProviderOf(id); got != want {
			t.Errorf("ProviderOf(%q) = %q, want %q", id, got, want)
		}
	}
}
