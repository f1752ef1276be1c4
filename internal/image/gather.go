package image

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Merge is an image that was found more than once, and what was made of that.
type Merge struct {
	ID           string   `json:"id"`
	Region       string   `json:"region,omitempty"`
	Architecture string   `json:"architecture,omitempty"`
	Sources      []string `json:"sources"`
	// Contradictions are the facts on which the sources do not agree, with which of
	// them is believed.
	Contradictions []string `json:"contradictions,omitempty"`
	// Withheld says which of the sources do not offer it, and why.
	Withheld []string `json:"withheld,omitempty"`
}

// group is what is said of one place.
type group struct {
	first      *Image
	more       []*Image
	bystanders []*Image
}

func (g *group) all() []*Image { return append([]*Image{g.first}, g.more...) }

// Gather makes one image of all that is said of it in a region, by the rules of
// docs/selection.md ("One image once"). Statements of sources other than those
// named (none: all count) add no image and no fact; only what a service that was
// asked says against an image (its state, when it is deprecated or at its end of life,
// that it is excluded) is believed of them too. It does not change its
// input, and the order of that does not matter but for the order of the result.
func Gather(statements []Image, sources []string) ([]*Image, []Merge) {
	groups := grouped(statements, sources)
	images := make([]*Image, 0, len(groups))
	var merges []Merge
	for i := range groups {
		g := &groups[i]
		if g.first == nil {
			continue
		}
		if g.more == nil && g.bystanders == nil {
			images = append(images, g.first)
			continue
		}
		for _, part := range parts(g.all()) {
			one, merge := combine(part, g.bystanders)
			images = append(images, one)
			if len(part) > 1 {
				merges = append(merges, merge)
			}
		}
	}
	dateCopies(images)
	slices.SortFunc(merges, func(a, b Merge) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Architecture, b.Architecture),
			slices.Compare(a.Sources, b.Sources), slices.Compare(a.Contradictions, b.Contradictions))
	})
	return images, merges
}

// grouped puts together what is said of one place. What is said of an image without
// a region is said of it in every region.
func grouped(statements []Image, sources []string) []group {
	index := make(map[Place]int, len(statements))
	groups := make([]group, 0, len(statements))
	var nowhere []int
	for i := range statements {
		img := &statements[i]
		if !counts(img, sources) {
			continue
		}
		at := img.Place()
		if at.ID != "" { // artifacts without an id are not one
			if known, found := index[at]; found {
				groups[known].more = append(groups[known].more, img)
				continue
			}
			index[at] = len(groups)
			if at.Region == "" {
				nowhere = append(nowhere, len(groups))
			}
		}
		groups = append(groups, group{first: img})
	}
	spread(groups, nowhere)
	addBystanders(groups, statements, sources)
	return groups
}

func counts(img *Image, sources []string) bool {
	return len(sources) == 0 || slices.Contains(sources, img.Source)
}

// spread adds the groups that have no region to those of the same image that do.
func spread(groups []group, nowhere []int) {
	if nowhere == nil {
		return
	}
	regional := map[Identity][]int{}
	for i := range groups {
		if at := groups[i].first.Place(); at.Region != "" {
			regional[at.Identity] = append(regional[at.Identity], i)
		}
	}
	for _, i := range nowhere {
		places := regional[groups[i].first.Identity()]
		for _, other := range places {
			groups[other].more = append(groups[other].more, groups[i].all()...)
		}
		if places != nil {
			groups[i].first = nil
		}
	}
}

// addBystanders lets the services that other sources asked speak against an id.
func addBystanders(groups []group, statements []Image, sources []string) {
	against := map[Identity][]*Image{}
	for i := range statements {
		if img := &statements[i]; !counts(img, sources) && img.asked() && img.speaksAgainst() && img.ID != "" {
			against[img.Identity()] = append(against[img.Identity()], img)
		}
	}
	if len(against) == 0 {
		return
	}
	for i := range groups {
		g := &groups[i]
		if g.first == nil {
			continue
		}
		said := against[g.first.Identity()]
		good := said != nil && g.wide() && slices.ContainsFunc(statements, func(img Image) bool {
			return img.usable() && img.asked() && !counts(&img, sources) && img.Identity() == g.first.Identity()
		})
		for _, img := range said {
			if covers(img, g.first) || g.first.Region == "" && (!good || img.usable()) {
				g.bystanders = append(g.bystanders, img)
			}
		}
	}
}

// wide tells whether statements without a region are on an id that is good in several:
// what is said against it in some of these is not said of the image, unless it is not
// good in any.
func (g *group) wide() bool {
	return g.first.Region == "" && slices.ContainsFunc(g.all(), func(img *Image) bool { return img.SpansRegions })
}

// usable tells whether nothing is said against using an image where the statement is
// about.
func (i *Image) usable() bool { return !i.State.Refuses() && !i.ExcludedFromLatest }

// speaksAgainst tells whether a statement holds what keeps an image from being used,
// now or later.
func (i *Image) speaksAgainst() bool {
	return i.State.Refuses() || i.DeprecatedAt != nil || i.EndOfLifeAt != nil || i.ExcludedFromLatest
}

// covers tells whether what is said of an image in one place holds in that of
// another statement on it.
func covers(said, of *Image) bool {
	return said.Region == "" || RegionKey(said.Region) == RegionKey(of.Region)
}

// dateCopies makes a copy of another build's AMI, which Image Builder lists as a build of
// the day of the copy, as old as that build. What the copy was made of only its own
// account sees, and of what build that is only the account of the pipeline.
// https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_DistributeImage.html
func dateCopies(images []*Image) {
	var copies []int
	for i, img := range images {
		if img.Attributes["sourceImageId"] != "" && img.Attributes["sourceInstanceId"] == "" && img.ofImageBuilder() && img.CreatedAt != nil {
			copies = append(copies, i)
		}
	}
	builds := map[string]int{}
	for i, img := range images {
		if img.ofImageBuilder() {
			builds[img.ID] = i
		}
	}
	slices.SortStableFunc(copies, func(a, b int) int { return images[a].CreatedAt.Compare(*images[b].CreatedAt) }) // a copy may be of one
	for _, i := range copies {
		at, listed := builds[images[i].Attributes["sourceImageId"]]
		if !listed {
			continue
		}
		of := images[at]
		if *of.Reference == *images[i].Reference || of.CreatedAt == nil || !of.CreatedAt.Before(*images[i].CreatedAt) {
			continue
		}
		dated := *images[i]
		dated.CreatedAt = of.CreatedAt
		dated.Provenance = maps.Clone(dated.Provenance)
		if dated.Provenance == nil {
			dated.Provenance = map[string]Provenance{}
		}
		dated.Provenance["createdAt"] = Provenance{Source: of.Source, From: "api", Key: "imagebuilder", Raw: of.Reference.Value}
		images[i] = &dated
	}
}

// ofImageBuilder tells whether an AMI came out of a build of Image Builder.
func (i *Image) ofImageBuilder() bool {
	return i.Reference != nil && i.Reference.Kind == "arn" && strings.EqualFold(i.Provider, "aws")
}
