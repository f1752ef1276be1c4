package canary

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
)

type form struct {
	name string
	as   func(a *Answer, text string) string
}

// forms are those that a program's own secret comes back in.
var forms = []form{
	{"as it is", func(_ *Answer, s string) string { return s }},
	{"query", func(_ *Answer, s string) string { return url.QueryEscape(s) }},
	{"path", func(_ *Answer, s string) string { return url.PathEscape(s) }},
	{"query twice", func(_ *Answer, s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{"small hexadecimal digits", func(_ *Answer, s string) string { return lowerEscapes(url.QueryEscape(s)) }},
	{"JSON", func(_ *Answer, s string) string { return inJSON(s) }},
	{"JSON with \\/", func(_ *Answer, s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) }},
	{"JSON in JSON", func(_ *Answer, s string) string { return inJSON(inJSON(s)) }},
	{"HTML", func(_ *Answer, s string) string { return html.EscapeString(s) }},
	{"base64", func(_ *Answer, s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 of URLs", func(_ *Answer, s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"basic", func(_ *Answer, s string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("edge:"+s))
	}},
	{"bearer", func(_ *Answer, s string) string { return "Authorization: Bearer " + s }},
	{"two lines", func(a *Answer, s string) string {
		at := len(s)/4 + a.IntN(len(s)/2)
		return s[:at] + "\n" + strings.Repeat(" ", a.IntN(3)) + s[at:]
	}},
}

// urlForms are those that an address comes in. A program cannot know the secret in
// it but by what stands around.
var urlForms = []form{
	{"as it is", func(_ *Answer, s string) string { return s }},
	{"JSON", func(_ *Answer, s string) string { return inJSON(s) }},
	{"JSON with \\/", func(_ *Answer, s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) }},
	{"HTML", func(_ *Answer, s string) string { return html.EscapeString(s) }},
	{"query", func(_ *Answer, s string) string { return url.QueryEscape(s) }},
	{"query twice", func(_ *Answer, s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{"within an address", func(_ *Answer, s string) string { return "https://proxy.example.com/login?back=" + url.QueryEscape(s) }},
	{"in quotes", func(_ *Answer, s string) string { return `"` + s + `"` }},
	{"in parentheses", func(_ *Answer, s string) string { return `(` + s + `)` }},
}

// addresses are those that give access to anyone who has them.
var addresses = []struct {
	name string
	of   func(a *Answer) string
}{
	// https://learn.microsoft.com/rest/api/storageservices/create-service-sas
	{"shared access signature", func(a *Answer) string {
		sig := url.QueryEscape(a.Key() + "=")
		return Pick(a,
			"https://store.blob.core.windows.net/vhds/os.vhd?sp=r&st=2026-01-01T00:00:00Z&se=2026-02-01T00:00:00Z&sv=2022-11-02&sr=b&sig="+sig,
			"https://store.blob.core.windows.net/scripts/setup.sh?sig="+sig+"&sv=2022-11-02",
			"https://store.blob.core.windows.net/scripts/setup.sh?sv=2022-11-02&sig="+sig+"#part")
	}},
	// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
	{"presigned by AWS", func(a *Answer) string {
		return fmt.Sprintf("https://logs.s3.us-east-1.amazonaws.com/build.log?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s%%2F20260101%%2Fus-east-1%%2Fs3%%2Faws4_request"+
			"&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=%s&X-Amz-Signature=%s",
			a.secret(a.text(letters, 20)), url.QueryEscape(a.Key()), a.secret(a.text("0123456789abcdef", 64)))
	}},
	// https://cloud.google.com/storage/docs/authentication/signatures
	{"signed by Google", func(a *Answer) string {
		return "https://storage.googleapis.com/images/os.tar.gz?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=900&X-Goog-Signature=" + a.secret(a.text("0123456789abcdef", 256))
	}},
	{"user and password", func(a *Answer) string {
		return "https://deploy:" + a.Userinfo() + "@git.example.com/edge/os.git"
	}},
	{"token for a user", func(a *Answer) string {
		return "https://" + a.Userinfo() + "@git.example.com/edge/os.git?ref=main"
	}},
}

// Userinfo returns a secret that needs no escape in the user information of an address.
func (a *Answer) Userinfo() string { return a.secret(a.text(letters, 30)) }

func inJSON(s string) string {
	quoted, _ := json.Marshal(s)
	return string(quoted[1 : len(quoted)-1])
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	out := []byte(s)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:i+3], strings.ToLower(string(out[i+1:i+3])))
		}
	}
	return string(out)
}
