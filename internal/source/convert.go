package source

import (
	"encoding/json"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// imageFrom converts an image that protocol.CheckImage finds good.
func imageFrom(out *image.Image, m *sourcev1.Image, source string) {
	out.ID, out.Provider, out.Name = m.GetId(), m.GetProvider(), m.GetName()
	out.Region, out.Architecture = m.GetRegion(), m.GetArchitecture()
	out.OS = image.OS{Name: m.GetOs().GetName(), Version: m.GetOs().GetVersion()}
	out.KubernetesVersion, out.Version = m.GetKubernetesVersion(), m.GetVersion()
	out.CreatedAt, out.DeprecatedAt, out.EndOfLifeAt = timeFrom(m.GetCreatedAt()), timeFrom(m.GetDeprecatedAt()), timeFrom(m.GetEndOfLifeAt())
	out.State, out.StateReason = stateFrom(m.GetState()), m.GetStateReason()
	if reason := protocol.UnknownState(m.GetState(), m.GetStateReason()); reason != "" {
		out.StateReason = reason
	}
	out.ExcludedFromLatest = m.GetExcludedFromLatest()
	out.Owner, out.OwnerID, out.Public = m.GetOwner(), m.GetOwnerId(), m.GetPublic()
	out.Tags, out.Attributes = m.GetTags(), m.GetAttributes()
	out.Digest = m.GetDigest()
	out.NewestBy = newestByFrom(m.GetNewestBy())
	out.Source = source
	out.Withheld, out.FullID, out.SpansRegions = m.GetWithheld(), m.GetFullId(), m.GetSpansRegions()
	out.Evidence, out.ObservedAt = evidenceFrom(m.GetEvidence()), timeFrom(m.GetObservedAt())
	if ref := m.GetReference(); ref != nil {
		out.Reference = &image.Reference{Kind: ref.GetKind(), Value: ref.GetValue()}
	}
	if len(m.GetProvenance()) > 0 {
		out.Provenance = make(map[string]image.Provenance, len(m.GetProvenance()))
		for field, p := range m.GetProvenance() {
			out.Provenance[field] = image.Provenance{From: p.GetFrom(), Key: p.GetKey(), Raw: p.GetRaw()}
		}
	}
}

// timeFrom returns nil for an absent time.
func timeFrom(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.AsTime()
	return &utc
}

// stateFrom takes a state of a later protocol for one that is not known.
func stateFrom(s sourcev1.State) image.State {
	switch s {
	case sourcev1.State_STATE_AVAILABLE:
		return image.Available
	case sourcev1.State_STATE_PENDING:
		return image.Pending
	case sourcev1.State_STATE_FAILED:
		return image.Failed
	case sourcev1.State_STATE_DISABLED:
		return image.Disabled
	case sourcev1.State_STATE_GONE:
		return image.Gone
	case sourcev1.State_STATE_UNUSABLE:
		return image.Unusable
	}
	return image.StateUnset
}

func newestByFrom(by sourcev1.NewestBy) image.NewestBy {
	if by == sourcev1.NewestBy_NEWEST_BY_VERSION {
		return image.NewestByVersion
	}
	return image.NewestByCreated
}

func evidenceFrom(e sourcev1.Evidence) image.Evidence {
	switch e {
	case sourcev1.Evidence_EVIDENCE_ASKED:
		return image.Asked
	case sourcev1.Evidence_EVIDENCE_RECORDED:
		return image.Recorded
	}
	return ""
}

func presenceFrom(p sourcev1.Presence) Presence {
	switch p {
	case sourcev1.Presence_PRESENCE_FOUND:
		return Found
	case sourcev1.Presence_PRESENCE_NOT_FOUND:
		return NotFound
	case sourcev1.Presence_PRESENCE_NOT_VISIBLE:
		return NotVisible
	}
	return Unknown
}

// severityFrom takes an unknown severity for an error, so that nothing is lost.
func severityFrom(s sourcev1.Severity) Severity {
	switch s {
	case sourcev1.Severity_SEVERITY_WARNING:
		return SeverityWarning
	case sourcev1.Severity_SEVERITY_INFO:
		return SeverityInfo
	}
	return SeverityError
}

func refsTo(refs []image.Ref) []*sourcev1.ImageRef {
	out := make([]*sourcev1.ImageRef, len(refs))
	for i, r := range refs {
		out[i] = &sourcev1.ImageRef{
			Index: uint32(i), Id: r.ID, Provider: r.Provider, Region: r.Region, Architecture: r.Architecture, Digest: r.Digest, FullId: r.FullID, OwnerId: r.OwnerID,
		}
		if r.Reference != nil {
			out[i].Reference = &sourcev1.Reference{Kind: r.Reference.Kind, Value: r.Reference.Value}
		}
	}
	return out
}

// plainMap turns YAML's and Go's many kinds of numbers, lists and maps into those
// that structpb knows.
func plainMap(m map[string]any) (map[string]any, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	err = json.Unmarshal(b, &plain)
	return plain, err
}
