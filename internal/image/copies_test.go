package image_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
)

// listed is a build as Image Builder lists it.
func listed(id, build string, at int) image.Image {
	return image.Image{
		ID: id, Provider: "aws", Region: "us-east-1", Source: "pipeline", CreatedAt: day(at), Withheld: "could not be checked",
		Reference: &image.Reference{Kind: "arn", Value: "arn:aws:imagebuilder:us-east-1:1:image/golden/1.0.0/" + build},
	}
}

// seen is an AMI as EC2 has it.
func seen(id string, at int, attributes ...string) image.Image {
	img := image.Image{ID: id, Provider: "aws", Region: "us-east-1", Source: "account", Evidence: image.Asked, CreatedAt: day(at), Attributes: map[string]string{}}
	for i := 0; i < len(attributes); i += 2 {
		img.Attributes[attributes[i]] = attributes[i+1]
	}
	return img
}

// TestCopiesAreAsOldAsTheirBuild: Image Builder lists a distribution as a build of its
// own, and what that is a copy of another source knows.
func TestCopiesAreAsOldAsTheirBuild(t *testing.T) {
	undated, unnamed, uncopied, elsewhere, other := listed("ami-9", "9", 1), listed("", "10", 1), listed("ami-11", "11", 22), listed("ami-12", "12", 22), seen("ami-13", 22, "sourceImageId", "ami-1")
	undated.CreatedAt, undated.Attributes = nil, map[string]string{"sourceImageId": "ami-1"}
	elsewhere.Provider, elsewhere.Attributes = "other", map[string]string{"sourceImageId": "ami-1"}
	other.Reference = &image.Reference{Kind: "packer-run-uuid", Value: "u"}
	ofUndated := listed("ami-14", "14", 22)
	ofUndated.Attributes = map[string]string{"sourceImageId": "ami-9"}
	statements := []image.Image{
		listed("ami-0", "0", 1),
		listed("ami-6", "6", 4), seen("ami-6", 4, "sourceImageId", "ami-99"),
		listed("ami-4", "4", 21), seen("ami-4", 22, "sourceImageId", "ami-3"),
		listed("ami-3", "3", 20), seen("ami-3", 20, "sourceImageId", "ami-1"),
		listed("ami-5", "5", 23), seen("ami-5", 23, "sourceImageId", "ami-1", "sourceInstanceId", "i-1"),
		listed("ami-7", "1", 2), seen("ami-7", 3, "sourceImageId", "ami-1"),
		seen("ami-8", 25, "sourceImageId", "ami-1"),
		listed("ami-2", "2", 1), seen("ami-2", 1, "sourceImageId", "ami-5"),
		undated, unnamed, uncopied, elsewhere, other, ofUndated,
		listed("ami-1", "1", 1),
	}
	before, _ := json.Marshal(statements)
	images, _ := image.Gather(statements, nil)
	got := map[string]int{}
	for _, img := range images {
		if img.CreatedAt != nil {
			got[img.ID] = img.CreatedAt.Day()
		}
	}
	want := map[string]int{
		"ami-0": 1, "ami-1": 1, "ami-2": 1, "ami-3": 1, "ami-4": 1, "ami-5": 23, "ami-6": 4, "ami-7": 2, "ami-8": 25, "": 1, "ami-11": 22, "ami-12": 22, "ami-13": 22, "ami-14": 22,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if after, _ := json.Marshal(statements); string(after) != string(before) {
		t.Error("the input was changed")
	}
}

// TestCopiesTellTheirBuild: who says how old a copy is, the build's listing.
func TestCopiesTellTheirBuild(t *testing.T) {
	build := listed("ami-1", "1", 1)
	fresh, told := listed("ami-2", "2", 20), listed("ami-3", "3", 20)
	fresh.Attributes = map[string]string{"sourceImageId": "ami-1"}
	told.Attributes, told.Provenance = fresh.Attributes, map[string]image.Provenance{"id": {From: "api"}}
	images, _ := image.Gather([]image.Image{build, fresh, told}, nil)
	from := image.Provenance{Source: "pipeline", From: "api", Key: "imagebuilder", Raw: build.Reference.Value}
	for i, want := range []map[string]image.Provenance{nil, {"createdAt": from}, {"createdAt": from, "id": {From: "api"}}} {
		if diff := cmp.Diff(want, images[i].Provenance); diff != "" {
			t.Errorf("%s: -want +got\n%s", images[i].ID, diff)
		}
	}
	if len(told.Provenance) != 1 {
		t.Error("the input was changed")
	}
}
