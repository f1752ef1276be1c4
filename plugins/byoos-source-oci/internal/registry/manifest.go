package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// maxConfig bounds an image configuration, in bytes.
	maxConfig = 4 << 20
	// maxPlatforms bounds an index.
	maxPlatforms = 64
)

// Manifest is what a tag points at.
type Manifest struct {
	// Digest is that of the index, or of the only manifest: the one that pins
	// the tag for every platform.
	Digest    string
	MediaType string
	// Annotations of the index or the manifest.
	Annotations map[string]string
	Platforms   []Platform
	// Unusable says why no pack can use it; Platforms is empty then.
	Unusable string
}

// Platform is the image for one platform.
type Platform struct {
	OS, Architecture, Variant string
	// Digest of the platform's own manifest.
	Digest      string
	Annotations map[string]string
	Labels      map[string]string
	// Created is as the image says; zero when it does not.
	Created time.Time
	// Layers from the bottom up.
	Layers []Layer
	// Missing says that the index names it, but its manifest is gone.
	Missing bool
}

// Layer is a layer's descriptor.
type Layer struct {
	Digest string
	Size   int64
}

// String returns os/architecture[/variant].
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Manifest reads what a tag points at, with the configuration of every platform.
// It takes one request for the tag and two more for each platform of an index.
func (r *Repository) Manifest(ctx context.Context, tag string) (*Manifest, error) {
	m, err := r.manifest(ctx, tag)
	if err != nil {
		return nil, r.fail("read "+r.Name+":"+tag, err)
	}
	return m, nil
}

func (r *Repository) manifest(ctx context.Context, tag string) (*Manifest, error) {
	d, err := r.host.puller.Get(ctx, r.repo.Tag(tag))
	if err != nil {
		return nil, err
	}
	m := &Manifest{Digest: d.Digest.String(), MediaType: string(d.MediaType)}
	switch {
	case d.MediaType.IsIndex():
		return m, r.readIndex(ctx, d, m)
	case d.MediaType.IsImage():
		return m, r.readSingle(ctx, d, m)
	}
	m.Unusable = fmt.Sprintf("media type %q is not an image", d.MediaType)
	return m, nil
}

func (r *Repository) readSingle(ctx context.Context, d *remote.Descriptor, m *Manifest) error {
	p, annotations, reason, err := r.platform(ctx, d)
	m.Annotations = annotations
	switch {
	case err != nil:
		return err
	case reason != "":
		m.Unusable = reason
	default:
		m.Platforms = []Platform{p}
	}
	return nil
}

func (r *Repository) readIndex(ctx context.Context, d *remote.Descriptor, m *Manifest) error {
	index, err := v1.ParseIndexManifest(bytes.NewReader(d.Manifest))
	if err != nil {
		return fmt.Errorf("parse the index: %w", err)
	}
	if len(index.Manifests) > maxPlatforms {
		return fmt.Errorf("its index has %d entries, more than %d", len(index.Manifests), maxPlatforms)
	}
	m.Annotations = index.Annotations
	for _, entry := range index.Manifests {
		if !isPlatformImage(entry) {
			continue
		}
		child, err := r.host.puller.Get(ctx, r.repo.Digest(entry.Digest.String()))
		if IsNotFound(err) {
			m.Platforms = append(m.Platforms, missing(entry))
			continue
		}
		if err != nil {
			return err
		}
		p, annotations, reason, err := r.platform(ctx, child)
		if err != nil {
			return err
		}
		if reason != "" {
			continue
		}
		p.Annotations = annotations
		m.Platforms = append(m.Platforms, p.as(entry.Platform))
	}
	if len(m.Platforms) == 0 {
		m.Unusable = "its index holds no image"
	}
	return nil
}

// missing is a platform whose manifest is gone while the index still names it.
func missing(entry v1.Descriptor) Platform {
	return Platform{Digest: entry.Digest.String(), Missing: true}.as(entry.Platform)
}

// isPlatformImage leaves out the attestations that BuildKit adds to an index as
// unknown/unknown, and nested indexes.
func isPlatformImage(entry v1.Descriptor) bool {
	if !entry.MediaType.IsImage() {
		return false
	}
	return entry.Platform == nil || entry.Platform.OS != "unknown"
}

// as lets the index say which platform it is: that is what a client picks by.
func (p Platform) as(named *v1.Platform) Platform {
	if named == nil {
		return p
	}
	if named.OS != "" {
		p.OS = named.OS
	}
	if named.Architecture != "" {
		p.Architecture = named.Architecture
	}
	p.Variant = named.Variant
	return p
}

// imageConfig is the part of an image configuration that is of use (OCI image
// specification, config.md).
type imageConfig struct {
	Created      string `json:"created"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
	OS           string `json:"os"`
	Config       struct {
		Labels map[string]string `json:"Labels"`
	} `json:"config"`
}

// platform reads one image manifest and its configuration. reason says why it is
// none, such as a Helm chart.
func (r *Repository) platform(ctx context.Context, d *remote.Descriptor) (
	p Platform, annotations map[string]string, reason string, err error,
) {
	manifest, err := v1.ParseManifest(bytes.NewReader(d.Manifest))
	if err != nil {
		return p, nil, "", fmt.Errorf("parse the manifest: %w", err)
	}
	annotations = manifest.Annotations
	if t := manifest.Config.MediaType; t != types.OCIConfigJSON && t != types.DockerConfigJSON {
		return p, annotations, fmt.Sprintf("its configuration has the type %q, which is not that of an image", t), nil
	}
	raw, err := r.config(ctx, manifest.Config)
	if err != nil {
		return p, annotations, "", err
	}
	var c imageConfig
	if err := json.Unmarshal(raw, &c); err != nil {
		return p, annotations, "", fmt.Errorf("parse the image configuration: %w", err)
	}
	p = Platform{
		OS: c.OS, Architecture: c.Architecture, Variant: c.Variant,
		Digest: d.Digest.String(), Labels: c.Config.Labels,
	}
	p.Created, _ = time.Parse(time.RFC3339, c.Created)
	for _, l := range manifest.Layers {
		p.Layers = append(p.Layers, Layer{Digest: l.Digest.String(), Size: l.Size})
	}
	return p, annotations, "", nil
}

func (r *Repository) config(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	if d.Size > maxConfig {
		return nil, fmt.Errorf("its image configuration has %d bytes, more than %d", d.Size, maxConfig)
	}
	blob, err := r.host.puller.Layer(ctx, r.repo.Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	content, err := blob.Compressed()
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	// Reading to the end checks the digest.
	raw, err := io.ReadAll(io.LimitReader(content, maxConfig+1))
	if err == nil && len(raw) > maxConfig {
		err = fmt.Errorf("its image configuration has more than %d bytes", maxConfig)
	}
	return raw, err
}
