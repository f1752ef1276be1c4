package main

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/builder"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-aws/internal/settings"
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
// A build is as old as the oldest that is known of it: when it began, when its AMIs were
// made, and how old the builds are that these are copies of. An AMI is never older than
// what is in it, so where a build lists one from before it began, an older build made it.
type ages struct {
	mu    sync.Mutex
	self  string                       // the account of the credentials, where it is known
	kept  map[string][]sdk.Image       // by build
	away  map[string][]sdk.Image       // by build, what is in regions that nobody asked for
	known map[string]builder.Candidate // what Image Builder lists, by id
	shown map[string]time.Time         // when AMIs that EC2 showed were made, by id
	asked map[string]bool              // ids that were looked up for their ages alone
}

func buildKey(c builder.Candidate) string { return cmp.Or(c.ARN, c.Version, c.ID) }

// know takes all that Image Builder lists, also what is in other regions than are read.
func (a *ages) know(listed []builder.Candidate, self string) {
	a.self = self
	a.kept, a.away, a.known = map[string][]sdk.Image{}, map[string][]sdk.Image{}, map[string]builder.Candidate{}
	a.shown, a.asked = map[string]time.Time{}, map[string]bool{}
	for _, c := range listed {
		a.known[c.ID] = c
	}
}

// keep takes an AMI as Image Builder lists it.
func (a *ages) keep(c builder.Candidate, img sdk.Image) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept[buildKey(c)] = append(a.kept[buildKey(c)], img)
}

// show takes an AMI as EC2 has it.
func (a *ages) show(img sdk.Image) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown[img.ID] = img.CreatedAt
}

// trace takes an AMI that tells of others how old they are, and is not sent. Image Builder
// need not list it: the record of a build may be deleted before its AMIs.
func (a *ages) trace(img sdk.Image) {
	a.show(img)
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, listed := a.known[img.ID]; !listed {
		a.known[img.ID] = builder.Candidate{ID: img.ID, Region: img.Region}
	}
	build := buildKey(a.known[img.ID])
	a.away[build] = append(a.away[build], img)
}

// all are the AMIs of a build that were looked up.
func (a *ages) all(build string) []sdk.Image { return slices.Concat(a.kept[build], a.away[build]) }

// builds are those with AMIs that were looked up.
func (a *ages) builds() []string {
	all := maps.Clone(a.kept)
	maps.Copy(all, a.away)
	return ids(all)
}

func fromInstance(img sdk.Image) bool { return img.Attributes["sourceInstanceId"] != "" }

// source is what an AMI is a copy of, where Image Builder lists that, or EC2 tells it of an
// AMI of the account, or of one that a build of the account was distributed to: of others
// not all may be seen. An AMI that was made from an instance was built, and is no copy.
func (a *ages) source(img sdk.Image) (builder.Candidate, bool) {
	id := img.Attributes["sourceImageId"]
	if id == "" || fromInstance(img) {
		return builder.Candidate{}, false
	}
	if source, listed := a.known[id]; listed {
		return source, true
	}
	region := cmp.Or(img.Attributes["sourceImageRegion"], img.Region)
	ours := img.Owner == settings.Self || img.Reference != nil && a.self != "" && accountOf(img.Reference.Value) == a.self
	return builder.Candidate{ID: id, Region: region}, ours && settings.IsRegion(region)
}

// unasked are the AMIs that others are copies of and that were not looked up, by region:
// each may be a copy itself, of an older build.
func (a *ages) unasked(read func(region string) bool) map[string][]string {
	byRegion := map[string][]string{}
	for _, build := range a.builds() {
		for _, img := range a.all(build) {
			source, isCopy := a.source(img)
			_, listed := a.known[source.ID]
			_, shown := a.shown[source.ID]
			if !isCopy || shown || a.asked[source.ID] || listed && read(source.Region) {
				continue
			}
			a.asked[source.ID] = true
			byRegion[source.Region] = append(byRegion[source.Region], source.ID)
		}
	}
	return byRegion
}

