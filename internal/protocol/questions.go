package protocol

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Questions are the references of a VerifyRequest, and which of them have an
// answer. It is not safe for concurrent use.
type Questions struct {
	refs     []*sourcev1.ImageRef
	answered []bool
}

// NewQuestions takes the references of a request, in its order.
func NewQuestions(refs []*sourcev1.ImageRef) *Questions {
	return &Questions{refs, make([]bool, len(refs))}
}

// Answer returns the index of the reference that an answer is for; -1 when it does
// not say. The error says why the answer does not count: it is the second one for
// its reference, or about another image.
func (q *Questions) Answer(r *sourcev1.VerifyResult) (index int, err error) {
	switch {
	case r.Index == nil:
		return -1, errors.New("an answer does not say for which reference it is")
	case int64(r.GetIndex()) >= int64(len(q.refs)):
		return -1, fmt.Errorf("an answer for reference %d of %d", r.GetIndex(), len(q.refs))
	}
	index = int(r.GetIndex())
	ref := q.refs[index]
	name := visible(ref.GetId())
	if q.answered[index] {
		return index, errors.New("a second answer for " + name)
	}
	q.answered[index] = true
	if r.GetId() != "" && r.GetId() != ref.GetId() {
		return index, fmt.Errorf("the answer for %s says that it is for %q", name, r.GetId())
	}
	if r.GetPresence() != sourcev1.Presence_PRESENCE_FOUND || r.GetImage() == nil {
		return index, nil
	}
	return index, checkFound(name, ref, r.GetImage())
}

func checkFound(name string, ref *sourcev1.ImageRef, m *sourcev1.Image) error {
	if err := CheckImage(m); err != nil {
		return fmt.Errorf("the answer for %s: %w", name, err)
	}
	if ref.GetProvider() != "" && !strings.EqualFold(ref.GetProvider(), m.GetProvider()) {
		return fmt.Errorf("the answer for %s is about an image of %s", name, visible(m.GetProvider()))
	}
	if !isAskedFor(ref, m) {
		about := m.GetFullId()
		if about == "" {
			about = m.GetId()
		}
		return fmt.Errorf("the answer for %s is about %s", name, visible(about))
	}
	return nil
}

// isAskedFor compares whole ids where both are known. A reference may have been
// made with another form of the id: one that is relative to its resource, or pinned
// to the digest beside it.
func isAskedFor(ref *sourcev1.ImageRef, m *sourcev1.Image) bool {
	if m.GetId() == "" {
		return m.GetState() == sourcev1.State_STATE_UNUSABLE
	}
	form := func(id string) string { return spelling(m.GetProvider(), id) }
	if ref.GetFullId() != "" && m.GetFullId() != "" {
		return form(ref.GetFullId()) == form(m.GetFullId())
	}
	for _, asked := range []string{ref.GetId(), ref.GetFullId()} {
		for _, got := range []string{m.GetId(), m.GetFullId()} {
			if a, b := form(asked), form(got); asked != "" && got != "" && (a == b || isRelative(a, b) || isRelative(b, a)) {
				return true
			}
		}
	}
	return false
}

// spelling returns one form of all in which an id is given, without the digest that
// one which stands for several images, as those of OCI do, may be pinned to.
func spelling(provider, id string) string {
	if image.HasParts(provider) {
		id, _, _ = strings.Cut(id, "@")
	}
	return image.CanonicalID(provider, id)
}

// isRelative tells whether short is the end of a resource's path.
func isRelative(short, path string) bool {
	return strings.HasPrefix(path, "/") && strings.HasSuffix(path, "/"+strings.Trim(short, "/"))
}
