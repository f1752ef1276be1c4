package main

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestWhatAnErrorSettles: the ids that it names, or the only one that was asked for; a
// refusal that names none is about the call.
func TestWhatAnErrorSettles(t *testing.T) {
	api := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	a, b, other := id(1), id(2), id(3)
	for _, test := range []struct {
		asked []string
		err   error
		want  []string
		is    sdk.Presence
	}{
		{[]string{a, b}, nil, []string{a, b}, sdk.NotVisible},
		{[]string{a, b}, api("InvalidAMIID.NotFound", "The image ids '["+a+", "+other+"]' do not exist"), []string{a}, sdk.NotFound},
		{[]string{a, b}, api("InvalidAMIID.Unavailable", a), []string{a}, sdk.NotFound},
		{[]string{a}, api("InvalidAMIID.NotFound", "one does not exist"), []string{a}, sdk.NotFound},
		{[]string{a}, api("InvalidAMIID.NotFound", other), []string{a}, sdk.NotFound},
		{[]string{a, b}, api("InvalidAMIID.NotFound", "one does not exist"), nil, sdk.Unknown},
		{[]string{a, b}, api("AuthFailure", "Not authorized for images: ["+b+"]"), []string{b}, sdk.NotVisible},
		{[]string{a}, api("AuthFailure", "AWS was not able to validate the credentials"), nil, sdk.Unknown},
		{[]string{a}, api("UnauthorizedOperation", a), nil, sdk.Unknown}, {[]string{a}, errors.New("broken"), nil, sdk.Unknown},
	} {
		got, why, err := settle("us-east-1", test.asked, test.err)
		if !slices.Equal(got, test.want) || why.presence != test.is || (err == nil) != (test.want != nil) || (why.reason == "") != (test.want == nil) {
			t.Errorf("%q, %v: %q, %+v, %v", test.asked, test.err, got, why, err)
		}
	}
}

// TestWhatCannotBeAskedFor is unknown, with the reason.
func TestWhatCannotBeAskedFor(t *testing.T) {
	for _, test := range []struct {
		ref     sdk.Ref
		regions []string
		want    string
	}{
		{sdk.Ref{ID: id(1), Region: "us-east-1"}, []string{"us-east-1"}, ""}, {sdk.Ref{ID: id(1)}, []string{"us-east-1"}, ""}, {sdk.Ref{ID: "ami-1"}, []string{"us-east-1"}, `"ami-1" is not an AMI id`},
		{sdk.Ref{ID: id(1), Region: "nowhere"}, []string{"nowhere"}, `"nowhere" is not a region of AWS`}, {sdk.Ref{ID: id(1)}, nil, "the region is not known: name it in regions, in a pack's select or in AWS_REGION"},
	} {
		got, ok := unasked(test.ref, test.regions)
		if want := (sdk.Result{Ref: test.ref, Presence: sdk.Unknown, Reason: test.want}); ok != (test.want != "") || !reflect.DeepEqual(want, got) {
			t.Errorf("%v: %+v", ok, got)
		}
	}
}

// TestOneAnswerOfManyRegions: who has it decides, and who could not be asked leaves it open.
func TestOneAnswerOfManyRegions(t *testing.T) {
	of := func(all ...sdk.Presence) (out []sdk.Result) {
		for _, p := range all {
			out = append(out, sdk.Result{Presence: p, Evidence: sdk.Asked})
		}
		return out
	}
	for _, test := range []struct {
		answers []sdk.Result
		want    sdk.Presence
	}{
		{of(sdk.NotFound, sdk.Unknown, sdk.Found), sdk.Found}, {of(sdk.NotVisible, sdk.NotFound, sdk.Unknown), sdk.Unknown}, {of(sdk.NotFound, sdk.NotVisible), sdk.NotVisible}, {of(sdk.NotFound, sdk.NotFound), sdk.NotFound},
	} {
		got := (&verification{}).verdicts([][]sdk.Result{test.answers}, []string{"a", "b"})[0]
		open := test.want == sdk.NotFound
		if got.Presence != test.want || open != (got.Reason == "not in a, b, the only regions that were asked: name others in regions") || open != (got.Evidence == sdk.EvidenceUnknown) {
			t.Errorf("%+v", got)
		}
	}
	in := sdk.Result{Ref: sdk.Ref{Region: "a"}, Presence: sdk.NotFound, Reason: "gone", Evidence: sdk.Asked}
	got := (&verification{}).verdicts([][]sdk.Result{of(sdk.NotFound), {in}}, []string{"a"})
	if got[0].Reason != "not in a, the only region that was asked: name others in regions" || !reflect.DeepEqual(in, got[1]) {
		t.Errorf("%+v", got)
	}
}

