package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/ami"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/session"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	"github.com/kubectl-byoos/kubectl-byoos/test/fakeaws"
)

// public answers every DescribeImages with one public AMI, without an end, or fails.
type public struct{ err error }

func (p public) DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	if p.err != nil {
		return nil, p.err
	}
	return &ec2.DescribeImagesOutput{NextToken: aws.String("more"), Images: []types.Image{{ImageId: aws.String(id(1)), OwnerId: aws.String("9"), Public: aws.Bool(true), CreationDate: aws.String("?")}}}, nil
}

// TestStrangersInform only: what goes wrong with them is a notice.
func TestStrangersInform(t *testing.T) {
	read := func(p public, ctx context.Context, out sink, account string) (*discovery, error) {
		d, _ := discoveryOf(t, `{"ami":{"namePattern":"golden-*"}}`)
		d.out = out
		reader := ami.Reader{Client: p, Do: func(ctx context.Context, call func(context.Context) error) error { return call(ctx) }}
		return d, d.strangers(ctx, reader, ami.Converter{Region: "r", Account: account, Undated: d.undated.in("r")}, ami.Known{Owners: map[string]bool{}})
	}
	out := &recorder{}
	d, err := read(public{}, t.Context(), out, self)
	if want := `N ami.showStrangers very many public AMIs match "golden-*"; not all of them were looked at`; err != nil || summaries(out.diagnostics) != want || out.diagnostics[0].Scope != "r" || out.diagnostics[0].NextStep != "make namePattern more specific, or set showStrangers: false" {
		t.Errorf("%v\n%+v", err, out.diagnostics)
	}
	if len(out.images) != 2 || d.undated.count != 0 || strings.Contains(out.images[0].Withheld, "could not be asked") {
		t.Errorf("%d of them are told, %+v", d.undated.count, out.images)
	}
	out = &recorder{}
	_, err = read(public{errors.New("broken")}, t.Context(), out, self)
	if want := "N ami.showStrangers could not look for public AMIs of other accounts with a matching name; the answer is complete without them"; err != nil || summaries(out.diagnostics) != want || out.diagnostics[0].Scope != "r" {
		t.Errorf("%v\n%+v", err, out.diagnostics)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := read(public{errors.New("broken")}, ended, &recorder{}, self); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, p := range []public{{}, {errors.New("broken")}} {
		if _, err := read(p, t.Context(), gone{}, self); !errors.Is(err, errGone) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := read(public{}, t.Context(), &sinkThat{&recorder{}, 1}, self); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

// TestOwnersAreNoStrangers, also where none of theirs fits the search.
func TestOwnersAreNoStrangers(t *testing.T) {
	public := func(a *fakeaws.AMI) { a.Owner, a.Public, a.Name = "444455556666", true, "golden-1" }
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june, public)}})
	out := run(t, call{config: `{"ami":{"owners":"444455556666","namePattern":"golden-*","tags":{"team":"a"}}}`})
	out.noErrors(t)
	if len(out.images) > 0 {
		t.Errorf("%+v", out.images)
	}
}

// TestSelfIsSelf: what a search for self finds is one's own, whatever alias EC2 gives it.
func TestSelfIsSelf(t *testing.T) {
	start(t, fakeaws.World{AMIs: []fakeaws.AMI{amiOf("us-east-1", id(1), june, func(a *fakeaws.AMI) { a.OwnerAlias = "amazon" })}})
	if img := run(t, call{config: `{"ami":{}}`}).find(t, id(1)); img.Owner != "self" || img.OwnerID != self {
		t.Errorf("%s %s", img.Owner, img.OwnerID)
	}
}

func TestAnyOwnerIsWarnedOf(t *testing.T) {
	d, out := discoveryOf(t, `{"ami":{"owners":"any","dangerouslyAllowAnyOwner":true}}`)
	want := sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "ami.owners", NextStep: "write the account id that you trust into ami.owners",
		Summary: "AMIs of every account are searched: anybody can publish one with a matching name, and the newest is picked",
	}
	if err := d.warnAnyOwner(); err != nil || cmp.Diff([]sdk.Diagnostic{want}, out.diagnostics) != "" {
		t.Errorf("%v %+v", err, out.diagnostics)
	}
	start(t, searchWorld())
	for n := range 2 {
		some := &sinkThat{&recorder{}, n}
		err := discover(t.Context(), nil, sdk.DiscoverRequest[settings.Config]{Config: d.config, Now: now(), Secrets: &sdk.Secrets{}}, some)
		var told *sdk.Diagnostic
		if err == nil || errors.As(err, &told) && !strings.Contains(told.Detail, errGone.Error()) {
			t.Errorf("after %d messages: %v", n, err)
		}
	}
}

