package builder

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/imagebuilder/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// Candidate is one AMI of one build.
type Candidate struct {
	ID, Region, Account, Name string
	// NoRegion says that Image Builder named none: Region is that of the build.
	NoRegion bool
	// State and Reason as Image Builder sees it; StateUnknown when it does not say, and
	// with a Reason when it says what is not known here.
	State  sdk.State
	Reason string
	// Deprecated says that State is Unusable for that reason alone.
	Deprecated bool
	// System is that of the build, such as Linux; empty when Image Builder does not say.
	System string
	// Built says that the build is no distribution of an older one.
	Built bool
	// Version is the build's, such as 1.0.0/3; ARN names the build.
	Version, ARN string
	// OSVersion is free text, such as "Ubuntu 24".
	OSVersion               string
	CreatedAt, DeprecatedAt time.Time
	Tags                    map[string]string
}

// Against is what Image Builder says against using the AMI, with the reason; without
// one it says nothing. A deprecation that has come is told by its time.
func (c Candidate) Against(now time.Time) (sdk.State, string) {
	byTime := c.Deprecated && !c.DeprecatedAt.IsZero() && !c.DeprecatedAt.After(now)
	switch {
	case c.Reason != "" && !byTime:
		return c.State, c.Reason
	case strings.EqualFold(c.System, string(types.PlatformWindows)), strings.EqualFold(c.System, string(types.PlatformMacos)):
		return sdk.Unusable, "Image Builder says it is a " + c.System + " image"
	}
	return sdk.StateUnknown, ""
}

// distinct leaves each AMI once. One that several builds list, as when it was distributed
// again, is of the build that was made first and that was not deleted; of two that say no
// more, the ARN decides, as builds come in any order.
func distinct(all []Candidate) []Candidate {
	places := map[[2]string]int{}
	var out []Candidate
	var made []time.Time // when the first of all was, which may not be the one that counts
	for _, c := range all {
		place := [2]string{c.Region, c.ID}
		i, again := places[place]
		if !again {
			places[place] = len(out)
			out, made = append(out, c), append(made, c.CreatedAt)
			continue
		}
		if c.CreatedAt.Before(made[i]) {
			made[i] = c.CreatedAt
		}
		if cmp.Or(cmp.Compare(deleted(c), deleted(out[i])), c.CreatedAt.Compare(out[i].CreatedAt), cmp.Compare(c.ARN, out[i].ARN)) < 0 {
			out[i] = c
		}
	}
	for i := range out {
		out[i].CreatedAt = made[i]
	}
	return out
}

func deleted(c Candidate) int {
	if c.State == sdk.Gone {
		return 1
	}
	return 0
}

func (r Reader) candidates(b *types.ImageSummary) []Candidate {
	if b.OutputResources == nil {
		return nil
	}
	var out []Candidate
	for i := range b.OutputResources.Amis {
		a := &b.OutputResources.Amis[i]
		if aws.ToString(a.Image) == "" {
			continue // a distribution that has not made an AMI yet
		}
		c := candidate(b, a.State)
		c.ID, c.Region, c.Account, c.Name = aws.ToString(a.Image), aws.ToString(a.Region), aws.ToString(a.AccountId), aws.ToString(a.Name)
		if c.Region == "" {
			c.Region, c.NoRegion = r.Region, true
		}
		out = append(out, c)
	}
	return out
}

// candidate has what is said of a build as a whole, and the state of one AMI of it. Its
// time is that of the build, which Image Builder notes when it begins; an AMI's own is
// when it was made in its region, also of an old build that is distributed again.
func candidate(b *types.ImageSummary, own *types.ImageState) Candidate {
	c := Candidate{
		Version: versionOf(b), ARN: aws.ToString(b.Arn), OSVersion: aws.ToString(b.OsVersion),
		Tags: b.Tags, DeprecatedAt: aws.ToTime(b.DeprecationTime), System: string(b.Platform), Built: built(b.BuildType),
	}
	if t, err := time.Parse(time.RFC3339, aws.ToString(b.DateCreated)); err == nil {
		c.CreatedAt = t
	}
	c.judge(b.State, own)
	return c
}

// built tells whether what began a build began it anew: the schedule of a pipeline, or an
// import. A build of tomorrow's kind, or one that somebody began, may be a distribution.
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_ImageSummary.html
func built(by types.BuildType) bool {
	return by == types.BuildTypeScheduled || by == types.BuildTypeImport || by == types.BuildTypeImportIso
}

// versionOf is such as 1.0.0/3; the ARN has it too.
func versionOf(b *types.ImageSummary) string {
	if v := aws.ToString(b.Version); v != "" {
		return v
	}
	arn, _ := settings.ParseARN(aws.ToString(b.Arn))
	return strings.TrimSuffix(arn.Version+"/"+arn.Build, "/")
}

// judge sets the state by what is said of the build and of this AMI; what speaks
// against it wins. The service leaves the AMI's own state out, which then is the
// build's.
func (c *Candidate) judge(build, own *types.ImageState) {
	decisive, prefix := own, ""
	if _, against := stateOf(build); own == nil || against != "" {
		decisive, prefix = build, "the build: "
	}
	c.State, c.Reason = stateOf(decisive)
	if c.Reason != "" {
		c.Reason = prefix + c.Reason
	}
	c.Deprecated = decisive != nil && decisive.Status == types.ImageStatusDeprecated
}

// stateOf translates Image Builder's states. A deprecated image can still be
// launched; it is dropped by its deprecation time, or here when it has none. What
// is not said is not known.
func stateOf(s *types.ImageState) (sdk.State, string) {
	if s == nil || s.Status == "" {
		return sdk.StateUnknown, ""
	}
	reason := "Image Builder says it is " + string(s.Status)
	if text := aws.ToString(s.Reason); text != "" {
		reason += ": " + text
	}
	switch s.Status {
	case types.ImageStatusAvailable:
		return sdk.Available, ""
	case types.ImageStatusPending, types.ImageStatusCreating, types.ImageStatusBuilding, types.ImageStatusTesting,
		types.ImageStatusDistributing, types.ImageStatusIntegrating:
		return sdk.Pending, reason
	case types.ImageStatusFailed, types.ImageStatusCancelled:
		return sdk.Failed, reason
	case types.ImageStatusDisabled:
		return sdk.Disabled, reason
	case types.ImageStatusDeleted:
		return sdk.Gone, reason
	case types.ImageStatusDeprecated:
		return sdk.Unusable, reason
	}
	return sdk.StateUnknown, fmt.Sprintf("Image Builder says it is in state %q, which this plugin does not know", s.Status)
}