// TestSeenByAnother: one that its own account was not asked for may be there.
func TestSeenByAnother(t *testing.T) {
	start(t, searchWorld())
	s, err := (*session.Shared)(nil).Open(t.Context(), settings.Config{AMI: &settings.AMI{}}, nil, &sdk.Secrets{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &verification{session: s}
	for _, test := range []struct {
		owner string
		is    sdk.Presence
		open  bool
	}{
		{"444455556666", sdk.NotFound, true}, {"444455556666", sdk.NotVisible, true}, {"444455556666", sdk.Found, false}, {self, sdk.NotFound, false}, {"", sdk.NotFound, false}, {"444455556666", sdk.Unknown, false},
	} {
		r := sdk.Result{Ref: sdk.Ref{ID: id(1), OwnerID: test.owner}, Presence: test.is, Reason: "as EC2 says", Evidence: sdk.Asked}
		want := r
		if test.open {
			want.Presence, want.Evidence = sdk.Unknown, sdk.EvidenceUnknown
			want.Reason = "EC2 does not show it to account " + self + ", and it was picked with credentials of account 444455556666, its own: ask with these"
		}
		if got := v.seenBy(t.Context(), r); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %+v", test, got)
		}
	}
}

const goldenARN = "arn:aws:imagebuilder:us-east-1:" + self + ":image/golden/1.0.0/1"

func TestBuildOfARef(t *testing.T) {
	for value, want := range map[string]bool{
		goldenARN: true, "arn:aws:imagebuilder:us-east-1:1:image/golden/1.0.0": false, "arn:aws:imagebuilder:us-east-1:1:image-pipeline/golden/1.0.0/1": false, "golden": false,
	} {
		if arn, got := buildOf(sdk.Ref{Reference: &sdk.Reference{Value: value}}); got != want || want && arn.Text != value {
			t.Errorf("%s: %v", value, got)
		}
	}
	if _, got := buildOf(sdk.Ref{}); got {
		t.Error("a ref without a reference names a build")
	}
}

func resultOf(is sdk.Presence, state sdk.State) *sdk.Result {
	r := &sdk.Result{Ref: sdk.Ref{ID: id(1), Region: "us-east-1"}, Presence: is}
	if is == sdk.Found {
		r.Image = &sdk.Image{ID: id(1), Region: "us-east-1", State: state, Provenance: map[string]sdk.Provenance{}}
	}
	return r
}

// TestWordOnAnAMI is that of its own region, or of its build as a whole.
func TestWordOnAnAMI(t *testing.T) {
	here, there, nowhere, whole := builder.Candidate{ID: id(1), Region: "us-east-1"}, builder.Candidate{ID: id(1), Region: "eu-west-1"}, builder.Candidate{ID: id(1), Region: "eu-west-1", NoRegion: true}, builder.Candidate{State: sdk.Disabled}
	for i, test := range []struct {
		all  []builder.Candidate
		want int // of all, or none
	}{{[]builder.Candidate{there, here}, 1}, {[]builder.Candidate{there, nowhere, whole}, 1}, {[]builder.Candidate{there, whole}, 1}, {[]builder.Candidate{there}, -1}, {nil, -1}} {
		got, has := word{candidates: test.all}.of(resultOf(sdk.NotFound, 0))
		if has != (test.want >= 0) || has && cmp.Diff(test.all[test.want], got) != "" {
			t.Errorf("%d: %v %+v", i, has, got)
		}
	}
	r := resultOf(sdk.Found, sdk.Available)
	r.Image.Region = "eu-west-1"
	if got, has := (word{candidates: []builder.Candidate{here, there}}).of(r); !has || got.Region != "eu-west-1" {
		t.Errorf("%v %+v", has, got)
	}
}

// TestLostBuilds: another build of the source answers for an AMI whose own was deleted.
func TestLostBuilds(t *testing.T) {
	of := func(arn string, state sdk.State, reason string) word {
		return word{candidates: []builder.Candidate{{ID: id(1), Region: "us-east-1", ARN: arn, State: state, Reason: reason}}}
	}
	gone, good, again, bad := of(goldenARN, sdk.Gone, "DELETED"), of(goldenARN, sdk.Available, ""), of("again", sdk.Available, ""), of("again", sdk.Disabled, "DISABLED")
	const deleted = "Image Builder has deleted its build " + goldenARN + "; the AMI is of again as well"
	for i, test := range []struct {
		named, listed word
		want          sdk.State
		reason        string
		withheld      string
	}{
		{good, again, sdk.Available, "", ""}, {gone, again, sdk.Available, deleted, ""}, {gone, bad, sdk.Disabled, deleted, ""}, {gone, word{}, sdk.Available, "", "DELETED"},
		{gone, of("again", sdk.Gone, "DELETED too"), sdk.Available, "", "DELETED too"}, {gone, of(goldenARN, sdk.Available, ""), sdk.Available, "", ""},
		{gone, word{unasked: "denied"}, sdk.StateUnknown, "", ""}, {word{unasked: "denied"}, again, sdk.StateUnknown, "", ""},
		{word{}, again, sdk.Available, "Image Builder does not have its build any more: " + goldenARN, ""}, {word{}, word{}, sdk.Available, "Image Builder does not have its build any more: " + goldenARN, ""},
		{good, word{unasked: "denied"}, sdk.Available, "", ""},
		{word{candidates: []builder.Candidate{{ID: id(2), Region: "us-east-1", ARN: goldenARN}}}, word{}, sdk.Available, "", ""},
	} {
		r := resultOf(sdk.Found, sdk.Available)
		v := &verification{req: sdk.VerifyRequest[settings.Config]{Now: now()}}
		v.heedNamed(r, goldenARN, test.named, test.listed)
		if r.Image.State != test.want || r.Reason != test.reason || r.Image.Withheld != test.withheld {
			t.Errorf("%d: %v, %q, withheld %q", i, r.Image.State, r.Reason, r.Image.Withheld)
		}
	}
	r := resultOf(sdk.NotFound, 0)
	r.Reason = "EC2 says so"
	(&verification{}).heedNamed(r, goldenARN, gone, again)
	if r.Presence != sdk.NotFound || r.Reason != "EC2 says so" {
		t.Errorf("%+v", r)
	}
}

// TestHeed: an AMI of a young build may come yet, and one that EC2 calls good is open
// where Image Builder could not be asked.
func TestHeed(t *testing.T) {
	for i, test := range []struct {
		age    time.Duration
		state  sdk.State
		reason string
		want   sdk.Presence
	}{
		{time.Hour, sdk.Available, "", sdk.Unknown}, {time.Hour, sdk.Pending, "BUILDING", sdk.Unknown}, {time.Hour, sdk.Failed, "FAILED", sdk.NotFound}, {24*time.Hour - 1, sdk.Available, "", sdk.Unknown}, {24 * time.Hour, sdk.Available, "", sdk.NotFound},
	} {
		r := resultOf(sdk.NotFound, 0)
		r.Evidence = sdk.Asked
		said := word{candidates: []builder.Candidate{{ID: id(1), Region: "us-east-1", State: test.state, Reason: test.reason, CreatedAt: now().Add(-test.age)}}}
		(&verification{req: sdk.VerifyRequest[settings.Config]{Now: now()}}).heed(r, said)
		if r.Presence != test.want || (r.Evidence == sdk.EvidenceUnknown) != (test.want == sdk.Unknown) || (r.Reason != "") != (test.want == sdk.Unknown) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	for state, want := range map[sdk.State]sdk.State{sdk.Available: sdk.StateUnknown, sdk.Disabled: sdk.Disabled} {
		r := resultOf(sdk.Found, state)
		if leaveOpen(r, "denied"); r.Image.State != want || (r.Image.StateReason == "denied") != (want == sdk.StateUnknown) {
			t.Errorf("%+v", r.Image)
		}
	}
	none := resultOf(sdk.NotVisible, 0)
	if leaveOpen(none, "denied"); none.Presence != sdk.NotVisible || none.Image != nil {
		t.Errorf("%+v", none)
	}
	r, own := resultOf(sdk.Found, sdk.Available), &sdk.Reference{Kind: "packer-run-uuid", Value: "x"}
	r.Ref.Reference = own
	(&verification{}).heed(r, word{candidates: []builder.Candidate{{ID: id(1), Region: "us-east-1", ARN: goldenARN}}})
	if r.Image.Reference != own {
		t.Errorf("%+v", r.Image.Reference)
	}
	if (&verification{}).heed(r, word{}); !strings.Contains(r.Image.ID, "ami-") || r.Image.State != sdk.Available {
		t.Errorf("%+v", r.Image)
	}
}
