package session

import (
	"regexp"
	"strings"
	"sync"
)

// Redactor removes credentials from text. AWS puts parts of a signed request
// into some error messages (SignatureDoesNotMatch holds the session token).
type Redactor struct {
	mu      sync.Mutex
	secrets map[string]bool
}

// minSecret keeps short values from blanking out ordinary text.
const minSecret = 6

// Add remembers values to remove.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secrets == nil {
		r.secrets = map[string]bool{}
	}
	for _, s := range secrets {
		if len(s) >= minSecret {
			r.secrets[s] = true
		}
	}
}

// Clean returns text without the values, and URLs without what they may hold of
// that kind.
func (r *Redactor) Clean(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.secrets {
		text = strings.ReplaceAll(text, s, hidden)
	}
	return withoutURLSecrets(text)
}

const hidden = "(redacted)"

var urlForm = regexp.MustCompile(`(://)[^/\s@"]*@|(\?)[^\s?"]+=[^\s"]+`)

// withoutURLSecrets cuts the user, the password and the query out of URLs.
func withoutURLSecrets(text string) string {
	return urlForm.ReplaceAllString(text, "${1}${2}"+hidden)
}
