// Package canary hides secrets in what services, programs and files say, and looks
// for them in what a user gets to see. A test names the places that a secret can
// stand in; each is tried with many random texts around it. The texts come from a
// seed: what is found once is found again.
package canary

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
)

// Place is one that a secret can come from.
type Place struct {
	Name string
	// Try lets the secrets that it takes from the answer reach the program by this
	// place, and returns all that a user could see or keep.
	Try func(t *testing.T, a *Answer) string
}

// Run tries places with so many answers in all, a twentieth of them in a short run,
// and fails where a part of a secret is shown.
func Run(t *testing.T, answers int, places ...Place) {
	t.Helper()
	each := (answers + len(places) - 1) / len(places)
	if testing.Short() {
		each = max(1, each/20)
	}
	for _, place := range places {
		t.Run(place.Name, func(t *testing.T) {
			const told = 3
			leaks := 0
			for i := range each {
				a := newAnswer(place.Name, uint64(i))
				shown := place.Try(t, a)
				if len(a.secrets) == 0 {
					t.Fatal("no secret was taken from the answer")
				}
				found, where := leak(shown, a.secrets)
				if found == "" {
					continue
				}
				if leaks++; leaks <= told {
					t.Errorf("answer %d, hidden as %v: %q is shown in\n%s", i, a.forms, found, where)
				}
			}
			if leaks > told {
				t.Errorf("%d of %d answers show a secret", leaks, each)
			}
		})
	}
}

// Answer makes the texts of one answer.
type Answer struct {
	*rand.Rand
	secrets []string
	forms   []string
}

func newAnswer(place string, seed uint64) *Answer {
	h := fnv.New64a()
	_, _ = h.Write([]byte(place))
	return &Answer{Rand: rand.New(rand.NewPCG(h.Sum64(), seed))}
}

// Pick returns one of a list.
func Pick[T any](a *Answer, list ...T) T { return list[a.IntN(len(list))] }

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	// signs are in keys that are base64, as AWS's and storage accounts' are.
	signs = "+/"
	// odd are the signs that escape differently in URLs, JSON, XML and a shell.
	odd = `"<&>\'%; @:`
)

func (a *Answer) text(alphabet string, length int) string {
	out := make([]byte, length)
	for i := range out {
		out[i] = alphabet[a.IntN(len(alphabet))]
	}
	return string(out)
}

// Key returns a secret of the signs that keys and tokens have.
func (a *Answer) Key() string { return a.secret(a.text(letters+letters+signs, 24+a.IntN(40))) }

// Token returns a JSON Web Token; its parts are base64 of the URL's alphabet.
func (a *Answer) Token() string {
	const header = "eyJhbGciOiJSUzI1NiJ9." // {"alg":"RS256"}
	body := a.text(letters+"-_", 60)
	a.secret(body)
	return header + body + "." + a.text(letters, 40)
}

// Password returns a secret that a person chose, with signs that are escaped
// differently everywhere.
func (a *Answer) Password() string {
	return a.secret(a.text(letters, 12) + a.text(odd, 1+a.IntN(3)) + a.text(letters, 12))
}

// secret makes a text one that must not be seen.
func (a *Answer) secret(text string) string {
	a.secrets = append(a.secrets, text)
	return text
}

// Form returns a secret that the program holds as an answer may repeat it.
func (a *Answer) Form(secret string) string {
	form := forms[a.IntN(len(forms))]
	a.forms = append(a.forms, form.name)
	return form.as(a, secret)
}

// Signed returns an address that itself gives access, as an answer may hold it.
func (a *Answer) Signed() string {
	address := addresses[a.IntN(len(addresses))]
	form := urlForms[a.IntN(len(urlForms))]
	a.forms = append(a.forms, address.name+", "+form.name)
	return form.as(a, address.of(a))
}

var words = []string{
	"the", "request", "was", "denied", "policy", "7:", "because", "no", "token", "key", "signature", "(see", "https://example.com/help?id=7)", "secret", "password",
	"for", "user", "\"quoted\"", "'single'", "a=b", "{", "}", "[x]", "<b>", "</b>", "50%", "%2F", "\\", "\\n", "&amp;", "ä", "日本", "ok.", "Authorization:", "Bearer", "--",
}

// Words returns the parts in order, with random words around them.
func (a *Answer) Words(parts ...string) string {
	out := a.some()
	for _, part := range parts {
		out += Pick(a, " ", "\n", "\t", ": ", "=", " \"", "('") + part + Pick(a, " ", "\n", "\" ", "') ", ", ", ". ") + a.some()
	}
	return out
}

func (a *Answer) some() string {
	n := a.IntN(12)
	if a.IntN(20) == 0 { // beyond what a message has room for
		n = 150 + a.IntN(100)
	}
	out := ""
	for range n {
		out += Pick(a, words...) + Pick(a, " ", " ", " ", "\n", "  ", "")
	}
	return out
}

// String says what an answer hides.
func (a *Answer) String() string { return fmt.Sprint(a.forms) }
