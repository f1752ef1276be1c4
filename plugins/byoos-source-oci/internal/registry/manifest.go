package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk/osfacts"
)

const (
	// maxConfig bounds an image configuration, in bytes.
	maxConfig = 4 << 20
	// maxEntries bounds an index together with those inside it.
	maxEntries = 64
	// maxDepth bounds how deep indexes are nested. A circle needs no bound: the
	// digest of every entry is checked.
	maxDepth = 4
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
	// Unknown says which bound of ours kept it from being read; Platforms is empty then.
	Unknown string
}

// Platform is the image for one platform. What its manifest and configuration
// leave out is empty: almost all of it is optional (OCI image specification).
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
	// Unusable says why no host can run it.
	Unusable string
	// Unknown says which bound of ours kept it from being read.
	Unknown string
	// noImage says why it is no image at all, such as a Helm chart.
	noImage string
}

// Serves tells whether the manifest has an image for an architecture that can be used.
func (m *Manifest) Serves(architecture string) bool {
	return m != nil && slices.ContainsFunc(m.Platforms, func(p Platform) bool {
		return p.Usable() && osfacts.Architecture(p.Architecture) == architecture
	})
}

// Layer is a layer's descriptor.
type Layer struct {
	Digest    string
	MediaType string
}

// Readable tells whether the layer is of a type whose content can be read here
// (image-spec, "OCI Image Layer Filesystem Changeset"; docker's schema 2).
func (l Layer) Readable() bool {
	switch types.MediaType(l.MediaType) {
	case types.OCILayer, types.OCIUncompressedLayer, types.OCILayerZStd, types.OCIRestrictedLayer,
		types.OCIUncompressedRestrictedLayer, types.DockerLayer, types.DockerUncompressedLayer, types.DockerForeignLayer:
		return true
	}
	return false
}

// Usable tells whether the image is there and nothing speaks against it.
func (p Platform) Usable() bool {
	return !p.Missing && p.Unusable == "" && p.Unknown == "" && p.isLinux()
}

// isLinux takes an image that does not name its system for one: only those for
// another are known not to be.
func (p Platform) isLinux() bool { return p.OS == "" || strings.EqualFold(p.OS, "linux") }

// String returns os/architecture[/variant].
func (p Platform) String() string {
	var known []string
	for _, part := range []string{p.OS, p.Architecture, p.Variant} {
		if part != "" {
			known = append(known, part)
		}
	}
	return strings.Join(known, "/")
}

// Manifest reads what a tag points at, with the configuration of every platform.
// It takes one request for the tag and two more for each platform of an index. An
// image that cannot be read is one that is unusable; an error is a registry that
// could not be asked.
func (r *Repository) Manifest(ctx context.Context, tag string) (*Manifest, error) {
	return r.read(ctx, r.repo.Tag(tag), r.Name+":"+tag)
}

// ManifestByDigest is Manifest for what has a digest, whatever tag it has.
func (r *Repository) ManifestByDigest(ctx context.Context, digest string) (*Manifest, error) {
	if _, err := v1.NewHash(digest); err != nil {
		return nil, fmt.Errorf("%q is not a digest", digest)
	}
	return r.read(ctx, r.repo.Digest(digest), r.Name+"@"+digest)
}

func (r *Repository) read(ctx context.Context, ref name.Reference, what string) (*Manifest, error) {
	m := &Manifest{}
	err := r.readManifest(ctx, ref, m)
	if content, ok := errors.AsType[*contentError](err); ok {
		m.Unusable, m.Unknown = r.verdict(content)
		return m, nil
	}
	if err != nil {
		return nil, r.Failed("read "+what, err)
	}
	return m, nil
}

// verdict says of content that cannot be read whether nobody can, or only we cannot.
func (r *Repository) verdict(content *contentError) (unusable, unknown string) {
	said := text(r.host.guard.secrets, content)
	if content.ours {
		return "", said
	}
	return said, ""
}

func (r *Repository) readManifest(ctx context.Context, ref name.Reference, m *Manifest) error {
	d, err := r.host.puller.Get(ctx, ref)
	if err != nil {
		return cmp.Or(aboutIt(err), err)
	}
	m.Digest = d.Digest.String()
	kind, err := kindOf(d)
	m.MediaType = string(kind)
	switch {
	case err != nil:
		return err
	case kind.IsIndex():
		return r.readRoot(ctx, d, m)
	case kind.IsImage():
		return r.readSingle(ctx, d, m)
	}
	m.Unusable = fmt.Sprintf("media type %q is not an image", kind)
	return nil
}

