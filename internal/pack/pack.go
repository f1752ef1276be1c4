// Package pack turns a picked image into the values of Palette's BYOOS packs,
// generic-byoi and edge-native-byoi, and edits values that exist. It is pure:
// data in, bytes out.
//
// The parameters are those of the packs' own documentation at
// https://docs.spectrocloud.com/integrations/packs/ and, for the edge pack, of
// the block that spectrocloud/CanvOS prints after a build (earthly.sh).
package pack

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/spec"
	"github.com/kubectl-byoos/kubectl-byoos/internal/yamledit"
)

// Input is what pack values are made of.
type Input struct {
	Pack spec.Pack
	// Image is the pick; nil for an edge pack in agent mode.
	Image *image.Image
}

// Field is one scalar of the pack values that this program owns.
type Field struct {
	// Path leads to the value. A key that holds a dot is one element:
	// {"options", "system.uri"}.
	Path       []string         `json:"path"`
	Value      string           `json:"value"`
	Provenance image.Provenance `json:"provenance"`
}

// Values are the owned values of one pack, in the order they are rendered.
type Values struct {
	Pack   spec.PackKind `json:"pack"`
	Fields []Field       `json:"fields"`
	// OwnImage is the item of pack.content.images that stands for the provider
	// image; empty when there is none.
	OwnImage string `json:"ownImage,omitempty"`
	// ContentImages are the further items of pack.content.images.
	ContentImages []string `json:"contentImages,omitempty"`

	// ifPresent are values that the rendered form does not need, kept true in a
	// file that has them.
	ifPresent []Field
	template  *template
}

// Build makes the values of a pack. A value that is missing, or has the wrong
// form, is a *failure.Error that names the key of the spec that sets it.
func Build(in Input) (*Values, error) {
	return (&builder{pack: in.Pack, image: in.Image}).build()
}

func (b *builder) build() (*Values, error) {
	kind := b.pack.Pack
	b.values.Pack = kind
	if r, ok := renderers()[kind]; ok {
		r.build(b)
	} else {
		b.refuse("set packs[].pack to "+strings.Join(spec.PackNames(), " or "), "unknown pack %q", kind)
	}
	if err := failure.Join(b.errs...); err != nil {
		return nil, err
	}
	return &b.values, nil
}

// renderer is how one kind of pack is made, and read back.
type renderer struct {
	build func(*builder)
	// image is what the kind's own key says of the image: see spec.Traits.
	image func(value string) (*image.Image, error)
}

// renderers has one for each of spec.PackKinds.
func renderers() map[spec.PackKind]renderer {
	return map[spec.PackKind]renderer{
		spec.GenericBYOI:    {(*builder).generic, imageOfID},
		spec.EdgeNativeBYOI: {(*builder).edge, imageOfURI},
	}
}

// builder gathers fields, and all that is wrong rather than the first of it.
type builder struct {
	pack   spec.Pack
	image  *image.Image
	values Values
	errs   []error
	// leading asks where a template leads, to whatever image; lead is that.
	leading bool
	lead    spec.Lead
}

// refuse records an invalid or incomplete spec; the message names the pack.
func (b *builder) refuse(next, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.errs = append(b.errs, failure.Usage(next, "pack %q: %s", b.pack.Name, text))
}

// found is a value with its origin; an empty value was not found.
type found struct {
	value string
	from  image.Provenance
}

// choose prefers the user's word from the spec.
func (b *builder) choose(key, users, discovered, field string) found {
	if users != "" {
		return found{users, image.Provenance{From: "spec", Key: "packs[].values." + key}}
	}
	return found{discovered, b.from(field)}
}

func (b *builder) osName() found {
	return b.choose("osName", b.pack.Values.OSName, b.image.OS.Name, "os.name")
}

func (b *builder) osVersion() found {
	return b.choose("osVersion", b.pack.Values.OSVersion, b.image.OS.Version, "os.version")
}

// from returns where the image's field came from; a source that does not say is
// named itself.
func (b *builder) from(field string) image.Provenance {
	p := b.image.Provenance[field]
	if p.From != "" {
		return p
	}
	return image.Provenance{From: "source", Key: cmp.Or(p.Source, b.image.Source)}
}

func (b *builder) required(path []string, key string, f found) {
	if f.value == "" {
		b.refuse("set packs[].values."+key+" in the spec",
			"%s is unknown: image %s (source %q) does not tell it", key, b.image.ID, b.image.Source)
	}
	b.add(path, f.value, f.from)
}

// add takes a field after checking that its text can stand in YAML.
func (b *builder) add(path []string, value string, from image.Provenance) {
	if err := checkText(value); err != nil {
		b.refuse("correct it at its origin ("+origin(from)+")", "%s: %s", strings.Join(path, "."), err)
	}
	b.values.Fields = append(b.values.Fields, Field{Path: path, Value: value, Provenance: from})
}

// keep takes a field that is only written where a file already has it.
func (b *builder) keep(path []string, value string) {
	if checkText(value) == nil {
		b.values.ifPresent = append(b.values.ifPresent, Field{Path: path, Value: value})
	}
}

func origin(from image.Provenance) string {
	if from.Key == "" {
		return from.From
	}
	return from.From + " " + from.Key
}

// checkText refuses what no parameter of a pack can hold.
func checkText(value string) error {
	if !utf8.ValidString(value) {
		return fmt.Errorf("%q is not valid UTF-8", value)
	}
	for _, r := range value {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("%q holds the control character %U", value, r)
		}
		if unicode.Is(unicode.Cf, r) {
			return fmt.Errorf("%q holds the invisible character %U", value, r)
		}
	}
	if strings.TrimSpace(value) != value {
		return fmt.Errorf("%q starts or ends with white space", value)
	}
	return nil
}

// Render returns the values as YAML: two spaces of indentation, every string in
// double quotes (so that 8 stays a string and 24.10 no number), line feeds.
func (v *Values) Render() []byte {
	var out yamledit.Writer
	if images := v.images(); len(images) > 0 {
		out.Items([]string{"pack", "content", "images"}, "image", images)
	}
	for _, field := range v.Fields {
		out.Scalar(field.Path, field.Value)
	}
	return out.Bytes()
}

func (v *Values) images() []string {
	if v.OwnImage == "" {
		return v.ContentImages
	}
	return append([]string{v.OwnImage}, v.ContentImages...)
}
