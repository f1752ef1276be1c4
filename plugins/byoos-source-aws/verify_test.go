package main

import (
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

func TestVerifyTellsApart(t *testing.T) {
	ref := func(region string, n int) sdk.Ref {
		return sdk.Ref{ID: id(n), Provider: "aws", Region: region, Architecture: "amd64"}
	}
	refs := []sdk.Ref{
		ref("us-east-1", 1), ref("us-east-1", 2), ref("us-east-1", 3), ref("us-east-1", 4), ref("us-east-1", 5), ref("us-east-1", 6),
		ref("us-east-1", 7), ref("us-west-2", 7), ref("us-east-1", 8), ref("us-east-1", 9), ref("us-east-1", 10),
		{ID: "not-an-ami", Provider: "aws", Region: "us-east-1"},
	}
	fake := start(t, apartWorld())
	out := runVerify(t, call{config: `{"ami":{}}`, refs: refs})
	out.noErrors(t)
	got := map[string]sdk.Result{}
	for _, r := range out.results {
		got[r.Ref.Region+"/"+r.Ref.ID] = r
	}
	if len(got) != len(refs) || len(out.results) != len(refs) {
		t.Fatalf("%d results for %d refs", len(out.results), len(refs))
	}
	tests := []struct {
		what, region string
		n            int
		presence     sdk.Presence
		reason       string
		image        func(*sdk.Image) bool
	}{
		{"good", "us-east-1", 1, sdk.Found, "", func(i *sdk.Image) bool { return i.State == sdk.Available && i.DeprecatedAt.IsZero() }},
		{"deprecated", "us-east-1", 2, sdk.Found, "", func(i *sdk.Image) bool { return i.DeprecatedAt.Before(now()) && !i.DeprecatedAt.IsZero() }},
		{"disabled", "us-east-1", 3, sdk.Found, "", func(i *sdk.Image) bool { return i.State == sdk.Disabled }},
		{"not shared", "us-east-1", 4, sdk.NotVisible, "not shared", nil},
		{"another architecture", "us-east-1", 5, sdk.Found, "", func(i *sdk.Image) bool { return i.Architecture == "arm64" }},
		{"foreign and deprecated", "us-east-1", 6, sdk.Found, "", func(i *sdk.Image) bool { return !i.DeprecatedAt.IsZero() }},
		{"in another region", "us-east-1", 7, sdk.NotFound, "not in us-east-1: EC2 says that it does not exist there", nil},
		{"second region", "us-west-2", 7, sdk.Found, "", func(i *sdk.Image) bool { return i.Region == "us-west-2" }},
		{"gone", "us-east-1", 8, sdk.NotFound, "not in us-east-1", nil},
		{"just deregistered", "us-east-1", 9, sdk.NotFound, "deregistered", nil},
		{"another not shared", "us-east-1", 10, sdk.NotVisible, "not shared", nil},
	}
	for _, test := range tests {
		r := got[test.region+"/"+id(test.n)]
		if r.Presence != test.presence || !strings.Contains(r.Reason, test.reason) || (test.image != nil) != (r.Image != nil) {
			t.Errorf("%s: %+v", test.what, r)
			continue
		}
		if r.Evidence != sdk.Asked || r.Image != nil && r.Image.Evidence != sdk.Asked {
			t.Errorf("%s: evidence %v, %+v", test.what, r.Evidence, r.Image)
		}
		if test.image != nil && !test.image(r.Image) {
			t.Errorf("%s: %+v", test.what, r.Image)
		}
	}
	if r := got["us-east-1/not-an-ami"]; r.Presence != sdk.Unknown || r.Reason == "" || r.Evidence != sdk.EvidenceUnknown {
		t.Errorf("%+v", r)
	}
	if n := count(fake.Calls(), "DescribeImages"); n > 4 {
		t.Errorf("%d calls, want 2 for the ids and 2 for those that are missing", n)
	}
}

func apartWorld() fakeaws.World {
	const created = "2026-06-01T00:00:00.000Z"
	foreign := func(a *fakeaws.AMI) { a.Owner = "999999999999" }
	return fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), created),
		amiOf("us-east-1", id(2), created, func(a *fakeaws.AMI) { a.DeprecationTime = "2026-06-20T00:00:00.000Z" }),
		amiOf("us-east-1", id(3), created, func(a *fakeaws.AMI) { a.State = "disabled" }),
		amiOf("us-east-1", id(4), created, foreign),
		amiOf("us-east-1", id(5), created, func(a *fakeaws.AMI) { a.Architecture = "arm64" }),
		amiOf("us-east-1", id(6), created, func(a *fakeaws.AMI) { foreign(a); a.Public = true; a.DeprecationTime = "2026-06-20T00:00:00.000Z" }),
		amiOf("us-east-1", id(9), created, func(a *fakeaws.AMI) { a.State = "deregistered" }),
		amiOf("us-east-1", id(10), created, foreign),
		amiOf("us-west-2", id(7), created),
	}}
}

