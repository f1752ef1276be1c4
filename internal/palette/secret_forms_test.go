package palette

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// A proxy repeats a key as its logs spell it, and may add secrets of its own.
func TestScrubKnowsForms(t *testing.T) {
	const text = "canary/key+of/palette="
	s, err := NewSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		text, url.QueryEscape(text), base64.StdEncoding.EncodeToString([]byte("ApiKey: " + text)),
		"see https://proxy.example/login?token=canary", "via http://me:canary@proxy.example",
	} {
		if got := s.scrubber().text("denied: " + said); !strings.Contains(got, "[redacted]") || strings.Contains(got, "canary") || !strings.HasPrefix(got, "denied: ") {
			t.Errorf("%s became %s", said, got)
		}
	}
}
