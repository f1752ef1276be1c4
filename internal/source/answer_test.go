package source

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-byoos/kubectl-byoos/internal/source/run"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kubectl-byoos/kubectl-byoos/internal/failure"
	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/protocol"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
)

// The answers of a plugin that was not made with the SDK.

func testAnswer() *answer {
	return &answer{source: "golden", typ: "stub", tell: func(Event) {}, words: run.NewTail(slog.New(slog.DiscardHandler), nil)}
}

func TestImagesThatCannotBeReadAreErrors(t *testing.T) {
	const milliseconds = 1_790_000_000_000
	good := func() *sourcev1.Image {
		return &sourcev1.Image{Id: "ami-1", Provider: "aws", Region: "us-east-1", State: sourcev1.State_STATE_AVAILABLE}
	}
	tests := map[string]struct {
		change func(*sourcev1.Image)
		want   string
	}{
		"created_at":     {func(i *sourcev1.Image) { i.CreatedAt = &timestamppb.Timestamp{Seconds: milliseconds} }, "ami-1 in us-east-1: created_at"},
		"deprecated_at":  {func(i *sourcev1.Image) { i.DeprecatedAt = &timestamppb.Timestamp{Seconds: milliseconds} }, "ami-1 in us-east-1: deprecated_at is no time of the years 1 to 9999"},
		"end_of_life_at": {func(i *sourcev1.Image) { i.EndOfLifeAt = &timestamppb.Timestamp{Nanos: -1} }, "ami-1 in us-east-1: end_of_life_at"},
		"observed_at":    {func(i *sourcev1.Image) { i.ObservedAt = &timestamppb.Timestamp{Nanos: 1e9} }, "ami-1 in us-east-1: observed_at"},
		"newest_by":      {func(i *sourcev1.Image) { i.NewestBy = 9 }, "ami-1 in us-east-1: newest_by is 9"},
		"id":             {func(i *sourcev1.Image) { i.Id = "ami-1\nami-2" }, `"ami-1\nami-2" in us-east-1: id`},
		"not UTF-8":      {func(i *sourcev1.Image) { i.Id = "ami-\uFFFD" }, "\"ami-\uFFFD\" in us-east-1: id"},
		"full_id":        {func(i *sourcev1.Image) { i.FullId = "\x00" }, "ami-1 in us-east-1: full_id"},
		"of another":     {func(i *sourcev1.Image) { i.FullId = "account/ami-2" }, `ami-1 in us-east-1: full_id "account/ami-2" is of another image: it does not end with the id`},
		"of a family":    {func(i *sourcev1.Image) { i.State, i.FullId = sourcev1.State_STATE_UNUSABLE, "family" }, `full_id "family" is of another image`},
		"region":         {func(i *sourcev1.Image) { i.Region = "us\x1b[2J" }, `ami-1 in "us\x1b[2J": region`},
		"digest":         {func(i *sourcev1.Image) { i.Digest = "sha256:\r" }, "ami-1 in us-east-1: digest"},
		"no id":          {func(i *sourcev1.Image) { i.Id, i.Name = "", "golden" }, "it has no id (name golden)"},
		"no provider":    {func(i *sourcev1.Image) { i.Provider = "" }, "ami-1 in us-east-1 has no provider"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bad := good()
			tt.change(bad)
			a := testAnswer()
			images := a.images(nil, []*sourcev1.Image{good(), bad, good()})
			if len(images) != 2 {
				t.Errorf("%d images, want the two that can be read", len(images))
			}
			if err := a.failure(); err == nil || !strings.Contains(message(err), tt.want) {
				t.Errorf("failure %q, want %q in it", message(err), tt.want)
			}
		})
	}
	a := testAnswer()
	bad := &sourcev1.Image{Id: "ami-2", Provider: "aws", DeprecatedAt: &timestamppb.Timestamp{Seconds: milliseconds}}
	a.images(nil, []*sourcev1.Image{bad, bad, bad})
	if got := message(a.failure()); !strings.Contains(got, "; and 2 more") {
		t.Errorf("three bad images: %s", got)
	}
}

