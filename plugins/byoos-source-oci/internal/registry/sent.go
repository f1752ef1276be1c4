package registry

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// noteSent keeps the credentials of a request: a registry, or a proxy before it, may repeat
// them.
func (g *guard) noteSent(req *http.Request) {
	note := func(values ...string) {
		g.secrets.Add(values...)
		g.sent.Add(values...)
	}
	if _, value, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		_, password, _ := req.BasicAuth()
		note(value, password)
	}
	if req.GetBody != nil { // a form in memory
		body, _ := req.GetBody()
		raw, _ := io.ReadAll(body)
		form, _ := url.ParseQuery(string(raw))
		note(form.Get("refresh_token"), form.Get("password"))
	}
}

const (
	// maxError is how much is read of an answer that is an error, in bytes.
	maxError = 1 << 20
	// maxShown is how much of it is handed on: the library takes no more for an answer.
	maxShown = 32 << 10
)

// scrub takes secrets out of an answer that is an error. It does so before anything
// is cut or quoted; JSON has several spellings of one text.
func (g *guard) scrub(resp *http.Response) {
	if resp.StatusCode < http.StatusMultipleChoices {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	_ = resp.Body.Close()
	var document any
	if json.Unmarshal(raw, &document) == nil {
		raw, _ = json.Marshal(g.clean(document))
	} else {
		raw = []byte(g.secrets.Clean(string(raw)))
	}
	raw = raw[:min(len(raw), maxShown)]
	resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader(raw), broken{err})), -1
}

// broken ends an answer as it ended: with an error, or nil.
type broken struct{ err error }

// Read returns the error.
func (b broken) Read([]byte) (int, error) { return 0, cmp.Or(b.err, io.EOF) }

// clean takes secrets out of all texts of a JSON document.
func (g *guard) clean(value any) any {
	switch value := value.(type) {
	case string:
		return g.secrets.Clean(value)
	case []any:
		for i := range value {
			value[i] = g.clean(value[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(value))
		for key, member := range value {
			clean[g.secrets.Clean(key)] = g.clean(member)
		}
		return clean
	}
	return value
}
