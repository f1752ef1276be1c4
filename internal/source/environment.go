package source

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/redact"
)

// baseEnvironment are the variables that every plugin gets: what a program needs
// to find its home, temporary directory, network proxy, roots and language.
// Nothing in it holds a credential but, by some users' habit, a proxy URL.
func baseEnvironment(goos string) []string {
	names := []string{
		"HOME", "PATH", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_*",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
		"http_proxy", "https_proxy", "no_proxy", "all_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR",
	}
	if goos == "windows" {
		names = append(names,
			"TEMP", "TMP", "SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "USERPROFILE", "HOMEDRIVE",
			"HOMEPATH", "APPDATA", "LOCALAPPDATA", "ProgramData", "ProgramFiles")
	}
	return names
}

// Declared reports whether a plugin that declared these names gets the variable.
// A trailing * stands for any suffix; a lone * is not honoured.
func Declared(declared []string, name string) bool {
	if name == "KUBECTL_PATH" {
		// kubectl hands its own path to this program, for which no source has a use.
		return false
	}
	return slices.ContainsFunc(declared, func(d string) bool {
		prefix, wildcard := strings.CutSuffix(d, "*")
		if wildcard {
			return prefix != "" && len(name) >= len(prefix) && sameName(name[:len(prefix)], prefix)
		}
		return sameName(name, d)
	})
}

// sameName compares as the operating system does.
func sameName(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}

// noHome stands for the home of a user without one, as Debian has it. Without a
// HOME many libraries look for their configuration below the working directory,
// which may be a cloned repository.
const noHome = "/nonexistent"

// noCurrentDirectory keeps Windows, and cmd.exe, from looking for a program in the
// working directory before PATH: a plugin may run one by its name, such as the
// credential_process of an AWS profile, and a cloned repository must not be it
// (learn.microsoft.com, NeedCurrentDirectoryForExePathW).
const noCurrentDirectory = "NoDefaultCurrentDirectoryInExePath=1"

// environment picks from environ what a plugin gets on an operating system.
func environment(goos string, environ, declared []string) []string {
	allowed := append(baseEnvironment(goos), declared...)
	var env []string
	home := goos == "windows" // it has USERPROFILE
	if goos == "windows" {
		env = append(env, noCurrentDirectory)
	}
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !Declared(allowed, name) || reserved(name) {
			continue
		}
		if name == "HOME" {
			if !filepath.IsAbs(value) {
				continue
			}
			home = true
		}
		env = append(env, kv)
	}
	if !home {
		env = append(env, "HOME="+noHome)
	}
	return env
}

// reserved names are set by the host alone: a plugin that declares PLUGIN_* must
// not get a stale one from an outer host.
func reserved(name string) bool {
	return strings.HasPrefix(name, "PLUGIN_") || name == "BYOOS_PLUGIN" || name == "BYOOS_HOST_PID"
}

// secrets returns what a plugin that declared these names gets and must not be
// repeated when what it says is shown. own are those that its author called secret.
func secrets(environ, declared, own []string) []string {
	visible := append(baseEnvironment(runtime.GOOS), declared...)
	var gets []string
	for _, kv := range environ {
		if name, _, _ := strings.Cut(kv, "="); Declared(visible, name) {
			gets = append(gets, kv)
		}
	}
	return redact.Environment(gets, func(name string) bool { return redact.NamesSecret(name) || Declared(own, name) })
}

func (p *Plugin) secrets(environ []string, listed ...string) []string {
	return secrets(environ, append(listed, p.Description.GetEnvironment()...), p.Description.GetSecretEnvironment())
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
