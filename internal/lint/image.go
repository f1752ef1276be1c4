package lint

import (
	"regexp"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	"github.com/kubectl-byoos/kubectl-byoos/internal/pack"
)

var placeholderForm = regexp.MustCompile(`(?i)^(<[^<>]+>|\[[^\[\]]+\]|\.\.\.|…|x{3,}|ami-x+|change[-_ ]?me|todo|tbd|fixme|replace[-_ ]?(me|with.*)|your[-_ ].*|insert[-_ ].*)$`)

// inPlaceholder finds a <name> inside of a longer value.
var inPlaceholder = regexp.MustCompile(`<[A-Za-z][A-Za-z0-9 _-]*>`)

func (t *tree) placeholder(value *yaml.Node, key string) bool {
	text := value.Value
	if !placeholderForm.MatchString(text) && !inPlaceholder.MatchString(text) {
		return false
	}
	t.add(RulePlaceholder, Error, value, "%s still holds the placeholder %q", key, text)
	return true
}

func isMacro(text string) bool { return strings.Contains(text, "{{") }

// imageID checks an id against the cloud, or else against the form that it
// looks like.
func (t *tree) imageID(value *yaml.Node) {
	id, looks := value.Value, pack.ProviderOf(value.Value)
	cloud := t.cloud
	if cloud == "" {
		cloud = looks
	}
	err := pack.CheckID(cloud, id)
	if err == nil {
		return
	}
	if looks != "" && pack.CheckID(looks, id) == nil {
		t.add(RuleImageID, Error, value, "image id %q is one of %s, but these values are for %s", id, looks, cloud)
		return
	}
	h := t.add(RuleImageID, Error, value, "%s", err)
	t.fixImageVersions(h, value)
}

var imageVersions = regexp.MustCompile(`(?i)/imageversions/`)

// fixImageVersions turns Image Builder's spelling into that of Compute, when
// that is all that is wrong.
func (t *tree) fixImageVersions(h *hit, value *yaml.Node) {
	if pack.CheckID("azure", imageVersions.ReplaceAllString(value.Value, "/versions/")) != nil {
		return
	}
	at := imageVersions.FindStringIndex(value.Value)
	t.edit(h, value, replacement{at[0], at[1], "/versions/"})
}
