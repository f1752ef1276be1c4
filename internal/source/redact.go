package source

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
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
	forms  [256][]spelling // by the byte that they may begin with; the longer ones first
	within [256][]spelling // those that may begin within a run of backslashes
}

func newRedactor(secrets []string) *redactor {
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, encodings(secret)...)
	}
	r := &redactor{}
	for _, form := range longestFirst(forms) {
		spelled := spellingOf(form)
		for first := range beginnings(spelled[0]) {
			r.forms[first] = append(r.forms[first], spelled)
		}
		spelled = spelled.withoutBackslash()
		for first := range beginnings(spelled[0]) {
			r.within[first] = append(r.within[first], spelled)
		}
	}
	return r
}

func longestFirst(texts []string) []string {
	slices.SortFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(texts)
}

// text returns a whole text without the secrets.
func (r *redactor) text(text string) string { return r.without(text, false) }

// beginning is text for one that was cut off, so that a secret may have begun at
// its end.
func (r *redactor) beginning(text string) string { return r.without(text, true) }

func (r *redactor) without(text string, cut bool) string {
	var kept strings.Builder
	from, run := 0, 0
	for i := 0; i < len(text); {
		forms := &r.within
		if i >= run {
			forms, run = &r.forms, i+lengthOfRun(text[i:])
		}
		n := secretAt(forms, text[i:], cut)
		if n == 0 {
			i++
			continue
		}
		kept.WriteString(text[from:i])
		kept.WriteString(redacted)
		i += n
		from, run = i, i
	}
	if from == 0 {
		return text
	}
	kept.WriteString(text[from:])
	return kept.String()
}

// lengthOfRun returns how many bytes at the beginning of text are a run of
// backslashes, which is one letter or none: what begins with all of it is all that
// begins with one of them.
func lengthOfRun(text string) int {
	if text[0] != '\\' && text[0] != '%' {
		return 0
	}
	n, _ := backslashes(text)
	return n
}

// secretAt returns the length of the secret that text begins with, or, of a text
// that was cut off, of the beginning of one; 0 when there is none.
func secretAt(forms *[256][]spelling, text string, cut bool) int {
	begun := 0
	for _, form := range forms[text[0]] {
		n, letters := form.in(text)
		switch {
		case letters == len(form):
			return n
		case cut && n == len(text) && letters >= minBeginning:
			begun = n
		}
	}
	return begun
}

// spelling is a text, letter by letter, each in all the ways in which programs
// write it: which marks are escaped differs between the parts of a URL, and between
// languages.
type spelling [][]string

// withoutBackslash leaves out the ways of the first letter that begin with one.
func (s spelling) withoutBackslash() spelling {
	s = slices.Clone(s)
	s[0] = slices.DeleteFunc(slices.Clone(s[0]), func(way string) bool { return way[0] == '\\' })
	return s
}

// in returns how many bytes at the beginning of text spell the letters, and how
// many of them; all bytes and not all letters when text ends before. It is 0 for
// what begins otherwise.
func (s spelling) in(text string) (n, letters int) {
	if len(s) == 0 || text == "" {
		return 0, 0
	}
	for _, way := range s[0] {
		m, less, cut := begins(text, way)
		if cut {
			n = len(text)
		}
		if m == 0 {
			continue
		}
		if less > 0 && !s.goesOn(text[m:]) {
			m = less // the last backslash is of the next letter
		}
		rest, more := s[1:].ahead(text[m:])
		if more == len(s)-1 {
			return m + rest, len(s)
		}
		if m+rest == len(text) {
			n, letters = len(text), max(letters, more+1)
		}
	}
	return n, letters
}

// goesOn tells whether text begins with the second letter, if there is one.
func (s spelling) goesOn(text string) bool {
	if len(s) == 1 {
		return true
	}
	_, letters := s[1:2].ahead(text)
	return letters == 1
}

// ahead is in for what follows a letter. Control characters between two letters are
// no part of a secret: text that is UTF-16 has them, and base64 in lines, and what is
// shown of a text is without them.
func (s spelling) ahead(text string) (n, letters int) {
	for skipped := 0; ; {
		if n, letters = s.in(text[skipped:]); n > 0 {
			return skipped + n, letters
		}
		r, size := utf8.DecodeRuneInString(text[skipped:])
		if !unicode.IsControl(r) {
			return skipped, 0
		}
		skipped += size
	}
}

