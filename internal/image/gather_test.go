package image_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

type gathering struct {
	statements []image.Image
	sources    []string
	want       []string // "id region arch digest state deprecated by sources"
}

func TestGather(t *testing.T) {
	azure := func(id, region, source string) image.Image {
		return image.Image{ID: id, Provider: "azure", Region: region, Source: source, SpansRegions: true}
	}
	short := azure("/images/a", "westus", "two")
	short.FullID = "/subscriptions/2/images/a"
	shortToo := short
	shortToo.FullID, shortToo.Source = "/subscriptions/1/images/a", "one"
	gather(t, map[string]gathering{
		"letter case": {
			statements: []image.Image{azure("/Subscriptions/A", "West US 2", "a"), azure("/subscriptions/a", "westus2", "b")},
			want:       []string{"/Subscriptions/A West US 2 by a, b"},
		},
		"forms of a gallery version's id": {
			statements: []image.Image{azure("/galleries/g/images/i/versions/1", "westus", "a"), azure("/locations/eastus/galleries/g/images/i/imageVersions/1", "westus", "b")},
			want:       []string{"/galleries/g/images/i/versions/1 westus by a, b"},
		},
		"letter case of another provider": {
			statements: []image.Image{{ID: "AMI-1", Provider: "aws", Region: "r", Source: "a"}, {ID: "ami-1", Provider: "aws", Region: "r", Source: "b"}},
			want:       []string{"AMI-1 r by a", "ami-1 r by b"},
		},
		"one short id of two subscriptions": {
			statements: []image.Image{short, shortToo},
			want:       []string{"/images/a westus by one", "/images/a westus by two"},
		},
		"a state in each region": {
			statements: []image.Image{azure("/v/1", "westus", "a"), azure("/v/1", "eastus", "a")},
			want:       []string{"/v/1 eastus by a", "/v/1 westus by a"},
		},
		"a record without a region is of every region": {
			statements: []image.Image{azure("/v/1", "westus", "a"), azure("/v/1", "eastus", "a"), azure("/v/1", "", "b")},
			want:       []string{"/v/1 eastus by a, b", "/v/1 westus by a, b"},
		},
		"a record without a region alone": {
			statements: []image.Image{azure("/v/1", "", "a"), azure("/v/1", "", "b")},
			want:       []string{"/v/1 by a, b"},
		},
		"artifacts without an id": {
			statements: []image.Image{{Name: "x", Source: "a"}, {Name: "y", Source: "a"}},
			want:       []string{" by a", " by a"},
		},
	})
}

func TestGatherPartsOfAnID(t *testing.T) {
	oci := func(arch, digest, source string) image.Image {
		return image.Image{ID: "r/os:1", Provider: "oci", Region: "global", Architecture: arch, Digest: digest, Source: source}
	}
	gather(t, map[string]gathering{
		"architectures of one reference": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("arm64", "d1", "a"), oci("amd64", "d1", "b")},
			want:       []string{"r/os:1 global amd64 d1 by a, b", "r/os:1 global arm64 d1 by a"},
		},
		"an architecture that one does not tell": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("", "d1", "b"), oci("", "d2", "c")},
			want:       []string{"r/os:1 global amd64 d1 by a, b", "r/os:1 global d2 by c"},
		},
		"digests of one reference": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("amd64", "d2", "b")},
			want:       []string{"r/os:1 global amd64 d1 by a", "r/os:1 global amd64 d2 by b"},
		},
		"a reference of which little is known": {
			statements: []image.Image{oci("amd64", "d1", "a"), oci("arm64", "d1", "a"), oci("", "", "b"), oci("arm64", "", "c")},
			want:       []string{"r/os:1 global amd64 d1 by a, b", "r/os:1 global arm64 d1 by a, b, c"},
		},
		"two sources on one AMI's architecture": {
			statements: []image.Image{
				{ID: "ami-1", Provider: "aws", Architecture: "amd64", Source: "a", Evidence: image.Asked}, {ID: "ami-1", Provider: "aws", Architecture: "arm64", Source: "b"},
			},
			want: []string{"ami-1 amd64 by a, b"},
		},
		"two sources on one OpenStack image's architecture": {
			statements: []image.Image{
				{ID: "uuid", Provider: "openstack", Architecture: "amd64", Source: "a", Evidence: image.Asked}, {ID: "uuid", Provider: "openstack", Architecture: "arm64", Source: "b"},
			},
			want: []string{"uuid amd64 by a, b"},
		},
	})
}

