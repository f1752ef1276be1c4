package protocol

import (
	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Cleaner takes secrets out of words for people: a redact.Redactor or a redact.Set.
type Cleaner interface{ Text(text string) string }

// CleanImage takes secrets out of an image: out of the words for people all that words
// knows, and out of facts the credentials of URLs alone, since facts must stay what
// they are.
func CleanImage(m *sourcev1.Image, words Cleaner) {
	m.StateReason, m.Withheld = words.Text(m.GetStateReason()), words.Text(m.GetWithheld())
	for _, fact := range [...]*string{
		&m.Id, &m.FullId, &m.Name, &m.KubernetesVersion, &m.Version, &m.Architecture, &m.Region, &m.Owner, &m.OwnerId,
	} {
		*fact = redact.Fact(*fact)
	}
	if os := m.GetOs(); os != nil {
		os.Name, os.Version = redact.Fact(os.GetName()), redact.Fact(os.GetVersion())
	}
	if ref := m.GetReference(); ref != nil {
		ref.Value = redact.Fact(ref.GetValue())
	}
	for _, facts := range [...]map[string]string{m.GetTags(), m.GetAttributes()} {
		cleanFacts(facts)
	}
	for _, p := range m.GetProvenance() {
		p.Key, p.Raw = redact.Fact(p.GetKey()), redact.Fact(p.GetRaw())
	}
}

func cleanFacts(facts map[string]string) {
	for key, value := range facts {
		cleanKey, cleanValue := redact.Fact(key), redact.Fact(value)
		if cleanKey == key && cleanValue == value {
			continue
		}
		delete(facts, key)
		facts[cleanKey] = cleanValue
	}
}

// CleanResult takes secrets out of an answer to Verify.
func CleanResult(r *sourcev1.VerifyResult, words Cleaner) {
	r.Reason = words.Text(r.GetReason())
	if r.GetImage() != nil {
		CleanImage(r.GetImage(), words)
	}
}
