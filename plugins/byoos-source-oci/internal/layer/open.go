package layer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxRatio is the compression above which a layer is taken for a bomb. System
// images reach 3 to 10; gzip cannot exceed about 1030.
const (
	maxRatio = 200
	// ratioFloor is what any layer may unpack to: small ones of zeros are harmless.
	ratioFloor = 64 << 20
	// maxWindow bounds the memory of the zstd decoder.
	maxWindow = 32 << 20
)

// ErrBomb is a layer that unpacks to a multiple of its size no real one reaches.
var ErrBomb = errors.New("layer unpacks to more than 200 times its size")

// ErrLimit is a Budget that is used up.
var ErrLimit = errors.New("limit on unpacked bytes is reached")

// Budget is how many unpacked bytes may still be read. Layers of one image share it.
type Budget struct{ Left int64 }

// Open returns the unpacked content of a layer, whose compression is told from
// its first bytes: gzip, zstd or none. Reading fails with ErrLimit or ErrBomb.
func Open(r io.Reader, budget *Budget) (io.ReadCloser, error) {
	packed := &counter{Reader: r}
	buffered := bufio.NewReaderSize(packed, 64<<10)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read layer: %w", err)
	}
	unpacked, err := decoder(buffered, magic)
	if err != nil {
		return nil, fmt.Errorf("unpack layer: %w", err)
	}
	return &bounded{unpacked: unpacked, packed: packed, budget: budget}, nil
}

func decoder(r io.Reader, magic []byte) (io.ReadCloser, error) {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(r)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		return d.IOReadCloser(), err
	}
	return io.NopCloser(r), nil
}

type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

type bounded struct {
	unpacked io.ReadCloser
	packed   *counter
	budget   *Budget
	n        int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.unpacked.Read(p)
	b.n += int64(n)
	b.budget.Left -= int64(n)
	switch {
	case b.budget.Left < 0:
		return 0, ErrLimit
	case b.n > ratioFloor && b.n/maxRatio > b.packed.n:
		return 0, ErrBomb
	}
	return n, err
}

func (b *bounded) Close() error { return b.unpacked.Close() }