func TestGatherWhatOthersSay(t *testing.T) {
	oci := func(arch, digest, source string) image.Image {
		return image.Image{ID: "r/os:1", Provider: "oci", Region: "global", Architecture: arch, Digest: digest, Source: source}
	}
	refused := func(img image.Image) image.Image {
		img.Evidence, img.State = image.Asked, image.Gone
		return img
	}
	gone := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: "aws", Evidence: image.Asked, State: image.Gone}
	recordedGone := gone
	recordedGone.Evidence = image.Recorded
	manifest := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: "manifest", OS: image.OS{Name: "rhel"}}
	gather(t, map[string]gathering{
		"another source was told that it is gone": {
			statements: []image.Image{manifest, gone}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 gone by manifest"},
		},
		"another source has a record that it is gone": {
			statements: []image.Image{manifest, recordedGone}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 by manifest"},
		},
		"another source was told that another architecture or digest is gone": {
			statements: []image.Image{oci("amd64", "d2", "a"), refused(oci("arm64", "d2", "b")), refused(oci("amd64", "d1", "b"))}, sources: []string{"a"},
			want: []string{"r/os:1 global amd64 d2 by a"},
		},
		"another source was told that the architecture is gone": {
			statements: []image.Image{oci("amd64", "d2", "a"), oci("arm64", "d2", "a"), refused(oci("arm64", "", "b"))}, sources: []string{"a"},
			want: []string{"r/os:1 global amd64 d2 by a", "r/os:1 global arm64 d2 gone by a"},
		},
	})
}

func TestGatherBuildsAndRegions(t *testing.T) {
	azure := func(id, region, source string) image.Image {
		return image.Image{ID: id, Provider: "azure", Region: region, Source: source, SpansRegions: true}
	}
	refused := func(img image.Image) image.Image {
		img.Evidence, img.State = image.Asked, image.Gone
		return img
	}
	asked := func(img image.Image) image.Image {
		img.Evidence, img.State = image.Asked, image.Available
		return img
	}
	build := func(source string, on int, run, digest string) image.Image {
		return image.Image{
			ID: "/dc/vm/t", Provider: "vsphere", Source: source, Evidence: image.Recorded, ObservedAt: day(on), Digest: digest,
			Reference: &image.Reference{Kind: "packer-run-uuid", Value: run},
		}
	}
	undated, withheld := build("v", 1, "1", "9"), build("w", 2, "2", "")
	undated.ObservedAt, withheld.Withheld = nil, "not ours"
	gather(t, map[string]gathering{
		"a template that was built again": {
			statements: []image.Image{build("v", 1, "1", "9"), build("w", 2, "2", "")},
			want:       []string{"/dc/vm/t by w"},
		},
		"a template of which a service tells an earlier build": {
			statements: []image.Image{asked(build("v", 1, "1", "9")), build("w", 2, "2", "")},
			want:       []string{"/dc/vm/t 9 available by v, w"},
		},
		"a template of which a service tells another build later": {
			statements: []image.Image{asked(build("v", 2, "1", "")), build("w", 1, "2", "9")},
			want:       []string{"/dc/vm/t 9 available by v, w"},
		},
		"a template of which an earlier record has no date": {
			statements: []image.Image{undated, build("w", 2, "2", "")},
			want:       []string{"/dc/vm/t 9 by v, w"},
		},
		"a template whose later build is not offered": {
			statements: []image.Image{build("v", 1, "1", "9"), withheld},
			want:       []string{"/dc/vm/t 9 by v, w"},
		},
		"a template that a service has": {
			statements: []image.Image{asked(image.Image{ID: "/dc/vm/t", Provider: "vsphere", Source: "u"}), build("v", 1, "1", "9"), build("w", 2, "2", "")},
			want:       []string{"/dc/vm/t available by u, w"},
		},
		"two records of one build": {
			statements: []image.Image{build("v", 1, "1", "9"), build("w", 2, "1", "")},
			want:       []string{"/dc/vm/t 9 by v, w"},
		},
		"another source was told that it is not good in one region": {
			statements: []image.Image{azure("/v/1", "", "manifest"), refused(azure("/v/1", "eastus", "a")), asked(azure("/v/1", "westus", "a"))}, sources: []string{"manifest"},
			want: []string{"/v/1 by manifest"},
		},
		"another source was told that it is good in no region": {
			statements: []image.Image{azure("/v/1", "", "manifest"), refused(azure("/v/1", "eastus", "a")), refused(azure("/v/1", "westus", "a"))}, sources: []string{"manifest"},
			want: []string{"/v/1 gone by manifest"},
		},
	})
}

