package ami

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
)

// fake answers a DescribeImages at a time, and notes what was asked. A page of it is
// made of ids, and of "> TOKEN" where another one follows.
type fake struct {
	pages map[string]string // by page token
	fail  func(token string) error
	make  func(id string) types.Image
	asked []ec2.DescribeImagesInput
}

func (f *fake) DescribeImages(_ context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	f.asked = append(f.asked, *in)
	token := aws.ToString(in.NextToken)
	if f.fail != nil {
		if err := f.fail(token); err != nil {
			return nil, err
		}
	}
	listed, next, _ := strings.Cut(f.pages[token], "> ")
	out := &ec2.DescribeImagesOutput{}
	if next != "" {
		out.NextToken = aws.String(next)
	}
	for _, id := range strings.Fields(listed) {
		if id == "-" {
			out.Images = append(out.Images, types.Image{})
		} else if f.make != nil {
			out.Images = append(out.Images, f.make(id))
		} else {
			out.Images = append(out.Images, types.Image{ImageId: aws.String(id)})
		}
	}
	return out, nil
}

func (f *fake) reader() Reader {
	return Reader{Client: f, Do: func(ctx context.Context, call func(context.Context) error) error { return call(ctx) }}
}

func (f *fake) tokens() (out []string) {
	for _, in := range f.asked {
		out = append(out, aws.ToString(in.NextToken))
	}
	return out
}

func into(pages *[]string) func([]types.Image) error {
	return func(page []types.Image) error {
		var ids []string
		for i := range page {
			ids = append(ids, aws.ToString(page[i].ImageId))
		}
		*pages = append(*pages, strings.Join(ids, " "))
		return nil
	}
}

var unexported = cmpopts.IgnoreUnexported(ec2.DescribeImagesInput{}, types.Filter{})

// TestWhatIsAskedFor: also what is deprecated and disabled, so that it can be told, and a
// page at a time.
func TestWhatIsAskedFor(t *testing.T) {
	f := &fake{pages: map[string]string{"": "a b > 1", "1": "c"}}
	var got []string
	if err := f.reader().ByIDOf(t.Context(), []string{"self"}, []string{"b", "a", "b"}, into(&got)); err != nil {
		t.Fatal(err)
	}
	want := ec2.DescribeImagesInput{
		Owners: []string{"self"}, Filters: []types.Filter{{Name: aws.String("image-id"), Values: []string{"a", "b"}}},
		MaxResults: aws.Int32(1000), IncludeDeprecated: aws.Bool(true), IncludeDisabled: aws.Bool(true),
	}
	if len(f.asked) != 2 || !slices.Equal(got, []string{"a b", "c"}) {
		t.Fatalf("got %q, asked %d times", got, len(f.asked))
	}
	if diff := cmp.Diff(want, f.asked[0], unexported); diff != "" {
		t.Error(diff)
	}
}

// TestManyIDs are asked for in parts, as EC2 takes 200 values; an error ends it.
func TestManyIDs(t *testing.T) {
	var ids []string
	for i := range 401 {
		ids = append(ids, fmt.Sprintf("ami-%03d", i))
	}
	f := &fake{}
	if err := f.reader().ByID(t.Context(), ids, func([]types.Image) error { return nil }); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, in := range f.asked {
		sizes = append(sizes, len(in.Filters[0].Values))
		if in.Owners != nil {
			t.Errorf("of the owners %q", in.Owners)
		}
	}
	if !slices.Equal(sizes, []int{200, 200, 1}) {
		t.Errorf("parts of %v", sizes)
	}
	f = &fake{fail: func(string) error { return errors.New("broken") }}
	if err := f.reader().ByID(t.Context(), ids, func([]types.Image) error { return nil }); err == nil || len(f.asked) != 1 {
		t.Errorf("%v, asked %d times", err, len(f.asked))
	}
	f = &fake{}
	if err := f.reader().ByID(t.Context(), nil, nil); err != nil || len(f.asked) != 0 {
		t.Errorf("no ids: %v, asked %d times", err, len(f.asked))
	}
}

