package ami

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/trouble"
)

// pageSize is the most that DescribeImages returns at once. Without a page size
// it returns everything, which AWS advises against.
const pageSize = 1000

// maxFilterValues is EC2's limit on the values of one filter.
const maxFilterValues = 200

// maxRestarts of a listing whose page token has expired.
const maxRestarts = 3

// Client is the part of the EC2 API that is used.
type Client interface {
	DescribeImages(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
}

// Reader reads AMIs of one region.
type Reader struct {
	Client Client
	// Do runs one call within its time limit.
	Do func(context.Context, func(context.Context) error) error
	// Nameless is told how many AMIs EC2 described without their ids; it may be nil.
	Nameless func(count int) error
}

// List calls yield with each page of what input describes, each AMI once. A page
// token that expires starts the listing again.
func (r Reader) List(ctx context.Context, input ec2.DescribeImagesInput, yield func([]types.Image) error) error {
	input.MaxResults = aws.Int32(pageSize)
	input.IncludeDeprecated = aws.Bool(true)
	input.IncludeDisabled = aws.Bool(true)
	seen := map[string]struct{}{}
	for restarts := 0; ; restarts++ {
		err := r.pages(ctx, input, seen, yield)
		if restarts == maxRestarts || !trouble.ExpiredPage(err) {
			return err
		}
	}
}

func (r Reader) pages(ctx context.Context, input ec2.DescribeImagesInput, seen map[string]struct{}, yield func([]types.Image) error) error {
	l := newListing(r, input)
	defer l.group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tokens := map[string]struct{}{}
	for p := l.ask(ctx, nil); p != nil; {
		out, next, err := l.take(ctx, p)
		if err != nil {
			return err
		}
		token := aws.ToString(out.NextToken)
		_, repeated := tokens[token]
		tokens[token] = struct{}{}
		nameless := 0
		fresh := slices.DeleteFunc(out.Images, func(a types.Image) bool {
			id := aws.ToString(a.ImageId)
			if id == "" {
				nameless++
				return true
			}
			_, dup := seen[id]
			seen[id] = struct{}{}
			return dup
		})
		if err := yield(fresh); err != nil {
			return err
		}
		if nameless > 0 && r.Nameless != nil {
			if err := r.Nameless(nameless); err != nil {
				return err
			}
		}
		if repeated {
			return trouble.ErrRepeatedPage
		}
		p = next
	}
	return nil
}

func (r Reader) call(ctx context.Context, input *ec2.DescribeImagesInput) (out *ec2.DescribeImagesOutput, err error) {
	err = r.Do(ctx, func(ctx context.Context) error {
		out, err = r.Client.DescribeImages(ctx, input)
		return err
	})
	return out, err
}

// ByID calls yield with the AMIs of ids that are visible to the account. Ids
// that are not are left out without an error: a filter does that, while asking
// for ImageIds fails as a whole for one that is missing.
func (r Reader) ByID(ctx context.Context, ids []string, yield func([]types.Image) error) error {
	return r.ByIDOf(ctx, nil, ids, yield)
}

// ByIDOf is ByID for AMIs of some owners; none means every owner.
func (r Reader) ByIDOf(ctx context.Context, owners, ids []string, yield func([]types.Image) error) error {
	for chunk := range slices.Chunk(unique(ids), maxFilterValues) {
		input := ec2.DescribeImagesInput{Owners: owners, Filters: []types.Filter{filter("image-id", chunk)}}
		if err := r.List(ctx, input, yield); err != nil {
			return err
		}
	}
	return nil
}

func unique(ids []string) []string {
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}

func filter(name string, values []string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}

// Query returns the part of DescribeImages that s asks for, without the owners.
func Query(s settings.AMI) ec2.DescribeImagesInput {
	filters := []types.Filter{filter("image-type", []string{"machine"})}
	if s.NamePattern != "" {
		filters = append(filters, filter("name", []string{s.NamePattern}))
	}
	for key, values := range s.Tags {
		filters = append(filters, filter("tag:"+key, values))
	}
	for name, values := range s.Filters {
		filters = append(filters, filter(name, values))
	}
	slices.SortFunc(filters, func(a, b types.Filter) int { return strings.Compare(aws.ToString(a.Name), aws.ToString(b.Name)) })
	return ec2.DescribeImagesInput{Filters: filters}
}

// Searches splits owners so that the account of the credentials becomes known:
// EC2 accepts "self" but answers with the account's number.
func Searches(owners []string) [][]string {
	if len(owners) == 0 {
		return [][]string{{settings.Self}}
	}
	if slices.Contains(owners, settings.Any) {
		return [][]string{{settings.Self}, nil}
	}
	var out [][]string
	others := slices.DeleteFunc(slices.Clone(owners), func(o string) bool { return o == settings.Self })
	if len(others) < len(owners) {
		out = append(out, []string{settings.Self})
	}
	if len(others) > 0 {
		out = append(out, others)
	}
	return out
}

// literal is the part of a pattern before its first wildcard.
func literal(pattern string) string {
	if i := strings.IndexAny(pattern, "*?"); i >= 0 {
		return pattern[:i]
	}
	return pattern
}