func TestGatherWhatEndsAnImage(t *testing.T) {
	gone := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: "aws", Evidence: image.Asked, State: image.Gone}
	recordedGone := gone
	recordedGone.Evidence = image.Recorded
	manifest := image.Image{ID: "ami-1", Provider: "aws", Region: "us-east-1", Source: "manifest", OS: image.OS{Name: "rhel"}}
	recordedGoneHere := recordedGone
	recordedGoneHere.Source = "manifest"
	old := gone
	old.State, old.DeprecatedAt = image.Available, day(1)
	available := func(img image.Image) image.Image {
		img.State = image.Available
		return img
	}
	gather(t, map[string]gathering{
		"another source was told that it is deprecated": {
			statements: []image.Image{available(manifest), old}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 available deprecated by manifest"},
		},
		"another source does not say that it is no more": {
			statements: []image.Image{recordedGoneHere, old}, sources: []string{"manifest"},
			want: []string{"ami-1 us-east-1 gone deprecated by manifest"},
		},
		"a region that is only blanks": {
			statements: []image.Image{{ID: "ami-1", Provider: "aws", Region: " ", Source: "a"}},
			want:       []string{"ami-1   by a"},
		},
		"another source's images": {
			statements: []image.Image{manifest, gone}, sources: []string{"other"},
		},
	})
}

func gather(t *testing.T, tests map[string]gathering) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				images, _ := image.Gather(test.statements, test.sources)
				var got []string
				for _, img := range images {
					words := slices.DeleteFunc([]string{img.ID, img.Region, img.Architecture, img.Digest, string(img.State), deprecated(img)}, func(s string) bool { return s == "" })
					got = append(got, strings.Join(words, " ")+" by "+bySources(img, test.statements, test.sources))
				}
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				slices.Reverse(test.statements)
			}
		})
	}
}

func deprecated(img *image.Image) string {
	if img.DeprecatedAt == nil {
		return ""
	}
	return "deprecated"
}

// bySources asks Gather's own account of who found an image.
func bySources(img *image.Image, statements []image.Image, sources []string) string {
	_, merges := image.Gather(statements, sources)
	for _, merge := range merges {
		if merge.ID == img.ID && merge.Region == img.Region && merge.Architecture == img.Architecture {
			return strings.Join(merge.Sources, ", ")
		}
	}
	return img.Source
}

func TestGatherDoesNotChangeItsInput(t *testing.T) {
	statements := []image.Image{says("a", "asked os=rhel/8 tag=x"), says("b", "recorded os=rhel/8.8 tag=y"), says("c", "gone")}
	before, _ := json.Marshal(statements)
	image.Gather(statements, []string{"a", "b"})
	if after, _ := json.Marshal(statements); string(after) != string(before) {
		t.Errorf("got %s", after)
	}
}
