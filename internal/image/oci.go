package image

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// OCIReference is an OCI reference, taken apart. The registry is whatever precedes the
// first slash when it looks like a host, as the distribution project's reference
// grammar has it.
type OCIReference struct{ Registry, Repo, Tag, Digest string }

// ociForms are those of the parts of a reference.
type ociForms struct{ repo, host, tag, digest *regexp.Regexp }

// forms are made when the first reference is read: plugins start with this package, and
// most read none.
var forms = sync.OnceValue(func() ociForms {
	return ociForms{
		repo:   regexp.MustCompile(`^[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*$`),
		host:   regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*(:[0-9]{1,5})?$|^\[[0-9a-fA-F:]+\](:[0-9]{1,5})?$`),
		tag:    regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`),
		digest: regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`),
	}
})

// ParseOCI takes an OCI reference apart.
func ParseOCI(text string) (OCIReference, error) {
	var ref OCIReference
	rest, tag, digest := cut(text)
	if digest != "" {
		if ref.Digest = digest[1:]; !forms().digest.MatchString(ref.Digest) {
			return ref, fmt.Errorf("%q is no image reference: %q is no sha256 or sha512 digest", text, ref.Digest)
		}
	}
	if tag != "" {
		if ref.Tag = tag[1:]; !forms().tag.MatchString(ref.Tag) {
			return ref, fmt.Errorf("%q is no image reference: %q is no tag", text, ref.Tag)
		}
	}
	if host, repo, ok := strings.Cut(rest, "/"); ok && isHost(host) {
		ref.Registry, rest = host, repo
	}
	if !forms().repo.MatchString(rest) {
		return ref, fmt.Errorf("%q is no image reference: %q is no repository name", text, rest)
	}
	ref.Repo = rest
	return ref, nil
}

// cut is a reference in its parts, whatever they are: the tag begins with : and the digest
// with @. What is behind the : of a port has a slash.
func cut(text string) (name, tag, digest string) {
	name, _, _ = strings.Cut(text, "@")
	digest = text[len(name):]
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon:]
	}
	return name, tag, digest
}

func isHost(text string) bool {
	return (strings.ContainsAny(text, ".:") || text == "localhost") && forms().host.MatchString(text)
}

// Name is registry/repository, without the registry where there is none.
func (r OCIReference) Name() string { return strings.TrimPrefix(r.Registry+"/"+r.Repo, "/") }

// Repository is the name of an id that is an OCI reference; empty for what is none.
func Repository(id string) string {
	ref, err := ParseOCI(id)
	if err != nil {
		return ""
	}
	return ref.Name()
}

// Repositories is a set of names of repositories.
type Repositories map[string]bool

// Add adds the repository of an id, if it has one. Most ids are further tags of one that is
// known, and taking a reference apart is slow.
func (r Repositories) Add(id string) {
	if name, _, _ := cut(id); r[name] {
		return
	}
	if name := Repository(id); name != "" {
		r[name] = true
	}
}

// WithoutScheme is a reference without what Kairos may have before it.
func WithoutScheme(text string) string { return strings.TrimPrefix(text, "container://") }

// CheckOCI tells what is wrong with a reference that a pack uses: it must have a tag
// or a digest.
func CheckOCI(text string) error {
	text = WithoutScheme(text)
	ref, err := ParseOCI(text)
	if err != nil {
		return err
	}
	if ref.Tag == "" && ref.Digest == "" {
		return fmt.Errorf("%q has neither a tag nor a digest", text)
	}
	return nil
}
