package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func TestSSMParameters(t *testing.T) {
	const name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
	const ecs = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
	world := func(values ...string) fakeaws.World {
		w := fakeaws.World{AMIs: []fakeaws.AMI{
			amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "099720109477"; a.OwnerAlias = "amazon"; a.Public = true }),
			amiOf("us-east-1", id(2), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "591542846629"; a.Public = true }),
		}}
		for i, v := range values {
			w.Parameters = append(w.Parameters, fakeaws.Parameter{Region: "us-east-1", Name: []string{name, ecs}[i], Value: v})
		}
		return w
	}
	start(t, world(id(1), `{"image_id":"`+id(2)+`","os":"Amazon Linux 2023"}`))
	out := run(t, call{config: `{"ssmParameter":["` + name + `","` + ecs + `"]}`})
	out.noErrors(t)
	if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, []string{id(1), id(2)}) {
		t.Errorf("got %v", got)
	}
	if img := out.find(t, id(1)); img.Reference == nil || img.Reference.Value != name || img.Owner != "amazon" {
		t.Errorf("%+v", img)
	}

	start(t, world(id(1), id(1))) // two names of one AMI: always the same of them
	if img := run(t, call{config: `{"ssmParameter":["` + ecs + `","` + name + `"]}`}).find(t, id(1)); img.Reference.Value != name {
		t.Errorf("reference %+v", img.Reference)
	}

	start(t, world(id(7)))
	if img := run(t, call{config: `{"ssmParameter":"` + name + `"}`}).find(t, id(7)); img.State != sdk.StateUnknown || img.Evidence != sdk.Recorded || !strings.Contains(img.Withheld, "EC2 does not show it") {
		t.Errorf("%+v", img)
	}

	start(t, world("hunter2-not-an-ami"))
	out = run(t, call{config: `{"ssmParameter":"` + name + `"}`})
	out.oneError(t)
	if strings.Contains(out.text(t), "hunter2") {
		t.Error("the value of a parameter is shown")
	}

	start(t, world())
	if d := run(t, call{config: `{"ssmParameter":"` + name + `"}`}).oneError(t); !strings.Contains(d.Summary, "there is no parameter "+name) || d.Scope != "us-east-1" {
		t.Errorf("%+v", d)
	}
}

// TestVersionsOfAParameter: each keeps the version or label that it was asked for with,
// also where SSM leaves out which it was.
func TestVersionsOfAParameter(t *testing.T) {
	const name = "/aws/service/x"
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june), amiOf("us-east-1", id(3), june)},
		Recorded: []fakeaws.Recorded{{Service: "ssm", Action: "GetParameters", Region: "us-east-1", Answer: json.RawMessage(
			`{"Parameters":[{"Name":"` + name + `","Value":"` + id(3) + `","Version":3},{"Name":"` + name + `","Value":"` + id(2) + `","Version":2},
			{"Name":"` + name + `","Value":"` + id(1) + `","Version":1,"Selector":":stable"}]}`)}},
	}
	start(t, w)
	out := run(t, call{config: `{"ssmParameter":["` + name + `:2","` + name + `:3","` + name + `:stable"]}`})
	out.noErrors(t)
	for n, want := range map[int]string{1: ":stable", 2: ":2", 3: ":3"} {
		if img := out.find(t, id(n)); img.Reference == nil || img.Reference.Value != name+want {
			t.Errorf("%s: %+v", img.ID, img.Reference)
		}
	}
}

// TestParameterOfSomeRegions: one that is not in a region which packs select is a warning
// where another region has it, as these packs may have images of other sources. One that is
// not where the configuration says is an error.
func TestParameterOfSomeRegions(t *testing.T) {
	const name = "/aws/service/x/image_id"
	w := fakeaws.World{
		AMIs:       []fakeaws.AMI{amiOf("us-east-1", id(1), june)},
		Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: name, Value: id(1)}},
	}
	both := []string{"eu-west-1", "us-east-1"}
	for _, test := range []struct {
		name, more, own string
		hints           []string
		failed          []string
	}{
		{"some packs select one", "", "us-east-1", nil, nil},
		{"not in one's own", "", "eu-west-1", nil, []string{"eu-west-1"}},
		{"no region of one's own", "", "", nil, nil},
		{"all packs select one", "", "us-east-1", both, nil},
		{"all packs select one, and that is one's own", "", "eu-west-1", both, nil},
		{"all that are enabled", `,"regions":"all-enabled"`, "us-east-1", nil, nil},
		{"configured", `,"regions":["eu-west-1","us-east-1"]`, "us-east-1", nil, []string{"eu-west-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			start(t, w)
			t.Setenv("AWS_REGION", test.own)
			out := run(t, call{config: `{"ssmParameter":"` + name + `"` + test.more + `}`, hints: test.hints, regions: both})
			var failed []string
			for _, d := range out.errors() {
				failed = append(failed, d.Scope)
			}
			if !slices.Equal(failed, test.failed) || !strings.Contains(out.text(t), "there is no parameter "+name+" in eu-west-1") {
				t.Errorf("failed in %q, want %q: %+v", failed, test.failed, out.diagnostics)
			}
			out.find(t, id(1))
		})
	}
	start(t, fakeaws.World{})
	out := run(t, call{config: `{"ssmParameter":"` + name + `"}`, hints: both, regions: both})
	if all := out.errors(); len(all) != 2 || all[0].Scope != "eu-west-1" || all[1].Scope != "us-east-1" {
		t.Errorf("one that no region has is misspelt: %+v", out.diagnostics)
	}
}

