package ami

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// TestLooksForStrangers: where a pattern names something, and the user did not say no.
func TestLooksForStrangers(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		s    settings.AMI
		want bool
	}{
		{settings.AMI{NamePattern: "golden-*"}, true}, {settings.AMI{NamePattern: "golden"}, true}, {settings.AMI{NamePattern: "abc*"}, true}, {settings.AMI{NamePattern: "abc"}, true},
		{settings.AMI{NamePattern: "ab*cd"}, false}, {settings.AMI{NamePattern: "ab?cd"}, false}, {settings.AMI{NamePattern: "*golden"}, false}, {settings.AMI{}, false},
		{settings.AMI{NamePattern: "golden-*", ShowStrangers: &yes}, true}, {settings.AMI{NamePattern: "golden-*", ShowStrangers: &no}, false},
		{settings.AMI{NamePattern: "golden-*", Owners: settings.List{"any"}}, false},
	} {
		if got := LooksForStrangers(test.s); got != test.want {
			t.Errorf("%+v: %v", test.s, got)
		}
	}
}

const name = "golden-*"

// strangers looks for what ids of pages say: OWNER/DAY, each public.
func strangers(t *testing.T, pages map[string]string, s settings.AMI, known Known) (found []sdk.Image, complete bool, f *fake) {
	t.Helper()
	f = &fake{pages: pages, make: func(id string) types.Image {
		owner, day, _ := strings.Cut(id, "/")
		a := types.Image{ImageId: aws.String(id), OwnerId: aws.String(owner), Public: aws.Bool(true), State: types.ImageStateAvailable}
		if owner == "amazon" {
			a.ImageOwnerAlias, a.OwnerId = a.OwnerId, aws.String("9")
		}
		if day != "" {
			a.CreationDate = aws.String("2026-06-" + day + "T00:00:00Z")
		}
		return a
	}}
	found, complete, err := f.reader().Strangers(t.Context(), s, Converter{Region: "us-east-1"}, known)
	if err != nil {
		t.Fatal(err)
	}
	return found, complete, f
}

func day(d int) time.Time { return time.Date(2026, 6, d, 0, 0, 0, 0, time.UTC) }

// TestWhoIsAStranger: who is none of the owners, and has what may be newer.
func TestWhoIsAStranger(t *testing.T) {
	known := Known{Owners: map[string]bool{"1": true, "amazon": true}, Public: map[string]bool{"/25": true}, Newest: day(10)}
	found, complete, _ := strangers(t, map[string]string{"": "1/20 amazon/20 /25 2/10 2/09 - 2/11 > p", "p": "4 3/20 5/20 /26"}, settings.AMI{NamePattern: name}, known)
	var got []string
	for _, img := range found {
		got = append(got, img.ID+" "+img.Withheld)
	}
	const not = ", which is not among the owners (self): anybody can publish one under this name"
	want := []string{
		"/26 public AMI of account that EC2 does not name" + not, "3/20 public AMI of account 3" + not, "5/20 public AMI of account 5" + not,
		"2/11 public AMI of account 2" + not, "4 public AMI of account 4" + not,
	}
	if diff := cmp.Diff(want, got); diff != "" || !complete {
		t.Errorf("complete: %v\n%s", complete, diff)
	}
	found, _, _ = strangers(t, map[string]string{"": "3/20"}, settings.AMI{NamePattern: name, Owners: settings.List{"1", "self"}}, known)
	if len(found) != 1 || !strings.Contains(found[0].Withheld, "among the owners (1, self)") {
		t.Errorf("got %+v", found)
	}
}

// TestManyStrangers: the five newest of two pages.
func TestManyStrangers(t *testing.T) {
	known := Known{Newest: day(1)}
	found, complete, f := strangers(t, map[string]string{"": "2/02 2/03 2/04 2/05 > p", "p": "2/06 2/07 2/08 > q", "q": "2/09"}, settings.AMI{NamePattern: name}, known)
	var got []string
	for _, img := range found {
		got = append(got, img.ID)
	}
	if !slices.Equal(got, []string{"2/08", "2/07", "2/06", "2/05", "2/04"}) || complete || !slices.Equal(f.tokens(), []string{"", "p"}) {
		t.Errorf("got %q, complete: %v, asked for %q", got, complete, f.tokens())
	}
}

// TestQueryForStrangers: public and available, by name and without tags, which only an
// owner sees.
func TestQueryForStrangers(t *testing.T) {
	s := settings.AMI{NamePattern: name, Tags: map[string]settings.List{"team": {"a"}}, Filters: map[string]settings.List{"tag-key": {"x"}, "architecture": {"arm64"}}}
	_, _, f := strangers(t, nil, s, Known{})
	var got []string
	for _, by := range f.asked[0].Filters {
		got = append(got, fmt.Sprint(aws.ToString(by.Name), by.Values))
	}
	want := []string{"architecture[arm64]", "image-type[machine]", "name[golden-*]", "is-public[true]", "state[available]"}
	if diff := cmp.Diff(want, got); diff != "" || aws.ToInt32(f.asked[0].MaxResults) != 1000 || f.asked[0].Owners != nil {
		t.Errorf("%+v\n%s", f.asked[0], diff)
	}
}

func TestStrangersThatCannotBeAskedFor(t *testing.T) {
	f := &fake{fail: func(string) error { return errors.New("broken") }}
	found, complete, err := f.reader().Strangers(t.Context(), settings.AMI{}, Converter{}, Known{})
	if err == nil || complete || found != nil {
		t.Errorf("%v, complete: %v, %v", err, complete, found)
	}
}

// TestNote: the newest is of those that can be picked.
func TestNote(t *testing.T) {
	known := Known{Owners: map[string]bool{}, Public: map[string]bool{}}
	for _, img := range []sdk.Image{
		{ID: "a", OwnerID: "1", Public: true, State: sdk.Available, CreatedAt: day(5)},
		{ID: "b", Public: true, State: sdk.Available, CreatedAt: day(4)},
		{ID: "c", State: sdk.Disabled, CreatedAt: day(6)},
		{ID: "d", State: sdk.Available, CreatedAt: day(7), Withheld: "because"},
	} {
		known.Note(img)
	}
	want := Known{Owners: map[string]bool{"1": true}, Public: map[string]bool{"b": true}, Newest: day(5)}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Error(diff)
	}
}
