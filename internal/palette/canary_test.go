package palette_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/palette"
	canaries "github.com/kubectl-byoos/kubectl-byoos/test/canary"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakepalette"
)

// TestCanaries: neither the user's key nor what gives access in the words of Palette,
// or of what stands before it, is shown.
func TestCanaries(t *testing.T) {
	var text func(w http.ResponseWriter)
	server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { text(w) })
	refused := func(t *testing.T, a *canaries.Answer, key, said string) string {
		status, body := canaries.Pick(a, 200, 400, 401, 403, 404, 409, 422, 501), refusal(a, said)
		text = func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		}
		_, err := newClient(t, server, key).Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		return wordsOf(t, err)
	}
	const another = "another-key-0123456789"
	canaries.Run(t, 2000,
		canaries.Place{Name: "API key in an error", Try: func(t *testing.T, a *canaries.Answer) string {
			key := a.Key()
			return refused(t, a, key, a.Words(a.Form(key)))
		}},
		canaries.Place{Name: "session token in an error", Try: func(t *testing.T, a *canaries.Answer) string {
			key := a.Token()
			return refused(t, a, key, a.Words(a.Form(key)))
		}},
		canaries.Place{Name: "signed address in an error", Try: func(t *testing.T, a *canaries.Answer) string {
			return refused(t, a, another, a.Words(a.Signed()))
		}},
		canaries.Place{Name: "address of a redirect", Try: func(t *testing.T, a *canaries.Answer) string {
			key := a.Key()
			location := canaries.Pick(a, a.Signed(), "https://login.example.com/?back="+url.QueryEscape(key), "https://login.example.com/"+url.PathEscape(key))
			text = func(w http.ResponseWriter) {
				w.Header()["Location"] = []string{location}
				w.WriteHeader(http.StatusFound)
			}
			_, err := newClient(t, server, key).Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
			return wordsOf(t, err)
		}},
		canaries.Place{Name: "file with a key that is none", Try: func(t *testing.T, a *canaries.Answer) string {
			_, err := palette.NewSecret(a.Words(a.Form(a.Key())) + " .")
			return wordsOf(t, err)
		}},
		canaries.Place{Name: "key in place of the host", Try: func(t *testing.T, a *canaries.Answer) string {
			key := a.Key()
			_, err := palette.ParseHost(canaries.Pick(a, "http://"+url.PathEscape(key), "palette.example.com/"+key, "palette.example.com?key="+key, key+"/v1", "https://"+key+"@palette.example.com", "palette.example.com#"+key, "palette.example.com:"+key+"x"))
			return wordsOf(t, err)
		}},
		canaries.Place{Name: "password in the host", Try: func(t *testing.T, a *canaries.Answer) string {
			_, err := palette.ParseHost(canaries.Pick(a, "https://", "http://", "ftp://", "") + "me:" + a.Userinfo() + "@" + canaries.Pick(a, "palette.example.com", "palette.example.com:x", "[::1", "%zz"))
			return wordsOf(t, err)
		}},
	)
}

// TestKeyInWhatIsNoAnswer: what Go's client quotes of a server that does not speak HTTP is
// shown without the key, which such a server may repeat.
func TestKeyInWhatIsNoAnswer(t *testing.T) {
	for name, line := range map[string]string{
		"no HTTP": "ApiKey: " + canary, "no status": "HTTP/1.1 " + canary, "no header": "HTTP/1.1 200 OK\r\n" + canary, "in base64": base64.StdEncoding.EncodeToString([]byte(canary)),
	} {
		client := listening(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = fmt.Fprint(connection, line+"\r\n\r\n")
			_ = connection.Close()
		}), canary)
		_, err := client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		shown := wordsOf(t, err)
		if !strings.Contains(shown, "malformed") || !strings.Contains(shown, "[redacted]") || strings.Contains(shown, canary) || strings.Contains(shown, line) {
			t.Errorf("%s: shown is %s", name, shown)
		}
	}
}

// The title of a web page is shown on one line, and a key that it has in two is not.
func TestKeyInTheTitleOfAPage(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusForbidden} {
		server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<title>Log in\n as %s\n %s</title>", canary[:9], canary[9:])
		})
		_, err := newClient(t, server, canary).Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
		if shown := wordsOf(t, err); !strings.Contains(shown, `a web page titled "Log in  as [redacted]"`) {
			t.Errorf("%d: shown is %s", status, shown)
		}
	}
}

