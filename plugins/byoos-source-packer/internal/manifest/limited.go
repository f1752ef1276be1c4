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

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.err == nil {
		r.err = r.ctx.Err()
	}
	if r.err == nil && r.left <= 0 {
		r.err = errTooLarge
	}
	if r.err != nil {
		return 0, r.err
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.in.Read(p)
	r.err = err
	r.left -= int64(n)
	r.done += int64(n)
	const step = 8 << 20
	if r.progress != nil && r.done-r.reported >= step {
		r.reported = r.done
		r.progress(r.done)
	}
	return n, err
}
