package options

import "strings"

// Examples formats example command lines for help, each after the name that the
// user called the program by.
func Examples(displayName string, lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("  " + displayName + " " + line + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