// begins returns how much of text is one way to write a letter, 0 when it is none, and
// how much less may be; cut says that text ends within it. A text that was quoted
// several times has more backslashes, and the last may be of the next letter.
func begins(text, way string) (n, less int, cut bool) {
	if way[0] != '\\' {
		n, cut = prefix(text, way)
		return n, 0, cut
	}
	n, less = backslashes(text)
	rest := text[n:]
	if way == `\` {
		_, once := prefix(rest, "%5c")
		_, twice := prefix(rest, "%255c")
		return n, less, rest != "" && (once || twice)
	}
	if n == 0 {
		return 0, 0, false
	}
	m, cut := prefix(rest, way[1:])
	if m == 0 {
		return 0, 0, cut
	}
	return n + m, 0, false
}

// prefix returns the length of way when text begins with it, and else whether text is
// the beginning of it.
func prefix(text, way string) (n int, cut bool) {
	common := min(len(text), len(way))
	if text[:common] != way[:common] && (len(way) == 1 || !strings.EqualFold(text[:common], way[:common])) {
		return 0, false
	}
	if common < len(way) {
		return 0, true
	}
	return common, false
}

// backslashes returns how many bytes at the beginning of text are backslashes, as they
// are or in a URL, and where the last of several begins.
func backslashes(text string) (n, last int) {
	for {
		at := n
		if n > 0 { // what comes before the first is for ahead
			at = len(text) - len(strings.TrimLeftFunc(text[n:], unicode.IsControl))
		}
		size := 0
		for _, way := range [...]string{`\`, "%5c", "%255c"} {
			if m, _ := prefix(text[at:], way); m > 0 {
				size = m
			}
		}
		if size == 0 {
			return n, last
		}
		if n > 0 {
			last = at
		}
		n = at + size
	}
}

// beginnings are the bytes that a letter may begin with.
func beginnings(ways []string) map[byte]bool {
	first := map[byte]bool{}
	for _, way := range ways {
		first[way[0]] = true
		if way[0] == '\\' {
			first['%'] = true
		}
	}
	return first
}

func spellingOf(text string) spelling {
	var s spelling
	for text != "" {
		_, n := utf8.DecodeRuneInString(text)
		if text[0] == '\\' {
			n = len(text) - len(strings.TrimLeft(text, `\`))
		}
		s = append(s, waysOf(text[:n]))
		text = text[n:]
	}
	return s
}

// waysOf returns the ways in which a letter is written: as it is, in a URL, in a
// URL within another, and quoted as JSON, Go and others do.
func waysOf(letter string) []string {
	r, _ := utf8.DecodeRuneInString(letter)
	switch {
	case r == '\\':
		return []string{`\`} // as many as there are
	case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		return []string{letter}
	}
	var percent, twice, units strings.Builder
	for _, b := range []byte(letter) {
		fmt.Fprintf(&percent, "%%%02x", b)
		fmt.Fprintf(&twice, "%%25%02x", b)
	}
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(&units, `\u%04x`, unit)
	}
	ways := []string{letter, percent.String(), twice.String(), units.String(), fmt.Sprintf(`\u%08x`, r)}
	if r < utf8.RuneSelf {
		quoted := strconv.QuoteRune(r)
		ways = append(ways, fmt.Sprintf(`\x%02x`, r), `\`+strings.TrimLeft(quoted[1:len(quoted)-1], `\`))
	}
	if r == ' ' {
		ways = append(ways, "+", "%2b")
	}
	return ways
}

// encodings returns the texts by which a value is recognised: itself, and what
// stands for it in base64, where it may be anywhere in what was encoded.
func encodings(value string) []string {
	forms := []string{value}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			forms = append(forms, within64(encoding, value, before))
		}
	}
	return slices.DeleteFunc(forms, tooShort)
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
		values = slices.AppendSeq(values, strings.Lines(value))
	}
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
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
			fields = slices.AppendSeq(fields, strings.Lines(v))
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
