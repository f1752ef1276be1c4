package palette

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// userMacros are the ones that users define: variables of a profile, and those of a
// project or tenant, wherever they stand in a template's action. The other ones
// (.spectro.pack, .spectro.system) are part of what a pack comes with.
func userMacros(text string) []string {
	actions := regexp.MustCompile(`(?s)\{\{.*?\}\}`).FindAllString(text, -1)
	users := regexp.MustCompile(`\.spectro\.(?:var|macro)\b`)
	return slices.DeleteFunc(actions, func(action string) bool { return !users.MatchString(action) })
}

// lostMacros are the macros of the users that an edit would take away. An edit
// changes only values of ours, so each of them stood in one.
func lostMacros(before, after string) []string {
	var lost []string
	left := userMacros(after)
	for _, macro := range userMacros(before) {
		if i := slices.Index(left, macro); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		if !slices.Contains(lost, macro) {
			lost = append(lost, macro)
		}
	}
	return lost
}

// checkMacros keeps an edit from putting an id in place of what somebody chose to
// be filled in elsewhere.
func (p *Plan) checkMacros(version, existing, wanted string) error {
	lost := lostMacros(existing, wanted)
	if len(lost) == 0 || p.Target.Replace {
		return nil
	}
	e := refused("keep it and give the variable that value in Palette, or set target.replace: true to have the value in its place",
		"the %s layer of %s has %s where the rendered value would go", p.Target.Pack, p.labelOf(version), p.scope.doer.scrubber.shown(text.List(lost, maxNamed)))
	for line := range strings.Lines(udiff.Unified("", "", existing, wanted)) {
		if (line[0] == '-' || line[0] == '+') && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "+++") {
			e.Details = append(e.Details, p.scope.doer.scrubber.line(line))
		}
	}
	return e
}
