package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-oci/internal/registry"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	fake "github.com/kubectl-byoos/kubectl-byoos/test/registry"
	"github.com/kubectl-byoos/kubectl-byoos/test/waits"
)

const (
	path     = "edge/os"
	password = "canary-s3cret-password"
)

// client returns one that knows a login to hosts.
func client(t *testing.T, logins ...string) (*registry.Client, *waits.Clock) {
	t.Helper()
	auths := make([]string, len(logins))
	for i, host := range logins {
		auths[i] = fmt.Sprintf("%q: {\"auth\": %q}", host, base64.StdEncoding.EncodeToString([]byte("robot:"+password)))
	}
	file := write(t, `{"auths": {`+strings.Join(auths, ", ")+`}}`)
	c := &waits.Clock{}
	return &registry.Client{
		Keychain: registry.Keychain{Files: []string{file}}, UserAgent: "test", Secrets: &sdk.Secrets{},
		Clock: registry.Clock{Now: c.Now, Wait: c.Wait},
	}, c
}

func write(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func open(t *testing.T, c *registry.Client, host string) *registry.Repository {
	t.Helper()
	repo, err := c.Repository(host + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func tags(t *testing.T, repo *registry.Repository) ([]string, int, error) {
	t.Helper()
	return repo.Tags(t.Context(), func(int) {})
}

// fails checks the reason and the next step of a failure, and that it holds no password.
func fails(t *testing.T, err error, reason, next string) {
	t.Helper()
	e, ok := errors.AsType[*registry.Error](err)
	if !ok {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(e.Reason(), reason) || !strings.Contains(e.NextStep(), next) {
		t.Errorf("reason %q, next %q\nwant %q, %q", e.Reason(), e.NextStep(), reason, next)
	}
	if !strings.HasPrefix(err.Error(), "cannot "+e.Doing+": ") || !strings.Contains(e.Doing, e.Registry+"/"+path) || strings.Contains(err.Error(), password) {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string]string{
		"r.example.com/team/os":                 "",
		"localhost/os":                          "",
		"registry:5000/os":                      "",
		"r.example":                             "is not a repository name",
		"r.example/-os":                         "is not a repository name",
		"-r.example/os":                         "does not begin with a registry",
		"[::1]:5000/os":                         "",
		"https://me:pw@r.example/os":            `"...@r.example/os" begins with https://, which is no part of a repository's name: write ...@r.example/os`,
		"ubuntu":                                "does not begin with a registry",
		"team/ubuntu":                           "does not begin with a registry",
		"r.example/os:latest":                   "has a tag or a digest",
		"r.example/os@sha256:0a":                `"r.example/os@sha256:0a" has a tag or a digest`,
		"me:p@shaw@r.example/os@sha256:0a":      `"...@r.example/os@sha256:0a" does not begin`,
		"r.example/Team/os":                     "is not a repository name",
		"me:pw@r.example/os":                    `"...@r.example/os" does not begin with a registry`,
		"r.example/" + strings.Repeat("a", 300): "is not a repository name",
	} {
		host, path, err := registry.Split(name)
		if want == "" && (err != nil || host+"/"+path != name) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q %q %v", name, host, path, err)
		}
		repo, err := (&registry.Client{}).Repository(name)
		if (err == nil) != (want == "") || err == nil && (repo.Name != name || repo.Registry != host || repo.Path != path) {
			t.Errorf("%s is opened as %+v, %v", name, repo, err)
		}
	}
}

func TestTagsOfAllPages(t *testing.T) {
	s := fake.NewStore(t)
	for i := range 5 {
		s.Image(t, path, fmt.Sprint("v", i), fake.Manifest{})
	}
	for name, answers := range map[string]fake.Answers{
		"one page":                   {},
		"pages":                      {PageSize: 2},
		"empty pages between":        {PageSize: 2, EmptyPages: true},
		"links with the host's name": {PageSize: 1, AbsoluteLinks: true},
	} {
		t.Run(name, func(t *testing.T) {
			s.Answers = answers
			c, _ := client(t)
			last := 0
			got, odd, err := open(t, c, s.Host).Tags(t.Context(), func(n int) { last = n })
			if err != nil || odd != 0 || last != 5 || !slices.Equal(got, []string{"v0", "v1", "v2", "v3", "v4"}) {
				t.Errorf("%q, %d odd, %d told, %v", got, odd, last, err)
			}
		})
	}
}

// page answers a list of tags with a link.
func page(w http.ResponseWriter, link, list string) {
	if link != "" {
		w.Header().Set("Link", link)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"tags": `+list+`}`)
}

// list answers a request for a page of a list of tags.
type list func(w http.ResponseWriter, page string)

// tags reads the list.
func (l list) tags(t *testing.T) ([]string, int, error) {
	t.Helper()
	s := fake.NewStore(t)
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			l(w, r.URL.Query().Get("page"))
			return true
		}
		return false
	}
	c, _ := client(t)
	return tags(t, open(t, c, s.Host))
}

func TestListsThatAreOdd(t *testing.T) {
	var hundredAndFifty []string
	for i := range 150 {
		hundredAndFifty = append(hundredAndFifty, fmt.Sprint("v", i))
	}
	for name, tc := range map[string]struct {
		list list
		tags []string
		odd  int
	}{
		"repeated tags stay": {func(w http.ResponseWriter, at string) {
			if at == "" {
				page(w, `<?page=1>; rel="next"`, `["a", "a"]`)
				return
			}
			page(w, "", `["a", "b"]`)
		}, []string{"a", "a", "a", "b"}, 0},
		"names that are no tags": {func(w http.ResponseWriter, _ string) {
			page(w, "", `["a", "", ".a", "-a", "a/b", "a\u001b", "`+strings.Repeat("a", 129)+`"]`)
		}, []string{"a"}, 6},
		"more than a hundred pages": {func(w http.ResponseWriter, at string) {
			next := map[bool]string{true: `<?page=1` + at + `>; rel="next"`}
			page(w, next[len(at) < 149], fmt.Sprintf(`["v%d"]`, len(at)))
		}, hundredAndFifty, 0},
		"a hundred empty pages": {func(w http.ResponseWriter, at string) {
			if len(at) < 100 {
				page(w, `<?page=1`+at+`>; rel="next"`, "[]")
				return
			}
			page(w, "", `["a"]`)
		}, []string{"a"}, 0},
		"a million tags":  {func(w http.ResponseWriter, _ string) { page(w, "", millionTags) }, slices.Repeat([]string{"a"}, registry.MaxTags), 0},
		"the longest tag": {func(w http.ResponseWriter, _ string) { page(w, "", `["_.-9Z`+strings.Repeat("a", 123)+`"]`) }, []string{"_.-9Z" + strings.Repeat("a", 123)}, 0},
		"no tags":         {func(w http.ResponseWriter, _ string) { page(w, "", "null") }, nil, 0},
		"a previous page": {func(w http.ResponseWriter, _ string) { page(w, `<?page=0>; rel="prev"`, `["a"]`) }, []string{"a"}, 0},
		"an empty link":   {func(w http.ResponseWriter, _ string) { page(w, `<>; rel="next", `, `["a"]`) }, []string{"a"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, odd, err := tc.list.tags(t)
			if err != nil || odd != tc.odd || !slices.Equal(got, tc.tags) {
				t.Errorf("%q, %d odd, %v", got, odd, err)
			}
		})
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		list list
		want string
	}{
		"a circle":   {func(w http.ResponseWriter, _ string) { page(w, `<?page=1>; rel="next"`, `["a"]`) }, "go in a circle"},
		"no end":     {func(w http.ResponseWriter, at string) { page(w, `<?page=`+at+`1>; rel="next"`, `[]`) }, "go on without an end"},
		"no link":    {func(w http.ResponseWriter, _ string) { page(w, `nonsense`, `["a"]`) }, "link"},
		"no address": {func(w http.ResponseWriter, _ string) { page(w, `<http://%zz>`, `["a"]`) }, "invalid URL escape"},
		"more than a million": {func(w http.ResponseWriter, at string) {
			if at == "" {
				page(w, `<?page=1>`, millionTags)
				return
			}
			page(w, "", `["b"]`)
		}, "more than 1000000 tags"},
		"half a one": {func(w http.ResponseWriter, _ string) { page(w, `<?page=1`, `["a"]`) }, "link"},
		"no JSON":    {func(w http.ResponseWriter, _ string) { _, _ = io.WriteString(w, "tags") }, "invalid character"},
		"a web page": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<html>")
		}, "answered with a web page where a registry's answer is due"},
		"cut off": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"tags": [`)
		}, "ended an answer early"},
		"very long": {func(w http.ResponseWriter, _ string) {
			block := []byte(`"` + strings.Repeat("a", 1<<20) + `",`)
			_, _ = io.WriteString(w, `{"tags": [`)
			for range 65 {
				_, _ = w.Write(block)
			}
		}, "answer is larger than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := tc.list.tags(t)
			fails(t, err, tc.want, "")
		})
	}
}

var millionTags = `["a"` + strings.Repeat(`,"a"`, registry.MaxTags-1) + `]`

// A registry that asks to be waited for is asked again then, and not when that is long.
func TestRetryAfter(t *testing.T) {
	at := time.Date(2026, 9, 1, 0, 0, 10, 0, time.UTC).Format(http.TimeFormat)
	for name, tc := range map[string]struct {
		status     int
		retryAfter string
		busy       int // answers before one that is good
		waits      []time.Duration
		reason     string
	}{
		"seconds":           {429, "3", 1, []time.Duration{3 * time.Second}, ""},
		"a date":            {503, at, 1, []time.Duration{10 * time.Second}, ""},
		"a minute":          {429, "60", 1, []time.Duration{time.Minute}, ""},
		"twice":             {429, "3", 2, []time.Duration{3 * time.Second, 3 * time.Second}, ""},
		"in the past":       {408, "-5", 1, []time.Duration{500 * time.Millisecond}, ""},
		"a slow way":        {504, "", 1, []time.Duration{500 * time.Millisecond}, ""},
		"nothing":           {500, "", 2, []time.Duration{500 * time.Millisecond, time.Second}, ""},
		"nonsense":          {429, "soon", 1, []time.Duration{500 * time.Millisecond}, ""},
		"at once, always":   {429, "0", 9, []time.Duration{500 * time.Millisecond, time.Second}, "limits requests and said to slow down"},
		"for long":          {429, "3600", 1, nil, "said to wait 1h0m0s"},
		"for ever":          {429, "99999999999999999999", 1, nil, "said to wait"},
		"always in trouble": {500, "", 9, []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}, "is in trouble"},
	} {
		t.Run(name, func(t *testing.T) {
			s := fake.NewStore(t)
			s.Image(t, path, "v1", fake.Manifest{})
			busy := tc.busy
			s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
				if busy == 0 || r.URL.Path == "/v2/" {
					return false
				}
				busy--
				w.Header().Set("Retry-After", tc.retryAfter)
				w.WriteHeader(tc.status)
				return true
			}
			c, clock := client(t)
			got, _, err := tags(t, open(t, c, s.Host))
			if !slices.Equal(clock.All(), tc.waits) {
				t.Errorf("waited %v, want %v", clock.All(), tc.waits)
			}
			switch {
			case tc.reason != "":
				fails(t, err, tc.reason, "")
			case err != nil || len(got) != 1:
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// How long a registry asked to be waited for is no reason for what else it answers.
func TestAfterALongWait(t *testing.T) {
	s := fake.NewStore(t)
	answers := []int{429, 429, 400}
	s.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" {
			return false
		}
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(answers[0])
		answers = answers[1:]
		return true
	}
	c, _ := client(t)
	repo := open(t, c, s.Host)
	for _, want := range []string{"said to wait 1h0m0s", "said to wait 1h0m0s", "unexpected status code 400"} {
		_, _, err := tags(t, repo)
		fails(t, err, want, "")
	}
}

// The clock of this machine ends a wait when nobody wants it any longer.
func TestSystemClock(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := registry.SystemClock()
	if err := c.Wait(ctx, time.Nanosecond); err != nil || c.Now().IsZero() {
		t.Error(err)
	}
	cancel()
	if err := c.Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestInterrupted(t *testing.T) {
	s := fake.NewStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.Hook = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done() // an answer might come before the client has seen the end
		return true
	}
	c, _ := client(t)
	_, _, err := open(t, c, s.Host).Tags(ctx, func(int) {})
	if fails(t, err, "interrupted", ""); !errors.Is(err, context.Canceled) || !registry.IsTransfer(err) {
		t.Error(err)
	}
}
