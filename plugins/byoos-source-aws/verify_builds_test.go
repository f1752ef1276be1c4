package main

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// TestVerifyAsksImageBuilder: what its build became counts against an AMI that EC2 has as
// before, by the build that the lock names, and by an id alone.
func TestVerifyAsksImageBuilder(t *testing.T) {
	const pipeline = `{"imageBuilder":{"pipeline":"p"}}`
	deny, denyList := []fakeaws.Fault{{Service: "imagebuilder", Kind: "deny"}}, []fakeaws.Fault{{Service: "imagebuilder", Action: "ListImagePipelines", Kind: "deny"}}
	tests := []struct {
		name, config, status, deprecation string
		bare, gone, forgotten             bool
		faults                            []fakeaws.Fault
		presence                          sdk.Presence
		state                             sdk.State
		reason, withheld, failed          string
	}{
		{name: "available", config: pipeline, state: sdk.Available},
		{name: "deprecated ahead of its time", config: pipeline, status: "DEPRECATED", deprecation: "2026-07-02T00:00:00Z", state: sdk.Unusable, reason: "DEPRECATED"},
		{name: "disabled", config: pipeline, status: "DISABLED", state: sdk.Disabled, reason: "DISABLED"},
		{name: "deleted", config: pipeline, status: "DELETED", state: sdk.Available, withheld: "DELETED"},
		{name: "failed", config: pipeline, status: "FAILED", state: sdk.Failed, reason: "FAILED"},
		{name: "not there any more", config: pipeline, forgotten: true, state: sdk.Available, reason: "does not have its build any more"},
		{name: "a state of tomorrow", config: pipeline, status: "PAUSED", state: sdk.StateUnknown, reason: "PAUSED"},
		{name: "disabled, by an id alone", config: pipeline, status: "DISABLED", bare: true, state: sdk.Disabled, reason: "DISABLED"},
		{name: "of another source", config: `{"ami":{}}`, status: "DISABLED", state: sdk.Available},
		{name: "refused", config: pipeline, status: "DISABLED", faults: deny, state: sdk.StateUnknown, reason: "access denied", failed: "access denied to imagebuilder:GetImage"},
		{name: "refused, by an id alone", config: pipeline, bare: true, faults: deny, state: sdk.StateUnknown, reason: "access denied", failed: "access denied to imagebuilder:ListImagePipelines"},
		{name: "refused what is not asked", config: pipeline, faults: denyList, state: sdk.Available},
		{name: "of a pipeline that is not there", config: `{"imageBuilder":{"pipeline":"q"}}`, state: sdk.Available},
		{name: "of a pipeline that is not there, by an id alone", config: `{"imageBuilder":{"pipeline":"q"}}`, bare: true, state: sdk.StateUnknown, reason: "there is no Image Builder pipeline", failed: `there is no Image Builder pipeline "q"`},
		{name: "not there any more, and refused", config: pipeline, forgotten: true, faults: denyList, state: sdk.StateUnknown, reason: "access denied", failed: "access denied to imagebuilder:ListImagePipelines"},
		{name: "gone", config: pipeline, gone: true, presence: sdk.NotFound, reason: "does not exist there"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			build := fakeaws.Build{
				Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: june, Status: test.status, DeprecationTime: test.deprecation,
				Outputs: []fakeaws.Output{{Region: "eu-west-1", AMI: id(1)}},
			}
			builds := map[bool][]fakeaws.Build{false: {build}}
			w := fakeaws.World{Faults: test.faults, Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}}, Builds: builds[test.forgotten]}
			if !test.gone {
				w.AMIs = []fakeaws.AMI{amiOf("eu-west-1", id(1), june)}
			}
			start(t, w)
			ref := sdk.Ref{ID: id(1), Region: "eu-west-1"}
			if !test.bare {
				ref.Reference = &sdk.Reference{Kind: "arn", Value: "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.0.0/1"}
			}
			out := runVerify(t, call{config: test.config, refs: []sdk.Ref{ref}})
			out.failsWith(t, test.failed)
			r, reason := out.results[0], out.results[0].Reason
			if test.presence == sdk.NotFound {
				if r.Presence != sdk.NotFound || !strings.Contains(reason, test.reason) {
					t.Errorf("%+v", r)
				}
				return
			}
			if r.Image == nil || r.Image.State != test.state || !strings.Contains(r.Image.StateReason+reason, test.reason) || !strings.Contains(r.Image.Withheld, test.withheld) {
				t.Errorf("%+v, %+v", r, r.Image)
			}
		})
	}
}

// failsWith checks for one error with a summary, or, where that is empty, for none.
func (r *recorder) failsWith(t *testing.T, summary string) {
	t.Helper()
	if summary == "" {
		r.noErrors(t)
	} else if d := r.oneError(t); !strings.Contains(d.Summary, summary) {
		t.Errorf("%+v", d)
	}
}

