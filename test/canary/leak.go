package canary

import (
	"encoding/base64"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// part is how much of a secret makes a leak, in signs.
const part = 8

// leak returns a part of a secret that is in what was shown, in any spelling, and
// where it is.
func leak(shown string, secrets []string) (found, where string) {
	for _, text := range spellings(shown) {
		for _, secret := range secrets {
			for i := 0; i+part <= len(secret); i++ {
				if at := strings.Index(text, secret[i:i+part]); at >= 0 {
					return secret[i : i+part], text[max(0, at-200):min(len(text), at+200)]
				}
			}
		}
	}
	return "", ""
}

// spellings returns a text as it is, without its escapes, without its white space,
// and what its base64 stands for.
func spellings(text string) []string {
	all := []string{text}
	for range 4 {
		plain := unescaped(text)
		if plain == text {
			break
		}
		all, text = append(all, plain), plain
	}
	for _, one := range all {
		all = append(all, strings.Join(strings.Fields(one), ""))
	}
	for _, one := range all {
		all = append(all, decoded(one)...)
	}
	return all
}

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\["\\/]`)

func unescaped(text string) string {
	return html.UnescapeString(escape.ReplaceAllStringFunc(text, func(e string) string {
		digits, isCode := strings.CutPrefix(strings.TrimPrefix(e, "%"), `\u`)
		if e[0] == '\\' && !isCode {
			return e[1:]
		}
		code, _ := strconv.ParseUint(digits, 16, 32)
		if e[0] == '%' {
			return string([]byte{byte(code)})
		}
		return string(rune(code))
	}))
}

var base64Text = regexp.MustCompile(`[A-Za-z0-9+/_-]{12,}`)

// decoded returns what base64 stands for, wherever in it the text begins.
func decoded(text string) []string {
	var all []string
	for _, run := range base64Text.FindAllString(text, -1) {
		run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
		for from := range 4 {
			whole := run[from:]
			plain, err := base64.RawStdEncoding.DecodeString(whole[:len(whole)/4*4])
			if err == nil {
				all = append(all, string(plain))
			}
		}
	}
	return all
}