// lost are the builds that may be older than is known, the newest first, as these may be
// picked for it.
func (a *ages) lost(made map[string]time.Time) []string {
	began := a.began()
	lost := slices.DeleteFunc(ids(a.kept), func(build string) bool { return !a.isLost(build, began) })
	slices.SortStableFunc(lost, func(x, y string) int { return made[y].Compare(made[x]) })
	return lost
}

// isLost tells whether a build is a copy of what EC2 does not show, or of what has no time,
// and no AMI of it or of what it is a copy of is seen to be built: there a build began. What
// is encrypted in the region where it was built is a copy of an AMI that is not kept.
func (a *ages) isLost(build string, began map[string]time.Time) bool {
	lost := false
	trail := []string{build}
	for i := 0; i < len(trail); i++ {
		for _, img := range a.all(trail[i]) {
			at, shown := a.shown[img.ID]
			timeless := at.IsZero() && began[trail[i]].IsZero()
			if shown && (fromInstance(img) || a.known[img.ID].Built) && !timeless {
				return false
			}
			source, isCopy := a.source(img)
			if !isCopy {
				lost = lost || shown && timeless && trail[i] != build
				continue
			}
			_, shown = a.shown[source.ID]
			lost = lost || !shown
			if of := buildKey(source); !slices.Contains(trail, of) {
				trail = append(trail, of)
			}
		}
	}
	return lost
}

// send sends the AMIs when all regions are read. Ages that may be wrong matter where they
// come first.
func (a *ages) send(out sink, by sdk.NewestBy) error {
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
	slices.Sort(copies) // regions answer in any order
	if n := len(copies); n > 0 {
		err := out.Report(sdk.Diagnostic{
			Severity: sdk.Notice, ConfigPath: "imageBuilder",
			Summary: text.Count(n, "AMI is", "AMIs are") + " of older builds that were distributed again, and taken to be as old: " + text.Some(copies, shown),
		})
		if err != nil {
			return err
		}
	}
	if lost := a.lost(made); len(lost) > 0 && by != sdk.NewestByVersion {
		err := out.Report(sdk.Diagnostic{
			Severity: sdk.Notice, ConfigPath: "imageBuilder",
			Summary: "EC2 does not show what the AMIs of " + text.Count(len(lost), "build", "builds") +
				" are copies of, so each is taken to be as old as Image Builder says, which is not so if an older build was distributed again: " + text.Some(lost, shown),
			NextStep: "set newestBy: version, if that is done",
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
		Summary: "Image Builder does not say when " + text.Count(len(untimed), "build was", "builds were") +
			" made, each is taken to be as old as its oldest AMI: " + text.Some(untimed, shown),
		NextStep: "set newestBy: version, if a distribution is done again later",
	})
}

// began is when builds began, by Image Builder.
func (a *ages) began() map[string]time.Time {
	began := map[string]time.Time{}
	for _, c := range a.known {
		began[buildKey(c)] = earlier(began[buildKey(c)], c.CreatedAt)
	}
	return began
}

// made is when builds were made by what is said of them and of their AMIs, and of which
// Image Builder does not say it.
func (a *ages) made() (made map[string]time.Time, untimed []string) {
	made = a.began()
	for _, build := range a.builds() {
		if made[build].IsZero() && len(a.kept[build]) > 0 {
			untimed = append(untimed, build)
		}
		for _, img := range a.all(build) {
			made[build] = earlier(made[build], a.shown[img.ID])
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
// which these are, or an AMI that was there before its build began.
func (a *ages) origins(made map[string]time.Time) map[string]string {
	origins := map[string]string{}
	for build, began := range a.began() {
		for _, img := range a.all(build) {
			if at := a.shown[img.ID]; at.Before(began) && at.Equal(made[build]) {
				origins[build] = img.ID
			}
		}
	}
	for again := true; again; {
		again = false
		for _, build := range a.builds() {
			for _, img := range a.all(build) {
				source, isCopy := a.source(img)
				at := made[buildKey(source)]
				if !isCopy || earlier(made[build], at).Equal(made[build]) {
					continue
				}
				made[build], again = at, true
				origins[build] = cmp.Or(origins[buildKey(source)], buildKey(source))
			}
		}
	}
	return origins
}