// wordsOf is all that a user reads of an error.
func wordsOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	shown := err.Error() + fmt.Sprintf("%v %+v", err, err)
	var failed *failure.Error
	if errors.As(err, &failed) {
		shown += strings.Join(failed.Details, "\n") + failed.Next
	}
	return shown
}

// refusal is an error as Palette writes it, or what stands before it.
func refusal(a *canaries.Answer, text string) string {
	object := func(fields map[string]any) string { raw, _ := json.Marshal(fields); return string(raw) }
	switch a.IntN(5) {
	case 0:
		return object(map[string]any{"code": "InvalidKey", "message": text, "ref": "1"})
	case 1:
		return object(map[string]any{"code": text, "message": text, "ref": text, "details": text})
	case 2:
		return object(map[string]any{"items": text})
	case 3:
		return "<html>" + text + "</html>"
	}
	return text
}

// A key that stands in a layer's values stays there, and is in nothing that is shown.
func TestKeyInValuesIsNotShown(t *testing.T) {
	inBase64 := base64.StdEncoding.EncodeToString([]byte(canary))
	for name, text := range map[string]string{"plain": canary, "base64": inBase64, "quoted": `apiKey: "` + canary + `"`} {
		for place, macro := range map[string]bool{"diff": false, "macro": true} {
			t.Run(name+"/"+place, func(t *testing.T) {
				values := strings.Replace(genericValues, oldAMI+`" # from`, oldAMI+`" # `+text+" from", 1)
				if macro {
					values = strings.Replace(values, oldAMI, "{{.spectro.var.ami}}", 1)
				}
				w := newWorld(t, func(s *fakepalette.State) { ours(s).Published[0].Values = values })
				plan, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{})
				var shown string
				if macro {
					shown = wordsOf(t, err)
				} else {
					if err != nil {
						t.Fatal(err)
					}
					shown = plan.Difference(palette.SideDraft).Diff
					w.apply(t, request(t, "rhel-prod", newAMI), palette.Goal{})
					state := w.State()
					if got := ours(&state).Layer("generic-byoi", true).Values; got != strings.Replace(values, oldAMI, newAMI, 1) {
						t.Errorf("the values became\n%s", got)
					}
				}
				noCanary(t, shown)
				if strings.Contains(shown, text) || !strings.Contains(shown, "from the golden pipeline") {
					t.Errorf("shown is\n%s", shown)
				}
			})
		}
	}
}

// A key that goes on in the next line is not shown in a diff, which begins each with a
// sign; the lines around it are, and a difference within it is told.
func TestKeyInLinesIsNotShown(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("ab" + canary))
	block := func(lines ...string) string { return "\nfile: |\n  " + strings.Join(lines, "\n  ") + "\nlast: 1\n" }
	before, after := block(encoded[:8], encoded[8:20], encoded[20:]), block(encoded[:8], encoded[8:16], encoded[16:])
	for name, test := range map[string]struct{ have, want, shown string }{
		"new":     {"", before, "+file: |\n"},
		"gone":    {before, "", "-last: 1\n"},
		"beside":  {before, strings.Replace(before, "last: 1", "last: 2", 1), "\n+last: 2\n"},
		"in part": {before, after, "-[redacted]\n+[redacted]\n"},
		"behind":  {"a: " + canary + "\nlast: 1\n", "a: " + canary + "\n  last: 1\n", "\n-last: 1\n+  last: 1\n"},
		"before":  {before, "\nfirst: 1" + before, "@@ -1,4 +1,5 @@"},
	} {
		w := newWorld(t, func(s *fakepalette.State) {
			p := ours(s)
			p.Published[1].Values = test.have
			p.Draft = slices.Clone(p.Published)
			p.Draft[1].Values = test.want
		})
		plan, err := w.client.Plan(t.Context(), request(t, "rhel-prod", newAMI), palette.Goal{IncludeDraft: true})
		if err != nil {
			t.Fatal(err)
		}
		shown := plan.Difference(palette.SidePublished).Diff
		plain := regexp.MustCompile(`\n[-+ ]? *`).ReplaceAllString(shown, "")
		for i := range len(encoded) - 11 {
			if i > 3 && strings.Contains(plain, encoded[i:i+8]) {
				t.Errorf("%s: %s is shown in\n%s", name, encoded[i:i+8], shown)
				break
			}
		}
		if !strings.Contains(shown, test.shown) {
			t.Errorf("%s: no %q in\n%s", name, test.shown, shown)
		}
	}
}