func TestVerifyManyInFewCalls(t *testing.T) {
	fake := start(t, largeWorld())
	var refs []sdk.Ref
	for n := 1; n <= 1000; n++ {
		refs = append(refs, sdk.Ref{ID: id(n), Region: "us-east-1"})
	}
	out := runVerify(t, call{config: `{"ami":{}}`, refs: refs})
	out.noErrors(t)
	for _, r := range out.results {
		if r.Presence != sdk.Found {
			t.Fatalf("%+v", r)
		}
	}
	if n := len(fake.Calls()); n != 5 || len(out.results) != 1000 {
		t.Errorf("%d calls and %d results, want 5 and 1000", n, len(out.results))
	}
}

// TestVerifyOfANewAMI: one that shows only when it is asked for again is found.
func TestVerifyOfANewAMI(t *testing.T) {
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-07-01T11:59:00.000Z", func(a *fakeaws.AMI) { a.HiddenCalls = 1 })}})
	out := runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}}})
	if len(out.results) != 1 || out.results[0].Presence != sdk.Found {
		t.Errorf("%+v", out.results)
	}
}

// TestVerifyWithAnotherAccount: an account that does not see an AMI which was picked with
// credentials of its own account knows nothing of it.
func TestVerifyWithAnotherAccount(t *testing.T) {
	const own, other = "111122223333", "999999999999"
	w := fakeaws.World{AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = other }),
		amiOf("us-east-1", id(3), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner, a.State, a.Public = other, "deregistered", true }),
	}}
	for _, test := range []struct {
		what     string
		n        int
		owner    string
		presence sdk.Presence
		reason   string
	}{
		{"not shared", 1, other, sdk.Unknown, "to account " + own + ", and it was picked with credentials of account " + other},
		{"not there", 2, other, sdk.Unknown, "to account " + own},
		{"EC2 shows that it is gone", 3, other, sdk.NotFound, "deregistered"},
		{"its own account", 2, own, sdk.NotFound, "does not exist"},
		{"picked as another's", 1, "", sdk.NotVisible, "not shared"},
	} {
		start(t, w)
		out := runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(test.n), Provider: "aws", Region: "us-east-1", OwnerID: test.owner}}})
		if r := out.results[0]; r.Presence != test.presence || !strings.Contains(r.Reason, test.reason) {
			t.Errorf("%s: %+v", test.what, r)
		}
	}
}

// TestVerifyBehindAllowedAMIs: hidden by the account's own setting.
func TestVerifyBehindAllowedAMIs(t *testing.T) {
	start(t, fakeaws.World{AllowedAMIs: "enabled", AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "999999999999"; a.Public = true }),
	}})
	out := runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}}})
	if len(out.results) != 1 || out.results[0].Presence != sdk.NotVisible || !strings.Contains(out.results[0].Reason, "Allowed AMIs") {
		t.Errorf("%+v", out.results)
	}
}

// TestVerifyBehindAProxy: what is not AWS's answer does not say that an AMI is gone.
func TestVerifyBehindAProxy(t *testing.T) {
	for _, kind := range []string{"webPage", "xmlPage", "text", "noContent"} {
		start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z")}, Faults: []fakeaws.Fault{{Kind: kind}}})
		out := runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}}})
		if out.oneError(t); len(out.results) != 1 || out.results[0].Presence != sdk.Unknown {
			t.Errorf("%s: %+v", kind, out.results)
		}
	}
}

// TestVerifyOfAPrivateAMIThatIsNotShown: EC2 does not always say that it is there.
func TestVerifyOfAPrivateAMIThatIsNotShown(t *testing.T) {
	start(t, fakeaws.World{PrivateUnseen: true, AMIs: []fakeaws.AMI{
		amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z", func(a *fakeaws.AMI) { a.Owner = "999999999999" }),
	}})
	out := runVerify(t, call{config: `{"ami":{},"regions":["us-east-1","eu-west-1"]}`, refs: []sdk.Ref{{ID: id(1)}, {ID: id(2)}}})
	out.noErrors(t)
	if r := out.results[0]; r.Presence != sdk.NotVisible || !strings.Contains(r.Reason, "not shared with it") {
		t.Errorf("%+v", r)
	}
	if r := out.results[1]; r.Presence != sdk.NotFound {
		t.Errorf("%+v", r)
	}
}

func TestVerifyOfAHangingRegion(t *testing.T) {
	var out *recorder
	withinLimits(func(limit string) bool {
		start(t, largeWorld(fakeaws.Fault{Region: "us-west-2", Kind: "hang"}))
		out = runVerify(t, call{config: `{"ami":{},"callTimeout":"` + limit + `"}`, refs: []sdk.Ref{{ID: id(1), Region: "us-east-1"}, {ID: id(1), Region: "us-west-2"}}})
		return len(out.errors()) == 1
	})
	if d := out.oneError(t); d.Scope != "us-west-2" {
		t.Errorf("%+v", d)
	}
	for _, r := range out.results {
		want := sdk.Found
		if r.Ref.Region == "us-west-2" {
			want = sdk.Unknown
		}
		if r.Presence != want {
			t.Errorf("%+v", r)
		}
	}
}

