package settings

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func parse(t *testing.T, text string) Config {
	t.Helper()
	var c Config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

// validation is a configuration, and what is wrong with it at a path; nothing when want is
// empty.
type validation struct{ config, path, want string }

func checkValidations(t *testing.T, tests []validation) {
	t.Helper()
	for _, test := range tests {
		err := parse(t, test.config).Validate()
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", test.config, err)
			}
			continue
		}
		var d *sdk.Diagnostic
		if !errors.As(err, &d) || d.ConfigPath != test.path || !strings.Contains(d.Summary, test.want) || d.NextStep == "" || d.Severity != sdk.Error {
			t.Errorf("%s: got %+v, want %q at %s", test.config, d, test.want, test.path)
		}
	}
}

func TestValidate(t *testing.T) {
	checkValidations(t, []validation{
		{`{"ami":{}}`, "", ""},
		{`{"ami":{"owners":["self","444455556666"]},"regions":["us-east-1","eu-west-1"]}`, "", ""},
		{`{"ami":{"owners":"444455556666"},"regions":"us-east-1"}`, "", ""},
		{`{"ami":{"owners":"self,444455556666"}}`, "ami.owners[0]", "is not an owner"},
		{`{"ami":{},"regions":"us-east-1,eu-west-1"}`, "regions[0]", "not a region"},
		{`{"ami":{"owners":["any"],"dangerouslyAllowAnyOwner":true}}`, "", ""},
		{`{"imageBuilder":{"pipeline":"p"},"regions":["cn-north-1","cn-northwest-1"]}`, "", ""},
		{`{"imageBuilder":{"image":"arn:aws-us-gov:imagebuilder:us-gov-west-1:111122223333:image/g/1.x.x"}}`, "", ""},
		{`{}`, "", "does not say what to look for"},
		{`{"ami":{"owners":[]}}`, "ami.owners", "no owner"},
		{`{"ami":{"owners":["any"]}}`, "ami.owners[0]", "anybody can publish"},
		{`{"ami":{"owners":["any","self"],"dangerouslyAllowAnyOwner":true}}`, "ami.owners[0]", "meaningless"},
		{`{"ami":{"dangerouslyAllowAnyOwner":true}}`, "ami.dangerouslyAllowAnyOwner", "not any"},
		{`{"ami":{"owners":["selff"]}}`, "ami.owners[0]", `"selff" is not an owner`},
		{`{"ami":{"filters":{"owner-id":"1"}}}`, "ami.filters.owner-id", "not named by a filter"},
		{`{"ami":{"filters":{"name":[]}}}`, "ami.filters.name", "no value"},
		{`{"ami":{"tags":{"a":[]}}}`, "ami.tags.a", "no value"},
		{`{"ami":{},"regions":[]}`, "regions", "empty"},
		{`{"ami":{},"regions":["us-east1"]}`, "regions[0]", "not a region"},
		{`{"ami":{},"regions":["us-east-1","all-enabled"]}`, "regions[1]", "cannot be combined"},
		{`{"ami":{},"regions":["us-east-1","us-gov-west-1"]}`, "regions[1]", "different partitions"},
		{`{"ami":{},"callTimeout":"5"}`, "callTimeout", "not a duration"},
		{`{"ami":{},"callTimeout":"-5s"}`, "callTimeout", "not a duration"},
		{`{"ami":{},"externalId":"x"}`, "roleArn", "need roleArn"},
		{`{"imageBuilder":{}}`, "imageBuilder", "neither"},
		{`{"imageBuilder":{"pipeline":"a","image":"b"}}`, "imageBuilder", "and an image"},
		{`{"imageBuilder":{"pipeline":"a","version":"new"}}`, "imageBuilder.version", "not a version range"},
		{`{"imageBuilder":{"pipeline":"arn:aws:imagebuilder:us-east-1:111122223333:image/x"}}`, "imageBuilder.pipeline", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:ec2:us-east-1:111122223333:image/x"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x/1.0"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x/latest"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x/1.0.0/two"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"pipeline":"arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/x/1.0.0"}}`, "imageBuilder.pipeline", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x","region":"eu-west-1"}}`, "imageBuilder.region", "not that of the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:x@example.com/#:111122223333:image/x"}}`, "imageBuilder.image", `"x@example.com/#" in the ARN is not a region`},
		{`{"imageBuilder":{"pipeline":"arn:aws:imagebuilder::111122223333:image-pipeline/x"}}`, "imageBuilder.pipeline", `"" in the ARN is not a region`},
		{`{"imageBuilder":{"image":"x","region":"x@example.com/#"}}`, "imageBuilder.region", `"x@example.com/#" is not a region`},
	})
}

func TestValidateParametersAndOrder(t *testing.T) {
	checkValidations(t, []validation{
		{`{"ssmParameter":"/aws/service/x"}`, "", ""},
		{`{"ami":{},"ssmParameter":"/aws/service/x"}`, "", "only one of"},
		{`{"ssmParameter":"/golden/../prod/password"}`, "ssmParameter[0]", "not a parameter in a hierarchy"},
		{`{"ssmParameter":"/aws/service/../../prod/password"}`, "ssmParameter[0]", "not a parameter in a hierarchy"},
		{`{"ssmParameter":"/golden//x"}`, "ssmParameter[0]", "not a parameter in a hierarchy"},
		{`{"ssmParameter":"golden"}`, "ssmParameter[0]", "not a parameter in a hierarchy"},
		{`{"ssmParameter":"arn:aws:ssm:us-east-1:111122223333:parameter/golden"}`, "ssmParameter[0]", "not a parameter in a hierarchy"},
		{`{"ssmParameter":"/golden/rhel:3","parameterOwners":["self","444455556666"]}`, "", ""},
		{`{"ssmParameter":"/golden/rhel","parameterOwners":[]}`, "parameterOwners", "no owner"},
		{`{"ssmParameter":"/golden/rhel","parameterOwners":"any"}`, "parameterOwners[0]", "anybody's"},
		{`{"ami":{},"parameterOwners":"self"}`, "parameterOwners", "needs ssmParameter"},
		{`{"imageBuilder":{"pipeline":"p"},"newestBy":"version"}`, "", ""},
		{`{"ami":{},"newestBy":"version","tagKeys":{"version":"Version"}}`, "", ""},
		{`{"ami":{},"newestBy":"created"}`, "", ""},
		{`{"ami":{},"newestBy":"version"}`, "newestBy", "no tag is named"},
		{`{"ami":{},"newestBy":"newest"}`, "newestBy", "neither created nor version"},
		{`{"ssmParameter":[]}`, "ssmParameter", "no parameter"},
	})
}

func TestListTakesAStringOrAList(t *testing.T) {
	for text, want := range map[string][]string{`"a"`: {"a"}, `"a, b,"`: {"a, b,"}, `["a","b,c"]`: {"a", "b,c"}, `""`: {""}, `[]`: {}} {
		var l List
		if err := json.Unmarshal([]byte(text), &l); err != nil || l == nil || !slices.Equal(l, want) {
			t.Errorf("%s: %v, %v", text, l, err)
		}
	}
	var l List
	if err := json.Unmarshal([]byte(`{"a":1}`), &l); err == nil {
		t.Error("a mapping was taken for a list")
	}
}

func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.0.0/3")
	f.Add("arn:aws:imagebuilder:x@example.com/#:111122223333:image/golden")
	f.Add("arn:aws-cn:imagebuilder:cn-north-1:111122223333:image-pipeline/p")
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := ParseARN(text)
		if ok && (a.Text != text || a.Kind == "" && !strings.Contains(text, ":/") || a.Name == "" || !IsRegion(a.Region)) {
			t.Errorf("%q: %+v", text, a)
		}
	})
}

// TestPermittedParameters: a spec alone reads public parameters only.
func TestPermittedParameters(t *testing.T) {
	list := func(prefixes ...any) map[string]any { return map[string]any{"parameterPrefixes": prefixes} }
	tests := []struct {
		name  string
		user  map[string]any
		want  string // empty: permitted
		field string
	}{
		{"/aws/service/x", nil, "", ""},
		{"/golden/rhel", list("/golden/"), "", ""},
		{"/golden/rhel", list("/other", "/golden"), "", ""},
		{"/golden/rhel/ami:prod", list("/golden/rhel"), "", ""},
		{"/golden/rhel", list("/"), "", ""},
		{"/golden/rhel", nil, "which you have not permitted", "ssmParameter[0]"},
		{"/golden/rhel", map[string]any{}, "which you have not permitted", "ssmParameter[0]"},
		{"/golden-evil/rhel", list("/golden"), "which you have not permitted", "ssmParameter[0]"},
		{"/golden-evil/rhel", list("/golden/"), "which you have not permitted", "ssmParameter[0]"},
		{"/golden", list("/golden/"), "which you have not permitted", "ssmParameter[0]"},
		{"/Golden/rhel", list("/golden/"), "which you have not permitted", "ssmParameter[0]"},
		{"/aws/reference/x", nil, "which you have not permitted", "ssmParameter[0]"},
		{"/golden/rhel", list("golden/"), "not the beginning of a parameter's name", ""},
		{"/golden/rhel", list(""), "not the beginning of a parameter's name", ""},
		{"/golden/rhel", list("/golden/../"), "not the beginning of a parameter's name", ""},
		{"/golden/rhel", list(7.0), "not the beginning of a parameter's name", ""},
		{"/golden/rhel", map[string]any{"parameterPrefixes": "/golden/"}, "is not a list", ""},
	}
	for _, test := range tests {
		c := Config{SSMParameter: List{test.name}}
		if err := c.Validate(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		err := c.Permitted(test.user)
		var d *sdk.Diagnostic
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s with %v: %v", test.name, test.user, err)
		case test.want != "" && (!errors.As(err, &d) || !strings.Contains(d.Summary, test.want) || d.ConfigPath != test.field):
			t.Errorf("%s with %v: %+v, want %q", test.name, test.user, err, test.want)
		}
	}
}

// TestUserSettings: what is not a setting, or of another type, is told with its key.
func TestUserSettings(t *testing.T) {
	tests := []struct {
		given map[string]any
		want  string
	}{
		{nil, ""},
		{map[string]any{"profiles": []any{"a"}, "parameterPrefixes": []any{"/golden/"}, "environment": []any{"CORP_LOGIN"}}, ""},
		{map[string]any{"profile": []any{"a"}}, "plugins.aws.profile in your own configuration file (byoos/config.yaml) is not a setting"},
		{map[string]any{"profiles": "a"}, "plugins.aws.profiles in your own configuration file (byoos/config.yaml) is not a list"},
		{map[string]any{"profiles": []any{7.0}}, `has "7", which is not the name of a profile`},
		{map[string]any{"profiles": []any{""}}, `has "", which is not the name of a profile`},
		{map[string]any{"environment": []any{"AWS_*"}}, `has "AWS_*", which is not the name of a variable`},
		{map[string]any{"environment": map[string]any{"A": "b"}}, "plugins.aws.environment in your own configuration file (byoos/config.yaml) is not a list"},
	}
	for _, test := range tests {
		_, err := ReadUser(test.given)
		var d *sdk.Diagnostic
		if test.want == "" && err != nil || test.want != "" && (!errors.As(err, &d) || !strings.Contains(d.Summary, test.want) || d.NextStep == "") {
			t.Errorf("%v: %v, want %q", test.given, err, test.want)
		}
	}
}

// TestSessionNames are those of STS: [\w+=,.@-]*, 2 to 64 characters.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func TestSessionNames(t *testing.T) {
	schema, err := json.Marshal((&jsonschema.Reflector{}).Reflect(Config{}))
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Defs map[string]struct {
			Properties map[string]struct{ Pattern string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &parsed); err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(parsed.Defs["Config"].Properties["sessionName"].Pattern)
	for name, want := range map[string]bool{"ci,me+x=1.2@corp-a_b": true, "ab": true, "a": false, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "a b": false, "a/b": false} {
		if form.MatchString(name) != want {
			t.Errorf("%q: want %v by %s", name, want, form)
		}
	}
}
