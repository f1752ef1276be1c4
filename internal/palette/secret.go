package palette

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
)

// Secret is an API key or a token. No way of printing it shows it.
type Secret struct{ text string }

// NewSecret takes an API key or a JSON Web Token; white space around it (a
// file's last newline) is dropped. An error never holds the text.
func NewSecret(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Secret{}, failure.Usage("put the key into it", "the Palette API key is empty")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return Secret{}, failure.Usage("give the key alone, on one line", "the Palette API key has characters that no key has")
	}
	return Secret{text: text}, nil
}

// Format hides the secret from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redact.Removed)) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redact.Removed), nil }

// authorize adds the header that the kind of secret asks for: Palette takes an
// API key in ApiKey and a session's JSON Web Token in Authorization.
func (s Secret) authorize(header http.Header) {
	if s.isToken() {
		header.Set("Authorization", s.text)
		return
	}
	header.Set("ApiKey", s.text)
}

// isToken recognises a JSON Web Token: three parts, of which the first is the
// base64 of a JSON object.
func (s Secret) isToken() bool {
	return strings.HasPrefix(s.text, "eyJ") && strings.Count(s.text, ".") == 2
}

// scrubber removes a secret, in whatever form, from what a server says, and what has
// the form of another one.
type scrubber struct{ redactor *redact.Redactor }

func (s Secret) scrubber() scrubber {
	inHex := hex.EncodeToString([]byte(s.text))
	return scrubber{redact.New(s.text, inHex, strings.ToUpper(inHex))}
}

// maxText is how much of a text is looked through.
const maxText = 64 << 10

func (s scrubber) text(text string) string {
	if len(text) > maxText {
		// The beginning of a secret at the cut is one too.
		return s.redactor.Beginning(text[:maxText])
	}
	return s.redactor.Text(text)
}

// line puts what a server says on one line of bounded length. It is scrubbed first,
// and once more without what stood within a secret; then it is cut.
func (s scrubber) line(text string) string { return shortened(s.text(plain(s.text(text)))) }

// shown is a text of values as it may be shown: without the secret, and else as it is.
func (s scrubber) shown(text string) string {
	if !s.holds(text) {
		return text
	}
	return s.redactor.Text(text)
}

// holds tells whether a text has the secret in it.
func (s scrubber) holds(text string) bool { return s.redactor.Holds(text) }
