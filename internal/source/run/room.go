package run

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// roomKey is the key of an answer's room in the context of its call.
type roomKey struct{}

// scales takes the messages that come in from the room of their answer: gRPC knows their
// size, which is costly to find out later.
type scales struct{}

var _ stats.Handler = scales{}

// HandleRPC is called with each message.
func (scales) HandleRPC(ctx context.Context, s stats.RPCStats) {
	in, ok := s.(*stats.InPayload)
	if room, weighed := ctx.Value(roomKey{}).(*atomic.Int64); ok && weighed {
		room.Add(-int64(in.Length))
	}
}

// TagRPC adds nothing.
func (scales) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn adds nothing.
func (scales) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (scales) HandleConn(context.Context, stats.ConnStats) {}
