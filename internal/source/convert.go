package source

import (
	"cmp"
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

// in returns the value of a table by the number of an enum; the zero value for one of a
// later protocol.
func in[E ~int32, T any](table []T, e E) (value T) {
	if e >= 0 && int(e) < len(table) {
		value = table[e]
	}
	return value
}

// stateFrom takes a state of a later protocol for one that is not known.
func stateFrom(s sourcev1.State) image.State {
	return in([]image.State{
		sourcev1.State_STATE_AVAILABLE: image.Available,
		sourcev1.State_STATE_PENDING:   image.Pending,
		sourcev1.State_STATE_FAILED:    image.Failed,
		sourcev1.State_STATE_DISABLED:  image.Disabled,
		sourcev1.State_STATE_GONE:      image.Gone,
		sourcev1.State_STATE_UNUSABLE:  image.Unusable,
	}, s)
}

func newestByFrom(by sourcev1.NewestBy) image.NewestBy {
	return in([]image.NewestBy{sourcev1.NewestBy_NEWEST_BY_VERSION: image.NewestByVersion}, by)
}

func evidenceFrom(e sourcev1.Evidence) image.Evidence {
	return in([]image.Evidence{sourcev1.Evidence_EVIDENCE_ASKED: image.Asked, sourcev1.Evidence_EVIDENCE_RECORDED: image.Recorded}, e)
}

func presenceFrom(p sourcev1.Presence) Presence {
	return cmp.Or(in([]Presence{
		sourcev1.Presence_PRESENCE_FOUND:       Found,
		sourcev1.Presence_PRESENCE_NOT_FOUND:   NotFound,
		sourcev1.Presence_PRESENCE_NOT_VISIBLE: NotVisible,
	}, p), Unknown)
}

// severityFrom takes an unknown severity for an error, so that nothing is lost.
func severityFrom(s sourcev1.Severity) Severity {
	return cmp.Or(in([]Severity{
		sourcev1.Severity_SEVERITY_WARNING: SeverityWarning,
		sourcev1.Severity_SEVERITY_INFO:    SeverityInfo,
	}, s), SeverityError)
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
