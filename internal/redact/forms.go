package redact

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	// assigned is what stands between a name and its value: in a query, a connection
	// string, JSON (also within JSON) or HTML, and percent-encoded once or more.
	assigned = `\s*\\*["']?\s*(?:=|:|%(?:25)*3[AD]|&#(?:61|x3D);)\s*\\*`
	equals   = `\s*\\*["']?\s*(?:=|%(?:25)*3D|&#(?:61|x3D);)\s*\\*`
	// value ends where a URL or a quotation does.
	value = `(?:"[^"]*"|'[^']*'|["']?[^\s"'<>&,;]+)`
	// urlValue goes on behind a quotation, as one within a URL does not end it.
	urlValue = value + `[^\s"'<>&,;]*`
	// word is a value that may hold any sign but a blank: a password.
	word = `(?:"[^"]*"|'[^']*'|["']?[^\s"'<>]+)`
	// encoded is a percent-encoded sign, but for a slash.
	encoded = `(?:[^\s%"'<>/?#]|%(?:25)*(?:[013-9A-F][0-9A-F]|2[0-9A-E]))*`
)

// Every form has one of signs, or begins with withoutSigns.
const (
	signs        = "=:%& \t\n\f\r"
	withoutSigns = "eyJ"
)

// form is how a credential is written.
type form struct {
	// words are cheap to look for: every text of the form has one, in some case.
	words []string
	// pattern is compiled when a text has one of words: most runs show none.
	pattern func() *regexp.Regexp
	with    string
}

func newForm(words, pattern, with string) form {
	return form{
		words:   strings.Fields(words),
		pattern: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) }),
		with:    with,
	}
}

// inURLs are the forms that a URL may have, or a token in one.
var inURLs = []form{
	// A token is base64 of JSON, with dots between its parts. What stands before it is
	// no part of a word: DisneyJuniorImages is a name.
	newForm("eyj", `(^|[^A-Za-z0-9]|%(?:25)*[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[a-z])`+withoutSigns+`[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*`, "${1}"+Removed),
	// The signature of a shared access signature, in a query or where one begins; se and
	// sp say what it was for. A repository named sig has a colon before its tag.
	// https://learn.microsoft.com/rest/api/storageservices/create-service-sas
	newForm("sig", `(?i)((?:[?&;]|\\u0026|%(?:25)*(?:3F|26))sig`+equals+`)`+urlValue, "${1}"+Removed),
	newForm("sig", `(?i)(^sig`+equals+`)[^\s"'<>&,;]{32,}`, "${1}"+Removed),
	// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
	// https://cloud.google.com/storage/docs/authentication/signatures
	newForm("x-amz- x-goog-", `(?i)(x-(?:amz|goog)-(?:signature|credential|security-token)`+assigned+`)`+urlValue, "${1}"+Removed),
	// What gives access to one URL: a file of a private repository, a function.
	newForm("token code key signature sv", `(?i)((?:[?&]|\\u0026|%(?:25)*(?:3F|26))(?:token|code|key|signature|sv)(?:=|%(?:25)*3D))`+urlValue, "${1}"+Removed),
	// The user and the password of a URL, which JSON may write with \/. The user alone
	// may be a token, but not that of ssh.
	newForm("@", `(?i)((?:^|[^h]|(?:^|[^s])h|(?:^|[^s])sh)(?::\\*/\\*/))[^\s/?#"'<>]*@`, "${1}"+Removed+"@"),
	newForm("ssh", `(?i)(ssh:\\*/\\*/)[^\s/?#"'<>]*:[^\s/?#"'<>]*@`, "${1}"+Removed+"@"),
	newForm("%", `(?i)(%(?:25)*3A(?:%(?:25)*2F){2})`+encoded+`%(?:25)*40`, "${1}"+Removed+"%40"),
}

// inMessages are those that services, which repeat what they were given, write in
// their messages: VM Image Builder scripts, Resource Manager the body of a request.
var inMessages = []form{
	// A signature beside other words, and as a field.
	newForm("sig", `(?i)((?:^|[^a-z])sig`+equals+`)`+value, "${1}"+Removed),
	newForm("sig", `(?i)((?:^|[^a-z])sig\\*["']\s*:\s*\\*)`+value, "${1}"+Removed),
	// Keys of connection strings and of requests.
	newForm("signature key secret token", `(?i)((?:signature|account_?-?key|access_?-?key|shared_?-?secret|api_?-?key|client_?-?secret|`+
		`access_?token|refresh_?token|id_?token|security-token|secret_?key)`+assigned+`)`+value, "${1}"+Removed),
	newForm("pass pwd", `(?i)((?:password|passwd|passphrase|pwd)`+assigned+`)`+word, "${1}"+Removed),
	newForm("-pass -account-key secret token", `(?i)((?:^|[^a-z0-9])--?(?:password|passphrase|account-key|secret|client-secret|token|access-token|sas-token)\s+)`+word, "${1}"+Removed),
	newForm("authorization", `(?i)(authorization`+assigned+`["']?(?:bearer|basic|token|negotiate)\s+)`+value, "${1}"+Removed),
	newForm("bearer basic sharedkey", `(?i)\b((?:bearer|basic|sharedkey|sharedkeylite)\s+)[^\s"'<>]*[0-9+/=][^\s"'<>]*`, "${1}"+Removed),
}

// Fact returns what a service says of an image, such as an id or the value of a tag,
// without the credentials of a URL, and else as it was.
func Fact(text string) string {
	if mayHoldURL(text) {
		return without(inURLs, text)
	}
	return text
}

// mayHoldURL passes over most facts, of which there are many: a form of inURLs has one of
// these signs, or is a token.
func mayHoldURL(text string) bool {
	for i := range len(text) {
		switch text[i] {
		case '=', '%', '@', '&':
			return true
		case 'e':
			if strings.HasPrefix(text[i:], withoutSigns) {
				return true
			}
		}
	}
	return false
}

// without takes what has one of the forms out of text.
func without(forms []form, text string) string {
	if !strings.ContainsAny(text, signs) && !strings.Contains(text, withoutSigns) {
		return text // as most ids and names: each form costs more than all else of an image
	}
	lower := strings.ToLower(text)
	for _, f := range forms {
		if slices.ContainsFunc(f.words, func(w string) bool { return strings.Contains(lower, w) }) {
			text = f.pattern().ReplaceAllString(text, f.with)
		}
	}
	return text
}
