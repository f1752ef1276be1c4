package spec

import (
	"fmt"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// maxPacks bounds what a matrix can grow to.
const maxPacks = 10_000

// axis is one key of a matrix.
type axis struct {
	key    string
	values []string
	set    func(*Select, string)
	get    func(Select) string
}

// axes returns the keys of a matrix in the order that they appear in names.
func (m Matrix) axes() []axis {
	all := []axis{
		{"provider", m.Provider, func(s *Select, v string) { s.Provider = v }, func(s Select) string { return s.Provider }},
		{"region", m.Region, func(s *Select, v string) { s.Region = v }, func(s Select) string { return s.Region }},
		{"architecture", m.Architecture, func(s *Select, v string) { s.Architecture = v }, func(s Select) string { return s.Architecture }},
		{"kubernetesVersion", m.KubernetesVersion, func(s *Select, v string) { s.KubernetesVersion = v }, func(s Select) string { return s.KubernetesVersion }},
	}
	var used []axis
	for _, a := range all {
		if len(a.values) > 0 {
			used = append(used, a)
		}
	}
	return used
}

// Expand returns one pack for each pack and combination of its matrix, in the
// order of the spec; the last key of a matrix varies fastest. Base is set, the
// matrix is gone and defaults are filled in. A key both in select and matrix, and
// two packs of one name, are a *failure.Error with ExitUsage.
func (s *ImageSet) Expand() ([]Pack, error) {
	var all []Pack
	origin := map[string]string{}
	for _, pack := range s.Packs {
		expanded, err := pack.expand()
		if err != nil {
			return nil, err
		}
		for _, p := range expanded {
			if other, clash := origin[p.Name]; clash {
				return nil, failure.Usage("rename one of the packs", "the matrix makes two packs named %q: from %s and from %s", p.Name, other, pack.Name)
			}
			origin[p.Name] = pack.Name
			all = append(all, p)
		}
		if len(all) > maxPacks {
			return nil, failure.Usage("make the matrix smaller", "the spec expands to more than %d packs", maxPacks)
		}
	}
	return all, nil
}

func (p Pack) expand() ([]Pack, error) {
	axes := p.Matrix.axes()
	base := p
	base.Base, base.Matrix = p.Name, Matrix{}
	base.setDefaults()
	packs := []Pack{base}
	for _, a := range axes {
		if a.get(p.Select) != "" {
			return nil, failure.Usage("keep it in one of them", "pack %s: %s is both in select and in matrix", p.Name, a.key)
		}
		if len(packs)*len(a.values) > maxPacks {
			return nil, failure.Usage("make the matrix smaller", "pack %s: the matrix expands to more than %d packs", p.Name, maxPacks)
		}
		next := make([]Pack, 0, len(packs)*len(a.values))
		for _, pack := range packs {
			for _, value := range a.values {
				part := namePart(value)
				if part == "" {
					return nil, failure.Usage("", "pack %s: %s %q in matrix has nothing that a name can be made of", p.Name, a.key, value)
				}
				combined := pack
				combined.Name += "-" + part
				a.set(&combined.Select, value)
				next = append(next, combined)
			}
		}
		packs = next
	}
	return packs, nil
}

// setDefaults fills in what the schema gives as defaults.
func (p *Pack) setDefaults() {
	if p.Select.Pick == "" {
		p.Select.Pick = PickNewest
	}
	if p.Pack != EdgeNativeBYOI {
		return
	}
	edge := Edge{}
	if p.Edge != nil {
		edge = *p.Edge
	}
	if edge.Shape == "" {
		edge.Shape = "system"
	}
	if edge.Reference == "" {
		edge.Reference = "template"
	}
	p.Edge = &edge
}

// namePart turns a value into what a pack's name may hold: "West US 2" into
// West-US-2, "~1.30" into 1.30, ">=1.29 <1.31" into 1.29-1.31.
func namePart(value string) string {
	var b strings.Builder
	gap := false
	for _, r := range value {
		if !isNameRune(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), "._-")
}

func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
}

// String returns the pack's name and kind, for messages.
func (p Pack) String() string { return fmt.Sprintf("%s (%s)", p.Name, p.Pack) }
