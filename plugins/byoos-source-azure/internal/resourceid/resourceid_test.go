package resourceid

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const base = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute"

func TestParse(t *testing.T) {
	version := ID{
		Kind: GalleryVersion, Subscription: "S", ResourceGroup: "RG",
		Gallery: "G", Definition: "D", Version: "1.2.3",
	}
	tests := []struct {
		in   string
		want ID
		out  string
	}{
		{base + "/galleries/G/images/D/versions/1.2.3", version, base + "/galleries/G/images/D/versions/1.2.3"},
		{base + "/galleries/G/images/D/imageversions/1.2.3", version, base + "/galleries/G/images/D/versions/1.2.3"},
		{
			"/SUBSCRIPTIONS/S/resourcegroups/RG/PROVIDERS/microsoft.compute/Galleries/G/Images/D/Versions/1.2.3",
			version, base + "/galleries/G/images/D/versions/1.2.3",
		},
		{
			base + "/images/N",
			ID{Kind: ManagedImage, Subscription: "S", ResourceGroup: "RG", Name: "N"},
			base + "/images/N",
		},
		{
			base + "/locations/westus2/galleries/G/images/D/versions/1.2.3",
			version, base + "/galleries/G/images/D/versions/1.2.3",
		},
		{
			"/communityGalleries/P/images/D/versions/1.0.0",
			ID{Kind: CommunityVersion, Gallery: "P", Definition: "D", Version: "1.0.0"},
			"/CommunityGalleries/P/Images/D/Versions/1.0.0",
		},
		{
			"/SharedGalleries/U/Images/D/Versions/1.0.0",
			ID{Kind: SharedVersion, Gallery: "U", Definition: "D", Version: "1.0.0"},
			"/SharedGalleries/U/Images/D/Versions/1.0.0",
		},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got.String() != tt.out {
				t.Errorf("String() = %q, want %q", got.String(), tt.out)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", "/", "ami-1", base, base + "/images/", base + "/galleries/G/images/D",
		base + "/galleries/G/images/D/versions/1.0.0/", base + "/galleries/../images/D/versions/1",
		base + "/disks/D", base + "/images/a b", base + "/images/a?b=c", base + "/images/%2e%2e",
		"https://x" + base + "/images/N", "x" + base + "/images/N", base + "/images/.", base + "/images/..",
		base + "/disks/westus2/galleries/G/images/D/versions/1.2.3",
	} {
		if got, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", in, got)
		}
	}
}

func TestRelative(t *testing.T) {
	id, err := Parse(base + "/galleries/G/images/D/versions/1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseRelative(id.Relative(), "S", "RG")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(id, back); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Somebody else's galleries are asked in a region; only one's own have a short form of an id.
func TestKindsOfIDs(t *testing.T) {
	for in, want := range map[string]struct {
		regional bool
		short    string
	}{
		base + "/images/N": {false, ""},
		base + "/galleries/G/images/D/versions/1.2.3":   {false, "galleries/G/images/D/versions/1.2.3"},
		"/CommunityGalleries/P/Images/D/Versions/1.0.0": {true, ""},
		"/SharedGalleries/U/Images/D/Versions/1.0.0":    {true, ""},
	} {
		id, err := Parse(in)
		if err != nil || id.Regional() != want.regional || id.Relative() != want.short {
			t.Errorf("%s: %t, %q, %v", in, id.Regional(), id.Relative(), err)
		}
	}
}

func TestRegion(t *testing.T) {
	for in, want := range map[string]string{
		"West US 2": "westus2", "westus2": "westus2", " USGov Virginia ": "usgovvirginia",
		"China North 2": "chinanorth2", "": "",
	} {
		if got := Region(in); got != want {
			t.Errorf("Region(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(base + "/galleries/G/images/D/versions/1.2.3")
	f.Add(base + "/images/N")
	f.Add("/CommunityGalleries/P/Images/D/Versions/1.0.0")
	f.Add("//..//")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(id.String())
		if err != nil || again != id {
			t.Fatalf("%q became %q, which reads as %+v, %v", s, id.String(), again, err)
		}
		if strings.ToLower(again.String()) != id.Key() {
			t.Fatalf("key of %q changed", s)
		}
	})
}

func TestContradicts(t *testing.T) {
	want := map[string]string{"subscriptions": "S", "resourcegroups": "RG", "galleries": "G"}
	for id, expected := range map[string]bool{
		"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G/images/D":                  false,
		"/SUBSCRIPTIONS/s/resourcegroups/rg/providers/Microsoft.Compute/locations/westus/Galleries/g/Images/D": false,
		"/subscriptions/S/resourceGroups/RG2/providers/Microsoft.Compute/galleries/G":                          true,
		"/subscriptions/T/resourceGroups/RG/providers/Microsoft.Compute/galleries/G":                           true,
		"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/galleries/G2/images/D/versions/1.0.0":  true,
		"": false, "anything": false, "/CommunityGalleries/P/Images/D": false,
	} {
		if got := Contradicts(id, want); got != expected {
			t.Errorf("%s: got %v", id, got)
		}
	}
}
