package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
)

// MaxPacks is how many packs a spec may have, with those that matrices make.
const MaxPacks = 10_000

// axis is one key of a matrix.
type axis struct {
	key    string
	values []string
	set    func(*Select, string)
	get    func(Select) string
}

// keys returns all keys that a matrix may have, in the order that they appear in names.
func (m Matrix) keys() []axis {
	return []axis{
		{"provider", m.Provider, func(s *Select, v string) { s.Provider = v }, func(s Select) string { return s.Provider }},
		{"region", m.Region, func(s *Select, v string) { s.Region = v }, func(s Select) string { return s.Region }},
		{"architecture", m.Architecture, func(s *Select, v string) { s.Architecture = v }, func(s Select) string { return s.Architecture }},
		{"kubernetesVersion", m.KubernetesVersion, func(s *Select, v string) { s.KubernetesVersion = v }, func(s Select) string { return s.KubernetesVersion }},
	}
}

// axes returns the keys that a matrix has.
func (m Matrix) axes() []axis {
	return slices.DeleteFunc(m.keys(), func(a axis) bool { return len(a.values) == 0 })
}

// Expand returns one pack for each pack and combination of its matrix, in the
// order of the spec; the last key of a matrix varies fastest. Base is set, the
// matrix is gone and defaults are filled in. A key both in select and matrix, more
// than MaxPacks and two packs of one name are a *failure.Error with ExitUsage.
func (s *ImageSet) Expand() ([]Pack, error) {
	all, misfit := s.expand()
	if misfit != nil {
		return nil, failure.Usage(misfit.next, "pack %s: %s", s.Packs[misfit.index].Name, misfit.message)
	}
	return all, nil
}

// misfit is why packs[index] cannot be expanded.
type misfit struct {
	index         int
	key           string
	message, next string
}

func (s *ImageSet) expand() ([]Pack, *misfit) {
	// Before anything is made: a matrix of a few lines can stand for billions.
	count := 0
	for i, pack := range s.Packs {
		if count += pack.Matrix.size(); count > MaxPacks {
			return nil, &misfit{i, "matrix", fmt.Sprintf("the spec has %d packs with what the matrix makes, and %d are allowed", count, MaxPacks),
				"make it smaller, or split the spec"}
		}
	}
	all := make([]Pack, 0, count)
	origin := map[string]string{}
	for i, pack := range s.Packs {
		expanded, misfit := pack.expand(i)
		if misfit != nil {
			return nil, misfit
		}
		for _, p := range expanded {
			from := pack.Name + pack.combination(p.Select)
			if other, clash := origin[p.Name]; clash {
				return nil, clashOf(i, pack, p.Name, other, from)
			}
			origin[p.Name] = from
			p.Mirrors = s.Mirrors
			all = append(all, p)
		}
	}
	return all, nil
}

// size is how many packs a matrix makes of one.
func (m Matrix) size() int {
	size := 1
	for _, a := range m.axes() {
		size *= len(a.values)
	}
	return size
}

// combination names the values of the matrix that a pack was made with.
func (p Pack) combination(sel Select) string {
	var values []string
	for _, a := range p.Matrix.axes() {
		values = append(values, fmt.Sprintf("%s %q", a.key, a.get(sel)))
	}
	if len(values) == 0 {
		return ""
	}
	return " with " + strings.Join(values, ", ")
}

func clashOf(index int, pack Pack, name, one, other string) *misfit {
	key := "name"
	if strings.HasPrefix(one, pack.Name+" ") { // of its own matrix
		key = "matrix"
	}
	return &misfit{index, key, fmt.Sprintf("the matrix makes two packs named %q: of %s, and of %s", name, one, other), "rename one"}
}

func (p Pack) expand(index int) ([]Pack, *misfit) {
	base := p
	base.Base, base.Matrix = p.Name, Matrix{}
	base.setDefaults()
	packs := []Pack{base}
	for _, a := range p.Matrix.axes() {
		if a.get(p.Select) != "" {
			return nil, &misfit{index, "matrix", a.key + " is both in select and in matrix", "keep it in one of them"}
		}
		var next []Pack
		for _, pack := range packs {
			for _, value := range a.values {
				part := namePart(value)
				if part == "" {
					return nil, &misfit{index, "matrix", fmt.Sprintf("%s %q has nothing that a name can be made of", a.key, value), ""}
				}
				combined := pack
				combined.Name += "-" + part
				a.set(&combined.Select, value)
				next = append(next, combined)
			}
		}
		packs = next
	}
	return packs, p.aim(index, packs)
}

// setDefaults fills in what the schema gives as defaults.
func (p *Pack) setDefaults() {
	if p.Select.Pick == "" {
		p.Select.Pick = PickNewest
	}
	if p.Pack.Traits().HasEdge {
		edge := p.EdgeOrDefault()
		p.Edge = &edge
	}
}

// namePart turns a value into what a pack's name may hold: "West US 2" into
// West-US-2, "~1.30" into 1.30, ">=1.29 <1.31" into 1.29-1.31.
func namePart(value string) string {
	parts := strings.FieldsFunc(value, func(r rune) bool { return !strings.ContainsRune(nameRunes, r) })
	return strings.Trim(strings.Join(parts, "-"), "._-")
}

const nameRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// String returns the pack's name and kind, for messages.
func (p Pack) String() string { return fmt.Sprintf("%s (%s)", p.Name, p.Pack) }
