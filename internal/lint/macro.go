package lint

import (
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
)

// root starts every macro of Palette.
const root = "spectro"

// families are what may follow the root. Values of var, macro and app are the
// user's own.
func families() []string { return []string{"system", "pack", "var", "macro", "app"} }

// systemMacros are the paths below .spectro.system that Spectro Cloud documents
// (docs.spectrocloud.com, "Pack Constraints", "System Macros", and its pages on
// app profiles and OCI registries).
func systemMacros() []string {
	return []string{
		"user.name", "user.uid", "user.email", "tenant.uid", "project.name", "project.uid",
		"clusterprofile.name", "clusterprofile.uid", "clusterprofile.version",
		"clusterprofile.infra.name", "clusterprofile.infra.uid", "clusterprofile.infra.version",
		"cluster.name", "cluster.uid", "cluster.kubevip", "cloudaccount.name", "cloudaccount.uid",
		"kubernetes.version", "reverseproxy.server", "reverseproxy.port", "reverseproxy.protocol",
		"reverseproxy.vhostport", "cloud.type", "cloud.region", "aws.region",
		"appprofile.name", "appprofile.uid", "appdeployment.name", "appdeployment.uid", "appdeployment.tiername",
	}
}

// edgeSystemKeys are the keys below options of edge-native-byoi.
func edgeSystemKeys() []string {
	return []string{
		"system.uri", "system.registry", "system.repo", "system.k8sDistribution",
		"system.osName", "system.peVersion", "system.customTag", "system.osVersion",
	}
}

// edgeImageKeys are the keys below image in the pack's 1.0 documentation.
func edgeImageKeys() []string {
	return []string{"registry", "repo", "version", "client.tag", "palette.edge.version"}
}

func genericKeys() []string { return []string{"osImageOverride", "osName", "osVersion"} }

// misspelling is a hit in a value, and what makes it right.
type misspelling struct {
	hit
	edits []valueEdit
}

// macroName checks the path of a macro; nil when it is known, or the user's own.
func macroName(u use) *misspelling {
	at, segments := u.start, u.segments
	if u.undotted {
		name := strings.Join(segments, ".")
		return &misspelling{
			hit:   hit{rule: RuleMacroName, severity: Error, at: at, message: "macro " + name + " is misspelt: its first dot is missing"},
			edits: []valueEdit{{at, at, "."}},
		}
	}
	path := "." + strings.Join(segments, ".")
	if segments[0] != root {
		return misspelt(at+1, segments[0], root, path)
	}
	if len(segments) < 2 {
		return nil
	}
	at += len(root) + 2 // now at the family
	switch family := segments[1]; {
	case family == "system":
		return systemMacro(at+len(family)+1, strings.Join(segments[2:], "."), path)
	case family == "pack" && len(segments) > 2:
		name := segments[2]
		if right := nearest(name, []string{string(spec.EdgeNativeBYOI), string(spec.GenericBYOI)}); right != "" {
			return misspelt(at+len(family)+1, name, right, path)
		}
	case !slices.Contains(families(), family):
		if right := nearest(family, families()); right != "" {
			return misspelt(at, family, right, path)
		}
	}
	return nil
}

func systemMacro(at int, name, path string) *misspelling {
	if slices.Contains(systemMacros(), name) || strings.HasPrefix(name, "apptier.") || name == "" {
		return nil
	}
	if right := nearest(name, systemMacros()); right != "" {
		return misspelt(at, name, right, path)
	}
	return &misspelling{hit: hit{
		rule: RuleMacroName, severity: Warning, at: at,
		message: path + " is no system macro that Palette documents",
	}}
}

func misspelt(at int, wrong, right, path string) *misspelling {
	return &misspelling{
		hit: hit{
			rule: RuleMacroName, severity: Error, at: at,
			message: "macro " + path + " is misspelt: " + wrong + " should be " + right,
		},
		edits: []valueEdit{{at, at + len(wrong), right}},
	}
}
