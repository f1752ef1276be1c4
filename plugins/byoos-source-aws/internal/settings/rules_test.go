package settings

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

func TestValidateTheRest(t *testing.T) {
	const role = `"roleArn":"arn:aws:iam::111122223333:role/r"`
	checkValidations(t, []validation{
		{`{"ami":{},` + role + `,"externalId":"x","sessionName":"ci"}`, "", ""},
		{`{"ami":{},"sessionName":"ci"}`, "roleArn", "need roleArn"},
		{`{"ami":{},"regions":["all-enabled"]}`, "", ""},
		{`{"ami":{},"regions":["us-east-1","us-east-1"]}`, "", ""},
		{`{"ami":{},"regions":["all-enabled","us-east-1"]}`, "regions[0]", "cannot be combined"},
		{`{"ami":{},"callTimeout":"0s"}`, "callTimeout", "not a duration"},
		{`{"ami":{},"callTimeout":"x"}`, "callTimeout", `"x" is not a duration`},
		{`{"ami":{},"callTimeout":"1ns"}`, "", ""},
		{`{"ami":{"filters":{"owner-alias":"amazon"}}}`, "ami.filters.owner-alias", "not named by a filter"},
		{`{"ami":{"filters":{"name":"x"},"tags":{"a":"b"}}}`, "", ""},
		{`{"ami":{"owners":["self","amazon","aws-marketplace","aws-backup-vault"]}}`, "", ""},
		{`{"ami":{"owners":["self","x"]}}`, "ami.owners[1]", "is not an owner"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x","region":"us-east-1"}}`, "", ""},
		{`{"imageBuilder":{"image":"x","region":"us-east-1"}}`, "", ""},
		{`{"imageBuilder":{"image":"arn:aws"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x/1.0.0/1"}}`, "", ""},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x/1.0.0/1/2"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"image":"arn:aws:imagebuilder:us-east-1:111122223333:image/x//1"}}`, "imageBuilder.image", "not the ARN"},
		{`{"imageBuilder":{"pipeline":"arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/x//1"}}`, "imageBuilder.pipeline", "not the ARN"},
		{`{"ssmParameter":"/golden/./x"}`, "ssmParameter[0]", "not a parameter in a hierarchy"},
		{`{"ssmParameter":["/aws/service/x","golden"]}`, "ssmParameter[1]", "not a parameter in a hierarchy"},
	})
}

// TestWhatIsSaidOfAProblem is an error with the next step, and of a parameter why.
func TestWhatIsSaidOfAProblem(t *testing.T) {
	err := Config{SSMParameter: List{"/aws/service/x", "/golden/a/x"}}.Permitted(nil)
	want := &sdk.Diagnostic{
		Severity: sdk.Error, ConfigPath: "ssmParameter[1]", Summary: "the spec asks for the parameter /golden/a/x, which you have not permitted",
		NextStep: "list its prefix under plugins.aws.parameterPrefixes in your own configuration file, as /golden/a/",
		Detail:   "a spec can come with a cloned repository; only parameters under /aws/service/ need no permission",
	}
	var told *sdk.Diagnostic
	if !errors.As(err, &told) || cmp.Diff(want, told) != "" {
		t.Errorf("%v\n%s", err, cmp.Diff(want, told))
	}
}

// TestPrefixesOfTheUser name a place, no version and no label of a parameter.
func TestPrefixesOfTheUser(t *testing.T) {
	for prefix, want := range map[any]bool{"/golden:1/": false, "/golden:1": false, "/golden/./a": false, "/golden": true, "/": true, 7: false, false: false} {
		if _, err := ReadUser(map[string]any{"parameterPrefixes": []any{prefix}}); (err == nil) != want {
			t.Errorf("%v: %v", prefix, err)
		}
	}
	if _, err := ReadUser(map[string]any{"environment": []any{map[string]any{}}}); err == nil {
		t.Error("a mapping was taken for the name of a variable")
	}
	if _, err := ReadUser(map[string]any{"profiles": []any{true}}); err == nil {
		t.Error("true was taken for the name of a profile")
	}
	user, err := ReadUser(map[string]any{"profiles": []any{"a", "b"}, "parameterPrefixes": []any{"/golden/"}, "environment": []any{"CORP_LOGIN"}})
	if want := (User{Profiles: []string{"a", "b"}, ParameterPrefixes: []string{"/golden/"}, Environment: []string{"CORP_LOGIN"}}); err != nil || !reflect.DeepEqual(user, want) {
		t.Errorf("%v, %+v", err, user)
	}
}

func TestARN(t *testing.T) {
	const whole = "arn:aws-cn:imagebuilder:cn-north-1:111122223333:image/golden/1.0.0/3"
	want := ARN{Text: whole, Region: "cn-north-1", Account: "111122223333", Kind: "image", Name: "golden", Version: "1.0.0", Build: "3"}
	if got, ok := ParseARN(whole); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, text := range []string{
		"", "golden", "arn:aws:imagebuilder:us-east-1:1", "urn:aws:imagebuilder:us-east-1:1:image/golden", "arn:aws:ec2:us-east-1:1:image/golden", "arn:aws:imagebuilder:x:1:image/golden",
		"arn:aws:imagebuilder:us-east-1:1:image", "arn:aws:imagebuilder:us-east-1:1:image/", "arn:aws:imagebuilder:us-east-1:1:image/a/1/2/3",
	} {
		if got, ok := ParseARN(text); ok || got != (ARN{}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// TestHome is where the pipeline or image lives: the ARN knows it best.
func TestHome(t *testing.T) {
	for want, b := range map[string]ImageBuilder{
		"": {Image: "golden"}, "eu-west-1": {Pipeline: "p", Region: "eu-west-1"},
		"us-east-1": {Pipeline: "arn:aws:imagebuilder:us-east-1:1:image-pipeline/p"}, "us-east-2": {Image: "arn:aws:imagebuilder:us-east-2:1:image/golden", Region: "eu-west-1"},
	} {
		if got := b.Home(); got != want {
			t.Errorf("%+v: %q", b, got)
		}
	}
}

func TestTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 45 * time.Second, "2m": 2 * time.Minute} {
		if got, err := (Config{CallTimeout: text}).Timeout(); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// TestPartitions of regions, as credentials are good in one only.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "us-isof-south-1": "aws-iso-f",
		"eu-isoe-west-1": "aws-iso-e", "eusc-de-east-1": "aws-eusc", "eu-west-1": "aws",
	} {
		if got := Partition(region); got != want || !IsRegion(region) {
			t.Errorf("%s: %s", region, got)
		}
	}
}

// TestSchemaOfLists: both forms, of strings.
func TestSchemaOfLists(t *testing.T) {
	for _, list := range []any{List{}.JSONSchema(), Regions{}.JSONSchema()} {
		text, err := json.Marshal(list)
		if want := `{"anyOf":[{"type":"string"},{"items":{"type":"string"},"type":"array"}]}`; err != nil || string(text) != want {
			t.Errorf("%v, %s", err, strings.TrimSpace(string(text)))
		}
	}
}
