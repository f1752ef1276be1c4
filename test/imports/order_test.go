package imports

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// order has every package of the module but those of test and examples, bottom first. A
// package imports packages of lines above its own, never of its own line or below.
func order() [][]string {
	return [][]string{
		// What knows nothing of this program, or only of its errors.
		{
			"internal/failure", "internal/text", "internal/versions", "internal/osname", "internal/mirror", "internal/redact",
			"internal/ownership", "internal/handshake", "internal/subprocess", "proto/byoos/source/v1",
		},
		{"internal/interrupt", "internal/yamldoc"},
		{"internal/wholefile", "internal/schemacheck", "internal/yamledit"},
		// The pure middle: images, what is selected of them, and what becomes of the picks.
		{"internal/image"},
		{"internal/freshness", "internal/selection/where", "internal/protocol"},
		{"internal/spec"},
		{"internal/selection", "internal/pack", "internal/lock"},
		{"internal/lint"},
		// Plugins: what their authors import, what runs them, what decides about them.
		{"plugins/sdk", "internal/source/run"},
		{"plugins/sdk/osfacts", "plugins/sdk/sdktest", "internal/source"},
		{"plugins/sdk/conformance"},
		{"plugins/byoos-source-*"},
		// Palette, Terraform and the user's own configuration.
		{"internal/palette/api", "internal/palette/api/contract"},
		{"internal/palette/api/convert", "internal/palette", "internal/terraform", "internal/userconfig"},
		// The order of the work, and the commands.
		{"internal/pipeline", "internal/output"},
		{"internal/cli/invocation"},
		{"internal/cli/options"},
		{"internal/cli/version"},
		{"internal/cli/*"},
		{"internal/cli"},
		{"cmd/kubectl-byoos"},
	}
}

// leaves are what the bundled plugins share with the host.
func leaves() []string {
	return []string{"internal/text", "internal/versions", "internal/osname", "internal/mirror", "internal/redact", "internal/subprocess", "internal/image"}
}

// place is the line of a package in the order, and the pattern that names it there; -1
// for one that has no place.
func place(name string) (int, string) {
	for i, line := range order() {
		for _, pattern := range line {
			folder, all := strings.CutSuffix(pattern, "-*")
			if ok, _ := path.Match(pattern, name); ok || all && strings.HasPrefix(name, folder+"-") {
				return i, pattern
			}
		}
	}
	return -1, ""
}

// TestNoImportUpwards: every package has its place, and imports what is above it.
func TestNoImportUpwards(t *testing.T) {
	packages := deps(t, "./internal/...", "./plugins/...", "./cmd/...", "./proto/...")
	checked := 0
	for _, p := range packages {
		name, ours := strings.CutPrefix(p.ImportPath, module+"/")
		if !ours {
			continue
		}
		checked++
		at, pattern := place(name)
		if at < 0 {
			t.Errorf("%s has no place in the order", name)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module+"/")
			if !ours || strings.HasPrefix(pattern, "plugins/byoos-source") && samePlugin(name, to) {
				continue
			}
			if below, _ := place(to); below >= at {
				t.Errorf("%s imports %s, which is not above it in the order", name, to)
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d packages were checked", checked)
	}
}

// samePlugin tells whether two packages are of one plugin. Within it Go itself refuses a
// circle, and what is at the top is main, which nothing imports.
func samePlugin(a, b string) bool {
	plugin := func(name string) string { return strings.SplitN(name+"//", "/", 3)[1] }
	return strings.HasPrefix(b, "plugins/") && plugin(a) == plugin(b)
}

// TestPluginsKnowLittleOfTheHost: a bundled plugin imports what any author does, and a few
// packages without state.
func TestPluginsKnowLittleOfTheHost(t *testing.T) {
	for _, p := range deps(t, "./plugins/...") {
		name, ours := strings.CutPrefix(p.ImportPath, module+"/plugins/byoos-source-")
		if !ours {
			continue
		}
		for _, imported := range p.Imports {
			to, ofHost := strings.CutPrefix(imported, module+"/internal/")
			if ofHost && !slices.Contains(leaves(), "internal/"+to) {
				t.Errorf("byoos-source-%s imports internal/%s of the host", name, to)
			}
		}
	}
}
