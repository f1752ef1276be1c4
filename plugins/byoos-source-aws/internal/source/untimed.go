package source

import (
	"cmp"
	"sync"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// untimed are the AMIs of builds of which Image Builder does not say when they were made.
// EC2 has the time of each copy, so that one that was distributed again would be newer
// than it is: the oldest AMI of a build tells the age of all.
type untimed struct {
	mu     sync.Mutex
	builds map[string][]sdk.Image
}

func (u *untimed) keep(c builder.Candidate, img sdk.Image) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.builds == nil {
		u.builds = map[string][]sdk.Image{}
	}
	build := cmp.Or(c.ARN, c.Version, c.ID)
	u.builds[build] = append(u.builds[build], img)
}

// send sends them when all regions are read.
func (u *untimed) send(out sink) error {
	if len(u.builds) == 0 {
		return nil
	}
	for _, build := range ids(u.builds) {
		images := u.builds[build]
		oldest := time.Time{}
		for _, img := range images {
			if at := img.CreatedAt; !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
				oldest = at
			}
		}
		for i := range images {
			images[i].CreatedAt = oldest
		}
		if err := out.Images(images...); err != nil {
			return err
		}
	}
	return out.Report(sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "imageBuilder",
		Summary: "Image Builder does not say when " + plural(len(u.builds), "build was", "builds were") +
			" made, each is taken to be as old as its oldest AMI: " + some(ids(u.builds)),
		NextStep: "set newestBy: version, if a distribution is done again later",
	})
}
