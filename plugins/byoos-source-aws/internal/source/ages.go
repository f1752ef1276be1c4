package source

import (
	"cmp"
	"sync"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// ages are the AMIs of builds, kept until all regions are read: together they tell how old
// a build is.
//
// Image Builder distributes an image without building it again, and may list that as a
// build of today; EC2 tells what its AMIs are copies of. What it distributes may be such
// a build itself.
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_DistributeImage.html
//
// Where Image Builder does not say when a build was made, EC2 has the time of each copy:
// the oldest AMI tells the age of all.
type ages struct {
	mu    sync.Mutex
	kept  map[string][]sdk.Image       // by build
	known map[string]builder.Candidate // what Image Builder lists, by id
}

func buildKey(c builder.Candidate) string { return cmp.Or(c.ARN, c.Version, c.ID) }

// know takes all that Image Builder lists, also what is in other regions than are read.
func (a *ages) know(listed []builder.Candidate) {
	a.kept, a.known = map[string][]sdk.Image{}, map[string]builder.Candidate{}
	for _, c := range listed {
		a.known[c.ID] = c
	}
}

// keep takes an AMI as EC2 sees it.
func (a *ages) keep(c builder.Candidate, img sdk.Image) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept[buildKey(c)] = append(a.kept[buildKey(c)], img)
}

// send sends the AMIs when all regions are read.
func (a *ages) send(out sink) error {
	made, untimed := a.made()
	origins := a.origins(made)
	var copies []string
	for _, build := range ids(a.kept) {
		images := a.kept[build]
		for i := range images {
			images[i].CreatedAt = made[build]
			if origin, ok := origins[build]; ok {
				images[i].Provenance["createdAt"] = sdk.Provenance{From: "api", Key: "imagebuilder", Raw: origin}
				copies = append(copies, images[i].ID)
			}
		}
		if err := out.Images(images...); err != nil {
			return err
		}
	}
	if n := len(copies); n > 0 {
		err := out.Report(sdk.Diagnostic{
			Severity: sdk.Notice, ConfigPath: "imageBuilder",
			Summary: plural(n, "AMI is a copy of an older build, and taken to be as old: ", "AMIs are copies of older builds, and taken to be as old: ") + some(copies),
		})
		if err != nil {
			return err
		}
	}
	if len(untimed) == 0 {
		return nil
	}
	return out.Report(sdk.Diagnostic{
		Severity: sdk.Warning, ConfigPath: "imageBuilder",
		Summary: "Image Builder does not say when " + plural(len(untimed), "build was", "builds were") +
			" made, each is taken to be as old as its oldest AMI: " + some(untimed),
		NextStep: "set newestBy: version, if a distribution is done again later",
	})
}

// made is when builds were made by what is said of them alone, and of which Image Builder
// does not say it.
func (a *ages) made() (made map[string]time.Time, untimed []string) {
	made = map[string]time.Time{}
	for _, c := range a.known {
		made[buildKey(c)] = earlier(made[buildKey(c)], c.CreatedAt)
	}
	for _, build := range ids(a.kept) {
		if !made[build].IsZero() {
			continue
		}
		untimed = append(untimed, build)
		for _, img := range a.kept[build] {
			made[build] = earlier(made[build], img.CreatedAt)
		}
	}
	return made, untimed
}

// earlier is the one of two times, of which either may not be known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// origins makes builds as old as the older ones that they are copies of, and returns
// which these are. An AMI that was made from an instance was built.
func (a *ages) origins(made map[string]time.Time) map[string]string {
	origins := map[string]string{}
	for again := true; again; {
		again = false
		for _, build := range ids(a.kept) {
			for _, img := range a.kept[build] {
				source, listed := a.known[img.Attributes["sourceImageId"]]
				at := made[buildKey(source)]
				if !listed || img.Attributes["sourceInstanceId"] != "" || at.IsZero() || !at.Before(made[build]) {
					continue
				}
				made[build], again = at, true
				origins[build] = cmp.Or(origins[buildKey(source)], buildKey(source))
			}
		}
	}
	return origins
}
