package ami

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Limits of the search for strangers: it informs, so it must stay cheap.
const (
	maxStrangers     = 5
	maxStrangerPages = 2
	minLiteral       = 3
)

// LooksForStrangers says whether public AMIs of other accounts are listed too.
// A pattern that starts with a wildcard would match too much of what is public.
func LooksForStrangers(s settings.AMI) bool {
	wanted := s.ShowStrangers == nil || *s.ShowStrangers
	return wanted && !s.AnyOwner() && len(literal(s.NamePattern)) >= minLiteral
}

// Known are the AMIs that the owners have: what is no stranger.
type Known struct {
	// Owners are account ids and aliases.
	Owners map[string]bool
	// Public are the ids of public AMIs, for those whose owner EC2 does not name.
	Public map[string]bool
	// Newest is when the newest of them was made.
	Newest time.Time
}

// Note adds an AMI of the owners.
func (k *Known) Note(img sdk.Image) {
	if img.OwnerID != "" {
		k.Owners[img.OwnerID] = true
	} else if img.Public {
		k.Public[img.ID] = true
	}
	if img.State == sdk.Available && img.Withheld == "" && img.CreatedAt.After(k.Newest) {
		k.Newest = img.CreatedAt
	}
}

// Strangers returns, newest first, up to five public AMIs that match s but for
// owner and tags, and may be newer than those that are known: what a search
// without an owner would have picked ("whoAMI"). They are withheld and say why.
// complete is false when there were too many to look at all.
func (r Reader) Strangers(ctx context.Context, s settings.AMI, c Converter, known Known) (found []sdk.Image, complete bool, err error) {
	input := Query(s)
	// The tags of another account's AMI are not visible, so they match nothing.
	input.Filters = slices.DeleteFunc(input.Filters, func(f types.Filter) bool { return strings.HasPrefix(aws.ToString(f.Name), "tag") })
	input.Filters = append(input.Filters, filter("is-public", []string{"true"}), filter("state", []string{"available"}))
	input.MaxResults = aws.Int32(pageSize)
	for range maxStrangerPages {
		out, err := r.call(ctx, &input)
		if err != nil {
			return nil, false, err
		}
		for i := range out.Images {
			found = addStranger(found, &out.Images[i], s, c, known)
		}
		if aws.ToString(out.NextToken) == "" {
			return found, true, nil
		}
		input.NextToken = out.NextToken
	}
	return found, false, nil
}

func addStranger(found []sdk.Image, a *types.Image, s settings.AMI, c Converter, known Known) []sdk.Image {
	if known.Owners[aws.ToString(a.OwnerId)] || known.Owners[aws.ToString(a.ImageOwnerAlias)] || known.Public[aws.ToString(a.ImageId)] {
		return found
	}
	img := c.Image(a)
	if img.ID == "" || !img.CreatedAt.IsZero() && !img.CreatedAt.After(known.Newest) {
		return found
	}
	owner := img.OwnerID
	if owner == "" {
		owner = "that EC2 does not name"
	}
	img.Withheld = fmt.Sprintf("public AMI of account %s, which is not among the owners (%s): anybody can publish one under this name",
		owner, OwnersText(s.Owners))
	found = append(found, img)
	slices.SortFunc(found, func(a, b sdk.Image) int {
		if order := b.CreatedAt.Compare(a.CreatedAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return found[:min(len(found), maxStrangers)]
}

// OwnersText names owners for a message.
func OwnersText(owners []string) string {
	if len(owners) == 0 {
		return settings.Self
	}
	return strings.Join(owners, ", ")
}
