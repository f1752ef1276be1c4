package source

import (
	"strings"
	"testing"
)

const receiptOfEarlierVersion = `apiVersion: byoos.dev/v1alpha1
kind: PluginReceipt
type: stub
version: "1.0"
sha256: 0000000000000000000000000000000000000000000000000000000000001234
installedAt: 2026-03-01T10:20:30Z
from: "/tmp/a: b/byoos-source-stub"
`

// TestReceiptsOfEarlierVersionsAreRead as they were written, whatever their digest looks
// like: a user's plugins go on without another install.
func TestReceiptsOfEarlierVersionsAreRead(t *testing.T) {
	for _, sum := range []string{
		strings.Repeat("0", 60) + "1234", strings.Repeat("1", 62) + "e5", strings.Repeat("9", 64), "0" + strings.Repeat("7", 63), strings.Repeat("a", 64),
	} {
		text := strings.Replace(receiptOfEarlierVersion, strings.Repeat("0", 60)+"1234", sum, 1)
		got, err := parseReceipt([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", sum, err)
			continue
		}
		if got.SHA256 != sum || got.Type != "stub" || got.Version != "1.0" || got.InstalledAt.Year() != 2026 || got.From != "/tmp/a: b/byoos-source-stub" {
			t.Errorf("%s: read %+v", sum, got)
		}
	}
}

// TestReceiptsOfOddPathsAreRead: an earlier version wrote what YAML does not have as it was.
func TestReceiptsOfOddPathsAreRead(t *testing.T) {
	for _, odd := range []string{"\x7f", "\u0085", "\u0080", "\u2028", "\u2029", "\ufffe", "\x1b[31m", "\xff\xfe", "\x00"} {
		for _, from := range []string{"/x/" + odd + "y/byoos-source-stub", `"/x: ` + odd + `y"`, "'/x: " + odd + "y'"} {
			text := strings.Replace(receiptOfEarlierVersion, `"/tmp/a: b/byoos-source-stub"`, from, 1)
			if got, err := parseReceipt([]byte(text)); err != nil || got.Type != "stub" || !strings.HasPrefix(got.From, "/x") {
				t.Errorf("%q: read %+v, %v", from, got, err)
			}
		}
	}
}

// TestReceiptsOfYAML12AreRead, as one that a program rewrote may say so.
func TestReceiptsOfYAML12AreRead(t *testing.T) {
	for _, text := range []string{"%YAML 1.2\n---\n", "# c\r\n%YAML 1.2 # d\r\n---\r\n", "%YAML 1.1\n---\n"} {
		if got, err := parseReceipt([]byte(text + receiptOfEarlierVersion)); err != nil || got.Version != "1.0" {
			t.Errorf("%q: read %+v, %v", text, got, err)
		}
	}
}

func TestWhatIsNoReceiptIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":        "",
		"text":           "hello",
		"unknown key":    receiptOfEarlierVersion + "trusted: true\n",
		"a key twice":    receiptOfEarlierVersion + "type: other\n",
		"another kind":   strings.Replace(receiptOfEarlierVersion, "PluginReceipt", "ImageSet", 1),
		"an odd type":    strings.Replace(receiptOfEarlierVersion, "kind: Plugin", "kind: Plugin\x7f", 1),
		"a NUL behind":   receiptOfEarlierVersion + "\x00",
		"a short digest": strings.Replace(receiptOfEarlierVersion, "000012", "12", 1),
	} {
		if got, err := parseReceipt([]byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}
