package redact

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Environment returns the secrets in the variables of a program (key=value, as
// os.Environ gives them): the values of those that isSecret names, and what is secret
// in the others by its place, such as the user of a proxy. What a program says is often
// seen line by line, so the lines of a value (a key in PEM form) count too.
func Environment(environ []string, isSecret func(name string) bool) []string {
	var values []string
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok {
			continue
		}
		values = append(values, secretParts(name, value)...)
		if isSecret(name) {
			values = append(values, value)
			values = slices.AppendSeq(values, strings.Lines(value))
		}
	}
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
	}
	values = slices.DeleteFunc(values, func(v string) bool { return tooShort(v) || isWord(v) })
	return longestFirst(values)
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
		if !ok || !NamesSecret(key) {
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
			fields = append(fields, secretFields(v[key], secret || NamesSecret(key))...)
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

// NamesSecret tells by its name whether a variable holds a secret, and not the
// path of a file or the kind of a credential, which diagnostics have to name.
func NamesSecret(name string) bool {
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
	if slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"PAT", "PASS", "PWD", "SAS", "DSN", "CRED", "CREDS"}, w)
	}) {
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