// TestUnknownStateIsNotKnown has a plugin of a later protocol: its state is neither
// good nor bad here, and that is told.
func TestUnknownStateIsNotKnown(t *testing.T) {
	a := testAnswer()
	images := a.images(nil, []*sourcev1.Image{
		{Id: "ami-1", Provider: "aws", State: 17, StateReason: "under review"}, {Id: "ami-2", Provider: "aws", State: 17},
	})
	if len(images) != 2 || images[0].State != image.StateUnset ||
		images[0].StateReason != "the source sent state 17, which this version does not know: under review" {
		t.Errorf("%+v", images)
	}
	if len(a.diagnostics) != 1 || a.diagnostics[0].Severity != SeverityWarning || !strings.Contains(a.diagnostics[0].Text(), "ami-1") {
		t.Errorf("diagnostics %+v", a.diagnostics)
	}
}

// found is an answer to the reference of an index.
func found(index uint32, id, provider, image, full string) *sourcev1.VerifyResult {
	return &sourcev1.VerifyResult{
		Index: proto.Uint32(index), Id: id, Presence: sourcev1.Presence_PRESENCE_FOUND, Evidence: sourcev1.Evidence_EVIDENCE_ASKED,
		Image: &sourcev1.Image{Id: image, FullId: full, Provider: provider, State: sourcev1.State_STATE_AVAILABLE},
	}
}

func TestAnswersNameTheirQuestion(t *testing.T) {
	const full = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"
	refs := []image.Ref{
		{ID: "ami-1", Provider: "aws"},
		{ID: "galleries/g/images/d/versions/1.0.0", FullID: full, Provider: "azure"},
		{ID: "galleries/g/images/d/versions/1.0.0", Provider: "azure"},
		{ID: "quay.io/edge/os:v1@sha256:00", Provider: "oci"},
		{ID: "/dc/vm/golden@1", Provider: "vsphere"},
	}
	tests := map[string]struct {
		results []*sourcev1.VerifyResult
		refused string // empty when the first answer counts
		about   int    // the reference that the answer is for
	}{
		"right":               {[]*sourcev1.VerifyResult{found(0, "ami-1", "aws", "ami-1", "")}, "", 0},
		"without an id":       {[]*sourcev1.VerifyResult{found(0, "", "aws", "ami-1", "")}, "", 0},
		"another letter case": {[]*sourcev1.VerifyResult{found(1, "", "Azure", "Galleries/G/images/d/versions/1.0.0", strings.ToUpper(full))}, "", 1},
		"in full":             {[]*sourcev1.VerifyResult{found(1, "", "azure", full, "")}, "", 1},
		"as Azure's examples": {[]*sourcev1.VerifyResult{found(1, "", "azure", strings.NewReplacer("/versions/", "/imageVersions/", "/galleries/", "/locations/westus/galleries/").Replace(full), "")}, "", 1},
		"in full, not asked":  {[]*sourcev1.VerifyResult{found(2, "", "azure", full, "")}, "", 2},
		"by tag":              {[]*sourcev1.VerifyResult{found(3, "", "oci", "quay.io/edge/os:v1", "")}, "", 3},
		"another after an @":  {[]*sourcev1.VerifyResult{found(4, "", "vsphere", "/dc/vm/golden@2", "")}, "is about /dc/vm/golden@2", 4},
		"another id":          {[]*sourcev1.VerifyResult{found(0, "ami-2", "aws", "ami-1", "")}, `says that it is for "ami-2"`, 0},
		"another image":       {[]*sourcev1.VerifyResult{found(0, "ami-1", "aws", "ami-2", "")}, "is about ami-2", 0},
		"AMIs do not fold":    {[]*sourcev1.VerifyResult{found(0, "ami-1", "aws", "AMI-1", "")}, "is about AMI-1", 0},
		"another full id":     {[]*sourcev1.VerifyResult{found(1, "", "azure", refs[1].ID, strings.Replace(full, "/S/", "/T/", 1))}, "is about /subscriptions/T/", 1},
		"another provider":    {[]*sourcev1.VerifyResult{found(0, "", "azure", "ami-1", "")}, "is about an image of azure", 0},
		"a bad time": {[]*sourcev1.VerifyResult{{Index: proto.Uint32(0), Presence: sourcev1.Presence_PRESENCE_FOUND, Image: &sourcev1.Image{
			Id: "ami-1", Provider: "aws", DeprecatedAt: &timestamppb.Timestamp{Seconds: 1 << 50}}}}, "deprecated_at", 0},
		"twice": {[]*sourcev1.VerifyResult{found(0, "ami-1", "aws", "ami-1", ""), {Index: proto.Uint32(0), Presence: sourcev1.Presence_PRESENCE_NOT_FOUND}},
			"a second answer for ami-1", 0},
		"no index": {[]*sourcev1.VerifyResult{{Presence: sourcev1.Presence_PRESENCE_FOUND}}, "does not say for which reference", 0},
		"beyond":   {[]*sourcev1.VerifyResult{found(5, "", "aws", "ami-1", "")}, "an answer for reference 5 of 5", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := testAnswer()
			a.questions = protocol.NewQuestions(refsTo(refs))
			verified := make([]Verified, len(refs))
			for i, ref := range refs {
				verified[i] = Verified{Ref: ref, Presence: Unknown}
			}
			a.verified(verified, tt.results)
			got, said := verified[tt.about], ""
			if err := a.failure(); err != nil {
				said = message(err)
			}
			if tt.refused == "" {
				if got.Presence != Found || got.Image == nil || got.Evidence != image.Asked || said != "" {
					t.Errorf("%+v, %s", got, said)
				}
				return
			}
			if got.Presence != Unknown || got.Image != nil || got.Evidence != "" || !strings.Contains(said, tt.refused) {
				t.Errorf("%+v, failure %q; want unknown without evidence, and %q", got, said, tt.refused)
			}
		})
	}
}

