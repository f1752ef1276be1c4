package sdk

import "github.com/kubectl-byoos/kubectl-byoos/internal/redact"

// Secrets are texts that nothing may repeat. The SDK takes them, in the forms that
// programs print them in, out of all that a plugin sends and logs: those that Add was
// told in any call of the process, and those of the environment. From all texts it
// takes what gives access to a URL as well (a signature, a user with a password).
// Facts of an image stay as they are but for that.
type Secrets struct{ set redact.Set }

// Add tells what nothing may repeat, before an error that holds it can be returned:
// tokens, keys, what a login gave. A value of less than 8 bytes is part of too many
// words and passed over. It is safe for concurrent use, and does nothing on nil.
func (s *Secrets) Add(values ...string) {
	if s != nil {
		s.set.Add(values...)
	}
}

// Clean returns text without the secrets. It is for a text that is cut or put into
// another form, since half a secret is not found later.
func (s *Secrets) Clean(text string) string {
	if s == nil {
		s = &Secrets{}
	}
	return s.set.Text(text)
}

// Holds tells whether text has one of the secrets in it, and nothing of what only has the
// form of one. It is for an address that must not be asked: ask it of Secrets that have
// what was sent to its server alone, as those of a request have the environment's as well.
func (s *Secrets) Holds(text string) bool { return s != nil && s.set.Holds(text) }
