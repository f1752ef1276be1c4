package sdk

import (
	"github.com/hashicorp/go-plugin"

	"github.com/kubectl-byoos/kubectl-byoos/internal/handshake"
)

const (
	// ProtocolVersion is the handshake number of package byoos.source.v1. It
	// changes only on a break.
	ProtocolVersion = handshake.ProtocolVersion
	// FilePrefix starts the file name of every plugin; its type follows.
	FilePrefix = handshake.FilePrefix
	// ServiceName is the key of the image source in a go-plugin plugin set.
	ServiceName = handshake.ServiceName
	// EnvHostPID names the variable in which the host hands over its process id, so
	// that a plugin can tell when it is gone.
	EnvHostPID = handshake.EnvHostPID
	// MaxMessageSize is the largest gRPC message in either direction, in bytes.
	MaxMessageSize = handshake.MaxMessageSize
)

// Handshake returns what host and plugin must agree on before they talk.
func Handshake() plugin.HandshakeConfig { return handshake.Config() }

// writeBuffer holds a batch, so that it leaves in few system calls.
const writeBuffer = 128 << 10
