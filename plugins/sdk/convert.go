package sdk

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// errClosed is returned to a goroutine that sends after its method returned.
var errClosed = errors.New("the answer is complete: Discover or Verify returned already")

func imagesTo(images []Image) []*sourcev1.Image {
	// One allocation for the whole batch: a stream of 100,000 images is not rare.
	type message struct {
		image     sourcev1.Image
		os        sourcev1.OperatingSystem
		reference sourcev1.Reference
		created   timestamppb.Timestamp
	}
	messages := make([]message, len(images))
	converted := make([]*sourcev1.Image, len(images))
	for i := range images {
		m, in := &messages[i], &images[i]
		out := &m.image
		out.Id, out.Provider, out.Name = text(in.ID), text(in.Provider), text(in.Name)
		out.Region, out.Architecture = text(in.Region), text(in.Architecture)
		if in.OSName != "" || in.OSVersion != "" {
			m.os.Name, m.os.Version = text(in.OSName), text(in.OSVersion)
			out.Os = &m.os
		}
		out.KubernetesVersion, out.Version = text(in.KubernetesVersion), text(in.Version)
		if !in.CreatedAt.IsZero() {
			m.created.Seconds, m.created.Nanos = in.CreatedAt.Unix(), int32(in.CreatedAt.Nanosecond())
			out.CreatedAt = &m.created
		}
		out.DeprecatedAt, out.EndOfLifeAt = timeTo(in.DeprecatedAt), timeTo(in.EndOfLifeAt)
		out.State, out.StateReason = known[sourcev1.State](int(in.State), sourcev1.State_name), text(in.StateReason)
		if out.GetState() == sourcev1.State_STATE_UNSPECIFIED && in.State != StateUnknown {
			out.StateReason = protocol.Unknown("state", int(in.State), out.GetStateReason())
		}
		out.ExcludedFromLatest = in.ExcludedFromLatest
		out.NewestBy = newestByTo(in.NewestBy)
		out.Withheld, out.FullId, out.SpansRegions = text(in.Withheld), text(in.FullID), in.SpansRegions
		out.Evidence, out.ObservedAt = known[sourcev1.Evidence](int(in.Evidence), sourcev1.Evidence_name), timeTo(in.ObservedAt)
		out.Owner, out.OwnerId, out.Public = text(in.Owner), text(in.OwnerID), in.Public
		out.Digest = text(in.Digest)
		if in.Reference != nil {
			m.reference.Kind, m.reference.Value = text(in.Reference.Kind), text(in.Reference.Value)
			out.Reference = &m.reference
		}
		out.Tags, out.Attributes, out.Provenance = stringsTo(in.Tags), stringsTo(in.Attributes), provenanceTo(in.Provenance)
		converted[i] = out
	}
	return converted
}

// checkNewestBy is here because the message cannot hold a wrong one.
func checkNewestBy(i Image) error {
	switch i.NewestBy {
	case "", NewestByCreated, NewestByVersion:
		return nil
	}
	return fmt.Errorf("%s: NewestBy is %q, and there are %s and %s", i.ID, i.NewestBy, NewestByCreated, NewestByVersion)
}

func resultsTo(results []Result) []*sourcev1.VerifyResult {
	converted := make([]*sourcev1.VerifyResult, len(results))
	for i, r := range results {
		out := &sourcev1.VerifyResult{
			Id: text(r.Ref.ID), Reason: text(r.Reason),
			Presence: cmp.Or(known[sourcev1.Presence](int(r.Presence), sourcev1.Presence_name), sourcev1.Presence_PRESENCE_UNKNOWN),
			Evidence: known[sourcev1.Evidence](int(r.Evidence), sourcev1.Evidence_name),
		}
		if r.Ref.number > 0 {
			out.Index = proto.Uint32(r.Ref.number - 1)
		}
		if out.Presence == sourcev1.Presence_PRESENCE_UNKNOWN && r.Presence != Unknown {
			out.Reason = protocol.Unknown("presence", int(r.Presence), out.GetReason())
		}
		if r.Image != nil {
			out.Image = imagesTo([]Image{*r.Image})[0]
		}
		converted[i] = out
	}
	return converted
}

// stringsTo returns a copy of m, which the author may go on using while the batch waits, as
// it may travel: gRPC refuses text that is not UTF-8.
func stringsTo(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	copied := make(map[string]string, len(m))
	for k, v := range m {
		copied[text(k)] = text(v)
	}
	return copied
}

func provenanceTo(m map[string]Provenance) map[string]*sourcev1.Provenance {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]*sourcev1.Provenance, len(m))
	values := make([]sourcev1.Provenance, len(m)) // one allocation for all
	for k, p := range m {
		v := &values[len(out)]
		v.From, v.Key, v.Raw = text(p.From), text(p.Key), text(p.Raw)
		out[text(k)] = v
	}
	return out
}

// text replaces what is not UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// said is text for people, cut where nobody reads on: it must not fill a message.
func said(s string) string {
	const most = 64 << 10
	if len(s) > most {
		s = s[:most] + " ..."
	}
	return text(s)
}

func timeTo(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func timeFrom(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// known returns an enum's value of the protocol; its zero for one that it does not have.
func known[E ~int32](value int, names map[int32]string) E {
	if _, has := names[int32(value)]; !has || int(int32(value)) != value {
		return 0
	}
	return E(value)
}

func newestByTo(by NewestBy) sourcev1.NewestBy {
	switch by {
	case NewestByCreated:
		return sourcev1.NewestBy_NEWEST_BY_CREATED
	case NewestByVersion:
		return sourcev1.NewestBy_NEWEST_BY_VERSION
	}
	return sourcev1.NewestBy_NEWEST_BY_UNSPECIFIED
}

func diagnosticTo(d Diagnostic) *sourcev1.Diagnostic {
	severity := sourcev1.Severity_SEVERITY_ERROR
	switch d.Severity {
	case Warning:
		severity = sourcev1.Severity_SEVERITY_WARNING
	case Notice:
		severity = sourcev1.Severity_SEVERITY_INFO
	}
	return &sourcev1.Diagnostic{
		Severity: severity, Summary: said(d.Summary), Detail: said(d.Detail),
		ConfigPath: said(d.ConfigPath), NextStep: said(d.NextStep), Scope: said(d.Scope),
	}
}

func refsFrom(refs []*sourcev1.ImageRef) []Ref {
	out := make([]Ref, len(refs))
	for i, r := range refs {
		out[i] = Ref{
			ID: r.GetId(), Provider: r.GetProvider(), Region: r.GetRegion(),
			Architecture: r.GetArchitecture(), Digest: r.GetDigest(), FullID: r.GetFullId(), OwnerID: r.GetOwnerId(), number: r.GetIndex() + 1,
		}
		if ref := r.GetReference(); ref != nil {
			out[i].Reference = &Reference{Kind: ref.GetKind(), Value: ref.GetValue()}
		}
	}
	return out
}

func hintsFrom(h *sourcev1.Hints) Hints {
	return Hints{
		Providers: h.GetProviders(), Regions: h.GetRegions(), Architectures: h.GetArchitectures(),
		KubernetesVersions: h.GetKubernetesVersions(), K8sDistributions: h.GetK8SDistributions(), CustomTags: h.GetCustomTags(),
		NewestOnly: h.GetNewestOnly(),
	}
}
