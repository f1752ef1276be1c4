// Package sdk is what an author of an image-source plugin imports. A plugin is
// one type with two or three methods, and a main that tells Main how to make one:
//
//	type source struct{}
//
//	type config struct {
//		Path string `json:"path" jsonschema:"required,description=File to read"`
//	}
//
//	func (source) Describe() sdk.Info { return sdk.Info{Name: "example", Version: "0.1.0"} }
//
//	func (source) Discover(ctx context.Context, req sdk.DiscoverRequest[config], out *sdk.Stream) error {
//		return out.Images(sdk.Image{ID: "ami-1", Provider: "aws", State: sdk.Available})
//	}
//
//	func main() { sdk.Main(func() sdk.Source[config] { return source{} }) }
//
// docs/plugins.md has the whole story.
package sdk

import (
	"context"
	"log/slog"
	"time"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// Source is an image source with configuration C, a struct whose json tags name
// the keys and whose jsonschema tags describe them (github.com/invopop/jsonschema).
// A value answers one call; calls of other sources run at the same time on values
// of their own.
type Source[C any] interface {
	// Describe says what the plugin is. It must not do I/O.
	Describe() Info
	// Discover sends every image that req.Config describes to out. It returns
	// a *Diagnostic (or any error, which becomes one) when the answer is not
	// complete, and ctx.Err() soon after ctx is done.
	Discover(ctx context.Context, req DiscoverRequest[C], out *Stream) error
}

// Verifier is a Source that can also say what became of images picked earlier.
// A plugin that implements it gets CAPABILITY_VERIFY by itself.
type Verifier[C any] interface {
	Source[C]
	// Verify sends one Result for each of req.Refs to out.
	Verify(ctx context.Context, req VerifyRequest[C], out *Results) error
}

// Info describes a plugin.
type Info struct {
	// Name is the type in a spec and the part of the binary's name after
	// "byoos-source-".
	Name string
	// Version is semver without a leading v. Empty means the module version
	// recorded in the binary, or the one that the build of a release set.
	Version string
	// Summary is one sentence for `plugin list`.
	Summary string
	// Providers whose images it returns: aws, azure, gcp, vsphere, oci, ...
	Providers []string
	// Environment names the variables it wants; a trailing * stands for any
	// suffix. The host passes nothing else, but for HOME, PATH, TMPDIR, locale
	// and proxy variables.
	Environment []string
	// SecretEnvironment names those of them, or more, whose values are secrets though
	// their names do not say so (TOKEN, PASSWORD, ...). The host takes the values out
	// of diagnostics, progress, reasons and logs.
	SecretEnvironment []string
	Homepage          string
	// UsesHints says that Discover asks its service for less when Hints are set.
	UsesHints bool
	// ReadsIDs says that Discover knows IDs: it lists some images without all that it
	// can tell, because that takes a request for each, and tells it of those that it is
	// asked for.
	ReadsIDs bool
}

// DiscoverRequest is what the host asks for.
type DiscoverRequest[C any] struct {
	// Source is the source's name in the spec.
	Source string
	// Config is valid by the schema that was generated from C.
	Config C
	// BaseDir is the absolute directory that relative paths in Config start from.
	BaseDir string
	// Now is the host's clock; compare times with it.
	Now   time.Time
	Hints Hints
	// Regions that packs of this source select, also when Hints has none because
	// others take any. A source that Config gives no place looks in these too.
	Regions []string
	// KubernetesVersions are the ranges that packs of this source select, also when Hints
	// has none because others take any. A source that can ask for no more than the newest
	// images asks for the newest of each.
	KubernetesVersions []string
	// IDs are those of images that an earlier answer listed without all that the source
	// can tell: tell all of these, and send no others. None stand for the whole list.
	// They are empty unless Info.ReadsIDs is set.
	IDs []string
	// HostReads says that the host asks with IDs for what matters of an answer, so that
	// it need not tell all of more than a few.
	HostReads bool
	// UserSettings are this plugin's settings in the user's own configuration
	// file. Endpoints are named there or in the environment, never in Config:
	// a spec comes with a cloned repository.
	UserSettings map[string]any
	// Log writes to the host's log; what Secrets knows is taken out.
	Log *slog.Logger
	// Secrets is told what nothing may repeat: tokens, and what a login gave.
	Secrets *Secrets
}

// Hints tell what the host will select later. The host filters again, so using
// them only saves work. Empty means everything.
type Hints struct {
	Providers, Regions, Architectures []string
	// KubernetesVersions are semver ranges as in select: "~1.30". An image that is
	// within one of them may be selected.
	KubernetesVersions []string
	// K8sDistributions (k3s, rke2, ...) and CustomTags are parts of the tags of edge
	// images; a custom tag comes without the suffix of a platform.
	K8sDistributions, CustomTags []string
	// NewestOnly says that the newest of what the other hints say is picked, by no
	// further rule. An image that one which is alike but newer, and can be used, takes
	// the place of on every architecture of the hints need not be sent.
	NewestOnly bool
}

// VerifyRequest asks what became of images.
type VerifyRequest[C any] struct {
	Source  string
	Config  C
	BaseDir string
	Now     time.Time
	Refs    []Ref
	// Regions that packs of this source select. A Ref without a Region is looked
	// for in these and in those of Config.
	Regions []string
	// UserSettings is as in DiscoverRequest.
	UserSettings map[string]any
	Log          *slog.Logger
	Secrets      *Secrets
}

// Ref names an image that was picked earlier.
type Ref struct {
	ID, Provider, Region, Architecture, Digest string
	// FullID is as in Image.
	FullID    string
	Reference *Reference
	// OwnerID is the account that the image belongs to, when it was picked with
	// credentials of that account. Another account that does not see it cannot tell
	// whether it is gone.
	OwnerID string

	number uint32 // counts from 1 in the request; 0 for a Ref that the author made
}

// State is what the service says of an image's usability, and nothing of what its
// source thinks of it: see Image.Withheld.
type State int

// States of an image, with the protocol's numbers.
const (
	StateUnknown = State(sourcev1.State_STATE_UNSPECIFIED)
	Available    = State(sourcev1.State_STATE_AVAILABLE)
	Pending      = State(sourcev1.State_STATE_PENDING)
	Failed       = State(sourcev1.State_STATE_FAILED)
	Disabled     = State(sourcev1.State_STATE_DISABLED)
	// Gone: the source has a record of it, but the image is no more.
	Gone = State(sourcev1.State_STATE_GONE)
	// Unusable: an artifact no pack can use, such as a volume. StateReason says why.
	Unusable = State(sourcev1.State_STATE_UNUSABLE)
)

// Global is the Region of an image that is good in every region.
const Global = "global"

// Image is one machine image in one region. Send a replicated image once for
// each region.
type Image struct {
	// ID is what goes into a pack: AMI id, ARM id, inventory path, OCI reference.
	ID string
	// Provider in lower case: aws, azure, gcp, vsphere, oci, ...
	Provider string
	Name     string
	// Region as the provider spells it, Global, or empty when unknown.
	Region string
	// Architecture as Go and OCI spell it (amd64, arm64). Empty when unknown;
	// package osfacts translates other spellings.
	Architecture string
	// OSName and OSVersion as Palette packs spell them; package osfacts
	// translates raw values.
	OSName, OSVersion string
	// KubernetesVersion without a leading v.
	KubernetesVersion string
	// CreatedAt is when the image's content was made: when its build ended, never
	// when it was copied, pushed or distributed. All regions of a build have one time.
	// Here, in DeprecatedAt and in EndOfLifeAt the zero time means unknown, and one
	// outside of the years 1 to 9999 is an error.
	CreatedAt, DeprecatedAt, EndOfLifeAt time.Time
	// Version is compared as docs/selection.md says: by its numbers, and a pre-release
	// before its release.
	Version            string
	State              State
	StateReason        string
	ExcludedFromLatest bool
	// Owner is "self" for the account that the source reads with, else an alias or id.
	Owner   string
	OwnerID string
	Public  bool
	Tags    map[string]string
	// Digest is algorithm:hex.
	Digest    string
	Reference *Reference
	// Provenance by field name as in JSON output: "id", "os.name",
	// "kubernetesVersion".
	Provenance map[string]Provenance
	// Attributes are provider-specific facts, such as hyperVGeneration.
	Attributes map[string]string
	// NewestBy is what makes one image of the source newer than another; the same
	// for all of them. The host ranks by it.
	NewestBy NewestBy
	// Withheld is why the source does not offer the image, by a policy of its own
	// ("not among the owners"); empty when it does. It is no State: another source of
	// a pack may offer the image.
	Withheld string
	// Evidence is how the source knows State and the facts.
	Evidence Evidence
	// ObservedAt is when the service was asked or the record was written; the zero
	// time means unknown. Of two records the newer is believed.
	ObservedAt time.Time
	// FullID is the whole id when ID is a shorter form of it: what tells the image
	// from all others. It ends with ID.
	FullID string
	// Contradictions are what the image's tags, labels or files say against each other,
	// and which is believed; package osfacts finds those of an operating system. The
	// user gets a warning with each, once for all images that have it.
	Contradictions []string
	// SpansRegions says that ID is good in every region that the image is sent for,
	// as that of a gallery image version is: one image with a state in each.
	SpansRegions bool
}

// Evidence is how a source knows what it says.
type Evidence int

// Kinds of evidence, with the protocol's numbers. The host takes an unknown one for
// Recorded.
const (
	EvidenceUnknown = Evidence(sourcev1.Evidence_EVIDENCE_UNSPECIFIED)
	// Asked: the service that has the image was asked now. Asked beats Recorded.
	Asked = Evidence(sourcev1.Evidence_EVIDENCE_ASKED)
	// Recorded: somebody wrote it down earlier, such as a manifest.
	Recorded = Evidence(sourcev1.Evidence_EVIDENCE_RECORDED)
)

// NewestBy is what ranks the images of a source, and the value of a configuration
// key of that name.
type NewestBy string

// What ranks images. An empty NewestBy is NewestByCreated.
const (
	// NewestByCreated ranks by CreatedAt, then by Version.
	NewestByCreated NewestBy = "created"
	// NewestByVersion ranks by Version, then by CreatedAt.
	NewestByVersion NewestBy = "version"
)

// Reference is the source's own handle of an image: kind packer-run-uuid, arn, url.
type Reference struct{ Kind, Value string }

// Provenance tells where a value came from: From is api, tag, custom_data,
// artifact_id, config or name; Key is the key within it; Raw the value as found,
// when it was normalized.
type Provenance struct{ From, Key, Raw string }

// Of returns p for a value that was found as raw: Raw is set where that is another text.
func (p Provenance) Of(raw, value string) Provenance {
	if p.Raw = raw; raw == value {
		p.Raw = ""
	}
	return p
}

// Presence is what a source knows of an image's existence.
type Presence int

// Presences of an image, with the protocol's numbers.
const (
	// Unknown: the source could not be asked.
	Unknown  = Presence(sourcev1.Presence_PRESENCE_UNSPECIFIED)
	Found    = Presence(sourcev1.Presence_PRESENCE_FOUND)
	NotFound = Presence(sourcev1.Presence_PRESENCE_NOT_FOUND)
	// NotVisible: it may exist, but this account may not see or use it.
	NotVisible = Presence(sourcev1.Presence_PRESENCE_NOT_VISIBLE)
)

// Result is the answer for one Ref.
type Result struct {
	// Ref is one of the request's, which knows its place there.
	Ref      Ref
	Presence Presence
	// Image as it is now, when Presence is Found: the one that Ref names.
	Image *Image
	// Reason, for every Presence but Found; then what else is known of the image.
	Reason string
	// Evidence says whether the service was asked for Presence. With an Image it may
	// be left out: that one's counts. Unknown with Asked is a refusal of the service, or
	// no answer of it: a record of the image does not count then.
	Evidence Evidence
}

// Severity of a Diagnostic.
type Severity int

// Severities of a Diagnostic.
const (
	// Error: the answer is not complete. The host fails the source.
	Error Severity = iota
	Warning
	Notice
)

// Diagnostic is a message for the user. It is also an error, so Discover can
// return it. It must not hold a secret that Secrets was not told.
type Diagnostic struct {
	Severity Severity
	// Summary says what failed: one line, lower case.
	Summary string
	// Detail says why.
	Detail string
	// ConfigPath is the configuration key it is about: "manifest", "regions[1]".
	ConfigPath string
	// NextStep is what to do next.
	NextStep string
	// Scope is the part of the answer it is about, when not all: a region, a file.
	Scope string
}

// Error returns the summary and the detail.
func (d *Diagnostic) Error() string {
	if d == nil {
		return "no error"
	}
	if d.Detail == "" {
		return d.Summary
	}
	return d.Summary + ": " + d.Detail
}
