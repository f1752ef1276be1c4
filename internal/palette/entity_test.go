package palette_test

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api/contract"
)

func TestProfileJSON(t *testing.T) {
	got, err := palette.ProfileJSON(palette.Target{Name: "a", Pack: "generic-byoi", Profile: "rhel-prod", Version: "1.2.0", PackVersion: "1.0.0", Provider: "aws"}, "pack: {a: <b>}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "metadata": {
    "name": "rhel-prod"
  },
  "spec": {
    "template": {
      "cloudType": "aws",
      "packs": [
        {
          "layer": "os",
          "name": "generic-byoi",
          "tag": "1.0.0",
          "type": "spectro",
          "values": "pack: {a: <b>}\n"
        }
      ],
      "type": "cluster"
    },
    "version": "1.2.0"
  }
}
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var body any
	if err := json.Unmarshal(got, &body); err != nil {
		t.Fatal(err)
	}
	doc, err := contract.Document()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	if err := doc.Components.Schemas["v1ClusterProfileEntity"].Value.VisitJSON(body); err != nil {
		t.Errorf("not as Palette's API description says: %v", err)
	}
	if _, err := palette.ProfileJSON(palette.Target{Name: "a"}, ""); failure.Code(err) != failure.ExitUsage {
		t.Errorf("without a profile: got %v", err)
	}
}

// What apply and Terraform refuse is not written for other programs either.
func TestProfileJSONOfAnotherCloud(t *testing.T) {
	for _, target := range []palette.Target{
		{Name: "a", Pack: "generic-byoi", Profile: "p", CloudType: "azure", Provider: "aws"},
		{Name: "a", Pack: "edge-native-byoi", Profile: "p", CloudType: "aws", Provider: "oci"},
	} {
		if got, err := palette.ProfileJSON(target, "pack: {}\n"); failure.Code(err) != failure.ExitUsage {
			t.Errorf("%+v: got %s, %v", target, got, err)
		}
	}
}

func TestCloudType(t *testing.T) {
	for want, target := range map[string]palette.Target{
		"eks": {Pack: "generic-byoi", CloudType: "eks", Provider: "aws"}, "azure": {Pack: "generic-byoi", Provider: "azure"},
		"edge-native": {Pack: "edge-native-byoi"}, "": {Pack: "generic-byoi", Provider: "unheard-of"},
		// A profile is not made for a cloud that Palette does not have.
		"aws": {Pack: "generic-byoi", CloudType: "AWS "}, "Nutanix": {Pack: "generic-byoi", CloudType: "Nutanix"},
	} {
		if got := palette.CloudType(target); got != want {
			t.Errorf("%+v: got %q, want %q", target, got, want)
		}
	}
}
