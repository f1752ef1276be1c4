package settings

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// User is what a user says of this plugin in the own configuration file, under
// plugins.aws: what a spec must not say.
type User struct {
	// Profiles are those that a spec may name.
	Profiles []string
	// ParameterPrefixes are those of parameters that a spec may read.
	ParameterPrefixes []string
	// Environment names variables that a credential_process gets as well.
	Environment []string
}

// Keys of the user's own settings.
const (
	profilesKey    = "profiles"
	prefixesKey    = "parameterPrefixes"
	environmentKey = "environment"
)

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_()]*$`)

// ReadUser checks the settings and takes them apart.
func ReadUser(given map[string]any) (User, error) {
	var u User
	for _, key := range slices.Sorted(maps.Keys(given)) {
		var err error
		switch key {
		case profilesKey:
			u.Profiles, err = listOf(key, given[key], "the name of a profile", "[images]", func(s string) bool { return s != "" })
		case prefixesKey:
			u.ParameterPrefixes, err = listOf(key, given[key], "the beginning of a parameter's name", "[/golden/]", isPrefix)
		case environmentKey:
			u.Environment, err = listOf(key, given[key], "the name of a variable", "[VAULT_ADDR]", variableForm.MatchString)
		default:
			err = userProblem(key, "is not a setting of this plugin", "write one of "+strings.Join([]string{environmentKey, prefixesKey, profilesKey}, ", ")+", or drop the key")
		}
		if err != nil {
			return User{}, err
		}
	}
	return u, nil
}

func isPrefix(text string) bool {
	return (text == "/" || parameterForm.MatchString(strings.TrimSuffix(text, "/"))) && !hasDots(text) && !strings.Contains(text, ":")
}

func listOf(key string, value any, what, example string, good func(string) bool) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, userProblem(key, "is not a list", "write it as "+example)
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		text, ok := item.(string)
		if !ok || !good(text) {
			return nil, userProblem(key, fmt.Sprintf("has %q, which is not %s", fmt.Sprint(item), what), "write it as "+example)
		}
		out = append(out, text)
	}
	return out, nil
}

func userProblem(key, what, next string) *sdk.Diagnostic {
	return problem("", fmt.Sprintf("plugins.aws.%s in your own configuration file (byoos/config.yaml) %s", key, what), next)
}
