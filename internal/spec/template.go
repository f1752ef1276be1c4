package spec

import (
	"fmt"
	"slices"
	"strings"
)

// field is a text of a target that may hold templates: {{region}} stands for the
// region of the pack, as its name has it.
type field struct {
	key  string
	text *string
}

func (t *Target) fields() []field {
	return []field{{"project", &t.Project}, {"profile", &t.Profile}, {"version", &t.Version}, {"cloudType", &t.CloudType}}
}

func isTemplate(text string) bool { return strings.Contains(text, "{{") }

// fill puts what value returns in the place of each {{key}}. What is not closed stays.
func fill(text string, value func(key string) string) string {
	var b strings.Builder
	for {
		before, rest, opened := strings.Cut(text, "{{")
		b.WriteString(before)
		key, after, closed := strings.Cut(rest, "}}")
		switch {
		case !opened:
			return b.String()
		case !closed:
			return b.String() + "{{" + rest
		}
		b.WriteString(value(strings.TrimSpace(key)))
		text = after
	}
}

// aim gives each pack that a matrix made its own target. Two of one target are a
// misfit: one would undo what the other did.
func (p Pack) aim(index int, packs []Pack) *misfit {
	if p.Target == nil {
		return nil
	}
	type place struct {
		scope                     TargetScope
		project, profile, version string
	}
	taken := map[place]Pack{}
	for i := range packs {
		t := p.Target.of(packs[i].Select)
		packs[i].Target = &t
		if isTemplate(p.Target.Version) && t.Version != VersionLatest && !IsProfileVersion(t.Version) {
			return &misfit{index, "target", fmt.Sprintf("version %q is %q for pack %s, which is not a version of a profile", p.Target.Version, t.Version, packs[i].Name),
				"use values of three numbers, as 1.30.4"}
		}
		at := place{t.Scope, t.Project, t.Profile, t.Version}
		if other, clash := taken[at]; clash {
			return p.oneTarget(index, other, packs[i])
		}
		taken[at] = packs[i]
	}
	return nil
}

// of is a target with the values of a selection in place of its templates.
func (t Target) of(sel Select) Target {
	for _, f := range t.fields() {
		*f.text = fill(*f.text, func(key string) string {
			for _, a := range (Matrix{}).keys() {
				if a.key == key {
					return namePart(a.get(sel))
				}
			}
			return "{{" + key + "}}"
		})
	}
	return t
}

// oneTarget says what tells two packs of a matrix apart that have the same target.
func (p Pack) oneTarget(index int, a, b Pack) *misfit {
	text := p.Target.Profile
	for _, axis := range p.Matrix.axes() {
		if axis.get(a.Select) != axis.get(b.Select) {
			text += "-{{" + axis.key + "}}"
		}
	}
	return &misfit{index, "target", fmt.Sprintf("the matrix makes packs %s and %s, and both would go into profile %q", a.Name, b.Name, p.Target.Profile),
		fmt.Sprintf("have the target say what the matrix varies, as in profile: %q; project and version take it, too", text)}
}

// templates checks what stands between braces in a target.
func (v *validator) templates(at path, pack Pack) {
	var known []string
	for _, a := range pack.Matrix.keys() {
		known = append(known, "{{"+a.key+"}}")
	}
	t := *pack.Target
	for _, f := range t.fields() {
		rest := fill(*f.text, func(key string) string {
			i := slices.Index(known, "{{"+key+"}}")
			switch {
			case i < 0:
				v.report(at.to(f.key), fmt.Sprintf("{{%s}} stands for nothing", key), "write "+strings.Join(known, ", "))
			case len(pack.Matrix.keys()[i].values) == 0 && namePart(pack.Matrix.keys()[i].get(pack.Select)) == "":
				v.report(at.to(f.key), fmt.Sprintf("{{%s}} has no value", key), "add "+key+" to matrix or select")
			}
			return ""
		})
		if strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
			v.report(at.to(f.key), fmt.Sprintf("%q has braces that open or close nothing", *f.text), "write {{region}}")
		}
	}
}
