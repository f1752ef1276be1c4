package text_test

import (
	"strconv"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

func TestNearest(t *testing.T) {
	keys := []string{"region", "provider", "osName", "os", "architecture", "name", "owner", "ownerId", "protocol"}
	for word, want := range map[string]string{
		"regoin": "region", "Region": "region", "regions": "region", "os_name": "osName", "OS-Name": "osName",
		"arch": "architecture", "own": "owner", "pro": "", "nme": "name", "colour": "", "x": "", "": "", "providr": "provider",
	} {
		if got := text.Nearest(word, keys); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

// Among many names one is always near.
func TestNearestOfVeryManyIsNone(t *testing.T) {
	names := make([]string, 201)
	for i := range names {
		names[i] = "image-" + strconv.Itoa(i)
	}
	if got := text.Nearest("imaeg-1", names); got != "" {
		t.Errorf("got %q of 201", got)
	}
	if got := text.Nearest("imaeg-1", names[:200]); got != "image-1" {
		t.Errorf("got %q of 200", got)
	}
}

func TestDidYouMean(t *testing.T) {
	for word, want := range map[string]string{"ab": `did you mean "abc"?`, "xyz12345": "valid are abc, q"} {
		if got := text.DidYouMean(word, []string{"q", "abc"}); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	if got := text.DidYouMean("a", nil); got != "" {
		t.Errorf("got %q for no candidates", got)
	}
}

func TestOneSlip(t *testing.T) {
	for word, want := range map[string]bool{
		"us-esat-1": true, "us-east1": true, "us-est-1": true, "US-East-1": true, "us-west-1": false, "eu-east-1": false, "": false,
	} {
		if got := text.OneSlip(word, "us-east-1"); got != want {
			t.Errorf("%q: got %t, want %t", word, got, want)
		}
	}
}