// TestNamelessAMIs are told of, with their region.
func TestNamelessAMIs(t *testing.T) {
	start(t, searchWorld())
	s, err := (*session.Shared)(nil).Open(t.Context(), config(t, `{"ami":{}}`), nil, &sdk.Secrets{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, out := discoveryOf(t, `{"ami":{}}`)
	d.session = s
	if err := d.reader("r").Nameless(2); err != nil || summaries(out.diagnostics) != "W  EC2 describes 2 AMIs without their ids, which are left out" || out.diagnostics[0].Scope != "r" {
		t.Errorf("%v %+v", err, out.diagnostics)
	}
}

// TestEndOfACall: the host's end is no failure of AWS; a limit of time is one.
func TestEndOfACall(t *testing.T) {
	s := &session.Session{Timeout: 7 * time.Second}
	ended, end := context.WithCancel(t.Context())
	end()
	late, cancel := context.WithDeadline(t.Context(), now().Add(-time.Hour*24*365*30))
	defer cancel()
	if err := problem(ended, s, errors.New("x"), "r"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, ctx := range []context.Context{late, t.Context()} {
		var d *sdk.Diagnostic
		if err := problem(ctx, s, context.DeadlineExceeded, "r"); !errors.As(err, &d) || d.Scope != "r" || !strings.Contains(d.Summary, "within 7s") {
			t.Errorf("got %v", err)
		}
	}
	f := failures{session: s}
	if _, err := f.add(ended, errors.New("x"), "r"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	v := &verification{session: s, out: &recorder{}}
	if _, err := v.told(ended, errors.New("x"), "r"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	d, out := discoveryOf(t, `{"ami":{}}`)
	err := d.eachRegion(ended, []string{"a"}, func(context.Context, string) error { return errors.New("x") })
	if !errors.Is(err, context.Canceled) || len(out.diagnostics) > 0 {
		t.Errorf("%v %+v", err, out.diagnostics)
	}
	d.out = gone{}
	if err := d.eachRegion(t.Context(), []string{"a"}, func(context.Context, string) error { return nil }); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

// TestFailuresInOrder: those of the first regions first, and what differs as an example.
func TestFailuresInOrder(t *testing.T) {
	f := failures{session: &session.Session{}}
	for _, one := range []struct{ region, code, text string }{
		{"d", "AuthFailure", "x"}, {"c", "Throttling", "in c"}, {"b", "Throttling", "in b"}, {"f", "OptInRequired", "one"}, {"e", "OptInRequired", "two"},
	} {
		if _, err := f.add(t.Context(), apiError(one.code, one.text), one.region); err != nil {
			t.Fatal(err)
		}
	}
	out := &recorder{}
	if err := f.tell(out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range out.diagnostics {
		got = append(got, fmt.Sprintf("%s: %s", d.Scope, d.Detail))
	}
	if diff := cmp.Diff([]string{"b, c: Throttling: in b", "d: AuthFailure: x", "e, f: e: OptInRequired: two"}, got); diff != "" {
		t.Error(diff)
	}
	if err := f.tell(gone{}); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

type answer struct{ code, text string }

func apiError(code, text string) error { return &answer{code, text} }

func (a *answer) Error() string        { return a.code + ": " + a.text }
func (a *answer) ErrorCode() string    { return a.code }
func (a *answer) ErrorMessage() string { return a.text }
func (a *answer) ErrorFault() (f smithy.ErrorFault) {
	return f
}

// TestWhatThePluginSaysOfItself is what a host goes by.
func TestWhatThePluginSaysOfItself(t *testing.T) {
	info := source{}.Describe()
	if info.Name != "aws" || !cmp.Equal(info.Providers, []string{"aws"}) || !info.UsesHints || len(info.Environment) < 20 || !strings.Contains(info.Summary, "AMIs") || !strings.HasSuffix(info.Homepage, "docs/sources/aws.md") {
		t.Errorf("%+v", info)
	}
	if logger(nil).Enabled(t.Context(), slog.LevelError) {
		t.Error("without a log something is logged")
	}
	if log := slog.Default(); logger(log) != log {
		t.Error("another log")
	}
}
