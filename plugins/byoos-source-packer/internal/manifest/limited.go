package manifest

import (
	"bufio"
	"context"
	"errors"
)

// maxBuild bounds the memory that one JSON value of the file may take. Real
// builds take a few kilobytes.
const maxBuild = 16 << 20

var errTooLarge = errors.New("value too large")

// limitedReader fails when more is read than was allowed, when its context is
// done, or when the file fails, and remembers why.
type limitedReader struct {
	ctx            context.Context
	in             *bufio.Reader
	progress       Progress
	done, reported int64
	left           int64
	// skipped bytes before the JSON: the byte order mark.
	skipped int64
	err     error
}

func (r *limitedReader) allow(n int64) { r.left = n }

func (r *limitedReader) Read(p []byte) (n int, err error) {
	switch {
	case r.err != nil:
	case r.ctx.Err() != nil:
		r.err = r.ctx.Err()
	case r.left <= 0:
		r.err = errTooLarge
	default:
		n, r.err = r.in.Read(p[:min(int64(len(p)), r.left)])
	}
	r.left -= int64(n)
	r.done += int64(n)
	const step = 8 << 20
	if r.done-r.reported >= step {
		r.reported = r.done
		r.progress(r.done)
	}
	return n, r.err
}