func TestUnknownPresenceIsNotKnown(t *testing.T) {
	a := testAnswer()
	a.questions = protocol.NewQuestions(refsTo([]image.Ref{{ID: "ami-1"}}))
	verified := make([]Verified, 1)
	a.verified(verified, []*sourcev1.VerifyResult{{Index: proto.Uint32(0), Presence: 9, Reason: "moved"}})
	if verified[0].Presence != Unknown || verified[0].Reason != "the source sent presence 9, which this version does not know: moved" {
		t.Errorf("%+v", verified[0])
	}
}

func TestNumbersThatWouldChange(t *testing.T) {
	h := &Host{options: Options{Now: time.Now, UserSettings: map[string]map[string]any{"stub": {"pages": []any{map[string]any{"size": uint64(1) << 60}}}}}}
	_, err := h.discoverRequest(Request{Plugin: &Plugin{Type: "stub"}})
	const want = "plugins.stub of your own configuration file: pages[0].size: 1152921504606846976 is too large a whole number"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
	if _, err := h.discoverRequest(Request{Plugin: &Plugin{Type: "other"}, Config: map[string]any{"size": int64(1) << 53, "share": 1e300}}); err != nil {
		t.Error(err)
	}
}

func TestProgressOfAnOddPlugin(t *testing.T) {
	var told Event
	a := testAnswer()
	a.tell = func(e Event) { told = e }
	a.meanwhile(&sourcev1.Progress{Message: "reading", Done: -3, Total: -1}, nil)
	if told.Done != 0 || told.Total != 0 {
		t.Errorf("%+v", told)
	}
}

// TestErrorWithoutWords of a plugin that does not use the SDK.
func TestErrorWithoutWords(t *testing.T) {
	a := testAnswer()
	a.meanwhile(nil, []*sourcev1.Diagnostic{{Summary: " ", Scope: "us-east-1"}})
	if got := message(a.failure()); !strings.HasPrefix(got, "error: source golden (stub): us-east-1: the plugin did not say what happened\n") {
		t.Error(got)
	}
}

// TestNextStepsOfSeveralErrors: one for all is told once at the end, and where they differ
// each stands with its error.
func TestNextStepsOfSeveralErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		next    [3]string
		details []string
		last    string
	}{
		"one for all":           {[3]string{"wait", "wait", "wait"}, []string{"a", "b", "c"}, "wait"},
		"none":                  {[3]string{}, []string{"a", "b", "c"}, ""},
		"the second of another": {[3]string{"wait", "log in", "wait"}, []string{"a; next: wait", "b; next: log in", "c; next: wait"}, ""},
		"the last has none":     {[3]string{"wait", "wait", ""}, []string{"a; next: wait", "b; next: wait", "c"}, ""},
		"the last alone":        {[3]string{"", "", "wait"}, []string{"a", "b", "c; next: wait"}, ""},
	} {
		a := testAnswer()
		for i, summary := range []string{"a", "b", "c"} {
			a.meanwhile(nil, []*sourcev1.Diagnostic{{Summary: summary, NextStep: tt.next[i]}})
		}
		var got *failure.Error
		if !errors.As(a.failure(), &got) || got.Summary != "source golden (stub): 3 errors" || !slices.Equal(got.Details, tt.details) || got.Next != tt.last {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
