package sdktest

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

func imageFrom(m *sourcev1.Image) sdk.Image {
	i := sdk.Image{
		ID: m.GetId(), Provider: m.GetProvider(), Name: m.GetName(), Region: m.GetRegion(), Architecture: m.GetArchitecture(),
		OSName: m.GetOs().GetName(), OSVersion: m.GetOs().GetVersion(), KubernetesVersion: m.GetKubernetesVersion(),
		CreatedAt: timeFrom(m.GetCreatedAt()), DeprecatedAt: timeFrom(m.GetDeprecatedAt()), EndOfLifeAt: timeFrom(m.GetEndOfLifeAt()),
		Version: m.GetVersion(), State: sdk.State(m.GetState()), StateReason: m.GetStateReason(),
		ExcludedFromLatest: m.GetExcludedFromLatest(), Owner: m.GetOwner(), OwnerID: m.GetOwnerId(), Public: m.GetPublic(),
		Tags: m.GetTags(), Digest: m.GetDigest(), Attributes: m.GetAttributes(),
		NewestBy: newestByFrom(m.GetNewestBy()),
		Withheld: m.GetWithheld(), Evidence: sdk.Evidence(m.GetEvidence()), ObservedAt: timeFrom(m.GetObservedAt()),
		FullID: m.GetFullId(), SpansRegions: m.GetSpansRegions(),
	}
	if r := m.GetReference(); r != nil {
		i.Reference = &sdk.Reference{Kind: r.GetKind(), Value: r.GetValue()}
	}
	for field, p := range m.GetProvenance() {
		if i.Provenance == nil {
			i.Provenance = map[string]sdk.Provenance{}
		}
		i.Provenance[field] = sdk.Provenance{From: p.GetFrom(), Key: p.GetKey(), Raw: p.GetRaw()}
	}
	return i
}

func timeFrom(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func newestByFrom(by sourcev1.NewestBy) sdk.NewestBy {
	switch by {
	case sourcev1.NewestBy_NEWEST_BY_CREATED:
		return sdk.NewestByCreated
	case sourcev1.NewestBy_NEWEST_BY_VERSION:
		return sdk.NewestByVersion
	}
	return ""
}

func diagnosticsFrom(messages []*sourcev1.Diagnostic) []sdk.Diagnostic {
	var out []sdk.Diagnostic
	for _, m := range messages {
		d := sdk.Diagnostic{
			Summary: m.GetSummary(), Detail: m.GetDetail(), ConfigPath: m.GetConfigPath(),
			NextStep: m.GetNextStep(), Scope: m.GetScope(),
		}
		switch m.GetSeverity() {
		case sourcev1.Severity_SEVERITY_WARNING:
			d.Severity = sdk.Warning
		case sourcev1.Severity_SEVERITY_INFO:
			d.Severity = sdk.Notice
		}
		out = append(out, d)
	}
	return out
}

func resultFrom(m *sourcev1.VerifyResult, ref sdk.Ref) sdk.Result {
	r := sdk.Result{Ref: ref, Reason: m.GetReason(), Evidence: sdk.Evidence(m.GetEvidence())}
	if p := m.GetPresence(); p != sourcev1.Presence_PRESENCE_UNKNOWN {
		r.Presence = sdk.Presence(p)
	}
	if m.GetImage() != nil {
		i := imageFrom(m.GetImage())
		r.Image = &i
	}
	return r
}

func refsTo(refs []sdk.Ref) []*sourcev1.ImageRef {
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