// TestOwnParameters: parameters of the account with the user's permission, and
// only AMIs of the owners behind them.
func TestOwnParameters(t *testing.T) {
	const central, stranger = "444455556666", "666666666666"
	of := func(n int, owner string) fakeaws.AMI {
		return amiOf("us-east-1", id(n), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner, a.Public = owner, owner != self })
	}
	w := fakeaws.World{
		AMIs: []fakeaws.AMI{of(1, self), of(2, central), of(3, stranger)},
		Parameters: []fakeaws.Parameter{
			{Region: "us-east-1", Name: "/golden/own", Value: id(1)}, {Region: "us-east-1", Name: "/golden/central", Value: id(2)},
			{Region: "us-east-1", Name: "/golden/stranger", Value: id(3)}, {Region: "us-east-1", Name: "/golden/password", Value: "hunter2"},
			{Region: "us-east-1", Name: "/aws/service/x", Value: id(3)},
		},
	}
	permitted := map[string]any{"parameterPrefixes": []any{"/golden/"}}
	tests := []struct {
		name, config string
		user         map[string]any
		usable       []string
		problem      string
	}{
		{"permitted", `{"ssmParameter":"/golden/own"}`, permitted, []string{id(1)}, ""},
		{"a label, and none", `{"ssmParameter":["/golden/own:prod","/golden/own"]}`, permitted, []string{id(1)}, ""},
		{"not permitted", `{"ssmParameter":"/golden/own"}`, nil, nil, "which you have not permitted"},
		{"another prefix", `{"ssmParameter":"/golden-evil/own"}`, permitted, nil, "which you have not permitted"},
		{"of another account", `{"ssmParameter":["/golden/central","/golden/own"]}`, permitted, []string{id(1)}, ""},
		{"of an owner", `{"ssmParameter":["/golden/central","/golden/own"],"parameterOwners":["self","444455556666"]}`, permitted, []string{id(1), id(2)}, ""},
		{"of an owner that is not self", `{"ssmParameter":["/golden/central","/golden/own"],"parameterOwners":["444455556666"]}`, permitted, []string{id(2)}, ""},
		{"of a stranger", `{"ssmParameter":"/golden/stranger"}`, permitted, nil, ""},
		{"of a stranger, by AWS's word", `{"ssmParameter":["/golden/stranger","/aws/service/x"]}`, permitted, []string{id(3)}, ""},
		{"no AMI, beside one", `{"ssmParameter":["/golden/own","/golden/password"]}`, permitted, []string{id(1)}, "/golden/password does not hold an AMI id"},
		{"missing, beside one", `{"ssmParameter":["/golden/own","/golden/none"]}`, permitted, []string{id(1)}, "there is no parameter /golden/none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := start(t, w)
			out := run(t, call{config: test.config, settings: test.user})
			if got := sorted(out.usable(now())["us-east-1"]); !slices.Equal(got, test.usable) {
				t.Errorf("usable %v, want %v", got, test.usable)
			}
			switch {
			case test.problem == "":
				out.noErrors(t)
			case !strings.Contains(out.oneError(t).Summary, test.problem):
				t.Errorf("%+v", out.diagnostics)
			}
			if strings.Contains(test.problem, "not permitted") && len(fake.Calls()) > 0 {
				t.Errorf("AWS was asked: %v", fake.Calls())
			}
			if strings.Contains(out.text(t), "hunter2") {
				t.Error("the value of a parameter is shown")
			}
		})
	}
	start(t, w)
	img := run(t, call{config: `{"ssmParameter":"/golden/stranger"}`, settings: permitted}).find(t, id(3))
	if img.State != sdk.Available || img.OwnerID != stranger || !strings.Contains(img.Withheld, "account 666666666666, which is not among the owners (self)") {
		t.Errorf("%+v", img)
	}
}
