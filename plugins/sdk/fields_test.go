package sdk

import (
	"context"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/google/go-cmp/cmp"

	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
	"github.com/kubectl-byoos/kubectl-byoos/test/filled"
)

// received is the host's end of a call.
type received[M any] struct {
	grpc.ServerStream
	ctx context.Context
	all []*M
}

func (r *received[M]) Send(m *M) error          { r.all = append(r.all, m); return nil }
func (r *received[M]) Context() context.Context { return r.ctx }

// echo keeps what it is asked, and answers with an image.
type echo struct {
	image    Image
	discover *DiscoverRequest[testConfig]
	verify   *VerifyRequest[testConfig]
}

func (*echo) Describe() Info { return Info{Name: "echo"} }

func (e *echo) Discover(_ context.Context, req DiscoverRequest[testConfig], out *Stream) error {
	*e.discover = req
	return out.Images(e.image)
}

func (e *echo) Verify(_ context.Context, req VerifyRequest[testConfig], out *Results) error {
	*e.verify = req
	if err := out.Progress(1, 1, "asked"); err != nil {
		return err
	}
	return out.Results(Result{Ref: req.Refs[0], Presence: Found, Image: &e.image, Reason: "it is there", Evidence: Asked})
}

// TestEveryFieldOfAnImageIsSent fills all fields of the SDK's image: the message of the
// protocol has no field that stays empty then.
func TestEveryFieldOfAnImageIsSent(t *testing.T) {
	var sent Image
	filled.Struct(&sent)
	sent.FullID, sent.NewestBy, sent.State, sent.Evidence = "whole/"+sent.ID, NewestByVersion, Unusable, Recorded
	messages := imagesTo([]Image{sent})
	if empty := filled.Empty(messages[0]); len(empty) > 0 {
		t.Errorf("these fields of the protocol are not sent: %q", empty)
	}
	for field, change := range filled.Changes(&sent, "Contradictions") { // they become warnings
		changed := imagesTo([]Image{*change.(*Image)})
		if proto.Equal(messages[0], changed[0]) {
			t.Errorf("Image.%s is not sent", field)
		}
	}
}

// TestEveryFieldOfARequestArrives fills requests of the protocol, and looks for fields
// of the author's that stay empty.
func TestEveryFieldOfARequestArrives(t *testing.T) {
	e := &echo{image: Image{ID: "ami-1", Provider: "aws"}, discover: &DiscoverRequest[testConfig]{}, verify: &VerifyRequest[testConfig]{}}
	service := Service(func() Source[testConfig] { copied := *e; return &copied }, io.Discard)
	config, err := structpb.NewStruct(map[string]any{"manifest": "m", "regions": []any{"a"}, "nested": map[string]any{"count": 3}})
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))

	asked := &sourcev1.DiscoverRequest{}
	filled.Message(asked)
	asked.Config, asked.UserSettings, asked.Now = config, config, now
	asked.HostCapabilities = []sourcev1.Capability{sourcev1.Capability_CAPABILITY_READ}
	found := &received[sourcev1.DiscoverResponse]{ctx: t.Context()}
	if err := service.Discover(asked, found); err != nil {
		t.Fatal(err)
	}
	if empty := filled.EmptyFields(*e.discover); len(empty) > 0 {
		t.Errorf("these fields of a DiscoverRequest stay empty: %q", empty)
	}
	if len(found.all) != 1 || len(found.all[0].GetImages()) != 1 || found.all[0].GetImages()[0].GetId() != "ami-1" {
		t.Errorf("answered %v", found.all)
	}

	ref := &sourcev1.ImageRef{}
	filled.Message(ref)
	ref.Index = 0
	verified := &received[sourcev1.VerifyResponse]{ctx: t.Context()}
	err = service.Verify(&sourcev1.VerifyRequest{
		Source: "s", Config: config, BaseDir: "/specs", UserSettings: config, Now: now, Refs: []*sourcev1.ImageRef{ref}, Regions: []string{"a"},
	}, verified)
	if err != nil {
		t.Fatal(err)
	}
	if empty := filled.EmptyFields(*e.verify); len(empty) > 0 {
		t.Errorf("these fields of a VerifyRequest stay empty: %q", empty)
	}
	if empty := filled.EmptyFields(e.verify.Refs[0]); len(empty) > 0 {
		t.Errorf("these fields of a Ref stay empty: %q", empty)
	}
	want := &sourcev1.VerifyResult{
		Index: proto.Uint32(0), Id: ref.GetId(), Presence: sourcev1.Presence_PRESENCE_FOUND, Reason: "it is there",
		Evidence: sourcev1.Evidence_EVIDENCE_ASKED, Image: &sourcev1.Image{Id: "ami-1", Provider: "aws"},
	}
	if len(verified.all) != 2 || !proto.Equal(verified.all[1].GetResults()[0], want) {
		t.Errorf("answered %v, want %v", verified.all, want)
	}
	if diff := cmp.Diff([]string{"asked"}, []string{verified.all[0].GetProgress().GetMessage()}); diff != "" {
		t.Error(diff)
	}
}
