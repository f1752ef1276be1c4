package source

import "context"

// FileDigest returns sha256:hex of the plugin's file, empty when it cannot be
// read. It reads the file when nobody has yet.
func (p *Plugin) FileDigest() string {
	if p.Digest == "" {
		return digestText(context.Background(), p.Path)
	}
	return p.Digest
}
