package text_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

func TestNearest(t *testing.T) {
	keys := []string{"region", "provider", "osName", "os", "architecture", "name", "owner", "ownerId", "protocol"}
	for word, want := range map[string]string{
		"regoin": "region", "Region": "region", "regions": "region", "os_name": "osName", "OS-Name": "osName",
		"arch": "architecture", "ar": "", "own": "owner", "pro": "", "nme": "name", "colour": "", "x": "", "": "", "providr": "provider",
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

// TestOneSlipOfAll tries all short words against all that one slip makes of them.
func TestOneSlipOfAll(t *testing.T) {
	const letters = "abc"
	words := []string{""}
	for i := 0; len(words[i]) < 4; i++ {
		for _, r := range letters {
			words = append(words, words[i]+string(r))
		}
	}
	for _, word := range words {
		slips := map[string]bool{word: true}
		for i := range len(word) + 1 {
			for _, r := range letters {
				slips[word[:i]+string(r)+word[i:]] = true
				if i < len(word) {
					slips[word[:i]+string(r)+word[i+1:]] = true
				}
			}
			if i < len(word) {
				slips[word[:i]+word[i+1:]] = true
			}
			if i+1 < len(word) {
				slips[word[:i]+word[i+1:i+2]+word[i:i+1]+word[i+2:]] = true
			}
		}
		for _, other := range words {
			if got := text.OneSlip(word, other); got != slips[other] {
				t.Fatalf("%q and %q: %v", word, other, got)
			}
		}
	}
}

// What nobody types is not compared: it takes long, and among the long ones much is near.
func TestNearestOfALongWord(t *testing.T) {
	long := strings.Repeat("a", 100)
	for _, tt := range []struct{ word, candidate, want string }{
		{long[1:] + "b", long, long}, {long + "b", long, ""}, {long[1:] + "b", long + "a", ""}, {long[1:], long + "a", long + "a"},
	} {
		if got := text.Nearest(tt.word, []string{tt.candidate}); got != tt.want {
			t.Errorf("%q: got %q", tt.word, got)
		}
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
