package subprocess

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Base returns the names of the variables that any program needs to find its home,
// temporary directory, network proxy, roots and language. Nothing in it holds a
// credential but, by some users' habit, a proxy URL.
func Base(goos string) []string {
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

// Named reports whether a variable is among names, as the operating system compares
// them. A trailing * stands for any suffix; a lone * is not honored.
func Named(names []string, variable string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		prefix, wildcard := strings.CutSuffix(name, "*")
		if wildcard {
			return prefix != "" && len(variable) >= len(prefix) && sameName(variable[:len(prefix)], prefix)
		}
		return sameName(variable, name)
	})
}

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
// working directory before PATH: a program may run another by its name, such as the
// credential_process of an AWS profile, and a cloned repository must not be it
// (learn.microsoft.com, NeedCurrentDirectoryForExePathW).
const noCurrentDirectory = "NoDefaultCurrentDirectoryInExePath=1"

// Environment picks from environ what a program gets on an operating system: the base,
// and what names has beside it.
func Environment(goos string, environ, names []string) []string {
	names = append(Base(goos), names...)
	var env []string
	home := goos == "windows" // it has USERPROFILE
	if goos == "windows" {
		env = append(env, noCurrentDirectory)
	}
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !Named(names, name) || name == "HOME" && !filepath.IsAbs(value) {
			continue
		}
		home = home || name == "HOME"
		env = append(env, kv)
	}
	if !home {
		env = append(env, "HOME="+noHome)
	}
	return env
}
