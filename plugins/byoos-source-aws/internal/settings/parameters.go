package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// publicParameters is where AWS and its partners publish AMI ids. Nobody else can
// write there.
const publicParameters = "/aws/service/"

// parameterForm is a name in a hierarchy, with a version or label:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
var parameterForm = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+)+(:[A-Za-z0-9_.-]+)?$`)

// PublicParameter says whether a parameter is one of AWS or its partners.
func PublicParameter(name string) bool { return strings.HasPrefix(name, publicParameters) }

// checkParameters is about the form of names.
func checkParameters(names List) error {
	if len(names) == 0 {
		return problem("ssmParameter", "no parameter is named", "write one as /aws/service/...")
	}
	for i, n := range names {
		if !parameterForm.MatchString(n) || hasDots(n) {
			return problem(fmt.Sprintf("ssmParameter[%d]", i), fmt.Sprintf("%q is not a parameter in a hierarchy", n), "write its whole name, as /golden/rhel/ami-id")
		}
	}
	return nil
}

// hasDots finds segments that mean another place in a path.
func hasDots(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(s string) bool { return s == "." || s == ".." })
}

// Permitted checks parameters against the user's own settings of this plugin. A
// spec may come with a cloned repository, so it alone reads public parameters
// only, and not what the user keeps in the parameter store.
func (c Config) Permitted(userSettings map[string]any) error {
	user, err := ReadUser(userSettings)
	if err != nil {
		return err
	}
	for i, n := range c.SSMParameter {
		if PublicParameter(n) || slices.ContainsFunc(user.ParameterPrefixes, func(p string) bool { return within(n, p) }) {
			continue
		}
		d := problem(fmt.Sprintf("ssmParameter[%d]", i), fmt.Sprintf("the spec asks for the parameter %s, which you have not permitted", n),
			fmt.Sprintf("list its prefix under plugins.aws.%s in your own configuration file, as %s", prefixesKey, n[:strings.LastIndex(n, "/")+1]))
		d.Detail = "a spec can come with a cloned repository; only parameters under " + publicParameters + " need no permission"
		return d
	}
	return nil
}

// within compares whole segments: /golden holds /golden/x, and not /golden-x.
func within(name, prefix string) bool {
	return strings.HasPrefix(name, strings.TrimSuffix(prefix, "/")+"/")
}
