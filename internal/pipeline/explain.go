package pipeline

import (
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/selection"
)

// Explanation tells why a pack gets its image; it is an item of a PickList.
type Explanation struct {
	Name string `json:"name"`
	Pack string `json:"pack"`
	// Lock is the lock that the pick is from; there are no candidates then.
	Lock       string       `json:"lock,omitempty"`
	Candidates int          `json:"candidates"`
	Picked     *image.Image `json:"picked,omitempty"`
	// DecidedBy is what put the pick before the next: createdAt, version, peVersion or id.
	DecidedBy string `json:"decidedBy,omitempty"`
	// Ranked are the images that fit, best first.
	Ranked []*image.Image `json:"ranked"`
	// Tied are the images that share the newest creation time.
	Tied    []*image.Image   `json:"tied,omitempty"`
	Dropped []selection.Drop `json:"dropped"`
	// Merged are the images among them that were found more than once.
	Merged []image.Merge `json:"merged,omitempty"`
	// Fields are the parameters of the pack and where each value came from.
	Fields []Field  `json:"fields,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	// Error says why there is no pick, or no values.
	Error string `json:"error,omitempty"`
}

// Field is one parameter of the pack and where its value came from.
type Field struct {
	Path  string `json:"path"`
	Value string `json:"value"`
	image.Provenance
}

// Explain explains picks, which may be from a lock; the failures are those of packs
// without values.
func Explain(picks []Pick, lock string) ([]Explanation, error) {
	all := make([]Explanation, len(picks))
	var failed []error
	for i, pick := range picks {
		e, err := explain(pick)
		if err != nil {
			e.Error = err.Error()
			failed = append(failed, err)
		}
		e.Lock = lock
		all[i] = e
	}
	return all, failure.Join(failed...)
}

func explain(pick Pick) (Explanation, error) {
	outcome := pick.Outcome
	e := Explanation{
		Name: pick.Pack.Name, Pack: string(pick.Pack.Pack),
		Candidates: len(outcome.Ranked) + len(outcome.Dropped),
		Picked:     pick.Image, DecidedBy: outcome.DecidedBy,
		// Empty lists, not null, for whatever reads the JSON.
		Ranked: append([]*image.Image{}, outcome.Ranked...), Dropped: append([]selection.Drop{}, outcome.Dropped...),
		Tied: outcome.Tie, Notes: pick.Notes(), Merged: outcome.Merged,
	}
	if pick.Err != nil {
		return e, pick.Err
	}
	values, err := pick.Values()
	if err != nil {
		return e, err
	}
	for _, field := range values.Fields {
		e.Fields = append(e.Fields, Field{Path: strings.Join(field.Path, "."), Value: field.Value, Provenance: field.Provenance})
	}
	return e, nil
}

// Standing says in a word or two what became of an image that fits: it is picked, or of
// the same age as the pick; empty for the others.
func (e *Explanation) Standing(img *image.Image) string {
	// A pick without a region is in all of those that are listed.
	if p := e.Picked; p != nil && img.ID == p.ID && (img.Region == p.Region || p.Region == "" && p.SpansRegions) {
		return "picked"
	}
	for _, tied := range e.Tied {
		switch {
		case tied.ID != img.ID || tied.Region != img.Region:
		case tied.NewestBy == image.NewestByVersion && tied.Version != "":
			return "of the same version"
		default:
			return "created at the same time"
		}
	}
	return ""
}
