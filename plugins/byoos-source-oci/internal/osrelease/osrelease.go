// Package osrelease reads os-release(5) files and the kairos-release file that
// Kairos writes in the same form. It is pure.
package osrelease

import (
	"regexp"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

// MaxSize is the size of the largest file that is read, in bytes. Real ones
// have about one kilobyte.
const MaxSize = 64 << 10

// isKey tells names of variables.
var isKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Parse returns the assignments of an os-release file. Lines that are none are
// left out, as os-release(5) lets shells and parsers do.
func Parse(content []byte) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		key, raw, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || !isKey.MatchString(key) {
			continue
		}
		if value, ok := unquote(raw); ok {
			values[key] = value
		}
	}
	return values
}

// unquote takes away shell quoting. What follows a closing quote makes the
// value invalid, as no concatenation is supported (os-release(5)).
func unquote(raw string) (string, bool) {
	if raw == "" {
		return "", true
	}
	quote := raw[0]
	if quote != '"' && quote != '\'' {
		return raw, !strings.ContainsAny(raw, "\"'`$ \t")
	}
	var value strings.Builder
	for i := 1; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == quote:
			return value.String(), i == len(raw)-1
		case c == '\\' && quote == '"' && i+1 < len(raw) && strings.IndexByte("\"\\$`", raw[i+1]) >= 0:
			i++
			value.WriteByte(raw[i])
		default:
			value.WriteByte(c)
		}
	}
	return "", false
}

// Fact is a value and the key that holds it.
type Fact struct{ Value, Key, Raw string }

// OS returns the operating system's name and version as packs spell them. Keys
// of Kairos come first: an old Kairos calls the whole system "kairos" in ID and
// has the distribution in KAIROS_FLAVOR only. A flavor without a release takes the
// version of the same system beside it. Both are empty when neither says a name.
func OS(values map[string]string) (name, version Fact) {
	said := func(key string) osfacts.Said {
		return osfacts.Said{Text: values[key], From: sdk.Provenance{Key: key}}
	}
	flavor := osfacts.Statement{Name: said("KAIROS_FLAVOR"), Version: said("KAIROS_FLAVOR_RELEASE")}
	flavor.Name.Text, flavor.Version.Text = splitSUSE(flavor.Name.Text, flavor.Version.Text)
	base := osfacts.Statement{Name: said("ID"), Version: said("VERSION_ID")}
	if base.Name.Text == "" || strings.HasPrefix(base.Name.Text, "kairos") {
		base = osfacts.Statement{}
	}
	system := osfacts.Together(flavor, base)
	if system.Name == "" {
		return Fact{}, Fact{}
	}
	fact := func(value string, from sdk.Provenance) Fact { return Fact{value, from.Key, values[from.Key]} }
	return fact(system.Name, system.NameFrom), fact(system.Version, system.VersionFrom)
}

// splitSUSE turns Kairos' "opensuse" "leap-15.6" into what openSUSE itself
// calls "opensuse-leap" "15.6".
func splitSUSE(flavor, release string) (string, string) {
	channel, version, ok := strings.Cut(release, "-")
	if flavor != "opensuse" || !ok {
		return flavor, release
	}
	return flavor + "-" + channel, version
}