// TestVerifyOfAYoungBuild: EC2 shows an AMI everywhere some time after it was made.
func TestVerifyOfAYoungBuild(t *testing.T) {
	for status, want := range map[string]sdk.Presence{"AVAILABLE": sdk.Unknown, "DISTRIBUTING": sdk.Unknown, "PAUSED": sdk.Unknown, "DELETED": sdk.NotFound, "FAILED": sdk.NotFound} {
		start(t, fakeaws.World{Builds: []fakeaws.Build{{
			Region: "us-east-1", Name: "golden", Version: "1.0.0", Build: 1, DateCreated: "2026-07-01T11:00:00Z", Status: status,
			Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(1)}},
		}}})
		ref := sdk.Ref{ID: id(1), Region: "us-east-1", Reference: &sdk.Reference{Kind: "arn", Value: "arn:aws:imagebuilder:us-east-1:111122223333:image/golden/1.0.0/1"}}
		out := runVerify(t, call{config: `{"imageBuilder":{"image":"golden"}}`, refs: []sdk.Ref{ref}})
		out.noErrors(t)
		if r := out.results[0]; r.Presence != want || strings.Contains(r.Reason, "less than a day ago") != (want == sdk.Unknown) {
			t.Errorf("%s: %+v", status, r)
		}
	}
}

// TestVerifyOfAnAMIOfTwoBuilds: the build that a lock names may be deleted or forgotten
// while another one has the AMI. What is true of the AMI is said by the lock as by an id.
func TestVerifyOfAnAMIOfTwoBuilds(t *testing.T) {
	const first, second = "image/golden/1.0.0/1", "image/golden/1.0.0/2"
	deny := []fakeaws.Fault{{Action: "ListImagePipelines", Service: "imagebuilder", Kind: "deny"}}
	tests := []struct {
		name, first, second string // states of the builds
		ami                 int    // of the second build
		faults              []fakeaws.Fault
		want                sdk.State
		reason              string // of the answer by the lock
	}{
		{"both are there", "AVAILABLE", "AVAILABLE", 1, nil, sdk.Available, ""},
		{"the first is deleted", "DELETED", "AVAILABLE", 1, nil, sdk.Available, "has deleted its build arn:aws:imagebuilder:us-east-1:111122223333:" + first + "; the AMI is of " + "arn:aws:imagebuilder:us-east-1:111122223333:" + second + " as well"},
		{"the first is forgotten", "", "AVAILABLE", 1, nil, sdk.Available, "does not have its build any more"},
		{"both are deleted", "DELETED", "DELETED", 1, nil, sdk.Available, ""},
		{"the second is of another AMI", "DELETED", "AVAILABLE", 2, nil, sdk.Available, ""},
		{"the second is disabled", "DELETED", "DISABLED", 1, nil, sdk.Disabled, "has deleted its build"},
		{"the first is forgotten, and the second disabled", "", "DISABLED", 1, nil, sdk.Disabled, "does not have its build any more"},
		{"the second cannot be asked for", "DELETED", "AVAILABLE", 1, deny, sdk.StateUnknown, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			build := func(n int, status string, ami int) fakeaws.Build {
				return fakeaws.Build{
					Region: "us-east-1", Pipeline: "p", Name: "golden", Version: "1.0.0", Build: n, DateCreated: june, Status: status,
					Outputs: []fakeaws.Output{{Region: "us-east-1", AMI: id(ami)}},
				}
			}
			w := fakeaws.World{
				Faults: test.faults, Pipelines: []fakeaws.Pipeline{{Region: "us-east-1", Name: "p"}},
				Builds: []fakeaws.Build{build(1, test.first, 1), build(2, test.second, test.ami)},
				AMIs:   []fakeaws.AMI{amiOf("us-east-1", id(1), june), amiOf("us-east-1", id(2), june)},
			}
			if test.first == "" {
				w.Builds = w.Builds[1:]
			}
			start(t, w)
			locked := &sdk.Reference{Kind: "arn", Value: "arn:aws:imagebuilder:us-east-1:111122223333:" + first}
			for _, ref := range []sdk.Ref{{ID: id(1), Region: "us-east-1", Reference: locked}, {ID: id(1), Region: "us-east-1"}} {
				out := runVerify(t, call{config: `{"imageBuilder":{"pipeline":"p"}}`, refs: []sdk.Ref{{ID: id(2), Region: "us-east-1"}, ref}})
				if test.faults == nil {
					out.noErrors(t)
				}
				r := out.results[1]
				deleted := test.first == "DELETED" && (test.second == "DELETED" || test.ami == 2)
				if r.Image == nil || r.Image.State != test.want || (r.Image.Withheld != "") != deleted {
					t.Errorf("by the lock %v: %+v, %+v", ref.Reference != nil, r, r.Image)
				}
				if ref.Reference != nil && !strings.Contains(r.Reason, test.reason) || test.reason == "" && r.Reason != "" {
					t.Errorf("reason %q, want %q", r.Reason, test.reason)
				}
			}
		})
	}
}
