//go:build unix

package source

import (
	"io/fs"

	"github.com/google/renameio/v2"
)

// writeFile writes a file whole or not at all.
func writeFile(path string, b []byte, mode fs.FileMode) error {
	return renameio.WriteFile(path, b, mode)
}
