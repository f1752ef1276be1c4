package palette

import (
	"fmt"
	"log/slog"
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

// String hides the secret.
func (s Secret) String() string { return redact.Removed }

// GoString hides the secret.
func (s Secret) GoString() string { return redact.Removed }

// Format hides the secret from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redact.Removed)) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redact.Removed), nil }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redact.Removed) }

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

// scrub removes the secret from text that came from elsewhere, and what has the form
// of another one.
func (s Secret) scrub(text string) string { return redact.New(s.text).Text(text) }
