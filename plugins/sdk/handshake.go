package sdk

import "github.com/hashicorp/go-plugin"

// ProtocolVersion is the handshake number of package byoos.source.v1. It
// changes only on a break.
const ProtocolVersion = 1

// FilePrefix starts the file name of every plugin; its type follows.
const FilePrefix = "byoos-source-"

// ServiceName is the key of the image source in a go-plugin plugin set.
const ServiceName = "source"

// EnvHostPID names the variable in which the host hands over its process id, so
// that a plugin can tell when it is gone.
const EnvHostPID = "BYOOS_HOST_PID"

// MaxMessageSize is the largest gRPC message in either direction, in bytes.
const MaxMessageSize = 64 << 20

// Handshake returns what host and plugin must agree on before they talk. The
// cookie is no secret: it only tells a start by the host from a start by hand.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		ProtocolVersion:  ProtocolVersion,
		MagicCookieKey:   "BYOOS_PLUGIN",
		MagicCookieValue: "b2b9d1a6-image-source",
	}
}

// writeBuffer holds a batch, so that it leaves in few system calls.
const writeBuffer = 128 << 10
