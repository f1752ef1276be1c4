package main

import (
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func (s *sinkThat) Results(results ...sdk.Result) error {
	if s.left--; s.left < 0 {
		return errGone
	}
	return s.recorder.Results(results...)
}

// TestTheHostEndsAtAnyMessage: whichever it does not take, the call ends with an error.
func TestTheHostEndsAtAnyMessage(t *testing.T) {
	denied := func(w fakeaws.World, service, action string) fakeaws.World {
		w.Faults = []fakeaws.Fault{{Service: service, Action: action, Kind: "deny"}}
		return w
	}
	parameters := fakeaws.World{Parameters: []fakeaws.Parameter{{Region: "us-east-1", Name: "/aws/service/a", Value: "none"}, {Region: "us-east-1", Name: "/aws/service/b", Value: id(1)}}}
	for name, test := range map[string]struct {
		w    fakeaws.World
		call call
	}{
		"builds": {regionsWorld(), call{config: `{"imageBuilder":{"image":"golden"},"regions":"all-enabled"}`}}, "states": {statesWorld(), call{config: `{"imageBuilder":{"image":"golden"}}`}},
		"search": {searchWorld(), call{config: `{"ami":{"owners":"444455556666","namePattern":"golden-*"}}`}}, "whose": {denied(searchWorld(), "sts", ""), call{config: `{"ami":{"owners":"444455556666"}}`}},
		"parameters": {parameters, call{config: `{"ssmParameter":["/aws/service/a","/aws/service/b","/aws/service/c"]}`}}, "denied parameters": {denied(parameters, "ssm", ""), call{config: `{"ssmParameter":"/aws/service/a"}`}},
		"no region that is selected": {regionsWorld(), call{config: `{"ami":{},"regions":"us-east-1"}`, hints: []string{"eu-west-1"}}}, "another partition": {regionsWorld(), call{config: `{"ami":{}}`, regions: []string{"cn-north-1"}}},
		"verify":         {regionsWorld(), call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}}}},
		"verify, denied": {denied(regionsWorld(), "imagebuilder", ""), call{config: `{"imageBuilder":{"image":"golden"}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}, {ID: id(2), Region: "eu-west-1", Reference: &sdk.Reference{Value: goldenARN}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			do := func(out *sinkThat) error {
				start(t, test.w)
				if test.call.refs != nil {
					return verify(t.Context(), nil, sdk.VerifyRequest[settings.Config]{Config: config(t, test.call.config), Now: now(), Refs: test.call.refs, Secrets: &sdk.Secrets{}}, out)
				}
				return discover(t.Context(), nil, sdk.DiscoverRequest[settings.Config]{
					Config: config(t, test.call.config), Now: now(), Hints: sdk.Hints{Regions: test.call.hints}, Regions: test.call.regions, Secrets: &sdk.Secrets{},
				}, out)
			}
			const many = 1000
			whole := &sinkThat{&recorder{}, many}
			if err := do(whole); err != nil {
				t.Fatal(err)
			}
			if whole.left == many {
				t.Fatal("the host gets no message")
			}
			for n := range many - whole.left {
				if err := do(&sinkThat{&recorder{}, n}); err == nil {
					t.Errorf("no error where the host ends after %d messages", n)
				}
			}
		})
	}
}

// TestVerifyOfABuildWithoutASource: where the source has no region it is told, and a
// source that is not there any more has no other build of an AMI.
func TestVerifyOfABuildWithoutASource(t *testing.T) {
	w := regionsWorld()
	start(t, w)
	t.Setenv("AWS_REGION", "")
	out := runVerify(t, call{config: `{"imageBuilder":{"image":"golden"}}`, refs: []sdk.Ref{{ID: id(2), Region: "eu-west-1"}}})
	if d := out.oneError(t); d.ConfigPath != "imageBuilder.region" || out.results[0].Image.State != sdk.StateUnknown {
		t.Errorf("%+v %+v", d, out.results)
	}
	w.Builds[0].Status = "DELETED"
	start(t, w)
	out = runVerify(t, call{config: `{"imageBuilder":{"pipeline":"gone"}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1", Reference: &sdk.Reference{Value: goldenARN}}}})
	out.noErrors(t)
	if r := out.results[0]; r.Image == nil || r.Image.State != sdk.Available || r.Image.Withheld == "" {
		t.Errorf("%+v", r.Image)
	}
}
