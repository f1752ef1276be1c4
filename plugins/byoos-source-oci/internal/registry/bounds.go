package registry

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of answers but blobs, in bytes. Registries cap a manifest at 4 MiB
// (distribution-spec, "Pushing Manifests"); a list of a million tags has about 64.
const (
	maxBody     = 64 << 20
	maxManifest = 4 << 20
)

// limitOf returns how long an answer may be; 0 when that is checked elsewhere.
func limitOf(path string) int64 {
	switch {
	case strings.Contains(path, "/blobs/"):
		return 0
	case strings.Contains(path, "/manifests/"):
		return maxManifest
	}
	return maxBody
}

// body fails rather than end early when it is longer than its limit: half a list
// would look like a whole one. It marks what breaks on the way.
type body struct {
	io.ReadCloser
	limit, read int64
}

// TooLargeError is an answer that is larger than any real one.
type TooLargeError struct{ Limit int64 }

// Error tells the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("answer is larger than %d MiB", e.Limit>>20)
}

// transferError is an answer that did not arrive whole.
type transferError struct{ error }

// Unwrap returns the cause.
func (e *transferError) Unwrap() error { return e.error }

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.read += int64(n); b.limit > 0 && b.read > b.limit {
		_ = b.Close() // the library does not, and the server would go on
		return 0, &TooLargeError{b.limit}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = &transferError{err}
	}
	return n, err
}
