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

// edgeImageKeys are the keys below image in the pack's 1.0 documentation.
func edgeImageKeys() []string {
	return []string{"registry", "repo", "version", "client.tag", "palette.edge.version"}
}

// macroName checks the path of a macro; nil when it is known, or the user's own.
func macroName(u use) *hit {
	at, segments := u.start, u.segments
	if u.undotted {
		name := strings.Join(segments, ".")
		return &hit{
			rule: RuleMacroName, severity: Error, at: at, message: "macro " + name + " is misspelt: its first dot is missing",
			place: place{edits: []replacement{{at, at, "."}}},
		}
	}
	path := "." + strings.Join(segments, ".")
	if segments[0] != root {
		return misspelt(at+1, segments[0], root, path)
	}
	at += len(root) + 2 // now at the family
	switch family := segments[1]; {
	case family == "system":
		return systemMacro(at+len(family)+1, strings.Join(segments[2:], "."), path)
	case family == "pack" && len(segments) > 2:
		name := segments[2]
		// The user may have a pack of that name.
		if right := nearest(name, spec.PackNames()); right != "" {
			return suggestion(at+len(family)+1, "macro "+path+" reads the pack "+name, right)
		}
	case !slices.Contains(families(), family):
		if right := nearest(family, families()); sure(family, right) {
			return misspelt(at, family, right, path)
		} else if right != "" {
			return suggestion(at, "Palette has no macros .spectro."+family, right)
		}
	}
	return nil
}

func systemMacro(at int, name, path string) *hit {
	if slices.Contains(systemMacros(), name) || strings.HasPrefix(name, "apptier.") || name == "" {
		return nil
	}
	right := nearest(name, systemMacros())
	if sure(name, right) {
		return misspelt(at, name, right, path)
	}
	return suggestion(at, path+" is no system macro that Palette documents", right)
}

// suggestion warns of what may be right.
func suggestion(at int, message, right string) *hit {
	if right != "" {
		message += "; perhaps " + right + " is meant"
	}
	return &hit{rule: RuleMacroName, severity: Warning, at: at, message: message}
}

func misspelt(at int, wrong, right, path string) *hit {
	return &hit{
		rule: RuleMacroName, severity: Error, at: at,
		message: "macro " + path + " is misspelt: " + wrong + " should be " + right,
		place:   place{edits: []replacement{{at, at + len(wrong), right}}},
	}
}
