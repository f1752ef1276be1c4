package source

import (
	"maps"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/byoos-source-azure/internal/secret"
	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
)

// clean takes secrets out of what is told.
func (s *session) clean(d sdk.Diagnostic) sdk.Diagnostic {
	for _, text := range []*string{&d.Summary, &d.Detail, &d.NextStep, &d.Scope} {
		*text = s.scrubber.Text(*text)
	}
	return d
}

// send sends images without secrets.
func (d *discovery) send(images ...sdk.Image) error {
	clean := make([]sdk.Image, len(images))
	for i, image := range images {
		clean[i] = scrubbed(image)
	}
	return d.out.Images(clean...)
}

// scrubbed returns an image without what has the form of a secret in what Azure says
// of it. Secrets of the environment are not searched for: Azure is not told them in
// an image, and a short one would be found within names.
func scrubbed(image sdk.Image) sdk.Image {
	text := secret.Scrubber{}.Text
	for _, fact := range []*string{
		&image.ID, &image.FullID, &image.Name, &image.StateReason, &image.Withheld, &image.OSName, &image.OSVersion, &image.KubernetesVersion, &image.Version,
		&image.Architecture, &image.Region,
	} {
		*fact = text(*fact)
	}
	image.Tags, image.Attributes = scrubbedValues(image.Tags), scrubbedValues(image.Attributes)
	image.Provenance = maps.Clone(image.Provenance) // regions of a version share it
	for field, p := range image.Provenance {
		p.Key, p.Raw = text(p.Key), text(p.Raw)
		image.Provenance[field] = p
	}
	return image
}

func scrubbedValues(in map[string]string) map[string]string {
	out := maps.Clone(in)
	for key, value := range out {
		out[key] = secret.Scrubber{}.Text(value)
	}
	return out
}
