package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// TestOneCauseIsToldOnce, however many regions it keeps from being read. What was read of
// the others stays.
func TestOneCauseIsToldOnce(t *testing.T) {
	west := func(kind string, regions ...string) []fakeaws.Fault {
		var out []fakeaws.Fault
		for _, r := range regions {
			out = append(out, fakeaws.Fault{Service: "ec2", Kind: kind, Region: r})
		}
		return out
	}
	for name, test := range map[string]struct {
		faults []fakeaws.Fault
		want   []string // scopes
	}{
		"expired everywhere":    {west("expiredCredentials", ""), []string{"eu-west-1, us-east-1, us-west-2"}},
		"a page everywhere":     {west("webPage", ""), []string{"eu-west-1, us-east-1, us-west-2"}},
		"denied in two":         {west("deny", "us-west-2", "eu-west-1"), []string{"eu-west-1, us-west-2"}},
		"two causes":            {append(west("deny", "us-west-2"), west("expiredCredentials", "eu-west-1")...), []string{"eu-west-1", "us-west-2"}},
		"one region, as before": {west("deny", "us-west-2"), []string{"us-west-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			scopes := func(out *recorder) (all []string) {
				for _, d := range out.errors() {
					all = append(all, d.Scope)
					if d.NextStep == "" || strings.Contains(d.Scope, ",") && strings.Contains(d.Summary, d.Scope) {
						t.Errorf("%+v", d)
					}
				}
				return all
			}
			start(t, largeWorld(test.faults...))
			out := run(t, call{config: fmt.Sprintf(searchThree, "1m")})
			if got := scopes(out); !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
			if read := !strings.Contains(test.want[0], "us-east-1"); read && len(out.usable(now())["us-east-1"]) != 2500 {
				t.Errorf("%d AMIs of us-east-1", len(out.usable(now())["us-east-1"]))
			}
			start(t, largeWorld(test.faults...))
			refs := []sdk.Ref{{ID: id(1), Region: "eu-west-1"}, {ID: id(1), Region: "us-east-1"}, {ID: id(1), Region: "us-west-2"}}
			out = runVerify(t, call{config: `{"ami":{}}`, refs: refs})
			if got := scopes(out); !slices.Equal(got, test.want) {
				t.Errorf("verify: %q, want %q", got, test.want)
			}
			for _, r := range out.results {
				if failed := strings.Contains(strings.Join(test.want, " "), r.Ref.Region); failed != (r.Presence == sdk.Unknown) {
					t.Errorf("verify: %+v", r)
				}
			}
		})
	}
}

// TestDetailsOfOneCause: those that differ by the region's name alone are the same.
func TestDetailsOfOneCause(t *testing.T) {
	lookup := func(host string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, test := range []struct {
		east, west error
		want       string
	}{
		{lookup("ec2.us-east-1.example"), lookup("ec2.us-west-2.example"), "dial tcp: lookup ec2.us-east-1.example: no such host"},
		{refused, lookup("ec2.us-west-2.example"), "us-east-1: dial tcp: connection refused"},
	} {
		failed := failures{session: &session.Session{}}
		for region, err := range map[string]error{"us-west-2": test.west, "us-east-1": test.east} {
			if _, err := failed.add(t.Context(), err, region); err != nil {
				t.Fatal(err)
			}
		}
		out := &recorder{}
		if err := failed.tell(out); err != nil {
			t.Fatal(err)
		}
		if d := out.oneError(t); d.Detail != test.want || d.Scope != "us-east-1, us-west-2" {
			t.Errorf("%+v", d)
		}
	}
}
