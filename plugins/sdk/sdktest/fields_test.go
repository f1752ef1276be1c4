package sdktest

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/kubectl-byoos/kubectl-byoos/plugins/sdk"
	sourcev1 "github.com/kubectl-byoos/kubectl-byoos/proto/byoos/source/v1"
	"github.com/kubectl-byoos/kubectl-byoos/test/filled"
)

// one sends one image.
type one struct{ image sdk.Image }

func (one) Describe() sdk.Info { return sdk.Info{Name: "one"} }

func (o one) Discover(_ context.Context, _ sdk.DiscoverRequest[struct{}], out *sdk.Stream) error {
	return out.Images(o.image)
}

// TestEveryFieldOfAnImageComesBack takes an image of the protocol through the author's
// and back.
func TestEveryFieldOfAnImageComesBack(t *testing.T) {
	message := &sourcev1.Image{}
	filled.Message(message)
	message.FullId = "whole/" + message.GetId()
	var got []*sourcev1.Image
	out := &stream[sourcev1.DiscoverResponse]{ctx: t.Context(), received: func(m *sourcev1.DiscoverResponse) {
		got = append(got, m.GetImages()...)
	}}
	newSource := func() sdk.Source[struct{}] { return one{imageFrom(message)} }
	if err := discover(newSource, nil, newRequest(nil), out); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || !proto.Equal(message, got[0]) {
		t.Errorf("%v came back as %v", message, got)
	}
}