// kindOf returns the media type of a manifest: its own, then that of the answer,
// which may have parameters. Where both are missing, or the answer's is that of
// any JSON, the members tell an index from a manifest (image-spec, "Media Types").
func kindOf(d *remote.Descriptor) (types.MediaType, error) {
	var head struct {
		MediaType types.MediaType `json:"mediaType"`
		Manifests json.RawMessage `json:"manifests"`
		Config    json.RawMessage `json:"config"`
		Layers    json.RawMessage `json:"layers"`
	}
	if err := json.Unmarshal(d.Manifest, &head); err != nil {
		return d.MediaType, bad("its manifest is no JSON object: %w", err)
	}
	for _, said := range []types.MediaType{head.MediaType, d.MediaType} {
		if kind, _, err := mime.ParseMediaType(string(said)); err == nil && !isGeneric(kind) {
			return types.MediaType(kind), nil
		}
	}
	isIndex, isManifest := head.Manifests != nil, head.Config != nil || head.Layers != nil
	switch {
	case isIndex && isManifest:
		return d.MediaType, bad("its manifest has the members of an index and of an image, and no media type")
	case isIndex:
		return types.OCIImageIndex, nil
	case isManifest:
		return types.OCIManifestSchema1, nil
	}
	return d.MediaType, nil
}

// isGeneric tells types that say nothing of what has them.
func isGeneric(kind string) bool {
	return slices.Contains([]string{"application/json", "text/plain", "application/octet-stream", "binary/octet-stream"}, kind)
}

func (r *Repository) readSingle(ctx context.Context, d *remote.Descriptor, m *Manifest) error {
	p, err := r.images.Get(d.Digest.String(), func() (Platform, error) { return r.platform(ctx, d) })
	m.Annotations, p.Annotations = p.Annotations, nil
	if m.Unusable = p.noImage; err == nil && p.noImage == "" {
		m.Platforms = []Platform{p}
	}
	return err
}

func (r *Repository) readRoot(ctx context.Context, d *remote.Descriptor, m *Manifest) error {
	w := &walk{repository: r}
	index, err := parseIndex(d)
	if err != nil {
		return err
	}
	if err := w.index(ctx, index, 1); err != nil {
		return err
	}
	m.Annotations, m.Platforms = index.Annotations, w.platforms
	if len(m.Platforms) == 0 {
		m.Unusable = "its index holds no image"
	}
	return nil
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

// platform reads one image manifest and its configuration.
func (r *Repository) platform(ctx context.Context, d *remote.Descriptor) (p Platform, err error) {
	manifest, err := v1.ParseManifest(bytes.NewReader(d.Manifest))
	if err != nil {
		return p, bad("its manifest cannot be read: %w", err)
	}
	p = Platform{Digest: d.Digest.String(), Annotations: manifest.Annotations}
	if t := manifest.Config.MediaType; t != types.OCIConfigJSON && t != types.DockerConfigJSON {
		p.noImage = fmt.Sprintf("its configuration has the type %q, which is not that of an image", t)
		return p, nil
	}
	raw, err := r.config(ctx, manifest.Config)
	if err != nil {
		return p, err
	}
	var c imageConfig
	if err := json.Unmarshal(raw, &c); err != nil {
		return p, bad("its image configuration is no JSON object: %w", err)
	}
	p.OS, p.Architecture, p.Variant, p.Labels = c.OS, c.Architecture, c.Variant, c.Config.Labels
	p.Created, _ = time.Parse(time.RFC3339, c.Created)
	for _, l := range manifest.Layers {
		p.Layers = append(p.Layers, Layer{Digest: l.Digest.String(), MediaType: string(l.MediaType)})
		if strings.HasSuffix(string(l.MediaType), "+encrypted") {
			p.Unusable = "its layer " + l.Digest.String() + " is encrypted"
		}
	}
	return p, nil
}

func (r *Repository) config(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	large := beyond("its image configuration has more than %d bytes", maxConfig)
	if d.Size > maxConfig {
		return nil, large
	}
	raw, err := r.blob(ctx, d.Digest.String())
	if IsNotFound(err) {
		return nil, bad("its image configuration %s is gone", d.Digest)
	}
	if len(raw) > maxConfig {
		err = large
	}
	return raw, asContent(err)
}

// blob reads at most one byte more than a configuration may have.
func (r *Repository) blob(ctx context.Context, digest string) ([]byte, error) {
	content, err := r.Layer(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	// Reading to the end checks the digest.
	return io.ReadAll(io.LimitReader(content, maxConfig+1))
}
