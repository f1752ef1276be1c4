package source

import (
	"runtime"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
	"github.com/kubectl-byoos/kubectl-byoos/internal/subprocess"
)

// Declared reports whether a plugin that declared these names gets the variable.
func Declared(declared []string, name string) bool {
	return !reserved(name) && subprocess.Named(declared, name)
}

// reserved names are set by the host alone: a plugin that declares PLUGIN_* must
// not get a stale one from an outer host. KUBECTL_PATH is kubectl's own path, which it
// hands to this program, and for which no source has a use.
func reserved(name string) bool {
	return strings.HasPrefix(name, "PLUGIN_") || name == "BYOOS_PLUGIN" || name == "BYOOS_HOST_PID" || name == "KUBECTL_PATH"
}

// environment picks from environ what a plugin that declared these names gets.
func environment(environ, declared []string) []string {
	given := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return reserved(name)
	})
	return subprocess.Environment(runtime.GOOS, given, declared)
}

// secrets returns what a plugin that declared these names gets and must not be
// repeated when what it says is shown. own are those that its author called secret.
func secrets(environ, declared, own []string) []string {
	return redact.Environment(environment(environ, declared), func(name string) bool {
		return redact.NamesSecret(name) || Declared(own, name)
	})
}

// listed are the variables that the user lets a plugin have beside those that it
// declared, by name: programs that it runs may need them. The plugin checks the list.
func (h *Host) listed(typ string) []string {
	given, _ := h.options.UserSettings[typ]["environment"].([]any)
	var names []string
	for _, item := range given {
		if name, ok := item.(string); ok && !strings.HasSuffix(name, "*") {
			names = append(names, name)
		}
	}
	return names
}
