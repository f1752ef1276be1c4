package palette

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-byoos/kubectl-byoos/internal/palette/api"
)

// Manifest is attached to a layer. Palette keeps a published and a draft content
// under one uid, so the uid does not tell whether it was edited.
type Manifest struct {
	Name string `json:"name"`
	UID  string `json:"uid"`
	// Content, and Palette's digest of it; both are empty when it is not known.
	Content string `json:"content"`
	Digest  string `json:"digest"`
}

// same compares as far as both are known.
func (m Manifest) same(other Manifest) bool {
	switch {
	case m.Name != other.Name:
		return false
	case m.Content != "" && other.Content != "":
		return sameValues(m.Content, other.Content)
	case m.Digest != "" && other.Digest != "":
		return m.Digest == other.Digest
	}
	return true
}

// normal is a manifest without its uid, but for one whose content is not known: a
// new uid is all that shows a change then.
func (m Manifest) normal() Manifest {
	switch {
	case m.Content != "":
		return Manifest{Name: m.Name, Content: trimmed(m.Content)}
	case m.Digest != "":
		return Manifest{Name: m.Name, Digest: m.Digest}
	}
	return Manifest{Name: m.Name, UID: m.UID}
}

func sameManifests(a, b []Manifest) bool {
	byName := func(a, b Manifest) int { return strings.Compare(a.Name, b.Name) }
	a, b = slices.SortedFunc(slices.Values(a), byName), slices.SortedFunc(slices.Values(b), byName)
	return slices.EqualFunc(a, b, Manifest.same)
}

// undecided tells whether two layers may be of other packs, or have manifests of
// other content, because what would tell is not known of one.
func undecided(a, b Layer) bool {
	known := func(a, b string) bool { return a != "" && b != "" }
	if !known(a.PackUID, b.PackUID) && !known(a.Tag, b.Tag) && !known(a.Version, b.Version) {
		return true
	}
	for _, m := range a.Manifests {
		for _, other := range b.Manifests {
			if m.Name == other.Name && !known(m.Content, other.Content) && !known(m.Digest, other.Digest) {
				return true
			}
		}
	}
	return false
}

// unshown names the manifests of a draft that nothing tells the content of, as a diff
// has no text for them.
func unshown(profile *Profile) []string {
	var notes []string
	for _, l := range profile.Draft {
		for _, m := range l.Manifests {
			if m.Content == "" && m.Digest == "" {
				notes = append(notes, fmt.Sprintf("palette does not tell what manifest %s of layer %s holds, so it is not shown", m.Name, l.Name))
			}
		}
	}
	return notes
}

// manifestContent is a manifest as v1ManifestEntity of the API has it.
type manifestContent struct {
	Metadata api.V1ObjectMeta `json:"metadata,omitempty"`
	Spec     struct {
		Published api.V1ManifestData  `json:"published,omitempty"`
		Draft     *api.V1ManifestData `json:"draft,omitempty"`
	} `json:"spec,omitempty"`
}

// maxReads is how many profiles or manifests are read at once for one target.
const maxReads = 4

// attached is what a profile has beside its layers.
type attached struct {
	// manifests of layers, by the layer's name.
	manifests map[string][]manifestContent
	variables []api.V1Variable
	// noVariables tells that Palette has none to tell.
	noVariables bool
}

// withManifests names the layers that have manifests.
func (p *Profile) withManifests() []string {
	var names []string
	for _, l := range slices.Concat(p.Published, p.Draft) {
		if len(l.Manifests) > 0 && !slices.Contains(names, l.Name) {
			names = append(names, l.Name)
		}
	}
	return names
}

// beside reads the manifests of layers, and the variables. Of a layer that only a
// draft has there may be no manifests to read, and no variables before Palette 4.3.
func (c *Client) beside(ctx context.Context, uid string, layers []string) (attached, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReads)
	contents := make([][]manifestContent, len(layers))
	for i, name := range layers {
		group.Go(func() (err error) {
			contents[i], err = c.manifests(ctx, uid, name)
			return unlessNotFound(err)
		})
	}
	a := attached{manifests: map[string][]manifestContent{}}
	group.Go(func() (err error) {
		a.variables, err = c.variables(ctx, uid)
		a.noVariables = isNotFound(err)
		return unlessNotFound(err)
	})
	if err := group.Wait(); err != nil {
		return attached{}, err
	}
	slices.SortStableFunc(a.variables, func(a, b api.V1Variable) int { return strings.Compare(a.Name, b.Name) })
	for i, name := range layers {
		a.manifests[name] = contents[i]
	}
	return a, nil
}

// complete adds to a profile what it has beside its layers. A manifest that has no draft
// form is in the draft as it is published.
func (p *Profile) complete(a attached) {
	p.Variables, p.noVariables = a.variables, a.noVariables
	fill(p.Published, a, func(c manifestContent) api.V1ManifestData { return c.Spec.Published })
	fill(p.Draft, a, func(c manifestContent) api.V1ManifestData {
		if c.Spec.Draft != nil {
			return *c.Spec.Draft
		}
		return c.Spec.Published
	})
}

// fill puts contents into the manifests of layers.
func fill(layers []Layer, a attached, form func(manifestContent) api.V1ManifestData) {
	for _, l := range layers {
		for i, m := range l.Manifests {
			for _, content := range a.manifests[l.Name] {
				if content.Metadata.Uid == m.UID && m.UID != "" {
					data := form(content)
					l.Manifests[i].Content, l.Manifests[i].Digest = data.Content, data.Digest
				}
			}
		}
	}
}