// TestPageTokenThatExpires: the list begins again, four times in all, and what was told
// already is not told again.
func TestPageTokenThatExpires(t *testing.T) {
	expired := &smithy.GenericAPIError{Code: "InvalidNextToken"}
	for _, test := range []struct {
		failures int
		err      error
		asked    int
	}{{1, expired, 4}, {3, expired, 8}, {4, expired, 8}, {1, errors.New("broken"), 2}} {
		left := test.failures
		f := &fake{pages: map[string]string{"": "a b > 1", "1": "c b"}, fail: func(token string) error {
			if token == "1" && left > 0 {
				left--
				return test.err
			}
			return nil
		}}
		var got []string
		err := f.reader().List(t.Context(), ec2.DescribeImagesInput{}, into(&got))
		whole := test.asked > 2 && test.failures < 4
		if len(f.asked) != test.asked || (err == nil) != whole || whole != slices.Contains(got, "c") || strings.Count(strings.Join(got, " "), "a") != 1 {
			t.Errorf("%d times %v: %v, pages %q, asked for %q", test.failures, test.err, err, got, f.tokens())
		}
	}
}

// TestAMIsWithoutIDs are told of and left out.
func TestAMIsWithoutIDs(t *testing.T) {
	pages := map[string]string{"": "a - - > 1", "1": "b a > 2", "2": "-"}
	for _, test := range []struct {
		failing bool
		want    []int
		pages   []string
	}{{false, []int{2, 1}, []string{"a", "b", ""}}, {true, []int{2}, []string{"a"}}} {
		f := &fake{pages: pages}
		var told []int
		var got []string
		r := f.reader()
		r.Nameless = func(count int) error {
			if told = append(told, count); test.failing {
				return errors.New("the host is gone")
			}
			return nil
		}
		err := r.List(t.Context(), ec2.DescribeImagesInput{}, into(&got))
		if (err != nil) != test.failing || !slices.Equal(told, test.want) || !slices.Equal(got, test.pages) {
			t.Errorf("%v, told %v, pages %q", err, told, got)
		}
	}
	f := &fake{pages: pages}
	var got []string
	if err := f.reader().List(t.Context(), ec2.DescribeImagesInput{}, into(&got)); err != nil || len(got) != 3 {
		t.Errorf("without somebody to tell: %v, %q", err, got)
	}
}

func TestAHostThatTakesNoMore(t *testing.T) {
	gone := errors.New("the host is gone")
	f := &fake{pages: map[string]string{"": "a > 1", "1": "b > 2", "2": "c"}}
	times := 0
	err := f.reader().List(t.Context(), ec2.DescribeImagesInput{}, func([]types.Image) error { times++; return gone })
	if !errors.Is(err, gone) || times != 1 {
		t.Errorf("%v, %d pages", err, times)
	}
}

func TestQuery(t *testing.T) {
	got := Query(settings.AMI{NamePattern: "golden-*", Filters: map[string]settings.List{"architecture": {"arm64"}, "root-device-type": {"ebs"}}})
	got.Filters = append(got.Filters, Query(settings.AMI{Tags: map[string]settings.List{"team": {"a", "b"}, "env": {"prod"}}}).Filters...)
	var lines []string
	for _, f := range got.Filters {
		lines = append(lines, aws.ToString(f.Name)+"="+strings.Join(f.Values, ","))
	}
	want := []string{"architecture=arm64", "image-type=machine", "name=golden-*", "root-device-type=ebs", "image-type=machine", "tag:env=prod", "tag:team=a,b"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

// TestSearches: one's own AMIs are searched for alone, so that the account becomes known.
func TestSearches(t *testing.T) {
	for owners, want := range map[string][][]string{
		"": {{"self"}}, "self": {{"self"}}, "any": {{"self"}, nil}, "1 any": {{"self"}, nil}, "1": {{"1"}}, "1 amazon": {{"1", "amazon"}}, "1 self 2": {{"self"}, {"1", "2"}},
	} {
		if diff := cmp.Diff(want, Searches(strings.Fields(owners))); diff != "" {
			t.Errorf("%s: %s", owners, diff)
		}
	}
}
