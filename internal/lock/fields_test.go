package lock_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/lock"
	"github.com/kubectl-byoos/kubectl-byoos/test/filled"
)

// TestEveryFieldOfAnImageIsLocked fills all fields of an image, and reads back what was
// written of it, in the lock and in JSON.
func TestEveryFieldOfAnImageIsLocked(t *testing.T) {
	want := entry("east", "ami-1")
	filled.Struct(&want.Image)
	want.Image.State, want.Image.Evidence, want.Image.NewestBy = image.Unusable, image.Recorded, image.NewestByVersion
	want.Image.FullID = "whole/" + want.Image.ID
	file := lock.New()
	if err := file.Put(want); err != nil {
		t.Fatal(err)
	}
	got, _ := readAgain(t, file).Entry("east")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from the lock (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(want.Image)
	if err != nil {
		t.Fatal(err)
	}
	var printed image.Image
	if err := json.Unmarshal(text, &printed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Image, printed); diff != "" {
		t.Errorf("from JSON (-want +got):\n%s", diff)
	}
}
