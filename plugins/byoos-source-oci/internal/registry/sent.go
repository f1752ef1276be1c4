package registry

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// sent remembers the credentials that were sent, to take them out of what errors
// say: a registry, or a proxy before it, may repeat its request.
type sent struct {
	mu    sync.Mutex
	forms map[string]bool
}

// note takes in the credentials of a request, in the forms they may come back in.
func (s *sent) note(req *http.Request) {
	var secrets []string
	if _, value, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		_, password, _ := req.BasicAuth()
		secrets = append(secrets, value, password)
	}
	form := formOf(req)
	secrets = append(secrets, form.Get("refresh_token"), form.Get("password"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		if s.forms == nil {
			s.forms = map[string]bool{}
		}
		s.forms[secret], s.forms[url.QueryEscape(secret)], s.forms[url.PathEscape(secret)] = true, true, true
		quoted := strconv.Quote(secret)
		s.forms[quoted[1:len(quoted)-1]] = true
	}
}

// formOf returns the form that a token server is sent.
func formOf(req *http.Request) url.Values {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer func() { _ = body.Close() }()
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil
	}
	form, _ := url.ParseQuery(string(raw))
	return form
}

// hide returns text without what was sent.
func (s *sent) hide(text string) string {
	s.mu.Lock()
	forms := slices.Collect(maps.Keys(s.forms))
	s.mu.Unlock()
	// A secret may be part of another one.
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}

// maxError is how much is read of an answer that is an error, in bytes.
const maxError = 1 << 20

// scrub takes what was sent out of an answer that is an error. It does so before
// anything is cut or quoted; JSON has several spellings of one text.
func (s *sent) scrub(resp *http.Response) {
	if resp.StatusCode < http.StatusMultipleChoices {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	_ = resp.Body.Close()
	var document any
	if json.Unmarshal(raw, &document) == nil {
		if scrubbed, err := json.Marshal(s.hideIn(document)); err == nil {
			raw = scrubbed
		}
	} else {
		raw = []byte(s.hide(string(raw)))
	}
	resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader(raw), broken{err})), -1
}

// broken ends an answer as it ended: with an error, or nil.
type broken struct{ err error }

// Read returns the error.
func (b broken) Read([]byte) (int, error) { return 0, cmp.Or(b.err, io.EOF) }

// hideIn is hide for all texts of a JSON document.
func (s *sent) hideIn(value any) any {
	switch value := value.(type) {
	case string:
		return s.hide(value)
	case []any:
		for i := range value {
			value[i] = s.hideIn(value[i])
		}
	case map[string]any:
		hidden := make(map[string]any, len(value))
		for key, member := range value {
			hidden[s.hide(key)] = s.hideIn(member)
		}
		return hidden
	}
	return value
}
