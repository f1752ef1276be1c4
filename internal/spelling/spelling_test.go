package spelling_test

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spelling"
)

func TestNearest(t *testing.T) {
	keys := []string{"region", "provider", "osName", "os", "architecture", "name", "owner", "ownerId", "protocol"}
	for word, want := range map[string]string{
		"regoin": "region", "Region": "region", "regions": "region", "os_name": "osName", "OS-Name": "osName",
		"arch": "architecture", "own": "owner", "pro": "", "nme": "name", "colour": "", "x": "", "": "", "providr": "provider",
	} {
		if got := spelling.Nearest(word, keys); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for word, want := range map[string]string{"ab": `did you mean "abc"?`, "xyz12345": "valid are abc, q"} {
		if got := spelling.DidYouMean(word, []string{"q", "abc"}); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	if got := spelling.DidYouMean("a", nil); got != "" {
		t.Errorf("got %q for no candidates", got)
	}
}

func TestOneSlip(t *testing.T) {
	for word, want := range map[string]bool{
		"us-esat-1": true, "us-east1": true, "us-est-1": true, "US-East-1": true, "us-west-1": false, "eu-east-1": false, "": false,
	} {
		if got := spelling.OneSlip(word, "us-east-1"); got != want {
			t.Errorf("%q: got %t, want %t", word, got, want)
		}
	}
}