// TestVerifyOfWhatIsNoRegion: the region becomes part of a host name, and a ref
// comes from a lock file, which anybody may have written.
func TestVerifyOfWhatIsNoRegion(t *testing.T) {
	const odd = "x@example.com/#"
	fake := start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), "2026-06-01T00:00:00.000Z")}})
	out := runVerify(t, call{config: `{"ami":{}}`, refs: []sdk.Ref{{ID: id(1), Region: odd}, {ID: id(1), Region: "us-east-1"}}})
	out.noErrors(t)
	if len(out.results) != 2 {
		t.Fatalf("%+v", out.results)
	}
	for _, r := range out.results {
		switch {
		case r.Ref.Region == odd && r.Presence == sdk.Unknown && r.Reason == `"x@example.com/#" is not a region of AWS`:
		case r.Ref.Region == "us-east-1" && r.Presence == sdk.Found:
		default:
			t.Errorf("%+v", r)
		}
	}
	if n := count(fake.Calls(), "DescribeImages"); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// TestVerifyInARegion: no other one answers for it, however it is spelled.
func TestVerifyInARegion(t *testing.T) {
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("eu-west-1", id(1), june)}})
	for region, want := range map[string]sdk.Presence{"us-east-1": sdk.NotFound, "EU-West-1": sdk.Found} {
		out := runVerify(t, call{config: `{"ami":{},"regions":["us-east-1","eu-west-1"]}`, hints: []string{"eu-west-1"}, refs: []sdk.Ref{{ID: id(1), Region: region}}})
		out.noErrors(t)
		if r := out.results[0]; r.Presence != want || r.Evidence != sdk.Asked {
			t.Errorf("%s: %+v", region, r)
		}
	}
}

// TestVerifyWithoutARegion: an id by itself is looked for wherever the source or a
// pack looks, and an answer names where it was looked for.
func TestVerifyWithoutARegion(t *testing.T) {
	const created = "2026-06-01T00:00:00.000Z"
	world := func(faults ...fakeaws.Fault) fakeaws.World {
		return fakeaws.World{Faults: faults, AMIs: []fakeaws.AMI{
			amiOf("eu-west-1", id(1), created),
			amiOf("us-west-2", id(2), created, func(a *fakeaws.AMI) { a.Owner = "999999999999" }),
		}}
	}
	hang := fakeaws.Fault{Region: "us-west-2", Kind: "deny"}
	tests := []struct {
		name, config string
		selected     []string
		n            int
		faults       []fakeaws.Fault
		presence     sdk.Presence
		reason       string
	}{
		{"of the AWS configuration", `{"ami":{}}`, nil, 1, nil, sdk.NotFound, "not in us-east-1, the only region that was asked"},
		{"configured", `{"ami":{},"regions":["us-east-1","eu-west-1"]}`, nil, 1, nil, sdk.Found, ""},
		{"all enabled", `{"ami":{},"regions":"all-enabled"}`, nil, 1, nil, sdk.Found, ""},
		{"selected", `{"ami":{}}`, []string{"westus2", "EU-West-1"}, 1, nil, sdk.Found, ""},
		{"selected beside configured", `{"ami":{},"regions":"us-east-1"}`, []string{"eu-west-1"}, 1, nil, sdk.Found, ""},
		{"of Image Builder", `{"imageBuilder":{"pipeline":"p","region":"eu-west-1"}}`, nil, 1, nil, sdk.Found, ""},
		{"of Image Builder, by ARN", `{"imageBuilder":{"image":"arn:aws:imagebuilder:eu-west-1:111122223333:image/golden"}}`, nil, 1, nil, sdk.Found, ""},
		{"not shared in one", `{"ami":{},"regions":["us-east-1","us-west-2"]}`, nil, 2, nil, sdk.NotVisible, "not shared"},
		{"nowhere", `{"ami":{},"regions":["us-east-1","us-west-2"]}`, nil, 3, nil, sdk.NotFound, "not in us-east-1, us-west-2, the only regions that were asked"},
		{"one not asked", `{"ami":{},"regions":["us-east-1","us-west-2"]}`, nil, 3, []fakeaws.Fault{hang}, sdk.Unknown, "access denied"},
		{"one not asked, found in another", `{"ami":{},"regions":["eu-west-1","us-west-2"]}`, nil, 1, []fakeaws.Fault{hang}, sdk.Found, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start(t, world(test.faults...))
			out := runVerify(t, call{config: test.config, hints: test.selected, refs: []sdk.Ref{{ID: id(test.n)}}})
			if len(out.results) != 1 {
				t.Fatalf("%+v", out.results)
			}
			r := out.results[0]
			if r.Presence != test.presence || !strings.Contains(r.Reason, test.reason) || (r.Presence == sdk.Found) != (r.Image != nil) {
				t.Errorf("%+v", r)
			}
			if asked := r.Evidence == sdk.Asked; asked != (r.Presence == sdk.Found || r.Presence == sdk.NotVisible) {
				t.Errorf("evidence %v: where the AMI is was not named", r.Evidence)
			}
			if r.Image != nil && r.Image.Region != "eu-west-1" {
				t.Errorf("%+v", r.Image)
			}
		})
	}
}
