// Package secret takes credentials out of what Azure says. Services repeat what they
// were given: VM Image Builder the URLs of its scripts, Resource Manager the body of
// a request. It is pure.
package secret

import (
	"regexp"
	"slices"
	"strings"
)

// Removed stands in place of what was taken out.
const Removed = "[removed]"

// Scrubber takes out known values, and what has the form of a credential.
type Scrubber struct{ known *strings.Replacer }

// New returns a Scrubber that knows values; empty ones are passed over.
func New(values ...string) Scrubber {
	var pairs []string
	for _, value := range values {
		if value != "" {
			pairs = append(pairs, value, Removed)
		}
	}
	return Scrubber{known: strings.NewReplacer(pairs...)}
}

const (
	// assigned is what stands between a name and its value: in a query, a connection
	// string, JSON (also within JSON) or HTML, and percent-encoded once or more.
	assigned = `\s*\\*["']?\s*(?:=|:|%(?:25)*3[AD]|&#(?:61|x3D);)\s*\\*`
	// value ends where a URL or a quotation does.
	value = `(?:"[^"]*"|'[^']*'|["']?[^\s"'<>&,;]+)`
	// word is a value that may hold any sign but a blank: a password.
	word = `(?:"[^"]*"|'[^']*'|["']?[^\s"'<>]+)`
	// encoded is a percent-encoded sign, but for a slash.
	encoded = `(?:[^\s%"'<>/?#]|%(?:25)*(?:[013-9A-F][0-9A-F]|2[0-9A-E]))*`
)

// Every form has one of signs, or begins with token.
const (
	signs = "=:%& \t\n\f\r"
	token = "eyJ"
)

var forms = []struct {
	// words are cheap to look for: every text of the form has one, in some case.
	words []string
	form  *regexp.Regexp
	with  string
}{
	// A token is base64 of JSON, with dots between its parts. What stands before it is
	// no part of a word: DisneyJuniorImages is a name.
	{[]string{"eyj"}, regexp.MustCompile(`(^|[^A-Za-z0-9]|%(?:25)*[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[a-z])` + token + `[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*`), "${1}" + Removed},
	// The signature of a shared access signature; sv, se and sp say what it was for.
	// https://learn.microsoft.com/rest/api/storageservices/create-service-sas
	{[]string{"sig"}, regexp.MustCompile(`(?i)(^|[^a-z]|%(?:25)*3F)(sig` + assigned + `)` + value), "${1}${2}" + Removed},
	// Keys of connection strings and of requests.
	{[]string{"signature", "key", "secret", "token"}, regexp.MustCompile(`(?i)((?:signature|account_?-?key|access_?-?key|shared_?-?secret|api_?-?key|client_?-?secret|` +
		`access_?token|refresh_?token|id_?token|security-token|secret_?key)` + assigned + `)` + value), "${1}" + Removed},
	{[]string{"pass", "pwd"}, regexp.MustCompile(`(?i)((?:password|passwd|passphrase|pwd)` + assigned + `)` + word), "${1}" + Removed},
	{[]string{"-pass", "-account-key", "secret", "token"}, regexp.MustCompile(`(?i)(--?(?:password|passphrase|account-key|secret|client-secret|token|access-token|sas-token)\s+)` + word), "${1}" + Removed},
	// What gives access to one URL: a file of a private repository, a function.
	{[]string{"token", "code", "key"}, regexp.MustCompile(`(?i)((?:[?&]|\\u0026|%(?:25)*(?:3F|26))(?:token|code|key)(?:=|%(?:25)*3D))` + value), "${1}" + Removed},
	{[]string{"authorization"}, regexp.MustCompile(`(?i)(authorization` + assigned + `["']?(?:bearer|basic|token|negotiate)\s+)` + value), "${1}" + Removed},
	{[]string{"bearer", "basic", "sharedkey"}, regexp.MustCompile(`(?i)\b((?:bearer|basic|sharedkey|sharedkeylite)\s+)[^\s"'<>]*[0-9+/=][^\s"'<>]*`), "${1}" + Removed},
	// The user and the password of a URL.
	{[]string{"@"}, regexp.MustCompile(`(://)[^\s/?#"'<>]*@`), "${1}" + Removed + "@"},
	{[]string{"%"}, regexp.MustCompile(`(?i)(%(?:25)*3A(?:%(?:25)*2F){2})` + encoded + `%(?:25)*40`), "${1}" + Removed + "%40"},
}

// Text returns text without credentials, and else as it was.
func (s Scrubber) Text(text string) string {
	if s.known != nil {
		text = s.known.Replace(text)
	}
	if !strings.ContainsAny(text, signs) && !strings.Contains(text, token) {
		return text // as most ids and names: each form costs more than all else of an image
	}
	lower := strings.ToLower(text)
	for _, f := range forms {
		if slices.ContainsFunc(f.words, func(w string) bool { return strings.Contains(lower, w) }) {
			text = f.form.ReplaceAllString(text, f.with)
		}
	}
	return text
}
