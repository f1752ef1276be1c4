package source

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	redacted = "[redacted]"
	// minSecret is the length in bytes below which a value is part of too many
	// words to be taken out.
	minSecret = 8
	// minBeginning is how much of a secret counts at the end of a line that was
	// cut off.
	minBeginning = 4
)

// redactor takes secrets out of texts, in the forms that programs print them in.
type redactor struct {
	forms    []string // the longer ones first, since one may be part of another
	replacer *strings.Replacer
}

func newRedactor(secrets []string) *redactor {
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, encodings(secret)...)
	}
	forms = longestFirst(forms)
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, redacted)
	}
	return &redactor{forms: forms, replacer: strings.NewReplacer(pairs...)}
}

func longestFirst(texts []string) []string {
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(texts)
}

// text returns a whole text without the secrets.
func (r *redactor) text(text string) string { return r.replacer.Replace(text) }

// beginning is text for one that was cut off, so that a secret may have begun at
// its end.
func (r *redactor) beginning(text string) string {
	text = r.text(text)
	longest := 0
	for _, form := range r.forms {
		for n := min(len(form)-1, len(text)); n >= max(minBeginning, longest+1); n-- {
			if strings.HasSuffix(text, form[:n]) {
				longest = n
				break
			}
		}
	}
	if longest == 0 {
		return text
	}
	return text[:len(text)-longest] + redacted
}

var percentEncoded = regexp.MustCompile(`%[0-9A-F]{2}`)

// encodings returns the forms in which a value is printed: as it is, in a URL, in
// JSON, quoted as Go does, and in base64, where it may stand anywhere in what was
// encoded.
func encodings(value string) []string {
	forms := []string{value}
	for _, form := range []string{url.QueryEscape(value), url.PathEscape(value)} {
		forms = append(forms, form, percentEncoded.ReplaceAllStringFunc(form, strings.ToLower))
	}
	for _, quoted := range []string{inJSON(value, true), inJSON(value, false), strconv.Quote(value), strconv.QuoteToASCII(value)} {
		forms = append(forms, strings.Trim(quoted, `"`))
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			forms = append(forms, within64(encoding, value, before))
		}
	}
	return slices.DeleteFunc(forms, tooShort)
}

func inJSON(value string, escapeHTML bool) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(value) // a string always encodes
	return strings.TrimSpace(b.String())
}

// within64 returns the letters of a base64 text that stand for value alone when
// it comes after so many bytes.
func within64(encoding *base64.Encoding, value string, before int) string {
	encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
	first := (8*before + 5) / 6
	last := 8 * (before + len(value)) / 6
	return encoded[min(first, last):last]
}

// secrets returns what must not be repeated when what a plugin says is shown:
// values of the variables it gets that are secret by their name, and what is
// secret in the others by its place, such as the user of a proxy. What a plugin
// says is often seen line by line, so the lines of a value (a key in PEM form)
// count too.
func secrets(environ, declared []string, isSecret func(name string) bool) []string {
	visible := append(baseEnvironment(runtime.GOOS), declared...)
	var values []string
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !Declared(visible, name) {
			continue
		}
		values = append(values, secretParts(name, value)...)
		if !isSecret(name) || !Declared(declared, name) {
			continue
		}
		values = append(values, value)
		for line := range strings.Lines(value) {
			values = append(values, strings.TrimSpace(line))
		}
	}
	values = slices.DeleteFunc(values, func(v string) bool { return tooShort(v) || isWord(v) })
	return longestFirst(values)
}

// tooShort holds for what is part of too many words; a user with a password is no
// word at any length.
func tooShort(text string) bool {
	return len(text) < minSecret && (len(text) < minBeginning || !strings.Contains(text, ":") || !strings.HasSuffix(text, "@"))
}

// secrets returns what the plugin gets and must not be repeated: by the names of
// variables that are known, and by those that its author called secret.
func (p *Plugin) secrets(environ []string) []string {
	d := p.Description
	return secrets(environ, d.GetEnvironment(), func(name string) bool {
		return namesSecret(name) || Declared(d.GetSecretEnvironment(), name)
	})
}

// isWord holds for what some variables with the name of a secret are set to, and
// texts need.
func isWord(value string) bool {
	return slices.Contains([]string{
		"anonymous", "certificate", "default-credentials", "development", "disabled", "external", "internal", "localhost",
		"optional", "password", "production", "required", "username", "workload", "workload-identity",
	}, strings.ToLower(value))
}

// secretParts returns what is secret in a value whatever its name is: user and
// password of a URL, and what has the key of a secret in JSON, in a query and in
// a connection string.
func secretParts(name, value string) []string {
	var parsed any
	if strings.HasPrefix(strings.TrimSpace(value), "{") && json.Unmarshal([]byte(value), &parsed) == nil {
		return secretFields(parsed, false)
	}
	parts := userInfo(name, value)
	for _, pair := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("?&; \n", r) }) {
		key, part, ok := strings.Cut(pair, "=")
		if !ok || !namesSecret(key) {
			continue
		}
		parts = append(parts, part)
		if plain, err := url.QueryUnescape(part); err == nil {
			parts = append(parts, plain)
		}
	}
	return parts
}

func secretFields(value any, secret bool) []string {
	var fields []string
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, secretFields(v[key], secret || namesSecret(key))...)
		}
	case []any:
		for _, item := range v {
			fields = append(fields, secretFields(item, secret)...)
		}
	case string:
		if secret {
			fields = append(fields, v)
			for line := range strings.Lines(v) {
				fields = append(fields, strings.TrimSpace(line))
			}
		}
	}
	return fields
}

// userInfo returns user and password of a URL, each and as they stand there. A
// proxy may be given without the scheme.
func userInfo(name, value string) []string {
	_, rest, ok := strings.Cut(value, "://")
	if !ok && strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
		rest, ok = value, true
	}
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if !ok || at < 0 || strings.ContainsFunc(authority, unicode.IsSpace) {
		return nil
	}
	info := authority[:at]
	parts := []string{info, info + "@"}
	user, password, _ := strings.Cut(info, ":")
	for _, part := range []string{user, password} {
		parts = append(parts, part)
		if plain, err := url.PathUnescape(part); err == nil {
			parts = append(parts, plain)
		}
	}
	if plain, err := url.PathUnescape(info); err == nil {
		parts = append(parts, plain)
	}
	return parts
}

// namesSecret tells by its name whether a variable holds a secret, and not the
// path of a file or the kind of a credential, which diagnostics have to name.
func namesSecret(name string) bool {
	name = strings.ToUpper(name)
	for _, suffix := range []string{"_FILE", "_PATH", "_DIR", "_SOCK", "_TYPE", "_MODE"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	switch name {
	case "PWD", "OLDPWD", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_TOKEN_CREDENTIALS":
		return false
	}
	if containsAny(name, "SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "KEY", "CREDENTIAL", "COOKIE", "SIGNATURE",
		"CONNECTION_STRING", "CONNECTIONSTRING", "AUTHORIZATION", "AUTH_CONFIG", "AUTH_HEADER", "IDENTITY_HEADER") {
		return true
	}
	// Those that are part of other words, such as PAT of PATH.
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	if slices.ContainsFunc(words, func(w string) bool { return slices.Contains([]string{"PAT", "PASS", "PWD", "SAS", "DSN"}, w) }) {
		return true
	}
	last := words[max(0, len(words)-1):]
	return slices.ContainsFunc(last, func(w string) bool {
		return w == "AUTH" || w == "SIG" || strings.HasSuffix(w, "PWD") || strings.HasSuffix(w, "PASS") && w != "BYPASS"
	})
}

func containsAny(text string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
