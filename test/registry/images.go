package registry

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Files of a layer by name. A value that begins with "-> " makes a symbolic link.
type Files map[string]string

// Image describes an image to push.
type Image struct {
	// Architectures of the image; more than one makes an index. Default: amd64.
	Architectures []string
	Created       time.Time
	Labels        map[string]string
	// Layers from the bottom up.
	Layers []Files
}

// Push builds an image and pushes it under a reference. It returns the digest
// that the reference has then.
func Push(reference string, image Image, options ...remote.Option) (string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	architectures := image.Architectures
	if len(architectures) == 0 {
		architectures = []string{"amd64"}
	}
	if len(architectures) == 1 {
		img, err := build(image, architectures[0])
		if err != nil {
			return "", err
		}
		digest, err := img.Digest()
		if err != nil {
			return "", err
		}
		return digest.String(), remote.Write(ref, img, options...)
	}
	index := v1.ImageIndex(empty.Index)
	for _, architecture := range architectures {
		img, err := build(image, architecture)
		if err != nil {
			return "", err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	return digest.String(), remote.WriteIndex(ref, index, options...)
}

func build(image Image, architecture string) (v1.Image, error) {
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: architecture,
		Created: v1.Time{Time: image.Created},
		RootFS:  v1.RootFS{Type: "layers"},
		Config:  v1.Config{Labels: image.Labels},
	})
	if err != nil {
		return nil, err
	}
	for _, files := range image.Layers {
		content, err := Tar(files)
		if err != nil {
			return nil, err
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(content)), nil
		})
		if err != nil {
			return nil, err
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			return nil, err
		}
	}
	return img, nil
}

// Tar returns a tar archive of files, sorted by name.
func Tar(files Files) ([]byte, error) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: file, Mode: 0o644, Size: int64(len(files[file]))}
		target, link := strings.CutPrefix(files[file], "-> ")
		if link {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if link {
			continue
		}
		if _, err := io.WriteString(archive, files[file]); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}

// KairosRelease is an /etc/kairos-release as Kairos writes it.
func KairosRelease(flavor, release string) string {
	return fmt.Sprintf(`KAIROS_FAMILY="debian"
KAIROS_FLAVOR=%q
KAIROS_FLAVOR_RELEASE=%q
KAIROS_ID="kairos"
KAIROS_MODEL="generic"
KAIROS_VARIANT="core"
`, flavor, release)
}

// Ubuntu returns the layers of an edge host of Ubuntu: a base system, and what
// CanvOS adds to it.
func Ubuntu(release string) []Files {
	return []Files{
		{
			"etc/os-release":     "-> ../usr/lib/os-release",
			"usr/lib/os-release": fmt.Sprintf("ID=ubuntu\nVERSION_ID=%q\nNAME=\"Ubuntu\"\n", release),
		},
		{"etc/kairos-release": KairosRelease("ubuntu", release)},
		{"opt/spectrocloud/bin/agent-provider-stylus": "#!/bin/sh\n"},
	}
}

// TarZeros writes a tar archive of one file of zeros.
func TarZeros(w io.Writer, file string, size int64) error {
	archive := tar.NewWriter(w)
	if err := archive.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for left := size; left > 0; left -= int64(len(block)) {
		if _, err := archive.Write(block[:min(left, int64(len(block)))]); err != nil {
			return err
		}
	}
	return archive.Close()
}
