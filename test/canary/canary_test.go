package canary

import (
	"fmt"
	"testing"
)

// TestEveryFormIsFound: a secret is seen in whatever form it is shown, and in part.
func TestEveryFormIsFound(t *testing.T) {
	for i, form := range forms {
		a := newAnswer("form", uint64(i))
		for _, secret := range []string{a.Key(), a.Password(), a.Token()} {
			shown := a.Words(form.as(a, secret))
			if found, _ := leak(shown, []string{secret}); found == "" {
				t.Errorf("%s: nothing found of %q in %q", form.name, secret, shown)
			}
		}
	}
	for i, address := range addresses {
		for j, form := range urlForms {
			a := newAnswer("address", uint64(i*100+j))
			shown := form.as(a, address.of(a))
			if found, _ := leak(shown, a.secrets); found == "" {
				t.Errorf("%s, %s: nothing found of %q", address.name, form.name, shown)
			}
		}
	}
	a := newAnswer("part", 0)
	if found, _ := leak("cut after: "+a.Key()[:part], a.secrets); found == "" {
		t.Error("a part of a secret is not found")
	}
}

// TestWordsHoldNoSecret: what stands around a secret is none.
func TestWordsHoldNoSecret(t *testing.T) {
	for i := range 1000 {
		a := newAnswer("words", uint64(i))
		a.Key()
		a.Password()
		if found, where := leak(a.Words("x", fmt.Sprint(i)), a.secrets); found != "" {
			t.Errorf("%q in %s", found, where)
		}
	}
}

// TestAnswersAreTheSameAgain: one seed makes one answer.
func TestAnswersAreTheSameAgain(t *testing.T) {
	text := func() string { a := newAnswer("again", 7); return a.Words(a.Form(a.Key()), a.Signed()) }
	if one, two := text(), text(); one != two {
		t.Errorf("%q and then %q", one, two)
	}
}
