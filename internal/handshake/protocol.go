package handshake

import "github.com/hashicorp/go-plugin"

const (
	// ProtocolVersion is the number of package byoos.source.v1.
	ProtocolVersion = 1
	// FilePrefix starts the file name of every plugin; its type follows.
	FilePrefix = "byoos-source-"
	// ServiceName is the key of the image source in a go-plugin plugin set.
	ServiceName = "source"
	// EnvHostPID names the variable with the host's process id.
	EnvHostPID = "BYOOS_HOST_PID"
	// MaxMessageSize is the largest gRPC message in either direction, in bytes.
	MaxMessageSize = 64 << 20
)

// Config returns what host and plugin must agree on before they talk. The
// cookie is no secret: it only tells a start by the host from a start by hand.
func Config() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		ProtocolVersion:  ProtocolVersion,
		MagicCookieKey:   "BYOOS_PLUGIN",
		MagicCookieValue: "b2b9d1a6-image-source",
	}
}
