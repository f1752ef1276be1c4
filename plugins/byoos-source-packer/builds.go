package main

import (
	"hash/fnv"
	"io"
	"strings"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/artifact"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/images"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-packer/internal/manifest"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// lastBuilds knows which build of a manifest made an image last: names of templates and
// of managed images are used again, and the image is then of the later build alone. Packer
// appends, so that is the later one in the file.
type lastBuilds struct {
	config config
	// made is the number of the build by a hash of the image: there may be many.
	made map[[16]byte]int32
	// inRun is the same among the builds of the run that the user names.
	inRun map[[16]byte]int32
	at    int32
}

func newLastBuilds(c config) *lastBuilds {
	return &lastBuilds{config: c, made: map[[16]byte]int32{}, inRun: map[[16]byte]int32{}}
}

// rewind goes back to the file's start: before it is read again, too, as what was noted of
// images that are no longer there is of no use.
func (l *lastBuilds) rewind() { l.at = 0 }

func (l *lastBuilds) note(build manifest.Build) error {
	l.at++
	for _, img := range images.FromBuild(build, l.config.CustomData, l.config.defaults()) {
		key := keyOf(&img)
		l.made[key] = l.at
		if strings.EqualFold(build.RunUUID, l.config.Runs) {
			l.inRun[key] = l.at
		}
	}
	return nil
}

// only leaves out what a later build made again. Of a run that the user names it is
// listed, and not offered.
func (l *lastBuilds) only(made []sdk.Image) []sdk.Image {
	var kept []sdk.Image
	for _, img := range made {
		key := keyOf(&img)
		again := img.State == sdk.Available && l.made[key] != l.at
		if again && l.inRun[key] != l.at {
			continue
		}
		if again {
			img.Withheld = "a later build made the image again under its name, so it is not that of this run"
		}
		kept = append(kept, img)
	}
	return kept
}

// keyOf is the same for all builds that made one image.
func keyOf(img *sdk.Image) (sum [16]byte) {
	hash := fnv.New128a()
	for _, part := range []string{img.Provider, image.CanonicalID(img.Provider, img.ID), ownRegion(img)} {
		_, _ = io.WriteString(hash, part+"\x00") // a hash takes all
	}
	hash.Sum(sum[:0])
	return sum
}

// ownRegion is the region that is a part of an image's identity: that which its artifact's id
// tells. What a build's custom_data or the configuration says of an id that is unique by itself,
// as all but the numbers of Proxmox are, makes no other image of it.
func ownRegion(img *sdk.Image) string {
	if img.Provider != artifact.Proxmox && img.Provenance["region"].From != images.FromArtifactID {
		return ""
	}
	return image.RegionKey(img.Region)
}
